//! Starts to write dirty pages of a file.
#![expect(unsafe_code, reason = "neither the standard library nor rustix has the call")]

use std::fs::File;
use std::os::fd::AsRawFd;

/// Starts to write what is dirty of `len` bytes from `position` on. What goes wrong shows with the next sync.
pub(super) fn start(file: &File, position: u64, len: u64) {
    let (Ok(position), Ok(len)) = (position.try_into(), len.try_into()) else { return };
    // SAFETY: the call takes numbers alone, and the descriptor is open as long as `file` is borrowed.
    let _ = unsafe { libc::sync_file_range(file.as_raw_fd(), position, len, libc::SYNC_FILE_RANGE_WRITE) };
}
