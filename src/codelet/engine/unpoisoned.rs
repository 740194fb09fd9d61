//! What `poison.rs` is in every build but the sanitized one: nothing.

#![expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the interface of `poison.rs`")]

use std::ffi::c_void;
use std::ptr::NonNull;

pub(super) fn forbid(_: usize, _: usize) {}

pub(super) fn allow(_: usize, _: usize) {}

pub(super) fn meant_to_leak(_: *const c_void) {}

#[derive(Debug)]
pub(super) struct Map;

impl Map {
    pub(super) const EMPTY: Map = Map;

    pub(super) fn put_back(&self, _: usize, _: usize) {}

    #[cfg(test)]
    pub(super) fn fingerprint(&self, _: usize) -> u64 {
        0
    }
}

pub(super) struct Open;

pub(super) fn open(_: usize, _: usize) -> Open {
    Open
}

impl Open {
    pub(super) fn close(self) -> Map {
        Map
    }
}

pub(super) struct Quarantine;

impl Quarantine {
    pub(super) const EMPTY: Quarantine = Quarantine;

    pub(super) fn exchange(&mut self, block: NonNull<u8>, _: usize) -> Option<NonNull<u8>> {
        Some(block)
    }
}
