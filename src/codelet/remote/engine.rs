//! One engine process, as its host sees it: launched, written to, listened to, ended.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::check::longest_frame;
use super::message::{self, NO_SLOT, Report, SLOTS};
use super::room::Room;
use super::wire::{Frames, Malformed};
use crate::codelet::payload::Payload;
use crate::codelet::request::Plan;
use crate::limits::Limits;
use crate::process::{Child, Command, End, Limits as Bounds, reactor};

const MIB: u64 = 1024 * 1024;
/// What a process holds besides its runs: the engine, its images, stacks, libraries.
const BASE: u64 = 128 * MIB;
/// What the kernel's own count may be above the bound, for the watch to be the one that speaks.
const SLACK: u64 = 64 * MIB;
/// How long a new process may take until it is ready: a machine under load has slow starts.
const START: Duration = Duration::from_secs(20);
/// How long the news of an end may come after the channel has closed.
const NEWS: Duration = Duration::from_secs(2);
/// The longest frame of a process that has no run.
const QUIET: u64 = 64 * 1024;
/// An answer without its value: in a frame of its own, or where it was refused for its size.
const ANSWER_BYTES: u64 = 1024;
/// A plan with more code is sent with every run: keeping many would be dear.
const KEPT_CODE: usize = 64 * 1024;

/// The most memory that a run of these limits makes a process need: its heap, the compiler's, and
/// everything that crosses, some times over.
pub(super) fn memory_for(limits: &Limits) -> u64 {
    let crossing = [
        limits.max_source_bytes,
        limits.max_input_bytes,
        limits.max_result_bytes,
        limits.max_log_bytes,
        limits.max_host_arg_bytes,
        limits.max_host_result_bytes,
    ];
    let crossing = crossing.iter().fold(0_u64, |sum, bytes| sum.saturating_add(*bytes));
    // Whole powers of two, so that runs of similar limits share processes.
    let needed =
        limits.memory_limit_bytes.saturating_mul(2).saturating_add(crossing.saturating_mul(4));
    needed.checked_next_power_of_two().unwrap_or(u64::MAX / 4)
}

/// The most that the answers take which a run of these limits has not read, a word that it is cancelled
/// included.
fn most_answers(limits: &Limits) -> usize {
    let value = limits.max_host_result_bytes;
    // A buffer has four bytes more than limits count, and more than twice as many that name it.
    let each = value.saturating_add(value / 2).saturating_add(ANSWER_BYTES);
    let all = limits.max_host_calls_in_flight.saturating_mul(each).saturating_add(ANSWER_BYTES);
    usize::try_from(all).unwrap_or(usize::MAX)
}

/// Why a process is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// It ended, by code or by signal.
    Exited { code: Option<i32>, signal: Option<i32> },
    /// It held more memory than its bound.
    Memory,
    /// What it said was none of what it may say.
    Protocol,
    /// It was ended on purpose.
    Ended,
}

/// A running engine process. Dropped, it is ended.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) child: Child,
    /// What a run may need of it at most.
    pub(super) memory: u64,
    pub(super) line: Line,
}

/// The sending half, for any thread.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// What the socket did not take yet.
    pending: Mutex<Pending>,
    /// Wakes the task that listens: there is something to write, or it is the end.
    nudge: Notify,
    ending: AtomicBool,
    /// It left more unread than a run may be sent, or said what only the host could see to be wrong.
    wrong: AtomicBool,
    /// The last run that it was sent.
    run: AtomicU64,
    /// The most bytes that may wait for a process that reads what it asked for.
    most_pending: AtomicUsize,
    /// The longest frame that the run under way may make.
    longest: AtomicU64,
    /// Plans that the process keeps, by slot, and which slot is next.
    slots: Mutex<(Vec<Arc<Plan>>, usize)>,
}

/// Frames on their way into a socket.
#[derive(Debug, Default)]
struct Pending {
    frames: VecDeque<Vec<u8>>,
    /// What is gone of the first of them.
    sent: usize,
    /// All that is left of them.
    bytes: usize,
}

impl Pending {
    /// Adds a frame of which so much is gone.
    fn push(&mut self, frame: Vec<u8>, sent: usize) {
        if self.frames.is_empty() {
            self.sent = sent;
        }
        self.bytes += frame.len() - sent;
        self.frames.push_back(frame);
    }

    /// Writes as much as `write` takes.
    fn flush(&mut self, mut write: impl FnMut(&[u8]) -> usize) {
        while let Some(frame) = self.frames.front() {
            let sent = write(&frame[self.sent..]);
            self.bytes -= sent;
            self.sent += sent;
            if self.sent < frame.len() {
                return;
            }
            self.frames.pop_front();
            self.sent = 0;
        }
    }
}

/// Launches a process and waits until it is locked down and ready. On the reactor.
pub(super) async fn start(program: &Path, memory: u64, cache: u64) -> Result<Engine, String> {
    let bound = memory.saturating_add(cache).saturating_add(BASE);
    let bounds = Bounds {
        memory_bytes: Some(bound),
        data_bytes: Some(bound.saturating_add(SLACK)),
        processes: 1,
        open_files: 16,
        file_bytes: 0,
        cpu: None,
        capture_bytes: 0,
        log_bytes: MIB,
    };
    let nothing: [(&str, &str); 0] = [];
    let none: [&str; 0] = [];
    let command = Command::new(program, none, nothing, Path::new("/"), bounds)
        .ok_or("its path holds a NUL")?;
    let child = Child::launch(command, None, Box::new(()))
        .await
        .map_err(|error| format!("its program does not start: {error}"))?;
    // What it is told before its first run is short.
    let line = Line { most_pending: AtomicUsize::new(KEPT_CODE), ..Line::default() };
    let engine = Engine { child, memory, line };
    let said = timeout(START, engine.first_words()).await.unwrap_or(Err(None));
    match said {
        Ok(Report::Ready { version }) if version == super::serve::VERSION => {
            // It does nothing until it is given a run; memory is bounded by the kernel too.
            engine.child.set_busy(false);
            Ok(engine)
        }
        Ok(Report::Ready { version }) => Err(format!("its program is of version {version}")),
        Ok(Report::Refused { why }) => Err(format!("it could not be locked down: {why}")),
        _ => match timeout(NEWS, engine.child.ended()).await {
            Ok(End::Exited(exit)) => Err(format!(
                "its program ended before it was ready (code {:?}, signal {:?})",
                exit.code, exit.signal
            )),
            _ => Err("its program does not answer".to_owned()),
        },
    }
}

/// The same for a thread that may wait.
pub(super) fn start_blocking(program: &Path) -> Result<Engine, String> {
    let program = program.to_owned();
    let (give, started) = sync_channel(1);
    reactor::spawn(async move {
        let limits = crate::limits::RunnerLimits::default();
        let memory = memory_for(&Limits::default());
        let _ = give.send(start(&program, memory, limits.cache_bytes).await);
    });
    started.recv().unwrap_or_else(|_| Err("the system gave no thread".to_owned()))
}

impl Engine {
    async fn first_words(&self) -> Result<Report, Option<Malformed>> {
        let mut frames = Frames::default();
        loop {
            if let Some((kind, fields)) = frames.next(QUIET).map_err(Some)? {
                return Report::read(kind, fields).map_err(Some);
            }
            self.child.channel.readable().await.map_err(|_| None)?;
            match frames.fill(|into| self.child.channel.try_read(into)) {
                Ok(0) => return Err(None),
                Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => return Err(None),
                _ => {}
            }
        }
    }

    /// Sends a frame without waiting: what the socket does not take is sent by the task that listens.
    pub(super) fn send(&self, frame: Option<Vec<u8>>) {
        // A frame that is too long to be one is left out; the limits are far below.
        let Some(frame) = frame else { return self.end() };
        let mut pending = self.line.pending.lock();
        let is_first = pending.frames.is_empty();
        let sent = if is_first { self.child.channel.try_write(&frame).unwrap_or(0) } else { 0 };
        if sent == frame.len() {
            return;
        }
        pending.push(frame, sent);
        // Answers are for calls, and it may make no more of those until it has read some.
        if pending.bytes > self.line.most_pending.load(Ordering::Acquire) {
            *pending = Pending::default();
            self.line.wrong.store(true, Ordering::Release);
        }
        self.line.nudge.notify_one();
    }

    /// Sends a run; its plan only if the process does not have it.
    pub(super) fn send_run(&self, run: u64, plan: &Arc<Plan>, input: Option<&Payload>) {
        let limits = &plan.options.limits;
        self.line.longest.store(longest_frame(limits), Ordering::Release);
        self.line.run.store(run, Ordering::Release);
        let (slot, is_known) = self.line.slot_of(plan);
        let frame = message::run(run, slot, (!is_known).then(|| plan.as_ref()), input);
        let unread = self.line.pending.lock().bytes + frame.as_ref().map_or(0, Vec::len);
        let most = most_answers(limits).saturating_add(unread);
        self.line.most_pending.store(most, Ordering::Release);
        self.send(frame);
    }

    /// Has the process ended, whatever it does.
    pub(super) fn end(&self) {
        self.line.ending.store(true, Ordering::Release);
        self.line.nudge.notify_one();
    }

    /// Has the process ended as one that said what it may not, if this was its last run.
    pub(super) fn distrust(&self, run: u64) {
        if self.line.run.load(Ordering::Acquire) == run {
            self.line.wrong.store(true, Ordering::Release);
            self.line.nudge.notify_one();
        }
    }

    /// Whether it was told to.
    pub(super) fn is_ending(&self) -> bool {
        self.line.ending.load(Ordering::Acquire)
    }

    /// Listens until the process is gone, and tells the room. On the reactor.
    pub(super) async fn attend(self: Arc<Engine>, room: Arc<Room>) {
        let loss = self.listen(&room).await;
        self.child.end().await;
        room.lost(&self, loss);
    }

    async fn listen(self: &Arc<Engine>, room: &Arc<Room>) -> Loss {
        let mut frames = Frames::default();
        let ended = self.child.ended();
        tokio::pin!(ended);
        let channel = &self.child.channel;
        loop {
            // Also of one that never stops talking.
            if let Some(loss) = self.told() {
                return loss;
            }
            tokio::select! {
                biased;
                ready = channel.readable() => {
                    let went = if ready.is_ok() { self.take_in(&mut frames, room) } else { Went::Closed };
                    match went {
                        Went::On => {}
                        // There may be more at once: first it is the others' turn.
                        Went::Far => tokio::task::yield_now().await,
                        Went::Wrong => return Loss::Protocol,
                        Went::Closed => break,
                    }
                }
                end = &mut ended => {
                    // What it said before.
                    while let Went::On | Went::Far = self.take_in(&mut frames, room) {
                        if timeout(Duration::ZERO, channel.readable()).await.is_err() { break }
                    }
                    return loss_of(end);
                }
                () = self.line.nudge.notified() => {}
                _ = channel.writable(), if self.line.has_pending() => self.flush(),
            }
        }
        // It is as good as gone: of how it ended there should be news, unless it goes on.
        let news = tokio::time::sleep(NEWS);
        tokio::pin!(news);
        loop {
            tokio::select! {
                end = &mut ended => return loss_of(end),
                () = &mut news => return Loss::Protocol,
                () = self.line.nudge.notified() => {
                    if let Some(loss) = self.told() {
                        return loss;
                    }
                }
            }
        }
    }

    /// Why the process is to be ended, if it is.
    fn told(&self) -> Option<Loss> {
        if self.line.wrong.load(Ordering::Acquire) {
            return Some(Loss::Protocol);
        }
        self.is_ending().then_some(Loss::Ended)
    }

    fn flush(&self) {
        let write = |bytes: &[u8]| self.child.channel.try_write(bytes).unwrap_or(0);
        self.line.pending.lock().flush(write);
    }

    /// Reads once, and hands over every frame that is whole.
    fn take_in(self: &Arc<Engine>, frames: &mut Frames, room: &Arc<Room>) -> Went {
        let mut room_left = false;
        let read = frames.fill(|into| {
            let read = self.child.channel.try_read(into);
            room_left = read.as_ref().is_ok_and(|read| *read < into.len());
            read
        });
        match read {
            Ok(1..) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Went::On,
            _ => return Went::Closed,
        }
        let went = if room_left { Went::On } else { Went::Far };
        loop {
            // Asked anew for each: the end of a run may have begun another.
            let longest = self.line.longest.load(Ordering::Acquire).max(QUIET);
            let report = match frames.next(longest) {
                Ok(None) => return went,
                Ok(Some((kind, fields))) => Report::read(kind, fields),
                Err(wrong) => Err(wrong),
            };
            if report.and_then(|report| room.hear(self, report)).is_err() {
                return Went::Wrong;
            }
        }
    }
}

enum Went {
    On,
    /// As far as there was space to read into.
    Far,
    Closed,
    Wrong,
}

fn loss_of(end: End) -> Loss {
    match end {
        End::Exited(exit) => Loss::Exited { code: exit.code, signal: exit.signal },
        End::Stopped(_) => Loss::Memory,
    }
}

impl Line {
    fn has_pending(&self) -> bool {
        !self.pending.lock().frames.is_empty()
    }

    /// The slot of a plan, and whether the process has it there already.
    fn slot_of(&self, plan: &Arc<Plan>) -> (u8, bool) {
        // Nobody else holds it: it will not come again.
        let is_kept = Arc::strong_count(plan) > 1 && plan.code.len() <= KEPT_CODE;
        if !is_kept {
            return (NO_SLOT, false);
        }
        let (kept, next) = &mut *self.slots.lock();
        let known = kept.iter().position(|known| Arc::ptr_eq(known, plan));
        let slot = known.unwrap_or(*next);
        if known.is_none() {
            if kept.len() < SLOTS {
                kept.push(Arc::clone(plan));
            } else {
                kept[slot] = Arc::clone(plan);
            }
            *next = (slot + 1) % SLOTS;
        }
        (u8::try_from(slot).unwrap_or(NO_SLOT), known.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_written_in_order_however_little_is_taken() {
        for most in [1, 2, 3, 7, 100] {
            let mut pending = Pending::default();
            let (mut written, mut expected) = (Vec::new(), Vec::new());
            for number in 0..20_u8 {
                let frame = vec![number; usize::from(number % 5) + 1];
                let sent = usize::from(pending.frames.is_empty());
                expected.extend_from_slice(&frame[sent..]);
                pending.push(frame, sent);
                let mut times = 0;
                pending.flush(|bytes| {
                    let taken = bytes.len().min(if times == 0 { most } else { 0 });
                    times += 1;
                    written.extend_from_slice(&bytes[..taken]);
                    taken
                });
                assert_eq!(pending.bytes, expected.len() - written.len());
            }
            while pending.bytes > 0 {
                pending.flush(|bytes| {
                    let taken = bytes.len().min(most);
                    written.extend_from_slice(&bytes[..taken]);
                    taken
                });
            }
            assert_eq!((written, pending.frames.len()), (expected, 0), "{most} at a time");
        }
    }
}
