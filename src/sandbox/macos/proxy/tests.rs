//! The proxy, run, with clients and listeners on this machine alone.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::IpAddr;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use super::*;
use crate::sandbox::denials::DenialReason;

const NEAR: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// Only a hang takes so long.
const HANG: Duration = Duration::from_mins(1);

/// Answers every connection with what it said, and counts.
struct Echo {
    address: SocketAddr,
    came: Arc<AtomicUsize>,
}

impl Echo {
    fn open() -> Echo {
        let listener = TcpListener::bind((NEAR, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let came = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&came);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || {
                    let _ = io::copy(&mut &stream, &mut &stream);
                    let _ = stream.shutdown(Shutdown::Write);
                });
            }
        });
        Echo { address, came }
    }

    fn port(&self) -> u16 {
        self.address.port()
    }

    fn came(&self) -> usize {
        self.came.load(Ordering::SeqCst)
    }
}

struct Setup {
    proxy: Proxy,
    denials: Arc<Denials>,
}

/// `near.test` is 127.0.0.2, `any.test` 0.0.0.0, `both.test` one that is refused and one that is not.
fn setup(flags: &[String], most: u32) -> Setup {
    let hosts = [
        ("near.test", vec![IpAddr::from(NEAR)]),
        ("any.test", vec![Ipv4Addr::UNSPECIFIED.into()]),
        ("both.test", vec![Ipv4Addr::new(127, 0, 0, 3).into(), NEAR.into()]),
    ];
    let hosts: HashMap<String, Vec<IpAddr>> =
        hosts.into_iter().map(|(name, addresses)| (name.to_owned(), addresses)).collect();
    let denials = Arc::new(Denials::new(Instant::now()));
    let set = Arc::new(PermissionSet::from_flags(flags).unwrap());
    // No server: a name that is not in the map is looked up nowhere but on this machine.
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
    let resolver = Resolver::system().with_hosts(hosts).with_servers(&[nowhere]);
    let proxy = Proxy::start(set, resolver, most, Arc::clone(&denials)).unwrap();
    Setup { proxy, denials }
}

impl Setup {
    fn visit(&self) -> TcpStream {
        let stream = TcpStream::connect(self.proxy.address).unwrap();
        stream.set_read_timeout(Some(HANG)).unwrap();
        stream
    }

    fn authorization(&self) -> String {
        let coded = http::base64(format!("{USER}:{}", self.proxy.desk.password).as_bytes());
        format!("Proxy-Authorization: Basic {coded}\r\n")
    }

    /// What a tunnel to a place is answered with, and the stream.
    fn tunnel(&self, place: &str) -> (u16, TcpStream) {
        let mut stream = self.visit();
        let head = format!("CONNECT {place} HTTP/1.1\r\n{}\r\n", self.authorization());
        stream.write_all(head.as_bytes()).unwrap();
        (status(&mut stream), stream)
    }

    /// The code of a reply to SOCKS, and the stream.
    fn socks(&self, password: &str, request: &[u8]) -> (Option<u8>, TcpStream) {
        let mut stream = self.visit();
        stream.write_all(&[5, 2, 0, 2]).unwrap();
        assert_eq!(exactly::<2>(&mut stream), Some([5, 2]));
        let mut login = vec![1, 6];
        login.extend(USER.bytes());
        login.push(u8::try_from(password.len()).unwrap());
        login.extend(password.bytes());
        stream.write_all(&login).unwrap();
        if exactly::<2>(&mut stream) != Some([1, 0]) {
            return (None, stream);
        }
        stream.write_all(request).unwrap();
        let reply = exactly::<10>(&mut stream);
        (reply.map(|reply| reply[1]), stream)
    }

    fn reasons(&self) -> Vec<(String, DenialReason)> {
        self.denials.list().0.into_iter().map(|one| (one.target, one.reason)).collect()
    }
}

fn exactly<const N: usize>(stream: &mut TcpStream) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).ok().map(|()| bytes)
}

/// The number in the first line of an answer; all of its head is taken.
fn status(stream: &mut TcpStream) -> u16 {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let [byte] = exactly(stream).unwrap_or_else(|| panic!("{:?}", head.escape_ascii()));
        head.push(byte);
    }
    String::from_utf8(head).unwrap().split(' ').nth(1).unwrap().parse().unwrap()
}

fn assert_echoes(mut stream: TcpStream) {
    stream.write_all(b"there and back").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut back = Vec::new();
    stream.read_to_end(&mut back).unwrap();
    assert_eq!(back, b"there and back");
}

/// Nothing more comes, and not because it was waited for in vain.
fn assert_ended(mut stream: TcpStream) {
    match stream.read(&mut [0]) {
        Ok(count) => assert_eq!(count, 0),
        Err(error) => {
            let ends = [io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe];
            assert!(ends.contains(&error.kind()), "{error}");
        }
    }
}

fn named(name: &str, port: u16) -> Vec<u8> {
    let mut request = vec![5, 1, 0, 3, u8::try_from(name.len()).unwrap()];
    request.extend(name.bytes());
    request.extend(port.to_be_bytes());
    request
}

fn allow_near(port: u16) -> Vec<String> {
    vec![format!("--allow-net=near.test:{port}"), "--allow-private=near.test".to_owned()]
}

#[test]
fn what_is_allowed_is_reached_by_every_way() {
    let echo = Echo::open();
    let setup = setup(&allow_near(echo.port()), 8);
    let (code, stream) = setup.tunnel(&format!("NEAR.test.:{}", echo.port()));
    assert_eq!(code, 200);
    assert_echoes(stream);
    let password = setup.proxy.desk.password.clone();
    let (code, stream) = setup.socks(&password, &named("near.test", echo.port()));
    assert_eq!(code, Some(0));
    assert_echoes(stream);
    // The listener gives the request back as it got it.
    let mut stream = setup.visit();
    let place = format!("near.test:{}", echo.port());
    let head = format!(
        "POST http://{place}/x HTTP/1.1\r\nHost: other\r\n{}Content-Length: 4\r\n\r\nbody",
        setup.authorization()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut back = String::new();
    stream.read_to_string(&mut back).unwrap();
    assert_eq!(
        back,
        format!(
            "POST /x HTTP/1.1\r\nhost: {place}\r\nconnection: close\r\ncontent-length: \
             4\r\n\r\nbody"
        )
    );
    assert_eq!((echo.came(), setup.reasons()), (3, Vec::new()));
}

#[test]
fn nobody_is_served_without_the_password() {
    let echo = Echo::open();
    let setup = setup(&["--allow-net".to_owned()], 8);
    for line in ["", "Proxy-Authorization: Basic cnVubGV0Og==\r\n", "Proxy-Authorization: x\r\n"] {
        let mut stream = setup.visit();
        let head = format!("CONNECT {} HTTP/1.1\r\n{line}\r\n", echo.address);
        stream.write_all(head.as_bytes()).unwrap();
        assert_eq!(status(&mut stream), 407, "{line}");
    }
    let mut short = setup.proxy.desk.password.clone();
    short.pop();
    for password in ["", "x", &short] {
        assert_eq!(setup.socks(password, &named("near.test", echo.port())).0, None, "{password}");
    }
    let mut stream = setup.visit();
    stream.write_all(&[5, 1, 0]).unwrap();
    assert_eq!(exactly::<2>(&mut stream), Some([5, 0xff]));
    assert_eq!(echo.came(), 0);
    assert_ne!(setup.proxy.desk.password, super::password().unwrap());
    assert_eq!(setup.proxy.desk.password.len(), 32);
}

#[test]
fn the_rules_decide_and_refusals_are_noted() {
    let echo = Echo::open();
    let port = echo.port();
    let rule = |text: &str| text.replace("PORT", &port.to_string());
    for (flags, place, code, denial) in [
        (vec![], "near.test:PORT", 403, Some(DenialReason::NoRule)),
        (
            vec!["--allow-net=near.test:PORT"],
            "near.test:PORT",
            403,
            Some(DenialReason::SpecialAddress),
        ),
        (
            vec!["--allow-net=near.test:1", "--allow-private=near.test"],
            "near.test:PORT",
            403,
            Some(DenialReason::NoRule),
        ),
        (
            vec!["--allow-net=near.test", "--allow-private=near.test"],
            "127.0.0.2:PORT",
            403,
            Some(DenialReason::NoRule),
        ),
        (vec!["--allow-net=127.0.0.2"], "127.0.0.2:PORT", 200, None),
        (vec!["--allow-net=127.0.0.2"], "[::ffff:127.0.0.2]:PORT", 200, None),
        (vec!["--allow-net=127.0.0.0/8"], "near.test:PORT", 403, Some(DenialReason::NoRule)),
        (
            vec!["--allow-net", "--deny-net=near.test"],
            "near.test:PORT",
            403,
            Some(DenialReason::DenyRule),
        ),
        (
            vec!["--allow-net", "--deny-net=127.0.0.2"],
            "near.test:PORT",
            403,
            Some(DenialReason::DenyRule),
        ),
        (
            vec!["--allow-net", "--deny-net=127.0.0.1"],
            "any.test:PORT",
            403,
            Some(DenialReason::DenyRule),
        ),
        (
            vec!["--allow-net", "--deny-net=127.0.0.1"],
            "0.0.0.0:PORT",
            403,
            Some(DenialReason::DenyRule),
        ),
        (
            vec!["--allow-net=both.test", "--allow-private=both.test", "--deny-net=127.0.0.3"],
            "both.test:PORT",
            200,
            None,
        ),
        (vec!["--allow-net", "--deny-net=x.test"], "127.0.0.2:53", 403, Some(DenialReason::NoRule)),
        (vec!["--allow-net"], "127.0.0.2:0", 403, Some(DenialReason::NoRule)),
        (vec!["--allow-net"], "127.1:PORT", 400, None),
        (vec!["--allow-net"], "0x7f000002:PORT", 400, None),
        (vec!["--allow-net"], "near.test:70000", 400, None),
    ] {
        let flags: Vec<String> = flags.into_iter().map(rule).collect();
        let (place, before) = (rule(place), echo.came());
        let setup = setup(&flags, 8);
        let (found, stream) = setup.tunnel(&place);
        assert_eq!(found, code, "{flags:?} {place}");
        if code == 200 {
            assert_echoes(stream);
        }
        assert_eq!(echo.came() - before, usize::from(code == 200), "{flags:?} {place}");
        let reasons = setup.reasons();
        assert_eq!(reasons.first().map(|one| one.1), denial, "{flags:?} {place} {reasons:?}");
    }
    let setup = setup(&[], 8);
    setup.tunnel("API.near.test.:443");
    let denial = setup.denials.list().0.remove(0);
    assert_eq!(denial.target, "api.near.test:443");
    assert_eq!(denial.allow_with.as_deref(), Some("--allow-net=api.near.test:443"));
}

#[test]
fn socks_says_why_not() {
    let echo = Echo::open();
    let setup = setup(&allow_near(echo.port()), 8);
    let password = setup.proxy.desk.password.clone();
    let code = |request: &[u8]| setup.socks(&password, request).0;
    assert_eq!(code(&named("far.test", 1)), Some(2));
    assert_eq!(code(&named("near.test", 1)), Some(2));
    assert_eq!(code(&named("not a name", 1)), Some(8));
    assert_eq!(code(&[5, 1, 0, 1, 127, 0, 0, 2, 0, 1]), Some(2));
    let v6 = [&[5, 1, 0, 4][..], &[0; 15], &[1, 0, 1]].concat();
    assert_eq!(code(&v6), Some(2));
    assert_eq!(code(&[5, 1, 0, 9, 0, 0]), Some(8));
    for command in [2, 3] {
        assert_eq!(code(&[5, command, 0, 1, 127, 0, 0, 2, 0, 1]), Some(7), "{command}");
    }
    assert_eq!(echo.came(), 0);
}

#[test]
fn connections_are_counted_while_they_last() {
    let echo = Echo::open();
    let setup = setup(&allow_near(echo.port()), 1);
    let place = format!("near.test:{}", echo.port());
    let (code, held) = setup.tunnel(&place);
    assert_eq!(code, 200);
    assert_eq!(setup.tunnel(&place).0, 403);
    assert_eq!(setup.reasons(), [(place.clone(), DenialReason::ConnectionLimit)]);
    assert_echoes(held);
    // The place is given back a moment after the last byte.
    let end = Instant::now() + HANG;
    while setup.tunnel(&place).0 != 200 {
        assert!(Instant::now() < end, "the place is never given back");
        std::thread::yield_now();
    }
}

#[test]
fn connections_end_with_the_proxy() {
    let echo = Echo::open();
    let setup = setup(&allow_near(echo.port()), 8);
    let (code, mut stream) = setup.tunnel(&format!("near.test:{}", echo.port()));
    assert_eq!(code, 200);
    let mut silent = setup.visit();
    silent.write_all(b"CONN").unwrap();
    stream.write_all(b"x").unwrap();
    assert_eq!(exactly::<1>(&mut stream), Some(*b"x"));
    let address = setup.proxy.address;
    drop(setup);
    for stream in [stream, silent] {
        assert_ended(stream);
    }
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn what_is_no_request_is_answered_and_ended() {
    let setup = setup(&["--allow-net".to_owned()], 8);
    let mut stream = setup.visit();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n").unwrap();
    assert_eq!(status(&mut stream), 400);
    let mut stream = setup.visit();
    // It hangs up in the middle of it.
    let _ = stream.write_all(&vec![b'a'; 200_000]);
    assert_ended(stream);
}
