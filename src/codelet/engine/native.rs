//! The prelude's `native` object: what guest-side code asks of the host.
//!
//! Rules for every function here, because a run may be abandoned inside any engine call:
//! own nothing with a destructor across an engine call, and do locking, allocating and copying
//! only inside [`outside`], where no kill lands.

#![expect(clippy::similar_names, reason = "argc and argv are the engine's own names")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use rquickjs::qjs;

use super::cell::Cell;
use super::hostcall::{self, Unanswered};
use super::isolate::Driver;
use super::json;
use super::survey::{class_of, survey};
use crate::codelet::guest::host::Host;
use crate::codelet::guest::logs::Level;

/// What a context's opaque pointer points at during a run.
pub(super) struct Bound {
    pub(super) cell: *const Cell,
    pub(super) host: *mut Host,
    pub(super) rejections: *mut Vec<Rejection>,
    /// Host calls under way.
    pub(super) unanswered: *mut Unanswered,
    /// What the prelude offers to native code.
    pub(super) driver: *const Driver,
    /// Buffers of the value being read.
    pub(super) incoming: *const [Vec<u8>],
}

/// Outside of the reading of a value there are none.
pub(super) const NO_BUFFERS: &[Vec<u8>] = &[];

/// A rejected promise nobody handled yet: its identity and a reference to the reason.
pub(super) type Rejection = (usize, qjs::JSValue);

/// What [`Host::call`] says when the arguments do not fit the run's memory limit.
pub(super) const OVER_MEMORY: i32 = -3;

/// At most this many are remembered.
const MAX_REJECTIONS: usize = 16;

pub(super) type Context = *mut qjs::JSContext;
pub(super) type Args = *mut qjs::JSValue;
type Function = unsafe extern "C" fn(Context, qjs::JSValue, c_int, Args) -> qjs::JSValue;

/// Runs `work` on the host's half of the run, outside the engine. A panic in it becomes `default`:
/// it must not unwind into C.
pub(super) unsafe fn outside<T: Copy>(
    ctx: Context,
    default: T,
    work: impl FnOnce(&mut Host) -> T,
) -> T {
    // SAFETY: during a run the opaque pointer is the run's `Bound`; its host is touched by this
    // thread only, and never while another callback is in here (they do not call the engine).
    unsafe {
        let bound = qjs::JS_GetContextOpaque(ctx).cast::<Bound>();
        if bound.is_null() {
            return default;
        }
        let host = (*bound).host;
        (*(*bound).cell)
            .outside(|| catch_unwind(AssertUnwindSafe(|| work(&mut *host))).unwrap_or(default))
    }
}

pub(super) unsafe fn arg(argc: c_int, argv: Args, index: usize) -> qjs::JSValue {
    // SAFETY: within the arguments the engine passed.
    unsafe {
        if index < usize::try_from(argc).unwrap_or(0) {
            *argv.add(index)
        } else {
            qjs::JS_UNDEFINED
        }
    }
}

pub(super) unsafe fn int_arg(argc: c_int, argv: Args, index: usize) -> i32 {
    // SAFETY: the tag is checked before the value is read.
    unsafe {
        let value = arg(argc, argv, index);
        if qjs::JS_IsInt(value) { qjs::JS_VALUE_GET_INT(value) } else { 0 }
    }
}

fn boolean(value: bool) -> qjs::JSValue {
    if value { qjs::JS_TRUE } else { qjs::JS_FALSE }
}

/// Gives `work` the bytes of a string argument, inside the host. The prelude passes strings only,
/// so the conversion runs no guest code.
pub(super) unsafe fn with_text<T: Copy>(
    ctx: Context,
    value: qjs::JSValue,
    default: T,
    work: impl FnOnce(&mut Host, &[u8]) -> T,
) -> T {
    // SAFETY: the engine's string lives until it is freed below; a run abandoned in between takes
    // the string's memory with it.
    unsafe {
        let mut len: usize = 0;
        let text = qjs::JS_ToCStringLen(ctx, &raw mut len, value);
        if text.is_null() {
            return default;
        }
        let bytes = std::slice::from_raw_parts(text.cast::<u8>(), len);
        let result = outside(ctx, default, |host| work(host, bytes));
        qjs::JS_FreeCString(ctx, text);
        result
    }
}

unsafe extern "C" fn log(ctx: Context, _: qjs::JSValue, argc: c_int, argv: Args) -> qjs::JSValue {
    // SAFETY: as `with_text`.
    unsafe {
        let level = Level::from_index(int_arg(argc, argv, 0));
        with_text(ctx, arg(argc, argv, 1), (), |host, bytes| {
            host.log(level, bytes);
        });
    }
    qjs::JS_UNDEFINED
}

unsafe extern "C" fn log_room(ctx: Context, _: qjs::JSValue, _: c_int, _: Args) -> qjs::JSValue {
    // SAFETY: as `outside`.
    boolean(unsafe { outside(ctx, false, |host| host.logs.room()) })
}

unsafe extern "C" fn count_denial(
    ctx: Context,
    _: qjs::JSValue,
    _: c_int,
    _: Args,
) -> qjs::JSValue {
    // SAFETY: as `outside`.
    unsafe { outside(ctx, (), |host| host.denials += 1) };
    qjs::JS_UNDEFINED
}

unsafe extern "C" fn now(ctx: Context, _: qjs::JSValue, _: c_int, _: Args) -> qjs::JSValue {
    // SAFETY: as `outside`.
    qjs::JS_NewFloat64(unsafe { outside(ctx, 0.0, |host| host.clock.now()) })
}

unsafe extern "C" fn elapsed(ctx: Context, _: qjs::JSValue, _: c_int, _: Args) -> qjs::JSValue {
    // SAFETY: as `outside`.
    qjs::JS_NewFloat64(unsafe { outside(ctx, 0.0, |host| host.clock.elapsed()) })
}

unsafe extern "C" fn random(ctx: Context, _: qjs::JSValue, _: c_int, _: Args) -> qjs::JSValue {
    // SAFETY: as `outside`.
    qjs::JS_NewFloat64(unsafe { outside(ctx, 0.0, |host| host.random.unit()) })
}

unsafe extern "C" fn random_byte(ctx: Context, _: qjs::JSValue, _: c_int, _: Args) -> qjs::JSValue {
    // SAFETY: as `outside`.
    qjs::JS_MKVAL(qjs::JS_TAG_INT, unsafe { outside(ctx, 0, |host| i32::from(host.random.byte())) })
}

/// A fresh array buffer with the content of buffer `index` of the value being read.
unsafe extern "C" fn get_buffer(
    ctx: Context,
    _: qjs::JSValue,
    argc: c_int,
    argv: Args,
) -> qjs::JSValue {
    // SAFETY: the buffers belong to the payload that `body.rs` points at while it is read.
    unsafe {
        let bound = qjs::JS_GetContextOpaque(ctx).cast::<Bound>();
        let index = usize::try_from(int_arg(argc, argv, 0)).unwrap_or(usize::MAX);
        match (&*(*bound).incoming).get(index) {
            Some(bytes) => qjs::JS_NewArrayBufferCopy(ctx, bytes.as_ptr(), bytes.len() as _),
            None => qjs::JS_UNDEFINED,
        }
    }
}

/// Forgets the buffers of a value whose writing was given up.
unsafe extern "C" fn drop_buffers(
    ctx: Context,
    _: qjs::JSValue,
    _: c_int,
    _: Args,
) -> qjs::JSValue {
    // SAFETY: as `outside`.
    unsafe { outside(ctx, (), |host| host.buffers.clear()) };
    qjs::JS_UNDEFINED
}

/// Keeps the content of an array buffer for the value being written: its index, or an exception
/// for anything that is none or is detached.
unsafe extern "C" fn put_buffer(
    ctx: Context,
    _: qjs::JSValue,
    argc: c_int,
    argv: Args,
) -> qjs::JSValue {
    // SAFETY: the engine's own bytes, which nothing moves while they are copied.
    unsafe {
        let mut len = 0;
        let bytes = qjs::JS_GetArrayBuffer(ctx, &raw mut len, arg(argc, argv, 0));
        if bytes.is_null() && qjs::JS_HasException(ctx) {
            return qjs::JS_EXCEPTION;
        }
        let len = usize::try_from(len).unwrap_or(0);
        let bytes: &[u8] =
            if bytes.is_null() { &[] } else { std::slice::from_raw_parts(bytes, len) };
        let index = outside(ctx, OVER_MEMORY, |host| host.put_buffer(bytes));
        if index == OVER_MEMORY {
            let bound = qjs::JS_GetContextOpaque(ctx).cast::<Bound>();
            (*(*bound).cell).leave_out_of_memory();
        }
        qjs::JS_MKVAL(qjs::JS_TAG_INT, index)
    }
}

unsafe extern "C" fn max_host_calls(
    ctx: Context,
    _: qjs::JSValue,
    _: c_int,
    _: Args,
) -> qjs::JSValue {
    // SAFETY: as `outside`.
    qjs::JS_NewFloat64(unsafe { outside(ctx, 0.0, |host| f64::from(host.max_host_calls)) })
}

unsafe extern "C" fn is_proxy(
    _: Context,
    _: qjs::JSValue,
    argc: c_int,
    argv: Args,
) -> qjs::JSValue {
    // SAFETY: a look at a tag and a class.
    boolean(unsafe { qjs::JS_IsProxy(arg(argc, argv, 0)) })
}

unsafe extern "C" fn is_error(
    _: Context,
    _: qjs::JSValue,
    argc: c_int,
    argv: Args,
) -> qjs::JSValue {
    // SAFETY: as `is_proxy`.
    boolean(unsafe { qjs::JS_IsError(arg(argc, argv, 0)) })
}

unsafe extern "C" fn is_reg_exp(
    _: Context,
    _: qjs::JSValue,
    argc: c_int,
    argv: Args,
) -> qjs::JSValue {
    // SAFETY: as `is_proxy`.
    boolean(unsafe { qjs::JS_IsRegExp(arg(argc, argv, 0)) })
}

unsafe extern "C" fn is_promise(
    _: Context,
    _: qjs::JSValue,
    argc: c_int,
    argv: Args,
) -> qjs::JSValue {
    // SAFETY: as `is_proxy`.
    boolean(unsafe { qjs::JS_IsPromise(arg(argc, argv, 0)) })
}

unsafe extern "C" fn is_identifier(
    ctx: Context,
    _: qjs::JSValue,
    argc: c_int,
    argv: Args,
) -> qjs::JSValue {
    // SAFETY: as `with_text`.
    boolean(unsafe {
        with_text(ctx, arg(argc, argv, 0), false, |_, bytes| {
            bytes.first().is_some_and(|first| !first.is_ascii_digit())
                && bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'$')
        })
    })
}

/// True for what only `new` may call. The entry is asked once per run, so asking the text is fine.
unsafe extern "C" fn is_class(
    ctx: Context,
    _: qjs::JSValue,
    argc: c_int,
    argv: Args,
) -> qjs::JSValue {
    // SAFETY: as `is_proxy`.
    boolean(unsafe { qjs::JS_IsConstructor(ctx, arg(argc, argv, 0)) })
}

unsafe extern "C" fn lower_case(
    ctx: Context,
    _: qjs::JSValue,
    argc: c_int,
    argv: Args,
) -> qjs::JSValue {
    // SAFETY: as `with_text`; the scratch text is owned by the host.
    unsafe {
        with_text(ctx, arg(argc, argv, 0), (), |host, bytes| {
            host.scratch.clear();
            host.scratch.extend(bytes.iter().map(u8::to_ascii_lowercase));
        });
        scratch_string(ctx)
    }
}

/// More of a trace is not read.
const MAX_TRACE: usize = 64 * 1024;

/// A trace with only the guest's frames.
unsafe extern "C" fn guest_frames(
    ctx: Context,
    _: qjs::JSValue,
    argc: c_int,
    argv: Args,
) -> qjs::JSValue {
    // SAFETY: as `lower_case`.
    unsafe {
        with_text(ctx, arg(argc, argv, 0), (), |host, bytes| {
            let bytes = &bytes[..bytes.len().min(MAX_TRACE)];
            let text = host.frames.guest_only(&String::from_utf8_lossy(bytes));
            host.scratch = text.into_bytes();
        });
        scratch_string(ctx)
    }
}

/// The scratch text as an engine string.
unsafe fn scratch_string(ctx: Context) -> qjs::JSValue {
    // SAFETY: the pointer stays valid: nothing else writes the scratch while this thread is here.
    unsafe {
        let empty = (std::ptr::null::<u8>(), 0_usize);
        let (at, len) = outside(ctx, empty, |host| (host.scratch.as_ptr(), host.scratch.len()));
        if at.is_null() {
            return qjs::JS_UNDEFINED;
        }
        qjs::JS_NewStringLen(ctx, at.cast::<c_char>(), len as _)
    }
}

/// The target of one of the prelude's own read-only faces, undefined for any other proxy.
unsafe extern "C" fn read_only_target(
    ctx: Context,
    _: qjs::JSValue,
    argc: c_int,
    argv: Args,
) -> qjs::JSValue {
    // SAFETY: both arguments are checked by the engine functions themselves.
    unsafe {
        let proxy = arg(argc, argv, 0);
        if !qjs::JS_IsProxy(proxy) {
            return qjs::JS_UNDEFINED;
        }
        let handler = qjs::JS_GetProxyHandler(ctx, proxy);
        let ours = qjs::JS_IsObject(handler)
            && qjs::JS_VALUE_GET_PTR(handler) == qjs::JS_VALUE_GET_PTR(arg(argc, argv, 1));
        qjs::JS_FreeValue(ctx, handler);
        if ours { qjs::JS_GetProxyTarget(ctx, proxy) } else { qjs::JS_UNDEFINED }
    }
}

/// The JSON text of plain data, written without a look at anything the guest can change;
/// undefined for what is not plain.
unsafe extern "C" fn write_json(
    ctx: Context,
    _: qjs::JSValue,
    argc: c_int,
    argv: Args,
) -> qjs::JSValue {
    // SAFETY: inside an entry, so the context is bound; the text is copied before it is freed.
    unsafe {
        let bound = qjs::JS_GetContextOpaque(ctx).cast::<Bound>();
        let Some((text, len)) = json::write(ctx, (*bound).cell, arg(argc, argv, 0)) else {
            if qjs::JS_HasException(ctx) {
                qjs::JS_FreeValue(ctx, qjs::JS_GetException(ctx));
            }
            return qjs::JS_UNDEFINED;
        };
        let value = qjs::JS_NewStringLen(ctx, text.cast(), len as _);
        qjs::js_free(ctx, text.cast_mut().cast());
        value
    }
}

const FUNCTIONS: &[(&CStr, Function, c_int)] = &[
    (c"log", log, 2),
    (c"logRoom", log_room, 0),
    (c"countDenial", count_denial, 0),
    (c"now", now, 0),
    (c"elapsed", elapsed, 0),
    (c"timerNow", elapsed, 0),
    (c"random", random, 0),
    (c"randomByte", random_byte, 0),
    (c"hostFunction", hostcall::host_function, 2),
    (c"callHostText", hostcall::call_host_text, 4),
    (c"getBuffer", get_buffer, 1),
    (c"putBuffer", put_buffer, 1),
    (c"dropBuffers", drop_buffers, 0),
    (c"maxHostCalls", max_host_calls, 0),
    (c"isProxy", is_proxy, 1),
    (c"isError", is_error, 1),
    (c"isRegExp", is_reg_exp, 1),
    (c"isPromise", is_promise, 1),
    (c"isIdentifier", is_identifier, 1),
    (c"isClass", is_class, 1),
    (c"lowerCase", lower_case, 1),
    (c"guestFrames", guest_frames, 1),
    (c"readOnlyTarget", read_only_target, 2),
    (c"classOf", class_of, 1),
    (c"survey", survey, 1),
    (c"writeJson", write_json, 1),
];

/// The `native` object. `None` when the engine refused, which only happens out of memory.
///
/// # Safety
/// `ctx` is a live context of the calling thread.
pub(super) unsafe fn object(ctx: Context) -> Option<qjs::JSValue> {
    // SAFETY: plain construction; names are NUL-terminated constants.
    unsafe {
        let object = qjs::JS_NewObject(ctx);
        if qjs::JS_IsException(object) {
            return None;
        }
        for (name, function, length) in FUNCTIONS {
            let value = qjs::JS_NewCFunction2(
                ctx,
                Some(*function),
                name.as_ptr(),
                *length,
                qjs::JSCFunctionEnum_JS_CFUNC_generic,
                0,
            );
            if qjs::JS_SetPropertyStr(ctx, object, name.as_ptr(), value) < 0 {
                return None;
            }
        }
        Some(object)
    }
}

/// Notes rejections without a handler, and their late handling.
pub(super) unsafe extern "C" fn on_rejection(
    ctx: Context,
    promise: qjs::JSValue,
    reason: qjs::JSValue,
    is_handled: bool,
    _: *mut c_void,
) {
    // SAFETY: the reason is kept by one more reference, released with the whole heap; the list
    // belongs to the run and is touched by this thread only.
    unsafe {
        let reason = if is_handled { None } else { Some(qjs::JS_DupValue(ctx, reason)) };
        let identity = qjs::JS_VALUE_GET_PTR(promise) as usize;
        let bound = qjs::JS_GetContextOpaque(ctx).cast::<Bound>();
        let rejections = if bound.is_null() { return } else { (*bound).rejections };
        outside(ctx, (), |_| match reason {
            Some(reason) if (*rejections).len() < MAX_REJECTIONS => {
                (*rejections).push((identity, reason));
            }
            Some(_) => {}
            None => (*rejections).retain(|(known, _)| *known != identity),
        });
    }
}

/// The engine asks now and then whether to go on. Stopping does not return.
pub(super) unsafe extern "C" fn on_interrupt(_: *mut qjs::JSRuntime, cell: *mut c_void) -> c_int {
    // SAFETY: the pointer is the cell of the worker that entered the engine (see `Isolate::enter`);
    // callbacks own nothing across engine calls, so the run may be left from here.
    unsafe {
        let cell = cell.cast_const().cast::<Cell>();
        if !cell.is_null() && (*cell).stop_requested() {
            (*cell).leave_stopped();
        }
    }
    0
}
