//! Records of internal topics as a broker reads them: what is read is written again and read to the same.

use kafka_rpc::stored::group::{GroupKey, GroupValue};
use kafka_rpc::stored::metadata::MetadataRecord;
use kafka_rpc::stored::transaction::{TransactionLogKey, TransactionLogValue};
use kafka_rpc::stored::{RecordError, decode_key, decode_value, encode_key, encode_value, record_type};
use kafka_rpc::{SchemaError, SchemaErrorKind};

type Written = Result<(), RecordError>;

pub(super) fn metadata_record(value: &[u8]) {
    let Ok((record, version)) = read(value, MetadataRecord::decode(value)) else { return };
    let bytes = written(|out| record.encode(version, out));
    same(&bytes, |bytes, out| {
        let (record, version) = MetadataRecord::decode(bytes)?;
        record.encode(version, out)
    });
}

pub(super) fn group_record(key: &[u8], value: Option<&[u8]>) {
    let Ok(read_key) = read(key, GroupKey::decode(key)) else { return };
    let bytes = written(|out| read_key.encode(out));
    same(&bytes, |bytes, out| GroupKey::decode(bytes)?.encode(out));
    let (Some(value), Ok(number)) = (value, record_type(key)) else { return };
    let Ok((read_value, version)) = read(value, GroupValue::decode(number, value)) else { return };
    let bytes = written(|out| read_value.encode(version, out));
    same(&bytes, |bytes, out| {
        let (value, version) = GroupValue::decode(number, bytes)?;
        value.encode(version, out)
    });
}

pub(super) fn transaction_record(key: &[u8], value: Option<&[u8]>) {
    let Ok(read_key) = read(key, decode_key::<TransactionLogKey<'_>>(key)) else { return };
    let bytes = written(|out| encode_key(&read_key, out));
    same(&bytes, |bytes, out| encode_key(&decode_key::<TransactionLogKey<'_>>(bytes)?, out));
    let Some(value) = value else { return };
    let Ok((read_value, version)) = read(value, decode_value::<TransactionLogValue<'_>>(value)) else { return };
    let bytes = written(|out| encode_value(&read_value, version, out));
    same(&bytes, |bytes, out| {
        let (value, version) = decode_value::<TransactionLogValue<'_>>(bytes)?;
        encode_value(&value, version, out)
    });
}

/// An error names a byte of the input.
fn read<T>(bytes: &[u8], result: Result<T, RecordError>) -> Result<T, RecordError> {
    if let Err(RecordError::Message(error)) = &result {
        assert!(error.at <= bytes.len(), "{error}");
    }
    result
}

/// What is written of a record that was read; `None` where U+FFFD, which takes more bytes than what it stands for, makes a text too long.
fn written(write: impl FnOnce(&mut Vec<u8>) -> Written) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    match write(&mut bytes) {
        Ok(()) => Some(bytes),
        Err(RecordError::Message(SchemaError { kind: SchemaErrorKind::StringTooLong { .. }, .. })) => None,
        Err(error) => panic!("{error}"),
    }
}

/// Bytes and not structs are compared: NaN is not equal to itself.
fn same(bytes: &Option<Vec<u8>>, again: impl FnOnce(&[u8], &mut Vec<u8>) -> Written) {
    let Some(bytes) = bytes else { return };
    let mut out = Vec::new();
    assert_eq!(again(bytes, &mut out), Ok(()));
    assert_eq!(&out, bytes);
}
