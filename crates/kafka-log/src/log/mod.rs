//! One partition's log: the engine (`UnifiedLog`, `LocalLog`).

pub mod analyze;
pub mod cleaner;
pub mod config;
pub mod epochs;
pub mod error;
pub mod producers;
pub mod types;
pub mod validate;
