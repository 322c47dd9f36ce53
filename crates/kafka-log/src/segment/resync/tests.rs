use std::cell::Cell;

use super::*;
use crate::compression::{Codec, Compressor};
use crate::format::batch::{RecordBatch, TimestampType};
use crate::format::builder::{BatchFields, RecordBatchBuilder};
use crate::format::legacy_builder::LegacyMessage;

const BASE: i64 = 1000;

/// A segment: its bytes, and where each batch lies with its offsets.
struct Segment {
    bytes: Vec<u8>,
    batches: Vec<(Range<usize>, i64, i64)>,
}

fn batch(base_offset: i64, count: i64, codec: Codec, value: &[u8]) -> Vec<u8> {
    let mut builder = RecordBatchBuilder::new(BatchFields { base_offset, codec, ..BatchFields::default() });
    for offset in base_offset..base_offset + count {
        builder.append(offset, 1_700_000_000_000 + offset, Some(b"key"), Some(value), &[]).unwrap();
    }
    let mut out = Vec::new();
    builder.finish(&mut Compressor::new(), &mut out).unwrap();
    out
}

fn segment_of(batches: impl IntoIterator<Item = (Vec<u8>, i64)>) -> Segment {
    let mut segment = Segment { bytes: Vec::new(), batches: Vec::new() };
    for (bytes, count) in batches {
        let at = segment.bytes.len();
        let first = i64::from_be_bytes(*bytes.first_chunk().unwrap());
        segment.bytes.extend_from_slice(&bytes);
        segment.batches.push((at..segment.bytes.len(), first, first + count - 1));
    }
    segment
}

/// Twelve batches of five records, all codecs in turn.
fn segment() -> Segment {
    segment_of((0..12).map(|i| {
        let codec = Codec::from_id((i % 5) as u8).unwrap();
        (batch(BASE + 5 * i, 5, codec, format!("value number {i} of them all").as_bytes()), 5)
    }))
}

/// What a walk finds, in short.
#[derive(Debug, PartialEq)]
enum Seen {
    Batch(i64),
    Damaged(i64),
    WrongLength(i64),
    Unreadable(Range<u64>, Option<(i64, Option<i64>)>),
}

fn walk(bytes: &[u8]) -> Vec<Seen> {
    let offsets = BASE..=BASE + i64::from(i32::MAX);
    let mut resync = Resync::new(bytes, 0..bytes.len() as u64, offsets, None);
    let (mut seen, mut at) = (Vec::new(), 0);
    while let Some(step) = resync.step().unwrap() {
        let seen_now = match step {
            Step::Batch(batch) => Seen::Batch(batch.overhead.offset),
            Step::Damaged(batch) => Seen::Damaged(batch.overhead.offset),
            Step::WrongLength { batch, .. } => {
                assert!(batch.is_valid(), "the length is corrected");
                Seen::WrongLength(batch.overhead.offset)
            }
            Step::Unreadable(unreadable) => {
                assert_eq!(unreadable.bytes.start, at);
                Seen::Unreadable(unreadable.bytes, unreadable.offsets)
            }
        };
        seen.push(seen_now);
        assert!(resync.position() > at, "every step goes on");
        at = resync.position();
    }
    assert_eq!(at, bytes.len() as u64, "the walk ends at the end");
    seen
}

/// All batches as found undamaged, but the one at `index`, which is `instead`.
fn all_but(segment: &Segment, index: usize, instead: Seen) -> Vec<Seen> {
    let mut seen: Vec<Seen> = segment.batches.iter().map(|(_, first, _)| Seen::Batch(*first)).collect();
    seen[index] = instead;
    seen
}

#[test]
fn an_undamaged_segment_is_walked_batch_by_batch() {
    let segment = segment();
    let seen = walk(&segment.bytes);
    assert_eq!(seen, segment.batches.iter().map(|(_, first, _)| Seen::Batch(*first)).collect::<Vec<_>>());
}

#[test]
fn a_flipped_bit_loses_at_most_the_batch_it_is_in() {
    let segment = segment();
    for index in [0, 1, 5, 11] {
        let (range, first, last) = segment.batches[index].clone();
        for at in range.clone() {
            for bit in 0..8 {
                let mut bytes = segment.bytes.clone();
                bytes[at] ^= 1 << bit;
                let others = |seen: &[Seen]| {
                    let want = segment.batches.iter().filter(|(other, ..)| *other != range).map(|b| b.1);
                    let good = seen.iter().filter_map(|s| match s {
                        Seen::Batch(offset) if *offset != first => Some(*offset),
                        _ => None,
                    });
                    // A base offset is not covered by the checksum, so a batch with another one counts as good.
                    let is_offset = at < range.start + 8;
                    let good: Vec<i64> =
                        good.filter(|o| !is_offset || segment.batches.iter().any(|b| b.1 == *o)).collect();
                    assert_eq!(good, want.collect::<Vec<_>>(), "byte {} bit {bit} of batch {index}", at - range.start);
                };
                let seen = walk(&bytes);
                others(&seen);
                for seen in &seen {
                    if let Seen::Unreadable(bytes, offsets) = seen {
                        assert_eq!((bytes.start, bytes.end), (range.start as u64, range.end as u64));
                        let known_last = (index < 11).then_some(last);
                        assert_eq!(*offsets, Some((first, known_last)));
                    }
                }
            }
        }
    }
}

#[test]
fn a_wrong_length_is_put_right_by_the_checksum() {
    let segment = segment();
    for index in [0, 5, 11] {
        let (range, first, _) = segment.batches[index].clone();
        let size = range.len() as i32 - 12;
        // Too short, too long, up to the end of a later batch, impossible.
        let later = segment.batches.get(index + 3).map_or(size + 40, |b| (b.0.end - range.start) as i32 - 12);
        for length in [size - 1, size + 1, later, 0, -1, 13, 14, 49, i32::MAX, i32::MIN] {
            let mut bytes = segment.bytes.clone();
            bytes[range.start + 8..range.start + 12].copy_from_slice(&length.to_be_bytes());
            assert_eq!(walk(&bytes), all_but(&segment, index, Seen::WrongLength(first)), "{index} {length}");
        }
    }
}

#[test]
fn damaged_contents_leave_the_batch_in_its_place() {
    let segment = segment();
    for index in [0, 5, 11] {
        let (range, first, _) = segment.batches[index].clone();
        let mut bytes = segment.bytes.clone();
        bytes[range.end - 3] ^= 0x10;
        assert_eq!(walk(&bytes), all_but(&segment, index, Seen::Damaged(first)));
    }
}

#[test]
fn a_zeroed_range_loses_the_batches_that_begin_in_it() {
    let segment = segment();
    // From the middle of batch 3 to the middle of batch 6: batch 3 itself has only its contents damaged.
    let (from, to) = (segment.batches[3].0.start + 70, segment.batches[6].0.start + 20);
    let mut bytes = segment.bytes.clone();
    bytes[from..to].fill(0);
    let seen = walk(&bytes);
    let start = segment.batches[3].0.start as u64;
    let end = segment.batches[7].0.start as u64;
    let lost = Seen::Unreadable(start..end, Some((BASE + 15, Some(BASE + 34))));
    let mut want: Vec<Seen> = (0..3).map(|i| Seen::Batch(BASE + 5 * i)).collect();
    want.push(lost);
    want.extend((7..12).map(|i| Seen::Batch(BASE + 5 * i)));
    assert_eq!(seen, want);
}

#[test]
fn zeros_at_the_end_are_told_from_other_damage() {
    let segment = segment();
    let bytes = [segment.bytes.clone(), vec![0; 5000]].concat();
    let mut resync = Resync::new(&bytes[..], 0..bytes.len() as u64, BASE..=i64::MAX, None);
    let mut last = None;
    while let Some(step) = resync.step().unwrap() {
        if let Step::Unreadable(unreadable) = step {
            last = Some(unreadable);
        }
    }
    let last = last.unwrap();
    assert!(last.is_zero);
    assert_eq!(last.bytes, segment.bytes.len() as u64..bytes.len() as u64);
    assert_eq!(last.offsets, Some((BASE + 60, None)));
}

#[test]
fn a_last_batch_whose_checksum_does_not_hold_is_told_with_both_checksums() {
    let segment = segment();
    let (range, ..) = segment.batches.last().unwrap();
    let mut bytes = segment.bytes[range.clone()].to_vec();
    // Nothing follows, and its offsets make no sense: only the checksum tells what is wrong.
    bytes[0] = 0x7f;
    bytes[70] ^= 1;
    bytes.extend([7; 100]);
    let batch = RecordBatch::parse(&bytes[..range.len()]).unwrap();
    let (computed, stored) = (batch.computed_crc(), batch.header().crc());
    let mut resync = Resync::new(&bytes[..], 0..bytes.len() as u64, 0..=i64::MAX, None);
    let Some(Step::Unreadable(found)) = resync.step().unwrap() else { panic!("no batch can be made out") };
    assert_eq!(found.error.kind, FormatErrorKind::Checksum { computed, stored });
}

#[test]
fn inserted_garbage_loses_no_batch() {
    let segment = segment();
    for (index, garbage) in [(0, vec![0xab; 300]), (4, vec![0; 1000]), (7, vec![2; 16]), (4, vec![1; 70_000])] {
        let at = segment.batches[index].0.start;
        let bytes = [&segment.bytes[..at], &garbage, &segment.bytes[at..]].concat();
        let mut want = all_but(&segment, 0, Seen::Batch(BASE));
        want.insert(index, Seen::Unreadable(at as u64..(at + garbage.len()) as u64, None));
        assert_eq!(walk(&bytes), want);
    }
}

#[test]
fn a_cut_out_middle_loses_the_batches_it_takes_from() {
    let segment = segment();
    let (from, to) = (segment.batches[4].0.start + 30, segment.batches[6].0.start + 30);
    let bytes = [&segment.bytes[..from], &segment.bytes[to..]].concat();
    let seen = walk(&bytes);
    let good: Vec<i64> = seen.iter().filter_map(|s| if let Seen::Batch(o) = s { Some(*o) } else { None }).collect();
    let want: Vec<i64> = (0..12).filter(|i| !(4..=6).contains(i)).map(|i| BASE + 5 * i).collect();
    assert_eq!(good, want);
}

#[test]
fn a_cut_tail_is_unreadable_from_its_last_batch_on() {
    let segment = segment();
    let (last, first, _) = segment.batches[11].clone();
    for end in last.start + 1..last.end {
        let seen = walk(&segment.bytes[..end]);
        assert_eq!(seen[11], Seen::Unreadable(last.start as u64..end as u64, Some((first, None))));
        assert_eq!(seen.len(), 12);
    }
}

#[test]
fn a_batch_inside_of_a_payload_is_never_taken_for_one_of_the_file() {
    for inner_base in [BASE + 1, BASE + 11, BASE + 40, 0, BASE + 1_000_000] {
        let inner = [batch(inner_base, 2, Codec::None, b"inner"), b"and something after it".to_vec()].concat();
        let batches = (0..4).map(|i| (batch(BASE + 5 * i, 5, Codec::None, if i == 2 { &inner } else { b"v" }), 5));
        let segment = segment_of(batches);
        let (range, first, _) = segment.batches[2].clone();
        let with = |change: &dyn Fn(&mut [u8])| {
            let mut bytes = segment.bytes.clone();
            change(&mut bytes[range.clone()]);
            walk(&bytes)
        };
        assert_eq!(walk(&segment.bytes).len(), 4);
        let flipped = with(&|batch| *batch.last_mut().unwrap() ^= 1);
        assert_eq!(flipped, all_but(&segment, 2, Seen::Damaged(first)));
        for length in [0, 100, 1_000_000] {
            let seen = with(&|batch| batch[8..12].copy_from_slice(&i32::to_be_bytes(length)));
            assert_eq!(seen, all_but(&segment, 2, Seen::WrongLength(first)), "{inner_base} {length}");
        }
    }
}

#[test]
fn a_batch_inside_of_a_payload_whose_header_is_gone_is_told_by_its_offsets() {
    for inner_base in [BASE + 1, 0, BASE + 1_000_000] {
        let inner = [batch(inner_base, 2, Codec::None, b"inner"), b"and something after it".to_vec()].concat();
        let batches = (0..5).map(|i| (batch(BASE + 5 * i, 5, Codec::None, if i == 2 { &inner } else { b"v" }), 5));
        let segment = segment_of(batches);
        let range = segment.batches[2].0.clone();
        let mut bytes = segment.bytes.clone();
        bytes[range.start..range.start + 61].fill(0);
        let lost = Seen::Unreadable(range.start as u64..range.end as u64, Some((BASE + 10, Some(BASE + 14))));
        assert_eq!(walk(&bytes), all_but(&segment, 2, lost), "{inner_base}");
    }
}

#[test]
fn good_batches_between_damaged_ones_are_kept() {
    let segment = segment();
    let mut bytes = segment.bytes.clone();
    for index in [2, 4, 6] {
        let start = segment.batches[index].0.start;
        bytes[start..start + 61].fill(0xff);
    }
    let seen = walk(&bytes);
    for index in [1, 3, 5, 7] {
        assert_eq!(seen[index], Seen::Batch(segment.batches[index].1));
    }
    assert_eq!(seen.len(), 12);
}

#[test]
fn messages_of_magic_0_and_1_are_found_again_too() {
    for magic in [0, 1] {
        let message = |offset: i64| {
            let mut out = Vec::new();
            LegacyMessage {
                offset,
                magic,
                codec: Codec::None,
                timestamp_type: TimestampType::CreateTime,
                timestamp: 5,
                key: Some(b"key"),
                value: Some(b"some value"),
            }
            .write(&mut out)
            .unwrap();
            (out, 1)
        };
        let segment = segment_of((0..8).map(|i| message(BASE + i)));
        for length in [0i32, 14, 10_000] {
            let mut bytes = segment.bytes.clone();
            let start = segment.batches[3].0.start;
            bytes[start + 8..start + 12].copy_from_slice(&length.to_be_bytes());
            let seen = walk(&bytes);
            let want = all_but(&segment, 3, Seen::WrongLength(BASE + 3));
            assert_eq!(seen, want, "magic {magic} length {length}");
        }
    }
}

/// 1.8 MB of headers that look right and claim the rest of the file, none of which is a batch.
#[test]
fn a_file_full_of_false_headers_is_walked_in_time() {
    let header = &batch(BASE, 1, Codec::None, b"")[..61];
    let mut bytes: Vec<u8> = header.repeat(30_000);
    let len = bytes.len();
    for (i, header) in bytes.chunks_mut(61).enumerate() {
        header[8..12].copy_from_slice(&((len - i * 61 - 12) as i32 - 7).to_be_bytes());
    }
    let started = std::time::Instant::now();
    let seen = walk(&bytes);
    assert!(seen.iter().all(|seen| !matches!(seen, Seen::Batch(_))));
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

/// A file that counts what is read of it.
struct Counted<'b>(&'b [u8], Cell<u64>);

impl ReadAt for Counted<'_> {
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
        let read = self.0.read_at(buf, position)?;
        self.1.set(self.1.get() + read as u64);
        Ok(read)
    }
}

#[test]
fn a_walk_taken_up_behind_each_damage_reads_no_more_than_one_that_was_never_left() {
    let good = |i| batch(BASE + i, 1, Codec::None, &[7; 50_000]);
    let len = 100 * (21 * 61 + good(0).len());
    let mut bytes = Vec::new();
    for i in 0..100 {
        let good = good(i);
        bytes.extend_from_slice(&[0xff; 61]);
        // Headers that look right and claim half of what follows.
        for _ in 0..20 {
            let at = bytes.len();
            bytes.extend_from_slice(&good[..61]);
            bytes[at + 8..at + 12].copy_from_slice(&((len - at) as i32 / 2).to_be_bytes());
        }
        bytes.extend_from_slice(&good);
    }
    let read = |is_taken_up: bool| {
        let file = Counted(&bytes, Cell::new(0));
        let mut resync = Resync::new(&file, 0..len as u64, BASE..=i64::MAX, None);
        while resync.step().unwrap().is_some() {
            if is_taken_up {
                resync.resume(resync.position(), None);
            }
        }
        file.1.get()
    };
    assert!(read(true) <= read(false));
}

/// A file of which no read succeeds as long as it is told so.
struct Failing<'b>(&'b [u8], Cell<bool>);

impl ReadAt for Failing<'_> {
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
        if self.1.get() { Err(io::ErrorKind::TimedOut.into()) } else { self.0.read_at(buf, position) }
    }
}

#[test]
fn a_walk_whose_file_failed_once_does_not_take_zeros_for_the_file() {
    let segment = segment();
    let file = Failing(&segment.bytes, Cell::new(true));
    let mut resync = Resync::new(&file, 0..segment.bytes.len() as u64, BASE..=i64::MAX, None);
    assert!(resync.step().is_err());
    file.1.set(false);
    assert!(matches!(resync.step(), Ok(Some(Step::Batch(_)))));
}
