//! Carrying out changes to the files of a directory so that a crash at any moment leaves something to finish or to take
//! back, and so that all of it can be taken back later.
//!
//! 1. The new files are written behind the prefix of [`super::journal`] and synced. A crash leaves files to be removed.
//! 2. The journal is written. From here on the repair counts.
//! 3. For each change in turn: the old file is renamed into the quarantine, the new one into its place; each rename is
//!    durable before the next, for a rename that gets lost must not let the next one replace what it should have moved.
//! 4. The journal says that all is done.

use std::io;
use std::path::Path;

use super::content::{Content, fingerprint};
use super::error::RepairError;
use super::journal::{Entry, Journal, PREFIX, Room, State};
use crate::fs::{DirEntry, Fs};
use crate::segment::error::StorageError;

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

/// What was found of earlier repairs and done about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// There was nothing to do.
    Nothing,
    /// A repair that had been interrupted was finished.
    Repair,
    /// An undo that had been interrupted was finished, or a repair that had changed nothing yet was cleared away.
    Undo,
}

/// Carries out the changes. The lock of the log directory must be held.
///
/// On an error everything is as it was, unless it is [`RepairError::HalfDone`].
///
/// # Errors
/// Those of the medium.
pub fn apply<F: Fs>(fs: &F, dir: &Path, is_log_dir: bool, changes: &[Change]) -> Result<(), RepairError> {
    let room = Room::new(fs, dir, is_log_dir);
    let number = room.files()?.iter().map(|(number, ..)| *number).max().unwrap_or(0) + 1;
    let staged = stage(&room, number, changes);
    let journal = match staged {
        Ok(journal) => journal,
        Err(error) => {
            clear_staged(&room, number, changes);
            return Err(error);
        }
    };
    if let Err(error) = room.write_journal(number, &journal) {
        // It may be there all the same; as nothing has been changed, it goes with the rest.
        let _ = room.remove(&room.path(number, "journal"));
        let _ = room.sync_both();
        clear_staged(&room, number, changes);
        return Err(error.into());
    }
    if let Err(source) = roll_forward(&room, number, &journal) {
        return match take_back(&room, number, journal) {
            Ok(()) => Err(source.into()),
            Err(_) => Err(RepairError::HalfDone { path: dir.to_owned(), source }),
        };
    }
    // If this fails the next repair finds that nothing is left to be done.
    room.write_journal(number, &Journal { state: State::Done, ..journal })
        .map_err(|source| RepairError::HalfDone { path: dir.to_owned(), source })
}

/// Finishes what an interrupted repair or undo of this directory has left. The lock must be held.
///
/// # Errors
/// Those of the medium, and a journal that cannot be read.
pub fn finish<F: Fs>(fs: &F, dir: &Path, is_log_dir: bool) -> Result<Finished, RepairError> {
    let room = Room::new(fs, dir, is_log_dir);
    let mut finished = Finished::Nothing;
    for number in numbers(&room)? {
        match room.read_journal(number)? {
            None => {
                clear(&room, number)?;
                finished = Finished::Undo;
            }
            Some(journal) => match journal.state {
                State::Done => {}
                State::Planned => {
                    roll_forward(&room, number, &journal)?;
                    room.write_journal(number, &Journal { state: State::Done, ..journal })?;
                    finished = Finished::Repair;
                }
                State::Undoing | State::Undone => {
                    take_back(&room, number, journal)?;
                    finished = Finished::Undo;
                }
            },
        }
    }
    Ok(finished)
}

/// Whether an interrupted repair or undo waits to be finished. Writes nothing.
///
/// # Errors
/// Those of the medium, and a journal that cannot be read.
pub fn is_interrupted<F: Fs>(fs: &F, dir: &Path, is_log_dir: bool) -> Result<bool, RepairError> {
    let room = Room::new(fs, dir, is_log_dir);
    for number in numbers(&room)? {
        if room.read_journal(number)?.is_none_or(|journal| journal.state != State::Done) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Takes back the last repair of a directory; `false` where there is none. The lock must be held.
///
/// # Errors
/// `Changed` where records were written since, unless `is_forced`; those of the medium; a journal that cannot be read.
pub fn undo<F: Fs>(fs: &F, dir: &Path, is_log_dir: bool, is_forced: bool) -> Result<bool, RepairError> {
    let room = Room::new(fs, dir, is_log_dir);
    for number in numbers(&room)?.into_iter().rev() {
        let Some(journal) = room.read_journal(number)? else {
            clear(&room, number)?;
            continue;
        };
        if journal.state == State::Done && !is_forced {
            check_unchanged(&room, &journal)?;
        }
        take_back(&room, number, journal)?;
        return Ok(true);
    }
    Ok(false)
}

/// Numbers of repairs that have left something, ascending.
fn numbers<F: Fs>(room: &Room<'_, F>) -> Result<Vec<u32>, RepairError> {
    let mut numbers: Vec<u32> = room
        .files()?
        .into_iter()
        // What is kept for good is no repair.
        .filter(|(_, what, _)| !what.starts_with("old.") && !what.starts_with("late."))
        .map(|(number, ..)| number)
        .collect();
    numbers.dedup();
    Ok(numbers)
}

fn stage<F: Fs>(room: &Room<'_, F>, number: u32, changes: &[Change]) -> Result<Journal, RepairError> {
    room.make_folder()?;
    let mut entries = Vec::with_capacity(changes.len());
    for change in changes {
        let old = room.dir.join(&change.name);
        let has_old = room.exists(&old)?;
        let mut new = None;
        if let Some(content) = &change.content {
            let staged = room.path(number, &format!("new.{}", change.name));
            new = Some(content.write(room.fs, &staged)?);
            let like = if has_old { old } else { room.dir.to_owned() };
            room.fs.own_as(&staged, &like).map_err(StorageError::io("set the owner of", &staged))?;
        }
        entries.push(Entry { name: change.name.clone(), has_old, new });
    }
    room.sync_both()?;
    Ok(Journal { state: State::Planned, kept: kept(room, changes)?, entries })
}

fn kept<F: Fs>(room: &Room<'_, F>, changes: &[Change]) -> Result<Vec<(String, u64)>, RepairError> {
    let names = room.fs.read_dir(room.dir).map_err(StorageError::io("list", room.dir))?;
    let mut kept = Vec::new();
    for entry in names {
        if is_log(&entry) && changes.iter().all(|change| change.name != entry.name) {
            let path = room.dir.join(&entry.name);
            let len = room.fs.metadata(&path).map_err(StorageError::io("look at", &path))?.len;
            kept.push((entry.name, len));
        }
    }
    kept.sort();
    Ok(kept)
}

fn is_log(entry: &DirEntry) -> bool {
    !entry.is_dir && entry.name.ends_with(".log") && !entry.name.starts_with(PREFIX)
}

/// Puts each new file into its place that is not there yet.
fn roll_forward<F: Fs>(room: &Room<'_, F>, number: u32, journal: &Journal) -> Result<(), StorageError> {
    for entry in &journal.entries {
        let place = room.dir.join(&entry.name);
        let new = room.path(number, &format!("new.{}", entry.name));
        let old = room.path(number, &format!("old.{}", entry.name));
        if entry.new.is_some() && !room.exists(&new)? {
            continue;
        }
        if room.exists(&place)? {
            if entry.has_old && !room.exists(&old)? {
                room.rename(&place, &old)?;
            } else if entry.new.is_some() {
                set_aside(room, number, &entry.name)?;
            }
        }
        if entry.new.is_some() {
            room.rename(&new, &place)?;
        }
    }
    Ok(())
}

/// Takes all changes back and removes what the repair has left.
fn take_back<F: Fs>(room: &Room<'_, F>, number: u32, journal: Journal) -> Result<(), StorageError> {
    let mut journal = journal;
    if journal.state != State::Undone {
        journal.state = State::Undoing;
        room.write_journal(number, &journal)?;
        for entry in journal.entries.iter().rev() {
            let place = room.dir.join(&entry.name);
            let new = room.path(number, &format!("new.{}", entry.name));
            let old = room.path(number, &format!("old.{}", entry.name));
            if entry.new.is_some() && !room.exists(&new)? && room.exists(&place)? {
                room.rename(&place, &new)?;
            }
            if room.exists(&old)? {
                if room.exists(&place)? {
                    set_aside(room, number, &entry.name)?;
                }
                room.rename(&old, &place)?;
            }
        }
        journal.state = State::Undone;
        room.write_journal(number, &journal)?;
    }
    for entry in &journal.entries {
        room.remove(&room.path(number, &format!("new.{}", entry.name)))?;
    }
    room.sync_both()?;
    room.remove(&room.path(number, "journal.tmp"))?;
    room.remove(&room.path(number, "journal"))?;
    remove_folder(room)
}

/// Moves what is in the place of a file out of the way.
fn set_aside<F: Fs>(room: &Room<'_, F>, number: u32, name: &str) -> Result<(), StorageError> {
    let mut aside = room.path(number, &format!("late.{name}"));
    let mut copy = 1;
    while room.exists(&aside)? {
        aside = room.path(number, &format!("late.{copy}.{name}"));
        copy += 1;
    }
    room.rename(&room.dir.join(name), &aside)
}

/// Removes what a repair without a journal has left: nothing in the directory has been changed by it.
fn clear<F: Fs>(room: &Room<'_, F>, number: u32) -> Result<(), RepairError> {
    for (of, what, path) in room.files()? {
        if of == number && !what.starts_with("old.") && !what.starts_with("late.") {
            room.remove(&path)?;
        }
    }
    Ok(remove_folder(room)?)
}

fn clear_staged<F: Fs>(room: &Room<'_, F>, number: u32, changes: &[Change]) {
    // What cannot be removed now is removed by the next repair.
    for change in changes {
        let _ = room.remove(&room.path(number, &format!("new.{}", change.name)));
    }
    let _ = room.remove(&room.path(number, "journal.tmp"));
    let _ = remove_folder(room);
}

/// Removes the folder of the repairs unless something is in it.
fn remove_folder<F: Fs>(room: &Room<'_, F>) -> Result<(), StorageError> {
    let folder = room.folder();
    if folder == room.dir {
        return room.sync_both();
    }
    match room.fs.read_dir(&folder) {
        Ok(names) if names.is_empty() => {
            room.fs.remove_dir(&folder).map_err(StorageError::io("remove", &folder))?;
            room.fs.sync_dir(room.dir).map_err(StorageError::io("sync", room.dir))
        }
        Ok(_) => room.sync_both(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(StorageError::io("list", &folder)(e)),
    }
}

/// Have the log files been left alone since the repair?
fn check_unchanged<F: Fs>(room: &Room<'_, F>, journal: &Journal) -> Result<(), RepairError> {
    let changed = |name: &str, what: String| RepairError::Changed { path: room.dir.join(name), what };
    let bytes = |len: Option<u64>| len.map_or("none".to_owned(), |len| format!("{len} bytes"));
    let names = room.fs.read_dir(room.dir).map_err(StorageError::io("list", room.dir))?;
    for entry in &journal.entries {
        let is_log = entry.name.ends_with(".log");
        let found = if is_log { fingerprint(room.fs, &room.dir.join(&entry.name))? } else { entry.new };
        if found != entry.new {
            let (expected, found) = (entry.new.map(|(len, _)| len), found.map(|(len, _)| len));
            let what = if expected == found { "other bytes".to_owned() } else { bytes(found) };
            return Err(changed(&entry.name, format!("expected {}, found {what}", bytes(expected))));
        }
    }
    for (name, expected) in &journal.kept {
        let path = room.dir.join(name);
        let found = if room.exists(&path)? {
            Some(room.fs.metadata(&path).map_err(StorageError::io("look at", &path))?.len)
        } else {
            None
        };
        if found != Some(*expected) {
            return Err(changed(name, format!("expected {expected} bytes, found {}", bytes(found))));
        }
    }
    for entry in names.iter().filter(|entry| is_log(entry)) {
        let is_known = journal.entries.iter().any(|known| known.name == entry.name)
            || journal.kept.iter().any(|(name, _)| *name == entry.name);
        if !is_known {
            return Err(changed(&entry.name, "expected none, found a new segment".to_owned()));
        }
    }
    Ok(())
}
