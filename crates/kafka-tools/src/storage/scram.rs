//! `--add-scram`: credentials that a new cluster begins with (`ScramParser`).

use std::collections::BTreeMap;

use kafka_broker::metadata::{ScramCredentialData, ScramMechanism};

/// How often a password is hashed, unless said otherwise.
const ITERATIONS: i32 = 4096;

/// A credential of a user.
pub(super) type Credential = (ScramMechanism, String, ScramCredentialData);

/// Reads `MECHANISM=[name=USER,password=TEXT,...]`. `salt` is taken where none is given.
pub(super) fn credential(given: &str, salt: impl FnOnce() -> Vec<u8>) -> Result<Credential, String> {
    let given = given.trim();
    let (mechanism, rest) =
        given.split_once('=').ok_or("Failed to find equals sign in SCRAM argument, expected MECHANISM=[...]")?;
    let mechanism = ScramMechanism::from_name(mechanism)
        .ok_or_else(|| format!("The add-scram mechanism {mechanism} is not supported."))?;
    let rest = rest.strip_prefix('[').ok_or("Expected configuration string to start with [")?;
    let rest = rest.strip_suffix(']').ok_or("Expected configuration string to end with ]")?;
    let mut parts = BTreeMap::new();
    for part in rest.split(',').map(str::trim) {
        let (key, value) = part.split_once('=').ok_or("No equals sign found in SCRAM component")?;
        let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        parts.insert(key, quoted.unwrap_or(value));
    }
    let decoded = |what: &str, value: &str| {
        let decoded = data_encoding::BASE64.decode(value.as_bytes());
        decoded.map_err(|_| format!("Failed to decode given {what}: expected base64"))
    };
    let name = parts.remove("name").ok_or("You must supply 'name' to add-scram")?;
    let given_salt = parts.remove("salt").map(|value| decoded("salt", value)).transpose()?;
    let iterations = match parts.remove("iterations") {
        Some(value) => {
            value.parse().map_err(|_| format!("Failed to parse iterations count {value}: expected a number"))?
        }
        None => ITERATIONS,
    };
    let has_salt = given_salt.is_some();
    let salt = given_salt.unwrap_or_else(salt);
    let (min, max) = (mechanism.min_iterations(), ScramMechanism::ITERATIONS_MAX);
    if iterations < min {
        return Err(format!("The 'iterations' value must be >= {min} for add-scram using {mechanism}"));
    }
    if iterations > max {
        return Err(format!("The 'iterations' value must be <= {max} for add-scram using {mechanism}"));
    }
    let data = match (parts.remove("password"), parts.remove("saltedpassword")) {
        (Some(password), None) => ScramCredentialData::new(mechanism, password, salt, iterations),
        (None, Some(_)) if !has_salt => {
            return Err("You must supply 'salt' with 'saltedpassword' to add-scram".into());
        }
        (None, Some(salted)) => {
            ScramCredentialData::from_salted(mechanism, &decoded("saltedpassword", salted)?, salt, iterations)
        }
        (None, None) => return Err("You must supply one of 'password' or 'saltedpassword' to add-scram".into()),
        (Some(_), Some(_)) => return Err("Unknown SCRAM configurations: saltedpassword".into()),
    };
    if !parts.is_empty() {
        let unknown = parts.into_keys().collect::<Vec<_>>().join(", ");
        return Err(format!("Unknown SCRAM configurations: {unknown}"));
    }
    Ok((mechanism, name.to_owned(), data))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(given: &str) -> Result<(String, i32, Vec<u8>), String> {
        let (_, name, data) = credential(given, || b"salt".to_vec())?;
        Ok((name, data.iterations, data.salt))
    }

    #[test]
    fn credentials_are_read_as_kafka_reads_them() {
        let salt = b"salt".to_vec();
        assert_eq!(of("SCRAM-SHA-256=[name=alice,password=x]"), Ok(("alice".into(), 4096, salt.clone())));
        assert_eq!(of(r#"SCRAM-SHA-512=[name="a b",password="x", iterations=5000]"#), Ok(("a b".into(), 5000, salt)));
        let given = "SCRAM-SHA-256=[name=a,salt=AAEC,saltedpassword=AAEC]";
        assert_eq!(of(given), Ok(("a".into(), 4096, vec![0, 1, 2])));
        for (given, expected) in [
            ("SCRAM-SHA-1=[]", "The add-scram mechanism SCRAM-SHA-1 is not supported."),
            ("SCRAM-SHA-256=name=a", "Expected configuration string to start with ["),
            ("SCRAM-SHA-256=[password=a]", "You must supply 'name' to add-scram"),
            ("SCRAM-SHA-256=[name=a]", "You must supply one of 'password' or 'saltedpassword' to add-scram"),
            ("SCRAM-SHA-256=[name=a,saltedpassword=AAEC]", "You must supply 'salt' with 'saltedpassword' to add-scram"),
            (
                "SCRAM-SHA-256=[name=a,password=b,iterations=1]",
                "The 'iterations' value must be >= 4096 for add-scram using SCRAM-SHA-256",
            ),
            ("SCRAM-SHA-256=[name=a,password=b,c=d]", "Unknown SCRAM configurations: c"),
        ] {
            assert_eq!(of(given), Err(expected.to_owned()), "{given}");
        }
    }
}
