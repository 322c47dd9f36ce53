//! `AlterUserScramCredentials` (`ScramControlManager`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::alter_user_scram_credentials_request::ScramCredentialUpsertion;
use kafka_rpc::messages::alter_user_scram_credentials_response::AlterUserScramCredentialsResult;
use kafka_rpc::messages::{AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse};
use kafka_rpc::stored::metadata::{MetadataRecord, RemoveUserScramCredentialRecord, UserScramCredentialRecord};

use super::{ApiError, Context, Outcome};
use crate::metadata::{Image, ScramCredentialData, ScramMechanism};

/// Changes the SCRAM credentials of users, one for each user.
pub fn plan(
    image: &Image,
    _context: &Context<'_>,
    request: &AlterUserScramCredentialsRequest<'_>,
) -> Outcome<AlterUserScramCredentialsResponse<'static>> {
    let mut changes: BTreeMap<&str, Result<MetadataRecord<'static>, ApiError>> = BTreeMap::new();
    let deletions = request.deletions.iter().map(|it| (it.name.as_ref(), deletion(image, &it.name, it.mechanism)));
    let upsertions = request.upsertions.iter().map(|it| (it.name.as_ref(), upsertion(it)));
    for (user, change) in deletions.chain(upsertions) {
        let change = if image.metadata_version().has_scram() {
            change
        } else {
            let why = "The current metadata.version does not support SCRAM";
            Err(ApiError::new(ErrorCode::UnsupportedVersion, why))
        };
        match changes.get_mut(user) {
            None => drop(changes.insert(user, change)),
            // The first error stays.
            Some(Err(_)) => {}
            Some(first) => {
                let why = "A user credential cannot be altered twice in the same request";
                *first = Err(ApiError::new(ErrorCode::DuplicateResource, why));
            }
        }
    }
    let mut records = Vec::new();
    let mut results = Vec::with_capacity(changes.len());
    for (user, change) in changes {
        let verdict = change.map(|record| records.push(record));
        let (error_code, error_message) = ApiError::parts(&verdict);
        results.push(AlterUserScramCredentialsResult {
            user: Cow::Owned(user.to_owned()),
            error_code,
            error_message,
            ..AlterUserScramCredentialsResult::default()
        });
    }
    Outcome::atomic(records, AlterUserScramCredentialsResponse { results, ..Default::default() })
}

fn check(user: &str, mechanism: i8) -> Result<ScramMechanism, ApiError> {
    if user.is_empty() {
        return Err(ApiError::new(ErrorCode::UnacceptableCredential, "Username must not be empty"));
    }
    let unknown = || ApiError::new(ErrorCode::UnsupportedSaslMechanism, "Unknown SCRAM mechanism");
    ScramMechanism::from_id(mechanism).ok_or_else(unknown)
}

fn deletion(image: &Image, user: &str, mechanism: i8) -> Result<MetadataRecord<'static>, ApiError> {
    let mechanism = check(user, mechanism)?;
    if image.scram_credential(mechanism, user).is_none() {
        let why = "Attempt to delete a user credential that does not exist";
        return Err(ApiError::new(ErrorCode::ResourceNotFound, why));
    }
    Ok(MetadataRecord::RemoveUserScramCredential(RemoveUserScramCredentialRecord {
        name: Cow::Owned(user.to_owned()),
        mechanism: mechanism.id(),
        ..RemoveUserScramCredentialRecord::default()
    }))
}

fn upsertion(asked: &ScramCredentialUpsertion<'_>) -> Result<MetadataRecord<'static>, ApiError> {
    let mechanism = check(&asked.name, asked.mechanism)?;
    let refused = |why| Err(ApiError::new(ErrorCode::UnacceptableCredential, why));
    if asked.iterations < mechanism.min_iterations() {
        return refused("Too few iterations");
    }
    if asked.iterations > ScramMechanism::ITERATIONS_MAX {
        return refused("Too many iterations");
    }
    let credential =
        ScramCredentialData::from_salted(mechanism, &asked.salted_password, asked.salt.to_vec(), asked.iterations);
    Ok(MetadataRecord::UserScramCredential(UserScramCredentialRecord {
        name: Cow::Owned(asked.name.clone().into_owned()),
        mechanism: mechanism.id(),
        salt: Cow::Owned(credential.salt),
        stored_key: Cow::Owned(credential.stored_key),
        server_key: Cow::Owned(credential.server_key),
        iterations: asked.iterations,
        ..UserScramCredentialRecord::default()
    }))
}
