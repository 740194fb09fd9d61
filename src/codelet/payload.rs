//! A value on its way between host and guest.

/// How a [`Payload`] spells its value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// The text is JSON.
    #[default]
    Json,
    /// The value is a string, and the text is that string itself.
    Text,
    /// The text is JSON with marks for what JSON cannot say; it refers to buffers by index.
    Tagged,
}

/// A value as it crosses: text, and the buffers it refers to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Payload {
    /// How to read the text.
    pub form: Form,
    /// The value's text.
    pub text: String,
    /// Contents of array buffers, by index. Only in [`Form::Tagged`].
    pub buffers: Vec<Vec<u8>>,
}

impl Payload {
    /// A value as JSON text.
    pub fn json(text: impl Into<String>) -> Payload {
        Payload { text: text.into(), ..Payload::default() }
    }

    /// The value as JSON text, if that is how it crosses.
    pub fn as_json(&self) -> Option<&str> {
        (self.form == Form::Json).then_some(self.text.as_str())
    }

    /// What limits count: the bytes of the value's text as JSON, and of its buffers.
    pub fn size(&self) -> usize {
        let text = match self.form {
            Form::Text => json_length(self.text.as_bytes()),
            Form::Json | Form::Tagged => self.text.len(),
        };
        text + self.buffers.iter().map(Vec::len).sum::<usize>()
    }
}

/// How long a string is as JSON: quotes and escapes included.
pub(crate) fn json_length(text: &[u8]) -> usize {
    let escapes: usize = text
        .iter()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 1,
            0..0x20 => 5,
            _ => 0,
        })
        .sum();
    text.len() + escapes + 2
}

#[cfg(test)]
mod tests {
    use super::json_length;

    #[test]
    fn the_length_of_a_string_is_that_of_its_json() {
        for text in ["", "plain", "\"quoted\" \\ \n\r\t\u{8}\u{c}\u{1}\u{1f}\u{7f}", "aé\u{2028}😀"]
        {
            assert_eq!(
                Some(json_length(text.as_bytes())),
                serde_json::to_string(text).ok().map(|json| json.len())
            );
        }
    }
}
