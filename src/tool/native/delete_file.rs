//! `delete_file`: removes a file or a link, or a directory with everything in it.

use std::time::Instant;

use serde_json::{Value, json};

use super::error::{NativeError, quoted};
use super::input::Input;
use super::locate;
use crate::scoped_fs::{Fault, Roots};

pub(super) fn run(roots: &Roots, input: &str, until: Instant) -> Result<Value, NativeError> {
    let input = Input::read(input, &["path", "recursive"])?;
    let located = locate(roots, input.text("path")?)?;
    let recursive = input.flag("recursive", false)?;
    let removed = if recursive {
        located.root.remove_tree(&located.path, until)
    } else {
        located.root.remove_file(&located.path)
    };
    match removed {
        Ok(()) => Ok(json!({ "success": true })),
        Err(Fault::NotFound) => Ok(json!({ "success": false })),
        Err(Fault::IsDirectory) => {
            let message =
                format!("{} is a directory; set recursive to remove it", quoted(&located.name()));
            Err(NativeError::invalid(message).because("directory"))
        }
        Err(fault) => Err(NativeError::at(&located.name(), &fault)),
    }
}
