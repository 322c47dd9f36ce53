//! A file on a failing disk: sectors that cannot be read count as zeros, and are remembered.

use std::io;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use crate::fs::ReadAt;

/// Bytes that are given up at once.
const SECTOR: u64 = 4096;

/// Reads a file over its unreadable sectors.
pub(super) struct Tolerant<'f, R: ?Sized> {
    file: &'f R,
    len: u64,
    unreadable: Mutex<Vec<(Range<u64>, io::Error)>>,
}

impl<'f, R: ReadAt + ?Sized> Tolerant<'f, R> {
    /// `len` is the length of the file.
    pub(super) fn new(file: &'f R, len: u64) -> Self {
        Tolerant { file, len, unreadable: Mutex::default() }
    }

    /// The stretches that could not be read, in file order, each with the first error.
    pub(super) fn unreadable(self) -> Vec<(Range<u64>, io::Error)> {
        let mut all = self.unreadable.into_inner().unwrap_or_else(PoisonError::into_inner);
        all.sort_by_key(|(bytes, _)| bytes.start);
        let mut merged: Vec<(Range<u64>, io::Error)> = Vec::new();
        for (bytes, error) in all {
            match merged.last_mut() {
                Some((last, _)) if bytes.start <= last.end => last.end = last.end.max(bytes.end),
                _ => merged.push((bytes, error)),
            }
        }
        merged
    }
}

impl<R: ReadAt + ?Sized> ReadAt for Tolerant<'_, R> {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        match self.file.read_at(buf, offset) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted && offset < self.len => {
                // Only the rest of one sector, so that readable sectors around it are read.
                let rest = (SECTOR - offset % SECTOR).min(buf.len() as u64).min(self.len - offset);
                let part = &mut buf[..rest as usize];
                match self.file.read_at(part, offset) {
                    Ok(got) => Ok(got),
                    Err(_) => {
                        part.fill(0);
                        let mut unreadable = self.unreadable.lock().unwrap_or_else(PoisonError::into_inner);
                        unreadable.push((offset..offset + rest, error));
                        Ok(rest as usize)
                    }
                }
            }
            read => read,
        }
    }
}
