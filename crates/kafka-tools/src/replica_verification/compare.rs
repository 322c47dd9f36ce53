//! What replicas of a partition have, batch by batch (`ReplicaBuffer.verifyCheckSum`). No I/O.

use std::fmt;

use kafka_log::format::FormatError;
use kafka_log::segment::batch::{Batch, Batches};
use kafka_thin_client::TopicPartition;

/// What a replica answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fetched {
    pub(super) replica: i32,
    /// The offset after the last record that the replica knows to be committed; -1 if it gave no answer.
    pub(super) high_watermark: i64,
    pub(super) bytes: Vec<u8>,
}

/// A difference between two replicas.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Difference {
    /// Batches that end at different offsets: nothing after them can be compared.
    Offset { partition: TopicPartition, first: (i32, i64), other: (i32, i64) },
    /// Batches with different checksums.
    Checksum { partition: TopicPartition, offset: i64, first: (i32, u32), other: (i32, u32) },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Offset { partition, first: (first, offset), other: (other, found) } => write!(
                f,
                "partition {partition}: replica {first}'s offset {offset} doesn't match replica {other}'s offset {found}"
            ),
            Difference::Checksum { partition, offset, first: (first, sum), other: (other, found) } => write!(
                f,
                "partition {partition} has unmatched checksum at offset {offset}; replica {first}'s checksum {sum}; replica \
                 {other}'s checksum {found}"
            ),
        }
    }
}

/// What a comparison has found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Comparison {
    /// The offset after the last batch that all replicas have; `None` if they have none in common.
    pub(super) next_offset: Option<i64>,
    pub(super) differences: Vec<Difference>,
}

/// End and checksum of a batch.
struct Summary {
    last_offset: i64,
    checksum: u32,
}

/// Compares what replicas have of a partition, as far as all of them have committed batches.
///
/// # Errors
/// For a batch that cannot be read, with the replica.
pub(super) fn compare(partition: &TopicPartition, fetched: &[Fetched]) -> Result<Comparison, (i32, FormatError)> {
    let mut replicas: Vec<_> = fetched.iter().map(|of| (of, Batches::new(&of.bytes))).collect();
    let mut found = Comparison::default();
    loop {
        let mut first: Option<(i32, Summary)> = None;
        for (of, batches) in &mut replicas {
            let next = next(batches).map_err(|error| (of.replica, error))?;
            let Some(batch) = next.filter(|batch| batch.last_offset < of.high_watermark) else { return Ok(found) };
            match &first {
                None => first = Some((of.replica, batch)),
                Some((replica, expected)) if expected.last_offset != batch.last_offset => {
                    found.differences.push(Difference::Offset {
                        partition: partition.clone(),
                        first: (*replica, expected.last_offset),
                        other: (of.replica, batch.last_offset),
                    });
                    return Ok(found);
                }
                Some((replica, expected)) if expected.checksum != batch.checksum => {
                    found.differences.push(Difference::Checksum {
                        partition: partition.clone(),
                        offset: batch.last_offset,
                        first: (*replica, expected.checksum),
                        other: (of.replica, batch.checksum),
                    });
                }
                Some(_) => {}
            }
        }
        let Some((_, batch)) = first else { return Ok(found) };
        found.next_offset = Some(batch.last_offset.saturating_add(1));
    }
}

/// The next batch that is there as a whole: a node cuts what it sends at a size.
fn next(batches: &mut Batches<'_>) -> Result<Option<Summary>, FormatError> {
    let Some(raw) = batches.next() else { return Ok(None) };
    Ok(Some(match raw?.parse()? {
        Batch::Default(batch) => Summary { last_offset: batch.header().last_offset(), checksum: batch.header().crc() },
        Batch::Legacy(message) => Summary { last_offset: message.offset(), checksum: message.crc() },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A batch without records, as a replica has it after compaction, with one byte more or less in its checksum.
    fn batch(base_offset: i64, checksum: u32) -> Vec<u8> {
        let mut bytes = vec![0; 61];
        bytes[..8].copy_from_slice(&base_offset.to_be_bytes());
        bytes[8..12].copy_from_slice(&49_i32.to_be_bytes());
        bytes[16] = 2;
        bytes[17..21].copy_from_slice(&checksum.to_be_bytes());
        bytes
    }

    fn fetched(replica: i32, high_watermark: i64, batches: &[(i64, u32)]) -> Fetched {
        let bytes = batches.iter().flat_map(|(offset, checksum)| batch(*offset, *checksum)).collect();
        Fetched { replica, high_watermark, bytes }
    }

    fn compared(fetched: &[Fetched]) -> Comparison {
        compare(&TopicPartition::new("t", 0), fetched).expect("batches that can be read")
    }

    fn shown(found: &Comparison) -> Vec<String> {
        found.differences.iter().map(Difference::to_string).collect()
    }

    #[test]
    fn what_all_replicas_have_committed_is_compared() {
        let all = [(0, 7), (1, 8), (2, 9)];
        let found = compared(&[fetched(1, 3, &all), fetched(2, 2, &all), fetched(3, 3, &all)]);
        assert_eq!(found, Comparison { next_offset: Some(2), differences: Vec::new() });
        let without_answer = Fetched { replica: 2, high_watermark: -1, bytes: Vec::new() };
        assert_eq!(compared(&[fetched(1, 3, &all), without_answer]), Comparison::default());
    }

    #[test]
    fn differences_have_kafkas_words() {
        let found = compared(&[fetched(1, 9, &[(0, 7), (1, 8)]), fetched(2, 9, &[(0, 7), (1, 88)])]);
        assert_eq!(found.next_offset, Some(2));
        assert_eq!(
            shown(&found),
            ["partition t-0 has unmatched checksum at offset 1; replica 1's checksum 8; replica 2's checksum 88"]
        );
        let found = compared(&[fetched(1, 9, &[(0, 7), (1, 8)]), fetched(2, 9, &[(0, 7), (2, 8)])]);
        assert_eq!(shown(&found), ["partition t-0: replica 1's offset 1 doesn't match replica 2's offset 2"]);
        assert_eq!(found.next_offset, Some(1));
    }

    #[test]
    fn a_batch_that_cannot_be_read_is_an_error_of_its_replica() {
        let mut broken = fetched(2, 9, &[(0, 7)]);
        broken.bytes[8..12].fill(0);
        let outcome = compare(&TopicPartition::new("t", 0), &[fetched(1, 9, &[(0, 7)]), broken]);
        assert_eq!(outcome.map_err(|(replica, _)| replica), Err(2));
    }
}
