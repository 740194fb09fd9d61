//! Bytes in messages, which are text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Texts stand for themselves, other bytes for `{"bytes": base64}`.
pub(crate) fn bytes_of(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.clone().into_bytes(),
        other => other["bytes"].as_str().map(decoded).unwrap_or_default(),
    }
}

/// Bytes as a message has them.
pub(crate) fn from_bytes(bytes: &[u8]) -> Value {
    json!({ "bytes": STANDARD.encode(bytes) })
}

/// What the host wrote in base64; it is the host's own mistake if it is none.
pub(crate) fn decoded(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap_or_default()
}
