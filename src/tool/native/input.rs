//! Reading a tool's input: known fields only, each of its type and range.

use serde_json::{Map, Value};

use super::error::{NativeError, quoted};

/// The fields of one call's input.
#[derive(Debug)]
pub(super) struct Input {
    fields: Map<String, Value>,
}

impl Input {
    /// Reads a JSON object that has no fields but those `accepted`.
    pub(super) fn read(text: &str, accepted: &[&str]) -> Result<Input, NativeError> {
        let value: Value = serde_json::from_str(text).map_err(|error| {
            NativeError::invalid(format!("the input is not JSON: {}", without_position(&error)))
        })?;
        let Value::Object(mut fields) = value else {
            return Err(NativeError::invalid(format!(
                "the input must be an object with the fields {}",
                accepted.join(", ")
            )));
        };
        if let Some(name) = fields.keys().find(|name| !accepted.contains(&name.as_str())) {
            let message =
                format!("unknown input field {} (accepted: {})", quoted(name), accepted.join(", "));
            return Err(NativeError::invalid(message).of_field(name));
        }
        // What a caller leaves open it may write as null.
        fields.retain(|_, value| !value.is_null());
        Ok(Input { fields })
    }

    /// A text that must be there.
    pub(super) fn text(&self, name: &str) -> Result<&str, NativeError> {
        self.optional_text(name)?.ok_or_else(|| {
            NativeError::invalid(format!("{name} is missing: a string is needed")).of_field(name)
        })
    }

    /// A text that may be left out.
    pub(super) fn optional_text(&self, name: &str) -> Result<Option<&str>, NativeError> {
        match self.fields.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(name, "a string")),
        }
    }

    /// True or false, `default` if it is left out.
    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool, NativeError> {
        match self.fields.get(name) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(wrong(name, "true or false")),
        }
    }

    /// A whole number from `min` to `max`, if it is given.
    pub(super) fn integer(
        &self,
        name: &str,
        min: u64,
        max: u64,
    ) -> Result<Option<u64>, NativeError> {
        let Some(value) = self.fields.get(name) else { return Ok(None) };
        // 5.0 is an integer in JavaScript, which is where inputs come from.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "compared with the number it came from"
        )]
        #[expect(clippy::cast_sign_loss, reason = "negative numbers saturate and are then unequal")]
        #[expect(clippy::cast_precision_loss, reason = "as above")]
        #[expect(clippy::float_cmp, reason = "exact or not an integer")]
        let number = value.as_u64().or_else(|| {
            value.as_f64().filter(|float| *float as u64 as f64 == *float).map(|float| float as u64)
        });
        match number {
            Some(number) if (min..=max).contains(&number) => Ok(Some(number)),
            _ => Err(wrong(name, &format!("an integer from {min} to {max}"))),
        }
    }

    /// A list of texts, empty if it is left out.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, NativeError> {
        let Some(value) = self.fields.get(name) else { return Ok(Vec::new()) };
        let texts = value.as_array().and_then(|list| {
            list.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        texts.ok_or_else(|| wrong(name, "a list of strings"))
    }

    /// A text or a list of texts, empty if it is left out.
    pub(super) fn text_or_texts(&self, name: &str) -> Result<Vec<String>, NativeError> {
        match self.fields.get(name) {
            Some(Value::String(text)) => Ok(vec![text.clone()]),
            Some(Value::Array(_)) | None => self.texts(name),
            Some(_) => Err(wrong(name, "a string or a list of strings")),
        }
    }

    /// Texts by name, in the order of names.
    pub(super) fn text_map(&self, name: &str) -> Result<Vec<(String, String)>, NativeError> {
        let Some(value) = self.fields.get(name) else { return Ok(Vec::new()) };
        let entries = value.as_object().and_then(|map| {
            let entry =
                |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
            map.iter().map(entry).collect::<Option<Vec<_>>>()
        });
        entries.ok_or_else(|| wrong(name, "an object of strings"))
    }

    /// The value as it is.
    pub(super) fn raw(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }
}

/// A field of the wrong type or out of range.
pub(super) fn wrong(name: &str, accepted: &str) -> NativeError {
    NativeError::invalid(format!("{name} must be {accepted}")).of_field(name)
}

/// A parser's message without the position, which means nothing to who wrote no text.
pub(super) fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(message, _)| message.to_owned())
}
