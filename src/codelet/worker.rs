//! A worker: the thread that runs codelets, one entry into the engine after the other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::compile::{self, Fault, cache::Key};
use super::conclude::{self, Conclusion};
use super::cpu_meter::CpuMeter;
use super::deadline::StopReason;
use super::engine::cell::Cell;
use super::engine::compiler::Compiler;
use super::engine::image::Image;
use super::engine::isolate::Isolate;
use super::engine::run::{Ending, Prepare, Run, Start};
use super::engine::time::{as_millis, millis, millis_since, now_nanos};
use super::engine::{kill, priority};
use super::guest::random::Random;
use super::parked::{Calls, Parked, SinkHandle};
use super::payload::Payload;
use super::pool::{Job, Parking, Pool, Task, isolate_capacity};
use super::program::Program;
use super::request::{EventSink, Reply, RunRequest};
use super::runner::Shared;
use super::start::{config_of, host_for, is_plain, loading_host};
use crate::error::Code;
use crate::outcome::{Cache, Failure, Outcome, Usage};

/// Native stack of a worker: four times what a guest may use, and room for callbacks.
const STACK: usize = 8 * 1024 * 1024;

/// A run that can go on without waiting.
struct Again {
    parked: Box<Parked>,
    replies: Vec<Reply>,
    cancelled: Option<&'static str>,
}

/// A heap that held at most this many bytes is reset in microseconds.
const QUICK_RESET: u64 = 1 << 20;

/// What a run starts from.
struct Ready {
    program: Arc<Program>,
    /// Pristine, or with the program loaded if there is an image of that.
    isolate: Isolate,
    image: Option<Arc<Image>>,
    key: Key,
}

/// Starts a worker thread. False when the system gives none.
pub(super) fn spawn(pool: &'static Pool, index: usize) -> bool {
    std::thread::Builder::new()
        .name(format!("runlet-{index}"))
        .stack_size(STACK)
        .spawn(move || {
            let cell = pool.cells[index];
            kill::adopt(cell);
            priority::after_the_host();
            pool.watchdog.adopt(index);
            let random = Random::fresh();
            let cpu = CpuMeter::default();
            Worker { pool, index, cell, compiler: None, spare: None, random, cpu }.work();
        })
        .is_ok()
}

struct Worker {
    pool: &'static Pool,
    index: usize,
    cell: &'static Cell,
    compiler: Option<Compiler>,
    spare: Option<Isolate>,
    /// Seeds the runs: one system call per thread, not per run.
    random: Random,
    cpu: CpuMeter,
}

impl Worker {
    #[expect(clippy::infinite_loop, reason = "workers live as long as the process")]
    fn work(&mut self) {
        loop {
            let task = self.pool.next_task(self.index);
            let run = task.run();
            if catch_unwind(AssertUnwindSafe(|| self.perform(task))).is_err() {
                // A fault of ours: the run ends, and nothing it may have touched is used again.
                self.compiler = None;
                self.spare = None;
                self.pool.watchdog.disarm(self.index);
                let failure = Failure::new(Code::Internal, "a fault of runlet: its code panicked");
                self.pool.finish(run, Outcome::refused(failure), None);
            }
        }
    }

    fn perform(&mut self, task: Task) {
        match task {
            Task::Start { job, runner, sink } => self.start(*job, runner, sink),
            Task::Resume { parked, replies, cancelled, late } => {
                self.resume(parked, replies, cancelled, late);
            }
            Task::Ping { ping, sink } => sink.pong(ping),
        }
    }

    fn start(&mut self, job: Job, runner: Arc<Shared>, sink: Arc<dyn EventSink>) {
        let started = now_nanos();
        let Job { run, request, submitted } = job;
        let limits = request.plan.options.limits.clone();
        let deadline = started.saturating_add(millis(limits.timeout_ms));
        let began = self.cpu.begin(started);
        let mut usage = Usage { queue_wait_ms: as_millis(started - submitted), ..Usage::default() };
        self.pool.watchdog.arm(self.index, run, deadline, limits.cpu_ms.map(millis));
        let ready = self.prepare(run, &request, &runner, &mut usage);
        let Ready { program, isolate, image, key } = match ready {
            Ok(ready) => ready,
            Err(fault) => {
                let reason = self.pool.watchdog.disarm(self.index);
                let failure = match fault {
                    Fault::Failure(failure) => *failure,
                    Fault::Left(landing) => {
                        usage.stopped_by = Some(conclude::stopped_by(landing));
                        conclude::left(landing, reason, self.pool.cancelled(run), &limits)
                    }
                };
                usage.cpu_ms = as_millis(self.cpu.used(began));
                let outcome = failed(failure, usage, started);
                self.pool.finish(run, outcome, None);
                return;
            }
        };
        let random = match &request.plan.options.deterministic {
            Some(fixed) => Random::seeded(&fixed.seed),
            None => self.random.fork(),
        };
        let host = host_for(run, &request, &program, &sink, random);
        let max_result = usize::try_from(limits.max_result_bytes).unwrap_or(usize::MAX);
        let to_prepare =
            (usage.cache == Cache::Bytecode).then(|| (runner, key, is_plain(&request)));
        let run = match &image {
            Some(image) => Run::loaded(isolate, Box::new(host), max_result, image),
            None => Run::new(isolate, Box::new(host), max_result),
        };
        let mut parked = Box::new(Parked {
            run,
            sink: SinkHandle(sink),
            calls: Calls::default(),
            deadline,
            reminded: false,
            started,
            cpu_used: 0,
            wait_began: 0,
            waited: 0,
            ordered: request.plan.options.deterministic.is_some(),
            usage,
            limits,
            to_prepare,
        });
        let config = config_of(&request);
        parked.allow_sending();
        let ending = parked.run.start(
            self.cell,
            &Start {
                config: config.as_deref(),
                globals: request.plan.options.globals.as_deref(),
                export_name: request.plan.options.export_name.as_deref(),
                input: request.input.as_ref(),
                memory_limit: usize::try_from(parked.limits.memory_limit_bytes)
                    .unwrap_or(usize::MAX),
                max_stack: usize::try_from(parked.limits.max_stack_bytes).unwrap_or(usize::MAX),
            },
        );
        if let Ending::Waiting { .. } = ending {
            let host = parked.run.host();
            host.kept_export.clone_from(&request.plan.options.export_name);
            host.kept_input = request.input;
        }
        parked.cpu_used = self.cpu.used(began);
        let again = self.follow(parked, ending);
        self.go_on(again);
    }

    /// Compiled program and pristine isolate.
    fn prepare(
        &mut self,
        run: u64,
        request: &RunRequest,
        runner: &Shared,
        usage: &mut Usage,
    ) -> Result<Ready, Fault> {
        compile::check_size(request)?;
        let key = *request.plan.key();
        let cached = runner.cache.lock().get(&key);
        let program = if let Some(program) = cached {
            usage.cache = Cache::Bytecode;
            runner.cache_hits.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            program
        } else {
            let begun = now_nanos();
            if self.compiler.is_none() {
                self.compiler = Compiler::new(self.cell);
            }
            let Some(compiler) = &mut self.compiler else { return Err(no_memory().into()) };
            let program = Arc::new(compile::compile(request, compiler, run)?);
            usage.compile_ms = millis_since(begun);
            runner.cache.lock().put(key, &program);
            program
        };
        let capacity = isolate_capacity(request.plan.options.limits.memory_limit_bytes);
        let spare = self.spare.take().filter(|isolate| isolate.capacity() >= capacity);
        let isolate = spare
            .or_else(|| self.pool.take_isolate(capacity))
            .or_else(|| Isolate::guest(capacity, self.cell));
        let Some(mut isolate) = isolate else { return Err(no_memory().into()) };
        let mut image = match usage.cache {
            Cache::Miss => None,
            _ => runner.cache.lock().image(&key, (isolate.id(), is_plain(request))),
        };
        image = image.filter(|image| isolate.load(image));
        if image.is_some() {
            usage.cache = Cache::Image;
        }
        Ok(Ready { program, isolate, image, key })
    }

    fn resume(
        &mut self,
        parked: Box<Parked>,
        replies: Vec<Reply>,
        cancelled: Option<&'static str>,
        late: bool,
    ) {
        let again = self.resume_once(parked, replies, cancelled, late);
        self.go_on(again);
    }

    /// As long as answers are there already when a run comes to wait for them.
    fn go_on(&mut self, mut again: Option<Again>) {
        while let Some(Again { parked, replies, cancelled }) = again {
            again = self.resume_once(parked, replies, cancelled, false);
        }
    }

    fn resume_once(
        &mut self,
        mut parked: Box<Parked>,
        replies: Vec<Reply>,
        cancelled: Option<&'static str>,
        late: bool,
    ) -> Option<Again> {
        parked.sink.0.waits(parked.run.id(), false);
        parked.waited += now_nanos() - parked.wait_began;
        if let Some(by) = cancelled {
            self.end(parked, Conclusion::failed(conclude::cancelled_by(by)));
            return None;
        }
        if late || now_nanos() >= parked.deadline {
            let failure = conclude::timeout(StopReason::Wall, &parked.limits);
            self.end(parked, Conclusion::failed(failure));
            return None;
        }
        let ready = parked.accept(replies);
        let cpu_left = parked.limits.cpu_ms.map(|limit| (millis(limit) - parked.cpu_used).max(0));
        self.pool.watchdog.arm(self.index, parked.run.id(), parked.deadline, cpu_left);
        let began = self.cpu.begin(now_nanos());
        let unanswered = parked.unanswered();
        parked.allow_sending();
        let ending = parked.run.resume(self.cell, &ready, unanswered);
        parked.cpu_used += self.cpu.used(began);
        self.follow(parked, ending)
    }

    /// After an entry: the run waits, or it has ended, or it can go on at once.
    fn follow(&mut self, mut parked: Box<Parked>, ending: Ending) -> Option<Again> {
        let run = parked.run.id();
        let reason = self.pool.watchdog.disarm(self.index);
        if let Ending::Waiting { timer } = ending {
            if reason.is_none() {
                parked.send_calls();
                parked.sink.0.waits(run, true);
                let timer = timer.map(|due| parked.timer_at(due));
                parked.wait_began = now_nanos();
                return match self.pool.park(self.index, parked, timer) {
                    Parking::Parked => None,
                    Parking::GoOn { parked, replies, cancelled } => {
                        Some(Again { parked, replies, cancelled })
                    }
                };
            }
            let cancelled = self.pool.cancelled(run);
            let failure = conclude::stopped(reason, cancelled, &parked.limits);
            self.end(parked, Conclusion::failed(failure));
            return None;
        }
        let cancelled = match &ending {
            Ending::Left(_) => self.pool.cancelled(run),
            _ => None,
        };
        let limits = parked.limits.clone();
        let program = Arc::clone(&parked.run.host().program);
        let conclusion = conclude::conclude(ending, reason, cancelled, &limits, &program);
        self.end(parked, conclusion);
        None
    }

    /// Hands the outcome over, then makes the isolate pristine.
    fn end(&mut self, mut parked: Box<Parked>, conclusion: Conclusion) {
        if conclusion.stopped_by.is_none() {
            // Calls nobody waited for are made all the same: a codelet that only reports something
            // means it. Their answers are dropped.
            parked.send_calls();
            parked.warn_unsent();
        }
        parked.note_sent();
        let Parked { run, calls, started, cpu_used, waited, mut usage, limits, to_prepare, .. } =
            *parked;
        let id = run.id();
        let broken = conclusion.broken;
        let (mut isolate, host) = run.into_parts();
        let host = *host;
        let detached = calls.in_flight.len() + calls.backlog.len() + host.outgoing.len();
        let (logs, dropped, bytes_dropped) = host.logs.into_parts();
        usage.cpu_ms = as_millis(cpu_used);
        usage.parked_ms = as_millis(waited);
        usage.peak_memory_bytes = isolate.peak() as u64;
        usage.host_calls = host.calls_made;
        usage.detached_host_calls = u32::try_from(detached).unwrap_or(u32::MAX);
        usage.logs_dropped = dropped;
        usage.log_bytes_dropped = bytes_dropped;
        usage.policy_denials = host.denials + conclusion.denials;
        usage.stopped_by = conclusion.stopped_by;
        usage.result_bytes = conclusion.value.as_ref().map_or(0, Payload::size) as u64;
        let duration_ms = millis_since(started);
        usage.wall_ms = duration_ms;
        let Conclusion { value, failure, .. } = conclusion;
        let program = host.program;
        let to_prepare = to_prepare.filter(|_| failure.is_none());
        // Small heaps are pristine again within microseconds, if that is all there is to do.
        let comes_back =
            usage.peak_memory_bytes < QUICK_RESET && to_prepare.is_none() && self.spare.is_none();
        let outcome = Outcome { value, failure, logs, duration_ms, usage };
        self.pool.finish(id, outcome, comes_back.then_some(self.index));
        if broken {
            // Our own fault: the isolate is not used again.
            return;
        }
        isolate.reset();
        // An isolate of more than the usual size is rare: its address space is given back.
        if isolate.capacity() > isolate_capacity(0) {
            return;
        }
        if self.spare.is_none() {
            if let Some((runner, key, plain)) = to_prepare {
                let bounds = Prepare {
                    plain,
                    memory_limit: size(limits.memory_limit_bytes),
                    max_stack: size(limits.max_stack_bytes),
                };
                isolate = self.take_image(id, isolate, &program, &bounds, &runner, &key);
            }
            self.spare = Some(isolate);
        } else {
            self.pool.keep_isolate(isolate);
        }
    }

    /// Loads a program that came again into the pristine isolate, and keeps an image of that: the
    /// third run of a program need not read it. Done when the outcome is out, so nobody waits.
    fn take_image(
        &self,
        run: u64,
        isolate: Isolate,
        program: &Arc<Program>,
        bounds: &Prepare,
        runner: &Shared,
        key: &Key,
    ) -> Isolate {
        let heap = (isolate.id(), bounds.plain);
        if !runner.cache.lock().wants_image(key, heap) {
            return isolate;
        }
        let mut loading = Run::new(isolate, Box::new(loading_host(run, program)), 0);
        let image = loading.prepare(self.cell, bounds);
        let (mut isolate, _) = loading.into_parts();
        if let Some(image) = image {
            runner.cache.lock().put_image(key, heap, image);
        }
        isolate.reset();
        isolate
    }
}

fn size(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

fn failed(failure: Failure, mut usage: Usage, started: i64) -> Outcome {
    let duration_ms = millis_since(started);
    usage.wall_ms = duration_ms;
    Outcome { value: None, failure: Some(failure), logs: Vec::new(), duration_ms, usage }
}

fn no_memory() -> Failure {
    Failure::new(Code::Internal, "the system gave no memory for an isolate")
}
