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
                    return;
                }
                counted.fetch_add(1, Ordering::SeqCst);
            }
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
    let rules = Arc::new(PermissionSet::from_flags(flags).unwrap());
    let denials = Arc::new(Denials::new(Instant::now()));
    let network = Network::new(rules, resolver, most, Arc::clone(&denials));
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
        let mut child = trial::fork(CONNECT, body);
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
