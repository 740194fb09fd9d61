//! Flags and objects: what is accepted, what is refused and how, and the canonical form.

use serde_json::json;

use super::{invalid, refused, set};
use crate::error::Code;
use crate::permission::PermissionSet;

fn canonical(flags: &[&str]) -> Vec<String> {
    set(flags).to_flags()
}

#[test]
fn repeated_flags_add_up_and_equal_sets_are_written_alike() {
    assert_eq!(
        canonical(&["--allow-read=./b, a", "--allow-read=a/./x/..", "--deny-read=/etc/"]),
        ["--allow-read=./a", "--allow-read=./b", "--deny-read=/etc"]
    );
    assert_eq!(
        canonical(&["--allow-read=*,./a", "--deny-write=*"]),
        ["--allow-read", "--deny-write"]
    );
    assert_eq!(
        canonical(&["--allow-net=API.Example.COM.,[2001:DB8::1]:443,[::1],::ffff:10.0.0.0/104"]),
        [
            "--allow-net=10.0.0.0/8",
            "--allow-net=::1",
            "--allow-net=[2001:db8::1]:443",
            "--allow-net=api.example.com"
        ]
    );
    assert_eq!(
        canonical(&["--allow-net=[2001:db8::/32]:443,10.0.0.1/32:80,*.bücher.example:8080"]),
        [
            "--allow-net=*.xn--bcher-kva.example:8080",
            "--allow-net=10.0.0.1:80",
            "--allow-net=[2001:db8::/32]:443"
        ]
    );
    assert_eq!(
        canonical(&["--allow-private=DB.internal,*.corp:5432"]),
        ["--allow-private=*.corp:5432", "--allow-private=db.internal"]
    );
    let all = ["--allow-env", "--allow-net", "--allow-read", "--allow-run", "--allow-write"];
    assert_eq!(canonical(&["-A"]), all);
    assert_eq!(canonical(&["--allow-all", "--allow-read=./a"]), all);
    assert_eq!(canonical(&[]), [""; 0]);
    assert_eq!(
        set(&["-A"]).bare_grants(),
        ["--allow-read", "--allow-write", "--allow-net", "--allow-env", "--allow-run"]
    );
    assert_eq!(set(&["--allow-read=a", "--deny-net"]).bare_grants(), [""; 0]);
}

#[test]
fn a_comma_and_blanks_of_a_path_survive() {
    for flags in [
        vec!["--allow-read=a\\,b"],
        vec!["--allow-read=a\\\\,b"],
        vec!["--allow-read=a\\", "--allow-read=b"],
        vec!["--allow-read=./ a,b /"],
        vec!["--allow-read=./~,..,../x,.,/"],
        vec!["--allow-run=git,./git,bin/,.,/usr/bin/git".trim_end_matches(",.,/usr/bin/git")],
    ] {
        let one = set(&flags);
        assert_eq!(
            set(&one.to_flags().iter().map(String::as_str).collect::<Vec<_>>()),
            one,
            "{flags:?}"
        );
    }
    assert_eq!(canonical(&["--allow-read=a\\,b,c"]), ["--allow-read=./a\\,b", "--allow-read=./c"]);
    assert_eq!(canonical(&["--allow-read=./ a,b /"]), ["--allow-read=./ a", "--allow-read=./b /"]);
    assert_eq!(canonical(&["--allow-run=git,./git"]), ["--allow-run=./git", "--allow-run=git"]);
}

#[test]
fn unknown_flags_are_named_with_what_there_is() {
    for flag in [
        "--allow-ffi",
        "--allow-sys",
        "--permission",
        "--secure",
        "",
        "read",
        "--allow-",
        "-a",
        "--Allow-read",
        " --allow-read",
        "--allow-read ",
        "--deny-all",
        "--deny-private=x",
        "--allow-reads",
        "--allow-read:x",
        "-allow-read",
        "—allow-read",
    ] {
        let text = invalid(flag);
        let name = flag.split('=').next().unwrap();
        let start = format!("unknown permission flag {name:?}");
        assert!(text.starts_with(&start) && text.contains("--allow-private=list"), "{text}");
    }
    assert!(invalid("--allow-ffi=x").starts_with("unknown permission flag \"--allow-ffi\""));
    let long = refused_text(&"x".repeat(100_000));
    assert!(long.len() < 600, "{}", long.len());
}

fn refused_text(flag: &str) -> String {
    PermissionSet::from_flags(&[flag]).unwrap_err().to_string()
}

#[test]
fn lists_need_items() {
    for flag in [
        "--allow-read=",
        "--allow-read=,",
        "--allow-read=a,",
        "--allow-read=,a",
        "--allow-read=a,,b",
        "--allow-read= ",
        "--allow-net=a.com, ,b.com",
        "--deny-env=",
        "--allow-private=",
    ] {
        assert!(invalid(flag).contains("empty item"), "{flag}");
    }
    assert!(invalid("--allow-all=x").contains("takes no list"));
    assert!(invalid("-A=").contains("takes no list"));
    assert!(invalid("--allow-private").contains("needs a list of host names"));
    for flag in ["--allow-private=*", "--allow-private=10.0.0.1", "--allow-private=fd00::/8"] {
        assert!(invalid(flag).contains("accepted is a host name"), "{flag}");
    }
}

#[test]
fn items_of_the_wrong_form_are_named_with_what_is_accepted() {
    for (flag, problem) in [
        ("--allow-read=~/x", "~"),
        ("--allow-read=./*.ts", "'*'"),
        ("--deny-read=secret/[a-z].key", "'['"),
        ("--allow-write={a", "'{'"),
        ("--allow-read=a?", "'?'"),
        ("--allow-read=a\0", "null byte"),
        ("--allow-net=https://x.com", "scheme"),
        ("--allow-net=me@x.com", "user name"),
        ("--allow-net=fe80::1%eth0", "%"),
        ("--allow-net=x.com/path", "paths are no part"),
        ("--allow-net=a.*.com", "star"),
        ("--allow-net=*x.com", "star"),
        ("--allow-net=*.*.com", "star"),
        ("--allow-net=*:443", "star"),
        ("--allow-net=*.", "no host"),
        ("--allow-net=:443", "no host"),
        ("--allow-net=x.com:", "port"),
        ("--allow-net=x.com:0", "port"),
        ("--allow-net=x.com:65536", "port"),
        ("--allow-net=x.com:+80", "port"),
        ("--allow-net=x.com:080", "port"),
        ("--allow-net=x.com:http", "port"),
        ("--allow-net=127.1", "four numbers"),
        ("--allow-net=2130706433", "four numbers"),
        ("--allow-net=0x7f.1", "four numbers"),
        ("--allow-net=0177.0.0.1", "four numbers"),
        ("--allow-net=0x7f000001", "four numbers"),
        ("--allow-net=1.2.3.4.", "four numbers"),
        ("--allow-net=1.2.3.256", "four numbers"),
        ("--allow-net=*.1.2.3.4", "four numbers"),
        ("--allow-net=１２７.0.0.1", "four numbers"),
        ("--allow-net=x.0X1", "four numbers"),
        ("--allow-net=10.0.0.1/8", "the range itself is 10.0.0.0/8"),
        ("--allow-net=2001:db8::1/32", "the range itself is 2001:db8::/32"),
        ("--allow-net=10.0.0.0/33", "from 0 to 32"),
        ("--allow-net=10.0.0.0/08", "from 0 to 32"),
        ("--allow-net=10.0.0.0/", "from 0 to 32"),
        ("--allow-net=::/129", "from 0 to 128"),
        ("--allow-net=127.1/8", "range"),
        ("--allow-net=[::1", "bracket"),
        ("--allow-net=[::1]443", "bracket"),
        ("--allow-net=[10.0.0.1]:443", "brackets around"),
        ("--allow-net=[x.com]", "brackets around"),
        ("--allow-net=[::1]:0", "port"),
        ("--allow-net=1::2::3", "no address"),
        ("--allow-net=a..b", "host name"),
        ("--allow-net=x.com..", "host name"),
        ("--allow-net=x y.com", "host name"),
        ("--allow-net=x!.com", "'!'"),
        ("--allow-net=xn--a", "host name"),
        ("--allow-env=A*B", "star"),
        ("--allow-env=*_PROXY", "star"),
        ("--allow-env=A**", "star"),
        ("--allow-env=A=B", "'='"),
        ("--deny-env=A B", "' '"),
        ("--allow-run=git status", "white space"),
        ("--allow-run=g*", "'*'"),
        ("--allow-run=~/bin/x", "~"),
        ("--allow-run=..", "folder"),
    ] {
        let text = invalid(flag);
        assert!(text.contains(problem) && text.contains("accepted is "), "{flag}: {text}");
    }
    let label = "a".repeat(63);
    assert!(PermissionSet::from_flags(&[format!("--allow-net={label}.com")]).is_ok());
    assert!(PermissionSet::from_flags(&[format!("--allow-net={label}a.com")]).is_err());
    // 253 characters and one more.
    let name = format!("{label}.{label}.{label}.{}", "b".repeat(61));
    assert!(PermissionSet::from_flags(&[format!("--allow-net={name}.")]).is_ok());
    assert!(PermissionSet::from_flags(&[format!("--allow-net={name}b")]).is_err());
}

#[test]
fn what_nobody_may_have_is_a_violation() {
    for name in ["NODE_OPTIONS", "LD_PRELOAD", "BUN_INSPECT_PRELOAD", "ENV", "LD_*", "BUN_OPT*"] {
        let error = PermissionSet::from_flags(&[format!("--allow-env=OK,{name}")]).unwrap_err();
        assert_eq!(error.code(), Code::PolicyViolation);
        assert_eq!(
            error.to_string(),
            format!("environment variable \"{name}\" is not allowed for security reasons")
        );
        assert_eq!(error.details().unwrap()["flag"], "--allow-env");
        let object = json!({ "env": [name] });
        let error = PermissionSet::from_object(&object).unwrap_err();
        assert_eq!(error.code(), Code::PolicyViolation);
        assert!(PermissionSet::from_flags(&[format!("--deny-env={name}")]).is_ok());
    }
    assert_eq!(canonical(&["--allow-env=NODE_*"]), ["--allow-env=NODE_*"]);
}

#[test]
fn the_object_form_says_the_same_as_flags() {
    let object = json!({
        "read": ["./a,b", " /c "], "write": true, "net": ["*.x.com:443"], "env": ["A*"],
        "run": ["*"], "denyRead": ["/c/d"], "denyWrite": true, "denyNet": ["10.0.0.0/8"],
        "denyEnv": ["AB"], "denyRun": [], "privateHosts": ["db.internal"],
    });
    let flags = set(&[
        "--allow-read=./a\\,b,/c",
        "--allow-write",
        "--allow-net=*.x.com:443",
        "--allow-env=A*",
        "--allow-run",
        "--deny-read=/c/d",
        "--deny-write",
        "--deny-net=10.0.0.0/8",
        "--deny-env=AB",
        "--allow-private=db.internal",
    ]);
    assert_eq!(PermissionSet::from_object(&object).unwrap(), flags);
    assert_eq!(PermissionSet::from_object(&json!({})).unwrap(), PermissionSet::default());

    for (object, expected) in [
        (json!([]), "permissions are a list of flags, or an object"),
        (json!("x"), "permissions are a list of flags, or an object"),
        (json!({ "reads": true }), "unknown permission \"reads\"; accepted are read, write"),
        (json!({ "read": false }), "permission read: accepted is true"),
        (json!({ "read": null }), "permission read: accepted is true"),
        (json!({ "denyNet": "x.com" }), "permission denyNet: accepted is true"),
        (json!({ "net": ["x.com", 7] }), "permission net[1]: accepted is a text"),
        (json!({ "net": ["x.com", "a b"] }), "permission net[1]: \"a b\" is no host name"),
        (json!({ "read": [""] }), "permission read[0]: \"\" is empty"),
        (json!({ "privateHosts": true }), "permission privateHosts: accepted is a list"),
        (json!({ "privateHosts": ["::1"] }), "permission privateHosts[0]: \"::1\" is an address"),
        (json!({ "privateHosts": ["*"] }), "permission privateHosts[0]: \"*\" is no host name"),
    ] {
        let error = PermissionSet::from_object(&object).expect_err(expected);
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(error.to_string().starts_with(expected), "{object}: {error}");
    }
}

#[test]
fn errors_stay_on_one_line() {
    for flag in ["--allow-x\n", "--allow-read=~\n\u{1b}", "--allow-net=\u{202e}x y"] {
        let text = refused(flag.trim_end()).to_string() + &refused_text(flag);
        assert!(!text.contains(['\n', '\u{1b}', '\u{202e}']), "{text}");
    }
}

#[test]
fn without_a_kernel_that_helps_only_the_environment_and_bare_grants_hold() {
    const LACKING: &str = "this kernel offers no Landlock";
    let found = |flags: &[&str]| -> Vec<(String, &str)> {
        set(flags)
            .unenforceable(LACKING)
            .into_iter()
            .map(|one| (one.flag, one.permission))
            .collect()
    };
    let own = |flag: &str| flag.to_owned();
    assert_eq!(found(&["-A"]), []);
    assert_eq!(found(&["-A", "--allow-env=X", "--deny-env=Y", "--allow-private=x"]), []);
    assert_eq!(found(&["-A", "--allow-read=./a"]), []);
    assert_eq!(
        found(&["--allow-read"]),
        [(own("--allow-write"), "write"), (own("--allow-net"), "net"), (own("--allow-run"), "run")]
    );
    assert_eq!(found(&["--allow-env"]).len(), 4);
    assert_eq!(
        found(&["-A", "--deny-write=/etc,/usr", "--deny-net"]),
        [(own("--deny-write=/etc,/usr"), "write"), (own("--deny-net"), "net")]
    );
    let narrow =
        ["--allow-read=./a\\,b,./c", "--allow-write", "--allow-net=x.com", "--allow-run=git"];
    assert_eq!(
        found(&narrow),
        [
            (own("--allow-read=./a\\,b,./c"), "read"),
            (own("--allow-net=x.com"), "net"),
            (own("--allow-run=git"), "run")
        ]
    );
    assert_eq!(found(&["-A", "--allow-read=./a", "--deny-read=./a/b"]).len(), 1);

    let one = &set(&["--allow-read", "--allow-net", "--allow-run"]).unenforceable(LACKING)[0];
    assert_eq!(
        one.reason,
        "this kernel offers no Landlock to keep a process from writing; pass --allow-write to say \
         that it may"
    );
}
