//! Leaders that clients are sent to by an error (KIP-951).

use std::collections::BTreeSet;

use kafka_rpc::Uuid;

use crate::broker::Shared;
use crate::metadata::NO_LEADER;

/// Where a leader is.
pub(super) struct Endpoint {
    pub(super) id: i32,
    pub(super) host: String,
    pub(super) port: i32,
    pub(super) rack: Option<String>,
}

/// The leaders of a response.
#[derive(Default)]
pub(super) struct Leaders(BTreeSet<i32>);

impl Leaders {
    /// Leader and epoch of a partition, as far as is known (`KafkaApis.getCurrentLeader`), -1 for none. The response has to tell where
    /// it is.
    pub(super) fn of(&mut self, shared: &Shared, name: &str, id: Uuid, number: i32) -> (i32, i32) {
        let Ok(topic) = shared.topics.find(id != Uuid::ZERO, name, id) else { return (NO_LEADER, -1) };
        let (leader, epoch) = match topic.partition(number) {
            Ok(partition) => partition.leader_and_epoch(),
            Err(_) => {
                let image = shared.image.read();
                image.partition(topic.id, number).map_or((NO_LEADER, -1), |it| (it.leader, it.leader_epoch))
            }
        };
        if leader != NO_LEADER {
            self.0.insert(leader);
        }
        (leader, epoch)
    }

    /// Where they are, for clients of a listener.
    pub(super) fn endpoints(&self, shared: &Shared, listener: usize) -> impl Iterator<Item = Endpoint> {
        let image = shared.image.read();
        let endpoint = |id: &i32| {
            let broker = image.broker(*id).filter(|broker| !broker.fenced)?;
            let (host, port) = shared.endpoint_of(broker, listener)?;
            Some(Endpoint { id: *id, host, port, rack: broker.rack.as_deref().map(str::to_owned) })
        };
        let found: Vec<Endpoint> = self.0.iter().filter_map(endpoint).collect();
        found.into_iter()
    }
}
