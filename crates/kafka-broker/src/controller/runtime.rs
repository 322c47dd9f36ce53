//! The controller at work: it owns the log of the metadata and changes the image.

use std::sync::Arc;

use kafka_log::fs::{Fs, OsFs};
use kafka_rpc::Uuid;
use kafka_rpc::stored::metadata::MetadataRecord;
use parking_lot::RwLock;

use super::describe_quorum::Quorum;
use super::outcome::free_of_charge;
use super::{
    ApiError, BrokerRegistration, ConfigRules, Context, ControllerError, ControllerRegistration, Outcome, Settings,
    activation, registration,
};
use crate::metadata::{Delta, Image, LogOptions, MetadataLog, MetadataVersion, Position, Shared, random_uuid};

/// What a controller is started with.
#[derive(Clone)]
pub struct ControllerOptions {
    /// The log of the metadata.
    pub log: LogOptions,
    /// What plans know of the node.
    pub settings: Settings,
    /// What settings of topics and brokers may be.
    pub rules: Arc<dyn ConfigRules>,
    /// How the controller registers.
    pub registration: ControllerRegistration,
}

/// The active controller of a cluster of one node. One thread has it.
pub struct Controller<F: Fs = OsFs> {
    log: MetadataLog<F>,
    image: Shared,
    settings: Settings,
    rules: Arc<dyn ConfigRules>,
    /// Whether an append has failed: what is on disk is unknown then.
    has_failed: bool,
}

impl<F: Fs> Controller<F> {
    /// Loads the metadata and becomes active: begins an epoch, writes the first records of a new cluster, and registers
    /// the controller.
    ///
    /// # Errors
    /// See [`ControllerError`].
    pub fn open(fs: F, options: ControllerOptions, now_ms: i64) -> Result<Self, ControllerError> {
        let ControllerOptions { log, settings, rules, registration } = options;
        let (mut log, loaded) = MetadataLog::open(fs, log, now_ms)?;
        let bootstrap = match log.bootstrap_records()? {
            Some(values) => values,
            None => activation::default_bootstrap()?,
        };
        let position = log.become_leader(now_ms)?;
        let (records, version) = activation::records(&loaded, &bootstrap, &settings)?;
        let mut image = loaded.image;
        image.set_position(position);
        let image = Arc::new(RwLock::new(image));
        let mut controller = Controller { log, image, settings, rules, has_failed: false };
        controller.commit(&records, true, version, now_ms)?;
        if version.has_controller_registration() {
            let record = registration::register_controller(controller.settings.node_id, &registration);
            controller.commit(&[record], true, version, now_ms)?;
        }
        Ok(controller)
    }

    /// The image, which this controller changes.
    pub fn image(&self) -> Shared {
        Arc::clone(&self.image)
    }

    /// The log of the metadata.
    pub fn log(&self) -> &MetadataLog<F> {
        &self.log
    }

    /// The state of the quorum.
    pub fn quorum(&self) -> Quorum {
        Quorum { leader_epoch: self.log.epoch(), voter_directory_id: self.log.voter_directory_id() }
    }

    /// What plans know of the node.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Puts other settings of the node in force.
    pub fn set_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Makes a plan and carries it out: the records are on disk and in the image when this returns the response, with what
    /// has changed.
    ///
    /// # Errors
    /// A failure of the log: nothing can be executed any more, and the image is as it was.
    pub fn execute<R>(
        &mut self,
        now_ms: i64,
        plan: impl FnOnce(&Image, &Context<'_>) -> Outcome<R>,
    ) -> Result<(R, Delta), ControllerError> {
        let (outcome, version) = {
            let image = self.image.read();
            (plan(&image, &self.context(now_ms)), image.metadata_version())
        };
        let delta = self.commit(&outcome.records, outcome.is_atomic, version, now_ms)?;
        Ok((outcome.response, delta))
    }

    fn context(&self, now_ms: i64) -> Context<'_> {
        Context {
            settings: &self.settings,
            rules: &*self.rules,
            new_id: random_uuid,
            now_ms,
            next_offset: self.log.end_offset(),
            charge: &free_of_charge,
        }
    }

    fn commit(
        &mut self,
        records: &[MetadataRecord<'_>],
        is_atomic: bool,
        version: MetadataVersion,
        now_ms: i64,
    ) -> Result<Delta, ControllerError> {
        if self.has_failed {
            return Err(ControllerError::Failed);
        }
        if records.is_empty() {
            return Ok(Delta::default());
        }
        let appended = if is_atomic {
            self.log.append_atomically(records, version, now_ms)
        } else {
            self.log.append(records, version, now_ms)
        };
        let position = appended.inspect_err(|_| self.has_failed = true)?;
        self.apply(records, position).inspect_err(|_| self.has_failed = true)
    }

    fn apply(&self, records: &[MetadataRecord<'_>], position: Position) -> Result<Delta, ControllerError> {
        let mut delta = Delta::default();
        let mut image = self.image.write();
        records.iter().try_for_each(|record| image.apply(record, &mut delta))?;
        image.set_position(position);
        Ok(delta)
    }

    /// Registers the broker of this node, fenced. Gives its broker epoch.
    ///
    /// # Errors
    /// `Registration` where it does not support the features of the cluster, or names no log directory; a failure of the log.
    pub fn register_broker(
        &mut self,
        broker: &BrokerRegistration,
        now_ms: i64,
    ) -> Result<(i64, Delta), ControllerError> {
        let mut refused = None;
        let (epoch, delta) = self.execute(now_ms, |image, context| {
            registration::register_broker(image, context, broker).unwrap_or_else(|error: ApiError| {
                refused = Some(error);
                Outcome::none(-1)
            })
        })?;
        refused.map_or(Ok((epoch, delta)), |error| Err(ControllerError::Registration(error)))
    }

    /// Unfences the broker of this node, which then leads its partitions. Call it when its listeners are up.
    ///
    /// # Errors
    /// A failure of the log.
    pub fn unfence_broker(&mut self, now_ms: i64) -> Result<Delta, ControllerError> {
        Ok(self.execute(now_ms, registration::unfence)?.1)
    }

    /// Begins the orderly stop of the broker of this node: it leads nothing any more.
    ///
    /// # Errors
    /// A failure of the log.
    pub fn controlled_shutdown(&mut self, now_ms: i64) -> Result<Delta, ControllerError> {
        Ok(self.execute(now_ms, registration::controlled_shutdown)?.1)
    }

    /// Notes that log directories of this node have failed: the broker leads nothing in them any more.
    ///
    /// # Errors
    /// A failure of the log.
    pub fn directories_offline(&mut self, failed: &[Uuid], now_ms: i64) -> Result<Delta, ControllerError> {
        Ok(self.execute(now_ms, |image, context| registration::directories_offline(image, context, failed))?.1)
    }

    /// Notes in which log directories replicas of this node are: ids of topics, partitions, ids of directories. A node with
    /// one directory need not say so.
    ///
    /// # Errors
    /// A failure of the log.
    pub fn assign_directories(
        &mut self,
        assigned: &[(Uuid, i32, Uuid)],
        now_ms: i64,
    ) -> Result<Delta, ControllerError> {
        Ok(self.execute(now_ms, |image, context| registration::assign_directories(image, context, assigned))?.1)
    }

    /// Does what is due: a snapshot, and the removal of what old snapshots stand for.
    ///
    /// # Errors
    /// A failure of the log.
    pub fn tick(&mut self, now_ms: i64) -> Result<(), ControllerError> {
        if self.log.is_snapshot_due(now_ms) {
            self.snapshot(now_ms)?;
        }
        self.log.clean(now_ms)?;
        Ok(())
    }

    /// Writes a snapshot of the image.
    ///
    /// # Errors
    /// I/O errors.
    pub fn snapshot(&mut self, now_ms: i64) -> Result<(), ControllerError> {
        let image = self.image.read();
        self.log.write_snapshot(&image, now_ms)?;
        Ok(())
    }

    /// Fences the broker of this node and ends the log, at the end of an orderly stop.
    ///
    /// # Errors
    /// A failure of the log.
    pub fn shutdown(mut self, now_ms: i64) -> Result<(), ControllerError> {
        self.execute(now_ms, registration::fence)?;
        self.log.close()?;
        Ok(())
    }
}
