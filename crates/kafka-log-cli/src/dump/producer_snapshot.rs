//! `.snapshot` files in Kafka's text (`DumpLogSegments.dumpProducerIdSnapshot`).

use std::io::{self, Write};

use kafka_log::format::producer_snapshot::{CorruptSnapshotError, ProducerEntry, ProducerSnapshot};

use super::entry::{EntryForm, Value};

/// Prints the producers in `bytes`, a whole file, to `out`, a line each. A corrupt snapshot is a line on `err`, with the
/// message of Kafka's exception, and nothing on `out`; the dump goes on. The file name does not matter.
///
/// # Errors
/// The errors of `err`.
pub fn dump_producer_snapshot(bytes: &[u8], out: &mut Vec<u8>, err: &mut impl Write) -> io::Result<()> {
    match push_producers(bytes, EntryForm::KAFKA, out) {
        Ok(()) => Ok(()),
        Err(error) => writeln!(err, "{error}"),
    }
}

/// Appends the producers in `bytes`, a whole file.
///
/// # Errors
/// A corrupt snapshot; nothing was appended.
pub(crate) fn push_producers(bytes: &[u8], form: EntryForm<'_>, out: &mut Vec<u8>) -> Result<(), CorruptSnapshotError> {
    ProducerSnapshot::read(bytes)?.iter().for_each(|entry| push(&entry, form, out));
    Ok(())
}

fn push(entry: &ProducerEntry, form: EntryForm<'_>, out: &mut Vec<u8>) {
    use Value::{Number, OptionalNumber, Timestamp};
    let mut fields = vec![
        ("producerId", Number(entry.producer_id)),
        ("producerEpoch", Number(entry.producer_epoch.into())),
        ("coordinatorEpoch", Number(entry.coordinator_epoch.into())),
        ("currentTxnFirstOffset", OptionalNumber(entry.open_txn_first_offset())),
        ("lastTimestamp", Timestamp(entry.timestamp)),
    ];
    if let Some(batch) = entry.batch() {
        fields.extend([
            ("firstSequence", Number(batch.first_sequence.into())),
            ("lastSequence", Number(batch.last_sequence.into())),
            ("lastOffset", Number(batch.last_offset)),
            ("offsetDelta", Number(batch.offset_delta.into())),
            ("timestamp", Timestamp(batch.timestamp)),
        ]);
    }
    form.push(out, "producer", &fields);
}

#[cfg(test)]
mod tests {
    use kafka_log::format::producer_snapshot::write_producer_snapshot;

    use super::*;

    const ENTRY: ProducerEntry = ProducerEntry {
        producer_id: 4000,
        producer_epoch: 3,
        last_sequence: 1,
        last_offset: 100,
        offset_delta: 4,
        timestamp: 1_700_000_000_000,
        coordinator_epoch: -1,
        current_txn_first_offset: 96,
    };

    fn dump(bytes: &[u8]) -> (String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        dump_producer_snapshot(bytes, &mut out, &mut err).unwrap();
        (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn a_line_is_printed_for_each_producer() {
        let idle = ProducerEntry { last_offset: -1, current_txn_first_offset: -1, ..ENTRY };
        let mut bytes = Vec::new();
        write_producer_snapshot([ENTRY, idle].into_iter(), &mut bytes);
        let lines = "producerId: 4000 producerEpoch: 3 coordinatorEpoch: -1 currentTxnFirstOffset: OptionalLong[96] \
                     lastTimestamp: 1700000000000 firstSequence: 2147483645 lastSequence: 1 lastOffset: 100 \
                     offsetDelta: 4 timestamp: 1700000000000\n\
                     producerId: 4000 producerEpoch: 3 coordinatorEpoch: -1 currentTxnFirstOffset: OptionalLong.empty \
                     lastTimestamp: 1700000000000\n";
        assert_eq!(dump(&bytes), (lines.into(), String::new()));
    }

    #[test]
    fn a_corrupt_snapshot_is_one_line_on_stderr_in_kafkas_words() {
        let mut bytes = Vec::new();
        write_producer_snapshot([ENTRY].into_iter(), &mut bytes);
        let with = |at: usize, byte: u8| {
            let mut damaged = bytes.clone();
            damaged[at] = byte;
            dump(&damaged)
        };
        let err = |message: &str| (String::new(), format!("{message}\n"));
        assert_eq!(dump(&[]), err("Snapshot failed schema validation: null"));
        assert_eq!(dump(&bytes[..55]), err("Snapshot failed schema validation: null"));
        let version = "Snapshot failed schema validation: Snapshot contained an unknown file version 2";
        assert_eq!(with(1, 2), err(version));
        let negative = "Snapshot failed schema validation: non-nullable field producerEntries was serialized as null";
        assert_eq!(with(6, 0x80), err(negative));
        let large = "Snapshot failed schema validation: Tried to allocate a collection of size 257, but there are only \
                     46 bytes remaining.";
        assert_eq!(with(8, 1), err(large));
        assert!(with(20, 1).1.starts_with("Snapshot is corrupt (CRC is no longer valid). Stored crc: "));
    }
}
