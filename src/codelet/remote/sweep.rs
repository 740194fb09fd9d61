//! Looks after all rooms that have processes, ten times a second: what is late in them is ended.

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use super::room::Room;
use crate::process::reactor;

const TICK: Duration = Duration::from_millis(100);

/// The rooms. As long as there are any, a task is at work.
static WATCHED: Mutex<Vec<Weak<Room>>> = Mutex::new(Vec::new());

/// Looks after a room from here on, until it has no processes.
pub(super) fn watch(room: &Arc<Room>) {
    let mut watched = WATCHED.lock();
    let own = Arc::downgrade(room);
    if watched.iter().any(|known| known.ptr_eq(&own)) {
        return;
    }
    watched.push(own);
    if watched.len() == 1 {
        reactor::spawn(async {
            loop {
                tokio::time::sleep(TICK).await;
                if !look() {
                    break;
                }
            }
        });
    }
}

/// False when there is nothing left to look after.
fn look() -> bool {
    let mut watched = WATCHED.lock();
    watched.retain(|room| room.upgrade().is_some_and(|room| room.sweep()));
    !watched.is_empty()
}
