//! What is a path and what is none, in the texts in which they occur.

use super::HostPaths;
use std::borrow::Cow;
use std::time::{Duration, Instant};

fn hidden(text: &str) -> String {
    HostPaths::new(["/home/me/proj", "/srv/my proj/"]).hide(text).into_owned()
}

#[test]
fn the_project_becomes_a_dot() {
    for (text, after) in [
        ("/home/me/proj", "."),
        ("/home/me/proj/", "./"),
        ("at main (/home/me/proj/tools/a.ts:3:7)", "at main (./tools/a.ts:3:7)"),
        ("main@/home/me/proj/a.ts:3:7\nx@/home/me/proj/b.ts:1", "main@./a.ts:3:7\nx@./b.ts:1"),
        ("no file '/home/me/proj/a b.txt', sorry", "no file './a b.txt', sorry"),
        ("in /srv/my proj/x.ts: bad", "in ./x.ts: bad"),
        ("cwd=/home/me/proj.", "cwd=.."),
        ("import file:///home/me/proj/a.ts failed", "import ./a.ts failed"),
        ("(file:///srv/my%20proj/a%23.ts:1:2)", "(./a#.ts:1:2)"),
        // Another folder whose name begins alike.
        ("/home/me/project/a.ts", "a.ts"),
        ("/home/me/proj-old/a.ts", "a.ts"),
    ] {
        assert_eq!(hidden(text), after, "{text}");
    }
}

#[test]
fn other_paths_become_their_last_component() {
    for (text, after) in [
        (
            "ENOENT: no such file or directory, open '/etc/app/x.conf'",
            "ENOENT: no such file or directory, open 'x.conf'",
        ),
        ("spawn /usr/bin/bun ENOENT", "spawn bun ENOENT"),
        ("    at f (/opt/my app/x.js:10:5)", "    at f (x.js:10:5)"),
        ("    at /opt/my app/x.js:10:5\n    at g", "    at x.js:10:5\n    at g"),
        ("\"/a/b c/d\" and \"/e/f\"", "\"d\" and \"f\""),
        ("PATH=/usr/local/bin:/usr/bin", "PATH=bin:bin"),
        ("/a/b,/c/d;/e/f", "b,d;f"),
        ("file:///etc/passwd", "passwd"),
        ("/tmp", "tmp"),
        ("/var/log/", "log/"),
        ("Error:/tmp/x/y", "Error:y"),
        ("see /a/b.js.", "see b.js."),
        ("/家/文件", "文件"),
        ("in </a/b>", "in <b>"),
        (r"C:\Users\me\x.js:1:2 or c:/Users/me/y", "x.js:1:2 or y"),
        (r"'D:\a b\c.txt'", "'c.txt'"),
        (r"\\server\share\x.js", "x.js"),
        (r"\\?\C:\deep\x.js", "x.js"),
        ("file:///C:/Users/me/x.js:3", "x.js:3"),
        ("file:///a/%+f%4", "%+f%4"),
    ] {
        assert_eq!(hidden(text), after, "{text}");
    }
}

#[test]
fn what_is_no_path_stays_and_is_not_copied() {
    for text in [
        "",
        "plain",
        "https://x/y and http://h:8080/home/me/proj/a?b=/etc/passwd",
        "see (https://nodejs.org/api/errors.html) or wss://x/y.",
        "either/or, 1/2, a / b, /",
        "./tools/a.ts and ../x and ~/y",
        "node:internal/modules/run_main:123",
        "</div> <br/> // a comment",
        "text/html; a://",
        "key: value, 12:30, x:/",
        r"a\nb and \d+ and \u0041",
        "bun:ffi",
        "ratio 日/本",
    ] {
        let paths = HostPaths::new(["/home/me/proj"]);
        let same = matches!(paths.hide(text), Cow::Borrowed(same) if same == text);
        assert!(same, "{text} became {}", paths.hide(text));
    }
}

#[test]
fn roots_on_windows_differ_in_case_and_slashes() {
    let paths = HostPaths::new([r"C:\Users\me\proj"]);
    assert_eq!(paths.hide(r"at x (c:\users\ME\proj\a.ts:1:2)"), r"at x (.\a.ts:1:2)");
    assert_eq!(paths.hide("file:///C:/Users/me/proj/a.ts"), "./a.ts");
}

#[test]
fn the_root_folder_is_no_project() {
    assert_eq!(HostPaths::new(["/", ""]).hide("/a/b /"), "b /");
}

#[test]
fn every_cut_of_a_text_is_safe() {
    let text = "é file:///home/me/proj/%C3%A9 (/ö/ü:1:2) 'C:\\ß' \\\\é\\x /é";
    for (from, _) in text.char_indices() {
        for (to, _) in text.char_indices().filter(|(to, _)| *to >= from) {
            hidden(&text[from..to]);
        }
    }
}

#[test]
fn hostile_texts_take_linear_time() {
    for piece in [
        "/", "(/a ", "'/a\n", "\"/a", "://", "a://", "C:\\", "\\\\a", "(/a:1", "file://", "at /a ",
        "`/a(",
    ] {
        let paths = HostPaths::new(["/home/me/proj"]);
        let time = |size: usize| {
            let text = piece.repeat(size / piece.len());
            let started = Instant::now();
            let _ = paths.hide(&text);
            started.elapsed()
        };
        time(100_000);
        let (one, ten) = (time(100_000), time(1_000_000));
        assert!(ten < one * 60 + Duration::from_secs(2), "{piece:?}: {one:?}, then {ten:?}");
    }
}
