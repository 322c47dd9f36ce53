//! Which log directory each partition is in, for the metadata (`AssignmentsManager`, KIP-858).

use kafka_rpc::Uuid;

use super::{Shared, apply};
use crate::controller::ControllerError;
use crate::disk::Controller;

/// Notes in the metadata in which directories these partitions are, where it does not know. A broker with one directory need not say so.
pub(crate) fn assign(
    controller: &mut Controller,
    shared: &Shared,
    partitions: impl Iterator<Item = (Uuid, i32)>,
    now_ms: i64,
) -> Result<(), ControllerError> {
    let assigned = unknown(shared, partitions);
    if assigned.is_empty() {
        return Ok(());
    }
    let delta = controller.assign_directories(&assigned, now_ms)?;
    apply(shared, &delta, now_ms);
    Ok(())
}

/// Which of these partitions are in which directories, where the metadata does not know: topics, partitions, directories. With one
/// directory there is nothing to know.
pub(crate) fn unknown(shared: &Shared, partitions: impl Iterator<Item = (Uuid, i32)>) -> Vec<(Uuid, i32, Uuid)> {
    let dirs = shared.manager.log_dirs();
    if dirs.len() < 2 {
        return Vec::new();
    }
    let image = shared.image.read();
    let place = |(id, number): (Uuid, i32)| {
        let log = shared.topics.with_id(id).ok()?.partition(number).ok()?.log().ok()?;
        let path = log.dir();
        let dir = dirs.iter().find(|dir| path.parent() == Some(&*dir.path))?.directory_id?;
        let known = image.partition(id, number)?;
        let mut places = known.replicas.iter().zip(&known.directories);
        let is_known = places.any(|(replica, place)| *replica == shared.node_id && *place == dir);
        (!is_known).then_some((id, number, dir))
    };
    partitions.filter_map(place).collect()
}

/// All partitions of this broker.
pub(crate) fn all(shared: &Shared) -> Vec<(Uuid, i32)> {
    let topics = shared.topics.all();
    topics.iter().flat_map(|topic| topic.hosted().map(|(number, _)| (topic.id, number))).collect()
}

#[cfg(test)]
mod tests {
    use kafka_rpc::Uuid;

    use super::super::Broker;
    use crate::config::BrokerConfig;
    use crate::controller_thread::Job;

    #[test]
    fn the_metadata_says_in_which_directory_each_partition_is() {
        let temporary = tempfile::tempdir().unwrap();
        let dirs = ["one", "two"].map(|name| temporary.path().join(name).display().to_string());
        let settings =
            [("listeners", "PLAINTEXT://127.0.0.1:0"), ("log.dirs", &dirs.join(",")), ("num.partitions", "4")];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let start = || Broker::start(BrokerConfig::load(None, &settings).unwrap().0).unwrap();
        let places = |broker: &Broker| -> Vec<Uuid> {
            let image = broker.shared.image.read();
            image.topic("t").unwrap().partitions().flat_map(|(_, partition)| partition.directories.to_vec()).collect()
        };
        let broker = start();
        broker.shared.controller.send(Job::AutoCreate(vec!["t".to_owned()]));
        while broker.shared.topics.named("t").is_err() || places(&broker).contains(&Uuid::ZERO) {
            std::thread::yield_now();
        }
        let told = places(&broker);
        let dirs = broker.shared.manager.log_dirs();
        for (number, place) in (0..).zip(&told) {
            let log = broker.shared.topics.named("t").unwrap().partition(number).unwrap().log().unwrap();
            let dir = dirs.iter().find(|dir| dir.directory_id == Some(*place)).unwrap();
            assert_eq!(log.dir().parent(), Some(&*dir.path), "partition {number}");
        }
        assert!(dirs.iter().all(|dir| told.contains(&dir.directory_id.unwrap())), "both are used");
        assert!(broker.stop().is_clean);
        assert_eq!(places(&start()), told, "after a restart");
    }
}
