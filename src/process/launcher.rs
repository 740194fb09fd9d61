//! The thread that launches: children end with the thread that made them, so this one never ends.

use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, Sender, channel};

use tokio::sync::oneshot;

use super::command::Command;
use super::guardian;
use super::launch::{LaunchError, Launched, Stack, launch};

type Answer = Result<Launched, LaunchError>;
type Order = (Command, oneshot::Sender<Answer>);

static LAUNCHER: LazyLock<Option<Sender<Order>>> = LazyLock::new(|| {
    let (orders, taken) = channel();
    let thread = std::thread::Builder::new().name("runlet-launch".to_owned());
    thread.spawn(move || work(&taken)).ok().map(|_| orders)
});

const NO_THREAD: LaunchError = LaunchError { stage: "starting a thread", errno: libc::EAGAIN };

/// Starts the thread, if it is not there.
pub(super) fn start() {
    LazyLock::force(&LAUNCHER);
}

/// Launches on the launcher's thread.
pub(super) async fn order(command: Command) -> Answer {
    let (give, answer) = oneshot::channel();
    let launcher = LAUNCHER.as_ref().ok_or(NO_THREAD)?;
    launcher.send((command, give)).map_err(|_| NO_THREAD)?;
    answer.await.map_err(|_| NO_THREAD)?
}

fn work(orders: &Receiver<Order>) {
    let mut stack = Stack::new();
    for (command, give) in orders {
        let answer = match &mut stack {
            Ok(stack) => launch(&command, stack).inspect(|child| guardian::watch(child.pid, stack)),
            Err(error) => Err(*error),
        };
        // Nobody waits any more: the keeper that would have ended the child never came to be.
        if let Err(Ok(unwanted)) = give.send(answer) {
            super::keeper::discard(&unwanted);
        }
    }
}
