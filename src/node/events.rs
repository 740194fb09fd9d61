//! Events on their way to JavaScript. Numbers go into one array of doubles that both sides share,
//! texts into a list beside it: making a JavaScript value for each number would cost more than the
//! whole rest.

use std::ptr::null_mut;

use napi::sys;

use crate::codelet::{Form, HostCall, Level, Payload};
use crate::outcome::{Cache, StoppedBy, Usage};

/// Something for the JavaScript thread.
pub(super) enum Event {
    /// A run has ended.
    Done {
        run: u64,
        value: Option<Payload>,
        /// JSON of the failure.
        error: Option<String>,
        /// JSON of the log entries, if there are any.
        logs: Option<String>,
        duration_ms: f64,
        usage: Box<Usage>,
    },
    Log {
        run: u64,
        level: Level,
        message: String,
        timestamp: f64,
        truncated: bool,
    },
    /// Host calls as JSON: `[[seq, function, arguments], …]`.
    Calls {
        run: u64,
        count: usize,
        text: String,
    },
    /// A host call that is more than JSON.
    Call {
        run: u64,
        call: HostCall,
    },
    Pong {
        ping: u64,
    },
}

/// No event has more numbers than this.
const MOST_NUMBERS: usize = 20;

impl Event {
    /// About how much text the host will have to read.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Event::Done { value, error, logs, .. } => {
                let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
                text(error) + text(logs) + value.as_ref().map_or(0, Payload::len)
            }
            Event::Pong { .. } => 0,
            Event::Log { message, .. } => message.len(),
            Event::Calls { text, .. } => text.len(),
            Event::Call { call, .. } => call.arguments.len(),
        }
    }

    /// How many things the host will have to do.
    pub(super) fn weight(&self) -> usize {
        match self {
            Event::Calls { count, .. } => *count,
            _ => 1,
        }
    }

    /// The run that ends with this event.
    pub(super) fn ends(&self) -> Option<u64> {
        match self {
            Event::Done { run, .. } | Event::Pong { ping: run } => Some(*run),
            _ => None,
        }
    }
}

/// How many events certainly fit into an array of `len` numbers.
pub(super) fn fitting(len: usize) -> usize {
    len.saturating_sub(1) / MOST_NUMBERS
}

/// Writes events: numbers one after the other, values into a list.
struct Writer<'a> {
    env: sys::napi_env,
    list: sys::napi_value,
    values: u32,
    numbers: &'a mut [f64],
    at: usize,
}

impl Writer<'_> {
    fn number(&mut self, number: f64) {
        self.numbers[self.at] = number;
        self.at += 1;
    }

    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    fn count(&mut self, count: u64) {
        self.number(count as f64);
    }

    unsafe fn value(&mut self, value: sys::napi_value) {
        // SAFETY: a fresh array of this environment.
        unsafe { sys::napi_set_element(self.env, self.list, self.values, value) };
        self.values += 1;
    }

    unsafe fn text(&mut self, text: &str) {
        let mut value = null_mut();
        let len = text.len().cast_signed();
        // SAFETY: on the environment's thread; pure ASCII is taken over byte by byte.
        unsafe {
            if text.is_ascii() {
                sys::napi_create_string_latin1(self.env, text.as_ptr().cast(), len, &raw mut value);
            } else {
                sys::napi_create_string_utf8(self.env, text.as_ptr().cast(), len, &raw mut value);
            }
            self.value(value);
        }
    }

    /// An array of array buffers, each a copy.
    unsafe fn buffers(&mut self, buffers: &[Vec<u8>]) {
        let mut list = null_mut();
        // SAFETY: as `text`; a new array buffer has the length it was asked for.
        unsafe {
            sys::napi_create_array_with_length(self.env, buffers.len(), &raw mut list);
            for (index, bytes) in (0..).zip(buffers) {
                let mut data = null_mut();
                let mut value = null_mut();
                let status = sys::napi_create_arraybuffer(
                    self.env,
                    bytes.len(),
                    &raw mut data,
                    &raw mut value,
                );
                if status != sys::Status::napi_ok {
                    continue;
                }
                if !data.is_null() {
                    std::ptr::copy_nonoverlapping(bytes.as_ptr(), data.cast(), bytes.len());
                }
                sys::napi_set_element(self.env, list, index, value);
            }
            self.value(list);
        }
    }

    /// Two numbers (form, whether there are buffers) and one or two values.
    unsafe fn payload(&mut self, payload: &Payload) {
        self.number(match payload.form {
            Form::Json => 0.0,
            Form::Text => 1.0,
            Form::Tagged => 2.0,
        });
        self.number(f64::from(u8::from(!payload.buffers.is_empty())));
        // SAFETY: as `text`.
        unsafe {
            self.text(&payload.text);
            if !payload.buffers.is_empty() {
                self.buffers(&payload.buffers);
            }
        }
    }

    /// A number (whether there is one) and the text if so.
    unsafe fn optional(&mut self, text: Option<&str>) {
        self.number(f64::from(u8::from(text.is_some())));
        if let Some(text) = text {
            // SAFETY: as `text`.
            unsafe { self.text(text) };
        }
    }

    fn usage(&mut self, usage: &Usage) {
        self.number(usage.cpu_ms);
        self.number(usage.parked_ms);
        self.number(usage.queue_wait_ms);
        self.number(usage.compile_ms);
        self.count(usage.peak_memory_bytes);
        self.count(u64::from(usage.host_calls));
        self.count(u64::from(usage.detached_host_calls));
        self.count(usage.result_bytes);
        self.count(usage.logs_dropped);
        self.count(usage.log_bytes_dropped);
        self.count(usage.policy_denials);
        self.number(match usage.cache {
            Cache::Miss => 0.0,
            Cache::Bytecode => 1.0,
            Cache::Image => 2.0,
        });
        self.number(match usage.stopped_by {
            None => 0.0,
            Some(StoppedBy::Interrupt) => 1.0,
            Some(StoppedBy::Kill) => 2.0,
            Some(StoppedBy::Allocator) => 3.0,
            Some(StoppedBy::Stack) => 4.0,
        });
    }

    unsafe fn event(&mut self, event: &Event) {
        // SAFETY: as `text`.
        unsafe {
            match event {
                Event::Done { run, value, error, logs, duration_ms, usage } => {
                    self.number(0.0);
                    self.count(*run);
                    self.number(*duration_ms);
                    self.usage(usage);
                    self.optional(error.as_deref());
                    self.optional(logs.as_deref());
                    match value {
                        Some(value) => self.payload(value),
                        None => self.number(-1.0),
                    }
                }
                Event::Log { run, level, message, timestamp, truncated } => {
                    self.number(1.0);
                    self.count(*run);
                    self.number(f64::from(*level as u8));
                    self.number(*timestamp);
                    self.number(f64::from(u8::from(*truncated)));
                    self.text(message);
                }
                Event::Calls { run, text, .. } => {
                    self.number(2.0);
                    self.count(*run);
                    self.text(text);
                }
                Event::Call { run, call } => {
                    self.number(3.0);
                    self.count(*run);
                    self.number(f64::from(call.seq));
                    self.number(f64::from(call.function));
                    self.payload(&call.arguments);
                }
                Event::Pong { ping } => {
                    self.number(4.0);
                    self.count(*ping);
                }
            }
        }
    }
}

/// Writes the events in the order and form the package's TypeScript reads: how many, then each one.
/// Gives the list of values.
///
/// # Safety
/// On the environment's thread, inside a handle scope; `numbers` has room for all of them.
pub(super) unsafe fn write(
    env: sys::napi_env,
    events: &[Event],
    numbers: &mut [f64],
) -> Option<sys::napi_value> {
    // SAFETY: on the JavaScript thread; every value is made in the current scope.
    unsafe {
        let mut list = null_mut();
        if sys::napi_create_array(env, &raw mut list) != sys::Status::napi_ok {
            return None;
        }
        let mut writer = Writer { env, list, values: 0, numbers, at: 0 };
        writer.count(events.len() as u64);
        for event in events {
            writer.event(event);
        }
        Some(list)
    }
}
