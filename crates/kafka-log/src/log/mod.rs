//! One partition's log: the engine (`UnifiedLog`, `LocalLog`).

pub mod cleaner;
pub mod config;
pub mod error;
pub mod types;
