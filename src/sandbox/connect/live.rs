//! How many connections a child has.
//!
//! A child closes sockets without telling anybody. So those it was given are only counted, and when
//! there seem to be too many, the kernel's own lists say which are still there.

use std::collections::HashMap;

use parking_lot::Mutex;

const LISTS: [&str; 2] = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];
/// The inode's column.
const INODE: usize = 9;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not yet in the kernel's lists, maybe.
    Connecting,
    Connected,
}

/// The connections of one child, by the inodes of their sockets.
#[derive(Debug)]
pub(super) struct Live {
    most: usize,
    sockets: Mutex<HashMap<u64, State>>,
}

impl Live {
    pub(super) fn new(most: u32) -> Live {
        Live { most: usize::try_from(most).unwrap_or(usize::MAX), sockets: Mutex::default() }
    }

    /// Counts a socket that is about to be connected. False when there are too many. May read files.
    pub(super) fn begin(&self, inode: u64) -> bool {
        let mut sockets = self.sockets.lock();
        if !sockets.contains_key(&inode) && sockets.len() >= self.most {
            if let Some(open) = listed() {
                sockets.retain(|inode, state| {
                    *state == State::Connecting || open.binary_search(inode).is_ok()
                });
            }
            if sockets.len() >= self.most {
                return false;
            }
        }
        sockets.insert(inode, State::Connecting);
        true
    }

    /// What came of it.
    pub(super) fn done(&self, inode: u64, connected: bool) {
        let mut sockets = self.sockets.lock();
        if connected {
            sockets.insert(inode, State::Connected);
        } else {
            sockets.remove(&inode);
        }
    }
}

/// The inodes of all connections of this machine, sorted; `None` when a list cannot be read.
#[expect(clippy::disallowed_methods, reason = "lists of the kernel, at paths of our own")]
fn listed() -> Option<Vec<u64>> {
    let mut found = Vec::new();
    for (number, list) in LISTS.iter().enumerate() {
        match std::fs::read_to_string(list) {
            Ok(text) => {
                let column = |line: &str| line.split_whitespace().nth(INODE)?.parse::<u64>().ok();
                found.extend(text.lines().filter_map(column));
            }
            // A machine without IPv6 has no second list.
            Err(_) if number > 0 => {}
            Err(_) => return None,
        }
    }
    found.sort_unstable();
    Some(found)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::OwnedFd;

    use super::super::socket::inode;
    use super::*;

    #[test]
    fn a_connection_counts_while_its_socket_is_open() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let open = || OwnedFd::from(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
        let live = Live::new(2);
        let (one, two, three) = (open(), open(), open());
        for socket in [&one, &two] {
            assert!(live.begin(inode(socket).unwrap()));
            live.done(inode(socket).unwrap(), true);
        }
        assert!(!live.begin(inode(&three).unwrap()));
        assert!(live.begin(inode(&one).unwrap()), "the same socket again");
        live.done(inode(&one).unwrap(), true);
        let closed = inode(&two).unwrap();
        drop(two);
        // A child that another test just forked may have it for a moment longer.
        let is_listed = || listed().unwrap().contains(&closed);
        (0..10_000).find(|_| {
            std::thread::sleep(std::time::Duration::from_millis(1));
            !is_listed()
        });
        assert!(live.begin(inode(&three).unwrap()));
        live.done(inode(&three).unwrap(), false);
        let four = open();
        assert!(live.begin(inode(&four).unwrap()));
        assert!(!live.begin(inode(&three).unwrap()));
    }
}
