//! SCRAM credentials of users.

use kafka_rpc::messages::alter_user_scram_credentials_request::{ScramCredentialDeletion, ScramCredentialUpsertion};
use kafka_rpc::messages::describe_user_scram_credentials_request::UserName;
use kafka_rpc::messages::{AlterUserScramCredentialsRequest, DescribeUserScramCredentialsRequest};
use kafka_security::scram::ScramMechanism;

use super::{Results, result};
use crate::cluster::Client;
use crate::error::{ApiError, ClientError};

/// A password as a broker gets it: salted and hashed.
#[derive(Clone)]
pub struct ScramUpsertion {
    mechanism: ScramMechanism,
    salt: Vec<u8>,
    salted_password: Vec<u8>,
    iterations: i32,
}

impl ScramUpsertion {
    /// Hashes a password with a random salt.
    pub fn new(mechanism: ScramMechanism, password: &str, iterations: i32) -> Self {
        let mut salt = vec![0; 24];
        getrandom::fill(&mut salt).expect("the operating system provides random bytes");
        let salted_password = mechanism.salted_password(password, &salt, iterations);
        ScramUpsertion { mechanism, salt, salted_password, iterations }
    }
}

/// Sets credentials of a user, and takes others back (`alterUserScramCredentials`).
///
/// # Errors
/// If the cluster does not answer, or with an error.
pub fn alter_user_scram_credentials(
    client: &mut Client,
    user: &str,
    upsertions: &[ScramUpsertion],
    deletions: &[ScramMechanism],
) -> Result<(), ClientError> {
    let upsertions = upsertions.iter().map(|upsertion| ScramCredentialUpsertion {
        name: user.into(),
        mechanism: upsertion.mechanism.id(),
        iterations: upsertion.iterations,
        salt: upsertion.salt.as_slice().into(),
        salted_password: upsertion.salted_password.as_slice().into(),
        ..Default::default()
    });
    let deletions = deletions.iter().map(|mechanism| ScramCredentialDeletion {
        name: user.into(),
        mechanism: mechanism.id(),
        ..Default::default()
    });
    let request = AlterUserScramCredentialsRequest {
        upsertions: upsertions.collect(),
        deletions: deletions.collect(),
        ..Default::default()
    };
    client.retry(|client| {
        let reply = client.send_to_controller(&request)?;
        let response = reply.message()?;
        let mut results = response.results.iter();
        Ok(results.try_for_each(|of| ApiError::check(of.error_code, of.error_message.as_deref()))?)
    })
}

/// Mechanism and iterations of the SCRAM credentials of these users, or of all (`describeUserScramCredentials`).
///
/// # Errors
/// If the cluster does not answer, or with an error.
pub fn describe_user_scram_credentials(
    client: &mut Client,
    users: Option<&[String]>,
) -> Result<Results<Vec<(i8, i32)>>, ClientError> {
    let name = |user: &String| UserName { name: user.clone().into(), ..Default::default() };
    let users = users.map(|users| users.iter().map(name).collect());
    let request = DescribeUserScramCredentialsRequest { users, ..Default::default() };
    client.retry(|client| {
        let reply = client.send_to_any(&request)?;
        let response = reply.message()?;
        ApiError::check(response.error_code, response.error_message.as_deref())?;
        let users = response.results.iter().map(|user| {
            let infos = user.credential_infos.iter().map(|info| (info.mechanism, info.iterations)).collect();
            (user.user.to_string(), result(user.error_code, user.error_message.as_deref(), infos))
        });
        Ok(users.collect())
    })
}
