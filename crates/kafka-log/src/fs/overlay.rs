//! A file system that reads another one and keeps every change to itself: what an operation would do, without doing it.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::{Bound, Range};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{DirEntry, Fs, FsFile, Metadata, OpenMode, ReadAt};

/// Bytes that are copied together when one of them is written.
const PAGE: u64 = 4096;

/// Another file system with changes on top of it, which live in memory and die with it.
///
/// The file system below is only ever read. Clones share their changes. Bytes that are written cost memory, a page of
/// 4 KiB at a time; what is cut off or let grow with zeros costs none.
///
/// ```
/// use std::path::Path;
///
/// use kafka_log::fs::overlay::OverlayFs;
/// use kafka_log::fs::{Fs, FsFile, OpenMode, OsFs, exists};
///
/// let fs = OverlayFs::new(OsFs);
/// fs.open(Path::new("new"), OpenMode::CreateNew)?.write_all_at(b"words", 0)?;
/// assert!(exists(&fs, Path::new("new"))? && !exists(&OsFs, Path::new("new"))?);
/// assert_eq!(fs.changes()[0].after, Some(5));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct OverlayFs<B: Fs> {
    below: B,
    nodes: Arc<Mutex<Nodes>>,
}

type Nodes = BTreeMap<PathBuf, Node>;

impl<B: Fs> Clone for OverlayFs<B> {
    fn clone(&self) -> Self {
        OverlayFs { below: self.below.clone(), nodes: Arc::clone(&self.nodes) }
    }
}

/// What stands for a path instead of what is below.
#[derive(Debug)]
enum Node {
    File(Arc<Mutex<Content>>),
    /// A directory; whether the one below shows through.
    Dir {
        is_opaque: bool,
    },
    Removed,
}

/// A path whose file is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The path.
    pub path: PathBuf,
    /// Length in bytes before; `None` where there was no file.
    pub before: Option<u64>,
    /// Length in bytes after; `None` where there is no file any more.
    pub after: Option<u64>,
    /// Where the file was before, if it was renamed, whatever was done to it since.
    pub renamed_from: Option<PathBuf>,
    /// Whether bytes were written or cut.
    pub is_written: bool,
}

/// A file of an [`OverlayFs`].
#[derive(Debug)]
pub struct OverlayFile<F> {
    content: Arc<Mutex<Content>>,
    /// The file below. Open as long as this one is, so that files that were looked at once hold nothing open.
    below: Option<F>,
}

/// The bytes of a file: those below, as far as they count, and pages in front of them.
#[derive(Debug)]
struct Content {
    /// Path of the file below.
    origin: Option<PathBuf>,
    /// Bytes of the file below that still count.
    below_len: u64,
    len: u64,
    pages: HashMap<u64, Box<[u8]>>,
    modified_ms: i64,
    is_written: bool,
}

impl<B: Fs> OverlayFs<B> {
    /// No changes yet on top of `below`.
    pub fn new(below: B) -> Self {
        OverlayFs { below, nodes: Arc::default() }
    }

    /// Every file that is not what it was, in the order of the paths.
    pub fn changes(&self) -> Vec<Change> {
        let nodes = self.lock();
        let before = |path: &Path| self.below.metadata(path).ok().filter(|found| !found.is_dir).map(|found| found.len);
        let changes = nodes.iter().filter_map(|(path, node)| {
            let before = before(path);
            let change = match node {
                Node::File(content) => {
                    let content = lock(content);
                    let renamed_from = content.origin.clone().filter(|origin| origin != path);
                    let is_written = content.is_written;
                    Change { path: path.clone(), before, after: Some(content.len), renamed_from, is_written }
                }
                Node::Dir { .. } => return None,
                Node::Removed => {
                    Change { path: path.clone(), before, after: None, renamed_from: None, is_written: false }
                }
            };
            let is_change = change.is_written || change.renamed_from.is_some() || change.before != change.after;
            is_change.then_some(change)
        });
        changes.collect()
    }

    fn lock(&self) -> MutexGuard<'_, Nodes> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether something above `path` keeps what is below from showing through.
    fn is_hidden(nodes: &Nodes, path: &Path) -> bool {
        path.ancestors().skip(1).any(|above| {
            matches!(nodes.get(above), Some(Node::Removed | Node::Dir { is_opaque: true } | Node::File(_)))
        })
    }

    /// The file at `path`, taken into the overlay if it is below.
    fn file(&self, nodes: &mut Nodes, path: &Path) -> io::Result<Arc<Mutex<Content>>> {
        match nodes.get(path) {
            Some(Node::File(content)) => return Ok(Arc::clone(content)),
            Some(Node::Removed) => return Err(io::ErrorKind::NotFound.into()),
            Some(Node::Dir { .. }) => return Err(io::ErrorKind::IsADirectory.into()),
            None if Self::is_hidden(nodes, path) => return Err(io::ErrorKind::NotFound.into()),
            None => {}
        }
        let found = self.below.metadata(path)?;
        if found.is_dir {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let content = Content {
            origin: Some(path.to_owned()),
            below_len: found.len,
            len: found.len,
            pages: HashMap::new(),
            modified_ms: found.modified_ms,
            is_written: false,
        };
        let content = Arc::new(Mutex::new(content));
        nodes.insert(path.to_owned(), Node::File(Arc::clone(&content)));
        Ok(content)
    }

    fn metadata_in(&self, nodes: &Nodes, path: &Path) -> io::Result<Metadata> {
        match nodes.get(path) {
            Some(Node::File(content)) => {
                let content = lock(content);
                Ok(Metadata { len: content.len, modified_ms: content.modified_ms, is_dir: false })
            }
            Some(Node::Dir { .. }) => Ok(Metadata { len: 0, modified_ms: 0, is_dir: true }),
            Some(Node::Removed) => Err(io::ErrorKind::NotFound.into()),
            None if Self::is_hidden(nodes, path) => Err(io::ErrorKind::NotFound.into()),
            None => self.below.metadata(path),
        }
    }

    fn entries(&self, nodes: &Nodes, dir: &Path) -> io::Result<Vec<DirEntry>> {
        if !self.metadata_in(nodes, dir)?.is_dir {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let shows_below =
            !Self::is_hidden(nodes, dir) && !matches!(nodes.get(dir), Some(Node::Dir { is_opaque: true }));
        let mut entries: BTreeMap<String, bool> = BTreeMap::new();
        if shows_below {
            match self.below.read_dir(dir) {
                Ok(below) => entries.extend(below.into_iter().map(|entry| (entry.name, entry.is_dir))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        for (path, node) in within(nodes, dir).filter(|(path, _)| path.parent() == Some(dir)) {
            let Some(name) = path.file_name().map(|name| name.to_string_lossy().into_owned()) else { continue };
            match node {
                Node::Removed => drop(entries.remove(&name)),
                Node::File(_) => drop(entries.insert(name, false)),
                Node::Dir { .. } => drop(entries.insert(name, true)),
            }
        }
        Ok(entries.into_iter().map(|(name, is_dir)| DirEntry { name, is_dir }).collect())
    }

    /// Moves what is at `from`, with all that is in it.
    fn move_to(&self, nodes: &mut Nodes, from: &Path, to: &Path) -> io::Result<()> {
        if self.metadata_in(nodes, from)?.is_dir {
            for entry in self.entries(nodes, from)? {
                self.move_to(nodes, &from.join(&entry.name), &to.join(&entry.name))?;
            }
            nodes.insert(to.to_owned(), Node::Dir { is_opaque: true });
        } else {
            let content = self.file(nodes, from)?;
            nodes.insert(to.to_owned(), Node::File(content));
        }
        nodes.insert(from.to_owned(), Node::Removed);
        Ok(())
    }
}

/// What the overlay has below a directory.
fn within<'n>(nodes: &'n Nodes, dir: &'n Path) -> impl Iterator<Item = (&'n PathBuf, &'n Node)> {
    nodes.range::<Path, _>((Bound::Excluded(dir), Bound::Unbounded)).take_while(move |(path, _)| path.starts_with(dir))
}

fn lock(content: &Mutex<Content>) -> MutexGuard<'_, Content> {
    content.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<B: Fs> Fs for OverlayFs<B> {
    type File = OverlayFile<B::File>;
    type Lock = ();

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Self::File> {
        let mut nodes = self.lock();
        match (self.file(&mut nodes, path), mode) {
            (Ok(_), OpenMode::CreateNew) => Err(io::ErrorKind::AlreadyExists.into()),
            (Ok(content), _) => {
                let origin = lock(&content).origin.clone();
                let below = origin.map(|origin| self.below.open(&origin, OpenMode::Read)).transpose()?;
                Ok(OverlayFile { content, below })
            }
            (Err(error), OpenMode::Create | OpenMode::CreateNew) if error.kind() == io::ErrorKind::NotFound => {
                if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
                    self.metadata_in(&nodes, dir)?;
                }
                let content = Content {
                    origin: None,
                    below_len: 0,
                    len: 0,
                    pages: HashMap::new(),
                    modified_ms: 0,
                    is_written: true,
                };
                let content = Arc::new(Mutex::new(content));
                nodes.insert(path.to_owned(), Node::File(Arc::clone(&content)));
                Ok(OverlayFile { content, below: None })
            }
            (Err(error), _) => Err(error),
        }
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.metadata_in(&self.lock(), path)
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        self.entries(&self.lock(), path)
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut nodes = self.lock();
        for dir in path.ancestors().take_while(|dir| !dir.as_os_str().is_empty()) {
            match self.metadata_in(&nodes, dir) {
                Ok(found) if found.is_dir => break,
                Ok(_) => return Err(io::ErrorKind::AlreadyExists.into()),
                Err(_) => drop(nodes.insert(dir.to_owned(), Node::Dir { is_opaque: true })),
            }
        }
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut nodes = self.lock();
        let moved = self.metadata_in(&nodes, from)?;
        if from == to {
            return Ok(());
        }
        if let Ok(target) = self.metadata_in(&nodes, to) {
            let is_in_the_way = target.is_dir && !self.entries(&nodes, to)?.is_empty();
            if target.is_dir != moved.is_dir || is_in_the_way {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
        }
        self.move_to(&mut nodes, from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut nodes = self.lock();
        if self.metadata_in(&nodes, path)?.is_dir {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        nodes.insert(path.to_owned(), Node::Removed);
        Ok(())
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        let mut nodes = self.lock();
        if !self.entries(&nodes, path)?.is_empty() {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        nodes.insert(path.to_owned(), Node::Removed);
        Ok(())
    }

    fn set_modified(&self, path: &Path, modified_ms: i64) -> io::Result<()> {
        let mut nodes = self.lock();
        lock(&*self.file(&mut nodes, path)?).modified_ms = modified_ms;
        Ok(())
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn try_lock(&self, _: &Path) -> io::Result<Option<()>> {
        Ok(Some(()))
    }

    fn try_lock_dir(&self, _: &Path) -> io::Result<Option<()>> {
        Ok(Some(()))
    }
}

impl Content {
    /// Reads what is at `position`, up to the end of its page.
    fn read<F: FsFile>(&self, below: Option<&F>, buf: &mut [u8], position: u64) -> io::Result<usize> {
        let rest = self.len.saturating_sub(position);
        let (page, within) = (position / PAGE, (position % PAGE) as usize);
        let want = buf.len().min(usize::try_from(rest).unwrap_or(usize::MAX));
        if let Some(bytes) = self.pages.get(&page) {
            let n = want.min(PAGE as usize - within);
            buf[..n].copy_from_slice(&bytes[within..within + n]);
            return Ok(n);
        }
        // Up to the next page that was written; all of it where none was.
        let untouched = if self.pages.is_empty() { want } else { want.min(PAGE as usize - within) };
        let counts = usize::try_from(self.below_len.saturating_sub(position)).unwrap_or(usize::MAX);
        match below {
            Some(file) if counts > 0 => file.read_full_at(&mut buf[..untouched.min(counts)], position),
            _ => {
                buf[..untouched].fill(0);
                Ok(untouched)
            }
        }
    }

    /// The page as it is, to be written to.
    fn page<F: FsFile>(&mut self, below: Option<&F>, page: u64) -> io::Result<&mut [u8]> {
        if !self.pages.contains_key(&page) {
            let mut bytes = vec![0; PAGE as usize].into_boxed_slice();
            let start = page * PAGE;
            let counts = usize::try_from(self.below_len.saturating_sub(start)).unwrap_or(usize::MAX).min(bytes.len());
            if let Some(file) = below {
                file.read_full_at(&mut bytes[..counts], start)?;
            }
            self.pages.insert(page, bytes);
        }
        self.pages.get_mut(&page).map(|bytes| &mut bytes[..]).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
    }

    fn set_len(&mut self, len: u64) {
        if len < self.len {
            // What grows back is zero.
            self.below_len = self.below_len.min(len);
            self.pages.retain(|&page, _| page * PAGE < len);
            if let Some(page) = self.pages.get_mut(&(len / PAGE)) {
                page[(len % PAGE) as usize..].fill(0);
            }
        }
        self.is_written |= len != self.len;
        self.len = len;
    }
}

impl<F: FsFile> ReadAt for OverlayFile<F> {
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
        let content = lock(&self.content);
        let mut done = 0;
        while done < buf.len() {
            match content.read(self.below.as_ref(), &mut buf[done..], position + done as u64)? {
                0 => break,
                n => done += n,
            }
        }
        Ok(done)
    }
}

impl<F: FsFile> FsFile for OverlayFile<F> {
    fn len(&self) -> io::Result<u64> {
        Ok(lock(&self.content).len)
    }

    /// The stretch of the file below, as far as that counts; from the first page that was written on, the rest of the file.
    fn next_data(&self, from: u64) -> io::Result<Option<Range<u64>>> {
        let content = lock(&self.content);
        let below = match &self.below {
            Some(file) if from < content.below_len => file.next_data(from)?,
            _ => None,
        };
        let below = below.map(|data| data.start..data.end.min(content.below_len)).filter(|data| !data.is_empty());
        let written =
            content.pages.keys().filter(|&page| (page + 1) * PAGE > from).min().map(|page| from.max(page * PAGE));
        let written = written.filter(|&at| at < content.len);
        Ok(match (below, written) {
            (Some(below), Some(at)) => Some(below.start.min(at)..content.len),
            (Some(below), None) => Some(below),
            (None, Some(at)) => Some(at..content.len),
            (None, None) => None,
        })
    }

    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        let mut content = lock(&self.content);
        let mut done = 0;
        while done < bytes.len() {
            let at = position + done as u64;
            let within = (at % PAGE) as usize;
            let n = (bytes.len() - done).min(PAGE as usize - within);
            content.page(self.below.as_ref(), at / PAGE)?[within..within + n].copy_from_slice(&bytes[done..done + n]);
            done += n;
        }
        content.is_written |= !bytes.is_empty();
        content.len = content.len.max(position + bytes.len() as u64);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        lock(&self.content).set_len(len);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
