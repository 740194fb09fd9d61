//! A proxy on this machine that reaches what rules allow, for programs that can reach nothing else.
//!
//! It speaks HTTP (`CONNECT`, and requests that name a whole `http:` address) and SOCKS 5, both at one
//! port, and wants a password that only its own programs are told: other programs of this machine can
//! connect to the port, too. Whoever wants something is judged by the rules that the supervisor of Linux
//! asks, addresses behind names included, and gets a connection to the very address that was judged.

mod http;
mod relay;
mod route;
mod socks;

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use parking_lot::Mutex;

use self::route::Router;
use crate::permission::PermissionSet;
use crate::sandbox::denials::Denials;
use crate::sandbox::resolve::Resolver;

/// Who has not said what it wants by then is not heard any more.
const PATIENCE: Duration = Duration::from_secs(10);
const USER: &str = "runlet";
/// Programs that are heard and have not got a connection yet do not count as connections.
const MOST_UNDECIDED: u64 = 64;

/// A proxy that runs for as long as it is held.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

/// What the threads of a proxy share.
#[derive(Debug)]
struct Desk {
    password: String,
    router: Router,
    /// Both ends of what is open, by number, to end it.
    open: Mutex<HashMap<u64, Vec<TcpStream>>>,
    next: AtomicU64,
    most: u64,
    closed: AtomicBool,
}

/// A visitor's place among those that are served.
#[derive(Debug)]
struct Seat {
    desk: Arc<Desk>,
    number: u64,
}

impl Seat {
    /// Has a stream ended when the proxy is. False where it is over already.
    fn keep(&self, stream: &TcpStream) -> bool {
        let Ok(stream) = stream.try_clone() else { return false };
        let mut open = self.desk.open.lock();
        // Asked under the lock that the end takes after it has been declared.
        if self.desk.closed.load(Ordering::SeqCst) {
            return false;
        }
        open.entry(self.number).or_default().push(stream);
        true
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.desk.open.lock().remove(&self.number);
    }
}

impl Proxy {
    /// Listens at a port of 127.0.0.1 that the system picks. Reaches what `permissions` allow, with no
    /// more than so many connections at a time, and notes what it refuses.
    pub(crate) fn start(
        permissions: Arc<PermissionSet>,
        resolver: Resolver,
        max_connections: u32,
        denials: Arc<Denials>,
    ) -> io::Result<Proxy> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let desk = Arc::new(Desk {
            password: password()?,
            router: Router::new(permissions, resolver, max_connections, denials),
            open: Mutex::default(),
            next: AtomicU64::new(0),
            most: u64::from(max_connections).saturating_add(MOST_UNDECIDED),
            closed: AtomicBool::new(false),
        });
        let shared = Arc::clone(&desk);
        let thread = Builder::new()
            .name("runlet-proxy".to_owned())
            .spawn(move || receive(&listener, &shared))?;
        Ok(Proxy { address, desk, thread: Some(thread) })
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The variables by which programs learn of it. Node heeds them from version 24 on, where it is told to.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let place = format!("{USER}:{}@{}", self.desk.password, self.address);
        let http = format!("http://{place}");
        let mut variables = vec![("NODE_USE_ENV_PROXY".to_owned(), "1".to_owned())];
        for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
            variables.push((name.to_owned(), http.clone()));
        }
        for name in ["all_proxy", "ALL_PROXY"] {
            // With an `h` names are left to the proxy: a process here finds no addresses itself.
            variables.push((name.to_owned(), format!("socks5h://{place}")));
        }
        variables
    }
}

impl Drop for Proxy {
    /// Ends every connection.
    fn drop(&mut self) {
        self.desk.closed.store(true, Ordering::SeqCst);
        for stream in self.desk.open.lock().drain().flat_map(|(_, streams)| streams) {
            // One that is closed already needs no end.
            let _ = stream.shutdown(Shutdown::Both);
        }
        // Wakes the thread that waits for visitors.
        let woken = TcpStream::connect(self.address).is_ok();
        if let Some(thread) = self.thread.take().filter(|_| woken) {
            // One that panicked has ended, too.
            let _ = thread.join();
        }
    }
}

/// 128 bits that nobody guesses.
fn password() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

fn receive(listener: &TcpListener, desk: &Arc<Desk>) {
    for visitor in listener.incoming() {
        if desk.closed.load(Ordering::SeqCst) {
            return;
        }
        let Ok(visitor) = visitor else { continue };
        let number = desk.next.fetch_add(1, Ordering::Relaxed);
        let seat = Seat { desk: Arc::clone(desk), number };
        let taken = desk.open.lock().len();
        if u64::try_from(taken).is_ok_and(|taken| taken >= desk.most) || !seat.keep(&visitor) {
            continue;
        }
        // Without a thread the visitor is dropped, which it sees.
        let _ =
            Builder::new().name("runlet-proxy".to_owned()).spawn(move || serve(&visitor, &seat));
    }
}

/// One visitor, from its first byte to its end. What goes wrong ends it; it learns why where it can.
fn serve(visitor: &TcpStream, seat: &Seat) {
    let ready = visitor
        .set_read_timeout(Some(PATIENCE))
        .and_then(|()| visitor.set_write_timeout(Some(PATIENCE)))
        .and_then(|()| visitor.set_nodelay(true));
    let mut first = [0];
    if ready.is_err() || !matches!(visitor.peek(&mut first), Ok(1)) {
        return;
    }
    let (desk, keep) = (&seat.desk, |stream: &TcpStream| seat.keep(stream));
    let _ = match first {
        [socks::VERSION] => socks::serve(visitor, USER, &desk.password, &desk.router, &keep),
        _ => http::serve(visitor, USER, &desk.password, &desk.router, &keep),
    };
    let _ = visitor.shutdown(Shutdown::Both);
}

/// Whether two texts are equal, in a time that does not tell where they differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).fold(0, |found, (one, other)| found | (one ^ other)) == 0
}

#[cfg(test)]
mod tests;
