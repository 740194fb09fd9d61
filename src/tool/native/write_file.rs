//! `write_file`: replaces a file as a whole, or adds to its end.

use serde_json::{Value, json};

use super::error::NativeError;
use super::input::{Input, wrong};
use super::metadata::metadata;
use super::{MAX_FILE_BYTES, failed_at, locate};
use crate::scoped_fs::{Roots, WriteOptions};

pub(super) fn run(roots: &Roots, input: &str) -> Result<Value, NativeError> {
    let input = Input::read(input, &["path", "content", "append", "mode"])?;
    let path = input.text("path")?;
    let content = input.text("content")?;
    let append = input.flag("append", false)?;
    let options = WriteOptions { mode: mode(&input)? };
    // Before anything is opened: what is there stays as it is.
    if content.len() as u64 > MAX_FILE_BYTES {
        let message = format!("content is {} bytes, over {MAX_FILE_BYTES}", content.len());
        return Err(NativeError::invalid(message).of_field("content").because("too-large"));
    }
    let located = locate(roots, path)?;
    let name = located.name();
    let stat = if append {
        located.root.append(&located.path, content.as_bytes(), options)
    } else {
        located.root.write(&located.path, content.as_bytes(), options)
    };
    let stat = stat.map_err(failed_at(&name))?;
    Ok(json!({ "success": true, "metadata": metadata(&name, &stat) }))
}

/// Permission bits as a number, or as octal text such as `"0644"`.
fn mode(input: &Input) -> Result<Option<u32>, NativeError> {
    const ACCEPTED: &str = "permission bits from 0 to 511 (0o777), or octal text such as \"0644\"; \
         set-user-ID, set-group-ID and sticky bits are refused";
    let mode = match input.raw("mode") {
        None => return Ok(None),
        Some(Value::String(text)) => {
            let digits = text.strip_prefix("0o").unwrap_or(text);
            let octal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            octal.then(|| u32::from_str_radix(digits, 8).ok()).flatten()
        }
        Some(value) => value.as_u64().and_then(|number| u32::try_from(number).ok()),
    };
    match mode {
        Some(mode) if mode <= 0o777 => Ok(Some(mode)),
        _ => Err(wrong("mode", ACCEPTED)),
    }
}
