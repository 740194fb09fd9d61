//! Prepared images: what a heap has beyond the pristine one once a program is loaded.
//!
//! ```text
//! pristine   | Header | realm .............................. |
//! loaded     | Header*| realm .. * ..... ** ...... module .. | module, rest |
//! kept           ^               ^        ^          ^         ^^^^^^^^^^^^
//! ```
//!
//! Only the pieces that differ are kept, so an image of a small program is small. It holds absolute
//! addresses and so belongs to the one isolate it was taken from.

use rquickjs::qjs;

use super::poison::Map;

/// Smallest piece that is compared.
const GRAIN: usize = 64;

/// Where a piece goes, and where it lies in the bytes.
#[derive(Debug, Clone, Copy)]
struct Piece {
    to: usize,
    from: usize,
    len: usize,
}

/// A loaded program's heap, as its difference from the pristine one.
pub(crate) struct Image {
    pieces: Vec<Piece>,
    bytes: Vec<u8>,
    /// The heap's end with the program in it.
    end: usize,
    /// The entry module, at its address in the heap.
    pub(super) entry: qjs::JSValue,
    /// The helpers of a run with nothing granted or offered, if the run was opened, too.
    pub(super) helpers: Option<qjs::JSValue>,
    /// Which bytes of the heap are handed out; kept in sanitized builds only.
    pub(super) map: Map,
}

// SAFETY: the value is an address, used only with the isolate it belongs to, by its thread.
unsafe impl Send for Image {}
// SAFETY: as above; an image is never changed.
unsafe impl Sync for Image {}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Image").field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}

impl Image {
    /// The difference of `heap` from `pristine`, which is its beginning as it was.
    pub(super) fn taken(heap: &[u8], pristine: &[u8], entry: qjs::JSValue) -> Image {
        let (pieces, bytes, end) = (Vec::new(), Vec::new(), heap.len());
        let mut image = Image { helpers: None, pieces, bytes, end, entry, map: Map::EMPTY };
        let common = pristine.len().min(heap.len());
        let grains = heap[..common].chunks(GRAIN).zip(pristine[..common].chunks(GRAIN));
        for (index, (now, before)) in grains.enumerate() {
            if now != before {
                image.add(index * GRAIN, now);
            }
        }
        // Behind the pristine heap there was nothing but zeros.
        for (index, now) in heap[common..].chunks(GRAIN).enumerate() {
            if now.iter().any(|byte| *byte != 0) {
                image.add(common + index * GRAIN, now);
            }
        }
        image.bytes.shrink_to_fit();
        image.pieces.shrink_to_fit();
        image
    }

    fn add(&mut self, to: usize, bytes: &[u8]) {
        match self.pieces.last_mut() {
            Some(last) if last.to + last.len == to => last.len += bytes.len(),
            _ => self.pieces.push(Piece { to, from: self.bytes.len(), len: bytes.len() }),
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Where the heap ends that it makes.
    pub(super) fn end(&self) -> usize {
        self.end
    }

    /// Makes a pristine heap the loaded one.
    pub(super) fn restore(&self, heap: &mut [u8]) {
        for Piece { to, from, len } in &self.pieces {
            heap[*to..to + len].copy_from_slice(&self.bytes[*from..from + len]);
        }
    }

    /// Memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Image>() + self.bytes.len() + self.pieces.len() * size_of::<Piece>()
    }
}

#[cfg(test)]
mod tests {
    use rquickjs::qjs;

    use super::Image;

    #[test]
    fn what_differs_comes_back_and_the_rest_is_not_kept() {
        let pristine: Vec<u8> = (0..10_000_u32).map(|at| at.to_le_bytes()[0]).collect();
        let mut heap = pristine.clone();
        heap.resize(20_000, 0);
        for at in [0, 1, 63, 64, 700, 9_999, 10_000, 15_000, 19_999] {
            heap[at] ^= 0x5a;
        }
        let image = Image::taken(&heap, &pristine, qjs::JS_UNDEFINED);
        assert!(image.bytes() < 1500, "{} bytes for nine changes", image.bytes());
        let mut again = pristine;
        again.resize(image.end(), 0);
        image.restore(&mut again);
        assert!(again == heap);
    }
}
