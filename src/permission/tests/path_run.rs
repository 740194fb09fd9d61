//! Reading, writing and starting programs.

use std::path::{Path, PathBuf};

use super::set;
use crate::permission::Verdict::{Allowed, DenyRule, NoRule};

const ROOT: &str = "/srv/project";

#[test]
fn reading_is_judged_by_the_table() {
    for (flags, path, expected) in [
        (&[][..], "/data", NoRule),
        (&["--allow-read"], "/anything", Allowed),
        (&["--allow-read=/data"], "/data", Allowed),
        (&["--allow-read=/data"], "/data/x/y", Allowed),
        (&["--allow-read=/data"], "/database", NoRule),
        (&["--allow-read=/data"], "/", NoRule),
        (&["--allow-read=/data/"], "/data/x", Allowed),
        (&["--allow-read=/data"], "/data/../etc/passwd", NoRule),
        (&["--allow-read=/data"], "/x/../data/y", Allowed),
        (&["--allow-read=/"], "/etc/passwd", Allowed),
        (&["--allow-read=/data", "--deny-read=/data/k"], "/data/k/1", DenyRule),
        (&["--allow-read=/data", "--deny-read=/data/k"], "/data/k2", Allowed),
        (&["--deny-read=/data", "--allow-read=/data/public"], "/data/public/x", DenyRule),
        (&["--allow-read", "--deny-read"], "/data", DenyRule),
        // Relative ones are the project's.
        (&["--allow-read=./data"], "/srv/project/data/x", Allowed),
        (&["--allow-read=data"], "data/x", Allowed),
        (&["--allow-read=./data"], "/data/x", NoRule),
        (&["--allow-read=."], "/srv/project", Allowed),
        (&["--allow-read=."], "/srv/projects", NoRule),
        (&["--allow-read=../other"], "/srv/other/x", Allowed),
        (&["--allow-read=../../../../up"], "/up/x", Allowed),
        (&["--allow-read=a/../.."], "/srv/x", Allowed),
        // Case, blanks, commas and tildes are characters like others.
        (&["--allow-read=/Data"], "/data", NoRule),
        (&["--allow-read=/a\\,b"], "/a,b/c", Allowed),
        (&["--allow-read=/a\\,b"], "/a", NoRule),
        (&["--allow-read=./~"], "/srv/project/~/x", Allowed),
    ] {
        let found = set(flags).judge_read(Path::new(ROOT), Path::new(path));
        assert_eq!(found, expected, "{flags:?} {path}");
    }
}

#[test]
fn writing_and_reading_do_not_imply_each_other() {
    let (root, path) = (Path::new(ROOT), Path::new("/srv/project/out/x"));
    let write = set(&["--allow-write=./out"]);
    assert_eq!(write.judge_write(root, path), Allowed);
    assert_eq!(write.judge_read(root, path), NoRule);
    let read = set(&["--allow-read=./out", "--deny-write=./out/x"]);
    assert_eq!(read.judge_read(root, path), Allowed);
    assert_eq!(read.judge_write(root, path), DenyRule);
}

#[test]
fn programs_are_judged_by_the_file_that_is_started() {
    let look_up = |name: &str| match name {
        "git" => Some(PathBuf::from("/usr/bin/git")),
        "sh" => Some(PathBuf::from("/usr/bin/dash")),
        _ => None,
    };
    for (flags, program, expected) in [
        (&[][..], "/usr/bin/git", NoRule),
        (&["--allow-run"], "/x", Allowed),
        (&["--allow-run=git"], "/usr/bin/git", Allowed),
        (&["--allow-run=git"], "/tmp/git", NoRule),
        (&["--allow-run=sh"], "/usr/bin/dash", Allowed),
        (&["--allow-run=nothing"], "/usr/bin/nothing", NoRule),
        (&["--allow-run=/usr/bin/git"], "/usr/bin/git", Allowed),
        (&["--allow-run=/usr/bin/git"], "/usr/bin/git-shell", NoRule),
        (&["--allow-run=./bin/x"], "/srv/project/bin/x", Allowed),
        (&["--allow-run=./git"], "/usr/bin/git", NoRule),
        (&["--allow-run=/usr/bin", "--deny-run=git"], "/usr/bin/git", DenyRule),
        (&["--allow-run", "--deny-run=/opt"], "/opt/a/b", DenyRule),
    ] {
        let found = set(flags).judge_run(Path::new(ROOT), Path::new(program), &look_up);
        assert_eq!(found, expected, "{flags:?} {program}");
    }
}
