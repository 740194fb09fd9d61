//! Ends the trees of a host that was killed.
//!
//! The kernel ends a child when its host ends, but not what that child has started. So a host with
//! confined children has a guardian: a shell in a session of its own that is told of each group, and
//! that ends them all when the host's end of its channel closes, in whatever way the host ended.

use std::collections::BTreeSet;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use libc::pid_t;
use parking_lot::Mutex;

use super::command::{Command, Limits};
use super::launch::{Stack, launch};

/// `+7` is a new group, `-7` one that has ended.
const SCRIPT: &str = r#"groups=' '
while read -r line <&3; do
  case $line in
    +*) groups="$groups${line#+} " ;;
    -*) groups="${groups%% ${line#-} *} ${groups#* ${line#-} }" ;;
  esac
done
for group in $groups; do kill -9 "-$group"; done"#;

#[derive(Default)]
struct Guardian {
    channel: Option<OwnedFd>,
    /// For reaping one that was killed.
    pid: pid_t,
    groups: BTreeSet<pid_t>,
}

static GUARDIAN: Mutex<Guardian> =
    Mutex::new(Guardian { channel: None, pid: 0, groups: BTreeSet::new() });

/// Tells the guardian of a new group; starts one where there is none. Called on the launcher's
/// thread.
pub(super) fn watch(group: pid_t, stack: &mut Stack) {
    let mut guardian = GUARDIAN.lock();
    guardian.groups.insert(group);
    if guardian.tell(&format!("+{group}\n")) {
        return;
    }
    guardian.start(stack);
    let all: Vec<String> = guardian.groups.iter().map(|group| format!("+{group}\n")).collect();
    guardian.tell(&all.concat());
}

/// Tells it that a group has ended. Before its leader is reaped: the number may be used again then.
pub(super) fn release(group: pid_t) {
    let mut guardian = GUARDIAN.lock();
    guardian.groups.remove(&group);
    guardian.tell(&format!("-{group}\n"));
}

impl Guardian {
    fn tell(&mut self, text: &str) -> bool {
        let Some(channel) = &self.channel else { return false };
        // SAFETY: sends bytes of our own; a guardian that is gone is an error, not a signal.
        let sent = unsafe {
            libc::send(channel.as_raw_fd(), text.as_ptr().cast(), text.len(), libc::MSG_NOSIGNAL)
        };
        let told = usize::try_from(sent) == Ok(text.len());
        if !told {
            self.channel = None;
        }
        told
    }

    fn start(&mut self, stack: &mut Stack) {
        if self.pid != 0 {
            // SAFETY: our own child; it has ended or will, since its channel was closed.
            unsafe { libc::waitpid(self.pid, std::ptr::null_mut(), libc::WNOHANG) };
        }
        let limits = Limits {
            memory_bytes: None,
            data_bytes: None,
            processes: 1,
            open_files: 16,
            file_bytes: 0,
            cpu: None,
            capture_bytes: 0,
            log_bytes: 0,
        };
        let arguments = ["-c", SCRIPT, "runlet-guardian"];
        let none: [(&str, &str); 0] = [];
        let Some(mut command) =
            Command::new(Path::new("/bin/sh"), arguments, none, Path::new("/"), limits)
        else {
            return;
        };
        // It is to outlive the host, if only for a moment.
        command.confined = false;
        // Where there is no shell, leaders still end with the host; their children do not.
        if let Ok(launched) = launch(&command, stack) {
            self.pid = launched.pid;
            self.channel = Some(launched.channel);
        }
    }
}
