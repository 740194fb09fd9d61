//! What must stay as it was.

use super::*;

fn linked() -> i32 {
    open(c"in/file", libc::O_RDONLY)
}

/// `/proc/self/fd/N` of one digit.
fn by_proc(fd: i32, follow: bool) -> i64 {
    let mut path = *b"/proc/self/fd/?\0";
    path[14] = b'0' + u8::try_from(fd).unwrap_or(0);
    let flags = if follow { 0 } else { NOFOLLOW };
    call!(libc::SYS_utimensat, HERE, path.as_ptr(), TIMES.as_ptr(), flags)
}

const OUTSIDE: &[Row] = &[
    ("a path", || chmod(c"out/file", 0o666)),
    ("a path upwards", || chmod(c"in/../out/file", 0o666)),
    ("a link", || chmod(c"in/out-file", 0o666)),
    ("a link on the way", || chmod(c"in/out/file", 0o666)),
    ("a link on the way to a link", || utimes_at(HERE, c"in/out/link", &TIMES, NOFOLLOW)),
    ("a base", || call!(libc::SYS_fchmodat, open(c"out", libc::O_PATH), c"file".as_ptr(), 0o666)),
    ("a way up from a base", || {
        call!(libc::SYS_fchmodat, open(c"in", libc::O_PATH), c"../out/file".as_ptr(), 0o666)
    }),
    ("the working folder", || {
        // SAFETY: a system call.
        unsafe { libc::chdir(c"out".as_ptr()) };
        chmod(c"file", 0o666)
    }),
    ("a file that is read", || call!(libc::SYS_fchmod, open(c"out/file", libc::O_RDONLY), 0o666)),
    ("times of a file that is read", || {
        let file = open(c"out/file", libc::O_RDONLY);
        call!(libc::SYS_utimensat, file, NULL, TIMES.as_ptr(), 0)
    }),
    ("a name", || chmod_at(open(c"out/file", libc::O_PATH), c"", 0o666, EMPTY)),
    ("times of a name", || utimes_at(open(c"out/file", libc::O_PATH), c"", &TIMES, EMPTY)),
    ("times of a link's own name", || {
        let link = open(c"out/link", libc::O_PATH | libc::O_NOFOLLOW);
        utimes_at(link, c"", &TIMES, EMPTY)
    }),
    ("a folder", || chmod(c"out", 0o700)),
    ("the folder around", || chmod(c"in/..", 0o700)),
    ("a folder that is denied", || chmod(c"out/folder", 0o700)),
];

#[test]
fn what_lies_outside_stays_as_it_is() {
    for (name, body) in OUTSIDE {
        let (free, inside) = (Place::new(), Place::new());
        assert_eq!(free.result(false, *body).0, 0, "{name}: this is no attack");
        // Mode or times: of the folder around, or of what is in it.
        let before = inside.state("out");
        let around = fs::metadata(&inside.0).unwrap().mode();
        let (given, denials) = inside.result(true, *body);
        assert_eq!(given, EPERM, "{name}");
        assert_eq!(inside.state("out"), before, "{name}");
        assert_eq!(fs::metadata(&inside.0).unwrap().mode(), around, "{name}");
        let list = denials.list().0;
        assert_eq!(list.len(), 1, "{name}: {list:?}");
        assert_eq!(list[0].kind, DenialKind::Chmod);
        let path = inside.0.to_str().unwrap();
        assert!(list[0].target.starts_with(path), "{name}: {list:?}");
    }
}

#[test]
fn a_refusal_says_what_would_allow_it() {
    let place = Place::new();
    let (_, denials) = place.result(true, || chmod(c"in/out-file", 0o666));
    let found = denials.list().0.remove(0);
    let path = place.0.join("out/file").display().to_string();
    assert_eq!((found.target, found.reason), (path.clone(), DenialReason::NoRule));
    assert_eq!((found.rule, found.allow_with), (None, Some(format!("--allow-write={path}"))));
    let (_, denials) = place.result(true, || chmod(c"out/folder/file", 0o666));
    let found = denials.list().0.remove(0);
    assert_eq!((found.reason, found.allow_with), (DenialReason::DenyRule, None));
    assert_eq!(found.rule.as_deref(), Some("--deny-write=./out/folder"));
    // What a flag would read otherwise is not offered as one.
    for (name, flag) in [("a,b", true), ("a*", false), ("a\nb", false)] {
        let path = place.0.join("out").join(name);
        fs::write(&path, "x").unwrap();
        let name = CString::new(format!("out/{name}")).unwrap();
        let (child, denials) =
            place.run(true, move |notes| call::note(notes, 0, chmod(&name, 0o666)));
        assert_eq!(child.note(0), EPERM);
        let found = denials.list().0.remove(0);
        assert!(!found.target.contains('\n'), "{found:?}");
        assert_eq!(found.allow_with.is_some(), flag, "{found:?}");
        if let Some(flag) = found.allow_with {
            let set = PermissionSet::from_flags(&[flag]).unwrap();
            assert!(set.judge_write(&place.0, &path).allows());
        }
    }
}

const NO_FILES: &[Row] = &[
    ("a descriptor by its name in /proc", || by_proc(linked(), true)),
    ("a descriptor below a base in /proc", || {
        let (base, file) = (open(c"/proc/self/fd", libc::O_RDONLY), linked());
        let name = [b'0' + u8::try_from(file).unwrap_or(0), 0];
        call!(libc::SYS_fchmodat, base, name.as_ptr(), 0o666)
    }),
    ("the working folder by its name in /proc", || chmod(c"/proc/self/cwd/in/file", 0o666)),
    ("the root by its name in /proc", || chmod(c"/proc/self/root/dev/null", 0o666)),
    ("a file that is gone", || {
        let file = linked();
        // SAFETY: a system call.
        unsafe { libc::unlink(c"in/file".as_ptr()) };
        call!(libc::SYS_fchmod, file, 0o666)
    }),
    ("a file without a name", || {
        let file = open(c"in", libc::O_TMPFILE | libc::O_RDWR);
        call!(libc::SYS_fchmod, file, 0o666)
    }),
    ("a pipe", || {
        let mut ends = [0; 2];
        // SAFETY: makes two descriptors.
        unsafe { libc::pipe(ends.as_mut_ptr()) };
        call!(libc::SYS_fchmod, ends[0], 0o666)
    }),
    ("a named pipe", || {
        // SAFETY: a system call.
        unsafe { libc::mkfifo(c"in/pipe".as_ptr(), 0o600) };
        chmod(c"in/pipe", 0o666)
    }),
    ("a socket", || {
        let socket = call::socket(libc::AF_INET, libc::SOCK_STREAM);
        call!(libc::SYS_fchmod, socket, 0o666)
    }),
];

#[test]
fn what_is_no_file_of_a_folder_is_refused() {
    for (name, body) in NO_FILES {
        // Only root may do that to a device.
        let free = Place::new().result(false, *body).0;
        assert!(free == 0 || name.starts_with("the root"), "{name}: {free}");
        let place = Place::new();
        let given = place.result(true, *body).0;
        // What a name in `/proc` means to us, there may not be.
        let refused = [libc::EPERM, libc::ELOOP, libc::ENOENT].map(|errno| -i64::from(errno));
        let most = if name.ends_with("/proc") { 3 } else { 1 };
        assert!(refused[..most].contains(&given), "{name}: {given}");
        if let Ok(stat) = fs::metadata(place.0.join("in/file")) {
            assert_eq!((stat.mode() & 0o7777, stat.mtime() > 2000), (0o600, true), "{name}");
        }
    }
    // A device may be written, and yet.
    let place = Place::new();
    assert_eq!(place.result(true, || utimes_at(HERE, c"/dev/null", &TIMES, 0)).0, EPERM);
}
