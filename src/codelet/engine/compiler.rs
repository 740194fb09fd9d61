//! The compiler isolate: text in, bytecode out. Nothing of a guest is executed here.
//!
//! The engine's compiler is not safe when an allocation fails half-way; the arena's allocator
//! never fails, it lands. Bytecode is only ever made here, kept in this process's memory and read
//! back by it: the engine trusts bytecode like native code.

use std::ffi::{CStr, CString, c_void};

use rquickjs::qjs;

use super::cell::{Cell, Landing};
use super::isolate::{Isolate, Purpose};

/// Heap for one compilation, at least.
pub(crate) const MIN_HEAP: usize = 16 * 1024 * 1024;
/// Stack for the parser's recursion.
const STACK: usize = 2 * 1024 * 1024;

/// Compiles for one thread.
#[derive(Debug)]
pub(crate) struct Compiler {
    isolate: Isolate,
    cell: &'static Cell,
}

/// Why a text did not compile.
#[derive(Debug)]
pub(crate) enum CompileFault {
    /// The parser's message and the trace that carries its position.
    Syntax { message: String, trace: String },
    /// The parser needed more than its heap.
    OutOfMemory,
    /// The deadline passed, or the run was cancelled.
    Stopped(Landing),
}

struct Task {
    isolate: *mut Isolate,
    source: *const CStr,
    name: *const CStr,
    eval_flags: i32,
    write_flags: i32,
    // What comes out: pointers into the arena, copied before it is reset.
    bytecode: (*const u8, usize),
    message: (*const u8, usize),
    trace: (*const u8, usize),
}

const NOTHING: (*const u8, usize) = (std::ptr::null(), 0);

impl Compiler {
    /// A compiler for the calling thread.
    pub(crate) fn new(cell: &'static Cell) -> Option<Compiler> {
        let isolate = Isolate::build(Purpose::Compiler, 512 * 1024 * 1024, cell)?;
        Some(Compiler { isolate, cell })
    }

    /// Compiles an ES module. `run` is whose deadline counts.
    pub(crate) fn module(
        &mut self,
        run: u64,
        source: &CString,
        name: &CString,
        heap: usize,
    ) -> Result<Vec<u8>, CompileFault> {
        let flags = qjs::JS_EVAL_TYPE_MODULE | qjs::JS_EVAL_FLAG_COMPILE_ONLY;
        let write = qjs::JS_WRITE_OBJ_BYTECODE | qjs::JS_WRITE_OBJ_STRIP_SOURCE;
        self.compile(run, source, name, flags, write, heap.max(MIN_HEAP))
    }

    /// Compiles the prelude: a script without source text and positions.
    pub(super) fn prelude(&mut self, source: &CString, name: &CStr) -> Option<Vec<u8>> {
        let flags = qjs::JS_EVAL_TYPE_GLOBAL | qjs::JS_EVAL_FLAG_COMPILE_ONLY;
        // Tests keep positions, so that a fault in the prelude can be found.
        let strip = if cfg!(test) { 0 } else { qjs::JS_WRITE_OBJ_STRIP_DEBUG };
        let write = qjs::JS_WRITE_OBJ_BYTECODE | qjs::JS_WRITE_OBJ_STRIP_SOURCE | strip;
        self.compile(super::isolate::BUILD_RUN, source, name, flags, write, MIN_HEAP).ok()
    }

    #[cfg(test)]
    pub(super) fn fingerprint(&self) -> u64 {
        self.isolate.fingerprint()
    }

    fn compile(
        &mut self,
        run: u64,
        source: &CString,
        name: &CStr,
        eval_flags: u32,
        write_flags: u32,
        heap: usize,
    ) -> Result<Vec<u8>, CompileFault> {
        self.isolate.arm(heap.min(self.isolate.capacity()), self.cell);
        let mut task = Task {
            isolate: &raw mut self.isolate,
            source: source.as_c_str(),
            name,
            eval_flags: eval_flags.cast_signed(),
            write_flags: write_flags.cast_signed(),
            bytecode: NOTHING,
            message: NOTHING,
            trace: NOTHING,
        };
        // SAFETY: `compile_body` owns nothing across engine calls; no callback of a compiler
        // isolate looks for a `Bound`.
        let landing = unsafe {
            self.isolate.enter(
                self.cell,
                run,
                std::ptr::null_mut(),
                compile_body,
                (&raw mut task).cast(),
            )
        };
        // SAFETY: the pointers are null or point at `len` bytes of the arena, still untouched.
        let copy = |(at, len): (*const u8, usize)| unsafe {
            if at.is_null() { Vec::new() } else { std::slice::from_raw_parts(at, len).to_vec() }
        };
        let result = match landing {
            Landing::Returned if !task.bytecode.0.is_null() => Ok(copy(task.bytecode)),
            Landing::Returned => Err(CompileFault::Syntax {
                message: String::from_utf8_lossy(&copy(task.message)).into_owned(),
                trace: String::from_utf8_lossy(&copy(task.trace)).into_owned(),
            }),
            Landing::OutOfMemory => Err(CompileFault::OutOfMemory),
            stopped => Err(CompileFault::Stopped(stopped)),
        };
        self.isolate.reset();
        result
    }
}

unsafe extern "C" fn compile_body(task: *mut c_void) {
    // SAFETY: `task` lives in the caller's frame; the texts outlive the call; results stay in the
    // arena until the caller has copied them.
    unsafe {
        let task = &mut *task.cast::<Task>();
        let isolate = &*task.isolate;
        let ctx = isolate.ctx;
        // The engine resolves imports while it compiles. Here every name exists and exports
        // nothing; what a codelet may import is decided where it runs.
        qjs::JS_SetModuleLoaderFunc(isolate.rt, None, Some(any_module), std::ptr::null_mut());
        qjs::JS_SetMaxStackSize(isolate.rt, STACK as _);
        qjs::JS_UpdateStackTop(isolate.rt);
        let source = &*task.source;
        let code = qjs::JS_Eval(
            ctx,
            source.as_ptr(),
            source.count_bytes() as _,
            (*task.name).as_ptr(),
            task.eval_flags,
        );
        if qjs::JS_IsException(code) {
            let error = qjs::JS_GetException(ctx);
            task.message = text_of(ctx, error, c"message");
            task.trace = text_of(ctx, error, c"stack");
            return;
        }
        let mut len = 0;
        let bytes = qjs::JS_WriteObject(ctx, &raw mut len, code, task.write_flags);
        task.bytecode = (bytes, usize::try_from(len).unwrap_or(0));
    }
}

unsafe extern "C" fn any_module(
    ctx: *mut qjs::JSContext,
    name: *const std::ffi::c_char,
    _: *mut c_void,
) -> *mut qjs::JSModuleDef {
    // SAFETY: the name is the engine's own and copied by it.
    unsafe { qjs::JS_NewCModule(ctx, name, Some(no_exports)) }
}

unsafe extern "C" fn no_exports(_: *mut qjs::JSContext, _: *mut qjs::JSModuleDef) -> i32 {
    0
}

unsafe fn text_of(ctx: *mut qjs::JSContext, error: qjs::JSValue, key: &CStr) -> (*const u8, usize) {
    // SAFETY: a pristine realm's error; its accessors are the engine's own.
    unsafe {
        let value = qjs::JS_GetPropertyStr(ctx, error, key.as_ptr());
        let mut len: usize = 0;
        let text = qjs::JS_ToCStringLen(ctx, &raw mut len, value);
        (text.cast::<u8>(), len)
    }
}
