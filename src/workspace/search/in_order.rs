//! Work on a list by several threads, as if by one.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Builder, available_parallelism, scope};

const MAX_THREADS: usize = 4;
/// With fewer items for each thread, starting it costs more than it helps.
const ITEMS: usize = 16;

/// Threads that are worth having for so many items.
fn threads(items: usize) -> usize {
    let most = available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    (items / ITEMS).clamp(1, most)
}

/// What `work` gives for the items, in their order, with the index of each; nothings are left out.
/// Items are begun in their order, and none once `is_over`. So what is given belongs to the items up to
/// some point, however many threads there were, and that point is given too. Each thread has a state of
/// its own.
pub(super) fn in_order<T: Sync, S, R: Send>(
    items: &[T],
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &T) -> Option<R> + Sync,
    is_over: impl Fn() -> bool + Sync,
) -> (Vec<(usize, R)>, usize) {
    let next = AtomicUsize::new(0);
    let run = || {
        let mut state = state();
        let mut done = Vec::new();
        while !is_over() {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { break };
            done.extend(work(&mut state, item).map(|result| (index, result)));
        }
        done
    };
    let mut done = scope(|scope| {
        // A thread that cannot be had is done without.
        let others: Vec<_> = (1..threads(items.len()))
            .filter_map(|_| {
                Builder::new().name("runlet-search".to_owned()).spawn_scoped(scope, run).ok()
            })
            .collect();
        let mut done = run();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    (done, next.into_inner().min(items.len()))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[test]
    fn gives_every_result_in_order() {
        let items: Vec<usize> = (0..1_000).collect();
        let odd = |(): &mut (), item: &usize| (item % 2 == 1).then_some(item * 2);
        let (done, begun) = in_order(&items, || (), odd, || false);
        assert_eq!(begun, 1_000);
        assert_eq!(done.len(), 500);
        assert!(
            done.iter()
                .enumerate()
                .all(|(at, (index, result))| { *index == at * 2 + 1 && *result == index * 2 })
        );
    }

    #[test]
    fn leaves_out_nothing_before_the_point_where_it_ends() {
        let items: Vec<usize> = (0..10_000).collect();
        let over = AtomicBool::new(false);
        let work = |(): &mut (), item: &usize| {
            over.fetch_or(*item == 300, Ordering::Relaxed);
            Some(())
        };
        let (done, begun) = in_order(&items, || (), work, || over.load(Ordering::Relaxed));
        assert!((301..1_000).contains(&begun), "{begun}");
        assert_eq!(done.len(), begun);
    }
}
