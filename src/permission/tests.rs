//! The contract's tables, a second opinion on every kind, and random flags.

mod difference;
mod env;
mod forms;
mod net;
mod oracle;
mod path_run;
mod random_flags;

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::PermissionSet;
use crate::error::{Code, Error};

fn set(flags: &[&str]) -> PermissionSet {
    PermissionSet::from_flags(flags).unwrap_or_else(|error| panic!("{flags:?}: {error}"))
}

/// The error for one flag, which names the flag.
fn refused(flag: &str) -> Error {
    let error = PermissionSet::from_flags(&[flag]).expect_err(flag);
    let name = flag.split('=').next().unwrap();
    assert!(error.to_string().contains(name), "{flag}: {error}");
    error
}

fn invalid(flag: &str) -> String {
    let error = refused(flag);
    assert_eq!(error.code(), Code::InvalidArgument, "{flag}");
    error.to_string()
}

/// Choices that are the same on every machine.
struct Dice(ChaCha12Rng);

impl Dice {
    fn new(seed: u64) -> Dice {
        Dice(ChaCha12Rng::seed_from_u64(seed))
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.0.next_u64() % u64::try_from(end).unwrap()).unwrap()
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    /// Up to `most` texts that `make` makes, between `gap`s.
    fn join(
        &mut self,
        most: usize,
        gap: &str,
        make: &mut dyn FnMut(&mut Dice) -> String,
    ) -> String {
        let count = self.below(most) + 1;
        (0..count).map(|_| make(self)).collect::<Vec<String>>().join(gap)
    }
}
