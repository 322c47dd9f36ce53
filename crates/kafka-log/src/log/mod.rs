//! One partition's log: the engine (`UnifiedLog`, `LocalLog`).

pub mod config;
pub mod error;
pub mod types;
