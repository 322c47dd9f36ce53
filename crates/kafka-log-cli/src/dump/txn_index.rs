//! `.txnindex` files (`DumpLogSegments.dumpTxnIndex`).

use kafka_log::audit::Code;
use kafka_log::format::schema::KafkaVersion;
use kafka_log::format::transaction_index::{ABORTED_TXN_LEN, AbortedTxnEntry, TransactionIndex};
use kafka_log::format::{FormatError, FormatErrorKind};
use kafka_log::fs::ReadAt;

use super::entry::{EntryForm, Value};
use super::error::{DumpError, OrStopped};
use super::output::Sink;

/// Bytes that are read at a time; a multiple of the entry size.
const WINDOW: usize = 1024 * ABORTED_TXN_LEN;

/// Prints the entries in the first `len` bytes of `file` to `sink`.
///
/// # Errors
/// Before anything is printed, when an entry is of a version that this release of Kafka refuses; I/O errors.
pub(crate) fn dump_txn_index(
    file: &(impl ReadAt + ?Sized),
    len: u64,
    kafka: KafkaVersion,
    form: EntryForm<'_>,
    sink: &Sink<'_>,
) -> Result<(), DumpError> {
    // Kafka reads all entries before it prints the first.
    windows(file, len, kafka, |_| Ok(()))?;
    let mut out = Vec::new();
    windows(file, len, kafka, |entries| {
        out.clear();
        entries.iter().flatten().for_each(|entry| push(&entry, form, &mut out));
        sink.write(&out).or_stopped()
    })
}

/// Gives the entries to `to`, a window at a time.
fn windows(
    file: &(impl ReadAt + ?Sized),
    len: u64,
    kafka: KafkaVersion,
    mut to: impl FnMut(TransactionIndex<'_>) -> Result<(), DumpError>,
) -> Result<(), DumpError> {
    let mut window = Vec::new();
    for position in (0..len).step_by(WINDOW) {
        window.resize((len - position).min(WINDOW as u64) as usize, 0);
        let read = file.read_full_at(&mut window, position)?;
        let entries = TransactionIndex::new(&window[..read]);
        let refused = match kafka {
            KafkaVersion::V4_3 => entries.iter().find_map(Result::err),
            KafkaVersion::V4_4 => entries_of_other_versions(&window[..read]).next(),
        };
        if let Some(error) = refused {
            return Err(DumpError::in_file(Code::TxnIndexEntry, error.shifted(position)));
        }
        to(entries)?;
    }
    Ok(())
}

/// What Kafka 4.4 refuses: it reads the version as the int16 that it is, and accepts 0 alone.
fn entries_of_other_versions(bytes: &[u8]) -> impl Iterator<Item = FormatError> + '_ {
    bytes.as_chunks::<ABORTED_TXN_LEN>().0.iter().enumerate().filter_map(|(slot, &[high, low, ..])| {
        let found = i16::from_be_bytes([high, low]).into();
        let kind = FormatErrorKind::Mismatch { expected: 0, found };
        (found != 0).then(|| FormatError::new(slot * ABORTED_TXN_LEN, "aborted transaction version", kind))
    })
}

fn push(entry: &AbortedTxnEntry, form: EntryForm<'_>, out: &mut Vec<u8>) {
    use Value::Number;
    let fields = [
        ("version", Number(entry.version.into())),
        ("producerId", Number(entry.txn.producer_id)),
        ("firstOffset", Number(entry.txn.first_offset)),
        ("lastOffset", Number(entry.txn.last_offset)),
        ("lastStableOffset", Number(entry.txn.last_stable_offset)),
    ];
    form.push(out, "aborted_transaction", &fields);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(bytes: &[u8]) -> (String, Option<String>) {
        dump_as(KafkaVersion::V4_3, bytes)
    }

    fn dump_as(kafka: KafkaVersion, bytes: &[u8]) -> (String, Option<String>) {
        let mut out = Vec::new();
        let error = dump_txn_index(bytes, bytes.len() as u64, kafka, EntryForm::KAFKA, &Sink::new(&mut out)).err();
        (String::from_utf8(out).unwrap(), error.map(|error| error.to_string()))
    }

    fn entry(version: u16, last_offset: i64) -> Vec<u8> {
        let mut bytes = version.to_be_bytes().to_vec();
        for value in [7, 3, last_offset, 12] {
            bytes.extend(value.to_be_bytes());
        }
        bytes
    }

    #[test]
    fn a_line_is_printed_for_each_whole_entry() {
        let bytes = [entry(0, 9), entry(0xff00, -1), entry(0x00ff, 5), vec![0; 33]].concat();
        let lines = "version: 0 producerId: 7 firstOffset: 3 lastOffset: 9 lastStableOffset: 12\n\
                     version: -1 producerId: 7 firstOffset: 3 lastOffset: -1 lastStableOffset: 12\n\
                     version: 0 producerId: 7 firstOffset: 3 lastOffset: 5 lastStableOffset: 12\n";
        assert_eq!(dump(&bytes), (lines.into(), None));
        assert_eq!(dump(&[]), (String::new(), None));
    }

    #[test]
    fn a_newer_version_ends_the_dump_before_anything_is_printed() {
        let (out, error) = dump(&[entry(0, 9), entry(0x0100, 10)].concat());
        assert_eq!(out, "");
        assert_eq!(error.as_deref(), Some("aborted transaction version at byte 34: expected -128 to 0, found 1"));
    }

    #[test]
    fn kafka_4_4_reads_the_whole_version_and_knows_no_other_than_0() {
        let line = "version: 0 producerId: 7 firstOffset: 3 lastOffset: 9 lastStableOffset: 12\n";
        assert_eq!(dump_as(KafkaVersion::V4_4, &[entry(0, 9), vec![0, 1]].concat()), (line.into(), None));
        for (version, found) in [(0xff00, "-256"), (0x00ff, "255"), (0x0100, "256")] {
            let error = format!("aborted transaction version at byte 34: expected 0, found {found}");
            let bytes = [entry(0, 9), entry(version, 10)].concat();
            assert_eq!(dump_as(KafkaVersion::V4_4, &bytes), (String::new(), Some(error)));
        }
    }

    #[test]
    fn an_index_larger_than_a_window_is_printed_whole_or_not_at_all() {
        let mut bytes = entry(0, 9).repeat(3 * WINDOW / ABORTED_TXN_LEN);
        assert_eq!(dump(&bytes).0.lines().count(), 3072);
        bytes.extend(entry(0x0100, 10));
        let error = "aborted transaction version at byte 104448: expected -128 to 0, found 1";
        assert_eq!(dump(&bytes), (String::new(), Some(error.into())));
    }
}
