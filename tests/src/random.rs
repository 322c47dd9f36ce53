//! Random numbers for tests: the same seed, the same numbers.

use fastrand::Rng;

/// A generator whose numbers depend on its seed alone.
pub struct Random(Rng);

impl Random {
    /// A generator with this seed.
    pub fn new(seed: u64) -> Self {
        Random(Rng::with_seed(seed))
    }

    /// Any 64-bit number.
    pub fn number(&mut self) -> u64 {
        self.0.u64(..)
    }

    /// A number below `end`; 0 if `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        self.0.usize(..end.max(1))
    }
}

/// The seed in the environment variable `variable`, else 1. Printed, so that a failed run can be repeated.
pub fn seed(variable: &str) -> u64 {
    let seed = std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    println!("{variable}={seed}");
    seed
}
