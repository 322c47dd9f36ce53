//! `FsFile` for the simulated file system.

use std::io;
use std::ops::Deref;
use std::sync::Arc;

use kafka_log::fs::{FileWindow, FsFile, ReadAt};

use super::SimFs;
use super::crash::mixture;
use super::node::Id;
use super::state::State;

/// An open file.
pub struct SimFile {
    pub(super) fs: SimFs,
    pub(super) id: Id,
    pub(super) writable: bool,
}

/// The bytes of a file as they were when it was mapped; they must not change while it lives.
pub struct SimMap(Arc<[u8]>);

impl Deref for SimMap {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// A part of a file to be written to. The file must not be cut into it while it lives.
pub struct SimWindow {
    file: SimFile,
    start: u64,
    end: u64,
}

impl FileWindow for SimWindow {
    fn covers(&self, position: u64, len: usize) -> bool {
        position >= self.start && position + len as u64 <= self.end
    }

    fn write_all_at(&mut self, bytes: &[u8], position: u64) -> io::Result<()> {
        if (self.file.len()?) < self.end {
            let complaint =
                format!("a write at {position} through a window up to {}, into which the file was cut", self.end);
            self.file.fs.state().complaints.push(complaint);
        }
        self.file.write_all_at(bytes, position)
    }
}

/// A file to be read from like memory. It must not end before what is read.
pub struct SimView {
    file: SimFile,
    len: usize,
}

impl ReadAt for SimView {
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
        let mut state = self.file.fs.state();
        let end = (position as usize + buf.len()).min(self.len);
        let live = &state.file(self.file.id)?.live;
        if end > live.len() {
            let complaint = format!("a read of {position} to {end} through a view of a file of {} bytes", live.len());
            state.complaints.push(complaint);
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        live[..end].read_at(buf, position)
    }
}

impl Drop for SimView {
    fn drop(&mut self) {
        self.file.fs.state().views -= 1;
    }
}

/// A held lock.
pub struct SimLock(pub(super) SimFile);

impl Drop for SimLock {
    fn drop(&mut self) {
        if let Ok(node) = self.0.fs.state().file_mut(self.0.id) {
            node.locked = false;
        }
    }
}

impl SimFile {
    fn may_write(&self) -> io::Result<()> {
        if self.writable { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }

    /// Complains when bytes that somebody has mapped would change.
    fn keep_mapped(&self, state: &mut State, from: usize, what: &str) -> io::Result<()> {
        let mapped = state.file(self.id)?.mapped();
        if from < mapped {
            state.complaints.push(format!("{what} at {from} of a file of which {mapped} bytes are mapped"));
        }
        Ok(())
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
    type Map = SimMap;
    type Window = SimWindow;
    type View = SimView;

    fn len(&self) -> io::Result<u64> {
        let mut state = self.fs.state();
        state.read()?;
        Ok(state.file(self.id)?.live.len() as u64)
    }

    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        self.may_write()?;
        let mut state = self.fs.state();
        let position = usize::try_from(position).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.keep_mapped(&mut state, position, "a write")?;
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
        self.keep_mapped(&mut state, len, "a cut")?;
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

    fn map(&self) -> io::Result<SimMap> {
        let mut state = self.fs.state();
        state.read()?;
        Ok(SimMap(state.file_mut(self.id)?.map()))
    }

    fn window(&self, from: u64, len: usize) -> io::Result<Option<SimWindow>> {
        let end = from + len as u64;
        if self.len()? < end {
            self.set_len(end)?;
        }
        let file = SimFile { fs: self.fs.clone(), id: self.id, writable: true };
        Ok(Some(SimWindow { file, start: from, end }))
    }

    fn view(&self, len: usize) -> io::Result<Option<SimView>> {
        let mut state = self.fs.state();
        state.read()?;
        state.views += 1;
        let file = SimFile { fs: self.fs.clone(), id: self.id, writable: false };
        Ok(Some(SimView { file, len }))
    }

    fn reserve(&self, _: u64, _: usize) -> io::Result<()> {
        Ok(())
    }
}
