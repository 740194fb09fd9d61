//! Random numbers: a strong generator per run, seeded by the system or by the caller.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// The generator behind `Math.random` and `helpers.random`.
#[derive(Debug)]
pub(crate) struct Random(ChaCha12Rng);

impl Random {
    /// Seeded by the operating system.
    pub(crate) fn fresh() -> Random {
        let mut seed = [0_u8; 32];
        if getrandom::fill(&mut seed).is_err() {
            // No entropy source at all: differ per call, promise nothing more.
            let now = std::time::SystemTime::now();
            let text = format!("{now:?} {:p}", std::ptr::from_ref(&seed));
            seed = Sha256::digest(text.as_bytes()).into();
        }
        Random(ChaCha12Rng::from_seed(seed))
    }

    /// Another generator, seeded by this one.
    pub(crate) fn fork(&mut self) -> Random {
        let mut seed = [0_u8; 32];
        self.0.fill_bytes(&mut seed);
        Random(ChaCha12Rng::from_seed(seed))
    }

    /// The same numbers for the same text, on any machine.
    pub(crate) fn seeded(text: &str) -> Random {
        Random(ChaCha12Rng::from_seed(Sha256::digest(text.as_bytes()).into()))
    }

    /// A number from 0 up to and without 1, with 53 random bits.
    pub(crate) fn unit(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
        let bits = (self.0.next_u64() >> 11) as f64;
        bits / 9_007_199_254_740_992.0
    }

    /// One random byte.
    pub(crate) fn byte(&mut self) -> u8 {
        self.0.next_u32().to_le_bytes()[0]
    }
}
