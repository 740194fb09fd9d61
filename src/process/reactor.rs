//! The one thread on which all waiting for child processes is done.

use std::future::{Future, pending};
use std::sync::LazyLock;

use super::launcher;

use tokio::runtime::{Builder, Handle};

static REACTOR: LazyLock<Option<Handle>> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_io().enable_time().build().ok()?;
    let handle = runtime.handle().clone();
    // Before this thread's priority is raised: threads and processes inherit it from their maker.
    launcher::start();
    let thread = std::thread::Builder::new().name("runlet-process".to_owned());
    thread
        .spawn(move || {
            come_first();
            hear_no_broken_pipe();
            runtime.block_on(pending::<()>());
        })
        .ok()?;
    Some(handle)
});

/// Gives this thread the highest priority it may have. It does little, but it is what ends a tree that
/// takes every processor: as one of thousands it would come too late. Only root may; for other users
/// the kernel bounds how many processes a tree has.
fn come_first() {
    const HIGHEST: libc::c_int = -20;
    // SAFETY: asks for a priority; on Linux that of the calling thread alone.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, HIGHEST) };
}

/// Of a pipe that nobody reads any more, this thread hears by an error; the signal would end a host that
/// does not ignore it.
fn hear_no_broken_pipe() {
    // SAFETY: a set of this stack's, and the mask of this thread alone, which makes no other.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGPIPE);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
    }
}

/// Runs a task there. False when the thread could not be started.
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) -> bool {
    REACTOR.as_ref().is_some_and(|handle| {
        handle.spawn(task);
        true
    })
}
