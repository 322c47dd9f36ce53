//! The new content of a file: ranges of existing files, and new bytes between them.

use std::ops::Range;
use std::path::PathBuf;

/// What becomes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its name in the directory.
    pub name: String,
    /// Its new content; `None` where it is removed.
    pub content: Option<Content>,
    /// Why, for people.
    pub why: String,
}

/// A stretch of a new file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes of a file that is there, as they are.
    Copy {
        /// The file.
        from: PathBuf,
        /// Which of its bytes.
        bytes: Range<u64>,
    },
    /// Bytes that no file has.
    Bytes(Vec<u8>),
}

impl Piece {
    /// Length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Piece::Copy { bytes, .. } => bytes.end - bytes.start,
            Piece::Bytes(bytes) => bytes.len() as u64,
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The content of a new file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// Its stretches, in order.
    pub pieces: Vec<Piece>,
    /// Modification time of the new file, in ms since 1970; `None` for the current time. Retention by time uses it.
    pub modified_ms: Option<i64>,
}

impl Content {
    /// Bytes and nothing else.
    pub fn of(bytes: Vec<u8>) -> Self {
        Content { pieces: vec![Piece::Bytes(bytes)], modified_ms: None }
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.pieces.iter().map(Piece::len).sum()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends a stretch; one that goes on where the last ends becomes part of it.
    pub fn push(&mut self, piece: Piece) {
        if piece.is_empty() {
            return;
        }
        if let (Some(Piece::Copy { from, bytes }), Piece::Copy { from: next, bytes: next_bytes }) =
            (self.pieces.last_mut(), &piece)
            && from == next
            && bytes.end == next_bytes.start
        {
            bytes.end = next_bytes.end;
            return;
        }
        self.pieces.push(piece);
    }
}
