//! Who belongs to a process group, and how much memory a process holds.
//!
//! The kernel has no list of a group's members, so all processes are looked at. That is done for all
//! groups at once, and takes no more than a twentieth of a core, however many processes there are.
//! Only a machine that suddenly has many more is counted sooner: the more a tree multiplies, the longer
//! a census of it takes, and the further it would get before the next.

#![expect(clippy::disallowed_methods, reason = "the kernel's own files, by numbers of its own")]

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::time::{Duration, Instant};

use libc::pid_t;
use parking_lot::Mutex;

const AT_MOST_EVERY: Duration = Duration::from_millis(20);
/// The pause after a census, in times of what it took.
const REST: u32 = 20;
/// Tasks that the machine may gain during the pause. A few runtimes that start have fewer threads.
const GROWTH: u64 = 256;

#[derive(Default)]
struct Census {
    members: HashMap<pid_t, Vec<pid_t>>,
    pause: Option<Pause>,
}

/// Between two censuses.
struct Pause {
    shortest: Instant,
    longest: Instant,
    /// Of the whole machine, before the first of the two.
    tasks: u64,
}

impl Pause {
    fn is_over(&self, now: Instant, tasks: impl FnOnce() -> u64) -> bool {
        now >= self.longest || (now >= self.shortest && tasks() > self.tasks + GROWTH)
    }
}

static CENSUS: Mutex<Option<Census>> = Mutex::new(None);

/// The members of a group, as of a moment ago. A group made since has none.
pub(super) fn members(group: pid_t) -> Vec<pid_t> {
    let mut census = CENSUS.lock();
    let census = census.get_or_insert_default();
    if census.pause.as_ref().is_none_or(|pause| pause.is_over(Instant::now(), tasks)) {
        let tasks = tasks();
        let before = cpu_time();
        census.members = take();
        let end = Instant::now();
        // What it took of the processor: on a busy machine most of the time is not its own.
        let longest = end + AT_MOST_EVERY.max(cpu_time().saturating_sub(before) * REST);
        census.pause = Some(Pause { shortest: end + AT_MOST_EVERY, longest, tasks });
    }
    census.members.get(&group).cloned().unwrap_or_default()
}

/// The members as of the last census, however old.
pub(super) fn known_members(group: pid_t) -> Vec<pid_t> {
    let census = CENSUS.lock();
    let members = census.as_ref().and_then(|census| census.members.get(&group));
    members.cloned().unwrap_or_default()
}

/// What this thread has taken of the processor.
fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: fills a value of our own.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    let (seconds, nanoseconds) = (time.tv_sec, time.tv_nsec);
    Duration::new(seconds.try_into().unwrap_or(0), nanoseconds.try_into().unwrap_or(0))
}

/// Processes and threads of the machine, from one short line; zero where there is none.
pub(super) fn tasks() -> u64 {
    fs::read_to_string("/proc/loadavg").ok().as_deref().and_then(tasks_in).unwrap_or(0)
}

fn tasks_in(load: &str) -> Option<u64> {
    // three averages, running/all, the last process
    load.split_ascii_whitespace().nth(3)?.split_once('/')?.1.parse().ok()
}

fn take() -> HashMap<pid_t, Vec<pid_t>> {
    let mut members: HashMap<pid_t, Vec<pid_t>> = HashMap::new();
    let Ok(entries) = fs::read_dir("/proc") else { return members };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        // Without one, the process has just ended.
        if let Some(group) = read(pid, "stat", group_of).flatten() {
            members.entry(group).or_default().push(pid);
        }
    }
    members
}

/// The group in a `stat` line. The name before it may hold anything, brackets and spaces too.
fn group_of(stat: &[u8]) -> Option<pid_t> {
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(&stat[name_end + 1..]).ok()?;
    // state, parent, group
    rest.split_ascii_whitespace().nth(2)?.parse().ok()
}

/// Memory that only goes away with the process or with who shares it: anonymous pages, and shared
/// ones that no file backs. Nothing for a process that has ended.
pub(super) fn memory_of(pid: pid_t) -> u64 {
    read(pid, "status", memory_in).unwrap_or(0)
}

/// Reads a small file of a process at one go: it is made anew for each time it is opened, and asking
/// for its length or in pieces would take several times as long.
fn read<T>(pid: pid_t, name: &str, work: impl FnOnce(&[u8]) -> T) -> Option<T> {
    let mut bytes = [0; 4096];
    let length = File::open(format!("/proc/{pid}/{name}")).ok()?.read(&mut bytes).ok()?;
    Some(work(&bytes[..length]))
}

fn memory_in(status: &[u8]) -> u64 {
    let kib = |line: &[u8]| -> Option<u64> {
        let text = std::str::from_utf8(line).ok()?;
        text.split_ascii_whitespace().next()?.parse().ok()
    };
    let mut bytes = 0;
    for line in status.split(|byte| *byte == b'\n') {
        for name in [b"RssAnon:".as_slice(), b"RssShmem:"] {
            bytes += line.strip_prefix(name).and_then(kib).unwrap_or(0) * 1024;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_pass_for_another_group() {
        assert_eq!(group_of(b"7 (a) S 1 2 (b) R 5 6 7 0"), Some(6));
        assert_eq!(group_of(b"7 (sh) S 5 42 42 0 -1"), Some(42));
        assert_eq!(group_of(b"7 (sh"), None);
    }

    #[test]
    fn a_machine_that_fills_up_is_counted_sooner() {
        let now = Instant::now();
        let pause = |shortest| Pause { shortest, longest: now + AT_MOST_EVERY, tasks: 100 };
        assert!(!pause(now).is_over(now, || 100 + GROWTH));
        assert!(pause(now).is_over(now, || 101 + GROWTH));
        assert!(!pause(now + AT_MOST_EVERY).is_over(now, || 1_000_000));
        assert!(pause(now).is_over(now + AT_MOST_EVERY, || 0));
        assert_eq!(tasks_in("0.20 0.18 0.12 3/80 11206\n"), Some(80));
        assert!(tasks() > 1);
    }

    #[test]
    fn shared_memory_without_a_file_counts() {
        let status =
            b"Name:\tx\nVmRSS:\t 900 kB\nRssAnon:\t 100 kB\nRssFile:\t 700 kB\nRssShmem:\t 20 kB\n";
        assert_eq!(memory_in(status), 120 * 1024);
    }

    #[test]
    fn the_test_itself_is_counted() {
        let own = std::process::id().cast_signed();
        // SAFETY: asks for our own group.
        let group = unsafe { libc::getpgid(0) };
        assert!(members(group).contains(&own));
        assert!(memory_of(own) > 64 * 1024);
    }
}
