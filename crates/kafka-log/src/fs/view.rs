//! Reading from a file through memory.
#![cfg_attr(
    feature = "mmap",
    expect(unsafe_code, reason = "a mapping is only as good as the promise that nobody shortens the file")
)]

use std::io;

use super::ReadAt;

/// The view of files that have none.
#[derive(Clone, Copy, Debug)]
pub enum NoView {}

impl ReadAt for NoView {
    fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<usize> {
        match *self {}
    }
}

#[cfg(feature = "mmap")]
pub use mapped::MappedView;

#[cfg(feature = "mmap")]
mod mapped {
    use std::fs::File;
    use std::io;

    use memmap2::{MmapOptions, MmapRaw};

    use crate::fs::ReadAt;

    /// A file mapped to be read from, beyond its present end if it may grow; see [`FsFile::view`](crate::fs::FsFile::view).
    #[derive(Debug)]
    pub struct MappedView {
        map: MmapRaw,
    }

    impl MappedView {
        /// `None` where the system has no room for it.
        pub(in crate::fs) fn of_engine(file: &File, len: usize) -> Option<Self> {
            MmapOptions::new().len(len).map_raw_read_only(file).ok().map(|map| MappedView { map })
        }
    }

    impl ReadAt for MappedView {
        fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
            let left = (self.map.len() as u64).saturating_sub(position);
            let n = buf.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            if n > 0 {
                // SAFETY: the bytes lie within the mapping, and whoever reads keeps to bytes that are written and stay as they are, in a
                // file that is not cut below them meanwhile (`FsFile::view`).
                unsafe { self.map.as_ptr().add(position as usize).copy_to_nonoverlapping(buf.as_mut_ptr(), n) };
            }
            Ok(n)
        }
    }

    #[cfg(test)]
    mod tests {
        use std::io::Write;

        use memmap2::MmapMut;

        use super::*;

        #[test]
        fn nothing_is_read_that_is_not_in_a_view() -> io::Result<()> {
            let mut map = MmapMut::map_anon(100)?;
            map[97..].copy_from_slice(b"end");
            let view = MappedView { map: map.into() };
            for (position, expected) in [(97, b"end".as_slice()), (99, b"d"), (100, b""), (101, b""), (u64::MAX, b"")] {
                let mut buf = *b"untouched";
                let got = view.read_at(&mut buf, position)?;
                assert_eq!(&buf[..got], expected, "from {position} on");
                assert_eq!(&buf[got..], &b"untouched"[got..], "behind what was read from {position} on");
            }
            assert_eq!(view.read_at(&mut [], 5)?, 0);
            Ok(())
        }

        #[test]
        #[cfg_attr(miri, ignore = "maps a file")]
        fn a_view_shows_what_the_file_has_and_what_it_gets() -> io::Result<()> {
            let path = std::env::temp_dir().join(format!("kafka-log-view-{}", std::process::id()));
            let mut file = File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
            std::fs::remove_file(&path)?;
            file.write_all(b"before")?;
            let view = MappedView::of_engine(&file, 100).ok_or(io::ErrorKind::Unsupported)?;
            let mut buf = [0; 6];
            assert_eq!((view.read_at(&mut buf, 0)?, &buf), (6, b"before"));
            file.write_all(b"behind")?;
            assert_eq!((view.read_at(&mut buf, 6)?, &buf), (6, b"behind"));
            assert_eq!(view.read_at(&mut buf, 97)?, 3);
            assert_eq!((view.read_at(&mut buf, 100)?, view.read_at(&mut buf, u64::MAX)?), (0, 0));
            Ok(())
        }
    }
}
