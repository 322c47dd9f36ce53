//! Carrying out changes to the files of a directory so that a crash at any moment leaves something to finish or to take
//! back, and so that all of it can be undone later.
//!
//! 1. The new files are written into the [`Room`] and synced. A crash leaves files to be removed.
//! 2. The journal is written. From here on the repair counts.
//! 3. For each change in turn: the old file is renamed into the quarantine, the new one into its place; each rename is
//!    durable before the next, for a rename that gets lost must not let the next one replace what it should have moved.
//! 4. The journal says that all is done.

use std::path::{Path, PathBuf};

use super::error::RepairError;
use super::journal::{Entry, Journal, State};
use super::lock::LockedDir;
use super::room::{PREFIX, Room};
use super::undo::{begin, take_back};
use crate::audit::Change;
use crate::fs::{DirEntry, Fs};
use crate::segment::error::StorageError;

/// Carries out the changes. Takes the locks of [`LockedDir`]; a plan that was made under them is carried out by
/// [`LockedDir::apply`].
///
/// New files get the owner, the group and the permissions of what they replace, or of another file of the directory.
///
/// On an error everything is as it was, unless it is [`RepairError::HalfDone`].
///
/// # Errors
/// `Locked` and `Busy`; `Differs` where a file was changed since it was planned; I/O errors.
pub fn apply<F: Fs>(fs: &F, dir: &Path, is_log_dir: bool, changes: &[Change]) -> Result<(), RepairError> {
    LockedDir::take(fs, dir, is_log_dir)?.apply(changes)
}

/// Carries out the changes; the locks are held.
pub(super) fn carry_out<F: Fs>(room: &Room<'_, F>, changes: &[Change]) -> Result<(), RepairError> {
    let number = next_number(room)?;
    let journal = match stage(room, number, changes) {
        Ok(journal) => journal,
        Err(error) => {
            clear_staged(room, number, changes);
            return Err(error);
        }
    };
    if let Err(error) = room.write_journal(number, &journal) {
        // It may be there all the same; as nothing has been changed, it goes with the rest.
        let _ = room.remove(&room.path(number, "journal"));
        let _ = room.sync_both();
        clear_staged(room, number, changes);
        return Err(error.into());
    }
    let half_done = |source: RepairError| RepairError::HalfDone { path: room.dir.to_owned(), source: Box::new(source) };
    if let Err(error) = roll_forward(room, number, &journal) {
        let mut journal = journal;
        let taken_back = begin(room, number, &mut journal).map_err(RepairError::from);
        return Err(match taken_back.and_then(|()| take_back(room, number, journal)) {
            Ok(()) => error,
            Err(_) => half_done(error),
        });
    }
    // If this fails the next repair finds that nothing is left to be done.
    room.write_journal(number, &Journal { state: State::Done, ..journal }).map_err(|error| half_done(error.into()))
}

/// A number above those of all repairs that can be undone, and of no file.
fn next_number<F: Fs>(room: &Room<'_, F>) -> Result<u32, RepairError> {
    let files = room.files()?;
    let last = files.iter().filter(|file| !file.is_kept()).map(|file| file.number).max().unwrap_or(0);
    let mut number = last.checked_add(1);
    while let Some(taken) = number.filter(|number| files.iter().any(|file| file.number == *number)) {
        number = taken.checked_add(1);
    }
    let what = "expected a number that leaves room for another repair".to_owned();
    number.ok_or_else(|| RepairError::Journal { path: room.path(last, "journal"), what })
}

fn stage<F: Fs>(room: &Room<'_, F>, number: u32, changes: &[Change]) -> Result<Journal, RepairError> {
    room.make_folder()?;
    let names = room.fs.read_dir(room.dir).map_err(StorageError::io("list", room.dir))?;
    let sibling = sibling(room, &names);
    let mut entries = Vec::with_capacity(changes.len());
    for change in changes {
        let old = room.dir.join(&change.name);
        let (has_old, old_len) = (room.exists(&old)?, room.len(&old)?);
        let mut new = None;
        if let Some(content) = &change.content {
            let staged = room.path(number, &format!("new.{}", change.name));
            new = Some(content.write(room.fs, &staged)?);
            // A link that leads nowhere has no owner to copy.
            let model = if old_len.is_some() { &old } else { &sibling };
            room.fs.own_as(&staged, model).map_err(StorageError::io("set the owner of", &staged))?;
        }
        entries.push(Entry { name: change.name.clone(), has_old, old_len, new });
    }
    room.sync_both()?;
    Ok(Journal { state: State::Planned, kept: kept(room, &names, changes)?, entries })
}

/// The file whose owner and permissions a file gets that was not there before; the directory if there is none.
fn sibling<F: Fs>(room: &Room<'_, F>, names: &[DirEntry]) -> PathBuf {
    let is_like = |name: &str| name.ends_with(".log") || name.ends_with("-checkpoint") || name == "meta.properties";
    let files = names.iter().filter(|entry| !entry.is_dir && is_like(&entry.name) && !entry.name.starts_with(PREFIX));
    let exists = |path: &PathBuf| room.fs.metadata(path).is_ok();
    files.map(|entry| room.dir.join(&entry.name)).filter(exists).min().unwrap_or_else(|| room.dir.to_owned())
}

fn kept<F: Fs>(room: &Room<'_, F>, names: &[DirEntry], changes: &[Change]) -> Result<Vec<(String, u64)>, RepairError> {
    let mut kept = Vec::new();
    for entry in names {
        if is_log(entry) && changes.iter().all(|change| change.name != entry.name) {
            // A link that leads nowhere holds no records.
            kept.extend(room.len(&room.dir.join(&entry.name))?.map(|len| (entry.name.clone(), len)));
        }
    }
    kept.sort();
    Ok(kept)
}

pub(super) fn is_log(entry: &DirEntry) -> bool {
    !entry.is_dir && entry.name.ends_with(".log") && !entry.name.starts_with(PREFIX)
}

/// Puts each new file into its place that is not there yet.
///
/// # Errors
/// `Differs` where a new file is not the one of the journal, or a log file that it would replace has got another length since;
/// changes up to there are made. I/O errors.
pub(super) fn roll_forward<F: Fs>(room: &Room<'_, F>, number: u32, journal: &Journal) -> Result<(), RepairError> {
    for entry in &journal.entries {
        let place = room.dir.join(&entry.name);
        let new = room.path(number, &format!("new.{}", entry.name));
        let old = room.path(number, &format!("old.{}", entry.name));
        let is_taken = room.exists(&place)?;
        if entry.new.is_some() && !room.exists(&new)? && is_taken {
            continue;
        }
        if entry.new.is_some() && !room.has(&new, entry.new)? {
            return Err(RepairError::Differs { path: new });
        }
        if is_taken {
            let is_moved = room.exists(&old)?;
            if entry.name.ends_with(".log") && !is_moved && room.len(&place)? != entry.old_len {
                return Err(RepairError::Differs { path: place });
            }
            if entry.has_old && !is_moved {
                room.rename(&place, &old)?;
            } else if entry.new.is_some() {
                room.set_aside(number, &entry.name, &place)?;
            }
        }
        if entry.new.is_some() {
            room.rename(&new, &place)?;
        }
    }
    Ok(())
}

fn clear_staged<F: Fs>(room: &Room<'_, F>, number: u32, changes: &[Change]) {
    // What cannot be removed now is removed by the next repair.
    for change in changes {
        let _ = room.remove(&room.path(number, &format!("new.{}", change.name)));
    }
    let _ = room.remove_folder();
}
