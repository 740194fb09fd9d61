//! What every program needs of macOS: files, facts of the kernel and services.

use std::path::Path;

use crate::sandbox::files::{Access, Files, resolved};

/// Libraries, the loader's cache and what the C library reads at a start.
const LIBRARIES: [&str; 8] = [
    "/usr/lib",
    "/System/Library",
    "/System/Cryptexes",
    "/System/Volumes/Preboot/Cryptexes",
    "/Library/Apple/System/Library",
    "/Library/Apple/usr/lib",
    "/private/var/db/dyld",
    "/private/var/db/timezone",
];
const FILES: [&str; 6] = [
    "/usr/share/icu",
    "/usr/share/locale",
    "/usr/share/zoneinfo",
    "/usr/share/zoneinfo.default",
    "/private/etc/localtime",
    "/private/etc/ssl/openssl.cnf",
];
/// How names and certificates are found.
const NETWORK: [&str; 5] = [
    "/private/etc/hosts",
    "/private/etc/protocols",
    "/private/etc/services",
    "/private/etc/ssl",
    "/private/var/run/resolv.conf",
];
const DEVICES: [&str; 3] = ["/dev/zero", "/dev/random", "/dev/urandom"];
/// Where Homebrew puts the libraries of the programs that it installs, and their settings.
const HOMEBREW: [&str; 2] = ["/opt/homebrew", "/usr/local"];
const OF_HOMEBREW: [&str; 5] = ["Cellar", "opt", "lib", "etc/openssl@3", "share/icu"];

/// Facts that runtimes ask the kernel for: of the machine, none of other processes.
pub(super) const SYSCTLS: [&str; 26] = [
    "kern.argmax",
    "kern.bootargs",
    "kern.boottime",
    "kern.clockrate",
    "kern.hostname",
    "kern.iossupportversion",
    "kern.maxfilesperproc",
    "kern.ngroups",
    "kern.osproductversion",
    "kern.osrelease",
    "kern.ostype",
    "kern.osvariant_status",
    "kern.osversion",
    "kern.secure_kernel",
    "kern.tcsm_available",
    "kern.tcsm_enable",
    "kern.usrstack64",
    "kern.version",
    "kern.willshutdown",
    "security.mac.lockdown_mode_state",
    "sysctl.name2oid",
    "sysctl.proc_cputype",
    "sysctl.proc_native",
    "sysctl.proc_translated",
    "vm.loadavg",
    "vm.malloc_ranges",
];
/// As [`SYSCTLS`], all that begin so.
pub(super) const SYSCTL_BEGINNINGS: [&str; 2] = ["hw.", "machdep.cpu."];
/// Services: the list of users, notes that settings changed, and the log.
pub(super) const SERVICES: [&str; 4] = [
    "com.apple.logd",
    "com.apple.system.logger",
    "com.apple.system.notification_center",
    "com.apple.system.opendirectoryd.libinfo",
];
/// As [`SERVICES`], for a process that looks names up itself.
pub(super) const NAME_SERVICES: [&str; 2] =
    ["com.apple.SystemConfiguration.DNSConfiguration", "com.apple.SystemConfiguration.configd"];
/// Where the system's resolver listens.
pub(super) const RESOLVER: &str = "/private/var/run/mDNSResponder";
/// Where programs lie that may be run when any may.
const PROGRAMS: [&str; 7] = [
    "/bin",
    "/sbin",
    "/usr/bin",
    "/usr/sbin",
    "/usr/libexec",
    "/usr/local/bin",
    "/opt/homebrew/bin",
];

fn grant(files: &mut Files, paths: &[&str], access: Access) {
    for path in paths {
        files.grant(*path, access);
    }
}

/// What no program starts without, whatever is denied. Paths that are not there do no harm.
pub(super) fn needed(binary: &Path) -> Files {
    let mut files = Files::default();
    let binary = resolved(binary);
    for root in HOMEBREW.map(Path::new).iter().filter(|root| binary.starts_with(root)) {
        for folder in OF_HOMEBREW {
            files.grant(root.join(folder), Access::READ | Access::LIST);
        }
    }
    files.grant(binary, Access::READ | Access::EXECUTE);
    grant(&mut files, &LIBRARIES, Access::READ | Access::LIST);
    grant(&mut files, &DEVICES, Access::READ);
    grant(&mut files, &["/dev/null"], Access::READ | Access::WRITE);
    files
}

/// What programs read and can do without.
pub(super) fn usual(network: bool) -> Files {
    let mut files = Files::default();
    grant(&mut files, &FILES, Access::READ | Access::LIST);
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
