//! The commands that may run, and where their programs are.

use std::path::{Path, PathBuf};

use crate::tool::native::error::{NativeError, quoted};

/// Every command there is.
const COMMANDS: &[&str] =
    &["ls", "pwd", "cat", "grep", "find", "head", "tail", "echo", "stat", "wc", "sleep"];
/// Where their programs are looked for; the host's PATH has no say.
const FOLDERS: &[&str] = &["/usr/bin", "/bin"];

/// An allowed command.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Program {
    /// The command's name.
    pub(super) name: &'static str,
    /// The program of the system.
    pub(super) path: PathBuf,
}

/// Finds an allowed command by its name, or by an absolute path that is the system's own program of
/// that name, after links. A program of the same name from elsewhere is refused.
pub(super) fn find(command: &str) -> Result<Program, NativeError> {
    let refused = || {
        let message = format!(
            "command {} is not allowed (allowed: {})",
            quoted(command),
            COMMANDS.join(", ")
        );
        NativeError::not_allowed(message).of_field("command")
    };
    let given = Path::new(command);
    let name = COMMANDS
        .iter()
        .copied()
        .find(|name| given.file_name().is_some_and(|file| file == *name))
        .ok_or_else(refused)?;
    if command != name && !given.is_absolute() {
        return Err(refused());
    }
    let mut found = FOLDERS.iter().map(|folder| Path::new(folder).join(name)).filter_map(|path| {
        let real = real(&path)?;
        Some((path, real))
    });
    let program = found.next().ok_or_else(|| {
        NativeError::internal("the program of this command is not in /usr/bin or /bin")
    })?;
    if command != name {
        let wanted = real(given).ok_or_else(refused)?;
        if wanted != program.1 && !found.any(|(_, real)| real == wanted) {
            return Err(refused());
        }
    }
    // The system's own path, not what it links to: some programs go by the name they are called by.
    Ok(Program { name, path: program.0 })
}

#[expect(clippy::disallowed_methods, reason = "looks only at the system's own program folders")]
fn real(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}
