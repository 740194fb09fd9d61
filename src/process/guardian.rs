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

use super::command::{Command, Hold, Limits};
use super::launch::{Stack, launch};

/// `+7` is a new group, `-7` one that has ended. What `kill` says of a group that is gone must go
/// nowhere: nobody reads the guardian's stderr any more, and a signal for that would end it early.
const SCRIPT: &str = r#"groups=' '
while read -r line <&3; do
  case $line in
    +*) groups="$groups${line#+} " ;;
    -*) groups="${groups%% ${line#-} *} ${groups#* ${line#-} }" ;;
  esac
done
for group in $groups; do kill -9 "-$group" 2>/dev/null; done"#;

#[derive(Default)]
struct Guardian {
    channel: Option<OwnedFd>,
    /// 0 where there is none.
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
            self.end();
        }
        told
    }

    /// Ends one that does not listen: it is dead, or stopped, or behind. Not by closing its channel
    /// alone: that would be the host's end to it, and it would end trees that are still wanted or,
    /// much later, whatever has their numbers by then.
    fn end(&mut self) {
        if self.pid != 0 {
            // SAFETY: our own child, not reaped before: the number is still its own.
            unsafe {
                libc::kill(self.pid, libc::SIGKILL);
                libc::waitpid(self.pid, std::ptr::null_mut(), 0);
            }
            self.pid = 0;
        }
        self.channel = None;
    }

    fn start(&mut self, stack: &mut Stack) {
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
        command.hold = Hold::None;
        // Where there is no shell, leaders still end with the host; their children do not.
        if let Ok(launched) = launch(&command, stack) {
            self.pid = launched.pid;
            self.channel = Some(launched.channel);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "trees that the process room does not keep")]

    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command as Program};
    use std::time::Duration;

    use super::*;

    /// A number that no process has: one more than the kernel ever gives.
    const NOBODY: pid_t = 1 << 22;

    fn sleeper() -> Child {
        Program::new("/bin/sleep").arg("1000").process_group(0).spawn().unwrap()
    }

    fn ends(child: &mut Child) -> bool {
        let ended = (0..200).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            child.try_wait().unwrap().is_some()
        });
        child.kill().unwrap();
        child.wait().unwrap();
        ended
    }

    fn guardian_of(groups: &[pid_t]) -> Guardian {
        let mut guardian = Guardian::default();
        guardian.start(&mut Stack::new().unwrap());
        for group in groups {
            assert!(guardian.tell(&format!("+{group}\n")));
        }
        guardian
    }

    /// Closes the channel, as the kernel does for a host that is gone.
    fn host_ends(guardian: &mut Guardian) {
        guardian.channel = None;
    }

    #[test]
    fn a_group_that_is_gone_does_not_save_the_others() {
        let mut child = sleeper();
        let mut guardian = guardian_of(&[NOBODY, child.id().cast_signed()]);
        host_ends(&mut guardian);
        assert!(ends(&mut child));
        guardian.end();
    }

    #[test]
    fn one_that_is_behind_ends_no_tree_of_a_host_that_lives() {
        let mut child = sleeper();
        let mut guardian = guardian_of(&[child.id().cast_signed()]);
        let pid = guardian.pid;
        // SAFETY: a child of this test's own.
        unsafe { libc::kill(pid, libc::SIGSTOP) };
        let heard = (0..100_000).take_while(|_| guardian.tell(&format!("-{NOBODY}\n"))).count();
        assert!(heard < 100_000);
        // SAFETY: as above; nothing happens to a process that is gone.
        unsafe { libc::kill(pid, libc::SIGCONT) };
        assert!(!ends(&mut child));
    }
}
