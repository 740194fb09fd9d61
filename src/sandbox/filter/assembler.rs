//! Steps of a program, and jumps to named places.
//!
//! A conditional jump reaches 255 steps, an unconditional one any number. So a conditional jump that
//! does not reach its place goes by way of two unconditional ones, and which do is found by laying
//! the program out until nothing changes. All jumps lead forward: the kernel takes no others.

use std::collections::{BTreeMap, BTreeSet};

use libc::{c_ushort, sock_filter};

use super::rules::Rule;

#[expect(clippy::cast_possible_truncation, reason = "a code is 16 bits in the kernel's steps")]
const fn code(parts: u32) -> c_ushort {
    parts as c_ushort
}

pub(super) const LOAD: c_ushort = code(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS);
pub(super) const KEEP: c_ushort = code(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K);
pub(super) const EQUAL: c_ushort = code(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K);
pub(super) const AT_LEAST: c_ushort = code(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K);
pub(super) const ANY_OF: c_ushort = code(libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K);
pub(super) const GO: c_ushort = code(libc::BPF_JMP | libc::BPF_JA);
pub(super) const RETURN: c_ushort = code(libc::BPF_RET | libc::BPF_K);

/// No process has this id, and no group is named by it.
pub(super) const NOBODY: u32 = 1 << 31;

/// Where a jump may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// The step below.
    Next,
    /// The step that gives this answer.
    Answer(u32),
    /// The first step of a rule.
    Rule(Rule),
    /// A place that [`Assembler::place`] made.
    Made(usize),
}

impl Place {
    pub(super) const ALLOW: Place = Place::Answer(libc::SECCOMP_RET_ALLOW);
    pub(super) const KILL: Place = Place::Answer(libc::SECCOMP_RET_KILL_PROCESS);
    pub(super) const NOTIFY: Place = Place::Answer(libc::SECCOMP_RET_USER_NOTIF);
    pub(super) const EPERM: Place = Place::errno(libc::EPERM);
    pub(super) const EACCES: Place = Place::errno(libc::EACCES);
    pub(super) const ENOSYS: Place = Place::errno(libc::ENOSYS);
    pub(super) const EOPNOTSUPP: Place = Place::errno(libc::EOPNOTSUPP);

    const fn errno(value: libc::c_int) -> Place {
        Place::Answer(libc::SECCOMP_RET_ERRNO | value.cast_unsigned())
    }
}

/// The answer that a step gives, if it gives one.
pub(super) fn returns(step: sock_filter) -> Option<Place> {
    (step.code == RETURN).then_some(Place::Answer(step.k))
}

enum Item {
    Mark(Place),
    Step { code: c_ushort, k: u32 },
    Go(Place),
    Branch { code: c_ushort, k: u32, yes: Place, no: Place, own_pid: bool },
}

/// A program in the making.
#[derive(Default)]
pub(super) struct Assembler {
    items: Vec<Item>,
    made: usize,
}

impl Assembler {
    /// A place to jump to before it is marked.
    pub(super) fn place(&mut self) -> Place {
        self.made += 1;
        Place::Made(self.made)
    }

    /// The place is here.
    pub(super) fn mark(&mut self, place: Place) {
        self.items.push(Item::Mark(place));
    }

    /// Takes the word at an offset into `struct seccomp_data`.
    pub(super) fn load(&mut self, offset: u32) {
        self.items.push(Item::Step { code: LOAD, k: offset });
    }

    /// Clears all other bits of the word.
    pub(super) fn keep(&mut self, bits: u32) {
        self.items.push(Item::Step { code: KEEP, k: bits });
    }

    pub(super) fn go(&mut self, place: Place) {
        self.items.push(Item::Go(place));
    }

    pub(super) fn if_equal(&mut self, k: u32, yes: Place) {
        self.branch(EQUAL, k, yes, Place::Next);
    }

    pub(super) fn unless_equal(&mut self, k: u32, no: Place) {
        self.branch(EQUAL, k, Place::Next, no);
    }

    pub(super) fn if_any(&mut self, bits: u32, yes: Place) {
        self.branch(ANY_OF, bits, yes, Place::Next);
    }

    pub(super) fn unless_any(&mut self, bits: u32, no: Place) {
        self.branch(ANY_OF, bits, Place::Next, no);
    }

    /// Compares with the process id that is put in later.
    pub(super) fn if_own_pid(&mut self, yes: Place) {
        let no = Place::Next;
        self.items.push(Item::Branch { code: EQUAL, k: NOBODY, yes, no, own_pid: true });
    }

    fn branch(&mut self, code: c_ushort, k: u32, yes: Place, no: Place) {
        self.items.push(Item::Branch { code, k, yes, no, own_pid: false });
    }

    /// Goes to the place of the segment in which the word lies; a segment reaches from its number
    /// to that of the next. By halves, since this runs for every call that the kernel does not
    /// answer from its cache.
    pub(super) fn dispatch(&mut self, segments: &[(u32, Place)]) {
        match segments {
            [] => self.go(Place::KILL),
            [(_, place)] => self.go(*place),
            _ => self.halve(segments),
        }
    }

    fn halve(&mut self, segments: &[(u32, Place)]) {
        let (low, high) = segments.split_at(segments.len() / 2);
        let no = if let [(_, place)] = low { *place } else { Place::Next };
        let yes = if let [(_, place)] = high { *place } else { self.place() };
        self.branch(AT_LEAST, high[0].0, yes, no);
        if low.len() > 1 {
            self.halve(low);
        }
        if high.len() > 1 {
            self.mark(yes);
            self.halve(high);
        }
    }

    /// The steps, and which of them compare with the own process id.
    pub(super) fn finish(mut self) -> (Vec<sock_filter>, Vec<usize>) {
        // What leads to no place leads to the last step.
        let mut answers = self.answers();
        answers.remove(&Place::KILL);
        for answer in answers.into_iter().chain([Place::KILL]) {
            if let Place::Answer(k) = answer {
                self.mark(answer);
                self.items.push(Item::Step { code: RETURN, k });
            }
        }
        let mut long = vec![false; self.items.len()];
        loop {
            let (starts, places) = self.layout(&long);
            let grown = self.too_short(&long, &starts, &places);
            if grown.is_empty() {
                return self.encode(&long, &starts, &places);
            }
            for item in grown {
                long[item] = true;
            }
        }
    }

    fn answers(&self) -> BTreeSet<Place> {
        let mut found = BTreeSet::new();
        for item in &self.items {
            match item {
                Item::Go(place) => drop(found.insert(*place)),
                Item::Branch { yes, no, .. } => found.extend([*yes, *no]),
                Item::Mark(_) | Item::Step { .. } => {}
            }
        }
        found.retain(|place| matches!(place, Place::Answer(_)));
        found
    }

    /// Where each item starts, one more for the end, and where each place is.
    fn layout(&self, long: &[bool]) -> (Vec<usize>, BTreeMap<Place, usize>) {
        let mut starts = Vec::with_capacity(self.items.len() + 1);
        let mut places = BTreeMap::new();
        let mut at = 0;
        for (item, long) in self.items.iter().zip(long) {
            starts.push(at);
            match item {
                Item::Mark(place) => drop(places.insert(*place, at)),
                Item::Branch { .. } if *long => at += 3,
                _ => at += 1,
            }
        }
        starts.push(at);
        (starts, places)
    }

    /// The short branches that do not reach.
    fn too_short(
        &self,
        long: &[bool],
        starts: &[usize],
        places: &BTreeMap<Place, usize>,
    ) -> Vec<usize> {
        let far = |item: usize, place: Place| {
            u8::try_from(distance(place, starts[item] + 1, starts, places)).is_err()
        };
        let short = self.items.iter().enumerate().filter(|(item, _)| !long[*item]);
        short
            .filter_map(|(at, item)| match item {
                Item::Branch { yes, no, .. } if far(at, *yes) || far(at, *no) => Some(at),
                _ => None,
            })
            .collect()
    }

    fn encode(
        &self,
        long: &[bool],
        starts: &[usize],
        places: &BTreeMap<Place, usize>,
    ) -> (Vec<sock_filter>, Vec<usize>) {
        let mut steps = Vec::with_capacity(starts[self.items.len()]);
        let mut own_pids = Vec::new();
        for (at, item) in self.items.iter().enumerate() {
            // `Next` of a branch is below all of its steps.
            let below = starts[at + 1];
            let jump = |place: Place, from: usize| match place {
                Place::Next => below - from,
                other => distance(other, from, starts, places),
            };
            let go = |place: Place, from: usize| {
                let k = u32::try_from(jump(place, from)).unwrap_or(u32::MAX);
                sock_filter { code: GO, jt: 0, jf: 0, k }
            };
            match item {
                Item::Mark(_) => {}
                Item::Step { code, k } => {
                    steps.push(sock_filter { code: *code, jt: 0, jf: 0, k: *k });
                }
                Item::Go(place) => steps.push(go(*place, starts[at] + 1)),
                Item::Branch { code, k, yes, no, own_pid } => {
                    if *own_pid {
                        own_pids.push(steps.len());
                    }
                    let from = starts[at] + 1;
                    if long[at] {
                        steps.push(sock_filter { code: *code, jt: 0, jf: 1, k: *k });
                        steps.push(go(*yes, from + 1));
                        steps.push(go(*no, from + 2));
                    } else {
                        let near = |place| u8::try_from(jump(place, from)).unwrap_or(u8::MAX);
                        let (jt, jf) = (near(*yes), near(*no));
                        steps.push(sock_filter { code: *code, jt, jf, k: *k });
                    }
                }
            }
        }
        (steps, own_pids)
    }
}

/// How many steps lie between. To a place that is not marked, or above, all of them up to the last,
/// which kills.
fn distance(place: Place, from: usize, starts: &[usize], places: &BTreeMap<Place, usize>) -> usize {
    if place == Place::Next {
        return 0;
    }
    let last = starts.last().map_or(0, |end| end.saturating_sub(1));
    let to = places.get(&place).copied().filter(|to| *to >= from).unwrap_or(last);
    to.saturating_sub(from)
}

#[cfg(test)]
mod tests;
