//! All that the handles share: nodes, the names not yet durable, counters and faults to come.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path};

use super::node::{DirNode, FileNode, Id, Node};
use crate::Random;

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The disk answers with an error, this once.
    Eio,
    /// The disk is full, this once.
    Enospc,
    /// This call and all later ones fail.
    PowerOff,
}

/// A change of names that no sync of its directory has made durable yet.
#[derive(Clone)]
pub(super) struct NameChange {
    pub(super) dir: Id,
    pub(super) change: Renaming,
    /// The other directory of a rename between two.
    pub(super) to_dir: Id,
}

#[derive(Clone)]
pub(super) enum Renaming {
    Link { name: String, node: Id },
    Unlink { name: String },
    Rename { from: String, to: String },
}

pub(super) const ROOT: Id = 0;

pub(super) struct State {
    pub(super) nodes: Vec<Node>,
    pub(super) pending: Vec<NameChange>,
    pub(super) now_ms: i64,
    pub(super) random: Random,
    pub(super) short_reads: bool,
    pub(super) changes: u64,
    pub(super) reads: u64,
    pub(super) change_fault: Option<(u64, Fault)>,
    pub(super) read_fault: Option<(u64, Fault)>,
    pub(super) power_off: bool,
    pub(super) sync_failed: bool,
    pub(super) faults: u64,
    pub(super) complaints: Vec<String>,
}

impl State {
    pub(super) fn new(seed: u64) -> Self {
        State {
            nodes: vec![Node::Dir(DirNode::default())],
            pending: Vec::new(),
            now_ms: 0,
            random: Random::new(seed),
            short_reads: false,
            changes: 0,
            reads: 0,
            change_fault: None,
            read_fault: None,
            power_off: false,
            sync_failed: false,
            faults: 0,
            complaints: Vec::new(),
        }
    }

    /// Counts a changing call; the error it fails with, if it is to fail.
    pub(super) fn change(&mut self) -> io::Result<()> {
        self.changes += 1;
        let call = self.changes;
        let due = self.change_fault.take_if(|(at, _)| *at == call);
        self.fail(due)
    }

    /// Counts a reading call; the error it fails with, if it is to fail.
    pub(super) fn read(&mut self) -> io::Result<()> {
        self.reads += 1;
        let call = self.reads;
        let due = self.read_fault.take_if(|(at, _)| *at == call);
        self.fail(due)
    }

    fn fail(&mut self, due: Option<(u64, Fault)>) -> io::Result<()> {
        if self.power_off {
            return Err(io::Error::other("simulated: the power is off"));
        }
        let Some((call, fault)) = due else { return Ok(()) };
        self.faults += 1;
        Err(match fault {
            Fault::Eio => io::Error::other(format!("simulated: call {call} fails")),
            Fault::Enospc => io::Error::new(io::ErrorKind::StorageFull, format!("simulated: full at call {call}")),
            Fault::PowerOff => {
                self.power_off = true;
                io::Error::other(format!("simulated: the power goes off at call {call}"))
            }
        })
    }

    pub(super) fn find(&self, path: &Path) -> io::Result<Id> {
        let mut at = ROOT;
        for component in path.components() {
            let Component::Normal(name) = component else { continue };
            let name = name.to_str().ok_or(io::ErrorKind::InvalidInput)?;
            at = *self.dir(at)?.live.get(name).ok_or(io::ErrorKind::NotFound)?;
        }
        Ok(at)
    }

    /// The directory that a path is in, and its name there.
    pub(super) fn find_parent<'a>(&self, path: &'a Path) -> io::Result<(Id, &'a str)> {
        let name = path.file_name().and_then(|name| name.to_str()).ok_or(io::ErrorKind::InvalidInput)?;
        let dir = self.find(path.parent().unwrap_or(Path::new("")))?;
        self.dir(dir)?;
        Ok((dir, name))
    }

    pub(super) fn dir(&self, id: Id) -> io::Result<&DirNode> {
        match &self.nodes[id] {
            Node::Dir(dir) => Ok(dir),
            Node::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    pub(super) fn file(&self, id: Id) -> io::Result<&FileNode> {
        match &self.nodes[id] {
            Node::File(file) => Ok(file),
            Node::Dir(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    pub(super) fn file_mut(&mut self, id: Id) -> io::Result<&mut FileNode> {
        match &mut self.nodes[id] {
            Node::File(file) => Ok(file),
            Node::Dir(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    pub(super) fn file_at(&mut self, path: &Path) -> io::Result<&mut FileNode> {
        let id = self.find(path)?;
        self.file_mut(id)
    }

    pub(super) fn add(&mut self, dir: Id, name: &str, node: Node) -> io::Result<Id> {
        let id = self.nodes.len();
        self.nodes.push(node);
        self.rename(dir, dir, Renaming::Link { name: name.to_owned(), node: id })?;
        Ok(id)
    }

    /// Changes names in the live image, and notes that they are not durable.
    pub(super) fn rename(&mut self, dir: Id, to_dir: Id, change: Renaming) -> io::Result<()> {
        apply(&mut self.nodes, dir, to_dir, &change, |dir| &mut dir.live);
        self.pending.push(NameChange { dir, change, to_dir });
        Ok(())
    }

    /// Makes the names in a directory durable.
    pub(super) fn sync_names(&mut self, dir: Id) {
        let pending = std::mem::take(&mut self.pending);
        for change in pending {
            if change.dir == dir || change.to_dir == dir {
                apply(&mut self.nodes, change.dir, change.to_dir, &change.change, |dir| &mut dir.durable);
            } else {
                self.pending.push(change);
            }
        }
    }
}

/// Applies a change of names to one of the two images.
pub(super) fn apply(
    nodes: &mut [Node],
    dir: Id,
    to_dir: Id,
    change: &Renaming,
    image: impl Fn(&mut DirNode) -> &mut BTreeMap<String, Id>,
) {
    let mut names = |id: Id, work: &mut dyn FnMut(&mut BTreeMap<String, Id>)| {
        if let Node::Dir(dir) = &mut nodes[id] {
            work(image(dir));
        }
    };
    match change {
        Renaming::Link { name, node } => names(dir, &mut |names| {
            names.insert(name.clone(), *node);
        }),
        Renaming::Unlink { name } => names(dir, &mut |names| {
            names.remove(name);
        }),
        Renaming::Rename { from, to } => {
            let mut moved = None;
            names(dir, &mut |names| moved = names.remove(from));
            let Some(moved) = moved else { return };
            names(to_dir, &mut |names| {
                names.insert(to.clone(), moved);
            });
        }
    }
}
