//! `grep` and `find`: a walk in order on several threads, then a look at what it found.

#[cfg(test)]
mod beside_ripgrep;
mod find;
mod grep;
mod ignored;
mod in_order;
mod lines;
mod look;
mod pattern;
pub(super) mod walk;

pub(super) use find::find;
pub(super) use grep::grep;

use serde::Serialize;

/// Entries of a tree that a search could not look into, by reason.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
struct Skipped {
    oversize: usize,
    binary: usize,
    unreadable: usize,
}

impl Skipped {
    fn is_none(&self) -> bool {
        *self == Skipped::default()
    }
}
