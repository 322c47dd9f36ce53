//! The batches of a file by their headers alone: which of them come after a position, and where offsets are.

use std::io;

use super::batch::RawBatch;
use crate::format::FormatError;
use crate::format::batch::{
    BatchHeader, BatchOverhead, HEADER_SIZE_UP_TO_MAGIC, LOG_OVERHEAD, MAGIC, NO_TIMESTAMP, RECORD_BATCH_OVERHEAD,
};
use crate::format::legacy;
use crate::fs::ReadAt;

/// Bytes of the file that share a note of the chain.
const BLOCK: u64 = 64 * 1024;

/// Length of a batch from which on its neighbours' headers are read one by one.
const LONG_BATCH: u64 = 4096;

/// Bytes read at once where batches are short.
const READ_AHEAD: usize = 64 * 1024;

/// A batch as its header tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchPlace {
    /// Position of its first byte.
    pub position: u64,
    /// Size in bytes.
    pub size: u64,
    /// Last offset, or why it cannot be told: a header that runs past the end of the file.
    pub last_offset: Result<i64, FormatError>,
}

/// Reads headers of batches; forward in small steps it reads each byte at most once.
pub struct HeaderReader<'f, R: ?Sized> {
    file: &'f R,
    /// Length of the file when it was opened.
    len: u64,
    buf: Vec<u8>,
    start: u64,
    read_ahead: usize,
}

/// Why no batch follows; as in [`super::scan::ScanEnd`].
#[derive(Debug)]
pub enum NoBatch {
    /// Not enough bytes are left.
    End,
    /// The length is impossible; the position is that of the file.
    Corrupt(FormatError),
    /// The disk failed.
    Io(io::Error),
}

impl<'f, R: ReadAt + ?Sized> HeaderReader<'f, R> {
    /// Reads the headers of a file that is `len` bytes long.
    pub fn new(file: &'f R, len: u64) -> Self {
        HeaderReader { file, len, buf: Vec::new(), start: 0, read_ahead: RECORD_BATCH_OVERHEAD }
    }

    /// The batch at `position`, if Kafka's file reader would find one there before `end`.
    ///
    /// # Errors
    /// Why there is none.
    pub fn batch_at(&mut self, position: u64, end: u64) -> Result<BatchPlace, NoBatch> {
        if position.saturating_add(HEADER_SIZE_UP_TO_MAGIC as u64) >= end {
            return Err(NoBatch::End);
        }
        self.read(position).map_err(NoBatch::Io)?;
        let bytes = self.buf.get((position - self.start) as usize..).unwrap_or_default();
        let Some(overhead) = bytes.first_chunk() else { return Err(NoBatch::Io(io::ErrorKind::UnexpectedEof.into())) };
        let overhead = BatchOverhead::parse(overhead).map_err(|e| NoBatch::Corrupt(e.shifted(position)))?;
        let size = overhead.size() as u64;
        self.read_ahead = if size > LONG_BATCH { RECORD_BATCH_OVERHEAD } else { READ_AHEAD };
        if position + size > end {
            return Err(NoBatch::End);
        }
        let last_offset = if overhead.magic > 1 {
            BatchHeader::split_first(bytes).map(|(header, _)| header.last_offset()).map_err(|e| e.shifted(position))
        } else {
            Ok(overhead.offset)
        };
        Ok(BatchPlace { position, size, last_offset })
    }

    /// Header of the batch at `position`, which [`HeaderReader::batch_at`] has just found; `None` for magic 0 and 1.
    pub fn header_at(&self, position: u64) -> Option<BatchHeader<'_>> {
        let bytes = self.buf.get((position - self.start) as usize..)?;
        let (header, _) = BatchHeader::split_first(bytes).ok()?;
        (header.magic() > 1).then_some(header)
    }

    /// Largest timestamp in ms of the batch at `position`, which [`HeaderReader::batch_at`] has just found; -1 none.
    pub(crate) fn max_timestamp_at(&self, position: u64) -> i64 {
        if let Some(header) = self.header_at(position) {
            return header.max_timestamp();
        }
        let bytes = self.buf.get((position - self.start) as usize..).unwrap_or_default();
        match bytes.get(MAGIC) {
            Some(1) => bytes
                .get(LOG_OVERHEAD + legacy::TIMESTAMP..)
                .and_then(|at| at.first_chunk())
                .map_or(NO_TIMESTAMP, |bytes| i64::from_be_bytes(*bytes)),
            _ => NO_TIMESTAMP,
        }
    }

    /// Makes the 61 bytes at `position` available, as far as the file goes.
    fn read(&mut self, position: u64) -> io::Result<()> {
        let have = self.start..self.start + self.buf.len() as u64;
        let need = position + (RECORD_BATCH_OVERHEAD as u64).min(self.len - position.min(self.len));
        if !have.contains(&position) || need > have.end {
            self.buf.resize(self.read_ahead, 0);
            let read = self.file.read_full_at(&mut self.buf, position);
            // What was not read does not stay as if it had been.
            self.buf.truncate(*read.as_ref().unwrap_or(&0));
            self.start = position;
            read?;
        }
        Ok(())
    }

    /// The bytes of a batch, read into `bytes`.
    ///
    /// # Errors
    /// I/O errors; `UnexpectedEof` where the file became shorter.
    pub fn read_batch<'b>(&self, place: &BatchPlace, bytes: &'b mut Vec<u8>) -> io::Result<RawBatch<'b>> {
        bytes.resize(usize::try_from(place.size).map_err(|_| io::ErrorKind::OutOfMemory)?, 0);
        let got = self.file.read_full_at(bytes, place.position)?;
        let whole = RawBatch::split_first(&bytes[..got], place.position).ok().flatten();
        whole.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

/// What is known of the batches that one finds from the start of a file on, hopping from length to length.
///
/// Notes are kept for each 64 KiB, so its size is a thousandth of the file's.
pub struct Chain {
    /// For each block of the file, the position of the first batch that starts in it.
    firsts: Vec<Option<u64>>,
    /// Largest last offset of the batches that start in each block, as the leaves of a tree of maxima.
    maxima: Vec<i64>,
    /// Position after the last batch.
    pub end: u64,
    /// What is wrong with the length of the batch that would follow, if there is one.
    pub corrupt: Option<FormatError>,
}

impl Chain {
    /// Walks through the whole file after `reader`.
    ///
    /// # Errors
    /// I/O errors.
    pub fn walk<R: ReadAt + ?Sized>(reader: &mut HeaderReader<'_, R>) -> io::Result<Self> {
        let blocks = usize::try_from(reader.len.div_ceil(BLOCK)).map_err(|_| io::ErrorKind::OutOfMemory)?.max(1);
        let leaves = blocks.next_power_of_two();
        let mut chain = Chain { firsts: vec![None; blocks], maxima: vec![i64::MIN; 2 * leaves], end: 0, corrupt: None };
        loop {
            match reader.batch_at(chain.end, reader.len) {
                Ok(place) => {
                    let block = (place.position / BLOCK) as usize;
                    chain.firsts[block].get_or_insert(place.position);
                    let max = &mut chain.maxima[leaves + block];
                    // A batch that nothing can be told about must not be skipped by a search.
                    *max = (*max).max(place.last_offset.unwrap_or(i64::MAX));
                    chain.end = place.position + place.size;
                }
                Err(NoBatch::End) => break,
                Err(NoBatch::Corrupt(error)) => {
                    chain.corrupt = Some(error);
                    break;
                }
                Err(NoBatch::Io(error)) => return Err(error),
            }
        }
        for node in (1..leaves).rev() {
            chain.maxima[node] = chain.maxima[2 * node].max(chain.maxima[2 * node + 1]);
        }
        Ok(chain)
    }

    /// The first position not before `position` at which a batch of the chain starts, or the end of the chain.
    ///
    /// # Errors
    /// I/O errors.
    pub fn first_at_or_after<R: ReadAt + ?Sized>(
        &self,
        reader: &mut HeaderReader<'_, R>,
        position: u64,
    ) -> io::Result<u64> {
        let Some(block) = usize::try_from(position / BLOCK).ok().filter(|b| *b < self.firsts.len()) else {
            return Ok(self.end);
        };
        // Blocks inside a long batch have no note; the batch before them ends after them.
        let behind = self.firsts[block..].iter().copied().flatten().next().unwrap_or(self.end);
        if behind >= position {
            return Ok(behind);
        }
        let mut at = behind;
        while at < position {
            match reader.batch_at(at, reader.len) {
                Ok(place) => at += place.size,
                Err(NoBatch::Io(error)) => return Err(error),
                Err(_) => return Ok(self.end),
            }
        }
        Ok(at)
    }

    /// The first batch from `start` on, a position on the chain, whose last offset is `target` or above.
    ///
    /// # Errors
    /// I/O errors.
    pub fn find<R: ReadAt + ?Sized>(
        &self,
        reader: &mut HeaderReader<'_, R>,
        start: u64,
        target: i64,
    ) -> io::Result<Option<BatchPlace>> {
        let mut at = start;
        while at < self.end {
            let block = (at / BLOCK) as usize;
            // Through the rest of this block, then on to the next block that has such a batch.
            while at < self.end && (at / BLOCK) as usize == block {
                match reader.batch_at(at, reader.len) {
                    Ok(place) if place.last_offset.is_ok_and(|last| last < target) => at += place.size,
                    Ok(place) => return Ok(Some(place)),
                    Err(NoBatch::Io(error)) => return Err(error),
                    Err(_) => return Ok(None),
                }
            }
            let Some(next) = self.next_block(block + 1, target) else { return Ok(None) };
            let Some(first) = self.firsts[next] else { return Ok(None) };
            at = first.max(at);
        }
        Ok(None)
    }

    /// The first block from `block` on that holds a batch with a last offset of `target` or above.
    fn next_block(&self, block: usize, target: i64) -> Option<usize> {
        let leaves = self.maxima.len() / 2;
        if block >= self.firsts.len() {
            return None;
        }
        let mut node = leaves + block;
        while self.maxima[node] < target || self.maxima[node] == i64::MIN {
            // To the next subtree on the right; after the last one there is none.
            if (node + 1).is_power_of_two() {
                return None;
            }
            node += 1;
            node >>= node.trailing_zeros();
        }
        while node < leaves {
            node *= 2;
            if self.maxima[node] < target || self.maxima[node] == i64::MIN {
                node += 1;
            }
        }
        Some(node - leaves)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A file of batches of magic 0 with these offsets and sizes.
    fn file_of(batches: &[(i64, usize)]) -> Vec<u8> {
        let mut file = Vec::new();
        for &(offset, size) in batches {
            let at = file.len();
            file.resize(at + size, 0);
            file[at..at + 8].copy_from_slice(&offset.to_be_bytes());
            file[at + 8..at + 12].copy_from_slice(&(size as i32 - 12).to_be_bytes());
        }
        file
    }

    fn batches(seed: u64, count: u64) -> Vec<(i64, usize)> {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut next = |n: u64| random.u64(..n);
        (0..count)
            .map(|i| {
                let size = if next(50) == 0 { 26 + next(200_000) } else { 26 + next(3_000) };
                (i as i64 * 10 + next(40) as i64, size as usize)
            })
            .collect()
    }

    #[test]
    fn a_search_finds_what_a_scan_of_all_batches_finds() {
        for seed in 0..20 {
            let batches = batches(seed, 400);
            let file = file_of(&batches);
            let mut reader = HeaderReader::new(&file[..], file.len() as u64);
            let chain = Chain::walk(&mut reader).unwrap();
            assert_eq!((chain.end, chain.corrupt), (file.len() as u64, None));
            let mut position = 0;
            for (i, &(_, size)) in batches.iter().enumerate() {
                for target in [-5, i as i64 * 10 - 300, i as i64 * 10 + 5, i as i64 * 10 + 2_000, 1_000_000] {
                    let expected = batches[i..].iter().find(|b| b.0 >= target).map(|b| b.0);
                    let found = chain.find(&mut reader, position, target).unwrap();
                    assert_eq!(
                        found.map(|p| p.last_offset.unwrap()),
                        expected,
                        "seed {seed} batch {i} target {target}"
                    );
                }
                let behind = position + size as u64;
                assert_eq!(chain.first_at_or_after(&mut reader, position).unwrap(), position);
                assert_eq!(chain.first_at_or_after(&mut reader, position + 1).unwrap(), behind);
                assert_eq!(chain.first_at_or_after(&mut reader, behind - 1).unwrap(), behind);
                position = behind;
            }
            assert_eq!(chain.find(&mut reader, chain.end, -5).unwrap(), None);
        }
    }

    /// A file whose second read fails.
    struct Flaky(Vec<u8>, Cell<u32>);

    impl ReadAt for Flaky {
        fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
            self.1.set(self.1.get() + 1);
            if self.1.get() == 2 { Err(io::ErrorKind::TimedOut.into()) } else { self.0[..].read_at(buf, position) }
        }
    }

    #[test]
    fn a_reader_whose_file_failed_once_does_not_take_zeros_for_the_file() {
        let file = Flaky(file_of(&[(0, 200), (1, 200)]), Cell::new(0));
        let mut reader = HeaderReader::new(&file, 400);
        assert_eq!(reader.batch_at(0, 400).unwrap().size, 200);
        assert!(matches!(reader.batch_at(200, 400), Err(NoBatch::Io(_))));
        assert_eq!(reader.batch_at(200, 400).unwrap().size, 200);
        assert_eq!(reader.batch_at(0, 400).unwrap().last_offset, Ok(0));
    }

    #[test]
    fn an_impossible_length_ends_the_chain_with_its_place() {
        let mut file = file_of(&[(0, 100), (1, 100), (2, 100)]);
        file[208..212].copy_from_slice(&13i32.to_be_bytes());
        let mut reader = HeaderReader::new(&file[..], file.len() as u64);
        let chain = Chain::walk(&mut reader).unwrap();
        assert_eq!(chain.end, 200);
        assert_eq!(chain.corrupt.unwrap().at, 208);
    }
}
