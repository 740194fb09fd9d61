//! What happens inside an entry: the engine calls of a run, between the cell's door and its landing.
//!
//! Nothing here may own anything with a destructor across an engine call: the run may be abandoned
//! inside any of them. Results are pointers into the arena; `run.rs` copies them afterwards.

use std::ffi::c_void;

use rquickjs::qjs;

use super::cell::Cell;
use super::hostcall::{self, Waiting};
use super::json;
use super::native::{Bound, NO_BUFFERS, outside};
use super::run::{During, Frame, Out, Run, Stage, Start};
use super::survey::is_plain_tree;
use crate::codelet::payload::{Form, Payload, json_length};
use crate::codelet::request::{Reply, Values};

pub(super) unsafe extern "C" fn body(frame: *mut c_void) {
    // SAFETY: the `Frame` of `enter`, and the `Run` in it, live until the landing.
    unsafe {
        let frame = &mut *frame.cast::<Frame<'_>>();
        let run = &mut *frame.run;
        let rt = run.isolate.rt;
        qjs::JS_SetMaxStackSize(rt, run.max_stack as _);
        qjs::JS_UpdateStackTop(rt);
        frame.out = match advance(frame, run) {
            Ok(out) => out,
            Err(Thrown) => describe(run.isolate.ctx, run),
        };
    }
}

/// An exception is pending in the context.
struct Thrown;

/// A faster way that gave up may have left one behind.
unsafe fn forget_exception(ctx: *mut qjs::JSContext) {
    // SAFETY: taking the pending exception, if there is one.
    unsafe {
        if qjs::JS_HasException(ctx) {
            qjs::JS_FreeValue(ctx, qjs::JS_GetException(ctx));
        }
    }
}

unsafe fn check(value: qjs::JSValue) -> Result<qjs::JSValue, Thrown> {
    // SAFETY: a look at the tag.
    if unsafe { qjs::JS_IsException(value) } { Err(Thrown) } else { Ok(value) }
}

unsafe fn string(ctx: *mut qjs::JSContext, text: &str) -> Result<qjs::JSValue, Thrown> {
    // SAFETY: the text is copied into the arena.
    unsafe { check(qjs::JS_NewStringLen(ctx, text.as_ptr().cast(), text.len() as _)) }
}

unsafe fn optional(ctx: *mut qjs::JSContext, text: Option<&str>) -> Result<qjs::JSValue, Thrown> {
    // SAFETY: as `string`.
    text.map_or(Ok(qjs::JS_UNDEFINED), |text| unsafe { string(ctx, text) })
}

unsafe fn call<const N: usize>(
    ctx: *mut qjs::JSContext,
    function: qjs::JSValue,
    mut args: [qjs::JSValue; N],
) -> Result<qjs::JSValue, Thrown> {
    // SAFETY: live values of this context; references are not given back one by one, the whole
    // heap is.
    unsafe {
        let count = i32::try_from(N).unwrap_or(0);
        check(qjs::JS_Call(ctx, function, qjs::JS_UNDEFINED, count, args.as_mut_ptr()))
    }
}

unsafe fn advance(frame: &mut Frame<'_>, run: &mut Run) -> Result<Out, Thrown> {
    // SAFETY: all engine calls are on the run's own context; `frame` is plain data.
    unsafe {
        let ctx = run.isolate.ctx;
        if run.loads_only {
            read(ctx, run)?;
            if run.opens_plainly {
                let nothing = qjs::JS_UNDEFINED;
                run.helpers = Some(call(ctx, run.isolate.driver.begin, [nothing, nothing])?);
            }
            return Ok(Out::Waiting(-1.0));
        }
        if let Some(start) = frame.start {
            frame.during = During::Linking;
            begin(ctx, run, start)?;
            frame.during = During::Running;
        }
        for reply in frame.replies {
            settle(ctx, frame.cell, run, reply)?;
            drain(run.isolate.rt, frame.cell);
        }
        loop {
            drain(run.isolate.rt, frame.cell);
            if let Some(value) = run.given {
                return settle_value(ctx, frame, run, value);
            }
            match qjs::JS_PromiseState(ctx, run.promise) {
                qjs::JSPromiseStateEnum_JS_PROMISE_PENDING => {
                    if let Some(out) = wait(ctx, frame, run)? {
                        return Ok(out);
                    }
                }
                qjs::JSPromiseStateEnum_JS_PROMISE_FULFILLED if run.stage == Stage::Evaluating => {
                    invoke(ctx, frame.cell, run, frame.start)?;
                }
                qjs::JSPromiseStateEnum_JS_PROMISE_FULFILLED => {
                    let value = qjs::JS_PromiseResult(ctx, run.promise);
                    return settle_value(ctx, frame, run, value);
                }
                _ => {
                    let reason = qjs::JS_PromiseResult(ctx, run.promise);
                    qjs::JS_Throw(ctx, reason);
                    return Err(Thrown);
                }
            }
        }
    }
}

/// Hands the host's answer to the promise of its call.
unsafe fn settle(
    ctx: *mut qjs::JSContext,
    cell: *const Cell,
    run: &Run,
    reply: &Reply,
) -> Result<(), Thrown> {
    // SAFETY: the table's values are alive: each has a reference of its own.
    unsafe {
        let Some(waiting) = hostcall::take(ctx, reply.seq) else { return Ok(()) };
        let value = value_of(ctx, cell, run, reply.value.as_ref())?;
        // Tagged text may say what this engine cannot make.
        let tagged = reply.value.as_ref().is_some_and(|value| value.form == Form::Tagged);
        if reply.ok && !tagged && qjs::JS_IsUndefined(waiting.wrap) {
            call(ctx, waiting.resolve, [value])?;
        } else {
            let seq = qjs::JS_MKVAL(qjs::JS_TAG_INT, reply.seq.cast_signed());
            let ok = if reply.ok { qjs::JS_TRUE } else { qjs::JS_FALSE };
            let Waiting { resolve, reject, name, wrap, site } = waiting;
            let driver = &run.isolate.driver;
            call(ctx, driver.settle, [ok, value, resolve, reject, wrap, name, site, seq])?;
        }
        for value in [waiting.resolve, waiting.reject, waiting.name, waiting.wrap, waiting.site] {
            qjs::JS_FreeValue(ctx, value);
        }
        Ok(())
    }
}

/// Opens the run: settings, program, and the start of its entry module.
unsafe fn begin(ctx: *mut qjs::JSContext, run: &mut Run, start: &Start<'_>) -> Result<(), Thrown> {
    // SAFETY: texts are copied into the arena; the entry is a module of this heap.
    unsafe {
        let rt = run.isolate.rt;
        qjs::JS_SetGCThreshold(rt, (start.memory_limit / 4).min(4 << 20) as _);
        if run.helpers.is_none() {
            let config = optional(ctx, start.config)?;
            let globals = optional(ctx, start.globals)?;
            run.helpers = Some(call(ctx, run.isolate.driver.begin, [config, globals])?);
        }
        if run.stage == Stage::Fresh {
            read(ctx, run)?;
        }
        // The realm keeps its modules alive.
        run.promise = check(qjs::JS_EvalFunction(ctx, run.entry))?;
        qjs::JS_PromiseMarkAsHandled(ctx, run.promise);
        run.stage = Stage::Evaluating;
        Ok(())
    }
}

/// Reads the program's modules into the heap. Nothing of them runs.
unsafe fn read(ctx: *mut qjs::JSContext, run: &mut Run) -> Result<(), Thrown> {
    // SAFETY: bytecode made by this process's compiler from the same engine; the program outlives
    // the run.
    unsafe {
        // Reading a module reads what it imports, through the loader.
        let flags = qjs::JS_WRITE_OBJ_BYTECODE.cast_signed();
        let (code, len) = match run.host.program.modules.first() {
            Some(module) => (module.bytecode.as_ptr(), module.bytecode.len()),
            None => (std::ptr::null(), 0),
        };
        let entry = check(qjs::JS_ReadObject(ctx, code, len as _, flags))?;
        if qjs::JS_ResolveModule(ctx, entry) < 0 {
            return Err(Thrown);
        }
        run.entry = entry;
        run.stage = Stage::Loaded;
        Ok(())
    }
}

/// Calls the entry function once its module is evaluated.
unsafe fn invoke(
    ctx: *mut qjs::JSContext,
    cell: *const Cell,
    run: &mut Run,
    start: Option<&Start<'_>>,
) -> Result<(), Thrown> {
    // SAFETY: the namespace of the entry module; texts are copied into the arena.
    unsafe {
        let namespace =
            check(qjs::JS_GetModuleNamespace(ctx, qjs::JS_VALUE_GET_PTR(run.entry).cast()))?;
        // After a top-level await that had to wait, the start is gone: its texts were kept.
        let (name, input) = match start {
            Some(start) => (start.export_name, start.input),
            None => (run.host.kept_export.as_deref(), run.host.kept_input.as_ref()),
        };
        // Tagged text may say what this engine cannot make, and the prelude says so.
        let tagged = input.is_some_and(|input| input.form == Form::Tagged);
        let input = value_of(ctx, cell, run, input)?;
        run.stage = Stage::Calling;
        let entry = if tagged { None } else { plain_entry(ctx, namespace, name) };
        let Some(entry) = entry else {
            let name = optional(ctx, name)?;
            return promised(ctx, run, run.isolate.driver.invoke, [namespace, name, input]);
        };
        let helpers = run.helpers.unwrap_or(qjs::JS_UNDEFINED);
        match call(ctx, entry, [input, helpers]) {
            Ok(value) if qjs::JS_IsPromise(value) => {
                run.promise = value;
                qjs::JS_PromiseMarkAsHandled(ctx, value);
            }
            Ok(value) if !qjs::JS_IsObject(value) => run.given = Some(value),
            // It may be thenable, which is the guest's code to say.
            Ok(value) => promised(ctx, run, run.isolate.driver.adopt, [value])?,
            Err(Thrown) => {
                // Jobs that were queued before it threw run all the same.
                let thrown = qjs::JS_GetException(ctx);
                drain(run.isolate.rt, cell);
                qjs::JS_Throw(ctx, thrown);
                return Err(Thrown);
            }
        }
        Ok(())
    }
}

/// Goes on with the promise that a function of the prelude gives.
unsafe fn promised<const N: usize>(
    ctx: *mut qjs::JSContext,
    run: &mut Run,
    function: qjs::JSValue,
    args: [qjs::JSValue; N],
) -> Result<(), Thrown> {
    // SAFETY: as `call`.
    unsafe {
        run.promise = call(ctx, function, args)?;
        qjs::JS_PromiseMarkAsHandled(ctx, run.promise);
    }
    Ok(())
}

/// The function to call, if that is all there is to do: an export of the wanted name, or `main`,
/// that only can be called. Everything else is the prelude's, which also says what is wrong.
unsafe fn plain_entry(
    ctx: *mut qjs::JSContext,
    namespace: qjs::JSValue,
    wanted: Option<&str>,
) -> Option<qjs::JSValue> {
    // SAFETY: reading an own property of a module's namespace runs no code; the value stays alive
    // with its module.
    unsafe {
        let name = wanted.unwrap_or("main");
        let atom = json::atom_of(ctx, name.as_bytes());
        let mut found = qjs::JSPropertyDescriptor {
            flags: 0,
            value: qjs::JS_UNDEFINED,
            getter: qjs::JS_UNDEFINED,
            setter: qjs::JS_UNDEFINED,
        };
        let found_it = qjs::JS_GetOwnProperty(ctx, &raw mut found, namespace, atom) == 1;
        qjs::JS_FreeAtom(ctx, atom);
        if !found_it {
            forget_exception(ctx);
            return None;
        }
        let entry = found.value;
        if !qjs::JS_IsFunction(ctx, entry) || qjs::JS_IsProxy(entry) {
            return None;
        }
        // A class is the one kind of function whose `prototype` cannot be written.
        if qjs::JS_IsConstructor(ctx, entry) {
            let atom = qjs::JS_NewAtomLen(ctx, c"prototype".as_ptr(), 9);
            let has_one = qjs::JS_GetOwnProperty(ctx, &raw mut found, entry, atom) == 1;
            qjs::JS_FreeAtom(ctx, atom);
            if !has_one || found.flags & qjs::JS_PROP_WRITABLE.cast_signed() == 0 {
                return None;
            }
        }
        Some(entry)
    }
}

/// Runs promise jobs until none is left. A stop request is obeyed between any two.
unsafe fn drain(rt: *mut qjs::JSRuntime, cell: *const Cell) {
    // SAFETY: inside the entry; leaving from here drops nothing.
    unsafe {
        let mut ctx = std::ptr::null_mut();
        loop {
            if (*cell).stop_requested() {
                (*cell).leave_stopped();
            }
            if qjs::JS_ExecutePendingJob(rt, &raw mut ctx) == 0 {
                break;
            }
        }
    }
}

/// Nothing is runnable: fire a due timer (then `None`), wait, or give up.
unsafe fn wait(
    ctx: *mut qjs::JSContext,
    frame: &Frame<'_>,
    run: &mut Run,
) -> Result<Option<Out>, Thrown> {
    // SAFETY: prelude functions without guest code, but for the timer's own callback.
    unsafe {
        let next = number(call(ctx, run.isolate.driver.next_timer, [])?);
        let calls = frame.unanswered || run.host.has_called();
        if next >= 0.0 {
            // A virtual clock jumps to its timer, unless the host still owes an answer.
            if run.host.clock.is_virtual() && !calls {
                run.host.clock.advance_to(next);
            }
            let fired = call(ctx, run.isolate.driver.fire_timer, [])?;
            if qjs::JS_IsBool(fired) && qjs::JS_VALUE_GET_BOOL(fired) {
                return Ok(None);
            }
        }
        if next < 0.0 && !calls {
            return Ok(Some(Out::Stalled));
        }
        let timer = if run.host.clock.is_virtual() { -1.0 } else { next };
        Ok(Some(Out::Waiting(timer)))
    }
}

unsafe fn number(value: qjs::JSValue) -> f64 {
    // SAFETY: the tag says which member is set.
    unsafe {
        if qjs::JS_IsInt(value) {
            f64::from(qjs::JS_VALUE_GET_INT(value))
        } else if qjs::JS_IsNumber(value) {
            qjs::JS_VALUE_GET_FLOAT64(value)
        } else {
            -1.0
        }
    }
}

/// The engine's value for one that comes from the host.
unsafe fn value_of(
    ctx: *mut qjs::JSContext,
    cell: *const Cell,
    run: &Run,
    payload: Option<&Payload>,
) -> Result<qjs::JSValue, Thrown> {
    let Some(payload) = payload else { return Ok(qjs::JS_UNDEFINED) };
    // SAFETY: the text is copied into the arena; the buffers are pointed at only while the payload
    // is borrowed here.
    unsafe {
        if payload.form == Form::Json
            && let Some(value) = json::parse(ctx, cell, &payload.text)
        {
            return Ok(value);
        }
        forget_exception(ctx);
        let text = string(ctx, &payload.text)?;
        match payload.form {
            Form::Text => Ok(text),
            Form::Json => call(ctx, run.isolate.driver.parse, [text]),
            Form::Tagged => {
                let bound = qjs::JS_GetContextOpaque(ctx).cast::<Bound>();
                (*bound).incoming = payload.buffers.as_slice();
                let value = call(ctx, run.isolate.driver.decode, [text]);
                (*bound).incoming = NO_BUFFERS;
                value
            }
        }
    }
}

/// Turns the value into text: still the guest's time, `toJSON` and getters are its code.
unsafe fn settle_value(
    ctx: *mut qjs::JSContext,
    frame: &mut Frame<'_>,
    run: &mut Run,
    value: qjs::JSValue,
) -> Result<Out, Thrown> {
    // SAFETY: as `advance`; the text stays in the arena until the caller has copied it.
    unsafe {
        if qjs::JS_IsUndefined(value) {
            warn_unhandled(ctx, run);
            return Ok(Out::Undefined);
        }
        frame.during = During::Serialising;
        // Of host calls that were refused something may be left.
        outside(ctx, (), |host| host.buffers.clear());
        let mut len: usize = 0;
        let mut form = Form::Json;
        let mut bytes: *const std::ffi::c_char = std::ptr::null();
        if run.host.values != Values::Json && qjs::JS_IsString(value) {
            bytes = qjs::JS_ToCStringLen(ctx, &raw mut len, value);
            // A lone surrogate has no UTF-8: such a string crosses with escapes, as JSON.
            let well_formed = !bytes.is_null()
                && std::str::from_utf8(std::slice::from_raw_parts(bytes.cast(), len)).is_ok();
            if well_formed {
                form = Form::Text;
            } else {
                bytes = std::ptr::null();
            }
        }
        if bytes.is_null()
            && (run.host.values != Values::Clone || is_plain_tree(ctx, value))
            && let Some((text, text_len)) = json::write(ctx, frame.cell, value)
        {
            (bytes, len) = (text.cast(), text_len);
        }
        forget_exception(ctx);
        if bytes.is_null() {
            let text = if run.host.values == Values::Clone {
                form = Form::Tagged;
                call(ctx, run.isolate.driver.encode, [value])?
            } else {
                check(qjs::JS_JSONStringify(ctx, value, qjs::JS_UNDEFINED, qjs::JS_UNDEFINED))?
            };
            if qjs::JS_IsUndefined(text) {
                let data = qjs::JS_IsObject(value) && !qjs::JS_IsFunction(ctx, value);
                return Ok(if data { Out::Undefined } else { Out::NotJson });
            }
            bytes = qjs::JS_ToCStringLen(ctx, &raw mut len, text);
            if bytes.is_null() {
                return Err(Thrown);
            }
        }
        frame.during = During::Running;
        warn_unhandled(ctx, run);
        let text = std::slice::from_raw_parts(bytes.cast::<u8>(), len);
        let size = match form {
            Form::Text => json_length(text),
            Form::Json | Form::Tagged => len + outside(ctx, 0, |host| host.buffered()),
        };
        if size > run.max_result {
            return Ok(Out::TooLong);
        }
        Ok(Out::Value(form, bytes.cast(), len))
    }
}

/// One warning per rejection nobody handled.
unsafe fn warn_unhandled(ctx: *mut qjs::JSContext, run: &mut Run) {
    // SAFETY: the reasons were kept by a reference of their own.
    unsafe {
        let mut index = 0;
        while index < run.rejections.len() {
            let reason = run.rejections[index].1;
            if call(ctx, run.isolate.driver.unhandled, [reason]).is_err() {
                qjs::JS_FreeValue(ctx, qjs::JS_GetException(ctx));
            }
            index += 1;
        }
    }
}

/// The report of the pending exception.
unsafe fn describe(ctx: *mut qjs::JSContext, run: &mut Run) -> Out {
    // SAFETY: reading what was thrown runs guest code, still inside the entry and its limits.
    unsafe {
        let thrown = qjs::JS_GetException(ctx);
        warn_unhandled(ctx, run);
        let Ok(report) = call(ctx, run.isolate.driver.describe, [thrown]) else {
            return Out::Broken;
        };
        let mut len: usize = 0;
        let text = qjs::JS_ToCStringLen(ctx, &raw mut len, report);
        if text.is_null() { Out::Broken } else { Out::Thrown(text.cast(), len) }
    }
}
