//! Paths that lead out, files that are none, and names that are no text.

#![expect(
    clippy::disallowed_methods,
    reason = "what is done to confined files is compared with what is there"
)]

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;

/// A folder that is removed at the end, with a secret beside the workspace.
struct Ground {
    folder: PathBuf,
}

impl Ground {
    fn new() -> Ground {
        let number = getrandom::u64().unwrap();
        let folder = std::env::temp_dir().join(format!("runlet-bash-{number:016x}"));
        fs::create_dir_all(folder.join("workspace")).unwrap();
        fs::write(folder.join("secret"), "secret").unwrap();
        Ground { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join("workspace").join(name)
    }

    fn dir(&self, max_bytes: u64) -> Dir {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Dir::new(rustix::fs::open(self.path(""), flags, Mode::empty()).unwrap(), max_bytes)
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn refused<T: std::fmt::Debug>(answer: io::Result<T>, errno: Errno) {
    assert_eq!(answer.unwrap_err().raw_os_error(), Some(errno.raw_os_error()));
}

#[test]
fn a_path_cannot_lead_out() {
    let ground = Ground::new();
    let dir = ground.dir(1000);
    symlink(&ground.folder, ground.path("absolute")).unwrap();
    symlink("..", ground.path("up")).unwrap();
    symlink("../secret", ground.path("link")).unwrap();
    refused(dir.read(Path::new("/../secret")), Errno::NOENT);
    refused(dir.read(Path::new("/link")), Errno::LOOP);
    for folder in ["absolute", "up"] {
        let path = Path::new("/").join(folder).join("secret");
        for answer in [
            dir.read(&path).map(drop),
            dir.write(&path, b"x"),
            dir.append(&path, b"x"),
            dir.remove(&path, true),
            dir.set_mode(&path, 0o777),
            dir.rename(&path, Path::new("/got")),
            dir.rename(Path::new("/link"), &path),
            dir.make_directory(&path.join("d"), true),
            dir.stat(&path).map(drop),
            dir.list(path.parent().unwrap()).map(drop),
        ] {
            let errno = answer.unwrap_err().raw_os_error();
            let refusals = [Errno::LOOP, Errno::NOTDIR].map(|errno| Some(errno.raw_os_error()));
            assert!(refusals.contains(&errno), "{errno:?}");
        }
    }
    assert_eq!(fs::read(ground.folder.join("secret")).unwrap(), b"secret");
}

#[test]
fn the_walk_by_hand_refuses_what_the_kernel_does() {
    let ground = Ground::new();
    fs::create_dir_all(ground.path("a/b")).unwrap();
    symlink("a", ground.path("l")).unwrap();
    let root = rustix::fs::open(ground.path(""), DIRECTORY, Mode::empty()).unwrap();
    let names = |path: &str| path.split('/').map(OsString::from).collect::<Vec<_>>();
    for walk in [beneath::open, beneath::by_hand] {
        assert!(walk(&root, &names("a/b")).is_ok());
        assert!(walk(&root, &names("l/b")).is_err());
        assert!(walk(&root, &names("a/none")).is_err());
    }
}

#[test]
fn a_write_replaces_as_a_whole_and_keeps_the_mode() {
    let ground = Ground::new();
    let dir = ground.dir(10);
    fs::write(ground.path("f"), "old").unwrap();
    fs::set_permissions(ground.path("f"), fs::Permissions::from_mode(0o751)).unwrap();
    dir.write(Path::new("/f"), b"new").unwrap();
    assert_eq!(fs::read(ground.path("f")).unwrap(), b"new");
    assert_eq!(fs::metadata(ground.path("f")).unwrap().permissions().mode() & 0o777, 0o751);
    refused(dir.write(Path::new("/f"), b"more than ten"), Errno::FBIG);
    refused(dir.append(Path::new("/f"), b"and so on"), Errno::FBIG);
    assert_eq!(fs::read(ground.path("f")).unwrap(), b"new");
    // Nothing is left over.
    assert_eq!(dir.list(Path::new("/")).unwrap().len(), 1);
}

#[test]
fn what_is_broken_off_is_not_seen_and_does_not_keep_a_directory() {
    let ground = Ground::new();
    let dir = ground.dir(10);
    fs::create_dir(ground.path("d")).unwrap();
    fs::write(ground.path("d/.runlet-0123456789abcdef.tmp"), "half").unwrap();
    assert!(dir.list(Path::new("/d")).unwrap().is_empty());
    dir.remove(Path::new("/d"), false).unwrap();
    fs::create_dir(ground.path("e")).unwrap();
    fs::write(ground.path("e/.runlet-kept"), "whole").unwrap();
    refused(dir.remove(Path::new("/e"), false), Errno::NOTEMPTY);
    dir.remove(Path::new("/e"), true).unwrap();
}

#[test]
fn a_second_name_of_a_file_outside_is_left_alone() {
    let ground = Ground::new();
    let dir = ground.dir(100);
    fs::hard_link(ground.folder.join("secret"), ground.path("hard")).unwrap();
    refused(dir.append(Path::new("/hard"), b"x"), Errno::ACCESS);
    dir.write(Path::new("/hard"), b"mine").unwrap();
    assert_eq!(fs::read(ground.folder.join("secret")).unwrap(), b"secret");
}

#[test]
fn links_are_kept_relative_and_inside() {
    let ground = Ground::new();
    let dir = ground.dir(100);
    dir.make_directory(Path::new("/a/b"), true).unwrap();
    dir.link(Path::new("/f"), Path::new("/a/b/l")).unwrap();
    assert_eq!(dir.read_link(Path::new("/a/b/l")).unwrap(), Path::new("../../f"));
    dir.link(Path::new("/"), Path::new("/root")).unwrap();
    assert_eq!(dir.read_link(Path::new("/root")).unwrap(), Path::new("."));
    dir.link(Path::new("../a"), Path::new("/a/up")).unwrap();
    for (target, link) in [("..", "/l"), ("../..", "/a/l"), ("x/../../..", "/a/l"), ("", "/l")] {
        assert!(dir.link(Path::new(target), Path::new(link)).is_err(), "{target} {link}");
    }
}

#[test]
fn names_that_are_no_text_can_be_used_as_they_are_shown() {
    let ground = Ground::new();
    let dir = ground.dir(100);
    let name = OsStr::from_bytes(b"a\xFFb");
    fs::write(ground.folder.join("workspace").join(name), "x").unwrap();
    assert_eq!(dir.list(Path::new("/")).unwrap()[0].0, "a\\xFFb");
    assert_eq!(dir.read(Path::new("/a\\xFFb")).unwrap(), b"x");
    // A name of letters alone is itself.
    dir.write(Path::new("/c\\x41"), b"y").unwrap();
    assert_eq!(fs::read(ground.path("c\\x41")).unwrap(), b"y");
}

#[test]
fn times_and_facts_are_those_of_the_file() {
    let ground = Ground::new();
    let dir = ground.dir(100);
    dir.write(Path::new("/f"), b"12345").unwrap();
    let time = UNIX_EPOCH + Duration::from_millis(1_700_000_000_500);
    dir.set_modified(Path::new("/f"), time).unwrap();
    let facts = dir.stat(Path::new("/f")).unwrap();
    assert_eq!((facts.kind, facts.size, facts.mode, facts.modified), (Kind::File, 5, 0o644, time));
    dir.set_modified(Path::new("/"), time).unwrap();
    assert_eq!(dir.stat(Path::new("/")).unwrap().modified, time);
    // Before 1970.
    let before = UNIX_EPOCH - Duration::from_millis(1500);
    dir.set_modified(Path::new("/f"), before).unwrap();
    assert_eq!(dir.stat(Path::new("/f")).unwrap().modified, before);
}
