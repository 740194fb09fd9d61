//! Events on their way to JavaScript: one flat array for many, because arrays of objects cost more.

use std::ptr::null_mut;

use napi::sys;

use crate::codelet::{Form, HostCall, Level, Payload};

/// Something for the JavaScript thread.
pub(super) enum Event {
    Done { run: u64, value: Option<Payload>, outcome: String },
    Pong { ping: u64 },
    Log { run: u64, level: Level, message: String, timestamp: f64, truncated: bool },
    Call { run: u64, call: HostCall },
}

impl Event {
    /// About how much text the host will have to read.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Event::Done { value, outcome, .. } => {
                outcome.len() + value.as_ref().map_or(0, Payload::size)
            }
            Event::Pong { .. } => 0,
            Event::Log { message, .. } => message.len(),
            Event::Call { call, .. } => call.arguments.size(),
        }
    }
}

/// Writes the elements of the flat list.
struct Writer {
    env: sys::napi_env,
    list: sys::napi_value,
    at: u32,
}

impl Writer {
    unsafe fn push(&mut self, value: sys::napi_value) {
        // SAFETY: a fresh array of this environment.
        unsafe { sys::napi_set_element(self.env, self.list, self.at, value) };
        self.at += 1;
    }

    unsafe fn number(&mut self, number: f64) {
        let mut value = null_mut();
        // SAFETY: as `push`.
        unsafe {
            sys::napi_create_double(self.env, number, &raw mut value);
            self.push(value);
        }
    }

    unsafe fn run(&mut self, run: u64) {
        #[expect(clippy::cast_precision_loss, reason = "run numbers stay far below 2^53")]
        // SAFETY: as `push`.
        unsafe {
            self.number(run as f64);
        }
    }

    unsafe fn text(&mut self, text: &str) {
        let mut value = null_mut();
        let len = text.len().cast_signed();
        // SAFETY: as `push`; pure ASCII is taken over byte by byte.
        unsafe {
            if text.is_ascii() {
                sys::napi_create_string_latin1(self.env, text.as_ptr().cast(), len, &raw mut value);
            } else {
                sys::napi_create_string_utf8(self.env, text.as_ptr().cast(), len, &raw mut value);
            }
            self.push(value);
        }
    }

    unsafe fn undefined(&mut self) {
        let mut value = null_mut();
        // SAFETY: as `push`.
        unsafe {
            sys::napi_get_undefined(self.env, &raw mut value);
            self.push(value);
        }
    }

    /// Three slots: the text (undefined for no value), its form, and its buffers if it has any.
    unsafe fn payload(&mut self, payload: Option<&Payload>) {
        // SAFETY: as `push`.
        unsafe {
            let Some(payload) = payload else {
                self.undefined();
                self.number(0.0);
                self.undefined();
                return;
            };
            self.text(&payload.text);
            self.number(match payload.form {
                Form::Json => 0.0,
                Form::Text => 1.0,
                Form::Tagged => 2.0,
            });
            if payload.buffers.is_empty() {
                self.undefined();
            } else {
                self.buffers(&payload.buffers);
            }
        }
    }

    /// An array of array buffers, each a copy.
    unsafe fn buffers(&mut self, buffers: &[Vec<u8>]) {
        let mut list = null_mut();
        // SAFETY: as `push`; a new array buffer has the length it was asked for.
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
            self.push(list);
        }
    }

    unsafe fn boolean(&mut self, boolean: bool) {
        let mut value = null_mut();
        // SAFETY: as `push`.
        unsafe {
            sys::napi_get_boolean(self.env, boolean, &raw mut value);
            self.push(value);
        }
    }
}

/// The events as one array, in the order and form the package's TypeScript reads.
///
/// # Safety
/// On the environment's thread, inside a handle scope.
pub(super) unsafe fn flat_list(env: sys::napi_env, events: &[Event]) -> Option<sys::napi_value> {
    // SAFETY: on the JavaScript thread; every value is made in the current scope.
    unsafe {
        let mut list = null_mut();
        if sys::napi_create_array(env, &raw mut list) != sys::Status::napi_ok {
            return None;
        }
        let mut writer = Writer { env, list, at: 0 };
        for event in events {
            match event {
                Event::Done { run, value, outcome } => {
                    writer.number(0.0);
                    writer.run(*run);
                    writer.text(outcome);
                    writer.payload(value.as_ref());
                }
                Event::Pong { ping } => {
                    writer.number(3.0);
                    writer.run(*ping);
                }
                Event::Log { run, level, message, timestamp, truncated } => {
                    writer.number(1.0);
                    writer.run(*run);
                    writer.number(f64::from(*level as u8));
                    writer.text(message);
                    writer.number(*timestamp);
                    writer.boolean(*truncated);
                }
                Event::Call { run, call } => {
                    writer.number(2.0);
                    writer.run(*run);
                    writer.number(f64::from(call.seq));
                    writer.number(f64::from(call.function));
                    writer.payload(Some(&call.arguments));
                }
            }
        }
        Some(list)
    }
}
