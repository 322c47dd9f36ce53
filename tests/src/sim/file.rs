//! `FsFile` for the simulated file system.

use std::io;

use kafka_log::fs::{FsFile, ReadAt};

use super::SimFs;
use super::crash::mixture;
use super::node::Id;

/// An open file.
pub struct SimFile {
    pub(super) fs: SimFs,
    pub(super) id: Id,
    pub(super) writable: bool,
}

/// A held lock.
pub struct SimLock(pub(super) SimFile);

impl Drop for SimLock {
    fn drop(&mut self) {
        *self.0.fs.state().nodes[self.0.id].locked() = false;
    }
}

impl SimFile {
    fn may_write(&self) -> io::Result<()> {
        if self.writable { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }
}

impl ReadAt for SimFile {
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
        let mut state = self.fs.state();
        state.read()?;
        let mut asked = buf.len();
        if state.short_reads && asked > 1 {
            match state.random.below(8) {
                0 => return Err(io::ErrorKind::Interrupted.into()),
                1 => asked = 1 + state.random.below(asked),
                _ => {}
            }
        }
        state.file(self.id)?.live.as_slice().read_at(&mut buf[..asked], position)
    }
}

impl FsFile for SimFile {
    fn len(&self) -> io::Result<u64> {
        let mut state = self.fs.state();
        state.read()?;
        Ok(state.file(self.id)?.live.len() as u64)
    }

    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        self.may_write()?;
        let mut state = self.fs.state();
        let position = usize::try_from(position).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let had_power = !state.power_off;
        let outcome = state.change();
        let written = match outcome {
            Ok(()) => bytes.len(),
            Err(_) if had_power => state.random.below(bytes.len() + 1),
            Err(_) => 0,
        };
        let now_ms = state.now_ms;
        let file = state.file_mut(self.id)?;
        if written > 0 {
            file.write(position, &bytes[..written]);
            file.modified_ms = now_ms;
        }
        outcome
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.may_write()?;
        let mut state = self.fs.state();
        let len = usize::try_from(len).map_err(|_| io::ErrorKind::FileTooLarge)?;
        state.change()?;
        let now_ms = state.now_ms;
        let file = state.file_mut(self.id)?;
        if len != file.live.len() {
            file.modified_ms = now_ms;
        }
        file.set_len(len);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.fs.state();
        if state.file(self.id)?.failed {
            state.complaints.push("a file is synced again although a sync of it had failed".to_owned());
        }
        let had_power = !state.power_off;
        let outcome = state.change();
        let seed = state.random.number();
        let lost_power = state.power_off;
        state.sync_failed |= outcome.is_err() && !lost_power;
        let file = state.file_mut(self.id)?;
        match &outcome {
            Ok(()) => file.sync(),
            // A crash draws what survives by itself.
            Err(_) if lost_power => {}
            Err(_) if had_power => {
                file.durable = mixture(file, seed, false);
                file.pending.clear();
                file.failed = true;
            }
            Err(_) => {}
        }
        outcome
    }
}
