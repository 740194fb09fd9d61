//! An isolate: one runtime and one realm in one arena, pristine again after every run.

use std::ffi::{CString, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rquickjs::qjs;

use super::arena::{Arena, functions};
use super::cell::{Cell, Landing};
use super::compiler;
use super::image::Image;
use super::modules;
use super::native;
use crate::codelet::guest;

/// Stack the engine may use while the isolate is built; runs set their own.
const BUILD_STACK: usize = 1024 * 1024;
/// Heap the prelude may take: far more than it does.
const BUILD_HEAP: usize = 32 * 1024 * 1024;
/// Name of the prelude in traces, where it is filtered out.
const PRELUDE_NAME: &std::ffi::CStr = c"<runlet>";

/// Numbers of isolates.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// What the host calls inside a realm.
#[derive(Clone, Copy)]
pub(super) struct Driver {
    pub(super) begin: qjs::JSValue,
    pub(super) invoke: qjs::JSValue,
    pub(super) adopt: qjs::JSValue,
    pub(super) parse: qjs::JSValue,
    pub(super) decode: qjs::JSValue,
    pub(super) encode: qjs::JSValue,
    pub(super) settle: qjs::JSValue,
    pub(super) call_written: qjs::JSValue,
    pub(super) not_sent: qjs::JSValue,
    pub(super) next_timer: qjs::JSValue,
    pub(super) fire_timer: qjs::JSValue,
    pub(super) denied_import: qjs::JSValue,
    pub(super) unhandled: qjs::JSValue,
    pub(super) describe: qjs::JSValue,
    pub(super) error_constructor: qjs::JSValue,
}

impl Driver {
    const EMPTY: Driver = Driver {
        begin: qjs::JS_UNDEFINED,
        invoke: qjs::JS_UNDEFINED,
        adopt: qjs::JS_UNDEFINED,
        parse: qjs::JS_UNDEFINED,
        decode: qjs::JS_UNDEFINED,
        encode: qjs::JS_UNDEFINED,
        settle: qjs::JS_UNDEFINED,
        call_written: qjs::JS_UNDEFINED,
        not_sent: qjs::JS_UNDEFINED,
        next_timer: qjs::JS_UNDEFINED,
        fire_timer: qjs::JS_UNDEFINED,
        denied_import: qjs::JS_UNDEFINED,
        unhandled: qjs::JS_UNDEFINED,
        describe: qjs::JS_UNDEFINED,
        error_constructor: qjs::JS_UNDEFINED,
    };
}

/// What the isolate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Runs bytecode; has no parser.
    Guest,
    /// Has the parser, runs nothing of a guest.
    Compiler,
}

/// One isolate.
pub(crate) struct Isolate {
    arena: Arena,
    pub(super) rt: *mut qjs::JSRuntime,
    pub(super) ctx: *mut qjs::JSContext,
    /// Boxed: the engine holds a pointer to one of its members.
    pub(super) driver: Box<Driver>,
    /// The largest memory limit a run in it may have.
    capacity: usize,
    /// Its number in this process: prepared images belong to one isolate.
    id: u64,
}

// SAFETY: an isolate is used by one thread at a time; the engine keeps no thread-local state, and
// the stack bound is renewed at each entry.
unsafe impl Send for Isolate {}

impl std::fmt::Debug for Isolate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Isolate").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

impl Isolate {
    /// Builds a guest isolate for runs of up to `capacity` bytes.
    pub(crate) fn guest(capacity: usize, cell: &'static Cell) -> Option<Isolate> {
        Isolate::build(Purpose::Guest, capacity, cell)
    }

    pub(super) fn build(purpose: Purpose, capacity: usize, cell: &'static Cell) -> Option<Isolate> {
        let prelude = match purpose {
            Purpose::Guest => Some(prelude_bytecode(cell)?),
            Purpose::Compiler => None,
        };
        let arena = Arena::new(capacity.max(BUILD_HEAP), cell)?;
        let mut isolate = Isolate {
            arena,
            rt: std::ptr::null_mut(),
            ctx: std::ptr::null_mut(),
            driver: Box::new(Driver::EMPTY),
            capacity,
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
        };
        let mut job = Build { isolate: &raw mut isolate, purpose, prelude, done: false };
        // SAFETY: `build_body` and what it calls own nothing across engine calls; the cell is the
        // calling thread's. A landing other than `Returned` leaves `done` false.
        unsafe { cell.enter(BUILD_RUN, build_body, (&raw mut job).cast()) };
        if !job.done {
            return None;
        }
        isolate.arena.seal().then_some(isolate)
    }

    /// The largest memory limit a run in it may have.
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Its number in this process.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Loads a program by the image taken of this very isolate. False when memory is short; the
    /// isolate is pristine still.
    pub(crate) fn load(&mut self, image: &Image) -> bool {
        self.arena.load(image)
    }

    /// The image of the program that was just loaded.
    pub(super) fn difference(&self, entry: qjs::JSValue) -> Image {
        self.arena.difference(entry)
    }

    /// The most bytes the run held at once.
    pub(crate) fn peak(&self) -> usize {
        self.arena.peak()
    }

    /// Bytes of the pristine image.
    pub(crate) fn image_bytes(&self) -> usize {
        self.arena.image_bytes()
    }

    /// Sets the limits of the run about to start.
    pub(super) fn arm(&mut self, memory_limit: usize, cell: &'static Cell) {
        self.arena.arm(memory_limit, cell);
    }

    /// Enters the engine on `cell`'s thread. `bound` is what callbacks find.
    ///
    /// # Safety
    /// As [`Cell::enter`]; `bound` must outlive the call.
    pub(super) unsafe fn enter(
        &mut self,
        cell: &'static Cell,
        run: u64,
        bound: *mut c_void,
        body: unsafe extern "C" fn(*mut c_void),
        arg: *mut c_void,
    ) -> Landing {
        self.arena.set_cell(cell);
        // SAFETY: the engine is idle; these only write into the heap.
        unsafe {
            let cell_pointer = std::ptr::from_ref(cell).cast_mut().cast::<c_void>();
            qjs::JS_SetInterruptHandler(self.rt, Some(native::on_interrupt), cell_pointer);
            qjs::JS_SetContextOpaque(self.ctx, bound);
            cell.enter(run, body, arg)
        }
    }

    /// Makes it pristine again.
    pub(crate) fn reset(&mut self) {
        self.arena.reset();
    }

    /// As [`Arena::last_unused`].
    #[cfg(all(test, feature = "sanitize"))]
    pub(super) fn last_unused(&self) -> *const u8 {
        self.arena.last_unused()
    }

    /// What the engine's allocation functions get.
    #[cfg(all(test, feature = "sanitize"))]
    pub(super) fn opaque(&self) -> *mut c_void {
        self.arena.opaque()
    }

    #[cfg(test)]
    pub(crate) fn fingerprint(&self) -> u64 {
        self.arena.fingerprint()
    }
}

/// The id under which isolates are built: no request to stop ever names it.
pub(super) const BUILD_RUN: u64 = u64::MAX;

struct Build {
    isolate: *mut Isolate,
    purpose: Purpose,
    prelude: Option<&'static [u8]>,
    done: bool,
}

unsafe extern "C" fn build_body(job: *mut c_void) {
    // SAFETY: `job` is the `Build` of the caller's frame; everything here is plain engine calls.
    unsafe {
        let job = &mut *job.cast::<Build>();
        job.done = build_realm(&mut *job.isolate, job.purpose, job.prelude).is_some();
    }
}

unsafe fn build_realm(
    isolate: &mut Isolate,
    purpose: Purpose,
    prelude: Option<&'static [u8]>,
) -> Option<()> {
    // SAFETY: fresh runtime and context, used by this thread only; the allocation functions get
    // the arena they belong to.
    unsafe {
        let memory = qjs::JSMallocFunctions {
            js_calloc: Some(functions::calloc),
            js_malloc: Some(functions::malloc),
            js_free: Some(functions::free),
            js_realloc: Some(functions::realloc),
            js_malloc_usable_size: Some(functions::usable_size),
        };
        let rt = qjs::JS_NewRuntime2(&raw const memory, isolate.arena.opaque());
        if rt.is_null() {
            return None;
        }
        isolate.rt = rt;
        qjs::JS_SetMaxStackSize(rt, BUILD_STACK as _);
        qjs::JS_UpdateStackTop(rt);
        qjs::JS_SetCanBlock(rt, false);
        let ctx = qjs::JS_NewContextRaw(rt);
        if ctx.is_null() {
            return None;
        }
        isolate.ctx = ctx;
        let mut failed = qjs::JS_AddIntrinsicBaseObjects(ctx)
            | qjs::JS_AddIntrinsicDate(ctx)
            | qjs::JS_AddIntrinsicRegExp(ctx)
            | qjs::JS_AddIntrinsicJSON(ctx)
            | qjs::JS_AddIntrinsicProxy(ctx)
            | qjs::JS_AddIntrinsicMapSet(ctx)
            | qjs::JS_AddIntrinsicTypedArrays(ctx)
            | qjs::JS_AddIntrinsicPromise(ctx)
            | qjs::JS_AddIntrinsicWeakRef(ctx)
            | qjs::JS_AddIntrinsicAToB(ctx);
        if purpose == Purpose::Compiler {
            // The parser. Guest realms do without: there is nothing to reach it by.
            failed |= qjs::JS_AddIntrinsicEval(ctx);
        }
        if failed != 0 {
            return None;
        }
        let Some(bytecode) = prelude else { return Some(()) };
        let code = qjs::JS_ReadObject(
            ctx,
            bytecode.as_ptr(),
            bytecode.len() as _,
            qjs::JS_WRITE_OBJ_BYTECODE.cast_signed(),
        );
        let function = qjs::JS_EvalFunction(ctx, code);
        let mut native = native::object(ctx)?;
        let driver = qjs::JS_Call(ctx, function, qjs::JS_UNDEFINED, 1, &raw mut native);
        if qjs::JS_IsException(driver) {
            #[cfg(test)]
            report_exception(ctx);
            return None;
        }
        let member = |name: &std::ffi::CStr| qjs::JS_GetPropertyStr(ctx, driver, name.as_ptr());
        *isolate.driver = Driver {
            begin: member(c"begin"),
            invoke: member(c"invoke"),
            adopt: member(c"adopt"),
            parse: member(c"parse"),
            decode: member(c"decode"),
            encode: member(c"encode"),
            settle: member(c"settle"),
            call_written: member(c"callWritten"),
            not_sent: member(c"notSent"),
            next_timer: member(c"nextTimer"),
            fire_timer: member(c"fireTimer"),
            denied_import: member(c"deniedImport"),
            unhandled: member(c"unhandled"),
            describe: member(c"describe"),
            error_constructor: member(c"errorConstructor"),
        };
        let denied = (&raw mut isolate.driver.denied_import).cast::<c_void>();
        qjs::JS_SetModuleLoaderFunc(rt, Some(modules::on_import), Some(modules::on_load), denied);
        qjs::JS_SetHostPromiseRejectionTracker(
            rt,
            Some(native::on_rejection),
            std::ptr::null_mut(),
        );
        qjs::JS_RunGC(rt);
        Some(())
    }
}

/// Prints why the prelude failed: a fault of ours, seen in tests only.
#[cfg(test)]
unsafe fn report_exception(ctx: *mut qjs::JSContext) {
    // SAFETY: reading the exception of a context that is not in use any more.
    unsafe {
        let error = qjs::JS_GetException(ctx);
        let text = qjs::JS_ToCString(ctx, error);
        let stack = qjs::JS_GetPropertyStr(ctx, error, c"stack".as_ptr());
        let stack = qjs::JS_ToCString(ctx, stack);
        for part in [text, stack] {
            if !part.is_null() {
                let part = std::ffi::CStr::from_ptr(part).to_string_lossy();
                std::io::Write::write_all(&mut std::io::stderr(), part.as_bytes()).ok();
            }
        }
    }
}

/// The prelude, compiled once per process.
fn prelude_bytecode(cell: &'static Cell) -> Option<&'static [u8]> {
    static BYTECODE: OnceLock<Option<Vec<u8>>> = OnceLock::new();
    BYTECODE
        .get_or_init(|| {
            let script = CString::new(guest::prelude()).ok()?;
            compiler::Compiler::new(cell)?.prelude(&script, PRELUDE_NAME)
        })
        .as_deref()
}
