//! Looking up names, with a server of our own on this machine.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::atomic::AtomicBool;

use super::*;
use crate::sandbox::dns::message::{AAAA, NO_SUCH_NAME, Name, SERVER_FAILURE, read_question};

/// A name server for `.test`, which counts the questions it gets.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) questions: Arc<AtomicUsize>,
    ended: Arc<AtomicBool>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

/// `gone.test` does not exist, `broken.test` fails, `six.test` has no IPv4 address, `long.test` is
/// answered by TCP only, `mute.test` not at all; any other is 127.0.0.2.
fn answer(message: &[u8], by_tcp: bool) -> Option<Vec<u8>> {
    let question = read_question(message).ok()?;
    let Name::Host(name) = &question.name else { return None };
    let address = question.answer_with(Ipv4Addr::new(127, 0, 0, 2), 2);
    match name.as_str() {
        "mute.test" => None,
        "gone.test" => Some(question.answer(NO_SUCH_NAME)),
        "broken.test" => Some(question.answer(SERVER_FAILURE)),
        "six.test" if question.kind == AAAA => {
            let mut reply = question.answer_with(Ipv4Addr::LOCALHOST, 2);
            let start = reply.len() - 16;
            reply[start + 3] = 28;
            reply.truncate(reply.len() - 6);
            reply.extend([0, 16, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
            Some(reply)
        }
        "six.test" => Some(question.answer(0)),
        "long.test" if !by_tcp => {
            let mut reply = question.answer(0);
            reply[2] |= 2;
            Some(reply)
        }
        _ => Some(address),
    }
}

impl Server {
    pub(crate) fn start() -> Server {
        let stream = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = stream.local_addr().unwrap();
        let packets = UdpSocket::bind(address).unwrap();
        let (questions, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, stop) = (Arc::clone(&questions), Arc::clone(&ended));
        let by_packets = std::thread::spawn(move || {
            let mut buffer = [0; 600];
            while let Ok((length, from)) = packets.recv_from(&mut buffer) {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                count.fetch_add(1, Ordering::SeqCst);
                // What comes from elsewhere, or to another question, must not be heard.
                let forged = UdpSocket::bind("127.0.0.1:0").unwrap();
                if let Some(mut reply) = answer(&buffer[..length], false) {
                    if let Some(last) = reply.last_mut() {
                        *last ^= 8;
                    }
                    forged.send_to(&reply, from).unwrap();
                    reply[1] ^= 1;
                    packets.send_to(&reply, from).unwrap();
                }
                if let Some(reply) = answer(&buffer[..length], false) {
                    packets.send_to(&reply, from).unwrap();
                }
            }
        });
        let stop = Arc::clone(&ended);
        let by_stream = std::thread::spawn(move || {
            for one in stream.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let mut one = one.unwrap();
                let mut length = [0; 2];
                one.read_exact(&mut length).unwrap();
                let mut message = vec![0; u16::from_be_bytes(length).into()];
                one.read_exact(&mut message).unwrap();
                let reply = answer(&message, true).unwrap();
                let length = u16::try_from(reply.len()).unwrap().to_be_bytes();
                one.write_all(&[&length[..], &reply].concat()).unwrap();
            }
        });
        Server { address, questions, ended, threads: vec![by_packets, by_stream] }
    }

    fn count(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        UdpSocket::bind("127.0.0.1:0").unwrap().send_to(&[0], self.address).unwrap();
        drop(std::net::TcpStream::connect(self.address));
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
    }
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn servers_are_asked_and_their_answers_kept() {
    let server = Server::start();
    let resolver = Resolver::system().with_servers(&[server.address]);
    assert_eq!(resolver.known("a.test"), None);
    assert_eq!(resolver.resolve("a.test"), Ok(vec![ip("127.0.0.2")]));
    assert_eq!(resolver.resolve("a.test"), Ok(vec![ip("127.0.0.2")]));
    assert_eq!(resolver.clone().known("a.test"), Some(vec![ip("127.0.0.2")]));
    assert_eq!(server.count(), 1);
    assert_eq!(resolver.resolve("gone.test"), Err(Unresolved::NoSuchName));
    assert_eq!(resolver.resolve("broken.test"), Err(Unresolved::Failed));
    assert_eq!(resolver.resolve("six.test"), Ok(vec![ip("2001:db8::1")]));
    assert_eq!(resolver.resolve("long.test"), Ok(vec![ip("127.0.0.2")]));
    assert_eq!(server.count(), 1 + 1 + 2 + 2 + 1);
}

#[test]
fn the_next_server_is_asked_when_one_does_not_answer() {
    let server = Server::start();
    // Nobody listens there.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let resolver = Resolver::system().with_servers(&[nobody, server.address]);
    assert_eq!(resolver.resolve("a.test"), Ok(vec![ip("127.0.0.2")]));
}

#[test]
fn the_map_comes_first_and_takes_turns() {
    let server = Server::start();
    let list = vec![ip("127.0.0.2"), ip("::ffff:127.0.0.3")];
    let map = HashMap::from([("a.test".to_owned(), list)]);
    let resolver = Resolver::system().with_servers(&[server.address]).with_hosts(map);
    let first = |found: Vec<IpAddr>| found[0];
    let (one, two) = (ip("127.0.0.2"), ip("127.0.0.3"));
    assert_eq!(first(resolver.resolve("a.test").unwrap()), one);
    assert_eq!(first(resolver.resolve("a.test").unwrap()), two);
    assert_eq!(resolver.known("a.test").map(first), Some(one));
    // Nobody reads the map but us: an address in it is that address.
    assert!(resolver.names_of(two).is_empty());
    let resolver = resolver.with_local("127.0.0.3 a.test b.test # local");
    assert_eq!(resolver.names_of(two), ["a.test", "b.test"]);
    assert_eq!(server.count(), 0);
}

#[test]
fn a_file_of_names_is_read() {
    let file = "127.0.0.1 localhost me # you\n\n#127.0.0.1 no\n::1 six\n127.0.0.1\tTAB.\n127.1 odd\n\
                127.0.0.1 bad*name 10.0.0.1\n::ffff:127.0.0.1 mapped";
    assert_eq!(names_in(file, ip("127.0.0.1")), ["localhost", "me", "tab", "mapped"]);
    assert_eq!(names_in(file, ip("::1")), ["six"]);
}

#[test]
fn what_is_kept_is_bounded() {
    let resolver = Resolver::system();
    for number in 0..3 * MOST_PINNED {
        resolver.pin(&format!("{number}.test"), vec![ip("127.0.0.1")], LONGEST);
    }
    assert!(resolver.pinned.lock().len() <= MOST_PINNED);
}
