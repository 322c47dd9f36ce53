//! What may have the name of a file and is none.

use std::fmt;
use std::fs::FileType;
use std::io;

/// Something that is no regular file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Special {
    /// A directory.
    Directory,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// A device such as `/dev/zero`.
    CharacterDevice,
    /// A device such as a disk.
    BlockDevice,
    /// Something else.
    Other,
}

impl fmt::Display for Special {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Special::Directory => "a directory",
            Special::Fifo => "a FIFO",
            Special::Socket => "a socket",
            Special::CharacterDevice => "a character device",
            Special::BlockDevice => "a block device",
            Special::Other => "something else",
        })
    }
}

/// Something other than a regular file has the name of one. It was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotRegular {
    /// What it is.
    pub found: Special,
}

impl NotRegular {
    /// Refuses everything but a regular file.
    pub(super) fn check(kind: FileType) -> io::Result<()> {
        if kind.is_file() {
            return Ok(());
        }
        let kind_of_error = if kind.is_dir() { io::ErrorKind::IsADirectory } else { io::ErrorKind::InvalidInput };
        Err(io::Error::new(kind_of_error, NotRegular { found: special(kind) }))
    }

    /// What an error of [`Fs::open`](super::Fs::open) says of this, if it does.
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref::<NotRegular>().copied()
    }
}

#[cfg(unix)]
fn special(kind: FileType) -> Special {
    use std::os::unix::fs::FileTypeExt;
    match kind {
        _ if kind.is_dir() => Special::Directory,
        _ if kind.is_fifo() => Special::Fifo,
        _ if kind.is_socket() => Special::Socket,
        _ if kind.is_char_device() => Special::CharacterDevice,
        _ if kind.is_block_device() => Special::BlockDevice,
        _ => Special::Other,
    }
}

#[cfg(not(unix))]
fn special(kind: FileType) -> Special {
    if kind.is_dir() { Special::Directory } else { Special::Other }
}

impl fmt::Display for NotRegular {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected a regular file, found {}", self.found)
    }
}

impl std::error::Error for NotRegular {}
