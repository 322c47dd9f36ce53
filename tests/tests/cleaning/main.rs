//! Rounds of cleaning of whole logs: what is left, what happens meanwhile, what a crash spares.

#![expect(clippy::unwrap_used, reason = "a log that does not do what it should fails the test")]

mod crashes;
mod damage;
mod rounds;
mod support;
mod threads;
