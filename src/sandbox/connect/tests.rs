//! Children that connect. Loopback only.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use super::*;
use crate::sandbox::denials::Denial;
use crate::sandbox::dns::message;
use crate::sandbox::supervisor::{Watch, watch};
use crate::sandbox::trial::{self, CONNECT, Child, Notes, call};

mod access;
mod names;

const ALLOWED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const OTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);
const EACCES: i64 = -libc::EACCES as i64;

/// Counts who comes.
struct Door {
    port: u16,
    came: Arc<AtomicUsize>,
    closed: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
    address: Ipv4Addr,
}

impl Door {
    fn open(address: Ipv4Addr) -> Door {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (came, closed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, stop) = (Arc::clone(&came), Arc::clone(&closed));
        let thread = std::thread::spawn(move || {
            for _ in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                counted.fetch_add(1, Ordering::SeqCst);
            }
            // One of those that are left, or the one above, only knocked to say that it is over.
            listener.set_nonblocking(true).unwrap();
            counted
                .fetch_add(listener.incoming().take_while(Result::is_ok).count(), Ordering::SeqCst);
        });
        Door { port, came, closed, thread: Some(thread), address }
    }

    /// How many came; nobody can afterwards.
    fn close(&mut self) -> usize {
        if let Some(thread) = self.thread.take() {
            self.closed.store(true, Ordering::SeqCst);
            drop(std::net::TcpStream::connect((self.address, self.port)));
            thread.join().unwrap();
        }
        self.came.load(Ordering::SeqCst)
    }
}

struct Setup {
    denials: Arc<Denials>,
    network: Network,
}

fn setup_with(flags: &[String], resolver: Resolver, most: u32) -> Setup {
    setup_by(flags, resolver, most, SocketAccess::Duplicate)
}

fn setup_by(flags: &[String], resolver: Resolver, most: u32, access: SocketAccess) -> Setup {
    let rules = Arc::new(PermissionSet::from_flags(flags).unwrap());
    let denials = Arc::new(Denials::new(Instant::now()));
    let network = Network::new(rules, resolver, most, Arc::clone(&denials), access);
    Setup { denials, network }
}

fn setup(flags: &[String]) -> Setup {
    setup_with(flags, hosts(&[]), 100)
}

/// A resolver that knows these names and asks nobody about others.
fn hosts(names: &[(&str, &[&str])]) -> Resolver {
    let addresses = |list: &[&str]| list.iter().map(|one| one.parse().unwrap()).collect();
    let map: HashMap<String, Vec<IpAddr>> =
        names.iter().map(|(name, list)| ((*name).to_owned(), addresses(list))).collect();
    // Nobody answers there.
    Resolver::system().with_hosts(map).with_servers(&["127.0.0.1:1".parse().unwrap()])
}

impl Setup {
    fn watch(&self, child: &mut Child) -> Watch {
        watch(child.listener.take().unwrap(), Arc::new(self.network.clone())).unwrap()
    }

    fn run(&self, body: impl FnOnce(&'static Notes)) -> Child {
        self.run_with(CONNECT, body)
    }

    fn run_with(&self, numbers: &[i64], body: impl FnOnce(&'static Notes)) -> Child {
        let mut child = trial::fork(numbers, body);
        let watch = self.watch(&mut child);
        child.finish();
        drop(watch);
        child
    }

    fn denials(&self) -> Vec<Denial> {
        self.denials.list().0
    }

    /// The only refusal, as `target reason`.
    fn denial(&self) -> (String, DenialReason) {
        let list = self.denials();
        assert_eq!(list.len(), 1, "{list:?}");
        (list[0].target.clone(), list[0].reason)
    }
}

fn flags(list: &[&str]) -> Vec<String> {
    list.iter().map(|flag| (*flag).to_owned()).collect()
}

#[test]
fn an_address_is_reached_when_a_rule_covers_it_and_its_port() {
    let (mut door, mut other, mut far) =
        (Door::open(ALLOWED), Door::open(ALLOWED), Door::open(OTHER));
    let (a, b, c) = (door.port, other.port, far.port);
    let setup = setup(&[format!("--allow-net=127.0.0.2:{a}")]);
    let child = setup.run(|notes| {
        call::note(notes, 0, call::connect(ALLOWED, a));
        call::note(notes, 1, call::connect(ALLOWED, b));
        call::note(notes, 2, call::connect(OTHER, c));
        let mapped = ALLOWED.to_ipv6_mapped().octets();
        call::note(notes, 3, call::connect_v6(mapped, a));
        call::note(notes, 4, call::connect_v6(mapped, b));
        call::note(notes, 5, call::connect_v6([0; 16], a));
    });
    let notes: Vec<i64> = (0..6).map(|number| child.note(number)).collect();
    assert_eq!(notes, [0, EACCES, EACCES, 0, EACCES, EACCES]);
    assert_eq!((door.close(), other.close(), far.close()), (2, 0, 0));
    let denials = setup.denials();
    assert_eq!(denials.len(), 3, "{denials:?}");
    assert_eq!(denials[0].target, format!("127.0.0.2:{b}"));
    assert_eq!(denials[0].allow_with, Some(format!("--allow-net=127.0.0.2:{b}")));
    assert_eq!((denials[0].reason, denials[0].count), (DenialReason::NoRule, 2));
    assert_eq!(denials[2].allow_with, Some(format!("--allow-net=[::1]:{a}")));
}

#[test]
fn without_a_supervisor_a_connect_fails() {
    let mut door = Door::open(ALLOWED);
    let port = door.port;
    let setup = setup(&flags(&["--allow-net=127.0.0.2"]));
    let mut child = trial::fork(CONNECT, |notes| {
        for number in 0..4 {
            call::note(notes, number, call::connect(ALLOWED, port));
        }
    });
    drop(setup.watch(&mut child));
    child.finish();
    for number in 0..4 {
        let errno = -child.note(number);
        assert!([libc::ENOSYS.into(), libc::EACCES.into()].contains(&errno), "{errno}");
    }
    assert_eq!(door.close(), 0);
}

/// Lets a child connect so many times to an address that changes all the time.
fn flip(child: &mut Child, good: libc::sockaddr_in, bad: libc::sockaddr_in) {
    let word = |address: libc::sockaddr_in| {
        // SAFETY: the first half of an address: family, port and host.
        unsafe { (&raw const address).cast::<i64>().read_unaligned() }
    };
    let (good, bad) = (word(good), word(bad));
    let ended = AtomicBool::new(false);
    let address = &child.notes[FLIPPED];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                address.store(good, Ordering::Relaxed);
                address.store(bad, Ordering::Relaxed);
            }
        });
        child.go();
        let mut status = 0;
        // SAFETY: waits for our own child, and leaves it to be waited for again.
        unsafe {
            let exited = libc::WEXITED | libc::WNOWAIT;
            let mut info: libc::siginfo_t = std::mem::zeroed();
            status += libc::waitid(libc::P_PID, child.pid.cast_unsigned(), &raw mut info, exited);
        }
        ended.store(true, Ordering::Relaxed);
        assert_eq!(status, 0);
    });
    assert!(child.wait(), "the child was ended");
}

/// Where the address stands.
const FLIPPED: usize = 10;
const ROUNDS: i64 = 3000;

fn connect_often(notes: &'static Notes) {
    for _ in 0..ROUNDS {
        let fd = call::socket(libc::AF_INET, libc::SOCK_STREAM);
        let done = call::connect_raw(fd, &raw const notes[FLIPPED], 16);
        notes[usize::from(done != 0)].fetch_add(1, Ordering::SeqCst);
        call::close(fd);
    }
}

#[test]
fn an_address_that_is_changed_meanwhile_leads_nowhere_else() {
    let (mut door, mut other) = (Door::open(ALLOWED), Door::open(OTHER));
    let (good, bad) = (call::v4(ALLOWED, door.port), call::v4(OTHER, other.port));
    // Without supervision both are reached: the attack works.
    let mut free = trial::fork(&[], connect_often);
    flip(&mut free, good, bad);
    assert_eq!(free.note(0), ROUNDS);
    assert!(other.close() > 0);

    let (before, mut other) = (door.came.load(Ordering::SeqCst), Door::open(OTHER));
    let bad = call::v4(OTHER, other.port);
    let setup = setup(&[format!("--allow-net=127.0.0.2:{}", door.port)]);
    let mut child = trial::fork(CONNECT, connect_often);
    let watch = setup.watch(&mut child);
    flip(&mut child, good, bad);
    drop(watch);
    let (well, refused) = (child.note(0), child.note(1));
    assert_eq!(well + refused, ROUNDS);
    assert!(well > 0 && refused > 0, "{well} went well and {refused} did not");
    assert_eq!(other.close(), 0);
    assert!(door.close() > before);
}

#[test]
fn more_connections_than_allowed_are_refused() {
    let mut door = Door::open(ALLOWED);
    let port = door.port;
    let setup = setup_with(&flags(&["--allow-net=127.0.0.2"]), hosts(&[]), 3);
    let child = setup.run(|notes| {
        let mut open = [0; 4];
        for (number, fd) in open.iter_mut().enumerate() {
            *fd = call::socket(libc::AF_INET, libc::SOCK_STREAM);
            call::note(notes, number, call::connect_on(*fd, ALLOWED, port));
        }
        call::close(open[1]);
        // A child that another test forks just then holds our copy of it for a moment.
        for _ in 0..1_000 {
            let done = call::connect_on(open[3], ALLOWED, port);
            call::note(notes, 4, done);
            if done == 0 {
                break;
            }
            // SAFETY: a system call.
            unsafe { libc::usleep(1_000) };
        }
        call::note(notes, 5, call::connect(ALLOWED, port));
    });
    let refused = -i64::from(libc::ECONNREFUSED);
    let notes: Vec<i64> = (0..6).map(|number| child.note(number)).collect();
    assert_eq!(notes, [0, 0, 0, refused, 0, refused]);
    assert_eq!(door.close(), 4);
    let list = setup.denials();
    assert!(list.len() == 1 && list[0].count >= 2, "{list:?}");
    assert_eq!(list[0].reason, DenialReason::ConnectionLimit);
    assert_eq!((&list[0].rule, &list[0].allow_with), (&None, &None));
}

#[test]
fn what_is_no_tcp_socket_or_no_address_is_refused() {
    let mut door = Door::open(ALLOWED);
    let port = door.port;
    let setup = setup(&flags(&["--allow-net"]));
    let child = setup.run(|notes| {
        let udp = call::socket(libc::AF_INET, libc::SOCK_DGRAM);
        call::note(notes, 0, call::connect_on(udp, ALLOWED, port));
        let unix = call::socket(libc::AF_UNIX, libc::SOCK_STREAM);
        call::note(notes, 1, call::connect_raw(unix, [1_u8, 0, b'/', b'x', 0].as_ptr(), 5));
        call::note(notes, 2, call::connect_on(999, ALLOWED, port));
        let tcp = call::socket(libc::AF_INET, libc::SOCK_STREAM);
        call::note(notes, 3, call::connect_raw(tcp, std::ptr::without_provenance::<u8>(8), 16));
        let address = call::v4(ALLOWED, port);
        call::note(notes, 4, call::connect_raw(tcp, &raw const address, 15));
        call::note(notes, 5, call::connect_raw(tcp, &raw const address, 129));
        call::note(notes, 6, call::connect_raw(tcp, &raw const address, u32::MAX));
        call::note(notes, 7, call::connect_raw(tcp, &raw const address, 16));
        call::note(notes, 8, call::connect_raw(tcp, &raw const address, 16));
        call::note(notes, 9, call::connect_raw(tcp, [0_u8; 16].as_ptr(), 16));
        call::note(notes, 10, call::connect_raw(tcp, &raw const address, 16));
    });
    let errnos: Vec<i64> = (0..11).map(|number| -child.note(number)).collect();
    let (access, bad, fault) = (libc::EACCES, libc::EBADF, libc::EFAULT);
    let (invalid, again) = (libc::EINVAL, libc::EISCONN);
    let expected = [access, access, bad, fault, invalid, invalid, invalid, 0, again, 0, 0];
    assert_eq!(errnos, expected.map(i64::from));
    assert_eq!(door.close(), 2);
}

#[test]
fn a_socket_that_does_not_wait_says_so() {
    let mut door = Door::open(ALLOWED);
    let port = door.port;
    let setup = setup(&flags(&["--allow-net=127.0.0.2"]));
    let child = setup.run(|notes| {
        let fd = call::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_NONBLOCK);
        call::note(notes, 0, call::connect_on(fd, ALLOWED, port));
        let mut wait = libc::pollfd { fd, events: libc::POLLOUT, revents: 0 };
        // SAFETY: waits for one descriptor.
        call::note(notes, 1, unsafe { libc::poll(&raw mut wait, 1, 10_000) }.into());
        call::note(notes, 2, call::connect_on(fd, ALLOWED, port));
    });
    assert_eq!(child.note(0), -i64::from(libc::EINPROGRESS));
    assert_eq!(child.note(1), 1);
    assert!([0, -i64::from(libc::EISCONN)].contains(&child.note(2)));
    assert_eq!(door.close(), 1);
}

#[test]
fn everything_but_a_range_keeps_to_the_range() {
    let (mut door, mut other) = (Door::open(ALLOWED), Door::open(Ipv4Addr::LOCALHOST));
    let (a, b) = (door.port, other.port);
    let setup = setup(&flags(&["--allow-net", "--deny-net=127.0.0.1"]));
    let child = setup.run(|notes| {
        call::note(notes, 0, call::connect(ALLOWED, a));
        call::note(notes, 1, call::connect(Ipv4Addr::LOCALHOST, b));
        call::note(notes, 2, call::connect(Ipv4Addr::UNSPECIFIED, b));
        call::note(notes, 3, call::connect_v6(Ipv4Addr::LOCALHOST.to_ipv6_mapped().octets(), b));
        call::note(notes, 4, call::connect_v6(Ipv4Addr::UNSPECIFIED.to_ipv6_mapped().octets(), b));
    });
    let notes: Vec<i64> = (0..5).map(|number| child.note(number)).collect();
    assert_eq!(notes, [0, EACCES, EACCES, EACCES, EACCES]);
    assert_eq!((door.close(), other.close()), (1, 0));
    let list = setup.denials();
    assert_eq!((list.len(), list[0].count), (1, 4));
    assert_eq!(list[0].rule.as_deref(), Some("--deny-net=127.0.0.1"));
    assert_eq!((list[0].reason, &list[0].allow_with), (DenialReason::DenyRule, &None));
}
