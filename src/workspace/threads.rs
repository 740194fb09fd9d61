//! Threads for work that blocks: as many as there is work, up to a bound, and gone when there is none.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::Builder;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// As many operations as run at once unless somebody asks for more.
const MAX_THREADS: usize = 12;
/// How long a thread waits for more work.
const IDLE: Duration = Duration::from_secs(10);

type Work = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Pool {
    waiting: VecDeque<Work>,
    threads: usize,
    idle: usize,
}

static POOL: Mutex<Pool> = Mutex::new(Pool { waiting: VecDeque::new(), threads: 0, idle: 0 });
static WORK: Condvar = Condvar::new();

/// Runs `work` on a thread of this room's own, in its turn. False, and the work is dropped, when no
/// thread can be had at all.
pub fn run_aside(work: impl FnOnce() + Send + 'static) -> bool {
    let mut pool = POOL.lock();
    pool.waiting.push_back(Box::new(work));
    if pool.idle >= pool.waiting.len() {
        WORK.notify_one();
        return true;
    }
    if pool.threads == MAX_THREADS {
        return true;
    }
    pool.threads += 1;
    if Builder::new().name("runlet-files".to_owned()).spawn(serve).is_ok() {
        return true;
    }
    pool.threads -= 1;
    // Another thread will come to it, if there is one.
    pool.threads > 0 || pool.waiting.pop_back().is_none()
}

fn serve() {
    let mut pool = POOL.lock();
    loop {
        if let Some(work) = pool.waiting.pop_front() {
            drop(pool);
            // What failed so has told nobody; whoever waits for it hears that from its destructor.
            let _ = catch_unwind(AssertUnwindSafe(work));
            pool = POOL.lock();
            continue;
        }
        pool.idle += 1;
        let late = WORK.wait_for(&mut pool, IDLE).timed_out();
        pool.idle -= 1;
        if late && pool.waiting.is_empty() {
            pool.threads -= 1;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn all_work_is_done_whatever_fails_among_it() {
        let (done, told) = channel();
        for number in 0..300 {
            let done = done.clone();
            let begun = run_aside(move || {
                if number % 7 == 0 {
                    // A panic, without its words on the terminal.
                    std::panic::resume_unwind(Box::new(()));
                }
                done.send(std::thread::current().id()).unwrap();
            });
            assert!(begun);
        }
        drop(done);
        let threads: Vec<_> = told.iter().collect();
        assert_eq!(threads.len(), (0..300).filter(|number| number % 7 != 0).count());
        let different: HashSet<_> = threads.into_iter().collect();
        assert!(different.len() <= MAX_THREADS, "{}", different.len());
    }
}
