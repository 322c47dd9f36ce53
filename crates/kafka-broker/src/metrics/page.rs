//! The text that Prometheus reads: Kafka's names of beans, as `domain_type_name`.

use std::fmt::{self, Write as _};

use kafka_rpc::ApiKey;

use crate::broker::Shared;

/// Writes the page.
pub(super) fn page(shared: &Shared) -> String {
    let mut page = Page(String::with_capacity(16 * 1024));
    page.requests(shared);
    page.topics(shared);
    page.replicas(shared);
    page.fetchers(shared);
    page.groups(shared);
    page.transactions(shared);
    page.controller(shared);
    page.0
}

pub(super) struct Page(String);

impl Page {
    pub(super) fn metric(&mut self, name: &str, kind: &str, help: &str) {
        self.push(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    pub(super) fn value(&mut self, name: &str, value: impl fmt::Display) {
        self.push(format_args!("{name} {value}\n"));
    }

    pub(super) fn labelled(&mut self, name: &str, label: &str, of: &str, value: impl fmt::Display) {
        // Names of topics and APIs have no character that would have to be escaped.
        self.push(format_args!("{name}{{{label}=\"{of}\"}} {value}\n"));
    }

    fn push(&mut self, text: fmt::Arguments<'_>) {
        // A String takes everything.
        let _ = self.0.write_fmt(text);
    }

    pub(super) fn gauge(&mut self, name: &str, help: &str, value: impl fmt::Display) {
        self.metric(name, "gauge", help);
        self.value(name, value);
    }

    fn requests(&mut self, shared: &Shared) {
        let seen: Vec<_> =
            ApiKey::ALL.iter().zip(&shared.metrics.requests).filter(|(_, of)| of.count.get() > 0).collect();
        let name = "kafka_network_RequestMetrics_RequestsPerSec_total";
        self.metric(name, "counter", "Requests that were handled.");
        seen.iter().for_each(|(api, of)| self.labelled(name, "request", api.name(), of.count.get()));
        let name = "kafka_network_RequestMetrics_RequestBytes_total";
        self.metric(name, "counter", "Bytes of requests.");
        seen.iter().for_each(|(api, of)| self.labelled(name, "request", api.name(), of.bytes.get()));
        let name = "kafka_network_RequestMetrics_LocalTimeMs_total";
        self.metric(name, "counter", "Time on the event loops in ms.");
        let ms = |micros: u64| micros as f64 / 1000.0;
        seen.iter().for_each(|(api, of)| self.labelled(name, "request", api.name(), ms(of.micros.get())));
        let name = "kafka_network_SocketServer_BytesSent_total";
        self.metric(name, "counter", "Bytes that went to clients.");
        self.value(name, shared.metrics.bytes_sent.get());
        let name = "kafka_network_SocketServer_BadRequests_total";
        self.metric(name, "counter", "Connections closed because of what they sent.");
        self.value(name, shared.metrics.bad_requests.get());
        let name = "kafka_server_socket_server_metrics_successful_authentication_total";
        self.metric(name, "counter", "Connections that have proven who they are.");
        self.value(name, shared.metrics.authentications.get());
        let name = "kafka_server_socket_server_metrics_failed_authentication_total";
        self.metric(name, "counter", "Connections that have not proven who they are.");
        self.value(name, shared.metrics.failed_authentications.get());
        let name = "kafka_network_SocketServer_ThrottledChannels_total";
        self.metric(name, "counter", "Pauses of connections because of quotas.");
        self.value(name, shared.metrics.throttled.get());
        let help = "Connections of clients.";
        self.gauge("kafka_server_socket_server_metrics_connection_count", help, shared.connections.open());
        let help = "Fetch sessions.";
        self.gauge("kafka_server_FetchSessionCache_NumIncrementalFetchSessions", help, shared.sessions.len());
    }

    fn topics(&mut self, shared: &Shared) {
        let mut topics: Vec<_> = shared.topics.all();
        topics.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let traffic: Vec<_> =
            topics.iter().map(|topic| (&topic.name, shared.manager.topic_traffic(&topic.name))).collect();
        let name = "kafka_server_BrokerTopicMetrics_MessagesInPerSec_total";
        self.metric(name, "counter", "Records from producers.");
        traffic.iter().for_each(|(topic, of)| self.labelled(name, "topic", topic, of.records_in));
        let name = "kafka_server_BrokerTopicMetrics_BytesInPerSec_total";
        self.metric(name, "counter", "Bytes of records from producers.");
        traffic.iter().for_each(|(topic, of)| self.labelled(name, "topic", topic, of.bytes_in));
        let name = "kafka_server_BrokerTopicMetrics_BytesOutPerSec_total";
        self.metric(name, "counter", "Bytes of records to consumers.");
        traffic.iter().for_each(|(topic, of)| self.labelled(name, "topic", topic, of.bytes_out));
    }

    fn replicas(&mut self, shared: &Shared) {
        let topics = shared.topics.all();
        let partitions = || topics.iter().flat_map(|topic| topic.hosted()).map(|(_, partition)| partition);
        let offline = partitions().filter(|partition| !partition.is_online()).count();
        let led = partitions().filter(|partition| partition.is_leader() && partition.is_online()).count();
        self.gauge("kafka_server_ReplicaManager_PartitionCount", "Partitions on this broker.", partitions().count());
        self.gauge("kafka_server_ReplicaManager_LeaderCount", "Partitions that this broker leads.", led);
        self.gauge(
            "kafka_server_ReplicaManager_OfflineReplicaCount",
            "Partitions whose directory is offline.",
            offline,
        );
        let of = |name: &str| format!("kafka_server_ReplicaManager_{name}");
        let under_replicated = partitions().filter(|partition| partition.is_under_replicated()).count();
        let help = "Partitions that this broker leads and some of whose replicas are not in sync.";
        self.gauge(&of("UnderReplicatedPartitions"), help, under_replicated);
        let under_min_isr = partitions().filter(|partition| partition.is_under_min_isr()).count();
        let help = "Partitions that this broker leads with fewer replicas in sync than min.insync.replicas.";
        self.gauge(&of("UnderMinIsrPartitionCount"), help, under_min_isr);
        let replication = &shared.replication;
        for (name, help, count) in [
            ("IsrShrinksPerSec_total", "Replicas that left an ISR, by change.", &replication.isr_shrinks),
            ("IsrExpandsPerSec_total", "Replicas that joined an ISR, by change.", &replication.isr_expands),
            ("FailedIsrUpdatesPerSec_total", "Changes of ISRs that were not made.", &replication.failed_isr_updates),
        ] {
            self.metric(&of(name), "counter", help);
            self.value(&of(name), count.get());
        }
        let dirs = shared.manager.log_dirs();
        let failed = dirs.iter().filter(|dir| dir.failure.is_some()).count();
        self.gauge("kafka_log_LogManager_OfflineLogDirectoryCount", "Log directories that are offline.", failed);
        let name = "kafka_log_LogManager_LogDirectoryOffline";
        self.metric(name, "gauge", "1 for a log directory that is offline.");
        for dir in &dirs {
            let path = dir.path.display().to_string().replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            self.labelled(name, "logDirectory", &path, u8::from(dir.failure.is_some()));
        }
    }

    fn groups(&mut self, shared: &Shared) {
        let counts = shared.groups.counts();
        for (name, help, value) in [
            ("NumOffsets", "Committed offsets.", counts.offsets),
            ("NumGroups", "Classic groups.", counts.classic),
            ("ConsumerGroups", "Consumer groups.", counts.consumer),
            ("NumGroupsEmpty", "Classic groups without members.", counts.empty),
            ("NumGroupsPreparingRebalance", "Classic groups whose members join.", counts.preparing_rebalance),
            ("NumGroupsCompletingRebalance", "Classic groups that wait for their leader.", counts.completing_rebalance),
            ("NumGroupsStable", "Classic groups whose members have an assignment.", counts.stable),
        ] {
            self.gauge(&format!("kafka_coordinator_group_GroupMetadataManager_{name}"), help, value);
        }
    }

    fn transactions(&mut self, shared: &Shared) {
        let counts = shared.transactions.counts();
        let of = |name: &str| format!("kafka_coordinator_transaction_TransactionStateManager_{name}");
        for (name, help, value) in [
            ("NumTransactionalIds", "Transactional ids.", counts.ids),
            ("NumOngoing", "Transactions that are open.", counts.ongoing),
            ("NumPrepared", "Transactions that are decided, with markers to be written.", counts.unfinished),
        ] {
            self.gauge(&of(name), help, value);
        }
        for (name, help, value) in [
            ("FencedProducers_total", "Producers fenced by another with their transactional id.", counts.fenced),
            ("TimedOutTransactions_total", "Transactions that took too long and were aborted.", counts.timed_out),
            ("ExpiredTransactionalIds_total", "Transactional ids that were not used for long.", counts.expired),
        ] {
            let name = of(name);
            self.metric(&name, "counter", help);
            self.value(&name, value);
        }
    }

    fn controller(&mut self, shared: &Shared) {
        let image = shared.image.read();
        let (topics, partitions) =
            (image.topic_count(), image.topics().map(|topic| topic.partition_count()).sum::<usize>());
        let position = image.position().offset;
        drop(image);
        self.gauge("kafka_controller_KafkaController_ActiveControllerCount", "1: this node has the controller.", 1);
        self.gauge("kafka_controller_KafkaController_GlobalTopicCount", "Topics.", topics);
        self.gauge("kafka_controller_KafkaController_GlobalPartitionCount", "Partitions.", partitions);
        let help = "Offset of the last record of the metadata that is in force.";
        self.gauge("kafka_server_broker_metadata_metrics_last_applied_record_offset", help, position);
    }
}
