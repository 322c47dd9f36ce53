//! `DescribeUserScramCredentials` (`ScramImage.describe`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::describe_user_scram_credentials_response::{
    CredentialInfo, DescribeUserScramCredentialsResult,
};
use kafka_rpc::messages::{DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse};

use super::{ApiError, Context, Outcome};
use crate::metadata::{Image, ScramMechanism};

/// The mechanisms and iterations of users, or of all.
pub fn plan(
    image: &Image,
    _context: &Context<'_>,
    request: &DescribeUserScramCredentialsRequest<'_>,
) -> Outcome<DescribeUserScramCredentialsResponse<'static>> {
    // How often the request names each user.
    let mut users: BTreeMap<&str, usize> = BTreeMap::new();
    match request.users.as_deref().filter(|users| !users.is_empty()) {
        Some(asked) => asked.iter().for_each(|user| *users.entry(user.name.as_ref()).or_default() += 1),
        None => users.extend(image.scram_credentials().map(|(_, user, _)| (user, 1))),
    }
    let result = |(user, count): (&str, usize)| {
        let found = credentials(image, user, count);
        let (credential_infos, verdict) = match found {
            Ok(found) => (found, Ok(())),
            Err(error) => (Vec::new(), Err(error)),
        };
        let (error_code, error_message) = ApiError::parts(&verdict);
        DescribeUserScramCredentialsResult {
            user: Cow::Owned(user.to_owned()),
            error_code,
            error_message,
            credential_infos,
            ..DescribeUserScramCredentialsResult::default()
        }
    };
    let results = users.into_iter().map(result).collect();
    Outcome::none(DescribeUserScramCredentialsResponse { error_message: None, results, ..Default::default() })
}

fn credentials(image: &Image, user: &str, count: usize) -> Result<Vec<CredentialInfo>, ApiError> {
    if count > 1 {
        let why = format!("Cannot describe SCRAM credentials for the same user twice in a single request: {user}");
        return Err(ApiError::new(ErrorCode::DuplicateResource, why));
    }
    let info = |mechanism: ScramMechanism| {
        let iterations = image.scram_credential(mechanism, user)?.iterations;
        Some(CredentialInfo { mechanism: mechanism.id(), iterations, ..CredentialInfo::default() })
    };
    let found: Vec<_> = [ScramMechanism::Sha256, ScramMechanism::Sha512].into_iter().filter_map(info).collect();
    if found.is_empty() {
        let why = format!("Attempt to describe a user credential that does not exist: {user}");
        return Err(ApiError::new(ErrorCode::ResourceNotFound, why));
    }
    Ok(found)
}
