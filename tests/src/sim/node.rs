//! A file or a directory: its live image, its durable image, and what lies between them.

use std::collections::BTreeMap;

/// Number of a node; nodes are never freed while the file system lives.
pub(super) type Id = usize;

pub(super) enum Node {
    File(FileNode),
    Dir(DirNode),
}

impl Node {
    /// Whether the lock on it is held.
    pub(super) fn locked(&mut self) -> &mut bool {
        match self {
            Node::File(file) => &mut file.locked,
            Node::Dir(dir) => &mut dir.locked,
        }
    }
}

/// Names of a directory. Changes of names are kept in one list for the whole file system (`State::pending`).
#[derive(Clone, Default)]
pub(super) struct DirNode {
    pub(super) live: BTreeMap<String, Id>,
    pub(super) durable: BTreeMap<String, Id>,
    /// The lock on it is held.
    pub(super) locked: bool,
}

/// A change of a file that no sync has made durable yet.
#[derive(Clone)]
pub(super) enum Change {
    Write { position: usize, bytes: Vec<u8> },
    SetLen(usize),
}

#[derive(Default)]
pub(super) struct FileNode {
    pub(super) live: Vec<u8>,
    pub(super) durable: Vec<u8>,
    pub(super) pending: Vec<Change>,
    pub(super) modified_ms: i64,
    /// The lock on it is held.
    pub(super) locked: bool,
    /// A sync of it has failed.
    pub(super) failed: bool,
}

impl FileNode {
    pub(super) fn write(&mut self, position: usize, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        put(&mut self.live, position, bytes);
        self.pending.push(Change::Write { position, bytes: bytes.to_vec() });
    }

    pub(super) fn set_len(&mut self, len: usize) {
        if len != self.live.len() {
            self.live.resize(len, 0);
            self.pending.push(Change::SetLen(len));
        }
    }

    pub(super) fn sync(&mut self) {
        for change in self.pending.drain(..) {
            match change {
                Change::Write { position, bytes } => put(&mut self.durable, position, &bytes),
                Change::SetLen(len) => self.durable.resize(len, 0),
            }
        }
    }

    pub(super) fn rot(&mut self, position: usize, mask: u8) {
        for image in [&mut self.live, &mut self.durable] {
            if let Some(byte) = image.get_mut(position) {
                *byte ^= mask;
            }
        }
    }
}

/// Writes into an image that grows as needed.
pub(super) fn put(image: &mut Vec<u8>, position: usize, bytes: &[u8]) {
    let end = position + bytes.len();
    if image.len() < end {
        image.resize(end, 0);
    }
    image[position..end].copy_from_slice(bytes);
}
