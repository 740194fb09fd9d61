//! Panics of our own code while a run is under way. The room catches them and goes on, so nothing
//! else here would notice.

use std::panic;
use std::sync::Mutex;

static LAST: Mutex<Option<String>> = Mutex::new(None);

/// From here on the panics of all threads are remembered, besides being printed.
pub(crate) fn watch() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        print(info);
        if let Ok(mut last) = LAST.lock() {
            *last = Some(info.to_string());
        }
    }));
}

/// What was said by the last panic since this was asked.
pub(crate) fn taken() -> Option<String> {
    LAST.lock().ok().and_then(|mut last| last.take())
}
