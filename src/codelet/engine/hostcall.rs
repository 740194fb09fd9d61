//! Host calls: from the guest's arguments to a promise, and from the host's answer to its settling.
//!
//! The common way is native, since a codelet may make thousands of calls: arguments of plain data
//! become JSON here, and an answer resolves its promise here. Whatever else there is (arguments
//! with code in them, failures, fetch) goes through the prelude's `hostcall.js`.
//!
//! The rules of `native.rs` hold here too.

#![expect(clippy::similar_names, reason = "argc and argv are the engine's own names")]

use std::ffi::c_int;

use rquickjs::qjs;
use rustc_hash::FxHashMap;

use super::json;
use super::native::{Args, Bound, Context, OVER_MEMORY, arg, int_arg, outside, with_text};
use crate::codelet::request::Values;

/// A call that was not answered yet. The values live in the arena and go with it.
#[derive(Clone, Copy)]
pub(super) struct Waiting {
    pub(super) resolve: qjs::JSValue,
    pub(super) reject: qjs::JSValue,
    pub(super) name: qjs::JSValue,
    /// Makes the value of the answer, if it is not the answer itself.
    pub(super) wrap: qjs::JSValue,
    /// An error made where the call is made: if the call fails, that is the place to name.
    pub(super) site: qjs::JSValue,
}

/// Calls under way by their number.
pub(super) type Unanswered = FxHashMap<u32, Waiting>;

/// `hostFunction(index, name)`: a function that calls the host's function of that number.
pub(super) unsafe extern "C" fn host_function(
    ctx: Context,
    _: qjs::JSValue,
    argc: c_int,
    argv: Args,
) -> qjs::JSValue {
    // SAFETY: the engine keeps references of its own to what the function carries.
    unsafe {
        let mut carried = [arg(argc, argv, 0), arg(argc, argv, 1)];
        qjs::JS_NewCFunctionData(ctx, Some(call_host), 0, 0, 2, carried.as_mut_ptr())
    }
}

/// A call of the host: a promise, always. `carried` is the function's number and name.
unsafe extern "C" fn call_host(
    ctx: Context,
    _: qjs::JSValue,
    argc: c_int,
    argv: Args,
    _: c_int,
    carried: Args,
) -> qjs::JSValue {
    // SAFETY: inside an entry, so the context is bound; the text lies in the arena until it is
    // copied; `carried` are the two values of `host_function`.
    unsafe {
        let bound = qjs::JS_GetContextOpaque(ctx).cast::<Bound>();
        let (function, name) = (*carried, *carried.add(1));
        let plain = !outside(ctx, true, |host| host.values == Values::Clone);
        let count = usize::try_from(argc).unwrap_or(0);
        let list = if count == 0 { &[] } else { std::slice::from_raw_parts(argv, count) };
        let written = if plain { json::write_list(ctx, (*bound).cell, list) } else { None };
        let Some((text, len)) = written else {
            if qjs::JS_HasException(ctx) {
                qjs::JS_FreeValue(ctx, qjs::JS_GetException(ctx));
            }
            return call_written(ctx, function, name, argc, argv);
        };
        let Ok(promised) = promise(ctx) else {
            qjs::js_free(ctx, text.cast_mut().cast());
            return qjs::JS_EXCEPTION;
        };
        let index = u32::try_from(qjs::JS_VALUE_GET_INT(function)).unwrap_or(u32::MAX);
        let bytes = std::slice::from_raw_parts(text, len);
        let seq = outside(ctx, -2, |host| host.call(index, bytes));
        qjs::js_free(ctx, text.cast_mut().cast());
        let answer = open(ctx, seq, promised, name, qjs::JS_UNDEFINED);
        if qjs::JS_IsInt(answer) {
            let mut args = [answer, name];
            let not_sent = (*(*bound).driver).not_sent;
            return qjs::JS_Call(ctx, not_sent, qjs::JS_UNDEFINED, 2, args.as_mut_ptr());
        }
        answer
    }
}

/// Leaves the call to the prelude, whose arguments' writing may run the guest's code.
unsafe fn call_written(
    ctx: Context,
    function: qjs::JSValue,
    name: qjs::JSValue,
    argc: c_int,
    argv: Args,
) -> qjs::JSValue {
    // SAFETY: as `call_host`; the list takes over a reference to each argument.
    unsafe {
        let bound = qjs::JS_GetContextOpaque(ctx).cast::<Bound>();
        for index in 0..usize::try_from(argc).unwrap_or(0) {
            qjs::JS_DupValue(ctx, *argv.add(index));
        }
        let list = qjs::JS_NewArrayFrom(ctx, argc, argv);
        if qjs::JS_IsException(list) {
            return list;
        }
        let mut args = [function, name, list];
        let call_written = (*(*bound).driver).call_written;
        let answer = qjs::JS_Call(ctx, call_written, qjs::JS_UNDEFINED, 3, args.as_mut_ptr());
        qjs::JS_FreeValue(ctx, list);
        answer
    }
}

/// `callHostText(index, name, wrap, text)`: a promise; a number below zero when the call is refused.
pub(super) unsafe extern "C" fn call_host_text(
    ctx: Context,
    _: qjs::JSValue,
    argc: c_int,
    argv: Args,
) -> qjs::JSValue {
    // SAFETY: inside an entry, so the context is bound.
    unsafe {
        let Ok(promised) = promise(ctx) else { return qjs::JS_EXCEPTION };
        let function = u32::try_from(int_arg(argc, argv, 0)).unwrap_or(u32::MAX);
        let text = arg(argc, argv, 3);
        let seq = with_text(ctx, text, -2, |host, bytes| host.call(function, bytes));
        open(ctx, seq, promised, arg(argc, argv, 1), arg(argc, argv, 2))
    }
}

/// What a call needs besides being made.
struct Promised {
    promise: qjs::JSValue,
    functions: [qjs::JSValue; 2],
    site: qjs::JSValue,
}

/// An exception is pending in the context.
struct Thrown;

/// Made before the call: near the end of the guest's stack it may throw, and then nothing was sent.
unsafe fn promise(ctx: Context) -> Result<Promised, Thrown> {
    // SAFETY: inside an entry, so the context is bound.
    unsafe {
        let bound = qjs::JS_GetContextOpaque(ctx).cast::<Bound>();
        let mut functions = [qjs::JS_UNDEFINED; 2];
        let promise = qjs::JS_NewPromiseCapability(ctx, functions.as_mut_ptr());
        if qjs::JS_IsException(promise) {
            return Err(Thrown);
        }
        let site = qjs::JS_CallConstructor(
            ctx,
            (*(*bound).driver).error_constructor,
            0,
            std::ptr::null_mut(),
        );
        let promised = Promised { promise, functions, site };
        if qjs::JS_IsException(site) {
            promised.free(ctx);
            return Err(Thrown);
        }
        Ok(promised)
    }
}

impl Promised {
    unsafe fn free(self, ctx: Context) {
        // SAFETY: each value has a reference of its own.
        unsafe {
            for value in [self.promise, self.functions[0], self.functions[1], self.site] {
                qjs::JS_FreeValue(ctx, value);
            }
        }
    }
}

/// The promise of call `seq`, or the number that says why there is none.
unsafe fn open(
    ctx: Context,
    seq: i32,
    promised: Promised,
    name: qjs::JSValue,
    wrap: qjs::JSValue,
) -> qjs::JSValue {
    // SAFETY: all values are of this context; what the table keeps has a reference of its own.
    unsafe {
        let bound = qjs::JS_GetContextOpaque(ctx).cast::<Bound>();
        if seq == OVER_MEMORY {
            (*(*bound).cell).leave_out_of_memory();
        }
        let Ok(number) = u32::try_from(seq) else {
            promised.free(ctx);
            return qjs::JS_MKVAL(qjs::JS_TAG_INT, seq);
        };
        let waiting = Waiting {
            resolve: promised.functions[0],
            reject: promised.functions[1],
            name: qjs::JS_DupValue(ctx, name),
            wrap: qjs::JS_DupValue(ctx, wrap),
            site: promised.site,
        };
        let unanswered = (*bound).unanswered;
        outside(ctx, (), |_| {
            (*unanswered).insert(number, waiting);
        });
        promised.promise
    }
}

/// Takes call `seq` out of those under way.
pub(super) unsafe fn take(ctx: Context, seq: u32) -> Option<Waiting> {
    // SAFETY: as `open`.
    unsafe {
        let bound = qjs::JS_GetContextOpaque(ctx).cast::<Bound>();
        let unanswered = (*bound).unanswered;
        outside(ctx, None, |_| (*unanswered).remove(&seq))
    }
}
