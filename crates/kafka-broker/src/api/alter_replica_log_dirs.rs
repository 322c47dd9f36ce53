//! AlterReplicaLogDirs, 1 to 2: moves partitions to other log directories of this broker.

use std::collections::BTreeMap;
use std::path::PathBuf;

use kafka_log::log::TopicPartition;
use kafka_rpc::ErrorCode;
use kafka_rpc::acl::AclOperation;
use kafka_rpc::messages::alter_replica_log_dirs_response::{
    AlterReplicaLogDirPartitionResult, AlterReplicaLogDirTopicResult,
};
use kafka_rpc::messages::{AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse};

use super::{Call, Handled, Refusal};
use crate::broker::frame;
use crate::mover::Order;

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: AlterReplicaLogDirsRequest<'_> = call.message()?;
    let ticket = call.ticket();
    let is_denied = !call.rights().may_on_cluster(AclOperation::Alter);
    let code_refused = if is_denied { ErrorCode::ClusterAuthorizationFailed } else { ErrorCode::InvalidTopicException };
    let (mut moves, mut refused) = (Vec::new(), Vec::new());
    for dir in &request.dirs {
        for topic in &dir.topics {
            for &partition in &topic.partitions {
                match TopicPartition::new(&*topic.name, partition) {
                    Ok(tp) if !is_denied => moves.push((tp, PathBuf::from(&*dir.path))),
                    _ => refused.push((topic.name.clone().into_owned(), partition)),
                }
            }
        }
    }
    let partitions: Vec<(String, i32)> = moves.iter().map(|(tp, _)| (tp.topic().to_owned(), tp.partition())).collect();
    let answer = move |codes: &[ErrorCode]| {
        let moved = partitions.into_iter().zip(codes.iter().copied());
        let refused = refused.into_iter().map(|partition| (partition, code_refused));
        let mut results: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for ((topic, partition_index), code) in moved.chain(refused) {
            let result =
                AlterReplicaLogDirPartitionResult { partition_index, error_code: code.code(), ..Default::default() };
            results.entry(topic).or_default().push(result);
        }
        let results = results.into_iter().map(|(topic, partitions)| AlterReplicaLogDirTopicResult {
            topic_name: topic.into(),
            partitions,
            ..Default::default()
        });
        let response = AlterReplicaLogDirsResponse { results: results.collect(), ..Default::default() };
        frame(&response, ticket).unwrap_or_default()
    };
    call.shared.mover.send(Order::Move { ticket, moves, answer: Box::new(answer) });
    Ok(Handled::Later(ticket))
}
