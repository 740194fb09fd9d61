//! A look into one file, as part of a search that has bounds as a whole.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use grep_regex::RegexMatcher;
use grep_searcher::Searcher;
use memchr::memchr;
use serde::Deserialize;

use super::super::path::{Asked, shown};
use super::super::{Watch, fault};
use super::lines::{Hit, Query, Shown, matches};
use crate::error::Error;
use crate::limits::WorkspaceLimits;
use crate::scoped_fs::{Fault, Root, ScopedPath};

/// Bytes of all hits together, however long their lines are.
const MAX_HIT_BYTES: usize = 16 * 1_048_576;

/// What is told of a file that matches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mode {
    /// Its lines.
    #[default]
    Content,
    /// Its path.
    Files,
    /// How many of its lines match.
    Count,
}

/// A search, and how far it has come.
pub(super) struct Search<'a> {
    query: Query<'a>,
    matcher: RegexMatcher,
    pub(super) mode: Mode,
    /// Results that are given.
    pub(super) wanted: usize,
    limits: &'a WorkspaceLimits,
    /// Whether what is too large is a failure.
    strict: bool,
    pub(super) watch: Watch<'a>,
    /// Results so far.
    results: AtomicUsize,
    hit_bytes: AtomicUsize,
    scanned: AtomicU64,
    /// No more may be read, or no more be held.
    full: AtomicBool,
}

/// What there is to tell of a file.
pub(super) enum Looked {
    /// Lines match: all of them, unless there are more than are wanted or can be held.
    Matching { path: String, hits: Vec<Hit>, count: usize },
    /// It holds NUL.
    Binary,
    /// It is over the limit.
    Oversize,
    /// It cannot be opened or read.
    Unreadable,
    /// With it, the search would read more than it may.
    OverBudget,
    /// It ends the search.
    Refused(Error),
}

/// What a thread needs for its work.
pub(super) struct Hands {
    searcher: Searcher,
    /// Its own copy: threads that share one take turns at its memory.
    matcher: RegexMatcher,
    text: Vec<u8>,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        query: Query<'a>,
        mode: Mode,
        wanted: usize,
        limits: &'a WorkspaceLimits,
        strict: bool,
        watch: Watch<'a>,
    ) -> Result<Search<'a>, Error> {
        Ok(Search {
            query,
            matcher: query.matcher()?,
            mode,
            wanted,
            limits,
            strict,
            watch,
            results: AtomicUsize::new(0),
            hit_bytes: AtomicUsize::new(0),
            scanned: AtomicU64::new(0),
            full: AtomicBool::new(false),
        })
    }

    pub(super) fn hands(&self) -> Hands {
        let (searcher, matcher) = (self.query.searcher(), self.matcher.clone());
        Hands { searcher, matcher, text: Vec::new() }
    }

    /// True when no further file need or may be looked into. One result more than is wanted tells that
    /// there are more.
    pub(super) fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed) || self.results.load(Ordering::Relaxed) > self.wanted
    }

    /// Looks into a file that was asked for by its name: what is wrong with it is a failure.
    pub(super) fn file(
        &self,
        root: &Root,
        asked: &Asked,
        how: &Shown,
    ) -> Result<Option<Looked>, Error> {
        let (said, max) = (&asked.said, self.limits.max_file_bytes);
        let (file, stat) = root.open_target(&asked.path).map_err(fault::at(said))?;
        if stat.size > max {
            return Err(fault::exceeds(said, stat.size, max));
        }
        let mut hands = self.hands();
        let size = read(&file, stat.size, max, &mut hands.text).map_err(fault::failed_at(said))?;
        if size > max {
            return Err(fault::exceeds(said, size, max));
        }
        Ok(self.text(|| shown(&asked.path), how, &mut hands))
    }

    /// Looks into a file of a tree, which starts at `folder`, the one that was asked for.
    pub(super) fn look(
        &self,
        folder: &Root,
        asked: &Asked,
        path: &Path,
        how: &Shown,
        hands: &mut Hands,
    ) -> Option<Looked> {
        let Ok(below) = ScopedPath::parse(path.as_os_str()) else {
            // Longer than a path may be.
            return Some(Looked::Unreadable);
        };
        let name = || shown(&asked.path.join(&below));
        let (file, stat) = match folder.open_plain(&below) {
            Ok(opened) => opened,
            // It vanished, or became something else, since its name was read.
            Err(Fault::NotFound | Fault::Link | Fault::NotRegular | Fault::IsDirectory) => {
                return None;
            }
            Err(_) => return Some(Looked::Unreadable),
        };
        let max = self.limits.max_file_bytes;
        if stat.size > max {
            return Some(self.oversize(&name(), stat.size));
        }
        let (mine, most) = (stat.size, self.limits.max_scan_bytes);
        let scanned = self.scanned.fetch_add(mine, Ordering::Relaxed).saturating_add(mine);
        if scanned > most {
            self.full.store(true, Ordering::Relaxed);
            let refused = || Looked::Refused(fault::exceeds("scan", scanned, most));
            return Some(if self.strict { refused() } else { Looked::OverBudget });
        }
        match read(&file, stat.size, max, &mut hands.text) {
            Err(_) => Some(Looked::Unreadable),
            // It grew since.
            Ok(size) if size > max => Some(self.oversize(&name(), size)),
            Ok(_) => self.text(name, how, hands),
        }
    }

    fn oversize(&self, name: &str, size: u64) -> Looked {
        if self.strict {
            self.full.store(true, Ordering::Relaxed);
            return Looked::Refused(fault::exceeds(name, size, self.limits.max_file_bytes));
        }
        Looked::Oversize
    }

    /// Looks for the query in the text that was read.
    fn text(&self, name: impl Fn() -> String, how: &Shown, hands: &mut Hands) -> Option<Looked> {
        let Hands { searcher, matcher, text } = hands;
        if memchr(0, text).is_some() {
            return Some(Looked::Binary);
        }
        let limit = match self.mode {
            Mode::Content => self.wanted.saturating_add(1),
            Mode::Files => 1,
            Mode::Count => usize::MAX,
        };
        let Ok(found) = matches(searcher, matcher, text, limit) else {
            return Some(Looked::Unreadable);
        };
        if found.is_empty() {
            return None;
        }
        let (path, count) = (name(), found.len());
        if self.mode != Mode::Content {
            self.results.fetch_add(1, Ordering::Relaxed);
            return Some(Looked::Matching { path, hits: Vec::new(), count });
        }
        self.results.fetch_add(count, Ordering::Relaxed);
        let mut hits = Vec::with_capacity(count);
        for found in &found {
            let hit = Hit::new(&path, text, found, how);
            let size = hit.size();
            if self.hit_bytes.fetch_add(size, Ordering::Relaxed) + size > MAX_HIT_BYTES {
                self.full.store(true, Ordering::Relaxed);
                break;
            }
            hits.push(hit);
        }
        Some(Looked::Matching { path, hits, count })
    }
}

/// Reads a file of about `size` bytes in place of what `text` held, and at most one byte over `max`.
/// Gives how many there were.
fn read(file: &File, size: u64, max: u64, text: &mut Vec<u8>) -> std::io::Result<u64> {
    text.clear();
    text.reserve(usize::try_from(size.saturating_add(1)).unwrap_or(0));
    file.take(max.saturating_add(1)).read_to_end(text)?;
    Ok(text.len() as u64)
}
