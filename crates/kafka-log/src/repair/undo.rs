//! Taking a repair back.

use std::path::Path;

use super::apply::is_log;
use super::content::fingerprint;
use super::error::RepairError;
use super::finish::{clear, numbers};
use super::journal::{Journal, State};
use super::lock::LockedDir;
use super::room::Room;
use crate::fs::Fs;
use crate::segment::error::StorageError;

/// Takes back the last repair of a directory; `false` where there is none. Takes the locks of [`LockedDir`].
///
/// A file that the repair has made or replaced and that is something else now is set aside in the quarantine. With
/// `is_forced` that goes for log files too, to which records were written since. Files that the repair left alone stay as
/// they are now.
///
/// # Errors
/// `Locked` and `Busy`; `Changed` where records were written since, unless `is_forced`; a journal that cannot be read;
/// `NothingChanged` and `HalfUndone` with I/O errors.
pub fn undo<F: Fs>(fs: &F, dir: &Path, is_log_dir: bool, is_forced: bool) -> Result<bool, RepairError> {
    LockedDir::take(fs, dir, is_log_dir)?.undo(is_forced)
}

pub(super) fn undo_in<F: Fs>(room: &Room<'_, F>, is_forced: bool) -> Result<bool, RepairError> {
    for number in numbers(room)?.into_iter().rev() {
        let Some(mut journal) = room.read_journal(number)? else {
            clear(room, number)?;
            continue;
        };
        if !is_forced && matches!(journal.state, State::Planned | State::Done) {
            check_placed(room, number, &journal)?;
            check_kept(room, number, &journal)?;
        }
        begin(room, number, &mut journal).map_err(|source| RepairError::NothingChanged { source })?;
        let half_undone = |source| RepairError::HalfUndone { path: room.dir.to_owned(), source: Box::new(source) };
        take_back(room, number, journal).map_err(half_undone)?;
        return Ok(true);
    }
    Ok(false)
}

/// Writes down that the repair is being undone.
pub(super) fn begin<F: Fs>(room: &Room<'_, F>, number: u32, journal: &mut Journal) -> Result<(), StorageError> {
    if matches!(journal.state, State::Undoing | State::Undone) {
        return Ok(());
    }
    journal.state = State::Undoing;
    room.write_journal(number, journal)
}

/// Takes all changes back and removes what the repair has written, after [`begin`].
pub(super) fn take_back<F: Fs>(room: &Room<'_, F>, number: u32, mut journal: Journal) -> Result<(), RepairError> {
    if journal.state != State::Undone {
        for entry in journal.entries.iter().rev() {
            let place = room.dir.join(&entry.name);
            let old = room.path(number, &format!("old.{}", entry.name));
            let is_old_here = room.exists(&old)?;
            let is_made = entry.new.is_some() && !entry.has_old;
            let is_placed = is_made && !room.exists(&room.path(number, &format!("new.{}", entry.name)))?;
            if room.exists(&place)? && (is_old_here || is_placed) {
                if !room.has(&place, entry.new)? {
                    room.set_aside(number, &entry.name, &place)?;
                } else if is_placed {
                    room.remove(&place)?;
                }
            }
            if is_old_here {
                // Replaces what the repair has written, if that is still there.
                room.rename(&old, &place)?;
            }
        }
        room.sync_both()?;
        journal.state = State::Undone;
        room.write_journal(number, &journal)?;
    }
    for entry in &journal.entries {
        let new = room.path(number, &format!("new.{}", entry.name));
        if room.has(&new, entry.new)? {
            room.remove(&new)?;
        } else if room.exists(&new)? {
            room.set_aside(number, &entry.name, &new)?;
        }
    }
    room.sync_both()?;
    room.remove(&room.path(number, "journal.tmp"))?;
    room.remove(&room.path(number, "journal"))?;
    Ok(room.remove_folder()?)
}

/// Are the log files that the repair has put into their places still what it has written?
pub(super) fn check_placed<F: Fs>(room: &Room<'_, F>, number: u32, journal: &Journal) -> Result<(), RepairError> {
    for entry in journal.entries.iter().filter(|entry| entry.name.ends_with(".log")) {
        let place = room.dir.join(&entry.name);
        let is_placed = match entry.new {
            Some(_) => !room.exists(&room.path(number, &format!("new.{}", entry.name)))?,
            None => room.exists(&room.path(number, &format!("old.{}", entry.name)))?,
        };
        if !is_placed {
            continue;
        }
        let found = fingerprint(room.fs, &place)?;
        if found != entry.new {
            let (expected, found) = (entry.new.map(|(len, _)| len), found.map(|(len, _)| len));
            let what = if expected == found { "other bytes".to_owned() } else { bytes(found) };
            let what = format!("expected {}, found {what}", bytes(expected));
            return Err(RepairError::Changed { path: place, what });
        }
    }
    Ok(())
}

/// Are the log files that the repair has left alone as they were, are there no others, and is what it has replaced in the
/// quarantine?
fn check_kept<F: Fs>(room: &Room<'_, F>, number: u32, journal: &Journal) -> Result<(), RepairError> {
    let changed = |name: &str, what: String| RepairError::Changed { path: room.dir.join(name), what };
    for (name, expected) in &journal.kept {
        let found = room.len(&room.dir.join(name))?;
        if found != Some(*expected) {
            return Err(changed(name, format!("expected {expected} bytes, found {}", bytes(found))));
        }
    }
    let names = room.fs.read_dir(room.dir).map_err(StorageError::io("list", room.dir))?;
    for entry in names.iter().filter(|entry| is_log(entry)) {
        let is_known = journal.entries.iter().any(|known| known.name == entry.name)
            || journal.kept.iter().any(|(name, _)| *name == entry.name);
        if !is_known {
            return Err(changed(&entry.name, "expected none, found a new segment".to_owned()));
        }
    }
    if journal.state == State::Done {
        for entry in journal.entries.iter().filter(|entry| entry.has_old) {
            let old = room.path(number, &format!("old.{}", entry.name));
            if !room.exists(&old)? {
                return Err(RepairError::Changed {
                    path: old,
                    what: "expected what was replaced, found none".to_owned(),
                });
            }
        }
    }
    Ok(())
}

fn bytes(len: Option<u64>) -> String {
    len.map_or("none".to_owned(), |len| format!("{len} bytes"))
}
