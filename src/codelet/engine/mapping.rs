//! Address space: reserved once, made usable piece by piece, given back when a run used much.

/// A reserved range of address space. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct Mapping {
    base: usize,
    len: usize,
}

#[cfg(unix)]
impl Mapping {
    /// Reserves `len` bytes (a multiple of the page size) without access and without commitment.
    pub(super) fn reserve(len: usize) -> Option<Mapping> {
        // SAFETY: a fresh private mapping; no existing memory is touched.
        let at = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                len,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if at == libc::MAP_FAILED { None } else { Some(Mapping { base: at as usize, len }) }
    }

    /// Makes an absolute, page-aligned range usable.
    pub(super) fn commit_range(from: usize, to: usize) -> bool {
        // SAFETY: callers pass ranges of their own mapping.
        unsafe {
            libc::mprotect(from as *mut _, to - from, libc::PROT_READ | libc::PROT_WRITE) == 0
        }
    }

    /// Gives the pages of `from..to` (offsets) back; they read as zero afterwards.
    pub(super) fn discard(&self, from: usize, to: usize) {
        let page_from = from.next_multiple_of(4096);
        // SAFETY: the range is committed and nothing runs in it; the part before the first page
        // border is cleared by hand.
        unsafe {
            std::ptr::write_bytes((self.base + from) as *mut u8, 0, page_from.min(to) - from);
            if to > page_from {
                let len = to - page_from;
                let at = (self.base + page_from) as *mut libc::c_void;
                #[cfg(target_os = "linux")]
                let zeroed = libc::madvise(at, len, libc::MADV_DONTNEED) == 0;
                // Elsewhere the call does not promise zeroes.
                #[cfg(not(target_os = "linux"))]
                let zeroed = false;
                if !zeroed {
                    std::ptr::write_bytes(at.cast::<u8>(), 0, len);
                }
            }
        }
    }
}

#[cfg(unix)]
impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: our own mapping; its isolate is gone.
        unsafe { libc::munmap(self.base as *mut _, self.len) };
    }
}

impl Mapping {
    /// The first address.
    pub(super) fn base(&self) -> usize {
        self.base
    }

    /// Makes `from..to` (page-aligned offsets) usable.
    pub(super) fn commit(&self, from: usize, to: usize) -> bool {
        Mapping::commit_range(self.base + from, self.base + to)
    }
}

/// A copy of some bytes in pages of its own: they go back to the system with it, whatever the heap
/// of the process does with blocks of that size.
#[derive(Debug, Default)]
pub(super) struct Copy {
    pages: Option<Mapping>,
    len: usize,
}

impl Copy {
    /// `None` when the system gives no memory.
    pub(super) fn of(bytes: &[u8]) -> Option<Copy> {
        let size = bytes.len().next_multiple_of(4096);
        let pages = Mapping::reserve(size)?;
        if !pages.commit(0, size) {
            return None;
        }
        // SAFETY: committed, and nothing else knows of it yet.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), pages.base as *mut u8, bytes.len());
        }
        Some(Copy { pages: Some(pages), len: bytes.len() })
    }
}

impl std::ops::Deref for Copy {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let Some(pages) = &self.pages else { return &[] };
        // SAFETY: `of` wrote that much, and nothing writes to it again.
        unsafe { std::slice::from_raw_parts(pages.base as *const u8, self.len) }
    }
}
