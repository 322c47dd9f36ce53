//! Logs that come into being (`getOrCreateLog`).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::load::is_medium_failure;
use super::logs::Hosted;
use super::{LogManager, ManagerError, dir_name};
use crate::format::partition_dir::PartitionDirState;
use crate::format::uuid::Uuid;
use crate::fs::Fs;
use crate::log::error::StorageError;
use crate::log::{Log, LogOptions, TopicPartition};

/// What is known about a log that is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct CreateLog {
    /// The partition is new to this broker. If not, and some directory is offline, no log is made: it may be there.
    pub is_new: bool,
    /// The copy on its way to another directory is meant; [`LogManager::set_preferred_log_dir`] says which.
    pub is_future: bool,
    /// Id of the topic.
    pub topic_id: Option<Uuid>,
    /// The log is the only replica of its partition, now and later; see [`Log::set_sole_replica`].
    pub is_sole_replica: bool,
    /// `directory.id` of the directory to make it in, unless another one is preferred.
    pub directory_id: Option<Uuid>,
}

impl<F: Fs> LogManager<F> {
    /// The log of a partition; made if there is none, in the preferred directory or in that with the fewest logs, but not
    /// in a cordoned one if there is another.
    ///
    /// The folder is on disk when this returns. A directory that takes no folder goes offline, and the next one is
    /// tried. `is_new` is a promise: where the partition was made before, even without success, it may come to be there twice.
    ///
    /// # Errors
    /// I/O errors; `LogDirsOffline` where the log may be in a directory that is offline, or no directory takes it;
    /// `FolderName` where the file system does not take the name of the folder, which leaves the directory online;
    /// `InconsistentTopicId` for a log of another topic of that name; `IllegalState` for a future log without a preferred
    /// directory other than the current one.
    pub fn get_or_create_log(
        &self,
        partition: &TopicPartition,
        create: CreateLog,
        now_ms: i64,
    ) -> Result<Arc<Log<F>>, ManagerError> {
        let found = self.logs.read().get(partition, create.is_future).cloned();
        let hosted = match found {
            Some(hosted) => hosted,
            None => self.create(partition, create, now_ms)?,
        };
        if let (Some(expected), Some(found)) = (create.topic_id, hosted.log.topic_id())
            && expected != found
        {
            return Err(ManagerError::InconsistentTopicId { partition: partition.clone(), expected, found });
        }
        if create.is_sole_replica && !hosted.log.is_sole_replica() {
            let set = hosted.log.set_sole_replica(true);
            self.note_failure(hosted.dir, set)?;
        }
        Ok(hosted.log)
    }

    fn create(&self, tp: &TopicPartition, create: CreateLog, now_ms: i64) -> Result<Hosted<F>, ManagerError> {
        let _turn = self.take_turn()?;
        if let Some(hosted) = self.logs.read().get(tp, create.is_future) {
            return Ok(hosted.clone());
        }
        if !create.is_new && self.has_offline_log_dirs() {
            let message = format!("no log is made for {tp}: it may be in a directory that is offline");
            return Err(ManagerError::LogDirsOffline { message, paths: self.offline_dirs() });
        }
        let mut folders = Vec::with_capacity(1);
        self.create_folders(std::slice::from_ref(tp), create, &mut folders)?;
        let Some((dir, path)) = folders.pop() else { return Err(ManagerError::NoLogDirs) };
        self.sync_log_dir(dir)?;
        let hosted = self.open_new(dir, &path, create, tp, now_ms)?;
        self.logs.write().map(create.is_future).insert(tp.clone(), hosted.clone());
        tracing::info!(partition = %tp, dir = %path.display(), "log created");
        Ok(hosted)
    }

    /// Creates the folders of partitions, and notes each with its directory. They are not durable yet.
    pub(super) fn create_folders(
        &self,
        partitions: &[TopicPartition],
        create: CreateLog,
        folders: &mut Vec<(usize, PathBuf)>,
    ) -> Result<(), ManagerError> {
        partitions.iter().try_for_each(|tp| {
            let folder = self.create_folder(tp, create, folders)?;
            folders.push(folder);
            Ok(())
        })
    }

    fn create_folder(
        &self,
        tp: &TopicPartition,
        create: CreateLog,
        before: &[(usize, PathBuf)],
    ) -> Result<(usize, PathBuf), ManagerError> {
        let name = if create.is_future {
            self.unique_dir_name(tp, PartitionDirState::Future)
        } else {
            dir_name(tp, PartitionDirState::Live, "")
        };
        let candidates = self.candidates(tp, create, before)?;
        for &dir in &candidates {
            let path = self.dirs[dir].join(&name);
            // Once there may be a folder, the partition stays there: in a second one it would be there twice.
            match self.require_online(dir).map(|()| self.fs.create_dir_all(&path)) {
                Ok(Ok(())) => {
                    self.preferred.lock().remove(tp);
                    return Ok((dir, path));
                }
                // The name is the caller's, and no other directory would take it.
                Ok(Err(source)) if is_about_the_name(&source) => {
                    return Err(ManagerError::FolderName { path, source });
                }
                Ok(Err(error)) => self.dirs[dir].fail(StorageError::io("create", &path)(error).to_string()),
                Err(_) => {}
            }
        }
        let message = format!("no log directory takes {tp}");
        let paths = candidates.into_iter().map(|dir| self.dirs[dir].path.clone()).collect();
        Err(ManagerError::LogDirsOffline { message, paths })
    }

    /// Directories to try, best first.
    fn candidates(
        &self,
        tp: &TopicPartition,
        create: CreateLog,
        before: &[(usize, PathBuf)],
    ) -> Result<Vec<usize>, ManagerError> {
        let by_id = |id| self.dirs.iter().position(|dir| dir.is_online() && dir.directory_id == Some(id));
        let preferred = self.preferred.lock().get(tp).copied().or_else(|| create.directory_id.and_then(by_id));
        if create.is_future {
            let current = self.logs.read().get(tp, false).map(|hosted| hosted.dir);
            let why = match (preferred, current) {
                (None, _) => "it has no preferred directory",
                (_, None) => "it has no current log",
                (Some(preferred), Some(current)) if preferred == current => "it is in the preferred directory",
                _ => "",
            };
            if !why.is_empty() {
                return Err(ManagerError::IllegalState(format!("no future log is made for {tp}: {why}")));
            }
        }
        Ok(preferred.map_or_else(|| self.next_log_dirs(before), |dir| vec![dir]))
    }

    /// Directories that work, those with the fewest logs first; cordoned ones only if there are no others, and then one
    /// (`nextLogDirs`). The folders that were created `before` count as logs.
    fn next_log_dirs(&self, before: &[(usize, PathBuf)]) -> Vec<usize> {
        let online: Vec<usize> = (0..self.dirs.len()).filter(|&dir| self.dirs[dir].is_online()).collect();
        let open = online.iter().copied().filter(|&dir| !self.dirs[dir].cordoned.load(Ordering::Relaxed));
        let mut open: Vec<usize> = open.collect();
        if open.is_empty() {
            return online.into_iter().take(1).collect();
        }
        let mut counts = self.logs.read().count_by_dir(self.dirs.len());
        before.iter().for_each(|(dir, _)| counts[*dir] += 1);
        open.sort_by_key(|&dir| counts[dir]);
        open
    }

    /// Makes new folders in a log directory durable. Kafka leaves this to chance: without it a crash may take the folder with all
    /// that was flushed in it.
    pub(super) fn sync_log_dir(&self, dir: usize) -> Result<(), ManagerError> {
        let dir = &self.dirs[dir];
        self.fs.sync_dir(&dir.path).map_err(StorageError::io("sync", &dir.path)).map_err(|error| {
            dir.fail(error.to_string());
            error.into()
        })
    }

    /// Removes a new folder whose log is not to be; as well as it can be done, since something has failed already.
    pub(super) fn remove_folder(&self, dir: usize, path: &Path) {
        if self.dirs[dir].is_online() {
            let files = self.fs.read_dir(path).unwrap_or_default();
            let removed = files.iter().try_for_each(|file| self.fs.remove_file(&path.join(&file.name)));
            let _ = removed.and_then(|()| self.fs.remove_dir(path));
        }
    }

    pub(super) fn open_new(
        &self,
        dir: usize,
        path: &Path,
        create: CreateLog,
        tp: &TopicPartition,
        now_ms: i64,
    ) -> Result<Hosted<F>, ManagerError> {
        let at = dir;
        let dir = &self.dirs[at];
        let config = self.settings.read().of(tp.topic());
        let options = LogOptions { topic_id: create.topic_id, ..self.log_options(&config, dir, tp, now_ms) };
        match Log::open(self.fs.clone(), path, options) {
            Ok((log, _)) => {
                if !create.is_future {
                    self.observe(&log);
                }
                Ok(Hosted { log: Arc::new(log), dir: at })
            }
            Err(source) => {
                if is_medium_failure(&source) {
                    dir.fail(source.to_string());
                }
                Err(ManagerError::Open { path: path.to_owned(), source: Box::new(source) })
            }
        }
    }
}

/// Whether a folder cannot be created because of its name (`ENAMETOOLONG`, `EINVAL`).
fn is_about_the_name(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidFilename | io::ErrorKind::InvalidInput)
}
