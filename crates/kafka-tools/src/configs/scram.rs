//! SCRAM credentials of users. A password does not leave this process: the broker gets its salted hash.

use kafka_security::scram::ScramMechanism;
use kafka_thin_client::Client;
use kafka_thin_client::admin::{self, ScramUpsertion};

use super::ConfigsError;
use super::changes::Changes;

/// How often a password is hashed, unless said otherwise.
const ITERATIONS: i32 = 4096;

/// Changes the credentials of a user.
pub(super) fn alter(client: &mut Client, user: &str, changes: &Changes) -> Result<(), ConfigsError> {
    let mut upsertions = Vec::new();
    for (name, value) in &changes.set {
        let Some(mechanism) = ScramMechanism::from_name(name) else { continue };
        let (iterations, password) = credential(mechanism, value)?;
        upsertions.push(ScramUpsertion::new(mechanism, password, iterations));
    }
    let deletions: Vec<_> = changes.delete.iter().filter_map(|name| ScramMechanism::from_name(name)).collect();
    Ok(admin::alter_user_scram_credentials(client, user, &upsertions, &deletions)?)
}

/// Reads `[iterations=N,]password=TEXT`.
fn credential(mechanism: ScramMechanism, value: &str) -> Result<(i32, &str), ConfigsError> {
    // The value is not shown: it may have the password under a wrong name.
    let invalid = || ConfigsError::Argument(format!("Invalid credential property {mechanism}=[hidden]"));
    let (iterations, rest) = match value.strip_prefix("iterations=") {
        Some(rest) => {
            let (number, rest) = rest.split_once(',').ok_or_else(invalid)?;
            let is_number = number.strip_prefix('-').unwrap_or(number).bytes().all(|byte| byte.is_ascii_digit());
            if !is_number {
                return Err(invalid());
            }
            let parsed = number.parse().map_err(|_| ConfigsError::Argument(format!("For input string: \"{number}\"")));
            (parsed?, rest)
        }
        None => (-1, value),
    };
    let password = rest.strip_prefix("password=").ok_or_else(invalid)?;
    let iterations = if iterations == -1 { ITERATIONS } else { iterations };
    let min = mechanism.min_iterations();
    if iterations < min {
        let why = format!("Iterations {iterations} is less than the minimum {min} required for {mechanism}");
        return Err(ConfigsError::Argument(why));
    }
    Ok((iterations, password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_read_as_kafka_reads_them() {
        let of = |value: &str| {
            let read = credential(ScramMechanism::Sha256, value);
            read.map(|(n, password)| (n, password.to_owned())).map_err(|error| error.to_string())
        };
        assert_eq!(of("password=a,b=c"), Ok((4096, "a,b=c".to_owned())));
        assert_eq!(of("iterations=8192,password=x"), Ok((8192, "x".to_owned())));
        assert_eq!(of("iterations=-1,password="), Ok((4096, String::new())));
        let few = "Iterations 4095 is less than the minimum 4096 required for SCRAM-SHA-256";
        assert_eq!(of("iterations=4095,password=x"), Err(few.to_owned()));
        assert_eq!(of("passwort=x"), Err("Invalid credential property SCRAM-SHA-256=[hidden]".to_owned()));
    }
}
