//! Who is where: every open run in exactly one phase, every runner's queue, whose turn it is.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustc_hash::FxHashMap;

use crate::codelet::engine::isolate::Isolate;
use crate::codelet::engine::time::millis_since;
use crate::codelet::parked::Parked;
use crate::codelet::request::{EventSink, Reply, RunRequest};
use crate::codelet::runner::Shared;
use crate::outcome::Outcome;

/// A run that has not started.
#[derive(Debug)]
pub(in crate::codelet) struct Job {
    pub(in crate::codelet) run: u64,
    pub(in crate::codelet) request: RunRequest,
    pub(in crate::codelet) submitted: i64,
}

#[derive(Debug)]
pub(super) enum Phase {
    Queued(Box<Job>),
    Running(usize),
    Parked(Box<Parked>),
    Woken(Box<Parked>),
}

/// An open run.
pub(super) struct Open {
    pub(super) runner: Arc<Shared>,
    pub(super) sink: Arc<dyn EventSink>,
    pub(super) phase: Phase,
    pub(super) inbox: Vec<Reply>,
    /// Who cancelled it.
    pub(super) cancelled: Option<&'static str>,
    /// Its deadline passed while it was parked.
    pub(super) late: bool,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) waiting: VecDeque<u64>,
    pub(super) running: usize,
    pub(super) parked: usize,
    pub(super) max_concurrent: usize,
    pub(super) max_parked: usize,
}

impl Queue {
    pub(super) fn may_start(&self) -> bool {
        !self.waiting.is_empty()
            && self.running < self.max_concurrent
            // A running one may come to wait at any time: it needs its place already.
            && self.running + self.parked < self.max_parked
    }
}

#[derive(Default)]
pub(super) struct State {
    pub(super) runs: FxHashMap<u64, Open>,
    pub(super) queues: FxHashMap<u64, Queue>,
    /// Runners in turn: each start moves its runner to the back.
    pub(super) turns: VecDeque<u64>,
    pub(super) woken: VecDeque<u64>,
    pub(super) pings: VecDeque<(u64, Arc<dyn EventSink>)>,
    pub(super) isolates: Vec<Isolate>,
    pub(super) started: usize,
    /// Workers that wait for work, the last to come to it last: it is woken first, since its heap
    /// and its core's caches are warm. Who wakes one takes it off, so that it is not woken twice.
    pub(super) idle: Vec<usize>,
    /// A bit for each worker that is awake and comes for work by itself: to wake another one would be
    /// slower. Each clears its own when it has come.
    pub(super) coming: u64,
}

/// What a worker is to do next.
pub(in crate::codelet) enum Task {
    Start {
        job: Box<Job>,
        runner: Arc<Shared>,
        sink: Arc<dyn EventSink>,
    },
    Resume {
        parked: Box<Parked>,
        replies: Vec<Reply>,
        cancelled: Option<&'static str>,
        late: bool,
    },
    /// No work: an answer shows that the way there and back is open.
    Ping {
        ping: u64,
        sink: Arc<dyn EventSink>,
    },
}

impl Task {
    /// Whose task it is.
    pub(in crate::codelet) fn run(&self) -> u64 {
        match self {
            Task::Start { job, .. } => job.run,
            Task::Resume { parked, .. } => parked.run_id(),
            Task::Ping { ping, .. } => *ping,
        }
    }
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.running == 0 && self.parked == 0
    }
}

impl State {
    /// Something to do: what was begun comes first.
    pub(super) fn take(&mut self, worker: usize) -> Option<Task> {
        self.take_woken(worker)
            .or_else(|| self.pings.pop_front().map(|(ping, sink)| Task::Ping { ping, sink }))
            .or_else(|| self.take_queued(worker))
    }

    /// Whether there is something to do.
    pub(super) fn has_work(&self) -> bool {
        let may_start = |id| self.queues.get(id).is_some_and(Queue::may_start);
        !self.woken.is_empty() || !self.pings.is_empty() || self.turns.iter().any(may_start)
    }

    /// A woken run, first come first.
    fn take_woken(&mut self, worker: usize) -> Option<Task> {
        loop {
            let run = self.woken.pop_front()?;
            let Some(open) = self.runs.get_mut(&run) else { continue };
            let Phase::Woken(_) = open.phase else { continue };
            let Phase::Woken(parked) = std::mem::replace(&mut open.phase, Phase::Running(worker))
            else {
                continue;
            };
            let replies = std::mem::take(&mut open.inbox);
            let (cancelled, late) = (open.cancelled, open.late);
            let runner = open.runner.id;
            if let Some(queue) = self.queues.get_mut(&runner) {
                queue.parked -= 1;
                queue.running += 1;
            }
            return Some(Task::Resume { parked, replies, cancelled, late });
        }
    }

    /// The next queued run of the next runner whose turn it is and who may start one.
    fn take_queued(&mut self, worker: usize) -> Option<Task> {
        for _ in 0..self.turns.len() {
            let id = self.turns.pop_front()?;
            let Some(queue) = self.queues.get_mut(&id) else { continue };
            if queue.waiting.is_empty() {
                continue;
            }
            if !queue.may_start() {
                self.turns.push_back(id);
                continue;
            }
            let run = queue.waiting.pop_front()?;
            queue.running += 1;
            if !queue.waiting.is_empty() {
                self.turns.push_back(id);
            }
            let Some(open) = self.runs.get_mut(&run) else { continue };
            if let Phase::Queued(job) = std::mem::replace(&mut open.phase, Phase::Running(worker)) {
                let (runner, sink) = (Arc::clone(&open.runner), Arc::clone(&open.sink));
                return Some(Task::Start { job, runner, sink });
            }
        }
        None
    }

    /// The runner of this run, if it runs one at a time.
    pub(super) fn serial(&self, run: u64) -> Option<Arc<Shared>> {
        let runner = &self.runs.get(&run)?.runner;
        (runner.limits.max_concurrent == Some(1)).then(|| Arc::clone(runner))
    }

    /// Marks a parked run as having something to do; false when it is not parked.
    pub(super) fn wake(&mut self, run: u64) -> bool {
        let Some(open) = self.runs.get_mut(&run) else { return false };
        if !matches!(open.phase, Phase::Parked(_)) {
            return false;
        }
        if let Phase::Parked(parked) =
            std::mem::replace(&mut open.phase, Phase::Running(usize::MAX))
        {
            open.phase = Phase::Woken(parked);
            self.woken.push_back(run);
        }
        true
    }

    /// Takes an ended run out of its runner's counts.
    pub(super) fn leave(&mut self, open: &Open) {
        let Some(queue) = self.queues.get_mut(&open.runner.id) else { return };
        match &open.phase {
            Phase::Queued(job) => queue.waiting.retain(|run| *run != job.run),
            Phase::Running(_) => queue.running -= 1,
            Phase::Parked(_) | Phase::Woken(_) => queue.parked -= 1,
        }
        if queue.is_empty() && open.runner.disposed.load(Ordering::Acquire) {
            self.queues.remove(&open.runner.id);
        }
    }
}

impl Open {
    pub(super) fn end_queued(self, run: u64, mut outcome: Outcome) {
        if let Phase::Queued(job) = &self.phase {
            outcome.usage.queue_wait_ms = millis_since(job.submitted);
        }
        self.runner.count(&outcome);
        self.sink.done(run, outcome);
    }
}
