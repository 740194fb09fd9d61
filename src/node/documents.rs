//! N-API face of documents: configuration files.

use napi_derive::napi;
use serde_json::json;

use crate::error::Code;
use crate::tool::yaml;

/// Reads a YAML document. Gives JSON text: `{value, lines}` with the line of each key path, or
/// `{error: {code, message, details}}`.
#[napi(catch_unwind)]
pub fn parse_yaml(text: String) -> String {
    match yaml::parse(&text) {
        Ok(document) => json_text(&document),
        Err(refusal) => {
            let details = json!({ "line": refusal.line, "column": refusal.column });
            let message = refusal.to_string();
            let code = Code::InvalidArgument;
            json!({ "error": { "code": code, "message": message, "details": details } }).to_string()
        }
    }
}

/// Written as text at once: a JSON value in between would sort the keys.
fn json_text(document: &yaml::Document) -> String {
    let value = serde_json::to_string(&document.value).unwrap_or_default();
    let lines = serde_json::to_string(&document.lines).unwrap_or_default();
    format!(r#"{{"value":{value},"lines":{lines}}}"#)
}
