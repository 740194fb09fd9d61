use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use super::super::{Fault, WriteOptions};
use super::{Scratch, path, soon};

fn plain() -> WriteOptions {
    WriteOptions::default()
}

/// Names in a folder, to see that no temporary file stays.
fn names(folder: &std::path::Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn makes_parents_and_replaces_as_a_whole() {
    let scratch = Scratch::new();
    let root = scratch.root();
    root.write(&path("a/b/file"), b"one", plain()).unwrap();
    let before = fs::File::open(scratch.inside("a/b/file")).unwrap();
    let stat = root.write(&path("a/b/file"), b"three", plain()).unwrap();
    assert_eq!(stat.size, 5);
    assert_eq!(fs::read(scratch.inside("a/b/file")).unwrap(), b"three");
    // Who had the old file open still reads the old one: it was replaced, not rewritten.
    assert_eq!(std::io::read_to_string(before).unwrap(), "one");
    assert_eq!(names(&scratch.inside("a/b")), ["file"]);
    root.create_dirs(&path("a/b/c/d")).unwrap();
    assert!(scratch.inside("a/b/c/d").is_dir());
}

#[test]
fn keeps_modes_and_sets_those_it_is_given() {
    let scratch = Scratch::new();
    let root = scratch.root();
    let mode =
        |name: &str| fs::metadata(scratch.inside(name)).unwrap().permissions().mode() & 0o7777;
    scratch.file("kept", "");
    fs::set_permissions(scratch.inside("kept"), fs::Permissions::from_mode(0o4751)).unwrap();
    root.write(&path("kept"), b"x", plain()).unwrap();
    assert_eq!(mode("kept"), 0o751, "kept, but never the right to run as the owner");
    root.write(&path("new"), b"x", WriteOptions { mode: Some(0o666) }).unwrap();
    assert_eq!(mode("new"), 0o666, "whatever the umask is");
    root.append(&path("new"), b"x", WriteOptions { mode: Some(0o600) }).unwrap();
    assert_eq!(mode("new"), 0o600);
    for bits in [0o4755, 0o2755, 0o1755, 0o10_000] {
        let options = WriteOptions { mode: Some(bits) };
        assert!(matches!(root.write(&path("s"), b"", options), Err(Fault::Malformed(_))));
        assert!(matches!(root.append(&path("s"), b"", options), Err(Fault::Malformed(_))));
    }
    assert!(!scratch.inside("s").exists());
}

#[test]
fn refuses_targets_that_are_no_files() {
    let scratch = Scratch::new();
    scratch.file("dir/file", "inside");
    scratch.link("out", scratch.outside("secret"));
    scratch.link("dangling", scratch.outside("new"));
    scratch.link("way-out", scratch.outside(""));
    let root = scratch.root();
    for (target, fault) in [
        ("out", Fault::Link),
        ("dangling", Fault::Link),
        ("way-out/new", Fault::Escapes),
        ("way-out/deep/new", Fault::Escapes),
        ("dir", Fault::IsDirectory),
        ("dir/file/new", Fault::NotDirectory),
        (".", Fault::IsRoot),
    ] {
        assert_eq!(root.write(&path(target), b"x", plain()).unwrap_err(), fault, "{target}");
        assert_eq!(root.append(&path(target), b"x", plain()).unwrap_err(), fault, "{target}");
    }
    assert_eq!(names(&scratch.outside("")), ["secret"]);
    assert_eq!(fs::read(scratch.outside("secret")).unwrap(), b"outside");
    assert_eq!(names(&scratch.inside("")), ["dangling", "dir", "out", "way-out"]);
}

#[test]
fn leaves_the_other_name_of_a_hard_link_alone() {
    let scratch = Scratch::new();
    fs::hard_link(scratch.outside("secret"), scratch.inside("twin")).unwrap();
    let root = scratch.root();
    assert_eq!(root.append(&path("twin"), b"x", plain()).unwrap_err(), Fault::HardLinked);
    root.write(&path("twin"), b"x", plain()).unwrap();
    assert_eq!(fs::read(scratch.outside("secret")).unwrap(), b"outside");
}

#[test]
fn appends_to_the_end() {
    let scratch = Scratch::new();
    let root = scratch.root();
    root.append(&path("log/a"), b"one ", plain()).unwrap();
    let stat = root.append(&path("log/a"), b"two", plain()).unwrap();
    assert_eq!(stat.size, 7);
    assert_eq!(fs::read(scratch.inside("log/a")).unwrap(), b"one two");
}

#[test]
fn removes_without_following_links() {
    let scratch = Scratch::new();
    scratch.file("tree/a/b", "");
    scratch.file("tree/c", "");
    scratch.link("tree/out", scratch.outside(""));
    scratch.link("out", scratch.outside("secret"));
    scratch.link("dir-out", scratch.outside(""));
    let root = scratch.root();
    root.remove_file(&path("out")).unwrap();
    assert_eq!(root.remove_file(&path("tree")).unwrap_err(), Fault::IsDirectory);
    assert_eq!(root.remove_file(&path("dir-out/secret")).unwrap_err(), Fault::Escapes);
    assert_eq!(root.remove_file(&path("none")).unwrap_err(), Fault::NotFound);
    assert_eq!(root.remove_tree(&path("."), soon()).unwrap_err(), Fault::IsRoot);
    assert_eq!(root.remove_tree(&path("tree"), Instant::now()).unwrap_err(), Fault::Deadline);
    root.remove_tree(&path("tree"), soon()).unwrap();
    root.remove_tree(&path("dir-out"), soon()).unwrap();
    assert!(names(&scratch.inside("")).is_empty());
    assert_eq!(names(&scratch.outside("")), ["secret"]);
}

#[test]
fn removes_no_tree_deeper_than_its_bound() {
    let scratch = Scratch::new();
    let root = scratch.root();
    root.create_dirs(&path(&"d/".repeat(201))).unwrap();
    assert_eq!(root.remove_tree(&path("d"), soon()), Err(Fault::TooMany(200, "levels")));
    root.remove_tree(&path("d/d"), soon()).unwrap();
}
