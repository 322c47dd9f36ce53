//! Metrics of fetchers (`FetcherStats`, `FetcherLagMetrics`, `ReplicaFetcherManager`).

use super::page::Page;
use crate::broker::Shared;

impl Page {
    pub(super) fn fetchers(&mut self, shared: &Shared) {
        let metrics = shared.fetchers.metrics();
        let of = |name: &str| format!("kafka_server_ReplicaFetcherManager_{name}");
        self.gauge(&of("MaxLag"), "Most records that a follower on this broker lacks.", metrics.max_lag);
        let help = "Partitions whose follower has given up until the next leader epoch.";
        self.gauge(&of("FailedPartitionsCount"), help, metrics.failed_partitions);
        self.gauge(&of("DeadThreadCount"), "Fetchers that have ended by themselves.", metrics.dead_threads);
        let name = "kafka_server_BrokerTopicMetrics_ReplicationBytesInPerSec_total";
        self.metric(name, "counter", "Bytes of records from leaders.");
        self.value(name, metrics.bytes_in);
        let name = "kafka_server_FetcherStats_RequestsPerSec_total";
        self.metric(name, "counter", "Fetches from a leader.");
        for (leader, of) in &metrics.leaders {
            self.labelled(name, "leader", &leader.to_string(), of.requests);
        }
        let name = "kafka_server_FetcherStats_BytesPerSec_total";
        self.metric(name, "counter", "Bytes of records from a leader.");
        for (leader, of) in &metrics.leaders {
            self.labelled(name, "leader", &leader.to_string(), of.bytes);
        }
        let name = "kafka_server_FetcherLagMetrics_ConsumerLag";
        self.metric(name, "gauge", "Records that a follower lacks.");
        for (partition, lag) in &metrics.lags {
            let (topic, number) = (partition.topic(), partition.partition());
            self.value(&format!("{name}{{topic=\"{topic}\",partition=\"{number}\"}}"), lag);
        }
    }
}
