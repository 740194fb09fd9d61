//! Writes what a tree reads on its stdin.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use tokio::net::unix::pipe::Sender;
use tokio::task::{JoinHandle, yield_now};

/// Begins to write, and closes the pipe behind the last byte. To be called on the reactor.
pub(super) fn start(pipe: OwnedFd, input: Arc<Vec<u8>>) -> io::Result<JoinHandle<()>> {
    let pipe = Sender::from_owned_fd(pipe)?;
    Ok(tokio::spawn(write(pipe, input)))
}

async fn write(pipe: Sender, input: Arc<Vec<u8>>) {
    let mut rest = input.as_slice();
    while !rest.is_empty() && pipe.writable().await.is_ok() {
        match pipe.try_write(rest) {
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            // A program need not read all that it is given.
            Err(_) => return,
        }
        // One that reads as fast as this writes must not keep the reactor.
        yield_now().await;
    }
}
