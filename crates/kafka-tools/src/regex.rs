//! Patterns of topics (`TopicFilter.IncludeList`).

use kafka_broker::metadata::is_internal;
use regex_lite::Regex;

/// A pattern that is none; what is shown is Kafka's message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InvalidPattern(String);

impl std::fmt::Display for InvalidPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is an invalid regex.", self.0)
    }
}

/// Names or patterns of topics, separated by commas.
pub(crate) struct IncludeList(Regex);

impl IncludeList {
    /// Reads a list. Spaces and quotes around it mean nothing. Look-around and backreferences, which Java knows, are refused.
    pub(crate) fn read(text: &str) -> Result<Self, InvalidPattern> {
        let pattern = text.trim().replace(',', "|").replace(' ', "");
        let pattern = pattern.trim_matches(['"', '\'']);
        let regex = Regex::new(&format!("^(?:{pattern})$")).map_err(|_| InvalidPattern(pattern.to_owned()))?;
        Ok(IncludeList(regex))
    }

    /// Whether the list has a topic.
    pub(crate) fn has(&self, topic: &str, exclude_internal: bool) -> bool {
        self.0.is_match(topic) && !(exclude_internal && is_internal(topic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_for_the_whole_name() {
        let has = |pattern: &str, topic: &str| IncludeList::read(pattern).map(|list| list.has(topic, true));
        for (pattern, topic, expected) in [
            ("my.*", "my_topic", true),
            ("my", "my_topic", false),
            ("a|my_.*", "my_topic", true),
            ("a|b", "ab", false),
            (" \"a, b\" ", "b", true),
            ("__.*", "__consumer_offsets", false),
            ("test\\.topic", "test.topic", true),
            ("test\\.topic", "test_topic", false),
        ] {
            assert_eq!(has(pattern, topic), Ok(expected), "{pattern} {topic}");
        }
        assert_eq!(has("a(", "a"), Err(InvalidPattern("a(".into())));
    }
}
