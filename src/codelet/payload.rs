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

    /// How many bytes there are to move.
    pub(crate) fn len(&self) -> usize {
        self.text.len() + self.buffers.iter().map(Vec::len).sum::<usize>()
    }

    /// What limits count: the bytes of the value's text as JSON, and of its buffers.
    pub fn size(&self) -> usize {
        match self.form {
            Form::Text => json_length(self.text.as_bytes()),
            Form::Json | Form::Tagged => self.len(),
        }
    }
}

/// How long a string is as JSON: quotes and escapes included.
pub(crate) fn json_length(text: &[u8]) -> usize {
    // In lots whose sum fits into a byte, which compilers turn into vector instructions.
    let escapes = |lot: &[u8]| usize::from(lot.iter().map(|byte| escape(*byte)).sum::<u8>());
    text.len() + text.chunks(LOT).map(escapes).sum::<usize>() + 2
}

/// No byte takes more than five others.
const LOT: usize = 32;

/// How many bytes longer this one is in a JSON string, without a branch.
fn escape(byte: u8) -> u8 {
    let quoted = u8::from(byte == b'"') | u8::from(byte == b'\\');
    let control = u8::from(byte < 0x20) * 5;
    let short = u8::from(byte.wrapping_sub(8) < 3) | u8::from(byte.wrapping_sub(12) < 2);
    quoted + control - short * 4
}

/// The engine's text as ours. It is UTF-8 but for lone surrogates.
pub(crate) fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::json_length;

    #[test]
    fn the_length_of_a_string_is_that_of_its_json() {
        let every: String = (0..=0x7f).map(char::from).collect();
        let long = every.repeat(9);
        for text in [
            "",
            "plain",
            &every,
            &long,
            "\"quoted\" \\ \n\r\t\u{8}\u{c}\u{1}\u{1f}\u{7f}",
            "aé\u{2028}😀",
        ] {
            assert_eq!(
                Some(json_length(text.as_bytes())),
                serde_json::to_string(text).ok().map(|json| json.len())
            );
        }
    }
}
