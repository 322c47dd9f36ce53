//! Takes out of requests for the controller what their senders may not do, and answers it (`ControllerApis`).

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;

use kafka_rpc::acl::{AclOperation, ResourceType};
use kafka_rpc::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_rpc::messages::create_topics_response::CreatableTopicResult;
use kafka_rpc::messages::delete_topics_response::DeletableTopicResult;
use kafka_rpc::messages::{CreatePartitionsRequest, CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest};
use kafka_rpc::{ErrorCode, Uuid};

use super::Rights;
use crate::metadata::{ConfigResourceType, Image, METADATA_TOPIC};

/// Duplicates are refused before any right is checked.
fn once<T: Eq + Hash + Copy>(all: impl Iterator<Item = T>) -> HashSet<T> {
    let mut times: HashMap<T, usize> = HashMap::new();
    all.for_each(|one| *times.entry(one).or_default() += 1);
    times.into_iter().filter(|(_, times)| *times == 1).map(|(one, _)| one).collect()
}

/// Takes out topics that may not be created.
pub(super) fn create_topics(
    rights: &Rights<'_>,
    request: &mut CreateTopicsRequest<'_>,
) -> Vec<CreatableTopicResult<'static>> {
    if !rights.are_limited() || rights.may_on_cluster_quietly(AclOperation::Create) {
        return Vec::new();
    }
    let asked = std::mem::take(&mut request.topics);
    let once = once(asked.iter().map(|topic| &*topic.name));
    let names = once.iter().copied().filter(|name| *name != METADATA_TOPIC);
    let denied = rights.denied_topics(AclOperation::Create, names);
    let (refused, allowed) = asked.iter().cloned().partition(|topic| denied.contains(&topic.name));
    request.topics = allowed;
    let refused: Vec<kafka_rpc::messages::create_topics_request::CreatableTopic<'_>> = refused;
    let result = |topic: kafka_rpc::messages::create_topics_request::CreatableTopic<'_>| CreatableTopicResult {
        name: Cow::Owned(topic.name.into_owned()),
        error_code: ErrorCode::TopicAuthorizationFailed.code(),
        error_message: Some("Authorization failed.".into()),
        ..CreatableTopicResult::default()
    };
    refused.into_iter().map(result).collect()
}

/// Keeps the settings of created topics from those who may not see them.
pub(super) fn hide_settings(rights: &Rights<'_>, response: &mut CreateTopicsResponse<'_>) {
    for topic in response.topics.iter_mut().filter(|topic| topic.error_code == ErrorCode::None.code()) {
        if rights.may_quietly(AclOperation::DescribeConfigs, ResourceType::Topic, &topic.name) {
            continue;
        }
        let hidden = CreatableTopicResult::default();
        topic.topic_config_error_code = ErrorCode::TopicAuthorizationFailed.code();
        topic.num_partitions = hidden.num_partitions;
        topic.replication_factor = hidden.replication_factor;
        topic.configs = hidden.configs;
    }
}

/// Takes out topics that may not get more partitions.
pub(super) fn create_partitions(
    rights: &Rights<'_>,
    request: &mut CreatePartitionsRequest<'_>,
) -> Vec<CreatePartitionsTopicResult<'static>> {
    if !rights.are_limited() {
        return Vec::new();
    }
    let asked = std::mem::take(&mut request.topics);
    let once = once(asked.iter().map(|topic| &*topic.name));
    let denied = rights.denied_topics(AclOperation::Alter, once.iter().copied());
    request.topics = asked.iter().filter(|topic| !denied.contains(&topic.name)).cloned().collect();
    let refused = asked.iter().filter(|topic| denied.contains(&topic.name));
    let result = |name: &str| CreatePartitionsTopicResult {
        name: Cow::Owned(name.to_owned()),
        error_code: ErrorCode::TopicAuthorizationFailed.code(),
        error_message: None,
        ..CreatePartitionsTopicResult::default()
    };
    refused.map(|topic| result(&topic.name)).collect()
}

/// Takes out topics that may not be deleted. Names are told to those alone who have given them, or may see the topics.
pub(super) fn delete_topics(
    rights: &Rights<'_>,
    image: &Image,
    request: &mut DeleteTopicsRequest<'_>,
) -> Vec<DeletableTopicResult<'static>> {
    if !rights.are_limited() || rights.may_on_cluster_quietly(AclOperation::Delete) {
        return Vec::new();
    }
    let old = request.topic_names.iter().map(AsRef::as_ref);
    let new = request.topics.iter().filter(|topic| topic.topic_id == Uuid::ZERO);
    let names: HashSet<String> =
        once(old.chain(new.filter_map(|topic| topic.name.as_deref()))).into_iter().map(str::to_owned).collect();
    let by_id = request.topics.iter().filter(|topic| topic.name.is_none()).map(|topic| topic.topic_id);
    let ids: BTreeMap<Uuid, String> =
        once(by_id).into_iter().filter_map(|id| Some((id, image.topic_by_id(id)?.name.to_string()))).collect();
    let all = || names.iter().chain(ids.values()).map(String::as_str);
    let hidden = rights.denied_topics(AclOperation::Describe, all());
    let kept = rights.denied_topics(AclOperation::Delete, all());
    let mut results = Vec::new();
    let mut refuse = |name: Option<&str>, topic_id| {
        let code = ErrorCode::TopicAuthorizationFailed;
        results.push(DeletableTopicResult {
            name: name.map(|name| Cow::Owned(name.to_owned())),
            topic_id,
            error_code: code.code(),
            error_message: Some(code.message().into()),
            ..DeletableTopicResult::default()
        });
    };
    // A topic that may be seen and is not there is answered as such.
    let mut is_refused = |name: &str| {
        let is_refused =
            names.contains(name) && (hidden.contains(name) || (kept.contains(name) && image.topic(name).is_some()));
        if is_refused {
            refuse(Some(name), Uuid::ZERO);
        }
        is_refused
    };
    request.topic_names.retain(|name| !is_refused(name));
    request.topics.retain(|topic| match topic.name.as_deref() {
        Some(name) => topic.topic_id != Uuid::ZERO || !is_refused(name),
        None => true,
    });
    request.topics.retain(|topic| {
        let of_id = ids.get(&topic.topic_id).filter(|name| topic.name.is_none() && kept.contains(name));
        if let Some(name) = of_id {
            refuse(Some(name.as_str()).filter(|name| !hidden.contains(name)), topic.topic_id);
        }
        of_id.is_none()
    });
    results
}

/// Which of these resources may not be altered, and with which error. What there is not is refused later.
pub(super) fn denied_resources<'r>(
    rights: &Rights<'_>,
    resources: impl Iterator<Item = (i8, &'r str)> + Clone,
) -> HashMap<(i8, &'r str), ErrorCode> {
    if !rights.are_limited() {
        return HashMap::new();
    }
    let operation = AclOperation::AlterConfigs;
    let check = |(kind, name): (i8, &str)| match ConfigResourceType::from_id(kind) {
        Some(ConfigResourceType::Topic) if !rights.may(operation, ResourceType::Topic, name) => {
            Err(ErrorCode::TopicAuthorizationFailed)
        }
        Some(ConfigResourceType::Group) => rights.check_group(operation, name),
        Some(ConfigResourceType::Topic) | None => Ok(()),
        Some(_) => rights.check_cluster(operation),
    };
    once(resources).into_iter().filter_map(|resource| Some((resource, check(resource).err()?))).collect()
}
