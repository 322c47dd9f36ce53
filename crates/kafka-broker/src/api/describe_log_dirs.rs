//! DescribeLogDirs, 1 to 5.

use std::collections::{BTreeMap, HashSet};

use kafka_rpc::ErrorCode;
use kafka_rpc::acl::AclOperation;
use kafka_rpc::messages::describe_log_dirs_response::{
    DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use kafka_rpc::messages::{DescribeLogDirsRequest, DescribeLogDirsResponse};

use super::{Call, Handled, Refusal};

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: DescribeLogDirsRequest<'_> = call.message()?;
    if let Err(code) = call.rights().check_cluster(AclOperation::Describe) {
        return call.respond(&DescribeLogDirsResponse { error_code: code.code(), ..Default::default() });
    }
    let asked: Option<HashSet<(&str, i32)>> = request.topics.as_ref().map(|topics| {
        let partitions = topics.iter().flat_map(|asked| asked.partitions.iter().map(|number| (&*asked.topic, *number)));
        partitions.collect()
    });
    let is_asked = |topic: &str, partition: i32| asked.as_ref().is_none_or(|asked| asked.contains(&(topic, partition)));
    let manager = &call.shared.manager;
    let logs = manager.all_logs();
    let results = manager.log_dirs().into_iter().map(|dir| {
        let log_dir = dir.path.display().to_string().into();
        if dir.failure.is_some() {
            let error_code = ErrorCode::KafkaStorageError.code();
            return DescribeLogDirsResult { error_code, log_dir, ..Default::default() };
        }
        let mut topics: BTreeMap<String, Vec<DescribeLogDirsPartition>> = BTreeMap::new();
        for log in &logs {
            let (tp, path) = (log.topic_partition(), log.dir());
            if path.parent() != Some(&*dir.path) || !is_asked(tp.topic(), tp.partition()) {
                continue;
            }
            let current = manager.get_log(tp);
            let is_future_key = current.as_ref().is_some_and(|current| !std::sync::Arc::ptr_eq(current, log));
            // How far a copy is behind, or how much of the log is not visible yet.
            let end = current
                .map_or(0, |current| if is_future_key { current.log_end_offset() } else { current.high_watermark() });
            let lag = if is_future_key { end - log.log_end_offset() } else { log.log_end_offset() - end };
            topics.entry(tp.topic().to_owned()).or_default().push(DescribeLogDirsPartition {
                partition_index: tp.partition(),
                partition_size: i64::try_from(log.size()).unwrap_or(i64::MAX),
                offset_lag: lag.max(0),
                is_future_key,
                ..Default::default()
            });
        }
        let space = rustix::fs::statvfs(&*dir.path).ok();
        let bytes = |blocks: u64, size: u64| i64::try_from(blocks.saturating_mul(size)).unwrap_or(i64::MAX);
        let topics = topics.into_iter().map(|(name, partitions)| DescribeLogDirsTopic {
            name: name.into(),
            partitions,
            ..Default::default()
        });
        DescribeLogDirsResult {
            log_dir,
            topics: topics.collect(),
            total_bytes: space.as_ref().map_or(-1, |space| bytes(space.f_blocks, space.f_frsize)),
            usable_bytes: space.as_ref().map_or(-1, |space| bytes(space.f_bavail, space.f_frsize)),
            is_cordoned: dir.cordoned,
            ..Default::default()
        }
    });
    let response = DescribeLogDirsResponse { results: results.collect(), ..Default::default() };
    call.respond(&response)
}
