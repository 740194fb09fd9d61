//! Every spelling of the fixture, generated spellings, hostile texts, and the caller's rules.

mod fixture;
mod generated;
mod hostile;
mod ruled;

use super::{Analysis, Guard, GuardOptions, Risk};

fn guard() -> Guard {
    Guard::new(&GuardOptions::default()).unwrap()
}

fn risk(text: &str) -> Risk {
    guard().analyze(text).verdict.risk
}

fn analyze(text: &str) -> Analysis {
    guard().analyze(text)
}

/// A generator of numbers that is the same on every machine.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let range = u64::try_from(most).unwrap();
        usize::try_from((mixed ^ (mixed >> 31)) % range).unwrap()
    }

    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}
