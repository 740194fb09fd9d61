//! Helper threads for what may block.
//!
//! Work waits in one queue. A child may keep [`EACH`] helpers busy; together they are [`MOST`], and
//! beyond that one for each child that has none, so that a child whose connections hang makes only
//! itself wait. A child's queue is no longer than it has threads, since a thread waits for its call.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::call::Listener;

const MOST: usize = 64;
const EACH: usize = 16;
const IDLE: Duration = Duration::from_secs(5);

struct Job {
    listener: Arc<Listener>,
    work: Box<dyn FnOnce() + Send>,
}

#[derive(Default)]
struct Pool {
    queue: VecDeque<Job>,
    busy: usize,
    idle: usize,
    /// Of those that were idle, how many were called and have not woken yet.
    called: usize,
}

static POOL: Mutex<Pool> = Mutex::new(Pool { queue: VecDeque::new(), busy: 0, idle: 0, called: 0 });
static WORK: Condvar = Condvar::new();

impl Pool {
    fn startable(&self) -> Option<usize> {
        self.queue.iter().position(|job| {
            let own = job.listener.busy.load(Ordering::Relaxed);
            own == 0 || (own < EACH && self.busy < MOST)
        })
    }

    fn take(&mut self) -> Option<Job> {
        let job = self.queue.remove(self.startable()?)?;
        self.busy += 1;
        job.listener.busy.fetch_add(1, Ordering::Relaxed);
        Some(job)
    }
}

/// Does work for a child on a helper thread, in its turn.
pub(super) fn run(listener: Arc<Listener>, work: Box<dyn FnOnce() + Send>) {
    let mut pool = POOL.lock();
    pool.queue.push_back(Job { listener, work });
    if pool.startable().is_none() {
        return;
    }
    if pool.idle > 0 {
        pool.idle -= 1;
        pool.called += 1;
        WORK.notify_one();
        return;
    }
    drop(pool);
    let thread = std::thread::Builder::new().name("runlet-connect".to_owned());
    if thread.spawn(serve).is_err() {
        let mut pool = POOL.lock();
        // If no helper will come by, the work is dropped and with that refused.
        let stranded = pool.busy == 0 && pool.called == 0;
        let refused = if stranded { std::mem::take(&mut pool.queue) } else { VecDeque::new() };
        drop(pool);
        drop(refused);
    }
}

fn serve() {
    let mut pool = POOL.lock();
    loop {
        let Some(Job { listener, work }) = pool.take() else {
            pool.idle += 1;
            let timed_out = WORK.wait_for(&mut pool, IDLE).timed_out();
            if pool.called > 0 {
                pool.called -= 1;
            } else {
                pool.idle -= 1;
            }
            if timed_out && pool.startable().is_none() {
                return;
            }
            continue;
        };
        drop(pool);
        if listener.is_closed() {
            drop(work);
        } else {
            // A panic drops what the work held, and with that refuses it.
            let _ = catch_unwind(AssertUnwindSafe(work));
        }
        pool = POOL.lock();
        pool.busy -= 1;
        listener.busy.fetch_sub(1, Ordering::Relaxed);
    }
}
