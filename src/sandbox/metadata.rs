//! Sets modes and times of files for a child, where it may write.
//!
//! Landlock does not judge metadata, so the filter hands these calls over. A child never makes them
//! itself: its path is copied once and opened here, or its descriptor duplicated, and from then on
//! only what was opened counts. It is judged by its own path, and set through our own descriptor, so
//! what the child does meanwhile to the text, to links and to its descriptors changes nothing.
//!
//! What has to hold for a file:
//!
//! - its path now, as the kernel tells it of the open file, lies in a part that may be written;
//! - it is still there, and a regular file or a folder (or a link, for the times of a link);
//! - its owner is the caller's user for files (`fsuid`), or the caller has `CAP_FOWNER`. That is the
//!   kernel's rule, which for us may say something else; it also holds for setting times to now,
//!   where the kernel would ask for less.
//!
//! Bits that lend a user's or group's rights are left out of a mode. A file with more than one name is
//! judged by the one it was opened by: a child cannot make such names from outside (Landlock), and
//! through one that is there already it may write the file's contents anyway.

mod file;
mod request;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::file::Opened;
use self::request::{Change, Request};
use super::denials::{DenialKind, DenialReason, Denials};
use super::files::{Access, Files, resolved};
use super::supervisor::{Call, Decide};
use crate::permission::{PermissionSet, Verdict};

/// The bits of a mode, without those that lend a user's or group's rights.
const MODE: u32 = 0o1777;

/// The metadata of one child's files.
#[derive(Debug, Clone)]
pub(crate) struct Metadata {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    files: Files,
    permissions: Arc<PermissionSet>,
    root: PathBuf,
    denials: Arc<Denials>,
}

impl Metadata {
    /// Of a child that may do with files what `files` say. `permissions`, with relative paths below
    /// `root`, only explain refusals.
    pub(crate) fn new(
        files: Files,
        permissions: Arc<PermissionSet>,
        root: PathBuf,
        denials: Arc<Denials>,
    ) -> Metadata {
        Metadata { inner: Arc::new(Inner { files, permissions, root, denials }) }
    }
}

impl Decide for Metadata {
    fn decide(&self, call: Call) {
        let own = Arc::clone(&self.inner);
        // Any file system may take its time to find a file, but hardly one does.
        call.promptly(move |call| {
            let result = own.set(&call);
            call.answer(result.map(|()| 0));
        });
    }
}

impl Inner {
    /// Does what a call wants, or gives an errno.
    fn set(&self, call: &Call) -> Result<(), i32> {
        let Some(Request { target, change }) = Request::of(call)? else { return Ok(()) };
        let opened = Opened::find(call, &target)?;
        let path = opened.path()?;
        if !self.files.access_to(&path).has(Access::WRITE) {
            self.deny(&path);
            return Err(libc::EPERM);
        }
        match (opened.kind(), change) {
            (libc::S_IFREG | libc::S_IFDIR, _) | (libc::S_IFLNK, Change::Times(_)) => {}
            // A link has no mode.
            (libc::S_IFLNK, Change::Mode(_)) => return Err(libc::EOPNOTSUPP),
            _ => return Err(libc::EPERM),
        }
        if !file::may_change(call, opened.owner())? {
            return Err(libc::EPERM);
        }
        // What was looked up by the caller's number was the caller's.
        if !call.is_valid() {
            return Err(libc::EPERM);
        }
        match change {
            Change::Mode(mode) => opened.set_mode(mode & MODE),
            Change::Times(times) => opened.set_times(&times),
        }
    }

    fn deny(&self, path: &Path) {
        let denied = self.permissions.judge_write(&self.root, path) == Verdict::DenyRule;
        let why = if denied { DenialReason::DenyRule } else { DenialReason::NoRule };
        let explain =
            || if denied { (self.rule_against(path), None) } else { (None, self.flag(path)) };
        self.denials.add(DenialKind::Chmod, why, &path.to_string_lossy(), explain);
    }

    fn rule_against(&self, path: &Path) -> Option<String> {
        let grants = self.permissions.write_grants(&self.root);
        let mut rules = grants.denied.into_iter();
        let rule = rules.find(|rule| path.starts_with(resolved(&rule.target)));
        rule.map(|rule| rule.flag)
            .or_else(|| grants.denies_everything.then(|| "--deny-write".into()))
    }

    /// The flag that would allow it, for a path that a flag can name.
    fn flag(&self, path: &Path) -> Option<String> {
        let text = path.to_str().filter(|text| !text.chars().any(char::is_control))?;
        let flag = format!("--allow-write={}", text.replace(',', "\\,"));
        let set = PermissionSet::from_flags(&[&flag]).ok()?;
        set.judge_write(&self.root, path).allows().then_some(flag)
    }
}

#[cfg(test)]
mod tests;
