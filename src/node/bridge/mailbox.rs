//! What has come for the JavaScript thread of one environment, and how that thread is woken.

use rustc_hash::FxHashSet;
use std::ptr::null_mut;

use napi::sys;

use crate::node::events::{self, Event};
use crate::node::poll::Polls;

/// Events handed over in one turn of the host's loop.
const BITE: usize = 256;
/// About how many bytes of text they have: what the guest wrote is parsed on that loop.
pub(super) const BITE_BYTES: usize = 256 * 1024;

/// The events of one environment's runs that JavaScript does not have yet. Always behind a lock:
/// workers put events in, the environment's thread takes them out.
#[derive(Default)]
pub(super) struct Mailbox {
    /// Null once the environment is gone.
    wake: Wake,
    /// In the order they came.
    events: Vec<Event>,
    /// The environment's thread has been woken and will come for the events, now or in the next turn
    /// of its loop.
    awake: bool,
    /// Runs and pings whose end JavaScript has not seen.
    open: FxHashSet<u64>,
    /// The array of doubles that JavaScript reads events from.
    numbers: Numbers,
    /// The environment's thread waits for an event right now: it needs no waking.
    polling: bool,
    /// Whether polling pays.
    polls: Polls,
}

/// A reference to a `Float64Array`, given back by nobody: the environment takes it with it.
struct Numbers(sys::napi_ref);

impl Default for Numbers {
    fn default() -> Numbers {
        Numbers(null_mut())
    }
}

// SAFETY: only the environment's own thread uses it.
unsafe impl Send for Numbers {}

/// The thread-safe function, or null.
struct Wake(sys::napi_threadsafe_function);

impl Default for Wake {
    fn default() -> Wake {
        Wake(null_mut())
    }
}

// SAFETY: thread-safe functions are made to be called from any thread.
unsafe impl Send for Wake {}

impl Wake {
    /// Whether the environment has ended, or there never was one.
    fn is_gone(&self) -> bool {
        self.0.is_null()
    }

    /// Has the environment's thread come for the events.
    fn call(&self) {
        if self.is_gone() {
            return;
        }
        // SAFETY: not closed, which the mailbox's lock keeps true during the call; it does not block.
        unsafe {
            sys::napi_call_threadsafe_function(
                self.0,
                null_mut(),
                sys::ThreadsafeFunctionCallMode::nonblocking,
            );
        }
    }

    /// Lets the function keep the environment alive, or not.
    ///
    /// # Safety
    /// On the environment's own thread.
    unsafe fn keep_alive(&self, env: sys::napi_env, yes: bool) {
        if self.is_gone() {
            return;
        }
        // SAFETY: the caller's thread is the right one; the function lives until the environment
        // ends, which makes it null first.
        unsafe {
            if yes {
                sys::napi_ref_threadsafe_function(env, self.0);
            } else {
                sys::napi_unref_threadsafe_function(env, self.0);
            }
        }
    }
}

impl Mailbox {
    /// Begins to take events: for the thread that `wake` wakes, by way of the array `numbers`.
    pub(super) fn attach(&mut self, wake: sys::napi_threadsafe_function, numbers: sys::napi_ref) {
        self.wake = Wake(wake);
        self.numbers = Numbers(numbers);
    }

    /// Drops what has come and takes nothing any more; gives the runs that were open.
    pub(super) fn detach(&mut self) -> FxHashSet<u64> {
        self.wake = Wake::default();
        self.events.clear();
        std::mem::take(&mut self.open)
    }

    /// The end of this one has to reach JavaScript, so the environment stays alive for it.
    ///
    /// # Safety
    /// On the environment's own thread.
    pub(super) unsafe fn opened(&mut self, env: sys::napi_env, run: u64) {
        // The end may have come already: then it waits in the list, and the list keeps the loop alive.
        self.open.insert(run);
        if self.open.len() == 1 {
            // SAFETY: the caller's.
            unsafe { self.wake.keep_alive(env, true) };
        }
    }

    /// Puts an event in and wakes the thread if it is asleep. True if the thread polls: then it has
    /// to be told instead.
    pub(super) fn put(&mut self, event: Event) -> bool {
        if self.wake.is_gone() {
            return false;
        }
        self.events.push(event);
        if self.polling {
            return true;
        }
        if !self.awake {
            self.awake = true;
            self.wake.call();
        }
        false
    }

    /// Whether there is nothing to take.
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The host's loop has turned.
    pub(super) fn turned(&mut self) {
        self.polls.turned();
    }

    /// The environment's thread has come and found nothing: the next event has to wake it.
    pub(super) fn rest(&mut self) {
        self.awake = false;
    }

    /// Whether the environment's thread is to poll now; if so, `put` leaves it unwoken.
    pub(super) fn begin_poll(&mut self) -> bool {
        // With more runs open there is always something to do in the meantime.
        self.polling = self.open.len() == 1 && self.polls.may_begin();
        self.polling
    }

    /// The environment's thread polls no longer. `has_come` says whether it was told of an event.
    pub(super) fn end_poll(&mut self, has_come: bool) {
        self.polling = false;
        self.polls.ended(has_come || !self.is_empty());
    }

    /// Wakes the thread for what a poll has left.
    pub(super) fn wake_for_rest(&mut self) {
        if !self.is_empty() && !self.awake {
            self.awake = true;
            self.wake.call();
        }
    }

    /// Takes the next bite of events, and the array to write them into.
    ///
    /// # Safety
    /// On the environment's thread, inside a handle scope. The array must not be used after the call
    /// from JavaScript, nor after any JavaScript has run.
    pub(super) unsafe fn take<'a>(
        &mut self,
        env: sys::napi_env,
    ) -> Option<(Vec<Event>, &'a mut [f64])> {
        if self.is_empty() {
            return None;
        }
        // SAFETY: the array is kept by its reference; the rest is the caller's.
        let numbers = (unsafe { shared_numbers(env, &self.numbers) })?;
        let (mut bytes, mut weight) = (0, 0);
        let within = |event: &&Event| {
            bytes += event.bytes();
            weight += event.weight();
            bytes <= BITE_BYTES && weight <= BITE
        };
        let room = events::fitting(numbers.len());
        let fitting = self.events.iter().take(room).take_while(within).count();
        let count = fitting.max(1).min(self.events.len());
        let events: Vec<Event> = self.events.drain(..count).collect();
        let before = self.open.len();
        for run in events.iter().filter_map(Event::ends) {
            self.open.remove(&run);
        }
        if before > 0 && self.open.is_empty() {
            // SAFETY: the caller's.
            unsafe { self.wake.keep_alive(env, false) };
        }
        Some((events, numbers))
    }
}

/// The doubles behind a `Float64Array`.
///
/// # Safety
/// On the environment's thread; the slice must not outlive the call from JavaScript.
unsafe fn shared_numbers<'a>(env: sys::napi_env, numbers: &Numbers) -> Option<&'a mut [f64]> {
    // SAFETY: asks for the array's own facts; its kind is checked before its data is believed.
    unsafe {
        let mut array = null_mut();
        if sys::napi_get_reference_value(env, numbers.0, &raw mut array) != sys::Status::napi_ok
            || array.is_null()
        {
            return None;
        }
        let (mut kind, mut len, mut data) = (-1, 0, null_mut());
        let status = sys::napi_get_typedarray_info(
            env,
            array,
            &raw mut kind,
            &raw mut len,
            &raw mut data,
            null_mut(),
            null_mut(),
        );
        let usable = status == sys::Status::napi_ok
            && kind == sys::TypedarrayType::float64_array
            && !data.is_null();
        usable.then(|| std::slice::from_raw_parts_mut(data.cast::<f64>(), len))
    }
}
