//! `DeleteTopics` (`ControllerApis.deleteTopics`).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use kafka_rpc::messages::delete_topics_response::DeletableTopicResult;
use kafka_rpc::messages::{DeleteTopicsRequest, DeleteTopicsResponse};
use kafka_rpc::stored::metadata::{MetadataRecord, RemoveTopicRecord};
use kafka_rpc::{ErrorCode, Uuid};

use super::outcome::check_count;
use super::{ApiError, Context, Outcome};
use crate::metadata::{Image, Topic};

/// Deletes topics by their names or ids.
pub fn plan(
    image: &Image,
    context: &Context<'_>,
    request: &DeleteTopicsRequest<'_>,
    version: i16,
) -> Outcome<DeleteTopicsResponse<'static>> {
    let mut answers = Answers::default();
    if !context.settings.delete_topic_enable {
        let error = if version < 3 {
            ApiError::new(ErrorCode::InvalidRequest, "Topic deletion is disabled.")
        } else {
            ErrorCode::TopicDeletionDisabled.into()
        };
        refuse_all(request, &error, &mut answers);
        return Outcome::none(answers.into_response());
    }
    let (names, ids) = asked_for(request, &mut answers);
    let mut found: BTreeMap<Uuid, &str> = BTreeMap::new();
    for id in ids {
        match image.topic_by_id(id) {
            Some(topic) => drop(found.insert(id, &topic.name)),
            None => answers.add(None, id, Err(ErrorCode::UnknownTopicId.into())),
        }
    }
    for name in names {
        let Some(topic) = image.topic(name) else {
            answers.add(Some(name), Uuid::ZERO, Err(ErrorCode::UnknownTopicOrPartition.into()));
            continue;
        };
        if found.insert(topic.id, &topic.name).is_some() {
            found.remove(&topic.id);
            let message = "The provided topic name maps to an ID that was already supplied.";
            answers.add(Some(name), topic.id, Err(ApiError::new(ErrorCode::InvalidRequest, message)));
        }
    }
    let remove = |topic_id: &Uuid| {
        MetadataRecord::RemoveTopic(RemoveTopicRecord { topic_id: *topic_id, ..RemoveTopicRecord::default() })
    };
    found.retain(|id, name| {
        let charged = (context.charge)(image.topic_by_id(*id).map_or(0, Topic::partition_count));
        let is_deleted = charged.is_ok();
        if let Err(error) = charged {
            answers.add(Some(name), *id, Err(error));
        }
        is_deleted
    });
    let mut records: Vec<_> = found.keys().map(remove).collect();
    let verdict = check_count(&records);
    if verdict.is_err() {
        records.clear();
    }
    for (id, name) in found {
        answers.add(Some(name), id, verdict.clone());
    }
    Outcome::atomic(records, answers.into_response())
}

/// The names and ids that the request has once. Those that it has twice, and invalid ones, are answered here.
fn asked_for<'r>(request: &'r DeleteTopicsRequest<'_>, answers: &mut Answers) -> (BTreeSet<&'r str>, BTreeSet<Uuid>) {
    let (mut names, mut ids) = (Once::default(), Once::default());
    request.topic_names.iter().for_each(|name| names.add(name.as_ref()));
    for topic in &request.topics {
        let invalid = |message| Err(ApiError::new(ErrorCode::InvalidRequest, message));
        match (topic.name.as_deref(), topic.topic_id) {
            (None, Uuid::ZERO) => {
                answers.add(None, Uuid::ZERO, invalid("Neither topic name nor id were specified."));
            }
            (None, id) => ids.add(id),
            (Some(name), Uuid::ZERO) => names.add(name),
            (Some(name), id) => {
                answers.add(Some(name), id, invalid("You may not specify both topic name and topic id."));
            }
        }
    }
    for name in names.twice {
        let error = ApiError::new(ErrorCode::InvalidRequest, "Duplicate topic name.");
        answers.add(Some(name), Uuid::ZERO, Err(error));
    }
    for id in ids.twice {
        answers.add(None, id, Err(ApiError::new(ErrorCode::InvalidRequest, "Duplicate topic id.")));
    }
    (names.once, ids.once)
}

fn refuse_all(request: &DeleteTopicsRequest<'_>, error: &ApiError, answers: &mut Answers) {
    for name in &request.topic_names {
        answers.add(Some(name), Uuid::ZERO, Err(error.clone()));
    }
    for topic in &request.topics {
        answers.add(topic.name.as_deref(), topic.topic_id, Err(error.clone()));
    }
}

/// Sorts what comes once from what comes more often.
struct Once<T> {
    once: BTreeSet<T>,
    twice: BTreeSet<T>,
}

impl<T> Default for Once<T> {
    fn default() -> Self {
        Once { once: BTreeSet::new(), twice: BTreeSet::new() }
    }
}

impl<T: Ord + Copy> Once<T> {
    fn add(&mut self, item: T) {
        if self.twice.contains(&item) || !self.once.insert(item) {
            self.once.remove(&item);
            self.twice.insert(item);
        }
    }
}

#[derive(Default)]
struct Answers(Vec<DeletableTopicResult<'static>>);

impl Answers {
    fn add(&mut self, name: Option<&str>, topic_id: Uuid, verdict: Result<(), ApiError>) {
        let (error_code, error_message) = ApiError::parts(&verdict);
        self.0.push(DeletableTopicResult {
            name: name.map(|name| Cow::Owned(name.to_owned())),
            topic_id,
            error_code,
            error_message,
            ..DeletableTopicResult::default()
        });
    }

    fn into_response(self) -> DeleteTopicsResponse<'static> {
        DeleteTopicsResponse { responses: self.0, ..DeleteTopicsResponse::default() }
    }
}
