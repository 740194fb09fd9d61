//! How this process gives up, for ever, all it does not need, before the first script.
//!
//! What is left on Linux: the workspace by its open descriptor, the two pipes to the host, memory up to a
//! limit, threads of its own. Landlock refuses every path that does not lie in the workspace, a filter of
//! system calls refuses programs, connections and processes, and both are each enough for what they are
//! there for. Elsewhere there are only the limits, and what the code does by itself: it names files by the
//! descriptor alone and starts nothing.

#![expect(unsafe_code, reason = "system calls on the process itself, each with its reason")]

#[cfg(target_os = "linux")]
mod filter;

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use rustix::process::{Resource, Rlimit, setrlimit};

const WORKSPACE: RawFd = 3;

/// What is left.
#[derive(Debug)]
pub(crate) struct Locked {
    pub(crate) workspace: Option<OwnedFd>,
    /// What the kernel holds it to, by name.
    pub(crate) enforced: Vec<&'static str>,
}

/// Gives everything up. `host` is who started it, and ends it by ending; `memory` is in bytes.
pub(crate) fn lock(host: i32, memory: u64) -> io::Result<Locked> {
    for (resource, most) in [(Resource::As, memory), (Resource::Core, 0), (Resource::Nofile, 1024)]
    {
        limit(resource, most)?;
    }
    let mut enforced = vec!["memory"];
    #[cfg(target_os = "linux")]
    linux::close_behind(WORKSPACE);
    let workspace = held();
    #[cfg(target_os = "linux")]
    linux::give_up(host, workspace.as_ref(), &mut enforced)?;
    #[cfg(not(target_os = "linux"))]
    let _ = (host, &mut enforced);
    Ok(Locked { workspace, enforced })
}

/// Ends the process at once, without waiting for what its threads do.
pub(crate) fn leave() -> ! {
    // SAFETY: does not return, and runs nothing of this process on its way.
    unsafe { libc::_exit(0) }
}

/// The descriptor that the host gave, if it gave a directory.
fn held() -> Option<OwnedFd> {
    // SAFETY: this process has just begun, and nothing in it has opened or knows this number.
    let given = unsafe { OwnedFd::from_raw_fd(WORKSPACE) };
    match rustix::fs::fstat(&given) {
        #[allow(
            clippy::allow_attributes,
            clippy::useless_conversion,
            reason = "the width of the field differs between systems"
        )]
        Ok(facts)
            if rustix::fs::FileType::from_raw_mode(facts.st_mode.into())
                == rustix::fs::FileType::Directory =>
        {
            Some(given)
        }
        Ok(_) => None,
        Err(_) => {
            // Not open: there is nothing to close either.
            std::mem::forget(given);
            None
        }
    }
}

fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let now = rustix::process::getrlimit(resource);
    let lower = |bound: Option<u64>| Some(bound.map_or(most, |bound| bound.min(most)));
    let limit = Rlimit { current: lower(now.maximum), maximum: lower(now.maximum) };
    Ok(setrlimit(resource, limit)?)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{self, Write as _};
    use std::os::fd::{AsFd, OwnedFd, RawFd};

    use landlock::{
        ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, Ruleset,
        RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope,
    };

    /// The newest set of rules that this knows; older kernels get what they have of it.
    const KNOWN: ABI = ABI::V6;

    pub(super) fn close_behind(last: RawFd) {
        const LAST: libc::c_uint = libc::c_uint::MAX;
        let from = last.cast_unsigned() + 1;
        // SAFETY: closes descriptors that nothing in this process uses: it has just begun.
        let closed = unsafe { libc::syscall(libc::SYS_close_range, from, LAST, 0) };
        if closed == 0 {
            return;
        }
        // Kernels before 5.9.
        for fd in last + 1..1024 {
            // SAFETY: as above.
            unsafe { libc::close(fd) };
        }
    }

    pub(super) fn give_up(
        host: i32,
        workspace: Option<&OwnedFd>,
        enforced: &mut Vec<&'static str>,
    ) -> io::Result<()> {
        prefer_to_the_host();
        tie_to(host)?;
        drop_capabilities();
        if leave_the_file_system(workspace)? {
            enforced.push("landlock");
        }
        super::filter::install()?;
        enforced.push("seccomp");
        Ok(())
    }

    /// Of two processes the kernel must end one, it should be this.
    fn prefer_to_the_host() {
        #[expect(clippy::disallowed_methods, reason = "a file of the kernel's about this process")]
        let opened = std::fs::OpenOptions::new().write(true).open("/proc/self/oom_score_adj");
        if let Ok(mut file) = opened {
            // A kernel that has no such file has other ways.
            let _ = file.write_all(b"1000");
        }
    }

    fn tie_to(host: i32) -> io::Result<()> {
        // SAFETY: all of these change what the calling process may do, and touch no memory of it.
        unsafe {
            check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL))?;
            // The host may have ended before the line above.
            if libc::getppid() != host {
                return Err(io::Error::other("the host has ended"));
            }
            check(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))?;
            // Nobody of the same user may look into it, or be handed its memory as a core.
            check(libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0))
        }
    }

    fn check(answer: libc::c_int) -> io::Result<()> {
        if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Of root's powers only those over files stay, which a host that is root has over the workspace.
    fn drop_capabilities() {
        #[repr(C)]
        struct Header {
            version: u32,
            pid: libc::c_int,
        }
        #[repr(C)]
        struct Half {
            effective: u32,
            permitted: u32,
            inheritable: u32,
        }
        const OVER_FILES: u32 = 1 << 1 | 1 << 3;
        let header = Header { version: 0x2008_0522, pid: 0 };
        let mut held = [const { Half { effective: 0, permitted: 0, inheritable: 0 } }; 2];
        // SAFETY: both values are of our own and of the size that the version says.
        unsafe {
            if libc::syscall(libc::SYS_capget, &raw const header, held.as_mut_ptr()) != 0 {
                return;
            }
            let kept = held[0].permitted & OVER_FILES;
            let set = [
                Half { effective: kept, permitted: kept, inheritable: 0 },
                Half { effective: 0, permitted: 0, inheritable: 0 },
            ];
            libc::syscall(libc::SYS_capset, &raw const header, set.as_ptr());
        }
    }

    /// Refuses all of the file system but the workspace, all connections, and signals to others. False
    /// where the kernel has no such thing.
    fn leave_the_file_system(workspace: Option<&OwnedFd>) -> io::Result<bool> {
        let refused = |error: landlock::RulesetError| io::Error::other(error.to_string());
        let mut rules = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(KNOWN))
            .and_then(|rules| rules.handle_access(AccessNet::from_all(KNOWN)))
            .and_then(|rules| rules.scope(Scope::from_all(KNOWN)))
            .and_then(Ruleset::create)
            .map_err(refused)?;
        if let Some(workspace) = workspace {
            // Neither programs, nor devices, pipes and sockets.
            let files = AccessFs::ReadFile
                | AccessFs::ReadDir
                | AccessFs::WriteFile
                | AccessFs::Truncate
                | AccessFs::RemoveFile
                | AccessFs::RemoveDir
                | AccessFs::MakeReg
                | AccessFs::MakeDir
                | AccessFs::MakeSym
                | AccessFs::Refer;
            let below = PathBeneath::new(workspace.as_fd(), files);
            rules = rules.add_rule(below).map_err(refused)?;
        }
        let status = rules.restrict_self().map_err(refused)?;
        Ok(status.ruleset != RulesetStatus::NotEnforced)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
