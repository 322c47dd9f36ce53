//! When two answers to one script of a log are equal: line by line as JSON, whatever the order of keys.

use serde_json::Value;

/// The first line in which two logs differ.
#[derive(Debug)]
pub struct Difference {
    /// Number of the script's line, counted from 1; 0 where neither side has one.
    pub line: u64,
    /// Each value that differs: where it stands, what was expected and what was found, as JSON.
    pub values: Vec<String>,
}

/// Compares all lines; `None` when they say the same.
///
/// # Errors
/// When a line is no JSON.
pub fn first_difference(expected: &str, found: &str) -> serde_json::Result<Option<Difference>> {
    let (mut expected, mut found) = (lines(expected), lines(found));
    loop {
        let (left, right) = (expected.next().transpose()?, found.next().transpose()?);
        if left.is_none() && right.is_none() {
            return Ok(None);
        }
        let (left, right) = (left.unwrap_or_default(), right.unwrap_or_default());
        let mut values = Vec::new();
        compare("", Some(&left), Some(&right), &mut values);
        if !values.is_empty() {
            let line = left["i"].as_u64().or(right["i"].as_u64()).unwrap_or_default();
            return Ok(Some(Difference { line, values }));
        }
    }
}

/// The answers in a text, one a line.
fn lines(text: &str) -> impl Iterator<Item = serde_json::Result<Value>> {
    text.lines().filter(|line| !line.trim().is_empty()).map(serde_json::from_str)
}

fn compare(at: &str, expected: Option<&Value>, found: Option<&Value>, values: &mut Vec<String>) {
    match (expected, found) {
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            for key in left.keys().chain(right.keys().filter(|key| !left.contains_key(*key))) {
                compare(&format!("{at}/{key}"), left.get(key), right.get(key), values);
            }
        }
        (left, right) if left == right => {}
        (left, right) => {
            let show = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
            values.push(format!("{at}: expected {}, found {}", show(left), show(right)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_means_nothing_and_all_else_does() {
        let kafka = "{\"i\":2,\"s\":{\"a\":1,\"b\":[1,2]}}\n{\"i\":3}\n";
        assert!(first_difference(kafka, "{\"s\":{\"b\":[1,2],\"a\":1},\"i\":2}\n{\"i\":3}").unwrap().is_none());
        let difference = first_difference(kafka, "{\"i\":2,\"s\":{\"a\":1,\"b\":[2,1],\"c\":0}}").unwrap().unwrap();
        assert_eq!(difference.line, 2);
        assert_eq!(difference.values, ["/s/b: expected [1,2], found [2,1]", "/s/c: expected nothing, found 0"]);
        let missing = first_difference(kafka, "{\"i\":2,\"s\":{\"a\":1,\"b\":[1,2]}}").unwrap().unwrap();
        assert_eq!(missing.line, 3);
    }
}
