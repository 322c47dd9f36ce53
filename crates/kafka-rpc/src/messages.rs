//! All messages, one module for each: the message and its parts, under Kafka's names.
//!
//! Written by the build script (`build`) from the tables in `schema`. A struct has the fields of all versions.

include!(concat!(env!("OUT_DIR"), "/messages.rs"));
