//! What this machine offers to confine a process with.

use std::fmt;

use super::connect::SocketAccess;

/// Facts of the running system: what its kernel says of itself ([`Kernel::offered`]), and what a trial
/// showed of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kernel {
    /// Version of Landlock's interface; 0 without it.
    pub landlock: i32,
    /// System calls can be filtered, and a filter can ask a supervisor.
    pub notify: bool,
    /// The supervisor can read what its children's calls point to.
    pub reads_memory: bool,
    /// How the supervisor comes by the sockets of its children; `None` where it does not.
    pub sockets: Option<SocketAccess>,
    /// What went wrong, if a process that was confined for a trial was not, or not as it should be.
    pub flaw: Option<Flaw>,
}

/// Why a trial showed that nothing can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// This step of confining was refused.
    Refused {
        /// What was tried, such as `seccomp`.
        stage: &'static str,
        /// The system's reason.
        errno: i32,
    },
    /// A file could be opened that was not granted.
    Files,
    /// A process outside could be signalled.
    Signals,
    /// There was nothing outside that could be tried.
    Untried,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::Refused { stage, errno } => {
                write!(f, "{stage}: {}", std::io::Error::from_raw_os_error(*errno))
            }
            Flaw::Files => f.write_str("a process could open a file that it was refused"),
            Flaw::Signals => f.write_str("a process could signal another that it was kept from"),
            Flaw::Untried => f.write_str("the trial had nothing to be refused"),
        }
    }
}

const CREATE_RULESET_VERSION: u32 = 1;

impl Kernel {
    /// What the kernel says that it knows; nothing of it was tried.
    pub(crate) fn offered() -> Kernel {
        Kernel {
            landlock: landlock_abi(),
            notify: can_notify(),
            reads_memory: false,
            sockets: None,
            flaw: None,
        }
    }

    /// What is missing of that without which nothing is kept.
    pub(crate) fn lacks(self) -> Option<String> {
        let lacking = match (self.landlock > 0, self.notify, self.flaw) {
            (true, true, None) => return None,
            (true, true, Some(flaw)) => {
                return Some(format!("this system offers nothing that stood a trial ({flaw})"));
            }
            (false, true, _) => "this kernel offers no Landlock",
            (true, false, _) => "this kernel offers no seccomp filters with a supervisor",
            (false, false, _) => {
                "this kernel offers neither Landlock nor seccomp filters with a supervisor"
            }
        };
        Some(lacking.to_owned())
    }

    /// Landlock keeps signals inside, and abstract sockets.
    pub(crate) fn scopes(self) -> bool {
        self.landlock >= 6
    }
}

fn landlock_abi() -> i32 {
    // SAFETY: with this flag the call takes no structure and only answers a number.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::null::<u8>(),
            0_usize,
            CREATE_RULESET_VERSION,
        )
    };
    i32::try_from(answer).unwrap_or(0).max(0)
}

fn can_notify() -> bool {
    let action = libc::SECCOMP_RET_USER_NOTIF;
    // SAFETY: asks whether the kernel knows an action; reads one number of ours.
    let answer = unsafe {
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_ACTION_AVAIL, 0, &raw const action)
    };
    answer == 0
}
