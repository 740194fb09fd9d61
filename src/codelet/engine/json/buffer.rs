//! Growing arrays in the arena.

use std::mem::size_of;

use rquickjs::qjs;

/// A growing array of plain items. It has no destructor: a run may be abandoned at any time, and
/// its memory goes with the arena.
pub(super) struct Buffer<T: Copy> {
    ctx: *mut qjs::JSContext,
    items: *mut T,
    len: usize,
    capacity: usize,
}

impl<T: Copy> Buffer<T> {
    pub(super) fn new(ctx: *mut qjs::JSContext) -> Buffer<T> {
        Buffer { ctx, items: std::ptr::null_mut(), len: 0, capacity: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    pub(super) fn as_ptr(&self) -> *const T {
        self.items
    }

    /// The items from `start` on.
    pub(super) fn tail(&self, start: usize) -> &[T] {
        if start >= self.len {
            return &[];
        }
        // SAFETY: the first `len` items were written.
        unsafe { std::slice::from_raw_parts(self.items.add(start), self.len - start) }
    }

    /// Makes room for `more` items. Does not return at the memory limit.
    pub(super) fn reserve(&mut self, more: usize) {
        let need = self.len + more;
        if need <= self.capacity {
            return;
        }
        let capacity = need.max(self.capacity + self.capacity / 2).max(64);
        // SAFETY: a block of the same arena, or none yet. The allocator never gives NULL, and
        // `JS_SetMemoryLimit` is never called, so neither does the engine.
        unsafe {
            let bytes = (capacity * size_of::<T>()) as u64;
            let items = qjs::js_realloc(self.ctx, self.items.cast(), bytes);
            self.items = items.cast();
        }
        self.capacity = capacity;
    }

    pub(super) fn push(&mut self, item: T) {
        self.reserve(1);
        // SAFETY: room was made above.
        unsafe { self.items.add(self.len).write(item) };
        self.len += 1;
    }

    pub(super) fn extend(&mut self, items: &[T]) {
        self.reserve(items.len());
        // SAFETY: room was made above; `items` is elsewhere, since `self` is borrowed mutably.
        unsafe {
            std::ptr::copy_nonoverlapping(items.as_ptr(), self.items.add(self.len), items.len());
        }
        self.len += items.len();
    }

    /// Appends `len` items that begin at `start` once more.
    pub(super) fn repeat(&mut self, start: usize, len: usize) {
        debug_assert!(start + len <= self.len);
        self.reserve(len);
        // SAFETY: both ranges lie within the block and do not overlap: the first ends at or before
        // `self.len`.
        unsafe {
            std::ptr::copy_nonoverlapping(self.items.add(start), self.items.add(self.len), len);
        }
        self.len += len;
    }

    /// Gives the memory back, where that is worth it.
    pub(super) fn free(self) {
        // SAFETY: a block of this context's arena, or null, which is allowed.
        unsafe { qjs::js_free(self.ctx, self.items.cast()) };
    }
}
