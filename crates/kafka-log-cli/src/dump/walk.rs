//! The files below a directory in the order in which `--dir` dumps them.
//!
//! In each directory come first the files without an offset in their name (metadata and checkpoints), then those of the
//! segments by offset and kind, then what is no file of Kafka's, and last the directories below: partitions by topic and
//! number, then all others. Links are followed, as a broker follows them, but no directory is walked twice.

use std::collections::{BTreeSet, HashSet};
use std::ffi::OsString;
use std::fs::{self, FileType};
use std::io;
use std::path::{Path, PathBuf};

use kafka_log::audit::Code;
use kafka_log::format::file_name::{FileKind, FileName, FileState};
use kafka_log::format::partition_dir::PartitionDirName;

use super::options::JavaFile;

/// What a walk comes upon.
#[derive(Debug)]
pub(crate) enum Found {
    /// A regular file, when its directory was listed.
    File(JavaFile),
    /// Something that cannot be dumped.
    Other(JavaFile, Obstacle),
}

/// Why something in a directory cannot be dumped.
#[derive(Debug)]
pub(crate) enum Obstacle {
    /// It cannot be listed or looked at.
    Unreadable { error: io::Error, is_named: bool },
    /// It was there when its directory was listed.
    Vanished,
    /// A link to a directory that is walked already.
    SeenBefore,
    /// A pipe, a socket or a device; maybe under the name of a file of Kafka's.
    NotAFile { kind: &'static str, is_kafkas: bool },
    /// An index that is not there, which a broker writes with every log.
    Without { code: Code, what: &'static str },
}

/// Walks through directories; each is listed when its turn comes, so that one of a live broker is seen as it is then.
pub(crate) struct Walk {
    /// What is still to come, the next one last.
    ahead: Vec<Ahead>,
    /// Directories that were walked, without links.
    seen: HashSet<PathBuf>,
}

enum Ahead {
    /// A directory of the command line.
    Root(PathBuf),
    Dir(PathBuf),
    Found(Found),
}

impl Walk {
    /// All files below `dirs`.
    pub(crate) fn new<'d>(dirs: impl DoubleEndedIterator<Item = &'d PathBuf>) -> Self {
        Walk { ahead: dirs.rev().cloned().map(Ahead::Root).collect(), seen: HashSet::new() }
    }

    /// Puts the members of `dir` ahead. What was listed before an error is dumped, and the error comes after it.
    fn enter(&mut self, dir: &Path) -> Result<(), Obstacle> {
        if !self.seen.insert(fs::canonicalize(dir).map_err(unreadable)?) {
            return Err(Obstacle::SeenBefore);
        }
        let (mut members, mut failure) = (Vec::new(), None);
        for entry in fs::read_dir(dir).map_err(unreadable)? {
            match entry {
                Err(error) => failure = Some(error),
                Ok(entry) => {
                    let path = entry.path();
                    let kind = fs::metadata(&path).map(|metadata| metadata.file_type());
                    members.push((rank(&path, kind.as_ref().is_ok_and(FileType::is_dir)), path, kind));
                }
            }
        }
        let lone = logs_without_index(
            members.iter().filter(|(.., kind)| kind.as_ref().is_ok_and(FileType::is_file)).map(|(_, path, _)| path),
        );
        members.sort_by(|(a, ..), (b, ..)| b.cmp(a));
        self.ahead.extend(lone.into_iter().rev());
        self.ahead.extend(failure.map(|error| Ahead::Found(other(dir, unreadable(error)))));
        self.ahead.extend(members.into_iter().map(|(_, path, kind)| match kind {
            Ok(kind) if kind.is_dir() => Ahead::Dir(path),
            Ok(kind) if kind.is_file() => Ahead::Found(Found::File(JavaFile::new(path.as_os_str()))),
            Ok(kind) => {
                let is_kafkas = FileName::parse(&path.file_name().unwrap_or_default().to_string_lossy()).is_some();
                Ahead::Found(other(&path, Obstacle::NotAFile { kind: name_of(kind), is_kafkas }))
            }
            Err(error) => Ahead::Found(other(&path, vanished(&path, error))),
        }));
        Ok(())
    }
}

impl Iterator for Walk {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            match self.ahead.pop()? {
                Ahead::Found(found) => return Some(found),
                Ahead::Root(dir) => match self.enter(&dir) {
                    Err(Obstacle::Unreadable { error, .. }) => {
                        return Some(other(&dir, Obstacle::Unreadable { error, is_named: true }));
                    }
                    Err(obstacle) => return Some(other(&dir, obstacle)),
                    Ok(()) => {}
                },
                Ahead::Dir(dir) => match self.enter(&dir) {
                    Err(Obstacle::Unreadable { error, .. }) => return Some(other(&dir, vanished(&dir, error))),
                    Err(obstacle) => return Some(other(&dir, obstacle)),
                    Ok(()) => {}
                },
            }
        }
    }
}

/// What a broker would rebuild: it writes both indexes with every log.
fn logs_without_index<'m>(members: impl Iterator<Item = &'m PathBuf>) -> Vec<Ahead> {
    let (mut logs, mut indexes) = (BTreeSet::new(), HashSet::new());
    for path in members {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match FileName::parse(&name) {
            Some(FileName { kind: FileKind::Log, state: FileState::Live, offset: Some(offset), .. }) => {
                logs.insert((offset, path));
            }
            Some(FileName { kind, state: FileState::Live, offset: Some(offset), .. }) => {
                indexes.insert((offset, kind));
            }
            _ => {}
        }
    }
    let kinds = [
        (FileKind::OffsetIndex, "index", Code::OffsetIndexMissing, "an offset index"),
        (FileKind::TimeIndex, "timeindex", Code::TimeIndexMissing, "a time index"),
    ];
    let missing = logs.iter().flat_map(|(offset, log)| {
        let absent = kinds.iter().filter(|(kind, ..)| !indexes.contains(&(*offset, *kind)));
        absent.map(move |&(_, extension, code, what)| {
            Ahead::Found(other(&log.with_extension(extension), Obstacle::Without { code, what }))
        })
    });
    missing.collect()
}

fn other(path: &Path, obstacle: Obstacle) -> Found {
    Found::Other(JavaFile::new(path.as_os_str()), obstacle)
}

fn unreadable(error: io::Error) -> Obstacle {
    Obstacle::Unreadable { error, is_named: false }
}

/// What keeps a listed member from being dumped. A link that leads nowhere is there all the same.
fn vanished(path: &Path, error: io::Error) -> Obstacle {
    let is_gone = error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(path).is_err();
    if is_gone { Obstacle::Vanished } else { unreadable(error) }
}

/// Where a member of a directory stands in its order.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    WithoutOffset(OsString),
    /// Offset and epoch, place of the kind, name.
    WithOffset(i64, Option<i32>, usize, OsString),
    Unknown(OsString),
    Partition(String, i32, OsString),
    Dir(OsString),
}

fn rank(path: &Path, is_dir: bool) -> Rank {
    let os_name = path.file_name().unwrap_or_default().to_owned();
    let name = os_name.to_string_lossy().into_owned();
    if is_dir {
        return match PartitionDirName::parse(&name) {
            Some(partition) => Rank::Partition(partition.topic.to_owned(), partition.partition, os_name),
            None => Rank::Dir(os_name),
        };
    }
    match FileName::parse(&name) {
        Some(FileName { kind, offset: Some(offset), epoch, .. }) => {
            Rank::WithOffset(offset, epoch, kind_place(kind), os_name)
        }
        Some(_) => Rank::WithoutOffset(os_name),
        None => Rank::Unknown(os_name),
    }
}

/// What of a segment comes before what else of it.
fn kind_place(kind: FileKind) -> usize {
    use FileKind as K;
    let order = [K::Log, K::OffsetIndex, K::TimeIndex, K::TransactionIndex, K::ProducerSnapshot];
    order.iter().position(|known| *known == kind).unwrap_or(order.len())
}

/// A kind of file that is neither regular nor a directory.
fn name_of(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let names = [
            (kind.is_fifo(), "pipe"),
            (kind.is_socket(), "socket"),
            (kind.is_block_device() || kind.is_char_device(), "device"),
        ];
        if let Some((_, name)) = names.into_iter().find(|(is, _)| *is) {
            return name;
        }
    }
    let _ = kind;
    "special file"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(names: &[(&'static str, bool)]) -> Vec<&'static str> {
        let mut ranked: Vec<_> = names.iter().map(|&(name, is_dir)| (rank(Path::new(name), is_dir), name)).collect();
        ranked.sort();
        ranked.into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn the_files_of_a_segment_stay_together_behind_those_of_the_whole_partition() {
        let want = [
            "leader-epoch-checkpoint",
            "partition.metadata",
            "00000000000000000003.log",
            "00000000000000000003.log.deleted",
            "00000000000000000003.index",
            "00000000000000000003.timeindex",
            "00000000000000000003.txnindex",
            "00000000000000000003.snapshot",
            "00000000000000000020.log",
            "notes.txt",
        ];
        let mut names: Vec<_> = want.iter().map(|name| (*name, false)).collect();
        names.reverse();
        assert_eq!(sorted(&names), want);
    }

    #[test]
    fn partitions_are_walked_by_topic_and_number_before_other_directories() {
        let names = [("lost+found", true), ("b-10", true), ("b-9", true), ("a-b-11", true), ("meta.properties", false)];
        assert_eq!(sorted(&names), ["meta.properties", "a-b-11", "b-9", "b-10", "lost+found"]);
    }
}
