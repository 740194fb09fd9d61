//! `write` and `delete`.
//!
//! - `write {path, content, encoding?: 'base64'}` to `{path, bytes}`: parents are made, and whoever
//!   looks sees the old contents or the new. A link is refused as a target.
//! - `delete {path, recursive? = true}` to `{deleted}`: a link is removed itself, the root never.

use std::borrow::Cow;
use std::hash::{BuildHasher, BuildHasherDefault};

use parking_lot::{Mutex, MutexGuard};
use rustc_hash::FxHasher;
use serde::{Deserialize, Serialize};

use super::read::Encoding;
use super::{Watch, Workspace, base64, fault, path};
use crate::error::Error;
use crate::scoped_fs::{Fault, Kind, ScopedPath};

#[derive(Debug, Deserialize)]
pub(super) struct WriteRequest {
    path: String,
    content: String,
    encoding: Option<Encoding>,
}

#[derive(Debug, Serialize)]
pub(super) struct Written {
    path: String,
    bytes: u64,
}

pub(super) fn write(workspace: &Workspace, request: &WriteRequest) -> Result<Written, Error> {
    let asked = workspace.path(&request.path)?;
    let content = match request.encoding {
        Some(Encoding::Base64) => Cow::Owned(
            base64::decode(&request.content)
                .ok_or_else(|| Error::invalid_argument("content is not base64"))?,
        ),
        _ => Cow::Borrowed(request.content.as_bytes()),
    };
    let (size, max) = (content.len() as u64, workspace.limits.max_file_bytes);
    if size > max {
        return Err(fault::exceeds(&asked.said, size, max));
    }
    let _alone = alone_with(&asked.path);
    workspace.root.place(&asked.path, &content, None).map_err(fault::at(&asked.said))?;
    Ok(Written { path: path::shown(&asked.path), bytes: size })
}

/// Holds others of this process off from changing the file, whichever way they came to it. Files of
/// one name share a lock.
pub(super) fn alone_with(path: &ScopedPath) -> MutexGuard<'static, ()> {
    static LOCKS: [Mutex<()>; 64] = [const { Mutex::new(()) }; 64];
    let hash = BuildHasherDefault::<FxHasher>::default().hash_one(path.names().last());
    LOCKS[usize::try_from(hash >> 58).unwrap_or(0)].lock()
}

#[derive(Debug, Deserialize)]
pub(super) struct DeleteRequest {
    path: String,
    #[serde(default = "super::yes")]
    recursive: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Deleted {
    deleted: bool,
}

pub(super) fn delete(
    workspace: &Workspace,
    request: &DeleteRequest,
    watch: Watch<'_>,
) -> Result<Deleted, Error> {
    let asked = workspace.path(&request.path)?;
    let root = &workspace.root;
    let removed = root.stat(&asked.path).and_then(|stat| match stat.kind {
        Kind::Directory if request.recursive => root.remove_tree(&asked.path, watch.until),
        _ if asked.path.is_root() => Err(Fault::IsRoot),
        _ => root.remove_file(&asked.path),
    });
    match removed {
        Ok(()) => Ok(Deleted { deleted: true }),
        Err(Fault::NotFound) => Ok(Deleted { deleted: false }),
        Err(fault) => Err(fault::at(&asked.said)(fault)),
    }
}
