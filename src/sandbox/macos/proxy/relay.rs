//! Carries bytes between two streams until both have ended.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::thread;

/// Returns when both directions are over. An end of one is passed on; a fault in one ends both.
pub(super) fn relay(one: &TcpStream, other: &TcpStream) -> io::Result<()> {
    for stream in [one, other] {
        stream.set_read_timeout(None)?;
        stream.set_write_timeout(None)?;
        stream.set_nodelay(true)?;
    }
    thread::scope(|scope| {
        let back = thread::Builder::new()
            .name("runlet-proxy".to_owned())
            .spawn_scoped(scope, || carry(other, one));
        if back.is_err() {
            end(one, other);
            return;
        }
        carry(one, other);
    });
    Ok(())
}

fn carry(mut from: &TcpStream, mut to: &TcpStream) {
    let whole = io::copy(&mut from, &mut to).and_then(|_| to.shutdown(Shutdown::Write));
    if whole.is_err() {
        end(from, to);
    }
}

fn end(one: &TcpStream, other: &TcpStream) {
    // What is closed already needs no end.
    let _ = one.shutdown(Shutdown::Both);
    let _ = other.shutdown(Shutdown::Both);
}
