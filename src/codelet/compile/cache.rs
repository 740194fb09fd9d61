//! Compiled programs of one runner, with the heaps they were loaded into; the least recently used
//! leave first.

use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

use crate::codelet::engine::image::Image;
use crate::codelet::program::Program;
use crate::codelet::request::{Language, Plan};

/// A program is prepared for so many isolates at most: one for each thread is the usual number.
const IMAGES: usize = 8;

/// Which heap an image makes: the isolate's number, and whether a run with nothing granted, offered
/// or given is open in it already.
pub(crate) type Heap = (u64, bool);

/// What a program is known by.
pub(crate) type Key = [u8; 32];

/// The key of a plan: everything that shapes its bytecode.
pub(crate) fn key_of(plan: &Plan) -> Key {
    let mut hash = Sha256::new();
    let mut part = |text: &str, language: Language| {
        hash.update(text.len().to_le_bytes());
        hash.update([language as u8]);
        hash.update(text.as_bytes());
    };
    part(&plan.options.filename, Language::Auto);
    part(&plan.code, plan.options.language);
    for module in &plan.options.modules {
        part(&module.name, Language::Auto);
        part(&module.code, module.language);
    }
    hash.finalize().into()
}

#[derive(Debug)]
struct Kept {
    program: Arc<Program>,
    /// By the isolate each belongs to and whether the run is open in it, the oldest first.
    images: VecDeque<(Heap, Arc<Image>)>,
    bytes: usize,
    used: u64,
}

/// The cache, bounded in entries and bytes.
#[derive(Debug)]
pub(crate) struct Cache {
    kept: FxHashMap<Key, Kept>,
    max_entries: usize,
    max_bytes: usize,
    bytes: usize,
    tick: u64,
}

impl Cache {
    pub(crate) fn new(max_entries: usize, max_bytes: usize) -> Cache {
        Cache { kept: FxHashMap::default(), max_entries, max_bytes, bytes: 0, tick: 0 }
    }

    pub(crate) fn get(&mut self, key: &Key) -> Option<Arc<Program>> {
        self.tick += 1;
        let kept = self.kept.get_mut(key)?;
        kept.used = self.tick;
        Some(Arc::clone(&kept.program))
    }

    pub(crate) fn put(&mut self, key: Key, program: &Arc<Program>) {
        let bytes = program.bytes();
        if self.max_entries == 0 || bytes > self.max_bytes {
            return;
        }
        self.tick += 1;
        let kept =
            Kept { program: Arc::clone(program), images: VecDeque::new(), bytes, used: self.tick };
        if let Some(old) = self.kept.insert(key, kept) {
            self.bytes -= old.bytes;
        }
        self.bytes += bytes;
        self.evict();
    }

    /// The image that makes `heap` with this program loaded, if it was prepared.
    pub(crate) fn image(&self, key: &Key, heap: Heap) -> Option<Arc<Image>> {
        let images = self.kept.get(key)?.images.iter();
        images.rev().find(|(made, _)| *made == heap).map(|(_, image)| Arc::clone(image))
    }

    /// Whether an image for `heap` is worth taking. With more isolates than images are kept,
    /// which happens while many runs wait, only now and then.
    pub(crate) fn wants_image(&self, key: &Key, heap: Heap) -> bool {
        self.kept.get(key).is_some_and(|kept| {
            let known = kept.images.iter().any(|(made, _)| *made == heap);
            !known && (kept.images.len() < IMAGES || kept.used % 64 == 0)
        })
    }

    /// Keeps a prepared heap with its program, if that is still here.
    pub(crate) fn put_image(&mut self, key: &Key, heap: Heap, image: Image) {
        let Some(kept) = self.kept.get_mut(key) else { return };
        let bytes = image.bytes();
        if kept.bytes + bytes > self.max_bytes {
            return;
        }
        if kept.images.len() == IMAGES
            && let Some((_, gone)) = kept.images.pop_front()
        {
            kept.bytes -= gone.bytes();
            self.bytes -= gone.bytes();
        }
        kept.images.push_back((heap, Arc::new(image)));
        kept.bytes += bytes;
        self.bytes += bytes;
        self.evict();
    }

    fn evict(&mut self) {
        while self.kept.len() > self.max_entries || self.bytes > self.max_bytes {
            let Some(oldest) = self.kept.iter().min_by_key(|(_, kept)| kept.used).map(|(k, _)| *k)
            else {
                break;
            };
            if let Some(gone) = self.kept.remove(&oldest) {
                self.bytes -= gone.bytes;
            }
        }
    }

    /// How many prepared heaps, and how many bytes in all.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.kept.values().map(|kept| kept.images.len()).sum(), self.bytes)
    }

    pub(crate) fn clear(&mut self) {
        self.kept.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codelet::request::RunOptions;

    fn program() -> Arc<Program> {
        Arc::new(Program { modules: Vec::new() })
    }

    #[test]
    fn the_least_recently_used_leaves_first() {
        let mut cache = Cache::new(2, 1 << 20);
        cache.put([1; 32], &program());
        cache.put([2; 32], &program());
        assert!(cache.get(&[1; 32]).is_some());
        cache.put([3; 32], &program());
        assert!(cache.get(&[2; 32]).is_none());
        assert!(cache.get(&[1; 32]).is_some());
        assert_eq!(cache.kept.len(), 2);
    }

    #[test]
    fn language_and_name_are_part_of_the_key() {
        let plain = Plan::new("1", RunOptions::default());
        let mut typed = plain.clone();
        typed.options.language = Language::Ts;
        let mut named = plain.clone();
        named.options.filename = "a.js".into();
        assert_ne!(key_of(&plain), key_of(&typed));
        assert_ne!(key_of(&plain), key_of(&named));
    }
}
