use std::os::fd::AsFd;

use super::super::resolve::{self, Links, Want, by_hand, kernel_has_it};
use super::super::{Fault, Kind, Listing, contents, sys};
use super::{Scratch, path};

/// Both ways to resolve, on one table: path, what is expected with links followed and refused.
#[test]
fn the_kernel_and_the_walk_by_hand_agree() {
    let scratch = Scratch::new();
    scratch.file("dir/sub/file", "");
    scratch.link("to-dir", "dir");
    scratch.link("dir/up", "..");
    scratch.link("dir/sub/round", "../../to-dir/sub");
    scratch.link("out", "../outside");
    scratch.link("far-out", "dir/up/../outside");
    scratch.link("absolute", scratch.outside(""));
    scratch.link("absolute-inside", scratch.inside("dir"));
    scratch.link("loop", "loop");
    scratch.link("dangling", "nowhere");
    scratch.link("proc", "/proc/self/root");
    scratch.link("here", ".");
    let root = scratch.root();
    let (found, none) = (Ok(Kind::Directory), Err(Fault::NotFound));
    let (escapes, link) = (Err(Fault::Escapes), Err(Fault::Link));
    let table = [
        (".", found.clone(), found.clone()),
        ("dir/sub", found.clone(), found.clone()),
        ("to-dir/sub", found.clone(), link.clone()),
        ("dir/up/dir", found.clone(), link.clone()),
        ("dir/up", found.clone(), link.clone()),
        ("here/here/dir", found.clone(), link.clone()),
        ("dir/sub/round", found.clone(), link.clone()),
        ("out", escapes.clone(), link.clone()),
        ("out/secret", escapes.clone(), link.clone()),
        ("dir/up/out", escapes.clone(), link.clone()),
        ("far-out", escapes.clone(), link.clone()),
        ("absolute", escapes.clone(), link.clone()),
        ("absolute-inside", escapes.clone(), link.clone()),
        ("proc/etc", escapes, link.clone()),
        ("loop", link.clone(), link.clone()),
        ("dangling", none.clone(), link),
        ("missing/a", none.clone(), none),
        ("dir/sub/file", Err(Fault::NotDirectory), Err(Fault::NotDirectory)),
        ("dir/sub/file/x", Err(Fault::NotDirectory), Err(Fault::NotDirectory)),
    ];
    for (text, followed, refused) in table {
        for (links, expected) in [(Links::Beneath, followed), (Links::Refused, refused)] {
            let kind = |opened: Result<std::os::fd::OwnedFd, Fault>| {
                opened.and_then(|dir| Ok(sys::stat(dir.as_fd())?.kind))
            };
            let dir = root.descriptor();
            // The kernel says of a link where a directory is needed that it is none.
            let same = |fault: Result<Kind, Fault>| match (&fault, &expected) {
                (Err(Fault::NotDirectory), Err(Fault::Link)) => expected.clone(),
                _ => fault,
            };
            let by_kernel = resolve::open(dir, &path(text), Want::Directory, links);
            assert_eq!(same(kind(by_kernel)), expected, "kernel: {text} {links:?}");
            let by_hand = by_hand(dir, &path(text), Want::Directory, links);
            assert_eq!(same(kind(by_hand)), expected, "by hand: {text} {links:?}");
        }
    }
    if !kernel_has_it() {
        println!("this kernel, or a filter on it, has no openat2: both columns were by hand");
    }
}

#[test]
fn looks_at_what_the_last_link_leads_to() {
    let scratch = Scratch::new();
    scratch.file("dir/file", "");
    scratch.link("to-file", "dir/file");
    scratch.link("out", scratch.outside("secret"));
    let root = scratch.root();
    assert_eq!(root.resolve(&path("to-file")).unwrap().kind, Kind::File);
    assert_eq!(root.stat(&path("to-file")).unwrap().kind, Kind::Link);
    assert_eq!(root.resolve(&path("out")).unwrap_err(), Fault::Escapes);
    let by_hand = by_hand(root.descriptor(), &path("out"), Want::Any, Links::Beneath);
    assert_eq!(by_hand.unwrap_err(), Fault::Escapes);
    assert_eq!(root.resolve(&path(".")).unwrap().kind, Kind::Directory);
}

#[test]
fn reads_regular_files_only_and_never_waits() {
    let scratch = Scratch::new();
    scratch.file("dir/file", "inside");
    scratch.link("link", "dir/file");
    scratch.link("to-dir", "dir");
    let pipe = std::process::Command::new("mkfifo").arg(scratch.inside("pipe")).status().unwrap();
    assert!(pipe.success());
    std::os::unix::net::UnixListener::bind(scratch.inside("socket")).unwrap();
    let root = scratch.root();
    let read = |text: &str| {
        let (file, stat) = root.open_file(&path(text))?;
        contents(&file, &stat, 6)
    };
    assert_eq!(read("dir/file").unwrap(), b"inside");
    assert_eq!(read("to-dir/file").unwrap(), b"inside", "a link in the middle is followed");
    assert_eq!(read("link").unwrap_err(), Fault::Link);
    assert_eq!(read("dir").unwrap_err(), Fault::IsDirectory);
    assert_eq!(read(".").unwrap_err(), Fault::IsDirectory);
    assert_eq!(read("pipe").unwrap_err(), Fault::NotRegular);
    assert_eq!(read("socket").unwrap_err(), Fault::NotRegular);
    assert_eq!(read("none").unwrap_err(), Fault::NotFound);
    assert_eq!(
        read(&"n".repeat(300)).unwrap_err(),
        Fault::Malformed("has a name that is too long")
    );
    scratch.file("dir/file", "inside+");
    assert_eq!(read("dir/file").unwrap_err(), Fault::TooLarge(6));
}

#[test]
fn reads_through_links_that_stay_beneath() {
    let scratch = Scratch::new();
    scratch.file("dir/file", "inside");
    scratch.link("link", "dir/file");
    scratch.link("dir/chain", "../link");
    scratch.link("out", scratch.outside("secret"));
    scratch.link("loop", "loop");
    scratch.link("dangling", "nowhere");
    scratch.link("to-pipe", "pipe");
    let pipe = std::process::Command::new("mkfifo").arg(scratch.inside("pipe")).status().unwrap();
    assert!(pipe.success());
    let root = scratch.root();
    for (text, followed, plain) in [
        ("dir/file", Ok(Kind::File), Ok(Kind::File)),
        ("link", Ok(Kind::File), Err(Fault::Link)),
        ("dir/chain", Ok(Kind::File), Err(Fault::Link)),
        ("out", Err(Fault::Escapes), Err(Fault::Link)),
        ("loop", Err(Fault::Link), Err(Fault::Link)),
        ("dangling", Err(Fault::NotFound), Err(Fault::Link)),
        ("to-pipe", Ok(Kind::Other), Err(Fault::Link)),
        ("dir", Ok(Kind::Directory), Ok(Kind::Directory)),
    ] {
        for (links, expected) in [(Links::Beneath, &followed), (Links::Refused, &plain)] {
            let kind = |opened: Result<std::os::fd::OwnedFd, Fault>| {
                opened.and_then(|file| Ok(sys::stat(file.as_fd())?.kind))
            };
            let dir = root.descriptor();
            let by_kernel = kind(resolve::open(dir, &path(text), Want::File, links));
            assert_eq!(&by_kernel, expected, "kernel: {text} {links:?}");
            let by_hand = kind(by_hand(dir, &path(text), Want::File, links));
            assert_eq!(&by_hand, expected, "by hand: {text} {links:?}");
        }
    }
    assert!(root.open_target(&path("dir/chain")).is_ok());
    assert_eq!(root.open_target(&path("to-pipe")).unwrap_err(), Fault::NotRegular);
    assert_eq!(root.open_target(&path("dir")).unwrap_err(), Fault::IsDirectory);
    assert_eq!(root.open_plain(&path("link")).unwrap_err(), Fault::Link);
}

#[test]
fn lists_a_directory_with_what_is_in_it() {
    let scratch = Scratch::new();
    scratch.file("dir/b", "");
    scratch.file("dir/a/x", "");
    scratch.link("dir/c", scratch.outside(""));
    scratch.link("link", "dir");
    let root = scratch.root();
    let kinds = |listing: Listing| -> Vec<_> {
        listing
            .entries
            .into_iter()
            .map(|(name, kind)| (name.into_string().unwrap(), kind))
            .collect()
    };
    let all = [
        ("a".to_owned(), Kind::Directory),
        ("b".to_owned(), Kind::File),
        ("c".to_owned(), Kind::Link),
    ];
    assert_eq!(kinds(root.list(&path("dir"), 3).unwrap()), all);
    assert!(!root.list(&path("dir"), 3).unwrap().cut);
    let some = root.list(&path("dir"), 2).unwrap();
    assert!(some.cut && some.entries.len() == 2);
    assert_eq!(root.list(&path("dir/c"), 9).unwrap_err(), Fault::Link);
    assert_eq!(root.list(&path("link"), 9).unwrap_err(), Fault::Link);
    let below = root.below(&path("link")).unwrap();
    assert_eq!(kinds(below.list(&path("."), 9).unwrap()), all);
    assert_eq!(root.below(&path("dir/c")).unwrap_err(), Fault::Escapes);
    assert_eq!(below.below(&path("c")).unwrap_err(), Fault::Escapes);
}

#[test]
fn refuses_a_file_that_grew_after_it_was_opened() {
    let scratch = Scratch::new();
    scratch.file("file", "small");
    let (file, stat) = scratch.root().open_file(&path("file")).unwrap();
    scratch.file("file", "larger");
    assert_eq!(contents(&file, &stat, 5), Err(Fault::TooLarge(5)));
}
