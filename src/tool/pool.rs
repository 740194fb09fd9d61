//! Idle processes that have loaded the entrypoint. Each serves one call and is then gone.

use std::collections::VecDeque;
use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use serde::Serialize;
use tokio::time::{Instant, sleep, timeout};

use super::room::Room;
use super::spec::{RoomSpec, Shape, WarmSpec};
use super::worker::{Alive, Use, Worker};
use crate::process::reactor;

/// Shapes that have idle processes at once; the one unused for longest gives its own up.
const SHAPES: usize = 4;
/// An entrypoint that takes longer to load is left to the calls, which say so.
const LOAD: Duration = Duration::from_mins(1);

/// From the taking of a process to the start of the next.
const LATER: Duration = Duration::from_millis(20);

/// What is counted of a pool.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub struct PoolStats {
    /// Processes that wait for a call.
    pub idle: u64,
    /// Calls that got one of them.
    pub hits: u64,
    /// Calls that had to start one.
    pub misses: u64,
    /// Processes started in advance.
    pub refills: u64,
    /// Processes ended unused: too old, too many, or made from an older entrypoint.
    pub evicted: u64,
}

struct Idle {
    worker: Worker,
    since: Instant,
    /// The entrypoint as it was before it was loaded.
    made_from: Stamp,
}

/// When a file was changed and how long it is; nothing when it is not there.
type Stamp = Option<(SystemTime, u64)>;

#[expect(clippy::disallowed_methods, reason = "the host's own entrypoint, looked at, not opened")]
fn stamp(room: &RoomSpec) -> Stamp {
    let facts = fs::metadata(&room.entrypoint).ok()?;
    Some((facts.modified().ok()?, facts.len()))
}

struct Shelf {
    warm: WarmSpec,
    idle: VecDeque<Idle>,
    starting: u32,
}

impl Shelf {
    fn is_old(&self, idle: &Idle) -> bool {
        idle.since.elapsed() >= Duration::from_millis(self.warm.max_age_ms)
    }
}

/// The idle processes of a room.
pub(super) struct Pool {
    /// The shape used last stands last.
    by_shape: Mutex<Vec<(Arc<Shape>, Shelf)>>,
    room: Weak<Room>,
    hits: AtomicU64,
    misses: AtomicU64,
    refills: AtomicU64,
    evicted: AtomicU64,
}

impl Pool {
    pub(super) fn new(room: Weak<Room>) -> Pool {
        let zero = || AtomicU64::new(0);
        let by_shape = Mutex::default();
        Pool { by_shape, room, hits: zero(), misses: zero(), refills: zero(), evicted: zero() }
    }

    /// An idle process of that shape, used up by being taken. Who takes one has to `replace` it.
    pub(super) fn take(&self, shape: &Arc<Shape>, warm: WarmSpec) -> Option<Worker> {
        if warm.size == 0 {
            return None;
        }
        let room = self.room.upgrade()?;
        let now = stamp(&room.spec);
        let found = self.on_shelf(shape, warm, |shelf| {
            while let Some(idle) = shelf.idle.pop_front() {
                let child = &idle.worker.child;
                let lives = !child.has_ended() && child.is_silent();
                if lives && idle.made_from == now && !shelf.is_old(&idle) {
                    return Some(idle.worker);
                }
                self.evicted.fetch_add(1, Ordering::Relaxed);
            }
            None
        });
        if found.is_some() {
            self.hits.fetch_add(1, Ordering::Relaxed);
        }
        found
    }

    /// A call that wants an idle process has to start its own.
    pub(super) fn miss(&self, shape: &Arc<Shape>, warm: WarmSpec) {
        if warm.size > 0 {
            self.misses.fetch_add(1, Ordering::Relaxed);
            self.replace(shape, warm);
        }
    }

    /// Starts others for those that were taken, a little later.
    pub(super) fn replace(&self, shape: &Arc<Shape>, warm: WarmSpec) {
        let (room, shape) = (self.room.clone(), Arc::clone(shape));
        reactor::spawn(async move {
            // To start a process takes more of the machine than most calls do: those come first.
            sleep(LATER).await;
            if let Some(room) = room.upgrade().filter(|room| !room.is_disposed()) {
                room.pool.refill(&shape, warm);
            }
        });
    }

    /// The shelf of a shape, made if there is none.
    fn on_shelf<T>(
        &self,
        shape: &Arc<Shape>,
        warm: WarmSpec,
        work: impl FnOnce(&mut Shelf) -> T,
    ) -> T {
        let mut all = self.by_shape.lock();
        let place = all.iter().position(|(known, _)| known == shape);
        let empty = || Shelf { warm, idle: VecDeque::new(), starting: 0 };
        let found = place.map_or_else(|| (Arc::clone(shape), empty()), |at| all.remove(at));
        if all.len() == SHAPES {
            let (_, oldest) = all.remove(0);
            self.evicted.fetch_add(oldest.idle.len() as u64, Ordering::Relaxed);
        }
        all.push(found);
        let last = all.len() - 1;
        work(&mut all[last].1)
    }

    /// Starts as many processes as are missing, in the background.
    pub(super) fn refill(&self, shape: &Arc<Shape>, warm: WarmSpec) {
        let missing = self.on_shelf(shape, warm, |shelf| {
            shelf.warm = warm;
            let there = shelf.starting + u32::try_from(shelf.idle.len()).unwrap_or(u32::MAX);
            let missing = warm.size.saturating_sub(there);
            shelf.starting += missing;
            missing
        });
        for _ in 0..missing {
            let (room, shape) = (self.room.clone(), Arc::clone(shape));
            reactor::spawn(async move { start(room, shape, warm).await });
        }
    }

    /// Nothing when the shelf was given up meanwhile.
    fn put(&self, shape: &Arc<Shape>, idle: Option<Idle>) {
        if let Some((_, shelf)) = self.by_shape.lock().iter_mut().find(|(known, _)| known == shape)
        {
            shelf.starting = shelf.starting.saturating_sub(1);
            shelf.idle.extend(idle);
        }
    }

    /// Ends what has become too old; true when something had.
    fn expire(&self, shape: &Arc<Shape>) -> bool {
        let mut all = self.by_shape.lock();
        let Some((_, kept)) = all.iter_mut().find(|(known, _)| known == shape) else {
            return false;
        };
        let before = kept.idle.len();
        let age = Duration::from_millis(kept.warm.max_age_ms);
        kept.idle.retain(|idle| idle.since.elapsed() < age && !idle.worker.child.has_ended());
        let gone = before - kept.idle.len();
        self.evicted.fetch_add(gone as u64, Ordering::Relaxed);
        gone > 0
    }

    /// Ends all.
    pub(super) fn clear(&self) {
        let all = std::mem::take(&mut *self.by_shape.lock());
        let idle: usize = all.iter().map(|(_, shelf)| shelf.idle.len()).sum();
        self.evicted.fetch_add(idle as u64, Ordering::Relaxed);
    }

    pub(super) fn stats(&self) -> PoolStats {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let idle = self.by_shape.lock().iter().map(|(_, shelf)| shelf.idle.len() as u64).sum();
        PoolStats {
            idle,
            hits: count(&self.hits),
            misses: count(&self.misses),
            refills: count(&self.refills),
            evicted: count(&self.evicted),
        }
    }
}

/// Starts one process and puts it on its shelf. Fails silently: a call that finds none starts its
/// own, and reports what is wrong.
async fn start(room: Weak<Room>, shape: Arc<Shape>, warm: WarmSpec) {
    let idle = load(&room, &shape).await;
    let Some(room) = room.upgrade() else { return };
    if room.is_disposed() {
        return;
    }
    let started = idle.is_some();
    room.pool.put(&shape, idle);
    if !started {
        return;
    }
    room.pool.refills.fetch_add(1, Ordering::Relaxed);
    let age = Duration::from_millis(warm.max_age_ms);
    let room = Arc::downgrade(&room);
    sleep(age + Duration::from_millis(1)).await;
    if let Some(room) = room.upgrade().filter(|room| !room.is_disposed())
        && room.pool.expire(&shape)
    {
        room.pool.refill(&shape, warm);
    }
}

async fn load(room: &Weak<Room>, shape: &Arc<Shape>) -> Option<Idle> {
    let strong = room.upgrade().filter(|room| !room.is_disposed())?;
    let made_from = stamp(&strong.spec);
    let mut disposed = strong.disposed.subscribe();
    let alive = Alive::new(&strong.alive);
    let worker = Worker::launch(&strong.spec, shape, Use::default(), alive, true).await.ok()?;
    drop(strong);
    let ended = worker.child.ended();
    let ready = async {
        tokio::select! {
            ready = worker.ready() => ready,
            _ = ended => Err(super::frame::FrameError::Closed),
            // Its room does not wait for an entrypoint that never ends to load.
            _ = disposed.wait_for(|disposed| *disposed) => Err(super::frame::FrameError::Closed),
        }
    };
    timeout(LOAD, ready).await.ok()?.ok()?.ok()?;
    worker.child.set_busy(false);
    Some(Idle { worker, since: Instant::now(), made_from })
}
