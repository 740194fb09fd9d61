//! The programs that rules name: found where the child would find them, and what runs a script.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::files::{Access, Files, resolved};
use super::named::{Missing, found};
use crate::error::Error;
use crate::permission::{Grant, Grants, Program};

/// A command as the child would find it: the first is what it starts, and each later one what it
/// starts where it may not start those before.
pub(super) fn look_up<'a>(
    name: &'a str,
    search_path: &'a str,
) -> impl Iterator<Item = PathBuf> + 'a {
    let folders = search_path.split(':').filter(|folder| folder.starts_with('/'));
    let found = folders.map(move |folder| Path::new(folder).join(name));
    found.filter(|path| path.is_file()).filter_map(|path| path.canonicalize().ok())
}

/// What may be started; `all` are the system's programs. Fails for a script whose interpreter may not be.
pub(super) fn granted(
    grants: &Grants<Program>,
    all: impl FnOnce() -> Files,
    search_path: &str,
    missing: Missing,
) -> Result<Files, Error> {
    let access = Access::READ | Access::EXECUTE;
    let mut files = Files::default();
    let mut named = Vec::new();
    if grants.allows_everything {
        files.extend(all());
    }
    for rule in &grants.allowed {
        let path = match &rule.target {
            Program::Command(name) => look_up(name, search_path).next(),
            Program::Path(path) => path.canonicalize().ok(),
        };
        let Some(path) = found(rule, path, missing)? else { continue };
        let listed = if path.is_dir() { access | Access::LIST } else { access };
        files.grant(&path, listed);
        named.push((&rule.flag, path));
    }
    for (flag, path) in &named {
        if let Some(interpreter) = interpreter_of(path)
            && !files.access_to(&resolved(&interpreter)).has(Access::EXECUTE)
        {
            let program = interpreter.display();
            let message =
                format!("{flag}: a script, so --allow-run must also name what runs it, {program}");
            return Err(Error::invalid_argument(message));
        }
    }
    Ok(files)
}

/// What a script says in its first line.
fn interpreter_of(path: &Path) -> Option<PathBuf> {
    first_line(path)?.split_whitespace().next().map(PathBuf::from)
}

/// Who runs a script with that first line, as it names them: its interpreter, and what `env` in that
/// place looks up.
pub(super) fn runs_by(line: &str) -> Vec<&str> {
    let mut words = line.split_whitespace();
    let Some(first) = words.next() else { return Vec::new() };
    let is_env = first.rsplit('/').next() == Some("env");
    let looked_up = words.find(|word| is_env && !word.starts_with('-') && !word.contains('='));
    [Some(first), looked_up].into_iter().flatten().collect()
}

/// The line behind the mark of a script.
pub(super) fn first_line(path: &Path) -> Option<String> {
    let mut start = [0; 256];
    let mut file = fs::File::open(path).ok().filter(|_| path.is_file())?;
    let read = file.read(&mut start).ok()?;
    let line = start[..read].strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    std::str::from_utf8(line).ok().map(str::to_owned)
}

/// The programs that are denied, as files.
pub(super) fn denied(grants: &Grants<Program>, search_path: &str) -> Grants<PathBuf> {
    let files = |rule: &Grant<Program>| -> Vec<Grant<PathBuf>> {
        let targets = match &rule.target {
            // One that is not there cannot be started either.
            Program::Command(name) => look_up(name, search_path).collect(),
            Program::Path(path) => vec![path.clone()],
        };
        targets.into_iter().map(|target| Grant { flag: rule.flag.clone(), target }).collect()
    };
    Grants {
        allows_everything: false,
        allowed: Vec::new(),
        denies_everything: grants.denies_everything,
        denied: grants.denied.iter().flat_map(files).collect(),
    }
}
