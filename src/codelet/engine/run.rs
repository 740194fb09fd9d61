//! One run inside an isolate: start, go on after a wait, and how it ended.

use rquickjs::qjs;

use super::body::body;
use super::cell::{Cell, Landing};
use super::hostcall::Unanswered;
use super::image::Image;
use super::isolate::Isolate;
use super::native::{Bound, NO_BUFFERS, Rejection};
use crate::codelet::guest::host::Host;
use crate::codelet::payload::{Form, Payload, text_of};
use crate::codelet::request::Reply;

/// What a run is started with, besides its host half. Borrowed for the first entry only.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    /// JSON for the prelude's `begin`; `None` when nothing is granted or offered.
    pub(crate) config: Option<&'a str>,
    pub(crate) globals: Option<&'a str>,
    pub(crate) export_name: Option<&'a str>,
    pub(crate) input: Option<&'a Payload>,
    pub(crate) memory_limit: usize,
    pub(crate) max_stack: usize,
}

/// What bounds the loading of a program.
#[derive(Debug)]
pub(crate) struct Prepare {
    /// Whether the run is opened, too: for runs with nothing granted, offered or given.
    pub(crate) plain: bool,
    pub(crate) memory_limit: usize,
    pub(crate) max_stack: usize,
}

/// How an entry into the engine ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// `main` gave this value; `None` for undefined.
    Value(Option<Payload>),
    /// The value has no JSON form (a function or a symbol).
    NotJson,
    /// The value's JSON is longer than allowed.
    TooLong,
    /// Thrown: the prelude's report as JSON, and what was under way.
    Thrown { report: String, during: During },
    /// Nothing to do until a host call is answered or a timer is due (milliseconds of the run).
    Waiting { timer: Option<f64> },
    /// Nothing is left that could ever settle the result.
    Stalled,
    /// Abandoned.
    Left(Landing),
    /// The prelude itself failed: our fault.
    Broken,
}

/// What was under way when something was thrown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum During {
    /// The modules were loaded and linked; no line of the codelet has run.
    Linking,
    /// The codelet ran.
    Running,
    /// The value was turned into JSON.
    Serialising,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Fresh,
    /// The modules are there; nothing of them has run.
    Loaded,
    Evaluating,
    Calling,
}

/// A run and the isolate it holds.
pub(crate) struct Run {
    pub(super) isolate: Isolate,
    pub(super) host: Box<Host>,
    pub(super) stage: Stage,
    pub(super) entry: qjs::JSValue,
    pub(super) promise: qjs::JSValue,
    pub(super) max_result: usize,
    pub(super) max_stack: usize,
    /// Nothing is to be run.
    pub(super) loads_only: bool,
    /// Opened while it is loaded.
    pub(super) opens_plainly: bool,
    /// What `main` gets as its second argument, once the run is open.
    pub(super) helpers: Option<qjs::JSValue>,
    /// What `main` gave, when that is no promise.
    pub(super) given: Option<qjs::JSValue>,
    pub(super) rejections: Vec<Rejection>,
    /// Host calls that were not answered yet.
    pub(super) unanswered: Unanswered,
}

// SAFETY: as `Isolate`: used by one thread at a time.
unsafe impl Send for Run {}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("host", &self.host).finish_non_exhaustive()
    }
}

/// One entry's work and what came of it.
pub(super) struct Frame<'a> {
    pub(super) run: *mut Run,
    pub(super) start: Option<&'a Start<'a>>,
    pub(super) replies: &'a [Reply],
    /// Host calls still unanswered after `replies`: with them the run may wait.
    pub(super) unanswered: bool,
    pub(super) cell: *const Cell,
    pub(super) during: During,
    pub(super) out: Out,
}

pub(super) enum Out {
    Broken,
    Undefined,
    Value(Form, *const u8, usize),
    NotJson,
    TooLong,
    Thrown(*const u8, usize),
    Waiting(f64),
    Stalled,
}

impl Run {
    /// Puts a run into a pristine isolate.
    pub(crate) fn new(isolate: Isolate, host: Box<Host>, max_result: usize) -> Run {
        Run {
            isolate,
            host,
            stage: Stage::Fresh,
            entry: qjs::JS_UNDEFINED,
            promise: qjs::JS_UNDEFINED,
            max_result,
            max_stack: 0,
            loads_only: false,
            opens_plainly: false,
            helpers: None,
            given: None,
            rejections: Vec::new(),
            unanswered: Unanswered::default(),
        }
    }

    /// Puts a run into an isolate whose program was loaded by an image of it.
    pub(crate) fn loaded(
        isolate: Isolate,
        host: Box<Host>,
        max_result: usize,
        image: &Image,
    ) -> Run {
        let run = Run::new(isolate, host, max_result);
        Run { stage: Stage::Loaded, entry: image.entry, helpers: image.helpers, ..run }
    }

    /// Loads the program into the pristine isolate and no more, for the image of that. `None` when
    /// it cannot be loaded: the next run will find out why. The isolate is to be reset after it.
    pub(crate) fn prepare(&mut self, cell: &'static Cell, limits: &Prepare) -> Option<Image> {
        self.isolate.arm(limits.memory_limit, cell);
        self.max_stack = limits.max_stack;
        self.loads_only = true;
        self.opens_plainly = limits.plain;
        match self.enter(cell, None, &[], false) {
            Ending::Waiting { .. } => {
                let mut image = self.isolate.difference(self.entry);
                image.helpers = self.helpers;
                Some(image)
            }
            _ => None,
        }
    }

    /// The run's id.
    pub(crate) fn id(&self) -> u64 {
        self.host.run
    }

    pub(crate) fn host(&mut self) -> &mut Host {
        &mut self.host
    }

    /// Takes the run apart: the isolate (not yet reset) and the host half.
    pub(crate) fn into_parts(self) -> (Isolate, Box<Host>) {
        (self.isolate, self.host)
    }

    /// The first entry.
    pub(crate) fn start(&mut self, cell: &'static Cell, start: &Start<'_>) -> Ending {
        self.isolate.arm(start.memory_limit, cell);
        self.max_stack = start.max_stack;
        self.enter(cell, Some(start), &[], false)
    }

    /// A later entry, with answers to host calls; `unanswered` says whether more are to come.
    pub(crate) fn resume(
        &mut self,
        cell: &'static Cell,
        replies: &[Reply],
        unanswered: bool,
    ) -> Ending {
        self.enter(cell, None, replies, unanswered)
    }

    fn enter(
        &mut self,
        cell: &'static Cell,
        start: Option<&Start<'_>>,
        replies: &[Reply],
        unanswered: bool,
    ) -> Ending {
        let run = self.host.run;
        let mut bound = Bound {
            cell,
            host: &raw mut *self.host,
            rejections: &raw mut self.rejections,
            unanswered: &raw mut self.unanswered,
            driver: &raw const *self.isolate.driver,
            incoming: NO_BUFFERS,
        };
        let mut frame = Frame {
            run: std::ptr::from_mut(self),
            start,
            replies,
            unanswered,
            cell,
            during: During::Running,
            out: Out::Broken,
        };
        // SAFETY: `body` and all below it own nothing across engine calls; `bound` and `frame`
        // outlive the entry; the cell is the calling thread's.
        let landing = unsafe {
            (*frame.run).isolate.enter(
                cell,
                run,
                (&raw mut bound).cast(),
                body,
                (&raw mut frame).cast(),
            )
        };
        if landing != Landing::Returned {
            return Ending::Left(landing);
        }
        // SAFETY: the pointers are into the arena, which nothing has touched since.
        let text =
            |at: *const u8, len: usize| unsafe { text_of(std::slice::from_raw_parts(at, len)) };
        match frame.out {
            Out::Broken => Ending::Broken,
            Out::Undefined => Ending::Value(None),
            Out::Value(form, at, len) => {
                let buffers = std::mem::take(&mut self.host.buffers);
                Ending::Value(Some(Payload { form, text: text(at, len), buffers }))
            }
            Out::NotJson => Ending::NotJson,
            Out::TooLong => Ending::TooLong,
            Out::Thrown(at, len) => Ending::Thrown { report: text(at, len), during: frame.during },
            Out::Waiting(due) => Ending::Waiting { timer: (due >= 0.0).then_some(due) },
            Out::Stalled => Ending::Stalled,
        }
    }
}
