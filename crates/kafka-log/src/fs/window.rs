//! Writing to a file through memory.
#![cfg_attr(
    all(target_os = "linux", feature = "mmap"),
    expect(unsafe_code, reason = "a mapping is only as good as the promise that nobody shortens the file")
)]

use std::io;

/// A part of a file that is written to like memory; see [`FsFile::window`](super::FsFile::window).
pub trait FileWindow: Send + Sync + 'static {
    /// Whether all of these bytes lie in the window.
    fn covers(&self, position: u64, len: usize) -> bool;

    /// Writes all of `bytes` at `position` of the file; readers of the file see them at once.
    ///
    /// # Errors
    /// `InvalidInput` where they do not lie in the window; those of the medium where an implementation can tell.
    fn write_all_at(&mut self, bytes: &[u8], position: u64) -> io::Result<()>;
}

/// The window of files that have none.
#[derive(Clone, Copy, Debug)]
pub enum NoWindow {}

impl FileWindow for NoWindow {
    fn covers(&self, _: u64, _: usize) -> bool {
        match *self {}
    }

    fn write_all_at(&mut self, _: &[u8], _: u64) -> io::Result<()> {
        match *self {}
    }
}

#[cfg(all(target_os = "linux", feature = "mmap"))]
pub use mapped::MappedWindow;

#[cfg(all(target_os = "linux", feature = "mmap"))]
mod mapped {
    use std::fs::File;
    use std::io;

    use memmap2::{Advice, MmapMut, MmapOptions};
    use rustix::fs::FallocateFlags;

    use super::FileWindow;

    /// Windows begin at a multiple of this, whatever the size of a page is.
    const ALIGNMENT: u64 = 64 * 1024;

    /// A part of a file, shared and writable, its blocks allocated and its pages present.
    #[derive(Debug)]
    pub struct MappedWindow {
        map: MmapMut,
        start: u64,
    }

    impl MappedWindow {
        /// `None` where the system cannot do it for this file, be it for lack of space.
        pub(in crate::fs) fn of_engine(file: &File, from: u64, len: usize) -> io::Result<Option<Self>> {
            let start = from - from % ALIGNMENT;
            let len = len + (from - start) as usize;
            // With blocks behind every page, running out of space is an error here and no signal later.
            if rustix::fs::fallocate(file, FallocateFlags::empty(), start, len as u64).is_err() {
                return Ok(None);
            }
            // SAFETY: the engine alone changes the file and keeps the window away from every cut (`FsFile::window`), and the
            // lock on the directory keeps other brokers away.
            let map = unsafe { MmapOptions::new().offset(start).len(len).map_mut(file) };
            // A page that cannot be had is an error here and no signal later.
            let map = map.and_then(|map| map.advise(Advice::PopulateWrite).map(|()| map));
            Ok(map.ok().map(|map| MappedWindow { map, start }))
        }
    }

    impl FileWindow for MappedWindow {
        fn covers(&self, position: u64, len: usize) -> bool {
            position.checked_sub(self.start).is_some_and(|at| at + len as u64 <= self.map.len() as u64)
        }

        fn write_all_at(&mut self, bytes: &[u8], position: u64) -> io::Result<()> {
            let at = position.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
            let place = at.and_then(|at| self.map.get_mut(at..)?.get_mut(..bytes.len()));
            place.ok_or(io::ErrorKind::InvalidInput)?.copy_from_slice(bytes);
            Ok(())
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn nothing_is_written_that_is_not_in_a_window() {
            let mut window = MappedWindow { map: MmapMut::map_anon(100).expect("mapped"), start: 1000 };
            window.write_all_at(b"first", 1000).expect("written");
            window.write_all_at(b"last", 1096).expect("written");
            for position in [0, 995, 999, 1097, 1100, u64::MAX] {
                assert!(window.write_all_at(b"last", position).is_err(), "at {position}");
            }
            assert_eq!((&window.map[..5], &window.map[96..]), (b"first".as_slice(), b"last".as_slice()));
            assert!(window.map[5..96].iter().all(|&byte| byte == 0));
        }

        #[test]
        #[cfg_attr(miri, ignore = "maps a file")]
        fn what_goes_through_a_window_is_in_the_file() {
            let file =
                rustix::fs::memfd_create("window", rustix::fs::MemfdFlags::CLOEXEC).map(File::from).expect("a file");
            std::os::unix::fs::FileExt::write_all_at(&file, b"before", 65_533).expect("written");
            let Some(mut window) = MappedWindow::of_engine(&file, 65_539, 100).expect("mapped") else {
                panic!("no window on this file system")
            };
            assert!(window.covers(65_539, 100) && !window.covers(65_539, 101) && !window.covers(65_535, 1));
            window.write_all_at(b"behind", 65_539).expect("written");
            assert!(window.write_all_at(b"x", 65_639).is_err());
            assert!(window.write_all_at(b"x", 0).is_err());
            let mut found = [0; 14];
            std::os::unix::fs::FileExt::read_exact_at(&file, &mut found, 65_533).expect("read");
            assert_eq!(&found, b"beforebehind\0\0");
            assert_eq!(file.metadata().expect("length").len(), 65_639);
        }
    }
}
