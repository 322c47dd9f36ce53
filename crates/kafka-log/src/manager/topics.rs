//! Topics as a whole: created with all their partitions, deleted with their settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::logs::Hosted;
use super::{CreateLog, LogManager, ManagerError};
use crate::format::partition_dir::PartitionDirState;
use crate::format::uuid::Uuid;
use crate::fs::Fs;
use crate::log::config::LogConfig;
use crate::log::metrics::Traffic;
use crate::log::{InvalidTopic, Log, TopicPartition, validate_topic_name};

/// A topic that is to be created (`CreatableTopic`).
#[derive(Clone, Copy, Debug, Default)]
pub struct NewTopic<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its id.
    pub id: Option<Uuid>,
    /// Number of partitions, from 1 on.
    pub partitions: i32,
    /// What it sets itself, as names and values.
    pub properties: &'a [(&'a str, &'a str)],
    /// Its partitions have no other replicas; see [`Log::set_sole_replica`].
    pub is_sole_replica: bool,
}

/// A topic with partitions here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopicInfo {
    /// Its name.
    pub name: String,
    /// Its id, if it has one.
    pub id: Option<Uuid>,
    /// The partitions that are here, ascending.
    pub partitions: Vec<i32>,
}

impl<F: Fs> LogManager<F> {
    /// Creates a topic with all its partitions, spread over the directories as [`LogManager::get_or_create_log`] does it. The
    /// folders are on disk when this returns; each directory is synced once.
    ///
    /// # Errors
    /// A name that Kafka refuses, less than one partition; settings that Kafka refuses, unknown names among them; `TopicExists`;
    /// I/O errors, after which the topic is not here.
    pub fn create_topic(&self, topic: &NewTopic<'_>, now_ms: i64) -> Result<Vec<Arc<Log<F>>>, ManagerError> {
        validate_topic_name(topic.name)?;
        if topic.partitions < 1 {
            return Err(InvalidTopic::NoPartitions { partitions: topic.partitions }.into());
        }
        let properties = || topic.properties.iter().copied();
        LogConfig::validate_names(properties().map(|(name, _)| name))?;
        let _turn = self.take_turn()?;
        if self.logs.read().current.keys().any(|tp| tp.topic() == topic.name) {
            return Err(ManagerError::TopicExists { topic: topic.name.to_owned() });
        }
        self.set_topic_config(topic.name, properties())?;
        let name: Arc<str> = Arc::from(topic.name);
        let partitions: Vec<_> =
            (0..topic.partitions).map(|number| TopicPartition::on_disk(Arc::clone(&name), number)).collect();
        let create = CreateLog { is_new: true, topic_id: topic.id, ..CreateLog::default() };
        let created = self.create_all(&partitions, create, now_ms);
        if created.is_err() {
            self.settings.write().forget(topic.name);
        }
        let mut logs = Vec::with_capacity(partitions.len());
        for hosted in created? {
            if topic.is_sole_replica {
                let set = hosted.log.set_sole_replica(true);
                self.note_failure(hosted.dir, set)?;
            }
            logs.push(hosted.log);
        }
        Ok(logs)
    }

    /// Deletes a topic: all its partitions as [`LogManager::async_delete`] does it, and its settings.
    ///
    /// # Errors
    /// `UnknownTopic`; the first partition that could not be deleted, which leaves the others deleted.
    pub fn delete_topic(&self, name: &str, now_ms: i64) -> Result<(), ManagerError> {
        let turn = self.take_turn()?;
        let of_topic: Vec<(TopicPartition, bool)> = {
            let logs = self.logs.read();
            let current = logs.current.keys().map(|tp| (tp, false));
            let all = current.chain(logs.future.keys().map(|tp| (tp, true)));
            all.filter(|(tp, _)| tp.topic() == name).map(|(tp, is_future)| (tp.clone(), is_future)).collect()
        };
        if of_topic.is_empty() {
            return Err(ManagerError::UnknownTopic { topic: name.to_owned() });
        }
        self.settings.write().forget(name);
        let (mut dirs, mut first_error) = (Vec::new(), None);
        for (tp, is_future) in &of_topic {
            match self.remove(tp, *is_future, PartitionDirState::Deleted, now_ms, &turn) {
                Ok(removed) => dirs.extend(removed.map(|removed| removed.dir)),
                Err(error) => drop(first_error.get_or_insert(error)),
            }
        }
        self.past_traffic.lock().remove(name);
        dirs.sort_unstable();
        dirs.dedup();
        self.forget_in_checkpoints(&dirs);
        first_error.map_or(Ok(()), Err)
    }

    /// The topics that have partitions here, by name.
    pub fn topics(&self) -> Vec<TopicInfo> {
        let logs: Vec<Hosted<F>> = self.logs.read().current.values().cloned().collect();
        let mut topics: BTreeMap<&str, TopicInfo> = BTreeMap::new();
        for hosted in &logs {
            let tp = hosted.log.topic_partition();
            let topic = topics.entry(tp.topic()).or_insert_with(|| TopicInfo {
                name: tp.topic().to_owned(),
                id: hosted.log.topic_id(),
                partitions: Vec::new(),
            });
            topic.partitions.push(tp.partition());
        }
        let sorted = topics.into_values().map(|mut topic| {
            topic.partitions.sort_unstable();
            topic
        });
        sorted.collect()
    }

    /// What producers and consumers have moved through the partitions of a topic since the load; zeros for a topic that is not here.
    pub fn topic_traffic(&self, name: &str) -> Traffic {
        let mut sum = self.past_traffic.lock().get(name).copied().unwrap_or_default();
        let logs = self.logs.read();
        let of_topic = logs.current.iter().filter(|(tp, _)| tp.topic() == name);
        of_topic.for_each(|(_, hosted)| sum += hosted.log.traffic());
        sum
    }

    /// Keeps what went through a log that goes, while its topic stays.
    pub(super) fn keep_traffic(&self, log: &Log<F>) {
        *self.past_traffic.lock().entry(log.topic_partition().topic().to_owned()).or_default() += log.traffic();
    }

    /// Creates the logs of partitions that are not here, all of them or none.
    fn create_all(
        &self,
        partitions: &[TopicPartition],
        create: CreateLog,
        now_ms: i64,
    ) -> Result<Vec<Hosted<F>>, ManagerError> {
        let mut folders = Vec::with_capacity(partitions.len());
        let created = self.create_folders(partitions, create, &mut folders).and_then(|()| {
            let mut dirs: Vec<usize> = folders.iter().map(|(dir, _)| *dir).collect();
            dirs.sort_unstable();
            dirs.dedup();
            dirs.into_iter().try_for_each(|dir| self.sync_log_dir(dir))?;
            let with_folder = partitions.iter().zip(&folders);
            with_folder.map(|(tp, (dir, path))| self.open_new(*dir, path, create, tp, now_ms)).collect()
        });
        let created: Vec<Hosted<F>> = match created {
            Ok(created) => created,
            Err(error) => {
                folders.iter().for_each(|(dir, path)| self.remove_folder(*dir, path));
                return Err(error);
            }
        };
        let mut logs = self.logs.write();
        for (tp, hosted) in partitions.iter().zip(&created) {
            logs.current.insert(tp.clone(), hosted.clone());
        }
        tracing::info!(
            topic = partitions.first().map(TopicPartition::topic),
            partitions = created.len(),
            "topic created"
        );
        Ok(created)
    }
}
