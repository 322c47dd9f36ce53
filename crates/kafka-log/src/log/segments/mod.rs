//! The list of segments, and what changes it: rolls, retention, truncation, segments that replace others.

mod list;
mod rebuild;
mod replace;
mod retention;
mod roll;
mod split;
mod truncate;

pub(in crate::log) use list::Segments;
pub(in crate::log) use rebuild::rebuild_producer_state;
pub(in crate::log) use replace::{Change, mark_deleted, swap_in};
pub(in crate::log) use roll::RollParams;
pub(in crate::log) use split::write_parts;
