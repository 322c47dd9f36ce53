//! The broker as its clients meet it: those that behave, and those that do not.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails where it must not fails the test")]

mod authorization;
mod crowd;
mod end_to_end;
mod fetches;
mod hostile;
mod quotas;
mod slow;
mod stop;
mod support;
mod transactions;
