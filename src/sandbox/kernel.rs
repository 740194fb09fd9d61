//! What the kernel of this machine offers.

use std::sync::LazyLock;

/// Facts of the running kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kernel {
    /// Version of Landlock's interface; 0 without it.
    pub landlock: i32,
    /// System calls can be filtered, and a filter can ask a supervisor.
    pub notify: bool,
}

const CREATE_RULESET_VERSION: u32 = 1;

static KERNEL: LazyLock<Kernel> =
    LazyLock::new(|| Kernel { landlock: landlock_abi(), notify: can_notify() });

impl Kernel {
    /// Asked of the kernel once.
    pub(crate) fn current() -> Kernel {
        *KERNEL
    }

    /// What is missing of that without which nothing is kept.
    pub(crate) fn lacks(self) -> Option<&'static str> {
        match (self.landlock > 0, self.notify) {
            (true, true) => None,
            (false, true) => Some("this kernel offers no Landlock"),
            (true, false) => Some("this kernel offers no seccomp filters with a supervisor"),
            (false, false) => {
                Some("this kernel offers neither Landlock nor seccomp filters with a supervisor")
            }
        }
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
