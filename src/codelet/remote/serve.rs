//! The other end: the main function of an engine process.
//!
//! It locks itself down before it hears of the first run, and then does what it is told. One worker runs
//! codelets, and reads the channel itself when it has nothing else to do: to be woken by another thread for
//! each run would take longer than most runs. Meanwhile the watchdog has an eye on it.

use std::io;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::message::{self, Gauges, NO_SLOT, Order, SLOTS};
use super::wire::Frames;
use crate::codelet::engine::time::now_nanos;
use crate::codelet::guest::logs::LogEntry;
use crate::codelet::pool::{Intake, Pool};
use crate::codelet::request::{EventSink, HostCall, Isolation, Plan, RunRequest};
use crate::codelet::runner::Runner;
use crate::limits::RunnerLimits;
use crate::outcome::Outcome;
use crate::process::lockdown::{self, HostChannel, Interruptible};

/// What a host must be of to be understood.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How long the worker stays awake for the host's next word, in nanoseconds.
const SPIN: i64 = 100_000;

/// The channel, which every thread may write to.
type Link = Arc<Mutex<HostChannel>>;

/// Serves runs to the host that launched this process, until it closes the channel.
pub(in crate::codelet) fn serve() -> ExitCode {
    // Nobody reads what a panic would print, and there is nothing to print to.
    std::panic::set_hook(Box::new(|_| {}));
    let channel = HostChannel::inherited();
    if let Err(why) = lock_down() {
        let _ = send(&channel, message::refused(&why.to_string()));
        return ExitCode::FAILURE;
    }
    let (give, end) = sync_channel(1);
    Pool::shared().fetch_from(Box::new(Counter {
        channel: HostChannel::inherited(),
        waiter: OnceLock::new(),
        brought: AtomicBool::new(false),
        desk: Mutex::new(Desk::default()),
        end: give,
    }));
    if send(&channel, message::ready(VERSION)).is_err() {
        return ExitCode::FAILURE;
    }
    match end.recv() {
        // The host closed it.
        Ok(Ok(())) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Starts every thread there will ever be, and gives up everything else.
fn lock_down() -> Result<(), lockdown::Refusal> {
    lockdown::give_up()?;
    Pool::have_threads(1);
    let warm = RunRequest::new("export const main = () => 1");
    // Its value does not matter: the threads are there, and the engine's heaps.
    let _ = Runner::new(RunnerLimits::default()).run_blocking(warm);
    // The worker has run it; the watchdog was only made. The first steps of a thread are the C library's,
    // which ends the process when the filter refuses them.
    while !Pool::shared().watchdog.is_up() {
        std::thread::yield_now();
    }
    lockdown::close()
}

fn send(channel: &HostChannel, frame: Option<Vec<u8>>) -> io::Result<()> {
    channel.write(&frame.ok_or(io::ErrorKind::InvalidData)?)
}

/// Where orders come in: fetched by the worker when it has nothing to do, and by the watchdog meanwhile.
struct Counter {
    channel: HostChannel,
    /// Set by the worker.
    waiter: OnceLock<Interruptible>,
    /// The watchdog has brought something that the worker has not seen.
    brought: AtomicBool,
    desk: Mutex<Desk>,
    /// Told once: the host is gone, or cannot be understood.
    end: SyncSender<io::Result<()>>,
}

impl Intake for Counter {
    fn wait(&self, open: bool) {
        let waiter = self.waiter.get_or_init(Interruptible::here);
        let mut desk = self.desk.lock();
        if self.brought.swap(false, Ordering::Acquire) {
            return;
        }
        let until = now_nanos() + SPIN;
        while now_nanos() < until {
            match desk.take_in(&self.channel, false) {
                Ok(true) => return,
                Ok(false) => std::thread::yield_now(),
                Err(end) => self.end(end),
            }
        }
        if open {
            // A timer of the run, or its deadline, may come before the host's next word.
            waiter.wait(&self.channel);
        }
        if let Err(end) = desk.take_in(&self.channel, !open) {
            self.end(end);
        }
    }

    fn look(&self) {
        // The worker has it: then it is not needed here.
        let Some(mut desk) = self.desk.try_lock() else { return };
        match desk.take_in(&self.channel, false) {
            Ok(brought) => {
                if brought {
                    self.brought.store(true, Ordering::Release);
                }
            }
            Err(end) => self.end(end),
        }
    }

    fn interrupt(&self) {
        if let Some(waiter) = self.waiter.get() {
            waiter.interrupt();
        }
    }
}

impl Counter {
    /// The process ends; this thread does nothing more.
    fn end(&self, how: io::Result<()>) -> ! {
        let _ = self.end.try_send(how);
        loop {
            std::thread::park();
        }
    }
}

/// What is known of the host's orders.
struct Desk {
    frames: Frames,
    link: Link,
    runner: Arc<Runner>,
    plans: Vec<Option<Arc<Plan>>>,
    /// The last run, by the host's number and by ours.
    open: (u64, u64),
}

impl Default for Desk {
    fn default() -> Desk {
        Desk {
            frames: Frames::default(),
            link: Arc::new(Mutex::new(HostChannel::inherited())),
            runner: Arc::new(Runner::new(RunnerLimits::default())),
            plans: vec![None; SLOTS],
            open: (0, 0),
        }
    }
}

impl Desk {
    /// Reads once and does what it is told. False when nothing has come; an error at the end: the
    /// host's, or that of all understanding.
    fn take_in(&mut self, channel: &HostChannel, wait: bool) -> Result<bool, io::Result<()>> {
        match self.frames.fill(|into| channel.read(into, wait)) {
            Ok(0) => return Err(Ok(())),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(Err(error)),
        }
        let wrong = |_| Err(io::Error::from(io::ErrorKind::InvalidData));
        while let Some((kind, fields)) = self.frames.next(u64::MAX).map_err(wrong)? {
            let order = Order::read(kind, fields).map_err(wrong)?;
            self.follow(order).map_err(Err)?;
        }
        Ok(true)
    }

    fn follow(&mut self, order: Order) -> io::Result<()> {
        match order {
            Order::Setup { cache_entries, cache_bytes } => {
                let limits = RunnerLimits { cache_entries, cache_bytes, ..RunnerLimits::default() };
                self.runner = Arc::new(Runner::new(limits));
            }
            Order::Run { run, slot, plan, input } => {
                let plan = self.plan(slot, plan).ok_or(io::ErrorKind::InvalidData)?;
                let mut request = RunRequest::from(plan);
                request.input = input;
                let sink = Arc::new(Sink {
                    run,
                    link: Arc::clone(&self.link),
                    runner: Arc::clone(&self.runner),
                });
                let own = self
                    .runner
                    .submit(request, sink)
                    .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
                self.open = (run, own);
            }
            Order::Replies { run, replies } if run == self.open.0 => {
                Runner::reply(self.open.1, replies);
            }
            Order::Cancel { run, by } if run == self.open.0 => {
                Pool::shared().cancel(self.open.1, by.as_str());
            }
            // Of a run that has ended meanwhile.
            Order::Replies { .. } | Order::Cancel { .. } => {}
        }
        Ok(())
    }

    fn plan(&mut self, slot: u8, sent: Option<Arc<Plan>>) -> Option<Arc<Plan>> {
        let Some(mut plan) = sent else { return self.plans.get(usize::from(slot))?.clone() };
        // Here it lives on the worker's thread.
        Arc::make_mut(&mut plan).options.isolation = Isolation::Thread;
        if slot != NO_SLOT {
            *self.plans.get_mut(usize::from(slot))? = Some(Arc::clone(&plan));
        }
        Some(plan)
    }
}

/// Tells the host of one run. A host that is gone is noticed by the reading thread.
struct Sink {
    /// The host's number of the run.
    run: u64,
    link: Link,
    runner: Arc<Runner>,
}

impl Sink {
    fn send(&self, frame: Option<Vec<u8>>) {
        let _ = send(&self.link.lock(), frame);
    }
}

impl EventSink for Sink {
    fn log(&self, _: u64, entry: &LogEntry) {
        self.send(message::log(self.run, entry));
    }

    fn calls(&self, _: u64, calls: Vec<HostCall>) {
        for frame in message::calls(self.run, &calls) {
            self.send(Some(frame));
        }
    }

    fn waits(&self, _: u64, waits: bool) {
        self.send(message::waits(self.run, waits));
    }

    fn done(&self, _: u64, outcome: Outcome) {
        let stats = self.runner.stats();
        let gauges = Gauges {
            prepared_images: stats.prepared_images as u64,
            image_bytes: stats.image_bytes as u64,
            arena_bytes: stats.arena_bytes as u64,
            kill_refusals: stats.kill_refusals,
        };
        self.send(message::done(self.run, &outcome, gauges));
    }
}
