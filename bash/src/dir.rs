//! The workspace: one directory that is held open, and what is done to files beneath it.
//!
//! A path is walked from the held descriptor by the kernel, which may follow no link and leave by no
//! `..`; what is done then is done to the descriptor that came out, or to one name in a directory that is
//! open. So nothing is looked up twice, and whoever swaps what for a link meanwhile leads nobody out.
//! Links are followed by the shell, above this, each step a walk of its own.

mod beneath;
mod facts;
mod write;

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, Mode, OFlags, Timespec, Timestamps};
use rustix::io::Errno;

pub(crate) use facts::{Facts, Kind};

/// Bits of a mode that a script may give: no file runs as its owner.
const PERMISSIONS: u32 = 0o777;
const NEW_DIRECTORY: u32 = 0o755;
/// Levels of a tree that are removed at once; each holds a descriptor meanwhile.
const MAX_LEVELS: usize = 400;
const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY);

/// The held directory.
#[derive(Debug)]
pub(crate) struct Dir {
    held: OwnedFd,
    /// Bytes of a file that is read or made.
    max_bytes: u64,
}

/// A directory that is open, and a name in it.
struct Place {
    parent: OwnedFd,
    name: OsString,
}

impl Dir {
    pub(crate) fn new(held: OwnedFd, max_bytes: u64) -> Dir {
        Dir { held, max_bytes }
    }

    /// What a path is; of a link, itself.
    pub(crate) fn stat(&self, path: &Path) -> io::Result<Facts> {
        let Some(place) = self.place(path)? else { return Ok(Facts::of(&fstat(&self.held)?)) };
        stat_at(&place.parent, &place.name)
    }

    /// All bytes of a regular file.
    pub(crate) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let place = self.place(path)?.ok_or(Errno::ISDIR)?;
        let (file, facts) = open_regular(&place, OFlags::RDONLY)?;
        if facts.size > self.max_bytes {
            return Err(Errno::FBIG.into());
        }
        let size = usize::try_from(facts.size).map_err(|_| Errno::FBIG)?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(size + 1).map_err(|_| Errno::NOMEM)?;
        // It may have grown since.
        std::fs::File::from(file).take(self.max_bytes + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > self.max_bytes {
            return Err(Errno::FBIG.into());
        }
        Ok(bytes)
    }

    /// The entries of a directory, by name. Names that are no text are shown with `\xNN`.
    pub(crate) fn list(&self, path: &Path) -> io::Result<Vec<(String, Facts)>> {
        let dir = self.open_directory(path)?;
        let mut found = Vec::new();
        for name in names_in(&dir)? {
            // What has gone since it was listed is no entry.
            if let Ok(facts) = stat_at(&dir, &name) {
                found.push((shown(&name), facts));
            }
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(found)
    }

    pub(crate) fn make_directory(&self, path: &Path, parents: bool) -> io::Result<()> {
        let names = names_of(path)?;
        if names.is_empty() {
            return if parents { Ok(()) } else { Err(Errno::EXIST.into()) };
        }
        let mut above = self.held.try_clone()?;
        for (at, name) in names.iter().enumerate() {
            let last = at + 1 == names.len();
            if last || parents {
                match rustix::fs::mkdirat(&above, name, Mode::from(NEW_DIRECTORY)) {
                    Ok(()) => {}
                    Err(Errno::EXIST) if parents && (!last || is_directory(&above, name)) => {}
                    Err(errno) => return Err(errno.into()),
                }
            }
            if !last {
                above = open_at(&above, name, DIRECTORY)?;
            }
        }
        Ok(())
    }

    pub(crate) fn remove(&self, path: &Path, recursive: bool) -> io::Result<()> {
        let Place { parent, name } = self.place(path)?.ok_or(Errno::BUSY)?;
        if stat_at(&parent, &name)?.kind != Kind::Directory {
            return Ok(rustix::fs::unlinkat(&parent, &name, AtFlags::empty())?);
        }
        if recursive { remove_tree(&parent, &name) } else { remove_directory(&parent, &name) }
    }

    pub(crate) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let from = self.place(from)?.ok_or(Errno::BUSY)?;
        let to = self.place(to)?.ok_or(Errno::BUSY)?;
        Ok(rustix::fs::renameat(&from.parent, &from.name, &to.parent, &to.name)?)
    }

    /// A link. One to an absolute path, which is a path of the workspace, is kept as the relative one, so
    /// that it means the same to whoever looks from outside. None may point out.
    pub(crate) fn link(&self, target: &Path, path: &Path) -> io::Result<()> {
        if target.as_os_str().is_empty() || target.as_os_str().as_bytes().contains(&0) {
            return Err(Errno::NOENT.into());
        }
        let Place { parent, name } = self.place(path)?.ok_or(Errno::EXIST)?;
        let mut folder = names_of(path)?;
        folder.pop();
        let target = relative_to(&folder, target);
        if climbs(&target) > folder.len() {
            return Err(Errno::ACCESS.into());
        }
        Ok(rustix::fs::symlinkat(&target, &parent, &name)?)
    }

    pub(crate) fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        let Place { parent, name } = self.place(path)?.ok_or(Errno::INVAL)?;
        let target = rustix::fs::readlinkat(&parent, &name, Vec::new())?;
        Ok(PathBuf::from(OsStr::from_bytes(target.to_bytes())))
    }

    pub(crate) fn set_mode(&self, path: &Path, mode: u32) -> io::Result<()> {
        let opened = self.open_own(path)?;
        Ok(rustix::fs::fchmod(&opened, Mode::from(mode & PERMISSIONS))?)
    }

    pub(crate) fn set_modified(&self, path: &Path, time: SystemTime) -> io::Result<()> {
        let at = timespec(time);
        let times = Timestamps { last_access: at, last_modification: at };
        match self.open_own(path) {
            Ok(opened) => Ok(rustix::fs::futimens(&opened, &times)?),
            // One that may be owned and not read.
            Err(error) if error.raw_os_error() == Some(Errno::ACCESS.raw_os_error()) => {
                let Place { parent, name } = self.place(path)?.ok_or(Errno::ACCESS)?;
                let unfollowed = AtFlags::SYMLINK_NOFOLLOW;
                Ok(rustix::fs::utimensat(&parent, &name, &times, unfollowed)?)
            }
            Err(error) => Err(error),
        }
    }

    /// A file or directory, to change facts about it.
    fn open_own(&self, path: &Path) -> io::Result<OwnedFd> {
        let Some(place) = self.place(path)? else { return self.reopened() };
        match stat_at(&place.parent, &place.name)?.kind {
            Kind::File => Ok(open_regular(&place, OFlags::RDONLY)?.0),
            Kind::Directory => Ok(open_at(&place.parent, &place.name, DIRECTORY)?),
            Kind::Link | Kind::Other => Err(Errno::ACCESS.into()),
        }
    }

    fn open_directory(&self, path: &Path) -> io::Result<OwnedFd> {
        let names = names_of(path)?;
        if names.is_empty() { self.reopened() } else { Ok(beneath::open(&self.held, &names)?) }
    }

    /// The held descriptor may be one that only names the directory.
    fn reopened(&self) -> io::Result<OwnedFd> {
        Ok(open_at(&self.held, OsStr::new("."), DIRECTORY)?)
    }

    /// Where a path is; nothing for the held directory itself.
    fn place(&self, path: &Path) -> io::Result<Option<Place>> {
        let mut names = names_of(path)?;
        let Some(name) = names.pop() else { return Ok(None) };
        let parent = if names.is_empty() {
            self.held.try_clone()?
        } else {
            beneath::open(&self.held, &names)?
        };
        Ok(Some(Place { parent, name }))
    }
}

/// The names of an absolute path of the workspace; what would lead above its root stays there.
fn names_of(path: &Path) -> io::Result<Vec<OsString>> {
    if path.as_os_str().len() > 4096 {
        return Err(Errno::NAMETOOLONG.into());
    }
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(name) if name.as_bytes().contains(&0) => {
                return Err(Errno::NOENT.into());
            }
            Component::Normal(name) => names.push(unshown(name)),
            Component::ParentDir => drop(names.pop()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    Ok(names)
}

/// Text for a name; bytes that are none become `\xNN`, and so does what looks like that already.
fn shown(name: &OsStr) -> String {
    use std::fmt::Write as _;
    if let Some(text) = name.to_str() {
        return text.to_owned();
    }
    let mut text = String::new();
    for chunk in name.as_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\x{byte:02X}");
        }
    }
    text
}

/// The name that [`shown`] gave a text for, if that makes bytes that are no text.
fn unshown(name: &OsStr) -> OsString {
    let bytes = name.as_bytes();
    let mut read = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = bytes.get(at + 2..at + 4).filter(|_| bytes[at..].starts_with(b"\\x"));
        let value = escaped
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .filter(|value| *value >= 0x80);
        read.push(value.unwrap_or(byte));
        at += if value.is_some() { 4 } else { 1 };
    }
    let raw = OsStr::from_bytes(&read);
    if raw.to_str().is_some() { name.to_owned() } else { raw.to_owned() }
}

fn relative_to(folder: &[OsString], target: &Path) -> PathBuf {
    if !target.is_absolute() {
        return target.to_owned();
    }
    let names: Vec<&OsStr> = target
        .components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name),
            Component::ParentDir => Some(OsStr::new("..")),
            _ => None,
        })
        .collect();
    let shared = folder.iter().zip(&names).take_while(|(a, b)| a.as_os_str() == **b).count();
    let up = std::iter::repeat_n(OsStr::new(".."), folder.len() - shared);
    let path: PathBuf = up.chain(names[shared..].iter().copied()).collect();
    if path.as_os_str().is_empty() { PathBuf::from(".") } else { path }
}

/// How many directories a relative path goes up at most, at any point of it.
fn climbs(path: &Path) -> usize {
    let (mut down, mut highest) = (0_isize, 0);
    for component in path.components() {
        match component {
            Component::ParentDir => down -= 1,
            Component::Normal(_) => down += 1,
            _ => {}
        }
        highest = highest.max(-down);
    }
    usize::try_from(highest).unwrap_or(0)
}

fn open_at(dir: impl AsFd, name: &OsStr, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    let quiet = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    rustix::fs::openat(dir, name, flags | quiet, Mode::empty())
}

/// Opens a regular file. A pipe or a device is not even opened, unless it was put there just now.
fn open_regular(Place { parent, name }: &Place, flags: OFlags) -> io::Result<(OwnedFd, Facts)> {
    expect_file(stat_at(parent, name)?.kind)?;
    let file = open_at(parent, name, flags)?;
    let facts = Facts::of(&fstat(&file)?);
    expect_file(facts.kind)?;
    Ok((file, facts))
}

fn expect_file(kind: Kind) -> io::Result<()> {
    match kind {
        Kind::File => Ok(()),
        Kind::Directory => Err(Errno::ISDIR.into()),
        Kind::Link => Err(Errno::LOOP.into()),
        Kind::Other => Err(Errno::ACCESS.into()),
    }
}

fn fstat(file: impl AsFd) -> rustix::io::Result<rustix::fs::Stat> {
    rustix::fs::fstat(file)
}

fn stat_at(dir: impl AsFd, name: &OsStr) -> io::Result<Facts> {
    Ok(Facts::of(&rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)?))
}

fn is_directory(dir: &OwnedFd, name: &OsStr) -> bool {
    stat_at(dir, name).is_ok_and(|facts| facts.kind == Kind::Directory)
}

fn names_in(dir: &OwnedFd) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::read_from(dir)? {
        let name = entry?.file_name().to_bytes().to_owned();
        // What a write that was broken off left behind is nobody's file.
        if name != b"." && name != b".." && !write::is_temporary(&name) {
            names.push(OsStr::from_bytes(&name).to_owned());
        }
    }
    Ok(names)
}

fn remove_directory(parent: &OwnedFd, name: &OsStr) -> io::Result<()> {
    match rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR) {
        Err(Errno::NOTEMPTY | Errno::EXIST) => {
            // It may hold nothing that is listed.
            let dir = open_at(parent, name, DIRECTORY)?;
            if !names_in(&dir)?.is_empty() {
                return Err(Errno::NOTEMPTY.into());
            }
            write::drop_temporary(&dir)?;
            Ok(rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR)?)
        }
        answer => Ok(answer?),
    }
}

/// Removes a directory and all in it; links are removed and never entered.
fn remove_tree(parent: &OwnedFd, name: &OsStr) -> io::Result<()> {
    let open = |dir: BorrowedFd<'_>, name: &OsStr| -> io::Result<(OwnedFd, Vec<OsString>)> {
        let opened = open_at(dir, name, DIRECTORY)?;
        let names = names_in(&opened)?;
        Ok((opened, names))
    };
    let (dir, left) = open(parent.as_fd(), name)?;
    let mut levels = vec![(dir, left, name.to_owned())];
    while let Some((dir, left, _)) = levels.last_mut() {
        if let Some(entry) = left.pop() {
            if !is_directory(dir, &entry) {
                gone(rustix::fs::unlinkat(&*dir, &entry, AtFlags::empty()))?;
                continue;
            }
            let (below, names) = open(dir.as_fd(), &entry)?;
            if levels.len() == MAX_LEVELS {
                return Err(Errno::NAMETOOLONG.into());
            }
            levels.push((below, names, entry));
        } else if let Some((_, _, done)) = levels.pop() {
            let above = levels.last().map_or(parent, |(dir, _, _)| dir);
            remove_directory(above, &done).or_else(|error| {
                if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
            })?;
        }
    }
    Ok(())
}

/// Somebody else may have removed it first.
fn gone(answer: rustix::io::Result<()>) -> io::Result<()> {
    match answer {
        Err(Errno::NOENT) | Ok(()) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

fn timespec(time: SystemTime) -> Timespec {
    let whole = |part: Duration| i64::try_from(part.as_secs()).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => Timespec { tv_sec: whole(since), tv_nsec: since.subsec_nanos().into() },
        // The part of a second counts forwards there too.
        Err(before) => match (whole(before.duration()), before.duration().subsec_nanos()) {
            (seconds, 0) => Timespec { tv_sec: -seconds, tv_nsec: 0 },
            (seconds, part) => {
                Timespec { tv_sec: -seconds - 1, tv_nsec: (1_000_000_000 - part).into() }
            }
        },
    }
}

#[cfg(test)]
mod tests;
