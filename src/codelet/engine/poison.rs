//! Makes `AddressSanitizer` see into the arena; only with the feature `sanitize`.
//!
//! To the sanitizer an arena is one large mapping. Here every byte that is not handed out is marked
//! as forbidden: free memory, the size in front of each block, the padding behind it. Instrumented C
//! that touches one ends the process with a report. Rust is not instrumented, so the allocator
//! itself may, but its calls of `memcpy` and `memset` are checked.
//!
//! `unpoisoned.rs` is the same without effect, for all other builds.

use std::ffi::c_void;
use std::iter::StepBy;
use std::ops::Range;
use std::ptr::NonNull;

unsafe extern "C" {
    fn __asan_poison_memory_region(at: *const c_void, size: usize);
    fn __asan_unpoison_memory_region(at: *const c_void, size: usize);
    fn __asan_get_shadow_mapping(scale: *mut usize, offset: *mut usize);
    fn __lsan_ignore_object(at: *const c_void);
}

/// From here on an access to `from..to` is a fault.
pub(super) fn forbid(from: usize, to: usize) {
    // SAFETY: only marks the range, which callers own.
    unsafe { __asan_poison_memory_region(from as *const _, to - from) }
}

/// From here on `from..to` may be used.
pub(super) fn allow(from: usize, to: usize) {
    // SAFETY: as `forbid`.
    unsafe { __asan_unpoison_memory_region(from as *const _, to - from) }
}

/// What is at `at` is never freed, on purpose.
pub(super) fn meant_to_leak(at: *const c_void) {
    // SAFETY: only noted; `at` is the start of a heap block.
    unsafe { __lsan_ignore_object(at) }
}

/// Where the sanitizer keeps its marks for `from..to`, which are page borders: one byte for each
/// eight, here taken eight at a time.
fn marks(from: usize, to: usize) -> StepBy<Range<usize>> {
    let (mut scale, mut offset) = (0, 0);
    // SAFETY: fills both numbers.
    unsafe { __asan_get_shadow_mapping(&raw mut scale, &raw mut offset) };
    ((from >> scale) + offset..(to >> scale) + offset).step_by(size_of::<u64>())
}

/// The marks of memory that [`forbid`] has marked.
#[cfg(test)]
const FORBIDDEN: u64 = 0xf7f7_f7f7_f7f7_f7f7;

/// Which bytes of a range may be used: a copy of the sanitizer's own record of it.
#[derive(Debug)]
pub(super) struct Map {
    marks: Vec<u64>,
}

impl Map {
    pub(super) const EMPTY: Map = Map { marks: Vec::new() };

    /// The map of `from..to`, which begins at a page.
    fn of(from: usize, to: usize) -> Map {
        // SAFETY: the record of mapped memory is readable; it lies outside of what is checked.
        let read = |at: usize| unsafe { (at as *const u64).read_volatile() };
        Map { marks: marks(from, to).map(read).collect() }
    }

    /// Marks the range from `from` as it was when the map was made, and forbids what follows it up
    /// to `to`.
    pub(super) fn put_back(&self, from: usize, to: usize) {
        forbid(from, to);
        for (at, mark) in marks(from, to).zip(&self.marks) {
            // SAFETY: as in `of`; the range is the caller's own.
            unsafe { (at as *mut u64).write_volatile(*mark) };
        }
    }

    /// A number that is equal for maps that say the same of the first `bytes` bytes, and forbid
    /// all others or do not.
    #[cfg(test)]
    pub(super) fn fingerprint(&self, bytes: usize) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        let (image, tail) = self.marks.split_at(bytes / 64);
        image.hash(&mut hasher);
        hasher.write_u8(tail.iter().all(|mark| *mark == FORBIDDEN).into());
        hasher.finish()
    }
}

/// Lets Rust copy or read all of `from..to`, in which nothing runs, until [`Open::close`].
/// Owns heap memory, so never within an entry.
#[must_use]
pub(super) struct Open {
    from: usize,
    to: usize,
    map: Map,
}

/// Opens `from..to`.
pub(super) fn open(from: usize, to: usize) -> Open {
    let map = Map::of(from, to);
    allow(from, to);
    Open { from, to, map }
}

impl Open {
    /// Marks the range as it was, and gives the map of that.
    pub(super) fn close(self) -> Map {
        self.map.put_back(self.from, self.to);
        self.map
    }
}

/// How many freed blocks are kept from being handed out again, so that a use after the free meets
/// forbidden memory and not the next owner's.
const KEPT: usize = 256;
/// Larger blocks are not kept: a run's limit counts them as freed.
const KEPT_SIZE: usize = 32 * 1024;

/// Freed blocks in the order of their freeing. Part of the arena's header, so of its image.
pub(super) struct Quarantine {
    blocks: [Option<NonNull<u8>>; KEPT],
    oldest: usize,
}

impl Quarantine {
    pub(super) const EMPTY: Quarantine = Quarantine { blocks: [None; KEPT], oldest: 0 };

    /// Takes a freed block of `size` bytes in and gives the one to be freed in its place.
    pub(super) fn exchange(&mut self, block: NonNull<u8>, size: usize) -> Option<NonNull<u8>> {
        if size > KEPT_SIZE {
            return Some(block);
        }
        let slot = &mut self.blocks[self.oldest];
        self.oldest = (self.oldest + 1) % KEPT;
        slot.replace(block)
    }
}
