//! A sink that tells a test of each run's end, in the order they come.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use runlet::Outcome;
use runlet::codelet::{EventSink, HostCall, LogEntry};

/// Sends on the number and the outcome of each run that ends; anything else it drops.
struct Ends(Mutex<Sender<(u64, Outcome)>>);

impl EventSink for Ends {
    fn log(&self, _: u64, _: &LogEntry) {}
    fn calls(&self, _: u64, _: Vec<HostCall>) {}
    fn done(&self, run: u64, outcome: Outcome) {
        let sender = self.0.lock().expect("never poisoned");
        sender.send((run, outcome)).expect("somebody listens");
    }
}

/// A sink for any number of runs, and what it sends.
pub(crate) fn channel_of_ends() -> (Arc<dyn EventSink>, Receiver<(u64, Outcome)>) {
    let (sender, ends) = channel();
    (Arc::new(Ends(Mutex::new(sender))), ends)
}
