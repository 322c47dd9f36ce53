//! A number of threads.

use std::num::NonZeroUsize;

/// More than any machine has use for, and few enough for a system to start them.
const THREADS_MAX: usize = 1024;

/// Reads the value of `--threads`.
///
/// # Errors
/// What is expected, where the text is anything but a number from 1 to 1024.
pub fn parse_threads(text: &str) -> Result<NonZeroUsize, &'static str> {
    let threads = text.parse().ok().filter(|threads: &NonZeroUsize| threads.get() <= THREADS_MAX);
    threads.ok_or("a number from 1 to 1024")
}
