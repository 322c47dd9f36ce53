//! `Fs` for the simulated file system.

use std::io;
use std::path::Path;

use kafka_log::fs::{DirEntry, Fs, Metadata, OpenMode};

use super::node::{DirNode, FileNode, Node};
use super::state::{ROOT, Renaming};
use super::{SimFile, SimFs, SimLock};

impl Fs for SimFs {
    type File = SimFile;
    type Lock = SimLock;

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<SimFile> {
        let mut state = self.state();
        let found = state.find(path);
        let id = match (found, mode) {
            (Ok(_), OpenMode::CreateNew) => {
                state.change()?;
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            (Err(e), OpenMode::Create | OpenMode::CreateNew) if e.kind() == io::ErrorKind::NotFound => {
                state.change()?;
                let (dir, name) = state.find_parent(path)?;
                let modified_ms = state.now_ms;
                state.add(dir, name, Node::File(FileNode { modified_ms, ..FileNode::default() }))?
            }
            (found, _) => {
                state.read()?;
                let id = found?;
                state.file(id)?;
                id
            }
        };
        Ok(SimFile { fs: self.clone(), id, writable: mode != OpenMode::Read })
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        let mut state = self.state();
        state.read()?;
        let id = state.find(path)?;
        Ok(match &state.nodes[id] {
            Node::File(file) => Metadata { len: file.live.len() as u64, modified_ms: file.modified_ms, is_dir: false },
            Node::Dir(_) => Metadata { len: 0, modified_ms: 0, is_dir: true },
        })
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        let mut state = self.state();
        state.read()?;
        let dir = state.find(path)?;
        let names = state.dir(dir)?.live.iter();
        let mut found: Vec<_> = names
            .map(|(name, id)| DirEntry { name: name.clone(), is_dir: matches!(state.nodes[*id], Node::Dir(_)) })
            .collect();
        // No order is promised, so none is kept.
        for i in (1..found.len()).rev() {
            let other = state.random.below(i + 1);
            found.swap(i, other);
        }
        Ok(found)
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        let mut above: Vec<&Path> = path.ancestors().collect();
        above.reverse();
        for dir in above {
            match state.find(dir) {
                Ok(id) => state.dir(id).map(|_| ())?,
                Err(e) if e.kind() == io::ErrorKind::NotFound => {
                    state.change()?;
                    let (parent, name) = state.find_parent(dir)?;
                    state.add(parent, name, Node::Dir(DirNode::default()))?;
                }
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.change()?;
        let moved = state.find(from)?;
        let (from_dir, from_name) = state.find_parent(from)?;
        let (to_dir, to_name) = state.find_parent(to)?;
        if let Ok(replaced) = state.find(to) {
            match (&state.nodes[moved], &state.nodes[replaced]) {
                _ if moved == replaced => return Ok(()),
                (Node::File(_), Node::File(_)) => {}
                (Node::File(_), Node::Dir(_)) => return Err(io::ErrorKind::IsADirectory.into()),
                (Node::Dir(_), Node::File(_)) => return Err(io::ErrorKind::NotADirectory.into()),
                (Node::Dir(_), Node::Dir(dir)) if dir.live.is_empty() => {}
                (Node::Dir(_), Node::Dir(_)) => return Err(io::ErrorKind::DirectoryNotEmpty.into()),
            }
        }
        state.rename(from_dir, to_dir, Renaming::Rename { from: from_name.to_owned(), to: to_name.to_owned() })
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.change()?;
        let id = state.find(path)?;
        state.file(id)?;
        let (dir, name) = state.find_parent(path)?;
        state.rename(dir, dir, Renaming::Unlink { name: name.to_owned() })
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.change()?;
        let id = state.find(path)?;
        if id == ROOT || !state.dir(id)?.live.is_empty() {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        let (dir, name) = state.find_parent(path)?;
        state.rename(dir, dir, Renaming::Unlink { name: name.to_owned() })
    }

    fn set_modified(&self, path: &Path, modified_ms: i64) -> io::Result<()> {
        let mut state = self.state();
        state.change()?;
        state.file_at(path)?.modified_ms = modified_ms;
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        let dir = state.find(path)?;
        state.dir(dir)?;
        // A journal that cannot be written makes nothing durable and forgets nothing.
        state.change()?;
        state.sync_names(dir);
        Ok(())
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<SimLock>> {
        let file = self.open(path, OpenMode::Create)?;
        Ok(self.lock(file))
    }

    fn try_lock_dir(&self, path: &Path) -> io::Result<Option<SimLock>> {
        let mut state = self.state();
        state.read()?;
        let id = state.find(path)?;
        state.dir(id)?;
        drop(state);
        Ok(self.lock(SimFile { fs: self.clone(), id, writable: false }))
    }
}

impl SimFs {
    fn lock(&self, file: SimFile) -> Option<SimLock> {
        let was_locked = std::mem::replace(self.state().nodes[file.id].locked(), true);
        (!was_locked).then(|| SimLock(file))
    }
}
