//! A value of a document: what JSON can hold, with the keys in the order they were written.

use std::borrow::Cow;

use saphyr::Scalar;
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

/// The largest integer that JavaScript keeps exactly.
const MAX_SAFE: i64 = (1 << 53) - 1;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// A text, quoted or not.
    Text(String),
    /// Nodes in order.
    List(Vec<Node>),
    /// Entries with distinct keys. Not a map, so that `config` and schemas reach tools as written.
    Entries(Vec<(String, Node)>),
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Node::Null => serializer.serialize_unit(),
            Node::Bool(value) => serializer.serialize_bool(*value),
            Node::Integer(value) => serializer.serialize_i64(*value),
            Node::Number(value) => serializer.serialize_f64(*value),
            Node::Text(value) => serializer.serialize_str(value),
            Node::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Node::Entries(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

/// The value of a plain (unquoted) scalar by the core schema of YAML 1.2, or why there is none.
///
/// What YAML 1.1 and 1.2 read differently, or JavaScript would round, is refused: the author has to
/// write quotes, and then means the text.
pub(super) fn plain(text: Cow<'_, str>) -> Result<Node, &'static str> {
    if text.is_empty() {
        return Ok(Node::Null);
    }
    if has_leading_zero(&text) {
        return Err("a number with leading zeros is octal to some readers: write it in quotes");
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(&text);
    let only_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    match Scalar::parse_from_cow(text) {
        Scalar::Null => Ok(Node::Null),
        Scalar::Boolean(value) => Ok(Node::Bool(value)),
        Scalar::Integer(value) if (-MAX_SAFE..=MAX_SAFE).contains(&value) => {
            Ok(Node::Integer(value))
        }
        Scalar::Integer(_) => Err(TOO_LARGE),
        Scalar::FloatingPoint(_) if only_digits => Err(TOO_LARGE),
        Scalar::FloatingPoint(value) if value.is_finite() => Ok(Node::Number(*value)),
        Scalar::FloatingPoint(_) => Err("a number must be finite"),
        Scalar::String(value) => Ok(Node::Text(value.into_owned())),
    }
}

const TOO_LARGE: &str = "an integer above 2^53 - 1 would be rounded: write it in quotes";

/// `0600`, `-07`: digits alone, the first of several a zero.
fn has_leading_zero(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
}
