//! From changes of the metadata to logs: created, deleted, given other settings.

use std::collections::BTreeSet;
use std::sync::Arc;

use kafka_log::log::TopicPartition;
use kafka_log::manager::{CreateLog, ManagerError, NewTopic};

use super::Shared;
use super::coordinators::follow_leaders;
use super::follow::follow;
use super::settings::connection_limits;
use crate::cluster;
use crate::config::DynamicConfigs;
use crate::disk::Log;
use crate::metadata::{self, ConfigResource, ConfigResourceType, Delta, Image};
use crate::partitions::{Hosted, Partition, Topic, Watch};
use crate::topics::{GROUP_METADATA_TOPIC, TRANSACTION_STATE_TOPIC};

/// Brings the logs in line with what has changed. Runs on the controller's thread, before the change is answered.
pub(crate) fn apply(shared: &Shared, delta: &Delta, now_ms: i64) {
    if let Some(authorizer) = shared.authorizer.as_ref().filter(|_| !delta.changed_acls.is_empty()) {
        authorizer.apply(delta, &shared.image.read());
    }
    if delta.has_changed_quotas {
        shared.quotas.set_limits(&shared.image.read());
    }
    for deleted in &delta.deleted_topics {
        delete(shared, &deleted.name, deleted.id, now_ms);
    }
    tell_groups(shared, delta);
    if !delta.deleted_topics.is_empty() {
        let gone: Vec<_> = delta.deleted_topics.iter().map(|topic| (topic.name.to_string(), topic.id)).collect();
        shared.groups.topics_deleted(&gone, now_ms);
    }
    for resource in delta.changed_configs.iter().filter(|resource| resource.kind == ConfigResourceType::Topic) {
        let settings = settings_of(&shared.image.read(), &resource.name);
        update_topic(shared, &resource.name, &settings);
    }
    if delta.changed_configs.iter().any(|resource| resource.kind == ConfigResourceType::Broker) {
        update_settings(shared);
        update_security(shared);
    }
    let mut changed: Vec<_> = delta.changed_partitions.iter().map(|(id, _)| *id).collect();
    changed.dedup();
    for id in changed {
        let Some(topic) = host(shared, id, true, now_ms) else { continue };
        let numbers = delta.changed_partitions.iter().filter(|(of, _)| *of == id).map(|(_, number)| *number);
        follow_leaders(shared, &topic, numbers);
    }
}

/// Tells consumer groups which topics to look at.
fn tell_groups(shared: &Shared, delta: &Delta) {
    let changed: BTreeSet<_> = delta.changed_partitions.iter().map(|(id, _)| *id).collect();
    let mut names: Vec<Arc<str>> = {
        let image = shared.image.read();
        changed.into_iter().filter_map(|id| Some(Arc::clone(&image.topic_by_id(id)?.name))).collect()
    };
    names.extend(delta.deleted_topics.iter().map(|topic| Arc::clone(&topic.name)));
    if !names.is_empty() {
        let names: Vec<&str> = names.iter().map(|name| &**name).collect();
        shared.groups.topics_changed(&names, !delta.created_topics.is_empty());
    }
}

/// Puts in force what a topic sets itself.
fn update_topic(shared: &Shared, topic: &str, settings: &[(String, String)]) {
    let settings = settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    if let Err(error) = shared.manager.update_topic_config(topic, settings) {
        tracing::error!(topic, %error, "settings of a topic cannot be put in force");
    }
}

/// Puts the settings of the broker in force that may change while it runs: defaults of topics, cleaners, producers, numbers of
/// connections.
pub(super) fn update_settings(shared: &Shared) {
    let dynamic = DynamicConfigs::of(&shared.image.read(), shared.node_id);
    let settings = dynamic.over(&shared.config.config);
    if let Err(error) = shared.manager.update_default_config(settings.log_config()) {
        tracing::error!(%error, "settings of the broker cannot be put in force");
    }
    let config = match settings.config() {
        Ok(config) => config,
        Err(error) => {
            tracing::error!(%error, "settings of the broker cannot be put in force");
            return;
        }
    };
    match connection_limits(&config) {
        Ok(limits) => shared.connections.set_limits(limits),
        Err(error) => tracing::error!(%error, "limits of connections cannot be put in force"),
    }
    shared.manager.update_producer_config(config.log_manager.producers());
    if shared.member.is_some() {
        cluster::cordon(shared, &config.member.cordoned_log_dirs);
    }
    shared.fetchers.update_quota(&shared.image.read());
    shared.manager.update_cleaner_config(config.log_manager.cleaner);
}

/// Puts the settings of listeners in force.
pub(super) fn update_security(shared: &Shared) {
    let dynamic = DynamicConfigs::of(&shared.image.read(), shared.node_id);
    match dynamic.over(&shared.config.config).config() {
        Ok(config) => shared.security.update(&config),
        Err(error) => tracing::error!(%error, "settings of listeners cannot be put in force"),
    }
}

/// What a topic sets itself.
pub(super) fn settings_of(image: &Image, topic: &str) -> Vec<(String, String)> {
    let resource = ConfigResource::topic(topic);
    let own = image.configs(&resource);
    own.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn delete(shared: &Shared, name: &str, id: kafka_rpc::Uuid, now_ms: i64) {
    let Some(topic) = shared.topics.remove(id) else { return };
    // Fetches that wait learn that the topic is gone, and so do producers who still append.
    let gone: Vec<_> = topic.hosted().map(|(_, partition)| partition.topic_partition().clone()).collect();
    shared.fetchers.update(&shared.image.read(), Vec::new(), &gone);
    topic.hosted().for_each(|(_, partition)| partition.delete());
    // What a coordinator knows is gone with its log.
    let numbers = topic.hosted().map(|(number, _)| number);
    match name {
        GROUP_METADATA_TOPIC => numbers.for_each(|number| shared.groups.unload(number, None)),
        TRANSACTION_STATE_TOPIC => numbers.for_each(|number| shared.transactions.unload(number)),
        _ => {}
    }
    match shared.manager.delete_topic(name, now_ms) {
        Ok(()) | Err(ManagerError::UnknownTopic { .. }) => {}
        Err(error) => tracing::error!(topic = name, %error, "a topic was deleted, some of its files were not"),
    }
}

/// Brings the partitions of a topic that have a replica here in line with the metadata. `is_new`: partitions without a log have
/// just been created, or come to this broker, and cannot be in a directory that is offline.
pub(super) fn host(shared: &Shared, id: kafka_rpc::Uuid, is_new: bool, now_ms: i64) -> Option<Arc<Topic>> {
    let (name, states) = {
        let image = shared.image.read();
        let topic = image.topic_by_id(id)?;
        let states: Vec<metadata::Partition> = topic.partitions().map(|(_, partition)| partition.clone()).collect();
        (Arc::clone(&topic.name), states)
    };
    let before = shared.topics.with_id(id).ok();
    let of_before = |number: i32| before.as_ref().and_then(|topic| topic.partition(number).ok());
    let is_here = |state: &metadata::Partition| state.replicas.contains(&shared.node_id);
    let mut assumed = Vec::new();
    let is_same = before.as_ref().is_some_and(|topic| topic.partition_count() == states.len())
        && states.iter().zip(0..).all(|(state, number)| of_before(number).is_some() == is_here(state));
    if let Some(topic) = before.as_ref().filter(|_| is_same) {
        for (number, partition) in topic.hosted() {
            if let Some(state) = usize::try_from(number).ok().and_then(|at| states.get(at)) {
                assumed.push((Arc::clone(partition), partition.assume(state, now_ms)));
            }
        }
        follow(shared, id, assumed);
        return before;
    }
    let mut created = Vec::new();
    if before.is_none() && is_new {
        match states.iter().all(is_here) {
            true => created = create_topic(shared, &name, id, &states, now_ms),
            // What the topic sets holds for each log that is made for it.
            false => update_topic(shared, &name, &settings_of(&shared.image.read(), &name)),
        }
    }
    created.reverse();
    let partitions = states.iter().zip(0..).map(|(state, number)| {
        if !is_here(state) {
            return Some(None);
        }
        if let Some(partition) = of_before(number) {
            assumed.push((Arc::clone(partition), partition.assume(state, now_ms)));
            return Some(Some(Arc::clone(partition)));
        }
        let tp = TopicPartition::new(&*name, number).ok()?;
        let hosted = match created.pop() {
            Some(log) => Hosted::Log(log),
            None => find_or_create(shared, &tp, id, state, is_new, now_ms),
        };
        let watch = Arc::new(Watch::new(Arc::clone(&shared.loops)));
        let partition = Arc::new(Partition::new(id, tp, Arc::clone(&shared.replication), hosted, watch));
        assumed.push((Arc::clone(&partition), partition.assume(state, now_ms)));
        Some(Some(partition))
    });
    let partitions = partitions.collect::<Option<_>>()?;
    let topic = Arc::new(Topic::new(name, id, partitions));
    shared.topics.insert(Arc::clone(&topic));
    follow(shared, id, assumed);
    let left: Vec<_> = before
        .iter()
        .flat_map(|topic| topic.hosted())
        .filter(|(number, _)| topic.partition(*number).is_err())
        .collect();
    left.into_iter().for_each(|(_, partition)| leave(shared, partition, now_ms));
    Some(topic)
}

/// Gives up a replica that is on other brokers now.
fn leave(shared: &Shared, partition: &Partition, now_ms: i64) {
    let tp = partition.topic_partition();
    shared.fetchers.update(&shared.image.read(), Vec::new(), std::slice::from_ref(tp));
    partition.delete();
    match tp.topic() {
        GROUP_METADATA_TOPIC => shared.groups.unload(tp.partition(), None),
        TRANSACTION_STATE_TOPIC => shared.transactions.unload(tp.partition()),
        _ => {}
    }
    if let Err(error) = shared.manager.async_delete(tp, false, now_ms) {
        tracing::error!(partition = %tp, %error, "a replica is on other brokers now, some of its files stay");
    }
}

/// All logs of a new topic together, with one sync for each directory. None where that fails: then each is tried alone.
fn create_topic(
    shared: &Shared,
    name: &str,
    id: kafka_rpc::Uuid,
    states: &[metadata::Partition],
    now_ms: i64,
) -> Vec<Arc<Log>> {
    let settings = settings_of(&shared.image.read(), name);
    let properties: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let partitions = i32::try_from(states.len()).unwrap_or(i32::MAX);
    let is_sole_replica = states.iter().all(|state| *state.replicas == [shared.node_id]);
    let new = NewTopic { name, id: Some(id), partitions, properties: &properties, is_sole_replica };
    match shared.manager.create_topic(&new, now_ms) {
        Ok(logs) => logs,
        Err(ManagerError::TopicExists { .. }) => Vec::new(),
        Err(error) => {
            tracing::error!(topic = name, %error, "the logs of a topic cannot be created together");
            // The failure has made the manager forget the settings. Each log that can be created after all needs them.
            update_topic(shared, name, &settings);
            Vec::new()
        }
    }
}

fn find_or_create(
    shared: &Shared,
    tp: &TopicPartition,
    id: kafka_rpc::Uuid,
    state: &metadata::Partition,
    is_new: bool,
    now_ms: i64,
) -> Hosted {
    let mut places = state.replicas.iter().zip(&state.directories);
    let assigned = places.find(|(replica, _)| **replica == shared.node_id).map(|(_, dir)| *dir);
    let dirs = shared.manager.log_dirs();
    // An id that is reserved, or of a directory that is not there, names no place.
    let directory_id = assigned.filter(|assigned| dirs.iter().any(|dir| dir.directory_id == Some(*assigned)));
    let is_sole_replica = *state.replicas == [shared.node_id];
    let create = CreateLog { is_new, topic_id: Some(id), is_sole_replica, directory_id, ..CreateLog::default() };
    match shared.manager.get_or_create_log(tp, create, now_ms) {
        Ok(log) => Hosted::Log(log),
        Err(error) => {
            tracing::error!(partition = %tp, %error, "a partition is offline");
            Hosted::Offline
        }
    }
}
