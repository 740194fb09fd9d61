//! What a command of the host may do with the files of the script it is part of.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use bashkit::{Error, FileSystem, Metadata, Result, normalize_path};
use rustix::io::Errno;
use serde_json::{Value, json};

use crate::values::{bytes_of, from_bytes};

/// Does one operation. `operands` begin with a path; relative ones start at `cwd`.
pub(crate) async fn operate(
    fs: &dyn FileSystem,
    cwd: &Path,
    name: &str,
    operands: &[Value],
) -> Result<Value> {
    let path = |at: usize| -> Result<PathBuf> {
        let text = operands.get(at).and_then(Value::as_str);
        let text = text.ok_or_else(|| refused("a path must be a string"))?;
        Ok(normalize_path(&cwd.join(text)))
    };
    let flag = |at: usize, name: &str| {
        operands.get(at).is_some_and(|options| options[name].as_bool() == Some(true))
    };
    let content = || operands.get(1).map(bytes_of).unwrap_or_default();
    match name {
        "readFileBuffer" => Ok(from_bytes(&fs.read_file(&path(0)?).await?)),
        "writeFile" => fs.write_file(&path(0)?, &content()).await.map(nothing),
        "appendFile" => fs.append_file(&path(0)?, &content()).await.map(nothing),
        "exists" => Ok(fs.exists(&path(0)?).await?.into()),
        "stat" => fs.stat(&path(0)?).await.map(|facts| facts_of(&facts)),
        "lstat" => fs.lstat(&path(0)?).await.map(|facts| facts_of(&facts)),
        "mkdir" => fs.mkdir(&path(0)?, flag(1, "recursive")).await.map(nothing),
        "readdir" => {
            let entries = fs.read_dir(&path(0)?).await?;
            Ok(entries.into_iter().map(|entry| Value::from(entry.name)).collect())
        }
        "rm" => match fs.remove(&path(0)?, flag(1, "recursive")).await {
            Err(Error::Io(error)) if flag(1, "force") && is_missing(&error) => Ok(Value::Null),
            answer => answer.map(nothing),
        },
        "cp" => copy(fs, path(0)?, path(1)?, flag(2, "recursive")).await.map(nothing),
        "mv" => fs.rename(&path(0)?, &path(1)?).await.map(nothing),
        "chmod" => {
            let mode = operands.get(1).and_then(Value::as_u64).unwrap_or(0o644);
            let mode = u32::try_from(mode & 0o777).unwrap_or(0o644);
            fs.chmod(&path(0)?, mode).await.map(nothing)
        }
        "symlink" => {
            let target = operands.first().and_then(Value::as_str).unwrap_or_default();
            fs.symlink(Path::new(target), &path(1)?).await.map(nothing)
        }
        "readlink" => Ok(fs.read_link(&path(0)?).await?.to_string_lossy().into()),
        "realpath" => {
            let path = path(0)?;
            fs.stat(&path).await?;
            Ok(path.to_string_lossy().into())
        }
        "utimes" => {
            let ms = operands.get(2).and_then(Value::as_u64).unwrap_or(0);
            let time = UNIX_EPOCH + Duration::from_millis(ms);
            fs.set_modified_time(&path(0)?, time).await.map(nothing)
        }
        _ => Err(refused("there is no such operation")),
    }
}

/// The system's short name comes first, as callers of file systems in the host know it.
pub(crate) fn fault_of(error: &Error) -> Value {
    let code = match error {
        Error::Io(io) => match io.kind() {
            io::ErrorKind::NotFound => Some("ENOENT"),
            io::ErrorKind::PermissionDenied => Some("EACCES"),
            io::ErrorKind::AlreadyExists => Some("EEXIST"),
            io::ErrorKind::IsADirectory => Some("EISDIR"),
            io::ErrorKind::NotADirectory => Some("ENOTDIR"),
            io::ErrorKind::DirectoryNotEmpty => Some("ENOTEMPTY"),
            io::ErrorKind::FileTooLarge => Some("EFBIG"),
            _ => None,
        },
        _ => None,
    };
    match code {
        Some(code) => json!({ "message": format!("{code}: {error}"), "code": code }),
        None => json!({ "message": error.to_string() }),
    }
}

fn nothing((): ()) -> Value {
    Value::Null
}

fn refused(sentence: &str) -> Error {
    io::Error::new(io::ErrorKind::InvalidInput, sentence).into()
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

fn facts_of(facts: &Metadata) -> Value {
    let kind = facts.file_type;
    let modified = facts.modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    json!({
        "isFile": kind.is_file(),
        "isDirectory": kind.is_dir(),
        "isSymbolicLink": kind.is_symlink(),
        "mode": facts.mode,
        "size": facts.size,
        "mtimeMs": modified.as_secs_f64() * 1000.0,
    })
}

async fn copy(fs: &dyn FileSystem, from: PathBuf, to: PathBuf, recursive: bool) -> Result<()> {
    let mut left = vec![(from, to)];
    while let Some((from, to)) = left.pop() {
        let facts = fs.lstat(&from).await?;
        if facts.file_type.is_symlink() {
            fs.symlink(&fs.read_link(&from).await?, &to).await?;
        } else if facts.file_type.is_dir() {
            if !recursive {
                return Err(io::Error::from(Errno::ISDIR).into());
            }
            if to.starts_with(&from) {
                return Err(io::Error::from(Errno::INVAL).into());
            }
            fs.mkdir(&to, true).await?;
            for entry in fs.read_dir(&from).await? {
                left.push((from.join(&entry.name), to.join(&entry.name)));
            }
        } else {
            fs.copy(&from, &to).await?;
        }
    }
    Ok(())
}
