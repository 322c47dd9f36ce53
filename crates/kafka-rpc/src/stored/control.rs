//! The values of control records in a KRaft log (`ControlRecordType`).
//!
//! Each names its version in its first field. Kafka reads all of them at version 0, whatever they say.

include!(concat!(env!("OUT_DIR"), "/stored_control.rs"));
