//! Finishing what was interrupted.

use std::path::{Path, PathBuf};

use super::apply::roll_forward;
use super::error::RepairError;
use super::journal::{Journal, State};
use super::lock::LockedDir;
use super::room::Room;
use super::undo::{begin, check_placed, take_back};
use crate::fs::Fs;

/// What was found of earlier repairs and done about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finished {
    /// There was nothing to do.
    Nothing,
    /// A repair that had been interrupted was finished.
    Repair,
    /// An undo that had been interrupted was finished, or a repair that had changed nothing yet was cleared away.
    Undo,
    /// A repair that had been interrupted was undone.
    TakenBack {
        /// The file that is not what it was when the repair was planned.
        changed: PathBuf,
    },
}

/// Finishes what an interrupted repair or undo of this directory has left. Takes the locks of [`LockedDir`].
///
/// # Errors
/// `Locked` and `Busy`; a journal that cannot be read; `Changed` where the repair can neither be finished nor undone
/// without moving records away that were written since; I/O errors.
pub fn finish<F: Fs>(fs: &F, dir: &Path, is_log_dir: bool) -> Result<Finished, RepairError> {
    LockedDir::take(fs, dir, is_log_dir)?.finish()
}

/// Whether an interrupted repair or undo waits to be finished. Writes nothing.
///
/// # Errors
/// I/O errors, and a journal that cannot be read.
pub fn is_interrupted<F: Fs>(fs: &F, dir: &Path, is_log_dir: bool) -> Result<bool, RepairError> {
    let room = Room::new(fs, dir, is_log_dir);
    for number in numbers(&room)? {
        if room.read_journal(number)?.is_none_or(|journal| journal.state != State::Done) {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn finish_in<F: Fs>(room: &Room<'_, F>) -> Result<Finished, RepairError> {
    let mut finished = Finished::Nothing;
    for number in numbers(room)? {
        let Some(journal) = room.read_journal(number)? else {
            clear(room, number)?;
            finished = Finished::Undo;
            continue;
        };
        match journal.state {
            State::Done => {}
            State::Planned => finished = finish_repair(room, number, journal)?,
            State::Undoing | State::Undone => {
                take_back(room, number, journal)?;
                finished = Finished::Undo;
            }
        }
    }
    Ok(finished)
}

fn finish_repair<F: Fs>(room: &Room<'_, F>, number: u32, mut journal: Journal) -> Result<Finished, RepairError> {
    match roll_forward(room, number, &journal) {
        Ok(()) => {
            room.write_journal(number, &Journal { state: State::Done, ..journal })?;
            Ok(Finished::Repair)
        }
        Err(RepairError::Differs { path }) => {
            check_placed(room, number, &journal)?;
            begin(room, number, &mut journal)?;
            take_back(room, number, journal)?;
            Ok(Finished::TakenBack { changed: path })
        }
        Err(error) => Err(error),
    }
}

/// Numbers of repairs that have left something besides what is kept for good, ascending.
pub(super) fn numbers<F: Fs>(room: &Room<'_, F>) -> Result<Vec<u32>, RepairError> {
    let files = room.files()?;
    let mut numbers: Vec<u32> = files.iter().filter(|file| !file.is_kept()).map(|file| file.number).collect();
    numbers.dedup();
    Ok(numbers)
}

/// Removes what a repair without a journal has left: nothing in the directory has been changed by it.
pub(super) fn clear<F: Fs>(room: &Room<'_, F>, number: u32) -> Result<(), RepairError> {
    for file in room.files()?.iter().filter(|file| file.number == number && !file.is_kept()) {
        room.remove(&file.path)?;
    }
    Ok(room.remove_folder()?)
}
