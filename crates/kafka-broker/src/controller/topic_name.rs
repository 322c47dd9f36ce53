//! Names of topics, with Kafka's messages (`Topic.validate`).

use kafka_log::log::{InvalidTopic, TOPIC_NAME_LEN_MAX, validate_topic_name};
use kafka_rpc::ErrorCode;

use super::ApiError;

/// Whether a topic may have this name.
pub(crate) fn check(name: &str) -> Result<(), ApiError> {
    let Err(error) = validate_topic_name(name) else { return Ok(()) };
    let what = match error {
        InvalidTopic::Empty => "the empty string is not allowed".to_owned(),
        InvalidTopic::Dots => format!("'{name}' is not allowed"),
        InvalidTopic::TooLong { .. } => {
            format!("the length of '{name}' is longer than the max allowed length {TOPIC_NAME_LEN_MAX}")
        }
        _ => format!("'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"),
    };
    Err(ApiError::new(ErrorCode::InvalidTopicException, format!("Topic name is invalid: {what}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_those_of_kafka() {
        let message = |name: &str| check(name).map_err(|error| error.message.unwrap_or_default().into_owned());
        let expected = |what: &str| Err(format!("Topic name is invalid: {what}"));
        assert_eq!(message("a.b_c-1"), Ok(()));
        assert_eq!(message(""), expected("the empty string is not allowed"));
        assert_eq!(message(".."), expected("'..' is not allowed"));
        assert_eq!(
            message("bad name"),
            expected("'bad name' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'")
        );
        let long = "x".repeat(250);
        assert_eq!(
            message(&long),
            expected(&format!("the length of '{long}' is longer than the max allowed length 249"))
        );
    }
}
