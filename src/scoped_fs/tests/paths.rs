use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::super::{Fault, Roots, ScopedPath, shown};
use super::Scratch;

#[test]
fn reads_paths_that_go_down() {
    for (text, expected) in [
        ("a", "a"),
        ("./a//b/", "a/b"),
        ("a/../b", "b"),
        ("a/b/../../c", "c"),
        (".", "."),
        ("a/..", "."),
        ("..a/b..", "..a/b.."),
    ] {
        assert_eq!(ScopedPath::parse(text.as_ref()).unwrap().shown(), expected, "{text}");
    }
}

#[test]
fn refuses_paths_that_do_not() {
    for text in ["..", "a/../..", "../a", "a/../../a", "/etc"] {
        assert_eq!(ScopedPath::parse(text.as_ref()), Err(Fault::Escapes), "{text}");
    }
    for text in ["", "a\0b", &"a/".repeat(2_049)] {
        assert!(matches!(ScopedPath::parse(text.as_ref()), Err(Fault::Malformed(_))), "{text}");
    }
}

#[test]
fn tells_names_apart_that_are_not_utf_8() {
    assert_eq!(shown(OsStr::from_bytes(b"a\xFFb\xFE")), "a\\xFFb\\xFE");
    assert_eq!(shown(OsStr::new("日本")), "日本");
}

#[test]
fn finds_the_root_of_absolute_paths() {
    let scratch = Scratch::new();
    scratch.file("deep/a", "");
    let all: Vec<PathBuf> =
        [scratch.inside(""), scratch.outside(""), scratch.inside("deep")].into();
    let roots = Roots::open(&all).unwrap();
    let named = |text: &str| roots.locate(text.as_ref()).map(|located| located.name());
    let absolute = |path: PathBuf| path.to_str().unwrap().to_owned();

    assert_eq!(named("x/y").unwrap(), "x/y");
    assert_eq!(named(&absolute(scratch.inside("x"))).unwrap(), "x");
    assert_eq!(
        named(&absolute(scratch.inside("")).replace("root", "./root/../root")).unwrap(),
        "."
    );
    let secret = absolute(scratch.outside("secret"));
    assert_eq!(named(&secret).unwrap(), secret, "a root that relative paths do not reach");
    assert_eq!(
        named(&absolute(scratch.inside("deep/a"))).unwrap(),
        absolute(scratch.inside("deep/a"))
    );

    let beside = format!("{}-twin/x", absolute(scratch.inside("")).trim_end_matches('/'));
    for text in ["/etc/passwd", "/", &beside, &absolute(scratch.inside("../x"))] {
        assert_eq!(named(text), Err(Fault::Escapes), "{text}");
    }
}

#[test]
fn knows_a_root_by_its_real_path_too() {
    let scratch = Scratch::new();
    scratch.link("alias", scratch.inside("real"));
    scratch.file("real/a", "");
    let roots = Roots::open(&[scratch.inside("alias")]).unwrap();
    for by in ["alias/a", "real/a"] {
        assert_eq!(roots.locate(scratch.inside(by).as_os_str()).unwrap().name(), "a");
    }
}

#[test]
fn opens_absolute_directories_only() {
    let scratch = Scratch::new();
    scratch.file("a", "");
    let open = |path: PathBuf| Roots::open(&[scratch.inside(""), path]).unwrap_err();
    assert_eq!(open(scratch.inside("missing")), (1, Fault::NotFound));
    assert_eq!(open(scratch.inside("a")), (1, Fault::NotDirectory));
    assert!(matches!(open("relative".into()), (1, Fault::Malformed(_))));
}
