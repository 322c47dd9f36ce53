//! First dirty offsets, kept in `cleaner-offset-checkpoint` of each directory (`LogCleanerManager.updateCheckpoints`).

use crate::fs::Fs;
use crate::log::TopicPartition;
use crate::manager::LogManager;
use crate::manager::log_dir::checkpoint::Offsets;
use crate::manager::logs::Hosted;
use crate::manager::truncate::active_base_offset;

impl<F: Fs> LogManager<F> {
    /// Where the next round of cleaning of a partition starts, as far as known.
    pub fn cleaner_offset(&self, partition: &TopicPartition) -> Option<i64> {
        let hosted = self.hosted(partition, false)?;
        self.dirs[hosted.dir].cleaner_offsets.lock().get(partition).copied()
    }

    /// Notes where the next round starts, and forgets partitions that are gone.
    pub(super) fn set_cleaner_offset(&self, dir: usize, tp: &TopicPartition, offset: i64) {
        self.change_cleaner_offsets(dir, |offsets| {
            offsets.insert(tp.clone(), offset);
        });
    }

    /// Forgets partitions that are gone.
    pub(in crate::manager) fn forget_cleaner_offsets(&self, dir: usize) {
        self.change_cleaner_offsets(dir, |_| {});
    }

    /// A log lost what had been cleaned (`maybeTruncateCheckpoint`).
    pub(in crate::manager) fn lower_cleaner_offset(&self, hosted: &Hosted<F>) {
        let tp = hosted.log.topic_partition();
        let active = active_base_offset(&hosted.log);
        let is_above = self.dirs[hosted.dir].cleaner_offsets.lock().get(tp).is_some_and(|&offset| offset > active);
        if hosted.log.config().compact && is_above {
            self.set_cleaner_offset(hosted.dir, tp, active);
        }
    }

    /// A partition moved to another directory (`alterCheckpointDir`); one that could not be cleaned cannot there either.
    pub(in crate::manager) fn move_cleaner_offset(&self, tp: &TopicPartition, from: usize, to: usize) {
        let moved = self.dirs[from].cleaner_offsets.lock().get(tp).copied();
        if let Some(offset) = moved {
            self.change_cleaner_offsets(from, |offsets| {
                offsets.remove(tp);
            });
            self.set_cleaner_offset(to, tp, offset);
        }
        let mut uncleanable = self.cleaning.uncleanable.lock();
        if uncleanable.remove(&(from, tp.clone())) {
            uncleanable.insert((to, tp.clone()));
        }
    }

    fn change_cleaner_offsets(&self, at: usize, change: impl FnOnce(&mut Offsets)) {
        let dir = &self.dirs[at];
        let logs = self.logs.read();
        let mut offsets = dir.cleaner_offsets.lock();
        let before = offsets.clone();
        offsets.retain(|tp, _| logs.current.contains_key(tp));
        drop(logs);
        change(&mut offsets);
        if *offsets == before || !dir.is_online() {
            return;
        }
        if let Err(error) = dir.cleaner_file.write(&self.fs, &offsets) {
            dir.fail(error.to_string());
        }
    }
}
