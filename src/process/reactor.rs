//! The one thread on which all waiting for child processes is done.

use std::future::{Future, pending};
use std::sync::LazyLock;

use tokio::runtime::{Builder, Handle};

static REACTOR: LazyLock<Option<Handle>> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_io().enable_time().build().ok()?;
    let handle = runtime.handle().clone();
    let thread = std::thread::Builder::new().name("runlet-process".to_owned());
    thread.spawn(move || runtime.block_on(pending::<()>())).ok()?;
    Some(handle)
});

/// Runs a task there. False when the thread could not be started.
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) -> bool {
    REACTOR.as_ref().is_some_and(|handle| {
        handle.spawn(task);
        true
    })
}
