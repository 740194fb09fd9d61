//! Children that set modes and times. Each row is also run by a child that nobody supervises: what it
//! gives there is what is expected inside, and shows that an attack is one.

#![expect(clippy::disallowed_methods, reason = "makes the files that are tried")]

use std::ffi::{CStr, CString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Instant;

use super::*;
use crate::sandbox::filter::{FCHMODAT2, modes_and_times};
use crate::sandbox::supervisor::watch;
use crate::sandbox::trial::{self, Notes, call};

const EPERM: i64 = -libc::EPERM as i64;
const EMPTY: i32 = libc::AT_EMPTY_PATH;
const NOFOLLOW: i32 = libc::AT_SYMLINK_NOFOLLOW;
/// A time of ours, and one that no clock of today shows.
const TIMES: [libc::timespec; 2] =
    [libc::timespec { tv_sec: 1000, tv_nsec: 1 }, libc::timespec { tv_sec: 2000, tv_nsec: 2 }];

/// A folder with a part that may be written (`in`) and one that may not (`out`).
struct Place(PathBuf);

impl Place {
    fn new() -> Place {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let name = format!("runlet-metadata-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().canonicalize().unwrap().join(name);
        let _ = fs::remove_dir_all(&folder);
        for part in ["in", "out"] {
            let part = folder.join(part);
            fs::create_dir_all(part.join("folder")).unwrap();
            for name in ["file", "folder/file"] {
                fs::write(part.join(name), "x").unwrap();
                fs::set_permissions(part.join(name), fs::Permissions::from_mode(0o600)).unwrap();
            }
            symlink("file", part.join("link")).unwrap();
            symlink("circle", part.join("circle")).unwrap();
        }
        symlink("../out/file", folder.join("in/out-file")).unwrap();
        symlink("../out", folder.join("in/out")).unwrap();
        symlink("../in/file", folder.join("out/in-file")).unwrap();
        Place(folder)
    }

    /// Mode and times of all files: times of today are one.
    fn state(&self, part: &str) -> Vec<(String, u32, i64, i64)> {
        let names = ["", "file", "link", "folder", "folder/file"];
        let path = |name: &str| self.0.join(part).join(name);
        let state = |name: &str| {
            let stat = fs::symlink_metadata(path(name)).unwrap();
            let of_today = |time: i64| if time > 1_000_000_000 { -1 } else { time };
            (name.to_owned(), stat.mode(), of_today(stat.atime()), of_today(stat.mtime()))
        };
        names.into_iter().map(state).collect()
    }

    fn metadata(&self, denials: &Arc<Denials>) -> Metadata {
        let mut files = Files::default();
        files.grant(self.0.join("in"), Access::WRITE | Access::LIST);
        files.grant(&self.0, Access::READ | Access::LIST);
        files.grant("/dev/null", Access::WRITE);
        let flags = ["--allow-write=./in", "--deny-write=./out/folder"];
        let permissions = Arc::new(PermissionSet::from_flags(&flags).unwrap());
        Metadata::new(files, permissions, self.0.clone(), Arc::clone(denials))
    }

    /// Lets a child do it with its working folder here.
    fn run(&self, supervised: bool, body: impl FnOnce(&'static Notes)) -> (trial::Child, Denied) {
        let folder = CString::new(self.0.as_os_str().as_bytes()).unwrap();
        let numbers = if supervised { modes_and_times() } else { Vec::new() };
        let mut child = trial::fork(&numbers, move |notes| {
            // SAFETY: a system call.
            unsafe { libc::chdir(folder.as_ptr()) };
            body(notes);
        });
        let denials = Arc::new(Denials::new(Instant::now()));
        let listener = child.listener.take().unwrap();
        let watch = watch(listener, Arc::new(self.metadata(&denials))).unwrap();
        child.finish();
        drop(watch);
        (child, denials)
    }

    fn result(&self, supervised: bool, body: fn() -> i64) -> (i64, Denied) {
        let (child, denials) = self.run(supervised, move |notes| call::note(notes, 0, body()));
        (child.note(0), denials)
    }
}

type Denied = Arc<Denials>;

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a system call gave: its result or the negative of an errno.
fn done(result: libc::c_long) -> i64 {
    // SAFETY: reads the thread's own number.
    if result < 0 { -i64::from(unsafe { *libc::__errno_location() }) } else { result }
}

macro_rules! call {
    ($number:expr $(, $argument:expr)*) => {
        // SAFETY: the arguments are numbers, or point to values that live until it returns.
        done(unsafe { libc::syscall($number $(, $argument)*) })
    };
}

// Below the macro, which they use.
mod escapes;
mod races;

fn open(path: &CStr, flags: i32) -> i32 {
    // SAFETY: opens a path.
    unsafe { libc::open(path.as_ptr(), flags) }
}

fn chmod(path: &CStr, mode: u32) -> i64 {
    call!(libc::SYS_fchmodat, libc::AT_FDCWD, path.as_ptr(), mode)
}

fn chmod_at(base: i32, path: &CStr, mode: u32, flags: i32) -> i64 {
    call!(FCHMODAT2, base, path.as_ptr(), mode, flags)
}

fn utimes_at(base: i32, path: &CStr, times: &[libc::timespec; 2], flags: i32) -> i64 {
    call!(libc::SYS_utimensat, base, path.as_ptr(), times.as_ptr(), flags)
}

const fn nanoseconds(first: i64, second: i64) -> [libc::timespec; 2] {
    [libc::timespec { tv_sec: 5, tv_nsec: first }, libc::timespec { tv_sec: 6, tv_nsec: second }]
}

type Row = (&'static str, fn() -> i64);

const HERE: i32 = libc::AT_FDCWD;
const NULL: *const libc::c_void = std::ptr::null();

const ROWS: &[Row] = &[
    ("fchmod", || call!(libc::SYS_fchmod, open(c"in/file", libc::O_RDONLY), 0o640)),
    ("fchmod of a folder", || call!(libc::SYS_fchmod, open(c"in/folder", libc::O_RDONLY), 0o750)),
    ("fchmod of a name", || call!(libc::SYS_fchmod, open(c"in/file", libc::O_PATH), 0o640)),
    ("fchmod of nothing", || call!(libc::SYS_fchmod, 77, 0o640)),
    ("fchmod below nothing", || call!(libc::SYS_fchmod, -100, 0o640)),
    ("fchmodat", || chmod(c"in/file", 0o641)),
    ("fchmodat with the sticky bit", || chmod(c"in/folder", 0o1777)),
    ("fchmodat through a link", || chmod(c"in/link", 0o642)),
    ("fchmodat back in", || chmod(c"out/in-file", 0o642)),
    ("fchmodat with dots", || chmod(c"./in/folder/../folder/./file", 0o642)),
    ("fchmodat of nothing", || chmod(c"in/none", 0o642)),
    ("fchmodat of an empty path", || chmod(c"", 0o642)),
    ("fchmodat below a file", || chmod(c"in/file/x", 0o642)),
    ("fchmodat of a file with a slash", || chmod(c"in/file/", 0o642)),
    ("fchmodat in a circle", || chmod(c"in/circle", 0o642)),
    ("fchmodat without a path", || call!(libc::SYS_fchmodat, HERE, NULL, 0o600)),
    ("fchmodat at no base", || call!(libc::SYS_fchmodat, 77, c"file".as_ptr(), 0o600)),
    ("fchmodat at a base", || {
        call!(libc::SYS_fchmodat, open(c"in", libc::O_PATH), c"file".as_ptr(), 0o643)
    }),
    ("fchmodat at a base that is no folder", || {
        call!(libc::SYS_fchmodat, open(c"in/file", libc::O_RDONLY), c"file".as_ptr(), 0o643)
    }),
    ("fchmodat after the folder changed", || {
        // SAFETY: a system call.
        unsafe { libc::chdir(c"in/folder".as_ptr()) };
        chmod(c"file", 0o644)
    }),
    ("fchmodat2", || chmod_at(HERE, c"in/file", 0o644, 0)),
    ("fchmodat2 of a link itself", || chmod_at(HERE, c"in/link", 0o644, NOFOLLOW)),
    ("fchmodat2 of no link", || chmod_at(HERE, c"in/file", 0o644, NOFOLLOW)),
    ("fchmodat2 of a name", || chmod_at(open(c"in/file", libc::O_PATH), c"", 0o645, EMPTY)),
    ("fchmodat2 without a flag", || chmod_at(open(c"in/file", libc::O_PATH), c"", 0o645, 0)),
    ("fchmodat2 with other flags", || chmod_at(HERE, c"in/file", 0o645, 0x10000)),
    ("utimensat", || utimes_at(HERE, c"in/file", &TIMES, 0)),
    ("utimensat of a link", || utimes_at(HERE, c"in/link", &TIMES, NOFOLLOW)),
    ("utimensat through a link", || utimes_at(HERE, c"in/link", &TIMES, 0)),
    ("utimensat of a folder", || utimes_at(HERE, c"in/folder", &TIMES, 0)),
    ("utimensat of a name", || utimes_at(open(c"in/file", libc::O_PATH), c"", &TIMES, EMPTY)),
    ("utimensat of a file", || {
        let file = open(c"in/file", libc::O_RDONLY);
        call!(libc::SYS_utimensat, file, NULL, TIMES.as_ptr(), 0)
    }),
    ("utimensat of a file, with flags", || {
        let file = open(c"in/file", libc::O_RDONLY);
        call!(libc::SYS_utimensat, file, NULL, TIMES.as_ptr(), NOFOLLOW)
    }),
    ("utimensat of the base without a path", || {
        call!(libc::SYS_utimensat, HERE, NULL, TIMES.as_ptr(), 0)
    }),
    ("utimensat to now", || call!(libc::SYS_utimensat, HERE, c"in/file".as_ptr(), NULL, 0)),
    ("utimensat of one time", || utimes_at(HERE, c"in/file", &nanoseconds(libc::UTIME_OMIT, 7), 0)),
    ("utimensat of one time to now", || {
        utimes_at(HERE, c"in/file", &nanoseconds(7, libc::UTIME_NOW), 0)
    }),
    ("utimensat of neither time", || {
        utimes_at(HERE, c"none", &nanoseconds(libc::UTIME_OMIT, libc::UTIME_OMIT), 0)
    }),
    ("utimensat of no time", || utimes_at(HERE, c"in/file", &nanoseconds(0, 1_000_000_000), 0)),
    ("utimensat with times that are not there", || {
        call!(libc::SYS_utimensat, HERE, c"in/file".as_ptr(), 8, 0)
    }),
    ("a path up to the end of what is there", || at_the_end(c"in/file", true)),
    ("a path that does not end", || at_the_end(c"in/file", false)),
    ("a path too long", || {
        let path = [b'/'; 5000];
        call!(libc::SYS_fchmodat, HERE, path.as_ptr(), 0o600)
    }),
];

#[cfg(target_arch = "x86_64")]
const ROWS_HERE: &[Row] = &[
    ("chmod", || call!(libc::SYS_chmod, c"in/file".as_ptr(), 0o646)),
    ("utime", || call!(libc::SYS_utime, c"in/file".as_ptr(), [3_i64, 4].as_ptr())),
    ("utime to now", || call!(libc::SYS_utime, c"in/file".as_ptr(), NULL)),
    ("utimes", || call!(libc::SYS_utimes, c"in/file".as_ptr(), [3_i64, 1, 4, 2].as_ptr())),
    ("utimes of no time", || {
        call!(libc::SYS_utimes, c"in/file".as_ptr(), [3_i64, 1_000_000, 4, 2].as_ptr())
    }),
    ("futimesat", || {
        let base = open(c"in", libc::O_RDONLY);
        call!(libc::SYS_futimesat, base, c"file".as_ptr(), [3_i64, 1, 4, 2].as_ptr())
    }),
    ("futimesat of a file", || {
        let file = open(c"in/file", libc::O_RDONLY);
        call!(libc::SYS_futimesat, file, NULL, [3_i64, 1, 4, 2].as_ptr())
    }),
];
#[cfg(target_arch = "aarch64")]
const ROWS_HERE: &[Row] = &[];

/// A path whose last byte is the last that there is, with or without its end.
fn at_the_end(path: &CStr, ends: bool) -> i64 {
    let bytes = if ends { path.to_bytes_with_nul() } else { path.to_bytes() };
    let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let access = libc::PROT_READ | libc::PROT_WRITE;
    let page = 0x10000;
    // SAFETY: two new mappings in a row, of which the second is taken away; the path fits into the first.
    unsafe {
        let pages = libc::mmap(std::ptr::null_mut(), 2 * page, access, kind, -1, 0).cast::<u8>();
        libc::munmap(pages.add(page).cast(), page);
        let start = pages.add(page - bytes.len());
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), start, bytes.len());
        done(libc::syscall(libc::SYS_fchmodat, HERE, start, 0o601))
    }
}

#[test]
fn what_may_be_written_is_set_as_the_kernel_would() {
    let mut changed = 0;
    for (name, body) in ROWS.iter().chain(ROWS_HERE) {
        let (free, inside) = (Place::new(), Place::new());
        let before = free.state("in");
        let expected = free.result(false, *body).0;
        let (given, denials) = inside.result(true, *body);
        assert_eq!(given, expected, "{name}");
        assert_eq!(inside.state("in"), free.state("in"), "{name}");
        assert_eq!(denials.list().0, [], "{name}");
        changed += usize::from(free.state("in") != before);
    }
    assert!(changed > 20, "only {changed} rows change anything");
}

#[test]
fn every_call_that_is_handed_over_is_known() {
    let place = Place::new();
    for number in modes_and_times() {
        // Of another kind, a call would be answered with EACCES.
        let (child, _) = place.run(true, move |notes| {
            call::note(notes, 0, call!(number, -1, 8, 8, 8));
        });
        let known = [-libc::EBADF, -libc::EFAULT, -libc::EINVAL].map(i64::from);
        assert!(known.contains(&child.note(0)), "{number}: {}", child.note(0));
    }
}

#[test]
fn nobodys_rights_are_lent() {
    for (name, mode) in [("in/file", 0o6755), ("in/folder", 0o3777)] {
        let (free, inside) = (Place::new(), Place::new());
        let path = CString::new(name).unwrap();
        for (place, supervised, expected) in [(free, false, mode), (inside, true, mode & 0o1777)] {
            let path = path.clone();
            let (child, _) =
                place.run(supervised, move |notes| call::note(notes, 0, chmod(&path, mode)));
            assert_eq!(child.note(0), 0);
            let found = fs::metadata(place.0.join(name)).unwrap().mode() & 0o7777;
            assert_eq!(found, expected, "{name}");
        }
    }
}
