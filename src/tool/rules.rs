//! What a call may bring along: which tool it names, and which variables it sets.
//!
//! A text that is refused may come from a model, so the reasons here are values for whoever called,
//! and the first reason in a fixed order is the one that is given.

mod env;
mod tool_id;

#[cfg(test)]
mod tests;

use serde::de::{Deserialize, Deserializer, Visitor};

pub use env::{EnvText, check_env};
pub use tool_id::check_tool_id;

/// Text as JavaScript has it: normally UTF-8, but halves of surrogate pairs can stand alone.
///
/// JSON spells such a half `\ud800`, which no UTF-8 text can hold. It is kept as the three bytes a
/// lenient encoder would write; [`Text::as_str`] gives nothing then.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text(Vec<u8>);

impl Text {
    /// The text, unless a half of a surrogate pair stands alone in it.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// For messages: what is no text becomes U+FFFD.
    fn lossy(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text(text.as_bytes().to_vec())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Text, D::Error> {
        // As bytes, serde_json hands over lone surrogates; as a string it refuses the whole text.
        source.deserialize_byte_buf(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Text, E> {
        Ok(Text(bytes.to_vec()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text::from(text))
    }
}
