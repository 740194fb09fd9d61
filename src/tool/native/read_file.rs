//! `read_file`: one text file as a whole.

use serde_json::{Value, json};

use super::error::NativeError;
use super::input::Input;
use super::metadata::metadata;
use super::{MAX_FILE_BYTES, failed_at, locate, text};
use crate::scoped_fs::{Roots, contents};

pub(super) fn run(roots: &Roots, input: &str) -> Result<Value, NativeError> {
    let input = Input::read(input, &["path"])?;
    let located = locate(roots, input.text("path")?)?;
    let name = located.name();
    let (file, stat) = located.root.open_file(&located.path).map_err(failed_at(&name))?;
    let bytes = contents(&file, &stat, MAX_FILE_BYTES).map_err(failed_at(&name))?;
    if text::is_binary(&bytes) {
        let message = format!("{} is not a text file", super::error::quoted(&name));
        return Err(NativeError::invalid(message).because("binary"));
    }
    let mut facts = metadata(&name, &stat);
    let content = match String::from_utf8(bytes) {
        Ok(content) => content,
        Err(error) => {
            // Written back, this would not be the same file: the caller has to know.
            facts["lossy"] = true.into();
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        }
    };
    Ok(json!({ "content": content, "metadata": facts }))
}
