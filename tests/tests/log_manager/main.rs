//! Many logs in several directories, as whoever embeds them sees it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what goes wrong in a test fails it")]

mod cleaning;
mod coming_and_going;
mod crashing;
mod failing;
mod moving;
mod owning;
mod settings;
mod start_and_stop;
mod support;
mod topics;
mod upkeep;
