//! Records in the order of the log, transactions applied as a whole (`MetadataBatchLoader`).

use std::fmt;

use kafka_rpc::stored::RecordError;
use kafka_rpc::stored::metadata::MetadataRecord;

use super::{ApplyError, Delta, Image};

/// Most bytes of records in a transaction that are held back.
const PENDING_BYTES_MAX: usize = 512 * 1024 * 1024;

/// What cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplayError {
    /// Bytes that are not a record.
    Record(RecordError),
    /// A record that contradicts those before it.
    Apply(ApplyError),
    /// A transaction begins in another one, or ends where none is.
    Transaction,
    /// A transaction is larger than the memory that it may take.
    TransactionTooLarge,
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReplayError::Record(error) => error.fmt(f),
            ReplayError::Apply(error) => error.fmt(f),
            ReplayError::Transaction => f.write_str("the mark of a transaction is not where one may be"),
            ReplayError::TransactionTooLarge => {
                write!(f, "a transaction has more than {PENDING_BYTES_MAX} bytes of records")
            }
        }
    }
}

impl std::error::Error for ReplayError {}

impl From<ApplyError> for ReplayError {
    fn from(error: ApplyError) -> Self {
        ReplayError::Apply(error)
    }
}

/// Records that are held back until their transaction ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    /// Values of records, and where each of them ends; `None` outside a transaction.
    pending: Option<(Vec<u8>, Vec<usize>)>,
}

impl Replay {
    /// Whether a transaction has begun and not ended.
    pub fn is_in_transaction(&self) -> bool {
        self.pending.is_some()
    }

    /// Applies a record, or holds it back.
    ///
    /// # Errors
    /// See [`ReplayError`].
    pub fn replay(&mut self, value: &[u8], image: &mut Image, delta: &mut Delta) -> Result<(), ReplayError> {
        let (record, _) = MetadataRecord::decode(value).map_err(ReplayError::Record)?;
        match (&record, &mut self.pending) {
            (MetadataRecord::BeginTransaction(_), pending @ None) => {
                *pending = Some(Default::default());
                Ok(())
            }
            (MetadataRecord::AbortTransaction(_), pending @ Some(_)) => {
                *pending = None;
                Ok(())
            }
            (MetadataRecord::EndTransaction(_), Some(_)) => {
                let (values, ends) = self.pending.take().unwrap_or_default();
                let mut begin = 0;
                for end in ends {
                    let value = values.get(begin..end).unwrap_or_default();
                    let (record, _) = MetadataRecord::decode(value).map_err(ReplayError::Record)?;
                    image.apply(&record, delta)?;
                    begin = end;
                }
                Ok(())
            }
            (
                MetadataRecord::BeginTransaction(_)
                | MetadataRecord::AbortTransaction(_)
                | MetadataRecord::EndTransaction(_),
                _,
            ) => Err(ReplayError::Transaction),
            (_, Some((values, ends))) => {
                if values.len().saturating_add(value.len()) > PENDING_BYTES_MAX {
                    return Err(ReplayError::TransactionTooLarge);
                }
                values.extend_from_slice(value);
                ends.push(values.len());
                Ok(())
            }
            (_, None) => Ok(image.apply(&record, delta)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use kafka_rpc::Uuid;
    use kafka_rpc::stored::metadata::{
        AbortTransactionRecord, BeginTransactionRecord, EndTransactionRecord, PartitionRecord, TopicRecord,
    };

    use super::*;

    fn topic(number: u8) -> MetadataRecord<'static> {
        let (name, topic_id) = (format!("topic-{number}").into(), Uuid([number; 16]));
        MetadataRecord::Topic(TopicRecord { name, topic_id, ..Default::default() })
    }

    fn begin() -> MetadataRecord<'static> {
        MetadataRecord::BeginTransaction(BeginTransactionRecord::default())
    }

    fn end() -> MetadataRecord<'static> {
        MetadataRecord::EndTransaction(EndTransactionRecord::default())
    }

    fn abort() -> MetadataRecord<'static> {
        MetadataRecord::AbortTransaction(AbortTransactionRecord::default())
    }

    /// The number of topics after each record.
    fn counts(records: &[MetadataRecord<'_>]) -> Result<Vec<usize>, ReplayError> {
        let (mut replay, mut image, mut delta) = (Replay::default(), Image::default(), Delta::default());
        let mut value = Vec::new();
        let count = |record: &MetadataRecord<'_>| {
            value.clear();
            record.encode(0, &mut value).unwrap();
            replay.replay(&value, &mut image, &mut delta)?;
            Ok(image.topics().count())
        };
        records.iter().map(count).collect()
    }

    #[test]
    fn a_transaction_holds_as_a_whole_or_not_at_all() {
        assert_eq!(counts(&[topic(1), begin(), topic(2), topic(3), end()]), Ok(vec![1, 1, 1, 1, 3]));
        assert_eq!(counts(&[begin(), topic(2), abort(), topic(3)]), Ok(vec![0, 0, 0, 1]));
        for misplaced in [vec![end()], vec![abort()], vec![begin(), begin()]] {
            assert_eq!(counts(&misplaced), Err(ReplayError::Transaction));
        }
    }

    #[test]
    fn a_record_that_contradicts_the_image_is_an_error() {
        let id = Uuid([9; 16]);
        let duplicate = ApplyError::DuplicateTopic { name: "topic-1".to_owned() };
        assert_eq!(counts(&[topic(1), topic(1)]), Err(duplicate.into()));
        let partition = PartitionRecord { topic_id: id, partition_id: 0, ..Default::default() };
        let record = MetadataRecord::Partition(partition.clone());
        assert_eq!(counts(&[record]), Err(ApplyError::UnknownTopic { id }.into()));
        let negative = PartitionRecord { topic_id: Uuid([1; 16]), partition_id: -1, ..partition };
        let invalid = ApplyError::InvalidPartition { id: Uuid([1; 16]), partition: -1 };
        assert_eq!(counts(&[topic(1), MetadataRecord::Partition(negative)]), Err(invalid.into()));
    }
}
