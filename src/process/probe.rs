//! What this system lets a process be confined with: tried once, when it is first asked for.
//!
//! Version numbers say what a kernel knows, not what a container lets through. So a process is made and
//! confined as real ones are ([`confine`], a [`Seal`]), and tries what it should be refused and what a
//! supervisor must be able to do for it. What was not seen to work is not claimed.
//!
//! The process runs no program. It is made in the host's memory, as children are before their program
//! ([`launch`](super::launch)), makes a dozen system calls, and ends: under a millisecond, where a copy of
//! a large host or the start of a runtime would take tens. All that is tried is the kernel's answer to a
//! process of its own, with its own descriptors, credentials, filter and domain. The one thing that the
//! shared memory makes easier, the reading of that memory, is shown by the same check on another file
//! (see [`Proof`]).

use std::ffi::{c_int, c_void};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::ptr::null_mut;
use std::sync::mpsc::channel;
use std::thread::Builder;
use std::time::Duration;

use parking_lot::Mutex;

use super::launch::{LaunchError, Stack, clone, confine};
use super::seal::{Seal, Sealing};
use crate::sandbox::{Flaw, Kernel, Proof};

/// Only a machine that stands still takes that long.
const PATIENCE: Duration = Duration::from_secs(10);
const PATIENCE_MS: c_int = 10_000;
/// Not an answer of the kernel's.
const UNTRIED: c_int = -1;

static KNOWN: Mutex<Option<Kernel>> = Mutex::new(None);

/// What this system offers, as far as a trial has shown it.
pub(crate) fn kernel() -> Kernel {
    let mut known = KNOWN.lock();
    if let Some(kernel) = *known {
        return kernel;
    }
    let offered = Kernel::offered();
    let tried = if offered.lacks().is_none() { attempt(offered) } else { Ok(offered) };
    match tried {
        Ok(kernel) => *known.insert(kernel),
        Err(error) => {
            let flaw = Some(Flaw::Refused { stage: error.stage, errno: error.errno });
            let kernel = Kernel { flaw, ..offered };
            // What was lacking for the moment says nothing about the next time.
            if error.is_transient() { kernel } else { *known.insert(kernel) }
        }
    }
}

/// All that the trial's child reads and writes.
struct Trial {
    sealing: Sealing,
    host: libc::pid_t,
    /// The step of confining that was refused.
    failed: Option<LaunchError>,
    /// Opening a file that is not granted, before and after: 0 or a number of `errno`.
    files: [c_int; 2],
    /// Asking whether the host could be signalled.
    signals: [c_int; 2],
    /// The option of its last socket, which the supervisor sets.
    mark: c_int,
}

// SAFETY: the pointers in `sealing` lead to values of a seal that outlives the thread.
unsafe impl Send for Trial {}

fn attempt(offered: Kernel) -> Result<Kernel, LaunchError> {
    let mut seal = Seal::of(Proof::policy(), offered)?;
    let mut trial = Trial {
        sealing: seal.sealing(),
        host: std::process::id().cast_signed(),
        failed: None,
        files: [UNTRIED; 2],
        signals: [UNTRIED; 2],
        mark: UNTRIED,
    };
    let last = |stage| move |_| LaunchError::last(stage);
    let ours = seal.ends().0.try_clone_to_owned().map_err(last("fcntl"))?;
    let theirs = seal.ends().1.try_clone_to_owned().map_err(last("fcntl"))?;
    let (tell, told) = channel();
    let (proof, kept) = std::thread::scope(|scope| {
        let trial = &mut trial;
        let child = Builder::new().name("runlet-trial".to_owned()).spawn_scoped(scope, move || {
            let made = run(trial);
            // If nothing was handed over, nothing will be.
            // SAFETY: a system call on a descriptor that is held.
            unsafe { libc::shutdown(theirs.as_raw_fd(), libc::SHUT_RDWR) };
            let _ = tell.send(());
            made
        });
        let child = child.map_err(last("starting a thread"))?;
        let taken = wait_for(ours.as_fd()).and_then(|()| seal.taken()).and_then(|mut kept| {
            let nothing = LaunchError { stage: "seccomp", errno: libc::ENOSYS };
            let listener = kept.listener.take().ok_or(nothing)?;
            Ok((Proof::begin(listener).map_err(last("supervision"))?, kept))
        });
        let in_time = taken.is_ok() && told.recv_timeout(PATIENCE).is_ok();
        // Without a listener none of its calls waits for an answer, so it ends.
        let taken = if in_time { taken } else { taken.and(Err(TIMED_OUT)) };
        let made = child.join().unwrap_or(Err(TIMED_OUT));
        // Why it failed explains why nothing came.
        made.and(taken)
    })
    .map_err(|error| trial.failed.unwrap_or(error))?;
    if let Some(failed) = trial.failed {
        return Err(failed);
    }
    drop(kept);
    let sockets = proof.sockets(trial.mark);
    let reads_memory = proof.reads_memory();
    Ok(Kernel { reads_memory, sockets, flaw: trial.flaw(), ..offered })
}

const TIMED_OUT: LaunchError = LaunchError { stage: "a trial", errno: libc::EAGAIN };

/// Until there is something to be taken, or nobody left who could hand it over.
fn wait_for(ours: BorrowedFd<'_>) -> Result<(), LaunchError> {
    let mut wait = libc::pollfd { fd: ours.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: waits for one descriptor that is held.
    match unsafe { libc::poll(&raw mut wait, 1, PATIENCE_MS) } {
        1 => Ok(()),
        0 => Err(TIMED_OUT),
        _ => Err(LaunchError::last("poll")),
    }
}

fn run(trial: &mut Trial) -> Result<(), LaunchError> {
    let mut stack = Stack::new()?;
    // SAFETY: `child` reads what `trial` points to and writes to it alone; the seal outlives this thread.
    let (pid, _pidfd): (_, OwnedFd) =
        unsafe { clone(child, &mut stack, std::ptr::from_mut(trial).cast()) }?;
    // SAFETY: our own child, which has ended.
    unsafe { libc::waitpid(pid, null_mut(), 0) };
    Ok(())
}

impl Trial {
    fn flaw(&self) -> Option<Flaw> {
        if self.files[0] != 0 || self.signals[0] != 0 {
            return Some(Flaw::Untried);
        }
        if self.files[1] != libc::EACCES {
            return Some(Flaw::Files);
        }
        (self.signals[1] != libc::EPERM).then_some(Flaw::Signals)
    }
}

/// The child's half. Only system calls, as at the top of `launch`.
extern "C" fn child(trial: *mut c_void) -> c_int {
    // SAFETY: `run` passes its trial and stands still; the steps only call the system.
    unsafe {
        let trial = &mut *trial.cast::<Trial>();
        trial.files[0] = open_root();
        trial.signals[0] = outcome(libc::syscall(libc::SYS_kill, trial.host, 0));
        let own = socket();
        if let Some(stage) = confine(trial.host, Some(&trial.sealing)) {
            trial.failed = Some(LaunchError { stage, errno: *libc::__errno_location() });
            libc::_exit(1);
        }
        trial.files[1] = open_root();
        trial.signals[1] = outcome(libc::syscall(libc::SYS_kill, trial.host, 0));
        for way in Proof::WAYS {
            trial.mark = connect(if way.socket_is_made_for_it { socket() } else { own }, way.port);
            if trial.mark == way.mark {
                break;
            }
        }
        libc::_exit(0)
    }
}

unsafe fn outcome(answer: libc::c_long) -> c_int {
    // SAFETY: reads the thread's own number of an error.
    if answer < 0 { unsafe { *libc::__errno_location() } } else { 0 }
}

/// A folder that everybody may list and no rule of the trial grants.
unsafe fn open_root() -> c_int {
    let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC;
    // SAFETY: as `child`.
    unsafe {
        let opened = libc::syscall(libc::SYS_openat, libc::AT_FDCWD, c"/".as_ptr(), flags, 0);
        if opened >= 0 {
            libc::syscall(libc::SYS_close, opened);
        }
        outcome(opened)
    }
}

unsafe fn socket() -> c_int {
    // SAFETY: as `child`.
    let made = unsafe { libc::syscall(libc::SYS_socket, libc::AF_INET, libc::SOCK_STREAM, 0) };
    c_int::try_from(made).unwrap_or(-1)
}

/// What the supervisor did to the socket, if the call was answered.
unsafe fn connect(socket: c_int, port: u16) -> c_int {
    let mut value: c_int = UNTRIED;
    let mut length: libc::socklen_t = 4;
    // SAFETY: as `child`; plain data, an address of our own and one number that the kernel writes.
    unsafe {
        let mut address: libc::sockaddr_in = std::mem::zeroed();
        address.sin_family = libc::sa_family_t::try_from(libc::AF_INET).unwrap_or(0);
        address.sin_port = port.to_be();
        address.sin_addr.s_addr = libc::INADDR_LOOPBACK.to_be();
        let bytes = size_of::<libc::sockaddr_in>();
        if libc::syscall(libc::SYS_connect, socket, &raw const address, bytes) != 0 {
            return UNTRIED;
        }
        libc::getsockopt(
            socket,
            libc::IPPROTO_TCP,
            libc::TCP_KEEPIDLE,
            (&raw mut value).cast(),
            &raw mut length,
        );
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever refuses duplicates here, the other ways are there: they take what every supervisor has.
    #[test]
    fn a_trial_on_this_machine_shows_what_works() {
        let offered = Kernel::offered();
        if let Some(lacking) = offered.lacks() {
            eprintln!("left out: {lacking}");
            return;
        }
        let kernel = attempt(offered).unwrap();
        assert_eq!((kernel.flaw, kernel.reads_memory), (None, true));
        assert!(kernel.sockets.is_some());
        assert_eq!(super::kernel(), kernel);
    }

    #[test]
    fn what_was_not_refused_is_a_flaw() {
        let (done, denied, refused) = (0, libc::EACCES, libc::EPERM);
        for (files, signals, flaw) in [
            ([done, denied], [done, refused], None),
            ([done, done], [done, refused], Some(Flaw::Files)),
            ([done, refused], [done, refused], Some(Flaw::Files)),
            ([done, denied], [done, done], Some(Flaw::Signals)),
            // Refused to whom nothing was refused before: that shows nothing of the confinement.
            ([denied, denied], [done, refused], Some(Flaw::Untried)),
            ([done, denied], [refused, refused], Some(Flaw::Untried)),
            ([UNTRIED; 2], [UNTRIED; 2], Some(Flaw::Untried)),
        ] {
            let mut seal = Seal::of(Proof::policy(), Kernel::offered()).unwrap();
            let sealing = seal.sealing();
            let trial = Trial { sealing, host: 1, failed: None, files, signals, mark: UNTRIED };
            assert_eq!(trial.flaw(), flaw, "{files:?} {signals:?}");
        }
    }
}
