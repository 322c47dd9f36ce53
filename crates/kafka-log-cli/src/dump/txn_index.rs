//! `.txnindex` files in Kafka's text (`DumpLogSegments.dumpTxnIndex`).

use std::io::Write;

use kafka_log::format::transaction_index::TransactionIndex;

use super::base_offset;
use super::error::DumpError;

/// Prints the entries in `bytes` to `out`, a line each. A file that does not exist has no output at all, like an empty one.
///
/// # Errors
/// Before anything is printed, when the name does not start with a number or an entry is of a newer version.
pub(crate) fn dump_txn_index(name: &str, bytes: &[u8], out: &mut impl Write) -> Result<(), DumpError> {
    base_offset(name)?;
    let index = TransactionIndex::new(bytes);
    if let Some(error) = index.iter().find_map(Result::err) {
        return Err(DumpError::in_file(error));
    }
    for entry in index.iter().flatten() {
        let txn = entry.txn;
        writeln!(
            out,
            "version: {} producerId: {} firstOffset: {} lastOffset: {} lastStableOffset: {}",
            entry.version, txn.producer_id, txn.first_offset, txn.last_offset, txn.last_stable_offset
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(name: &str, bytes: &[u8]) -> (String, Option<String>) {
        let mut out = Vec::new();
        let error = dump_txn_index(name, bytes, &mut out).err();
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
        assert_eq!(dump("00000000000000000000.txnindex", &bytes), (lines.into(), None));
        assert_eq!(dump("+7.x.txnindex", &[]), (String::new(), None));
    }

    #[test]
    fn a_newer_version_ends_the_dump_before_anything_is_printed() {
        let (out, error) = dump("0.txnindex", &[entry(0, 9), entry(0x0100, 10)].concat());
        assert_eq!(out, "");
        assert_eq!(error.as_deref(), Some("aborted transaction version at byte 34: expected -128 to 0, found 1"));
    }

    #[test]
    fn a_name_without_base_offset_ends_the_dump() {
        let message = "expected a name that starts with a base offset and a dot";
        assert_eq!(dump("abc.txnindex", &entry(0, 9)), (String::new(), Some(message.into())));
    }
}
