//! Programs that copy and unpack, confined.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::*;

const PROGRAMS: &str = "--allow-run=cp,touch,tar,chmod,mkdir,cat";

fn facts(path: &Path) -> (u32, i64) {
    let stat = fs::symlink_metadata(path).unwrap();
    (stat.mode() & 0o7777, stat.mtime())
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn programs_copy_and_unpack_where_they_may_write() {
    let project = Project::new("metadata-inside");
    let source = project.file("in/source");
    set_mode(&source, 0o751);
    let flags = [PROGRAMS, "--allow-read=./in", "--allow-write=./in"];
    let said = project.out(
        &flags,
        "cd in && touch -d @1000 source && cp -p source copy && mkdir packed unpacked &&
         chmod 700 packed && cp -a source packed/file && chmod u+s copy &&
         tar cf all.tar packed && cd unpacked && tar xpf ../all.tar --no-same-owner && echo fine",
    );
    assert_eq!(said, "fine\n");
    let inside = |name: &str| facts(&project.0.join("in").join(name));
    assert_eq!(inside("source"), (0o751, 1000));
    // What lends the owner's rights is left out.
    assert_eq!(inside("copy"), (0o751, 1000));
    assert_eq!(inside("unpacked/packed/file"), (0o751, 1000));
    assert_eq!(inside("unpacked/packed").0, 0o700);
}

#[test]
fn programs_set_nothing_elsewhere() {
    let project = Project::new("metadata-outside");
    let file = project.file("out/file");
    project.file("in/file");
    set_mode(&file, 0o640);
    symlink("../out/file", project.0.join("in/link")).unwrap();
    let before = facts(&file);
    let flags = [PROGRAMS, "--allow-read=.", "--allow-write=./in"];
    let script =
        "chmod 777 out/file; touch -d @1000 out/file; chmod 777 in/link; touch -d @1000 in/link
                  chmod 777 out; echo over";
    let finished = project.run(&flags, &format!("exec 2>&1\n{script}"));
    let said = &finished.report.stdout.text;
    assert_eq!(said.matches("Operation not permitted").count(), 3, "{said}");
    assert!(said.ends_with("over\n"), "{said}");
    assert_eq!(facts(&file), before);
    let denials = finished.report.denials;
    let path = file.display().to_string();
    let found = denials.iter().find(|one| one.target == path).unwrap();
    assert_eq!(found.allow_with, Some(format!("--allow-write={path}")));
    assert!(found.count >= 2 && denials.len() == 2, "{denials:?}");
    // Without anything to write there is nobody to ask.
    let said = project.out(&[PROGRAMS, "--allow-read=."], "chmod 777 out/file");
    assert!(said.contains("Operation not permitted"), "{said}");
    assert_eq!(facts(&file), before);
}

/// Root's child has given up the power over files of others, and so has what acts for it.
#[test]
fn files_of_others_keep_their_modes() {
    let project = Project::new("metadata-others");
    let (own, other) = (project.file("in/own"), project.file("in/other"));
    // SAFETY: reads the process's own user.
    if unsafe { libc::geteuid() } != 0 {
        eprintln!("left out: only root can give a file to another user");
        return;
    }
    std::os::unix::fs::chown(&other, Some(65534), None).unwrap();
    set_mode(&own, 0o640);
    set_mode(&other, 0o640);
    let flags = [PROGRAMS, "--allow-read=.", "--allow-write=./in"];
    let said = project.out(&flags, "chmod 600 in/own; chmod 600 in/other");
    assert!(said.contains("in/other"), "{said}");
    assert_eq!((facts(&own).0, facts(&other).0), (0o600, 0o640));
}
