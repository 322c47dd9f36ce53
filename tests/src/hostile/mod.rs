//! What must hold on any bytes whatever, as functions that panic where it does not: the bodies of the fuzz targets in
//! `fuzz/`, and of `tests/tests/hostile.rs`, which runs the same on mutated files with a seed.

#![expect(clippy::panic, reason = "a broken promise is a panic here, as a fuzzer wants it")]

mod batches;
mod files;
mod indexes;
pub mod mutate;
mod partition;
mod protocol;
mod schemas;
pub mod seeds;
mod segments;
mod stored;
pub mod tool;

/// Largest decompressed size that the targets allow, in bytes.
pub const DECOMPRESSED_MAX: usize = 1024 * 1024;

/// A property and a name for it, which is also that of its fuzz target and of its folder of kept inputs.
pub struct Target {
    /// Name in snake case.
    pub name: &'static str,
    /// Panics where the property does not hold for the bytes.
    pub check: fn(&[u8]),
}

macro_rules! targets {
    ($($module:ident::$name:ident)*) => {
        /// All targets.
        pub const TARGETS: &[Target] = &[$(Target { name: stringify!($name), check: $module::$name }),*];
    };
}

targets! {
    batches::batch
    batches::batch_mut
    batches::records_none
    batches::records_gzip
    batches::records_snappy
    batches::records_lz4
    batches::records_zstd
    batches::wrapper
    batches::builder
    indexes::offset_index
    indexes::time_index
    indexes::transaction_index
    indexes::producer_snapshot
    files::leader_epoch_checkpoint
    files::offset_checkpoint
    files::partition_metadata
    files::meta_properties
    files::quorum_state
    files::clean_shutdown
    files::file_name
    schemas::consumer_offsets
    schemas::transaction_state
    schemas::share_group_state
    schemas::cluster_metadata
    schemas::remote_log_metadata
    schemas::control_record
    segments::segment_scan
    segments::chain
    segments::resync
    partition::verify
    partition::repair
    protocol::protocol_request
    protocol::protocol_message
    tool::dump
    tool::dump_extended
}

/// Runs the target of this name.
///
/// # Panics
/// Where its property does not hold, and when there is no such target.
pub fn check(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target's name");
    (target.check)(bytes);
}

/// Bytes taken from the front of an input as the parameters of a target; zeros after its end.
struct Dice<'a>(&'a [u8]);

impl<'a> Dice<'a> {
    fn array<const N: usize>(&mut self) -> [u8; N] {
        let taken = self.slice(N);
        let mut array = [0; N];
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    fn byte(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    fn slice(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// A slice whose length is given before it; the first bit says whether there is one at all.
    fn nullable(&mut self) -> Option<&'a [u8]> {
        let len = u16::from_be_bytes(self.array());
        (len & 1 == 0).then(|| self.slice(usize::from(len >> 1)))
    }
}
