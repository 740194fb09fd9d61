//! The arena: all memory of one isolate, at a fixed address, with its allocator inside it.
//!
//! ```text
//! base                    top                       committed            reserved
//! | Header | TLSF pool ... | never used by this run | readable, zero     | no access |
//! <------- image (copied back by a reset) --->
//! ```
//!
//! The allocator's own state is the header at the start, so copying the image back also resets the
//! allocator. Pointers inside the image are absolute: an arena never moves.
//!
//! `malloc` never gives NULL. The engine is not safe when an allocation fails half-way through its
//! compiler, so at the limit the run is abandoned to its landing instead.

use std::alloc::Layout;
use std::ffi::c_void;
use std::ptr::NonNull;

use rlsf::Tlsf;
use rquickjs::qjs::JSValue;

use super::cell::Cell;
use super::image::Image;
use super::mapping::{Copy, Mapping};
use super::poison::{self, Quarantine};

/// The engine asks for nothing stricter.
const ALIGN: usize = 16;
/// Requested size of each block, kept in front of it: limits count what was asked for.
const PREFIX: usize = 16;
/// The pool grows by at least this much, and by an eighth of what is in use: small steps keep the
/// pristine image tight, larger ones keep big heaps from asking often.
const GROWTH: usize = 16 * 1024;
/// Committed ahead, so that small runs need no system call.
const COMMIT: usize = 1024 * 1024;
/// Up to here a used tail is cleared by hand, above it the pages are given back. To get pages again
/// costs more than to clear them: a megabyte of JSON, which needs 6.6 MB, would take 2 ms longer.
const CLEAR_BY_HAND: usize = 8 * 1024 * 1024;
/// What fragmentation may cost beyond the limit before it counts as the limit.
const SLACK: usize = 16 * 1024 * 1024;

/// A quarter of small limits, and never more than twice [`SLACK`].
fn slack(limit: usize) -> usize {
    // A block that moves needs room for two.
    let moving = if cfg!(feature = "sanitize") { 2 * limit } else { 0 };
    SLACK + (limit / 4).min(SLACK) + moving
}

type Pool = Tlsf<'static, u64, u8, 59, 8>;

/// Lives at the arena's start, inside the image.
struct Header {
    pool: Pool,
    /// First address the pool does not own yet.
    pool_end: usize,
    /// Where the pool must stop, whatever the fragmentation.
    pool_limit: usize,
    /// Bytes the engine holds now, as it asked for them.
    used: usize,
    /// The most it ever held in this run.
    peak: usize,
    /// The run's limit on `used`.
    limit: usize,
    /// Readable and writable up to here.
    committed: usize,
    reserved: usize,
    /// Where to land at the limit.
    cell: &'static Cell,
    /// Empty but in sanitized builds.
    quarantine: Quarantine,
}

/// One isolate's memory.
#[derive(Debug)]
pub(super) struct Arena {
    mapping: Mapping,
    image: Copy,
    /// Which bytes of the image are handed out; kept in sanitized builds only.
    image_map: poison::Map,
}

impl Arena {
    /// Reserves address space for `limit` bytes of engine memory; nothing is used yet.
    pub(super) fn new(limit: usize, cell: &'static Cell) -> Option<Arena> {
        let header = size_of::<Header>().next_multiple_of(4096);
        let reserve = (limit + slack(limit) + header).next_multiple_of(4096);
        let mapping = Mapping::reserve(reserve)?;
        let base = mapping.base();
        let committed = (header + GROWTH).next_multiple_of(4096);
        if !mapping.commit(0, committed) {
            return None;
        }
        let start = base + header;
        // SAFETY: the header lies in committed memory of our own; the pool gets the range behind
        // it, which nothing else uses, and lives as long as the mapping.
        unsafe {
            let at = base as *mut Header;
            at.write(Header {
                pool: Pool::new(),
                pool_end: start,
                pool_limit: base + reserve,
                used: 0,
                peak: 0,
                limit,
                committed: base + committed,
                reserved: base + reserve,
                cell,
                quarantine: Quarantine::EMPTY,
            });
            let block = std::ptr::slice_from_raw_parts_mut(start as *mut u8, committed - header);
            (*at).pool.insert_free_block_ptr(NonNull::new(block)?)?;
            (*at).pool_end = base + committed;
        }
        poison::forbid(start, base + committed);
        Some(Arena { mapping, image: Copy::default(), image_map: poison::Map::EMPTY })
    }

    /// What the engine's allocation functions get as their `opaque`.
    pub(super) fn opaque(&self) -> *mut c_void {
        self.header().cast()
    }

    /// The last byte that may be read and belongs to no block.
    #[cfg(all(test, feature = "sanitize"))]
    pub(super) fn last_unused(&self) -> *const u8 {
        // SAFETY: reading our own header.
        unsafe { ((*self.header()).committed - 1) as *const u8 }
    }

    fn header(&self) -> *mut Header {
        self.mapping.base() as *mut Header
    }

    /// Takes the pristine copy. Called once, when the isolate is built. False without memory for it.
    pub(super) fn seal(&mut self) -> bool {
        let base = self.mapping.base();
        // SAFETY: the range up to `pool_end` is committed; nothing runs in the arena now.
        unsafe {
            let end = (*self.header()).pool_end;
            let open = poison::open(base, end);
            let copy = Copy::of(std::slice::from_raw_parts(base as *const u8, end - base));
            self.image_map = open.close();
            let Some(copy) = copy else { return false };
            self.image = copy;
            true
        }
    }

    /// Copies the pristine image back and clears everything behind it: the next run finds no byte
    /// of this one.
    pub(super) fn reset(&mut self) {
        let base = self.mapping.base();
        // SAFETY: nothing runs in the arena; `pool_end` and `committed` bound what was touched,
        // and a run that was abandoned inside the allocator only ever moved them forward before
        // use (see `grow`).
        unsafe {
            let committed = (*self.header()).committed;
            let touched = (*self.header()).pool_end;
            poison::allow(base, committed);
            std::ptr::copy_nonoverlapping(self.image.as_ptr(), base as *mut u8, self.image.len());
            let tail = base + self.image.len();
            if touched > tail {
                if touched - tail <= CLEAR_BY_HAND {
                    std::ptr::write_bytes(tail as *mut u8, 0, touched - tail);
                } else {
                    self.mapping.discard(self.image.len(), touched - base);
                }
            }
            (*self.header()).committed = committed;
            self.image_map.put_back(base, committed);
        }
    }

    /// What a program loaded into the pristine heap has changed. Nothing runs in the arena.
    pub(super) fn difference(&self, entry: JSValue) -> Image {
        let base = self.mapping.base();
        // SAFETY: the range up to `pool_end` is committed; nothing runs in it.
        unsafe {
            let end = (*self.header()).pool_end;
            let open = poison::open(base, end);
            let heap = std::slice::from_raw_parts(base as *const u8, end - base);
            let mut image = Image::taken(heap, &self.image, entry);
            image.map = open.close();
            image
        }
    }

    /// Loads a program by its image into the pristine heap. False when the memory is not there.
    pub(super) fn load(&mut self, image: &Image) -> bool {
        let base = self.mapping.base();
        // SAFETY: the arena is pristine and nothing runs in it; the range written is committed.
        unsafe {
            let mut committed = (*self.header()).committed;
            if base + image.end() > committed {
                let end = (base + image.end()).next_multiple_of(4096);
                if !Mapping::commit_range(committed, end) {
                    return false;
                }
                committed = end;
            }
            let heap = std::slice::from_raw_parts_mut(base as *mut u8, image.end());
            poison::allow(base, base + image.end());
            image.restore(heap);
            image.map.put_back(base, committed);
            // How much is committed is a fact of now, not of when the image was taken.
            (*self.header()).committed = committed;
        }
        true
    }

    /// Sets the limit of the run about to start and where it lands.
    pub(super) fn arm(&mut self, limit: usize, cell: &'static Cell) {
        let base = self.mapping.base();
        // SAFETY: nothing runs in the arena.
        unsafe {
            let header = &mut *self.header();
            header.limit = limit.max(header.used);
            header.peak = header.used;
            header.cell = cell;
            header.pool_limit =
                (base + self.image.len() + limit + slack(limit)).min(header.reserved);
        }
    }

    /// Points the landing at another cell: the run goes on on another thread.
    pub(super) fn set_cell(&mut self, cell: &'static Cell) {
        // SAFETY: nothing runs in the arena.
        unsafe { (*self.header()).cell = cell }
    }

    /// The most bytes the run held at once.
    pub(super) fn peak(&self) -> usize {
        // SAFETY: reading our own header.
        unsafe { (*self.header()).peak }
    }

    /// Bytes of the pristine image.
    pub(super) fn image_bytes(&self) -> usize {
        self.image.len()
    }

    /// A hash over what a reset must restore: the heap as far as the image goes, that all behind it
    /// is zero, and the sanitizer's marks. Equal before and after means pristine.
    #[cfg(test)]
    pub(super) fn fingerprint(&self) -> u64 {
        use std::hash::{DefaultHasher, Hasher};
        let mut hasher = DefaultHasher::new();
        // SAFETY: committed memory, nothing runs in it.
        unsafe {
            let header = &*self.header();
            let base = self.mapping.base();
            let open = poison::open(base, header.committed);
            let bytes = std::slice::from_raw_parts(base as *const u8, header.committed - base);
            let (heap, tail) = bytes.split_at(self.image.len());
            hasher.write(&heap[size_of::<Header>()..]);
            // Compared with itself, one byte on: much faster than a loop.
            let zero = tail.is_empty() || tail[0] == 0 && tail[1..] == tail[..tail.len() - 1];
            hasher.write_u8(zero.into());
            hasher.write_usize(header.used);
            hasher.write_usize(header.pool_end);
            hasher.write_u64(open.close().fingerprint(self.image.len()));
        }
        hasher.finish()
    }
}

/// The next mapping at this address starts without marks.
#[cfg(feature = "sanitize")]
impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: nothing runs in the arena.
        let committed = unsafe { (*self.header()).committed };
        poison::allow(self.mapping.base(), committed);
    }
}

impl Header {
    /// Adds at least `need` bytes to the pool; false at the pool's end.
    fn grow(&mut self, need: usize) -> bool {
        // The pool looks for free blocks by size class: to find this one it must be a class larger.
        let Some(wish) = need.checked_add(need / 8 + 4096) else { return false };
        let step = wish.max(GROWTH).max(self.used / 8).next_multiple_of(4096);
        let room = self.pool_limit.saturating_sub(self.pool_end);
        let step = if step > room { wish.next_multiple_of(4096) } else { step };
        if step > room {
            return false;
        }
        let start = self.pool_end;
        let end = start + step;
        if end > self.committed {
            let ahead = (end + COMMIT).min(self.reserved);
            if !Mapping::commit_range(self.committed, ahead) {
                return false;
            }
            poison::forbid(self.committed, ahead);
            self.committed = ahead;
        }
        // Moved before the pool learns of it: a run abandoned right here is cleared in full.
        self.pool_end = end;
        // SAFETY: `start..end` is committed, ours, and directly behind the pool's last block.
        unsafe {
            let block = std::ptr::slice_from_raw_parts_mut(start as *mut u8, step);
            self.pool.append_free_block_ptr(NonNull::new_unchecked(block));
        }
        true
    }

    fn account(&mut self, more: usize, less: usize) {
        self.used = self.used + more - less;
        self.peak = self.peak.max(self.used);
    }

    /// The run has reached its limit. Never returns: the engine must not see NULL.
    fn exhausted(&self) -> ! {
        // SAFETY: the allocator is only called by the engine inside `Cell::enter`, and this frame
        // and its callers in this file own nothing.
        unsafe { self.cell.leave_out_of_memory() }
    }

    fn take(&mut self, size: usize) -> NonNull<u8> {
        #[cfg(test)]
        if super::inject::is_due() {
            self.exhausted();
        }
        if size > self.limit || self.used > self.limit - size {
            self.exhausted();
        }
        let Ok(layout) = Layout::from_size_align(size + PREFIX, ALIGN) else { self.exhausted() };
        let block = match self.pool.allocate(layout) {
            Some(block) => block,
            None if self.grow(layout.size()) => match self.pool.allocate(layout) {
                Some(block) => block,
                None => self.exhausted(),
            },
            None => self.exhausted(),
        };
        self.account(size, 0);
        // SAFETY: the block holds at least the prefix.
        unsafe { hand_out(block, size) }
    }

    /// Gives back a block that held `size` bytes behind its prefix.
    ///
    /// # Safety
    /// The block came from `take`; its owner is done with it.
    unsafe fn release(&mut self, block: NonNull<u8>, size: usize) {
        let start = block.addr().get() + PREFIX;
        poison::forbid(start, start + size);
        if let Some(block) = self.quarantine.exchange(block, size) {
            // SAFETY: as above, for this block or one taken in before.
            unsafe { self.pool.deallocate(block, ALIGN) };
        }
    }

    /// Changes a block's size, which may move it; `None` when the pool has no room.
    ///
    /// # Safety
    /// The block came from `take`; when it is moved, its owner knows only the new one.
    #[cfg(not(feature = "sanitize"))]
    unsafe fn resize(&mut self, block: NonNull<u8>, layout: Layout) -> Option<NonNull<u8>> {
        // SAFETY: as above.
        unsafe { self.pool.reallocate(block, layout) }
    }

    /// The same, but the block always moves: whoever still uses the old one is found out.
    #[cfg(feature = "sanitize")]
    unsafe fn resize(&mut self, block: NonNull<u8>, layout: Layout) -> Option<NonNull<u8>> {
        let moved = self.pool.allocate(layout)?;
        // SAFETY: both blocks hold their prefix and as many bytes behind it as are copied.
        unsafe {
            let old = block.cast::<usize>().read();
            let kept = old.min(layout.size() - PREFIX);
            let to = hand_out(moved, kept);
            to.copy_from_nonoverlapping(block.add(PREFIX), kept);
            self.release(block, old);
        }
        Some(moved)
    }
}

/// Notes the requested size in front of a block; what is behind it is the caller's.
unsafe fn hand_out(block: NonNull<u8>, size: usize) -> NonNull<u8> {
    // SAFETY: callers pass a block of the pool, which holds at least the prefix.
    unsafe {
        block.cast::<usize>().write(size);
        let start = block.add(PREFIX);
        poison::allow(start.addr().get(), start.addr().get() + size);
        start
    }
}

/// The engine's allocation functions. `opaque` is the header.
pub(super) mod functions {
    #![expect(clippy::cast_possible_truncation, reason = "C's size_t is as wide as usize")]

    use rquickjs::qjs::size_t;

    use super::{ALIGN, Header, Layout, NonNull, PREFIX, c_void, hand_out};

    unsafe fn header<'a>(opaque: *mut c_void) -> &'a mut Header {
        // SAFETY: set by `Isolate::build` to the arena's header, which outlives the runtime; the
        // engine runs on one thread at a time.
        unsafe { &mut *opaque.cast::<Header>() }
    }

    unsafe fn size_of_block(ptr: *mut c_void) -> usize {
        // SAFETY: every block handed out carries its size in front.
        unsafe { ptr.byte_sub(PREFIX).cast::<usize>().read() }
    }

    pub(in super::super) unsafe extern "C" fn malloc(
        opaque: *mut c_void,
        size: size_t,
    ) -> *mut c_void {
        // SAFETY: as `header`.
        unsafe { header(opaque) }.take(size as usize).as_ptr().cast()
    }

    pub(in super::super) unsafe extern "C" fn calloc(
        opaque: *mut c_void,
        count: size_t,
        size: size_t,
    ) -> *mut c_void {
        // SAFETY: as `header`.
        let header = unsafe { header(opaque) };
        let Some(bytes) = (count as usize).checked_mul(size as usize) else { header.exhausted() };
        let block = header.take(bytes).as_ptr();
        // SAFETY: the block has `bytes` bytes; a reused one is dirty.
        unsafe { std::ptr::write_bytes(block, 0, bytes) };
        block.cast()
    }

    pub(in super::super) unsafe extern "C" fn free(opaque: *mut c_void, ptr: *mut c_void) {
        if ptr.is_null() {
            return;
        }
        // SAFETY: `ptr` came from `take`.
        unsafe {
            let header = header(opaque);
            let size = size_of_block(ptr);
            header.account(0, size);
            header.release(NonNull::new_unchecked(ptr.cast::<u8>().sub(PREFIX)), size);
        }
    }

    pub(in super::super) unsafe extern "C" fn realloc(
        opaque: *mut c_void,
        ptr: *mut c_void,
        size: size_t,
    ) -> *mut c_void {
        // SAFETY: `ptr` is null or came from `take`.
        unsafe {
            if ptr.is_null() {
                return malloc(opaque, size);
            }
            let size = size as usize;
            let header = header(opaque);
            #[cfg(test)]
            if super::super::inject::is_due() {
                header.exhausted();
            }
            let old = size_of_block(ptr);
            if size > old && (size > header.limit || header.used - old > header.limit - size) {
                header.exhausted();
            }
            let Ok(layout) = Layout::from_size_align(size + PREFIX, ALIGN) else {
                header.exhausted()
            };
            let block = NonNull::new_unchecked(ptr.cast::<u8>().sub(PREFIX));
            let moved = match header.resize(block, layout) {
                Some(moved) => moved,
                None if header.grow(layout.size()) => match header.resize(block, layout) {
                    Some(moved) => moved,
                    None => header.exhausted(),
                },
                None => header.exhausted(),
            };
            header.account(size, old);
            hand_out(moved, size).as_ptr().cast()
        }
    }

    pub(in super::super) unsafe extern "C" fn usable_size(ptr: *const c_void) -> size_t {
        if ptr.is_null() {
            return 0;
        }
        // SAFETY: as `size_of_block`.
        unsafe { size_of_block(ptr.cast_mut()) as size_t }
    }
}
