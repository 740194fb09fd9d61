//! Where the rules led when somebody trustworthy looked.
//!
//! A sandbox is made anew for every process, from paths; and a process that may write in the project may
//! put a link in the place of a path that a rule names. What the rules led to when the permissions were
//! checked is pinned, and a rule that leads elsewhere later grants nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::files::Files;
use crate::error::Error;

/// Real paths, by what they were granted for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Pins {
    /// To be read.
    pub read: BTreeSet<PathBuf>,
    /// To be written.
    pub write: BTreeSet<PathBuf>,
    /// To be started.
    pub run: BTreeSet<PathBuf>,
    /// For the code itself.
    pub code: BTreeSet<PathBuf>,
}

impl Pins {
    /// Of JSON that was made of them.
    pub(crate) fn read(text: &str) -> Result<Arc<Pins>, Error> {
        let pins = serde_json::from_str(text);
        pins.map(Arc::new).map_err(|_| Error::invalid_argument("the pinned paths cannot be read"))
    }
}

/// The grants of files that are pinned; all of them where nothing is.
pub(super) fn kept(files: Files, pins: Option<&BTreeSet<PathBuf>>) -> Files {
    let Some(pins) = pins else { return files };
    files.only(|path| pins.contains(path))
}

/// As `kept`, and files of code that are there only since: none was reached by a link.
pub(super) fn kept_code(files: Files, pins: Option<&BTreeSet<PathBuf>>, new: &Files) -> Files {
    let Some(pins) = pins else { return files };
    files.only(|path| pins.contains(path) || new.names(path))
}

/// The paths of grants.
pub(super) fn paths(files: &Files) -> BTreeSet<PathBuf> {
    files.iter().map(|(path, _)| Path::to_owned(path)).collect()
}
