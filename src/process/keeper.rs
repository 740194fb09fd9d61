//! Keeps a tree of processes from its launch to its end: drains what it prints, measures it, ends
//! it, and reaps it. One task per tree; who uses the tree holds a [`Child`].

use std::any::Any;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use libc::pid_t;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::unix::pipe::Receiver as Pipe;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::capture::{Capture, Captured};
use super::channel::Channel;
use super::command::{Command, Limits};
use super::launch::{LaunchError, Launched};
use super::{census, feed, guardian, launcher, reactor};
use crate::sandbox::{Denial, Supervision};

/// How often memory and processes are counted, far from the limit and near it.
const CALM: Duration = Duration::from_millis(10);
const NEAR: Duration = Duration::from_millis(2);
/// How often while the tree has nothing to do.
const IDLE: Duration = Duration::from_millis(200);
/// How long the pipes of a tree that has ended are read, should somebody else hold them.
const DRAIN: Duration = Duration::from_millis(50);
const READ_BYTES: usize = 64 * 1024;
/// The most that a pipe holds, unless the system was told to allow more.
const PIPE_BYTES: u64 = 1 << 20;

/// How the first process ended. Neither is known if somebody else took the news of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exit {
    /// Its exit code, if it ended by itself.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

/// Why the keeper ended a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// More memory than its limit.
    Memory,
    /// More processes than its limit.
    Processes,
    /// More output than its limit.
    Logs,
}

/// What ended a tree before anybody asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The first process is gone, and with it the tree.
    Exited(Exit),
    /// The keeper has ended it.
    Stopped(Stop),
}

/// What is known of a tree at its end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Report {
    /// What it wrote to stdout.
    pub stdout: Captured,
    /// What it wrote to stderr.
    pub stderr: Captured,
    /// The most memory it was seen to hold, in bytes.
    pub peak_memory_bytes: u64,
    /// What was read of both, in bytes.
    pub printed_bytes: u64,
    /// What its sandbox refused and noted.
    pub denials: Vec<Denial>,
}

/// Gets what the tree writes, as it comes: 1 for stdout, 2 for stderr, and the bytes.
pub(crate) type LogSink = Arc<dyn Fn(u8, &[u8]) + Send + Sync>;

/// A running tree. Dropped, it is ended.
#[derive(Debug)]
pub(crate) struct Child {
    /// Our end of its descriptor 3.
    pub(crate) channel: Channel,
    ended: watch::Receiver<Option<End>>,
    ask: mpsc::UnboundedSender<Ask>,
}

/// A word to the keeper.
enum Ask {
    /// What is known now.
    Report { to: oneshot::Sender<Report>, then: Then },
    /// Whether the tree has something to do: one that has not is looked at less often.
    Busy(bool),
}

/// What becomes of a tree after a report.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    GoesOn,
    Halts,
    Ends,
}

impl Child {
    /// Launches a tree. `held` is dropped once all of it is gone. To be called on the reactor.
    pub(crate) async fn launch(
        command: Command,
        log: Option<LogSink>,
        held: Box<dyn Any + Send>,
    ) -> Result<Child, LaunchError> {
        let (limits, order) = (command.limits.clone(), command.sandbox.clone());
        let input = command.input.clone();
        let mut launched = launcher::order(command).await?;
        let mut kept = std::mem::take(&mut launched.kept);
        let stdin = launched.stdin.take().zip(input);
        let supervision = match &order {
            Some(order) => match Supervision::begin(order, kept.policy.take().zip(kept.listener)) {
                Ok(supervision) => Some(supervision),
                Err(error) => {
                    discard(&launched);
                    let errno = error.raw_os_error().unwrap_or(libc::EIO);
                    return Err(LaunchError { stage: "supervision", errno });
                }
            },
            None => None,
        };
        let (end, ended) = watch::channel(None);
        let (ask, asked) = mpsc::unbounded_channel();
        let tree = Tree { pid: launched.pid, exited: None };
        let feeding = stdin.map(|(pipe, input)| feed::start(pipe, input)).transpose();
        let (Ok(feeding), Ok((channel, keeper))) =
            (feeding, Keeper::new(launched, limits, log, end, supervision))
        else {
            tree.discard();
            return Err(LaunchError { stage: "epoll", errno: libc::EMFILE });
        };
        reactor::spawn(async move {
            keeper.keep(tree, asked).await;
            // Nobody reads any more.
            if let Some(feeding) = feeding {
                feeding.abort();
            }
            drop((held, kept.files));
        });
        Ok(Child { channel, ended, ask })
    }

    /// Waits until the tree has ended without being asked to.
    pub(crate) fn ended(&self) -> impl Future<Output = End> + Send + use<> {
        let mut ended = self.ended.clone();
        async move {
            let end = ended.wait_for(Option::is_some).await.ok().and_then(|end| *end);
            end.unwrap_or(End::Exited(Exit { code: None, signal: None }))
        }
    }

    /// True when it has.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.borrow().is_some()
    }

    /// True while the first process has its end of the channel open and said nothing that was not read.
    /// Asked of the kernel: of an end, the keeper hears only a moment later.
    pub(crate) fn is_silent(&self) -> bool {
        let mut byte = 0_u8;
        let how = libc::MSG_PEEK | libc::MSG_DONTWAIT;
        // SAFETY: one byte of ours, and a descriptor that the channel keeps open.
        let read = unsafe { libc::recv(self.channel.as_raw_fd(), (&raw mut byte).cast(), 1, how) };
        read < 0 && std::io::Error::last_os_error().kind() == std::io::ErrorKind::WouldBlock
    }

    /// Ends the tree and says what it left. What it printed until now is in the report; its death is
    /// not waited for.
    pub(crate) async fn finish(self) -> Report {
        self.asked(Then::Ends).await
    }

    /// Ends the tree, for callers who share it.
    pub(crate) async fn end(&self) -> Report {
        self.asked(Then::Ends).await
    }

    /// What is known of the tree now, which goes on.
    pub(crate) async fn report(&self) -> Report {
        self.asked(Then::GoesOn).await
    }

    /// What is known of the tree now, which does nothing more: it only waits for its end.
    pub(crate) async fn halt(&self) -> Report {
        self.asked(Then::Halts).await
    }

    /// Says whether the tree has something to do; it has from its launch.
    pub(crate) fn set_busy(&self, busy: bool) {
        let _ = self.ask.send(Ask::Busy(busy));
    }

    async fn asked(&self, then: Then) -> Report {
        let (to, report) = oneshot::channel();
        if self.ask.send(Ask::Report { to, then }).is_err() {
            return Report::default();
        }
        report.await.unwrap_or_default()
    }
}

/// Ends a tree that nobody keeps.
pub(super) fn discard(launched: &Launched) {
    Tree { pid: launched.pid, exited: None }.discard();
}

/// The processes: all of one group, whose number is that of the first of them until that is reaped.
struct Tree {
    pid: pid_t,
    exited: Option<Exit>,
}

impl Tree {
    fn kill(&self) {
        self.signal(libc::SIGKILL);
    }

    fn signal(&self, signal: libc::c_int) {
        // SAFETY: the group is ours: its leader is a child that was not reaped yet.
        unsafe { libc::kill(-self.pid, signal) };
    }

    /// How the first process ended, if it has. It stays unreaped.
    fn look(&mut self, pidfd: &OwnedFd) -> Option<Exit> {
        // SAFETY: plain data that the call fills.
        let mut news: libc::siginfo_t = unsafe { std::mem::zeroed() };
        let which = pidfd.as_raw_fd().cast_unsigned();
        let how = libc::WEXITED | libc::WNOWAIT | libc::WNOHANG;
        // SAFETY: asks about a child of ours.
        let answer = unsafe { libc::waitid(libc::P_PIDFD, which, &raw mut news, how) };
        // SAFETY: the call filled it, or it is all zero.
        let (pid, status) = unsafe { (news.si_pid(), news.si_status()) };
        if answer == 0 && pid == 0 {
            return None;
        }
        let exit = match (answer, news.si_code) {
            (0, libc::CLD_EXITED) => Exit { code: Some(status), signal: None },
            (0, _) => Exit { code: None, signal: Some(status) },
            _ => Exit { code: None, signal: None },
        };
        self.exited = Some(exit);
        Some(exit)
    }

    fn reap(&self) {
        guardian::release(self.pid);
        // SAFETY: our own child, which has ended.
        unsafe { libc::waitpid(self.pid, std::ptr::null_mut(), 0) };
    }

    /// Where the host is the one that orphans fall to, as the first process of a container is, the
    /// rest of the tree must be reaped too; and anywhere a tool can make its processes the host's
    /// children (`CLONE_PARENT`).
    async fn reap_orphans(&self) {
        // Only waiting has an end: there may be any number of them.
        let mut pauses = 0;
        while pauses < 50 {
            // SAFETY: children of ours in this tree's group alone.
            let reaped = unsafe { libc::waitpid(-self.pid, std::ptr::null_mut(), libc::WNOHANG) };
            if reaped < 0 {
                return;
            }
            if reaped == 0 {
                pauses += 1;
                sleep(Duration::from_millis(2)).await;
            }
        }
    }

    fn discard(self) {
        self.kill();
        self.reap();
    }
}

struct Keeper {
    pidfd: AsyncFd<OwnedFd>,
    limits: Limits,
    log: Option<LogSink>,
    pipes: [Option<Pipe>; 2],
    captures: [Capture; 2],
    read: u64,
    peak: u64,
    busy: bool,
    buffer: Vec<u8>,
    end: watch::Sender<Option<End>>,
    supervision: Option<Supervision>,
}

impl Keeper {
    fn new(
        launched: Launched,
        limits: Limits,
        log: Option<LogSink>,
        end: watch::Sender<Option<End>>,
        supervision: Option<Supervision>,
    ) -> std::io::Result<(Channel, Keeper)> {
        let channel = Channel::new(launched.channel)?;
        let pipes = [
            Some(Pipe::from_owned_fd(launched.stdout)?),
            Some(Pipe::from_owned_fd(launched.stderr)?),
        ];
        let captures = [Capture::new(limits.capture_bytes), Capture::new(limits.capture_bytes)];
        // SAFETY: an owned descriptor always gives the same number and stays open while it is owned.
        let pidfd = unsafe { AsyncFd::register_with_interest(launched.pidfd, Interest::READABLE) };
        let pidfd = pidfd.map_err(std::io::Error::from)?;
        let buffer = vec![0; READ_BYTES];
        Ok((
            channel,
            Keeper {
                pidfd,
                limits,
                log,
                pipes,
                captures,
                read: 0,
                peak: 0,
                busy: true,
                buffer,
                end,
                supervision,
            },
        ))
    }

    async fn keep(mut self, mut tree: Tree, mut asked: mpsc::UnboundedReceiver<Ask>) {
        let mut look = Instant::now() + CALM;
        loop {
            let [stdout, stderr] = &self.pipes;
            tokio::select! {
                biased;
                ask = asked.recv() => match ask {
                    Some(Ask::Busy(busy)) => {
                        self.busy = busy;
                        look = Instant::now() + CALM;
                    }
                    Some(Ask::Report { to, then }) => {
                        self.answer(&tree, Some(to), then).await;
                        if then == Then::Ends {
                            break;
                        }
                    }
                    None => {
                        self.answer(&tree, None, Then::Ends).await;
                        break;
                    }
                },
                ready = self.pidfd.readable(), if tree.exited.is_none() => {
                    if let Ok(mut ready) = ready { ready.clear_ready() }
                    if let Some(exit) = tree.look(self.pidfd.get_ref()) {
                        // What it started must not go on without it.
                        tree.kill();
                        self.end.send_if_modified(|end| {
                            let first = end.is_none();
                            end.get_or_insert(End::Exited(exit));
                            first
                        });
                    }
                }
                () = sleep_until(look), if tree.exited.is_none() => {
                    look = Instant::now() + self.measure(&tree);
                }
                () = readable(stdout.as_ref()) => self.read_some(0, &tree),
                () = readable(stderr.as_ref()) => self.read_some(1, &tree),
            }
        }
        // Until the leader is reaped its group's number is nobody else's.
        while tree.exited.is_none() {
            if let Ok(mut ready) = self.pidfd.readable().await {
                ready.clear_ready();
            }
            tree.look(self.pidfd.get_ref());
        }
        tree.kill();
        tree.reap();
        tree.reap_orphans().await;
    }

    /// Reports, if anybody still wants to know, and halts or ends the tree if that is wanted.
    async fn answer(&mut self, tree: &Tree, to: Option<oneshot::Sender<Report>>, then: Then) {
        if tree.exited.is_some() {
            // All writers are dead or dying: read to the end.
            let _ = timeout(DRAIN, self.drain(tree)).await;
        } else {
            // No new census: somebody waits for the answer.
            let members = census::known_members(tree.pid);
            self.peak = self.peak.max(memory(tree.pid, &members));
            for stream in 0..2 {
                // What lies in the pipe, not what is written meanwhile: a flood would have no end.
                let end = self.read + PIPE_BYTES;
                while self.read < end && self.read_now(stream) {}
            }
            if then == Then::Ends {
                tree.kill();
            }
        }
        if let Some(to) = to {
            let [stdout, stderr] = &self.captures;
            let (stdout, stderr) = (stdout.captured(), stderr.captured());
            let denials = self.supervision.as_ref().map(Supervision::denials).unwrap_or_default();
            let (peak_memory_bytes, printed_bytes) = (self.peak, self.read);
            let _ = to.send(Report { stdout, stderr, peak_memory_bytes, printed_bytes, denials });
        }
        if then == Then::Halts {
            // Whoever waits for the report goes first: to stop a process is to wake all its threads.
            yield_now().await;
            tree.signal(libc::SIGSTOP);
        }
    }

    async fn drain(&mut self, tree: &Tree) {
        while self.pipes.iter().any(Option::is_some) {
            let [stdout, stderr] = &self.pipes;
            tokio::select! {
                () = readable(stdout.as_ref()) => self.read_some(0, tree),
                () = readable(stderr.as_ref()) => self.read_some(1, tree),
            }
        }
    }

    fn read_some(&mut self, stream: usize, tree: &Tree) {
        self.read_once(stream);
        if self.read > self.limits.log_bytes {
            self.stop(tree, Stop::Logs);
        }
    }

    /// How much was read; nothing when the pipe has nothing for now or is closed.
    fn read_once(&mut self, stream: usize) -> Option<usize> {
        let pipe = self.pipes[stream].as_ref()?;
        let read = match pipe.try_read(&mut self.buffer) {
            Ok(read) if read > 0 => read,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return None,
            _ => {
                self.pipes[stream] = None;
                return None;
            }
        };
        self.took(stream, read);
        Some(read)
    }

    /// Reads what there is, whether the reactor has heard of it or not: it asks the system only now
    /// and then, and a tool's last line may be younger. False when there is nothing.
    fn read_now(&mut self, stream: usize) -> bool {
        let Some(pipe) = &self.pipes[stream] else { return false };
        // SAFETY: reads from a pipe that we hold into a buffer of ours, at most its length.
        let read = unsafe {
            libc::read(pipe.as_raw_fd(), self.buffer.as_mut_ptr().cast(), self.buffer.len())
        };
        let read = usize::try_from(read).unwrap_or(0);
        self.took(stream, read);
        read > 0
    }

    fn took(&mut self, stream: usize, read: usize) {
        let bytes = &self.buffer[..read];
        self.captures[stream].add(bytes);
        self.read += read as u64;
        if let Some(log) = self.log.as_ref().filter(|_| read > 0) {
            log(if stream == 0 { 1 } else { 2 }, bytes);
        }
    }

    /// Counts memory and processes; says when to do so again.
    fn measure(&mut self, tree: &Tree) -> Duration {
        let members = census::members(tree.pid);
        let memory = memory(tree.pid, &members);
        self.peak = self.peak.max(memory);
        if members.len() > self.limits.processes as usize {
            self.stop(tree, Stop::Processes);
        }
        match self.limits.memory_bytes {
            Some(limit) if memory > limit => {
                self.stop(tree, Stop::Memory);
                CALM
            }
            Some(limit) if memory > limit / 2 => NEAR,
            _ if self.busy => CALM,
            _ => IDLE,
        }
    }

    fn stop(&mut self, tree: &Tree, why: Stop) {
        tree.kill();
        self.end.send_if_modified(|end| {
            let first = end.is_none();
            end.get_or_insert(End::Stopped(why));
            first
        });
    }
}

fn memory(leader: pid_t, members: &[pid_t]) -> u64 {
    let others = members.iter().filter(|pid| **pid != leader);
    census::memory_of(leader) + others.map(|pid| census::memory_of(*pid)).sum::<u64>()
}

/// Waits until a pipe has something; for ever when it is closed.
async fn readable(pipe: Option<&Pipe>) {
    match pipe {
        Some(pipe) => {
            let _ = pipe.readable().await;
        }
        None => std::future::pending().await,
    }
}
