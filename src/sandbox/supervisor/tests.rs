//! The thread, with children that make calls.

use std::net::Ipv4Addr;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;
use crate::sandbox::trial::{self, CONNECT, call};

const NOWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

struct By<F>(F);

impl<F: Fn(Call) + Send + Sync> Decide for By<F> {
    fn decide(&self, call: Call) {
        self.0(call);
    }
}

fn watched(
    child: &mut trial::Child,
    decide: impl Fn(Call) + Send + Sync + 'static,
) -> io::Result<Watch> {
    watch(child.listener.take().unwrap(), Arc::new(By(decide)))
}

#[test]
fn an_answer_is_the_result_of_the_call() {
    let mut child = trial::fork(CONNECT, |notes| {
        for number in 0..3 {
            call::note(notes, number, call::connect(NOWHERE, u16::try_from(number).unwrap_or(9)));
        }
    });
    let turn = AtomicU64::new(0);
    let watch = watched(&mut child, move |call| {
        assert_eq!(call.number(), libc::SYS_connect);
        assert!(call.tid() > 0 && call.is_valid());
        match turn.fetch_add(1, Ordering::SeqCst) {
            0 => call.answer(Ok(5)),
            1 => call.answer(Err(libc::ETIMEDOUT)),
            _ => drop(call),
        }
    });
    child.finish();
    drop(watch);
    let notes = [child.note(0), child.note(1), child.note(2)];
    assert_eq!(notes, [5, -i64::from(libc::ETIMEDOUT), -i64::from(libc::EACCES)]);
}

#[test]
fn a_panic_refuses_the_call_and_nothing_else() {
    let mut child = trial::fork(CONNECT, |notes| {
        for number in 0..3 {
            call::note(notes, number, call::connect(NOWHERE, 9));
        }
    });
    let turn = AtomicU64::new(0);
    let watch = watched(&mut child, move |call| match turn.fetch_add(1, Ordering::SeqCst) {
        0 => panic!("on the thread of all"),
        1 => call.later(|_| panic!("on a helper")),
        _ => call.answer(Ok(0)),
    });
    child.finish();
    drop(watch);
    let refused = -i64::from(libc::EACCES);
    assert_eq!([child.note(0), child.note(1), child.note(2)], [refused, refused, 0]);
}

#[test]
fn memory_is_copied_from_the_caller() {
    let mut child = trial::fork(CONNECT, |notes| {
        call::note(notes, 5, 0x0102_0304_0506_0708);
        call::note(notes, 0, call::connect_raw(3, &raw const notes[5], 8));
        call::note(notes, 1, call::connect_raw(3, std::ptr::without_provenance::<u8>(16), 8));
    });
    let watch = watched(&mut child, |call| {
        let mut word = [0; 8];
        match call.read(call.arguments()[1], &mut word) {
            Ok(8) => call.answer(Ok(i64::from_ne_bytes(word))),
            Ok(_) => call.answer(Err(libc::EIO)),
            Err(error) => call.answer(Err(error.raw_os_error().unwrap())),
        }
    });
    child.finish();
    drop(watch);
    assert_eq!(child.note(0), 0x0102_0304_0506_0708);
    assert_eq!(child.note(1), -i64::from(libc::EFAULT));
}

/// Who does work that blocks.
#[derive(Debug, Clone, Copy)]
enum On {
    Helpers,
    /// The thread of all children, until it is not any more.
    Leader,
}

/// Work that blocks until the test says so.
fn stuck(count: usize, on: On) -> (Vec<trial::Child>, Vec<Watch>, Sender<()>) {
    let (free, wait) = channel::<()>();
    let wait: Arc<Mutex<Receiver<()>>> = Arc::new(Mutex::new(wait));
    let (mut children, mut watches) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let mut child = trial::fork(CONNECT, |notes| {
            call::note(notes, 0, call::connect(NOWHERE, 9));
        });
        let wait = Arc::clone(&wait);
        let decide = move |call: Call| {
            let wait = Arc::clone(&wait);
            let work = move |call: Call| {
                // Over once the test drops its end.
                let _ = wait.lock().recv();
                call.answer(Ok(1));
            };
            match on {
                On::Helpers => call.later(work),
                On::Leader => call.promptly(work),
            }
        };
        watches.push(watched(&mut child, decide).unwrap());
        child.go();
        children.push(child);
    }
    (children, watches, free)
}

#[test]
fn a_child_is_served_while_a_hundred_others_block() {
    for on in [On::Helpers, On::Leader] {
        let (mut blocked, others, free) = stuck(100, on);
        let mut child = trial::fork(CONNECT, |notes| {
            for number in 0..50 {
                call::note(notes, number, call::connect(NOWHERE, 9));
            }
        });
        let turn = AtomicU64::new(0);
        let watch = watched(&mut child, move |call| {
            if turn.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) {
                call.later(|call| call.answer(Ok(7)));
            } else {
                call.promptly(|call| call.answer(Ok(7)));
            }
        });
        child.finish();
        drop(watch);
        assert!((0..50).all(|number| child.note(number) == 7), "{on:?}");
        assert!(blocked.iter().all(|child| child.note(0) == 0), "{on:?}");
        drop(free);
        for child in &mut blocked {
            assert!(child.wait());
            assert_eq!(child.note(0), 1, "{on:?}");
        }
        drop(others);
    }
}

/// Three calls of one child, and whether each was done by the leading thread; the first takes so long
/// that another thread leads.
fn after_a_long_call() -> [i64; 3] {
    let mut child = trial::fork(CONNECT, |notes| {
        for number in 0..3 {
            call::note(notes, number, call::connect(NOWHERE, 9));
        }
    });
    let turn = AtomicU64::new(0);
    let watch = watched(&mut child, move |call| {
        let is_first = turn.fetch_add(1, Ordering::SeqCst) == 0;
        call.promptly(move |call| {
            let here = lead::is_here();
            if is_first {
                // Until another leads, which it may do already.
                let lead = &supervisor().unwrap().lead;
                let own = lead.at();
                while own != 0 && lead.at() == own {
                    std::thread::yield_now();
                }
            }
            call.answer(Ok(i64::from(here)));
        });
    });
    child.finish();
    drop(watch);
    [child.note(0), child.note(1), child.note(2)]
}

#[test]
fn a_child_that_took_the_thread_once_does_not_get_it_again() {
    // On a busy machine another may lead before even the first call is looked at.
    let had_it = (0..20).any(|_| {
        let [first, second, third] = after_a_long_call();
        assert_eq!([second, third], [0, 0]);
        first == 1
    });
    assert!(had_it);
}

#[test]
fn a_connection_is_broken_off_when_the_watch_or_the_caller_ends() {
    // A queue that is full: whoever connects now waits for minutes.
    let full = std::net::TcpListener::bind((NOWHERE, 0)).unwrap();
    // SAFETY: shortens the queue of a socket that we hold.
    assert_eq!(unsafe { libc::listen(full.as_raw_fd(), 0) }, 0);
    let port = full.local_addr().unwrap().port();
    let waiting: Vec<std::net::TcpStream> = (0..2)
        .map_while(|_| {
            let time = Duration::from_millis(300);
            std::net::TcpStream::connect_timeout(&(NOWHERE, port).into(), time).ok()
        })
        .collect();
    for by_kill in [false, true] {
        let (told, done) = channel();
        let told = Mutex::new(told);
        let mut child = trial::fork(CONNECT, |notes| {
            call::note(notes, 0, call::connect(NOWHERE, 9));
        });
        let decide = move |call: Call| {
            let told = told.lock().clone();
            call.later(move |call| {
                let fd = call::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC);
                let socket = Arc::new(notify::owned(fd).unwrap());
                told.send(0).unwrap();
                let result = call
                    .connecting(&socket, || call::connect_on(socket.as_raw_fd(), NOWHERE, port));
                told.send(result.unwrap_or(-1)).unwrap();
            });
        };
        let watch = watched(&mut child, decide).unwrap();
        child.go();
        assert_eq!(done.recv(), Ok(0));
        // Still on its way; were it to come through, the queue was not full.
        let early = done.recv_timeout(Duration::from_millis(200));
        assert!(early.is_err(), "{early:?}");
        if by_kill {
            child.kill();
        } else {
            drop(watch);
        }
        let result = done.recv_timeout(Duration::from_secs(30)).expect("it was not broken off");
        assert!(result < 0, "{result}");
    }
    drop(waiting);
}
