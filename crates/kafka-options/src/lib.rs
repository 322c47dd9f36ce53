//! Command lines as Apache Kafka's tools read them, with jopt-simple 5.0.4.
//!
//! [`split`] is the parser alone. [`Usage`] is the option table of a tool, as the tool prints it: the table that people see is the
//! one that decides. [`Options`] are the options of a command line, read with such a table.

mod options;
mod usage;
mod words;

pub use options::{OptionError, Options};
pub use usage::Usage;
pub use words::{Refusal, Takes, Word, Words, os_string, split};
