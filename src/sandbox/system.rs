//! What every program of this machine needs of the system's files, and nothing of the user's.

use std::path::Path;

use super::files::{Access, Files, resolved};
use super::known;

/// Libraries, and what the loader and the C library read at a start.
const LIBRARIES: [&str; 8] = [
    "/lib",
    "/lib64",
    "/lib32",
    "/libx32",
    "/usr/lib",
    "/usr/lib64",
    "/usr/lib32",
    "/usr/local/lib",
];
const FILES: [&str; 10] = [
    "/etc/ld.so.cache",
    "/etc/localtime",
    // Node does not start where this file is there and cannot be read.
    "/etc/ssl/openssl.cnf",
    "/usr/share/zoneinfo",
    "/usr/share/locale",
    "/sys/kernel/mm/transparent_hugepage",
    "/sys/fs/cgroup/cpu.max",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
];
const LISTED: [&str; 2] = ["/sys/devices/system/cpu", "/proc/sys/vm/overcommit_memory"];
const DEVICES: [&str; 3] = ["/dev/full", "/dev/urandom", "/dev/random"];
/// How names and certificates are found.
const NETWORK: [&str; 9] = [
    "/etc/resolv.conf",
    "/etc/nsswitch.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/protocols",
    "/etc/ssl",
    "/usr/share/ca-certificates",
];
/// What the kernel itself starts in front of a program.
const LOADERS: [&str; 4] = [
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-linux-aarch64.so.1",
    "/lib/ld-musl-x86_64.so.1",
    "/lib/ld-musl-aarch64.so.1",
];
/// Where programs lie that may be run when any may.
const PROGRAMS: [&str; 5] = ["/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin"];

fn grant(files: &mut Files, paths: &[&str], access: Access) {
    for known in paths.iter().filter_map(|path| known::find(Path::new(path))) {
        files.grant(&known.path, access);
    }
}

/// What no program starts without, whatever is denied.
pub(super) fn needed(binary: &Path) -> Files {
    let mut files = Files::default();
    let program = known::find(binary).map_or_else(|| resolved(binary), |known| known.path.clone());
    files.grant(program, Access::READ | Access::EXECUTE);
    grant(&mut files, &LOADERS, Access::READ | Access::EXECUTE);
    grant(&mut files, &LIBRARIES, Access::READ | Access::LIST);
    grant(&mut files, &DEVICES, Access::READ);
    grant(&mut files, &["/dev/null"], Access::READ | Access::WRITE);
    files
}

/// What programs read zeros from. Whoever maps it shares memory that is no file's.
pub(super) fn zeros() -> Files {
    let mut files = Files::default();
    grant(&mut files, &["/dev/zero"], Access::READ);
    files
}

/// What programs read and can do without.
pub(super) fn usual(network: bool) -> Files {
    let mut files = Files::default();
    grant(&mut files, &FILES, Access::READ);
    grant(&mut files, &LISTED, Access::READ | Access::LIST);
    if network {
        grant(&mut files, &NETWORK, Access::READ | Access::LIST);
    }
    files
}

/// Programs of the system.
pub(super) fn programs() -> Files {
    let mut files = Files::default();
    grant(&mut files, &PROGRAMS, Access::READ | Access::LIST | Access::EXECUTE);
    files
}

/// Everything but what the kernel makes up, folder by folder: those are no files of anybody's, and
/// through them a process reaches others.
pub(super) fn everything(access: Access) -> Files {
    const MADE_UP: [&str; 3] = ["proc", "sys", "dev"];
    let mut files = Files::default();
    let entries = std::fs::read_dir("/").into_iter().flatten().flatten();
    for entry in entries {
        let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        let made_up = MADE_UP.iter().any(|name| entry.file_name() == *name);
        let readable = !access.has(Access::WRITE) && entry.file_name() == "sys";
        if !is_link && (!made_up || readable) {
            files.grant(entry.path(), access);
        }
    }
    if access.has(Access::LIST) {
        files.grant("/", Access::LIST);
    }
    files
}
