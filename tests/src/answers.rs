//! When two answers to one script of a log are equal: line by line as JSON, whatever the order of keys.
//!
//! A script whose log compresses batches says so when it opens the log (`"recompresses": true`). The compressor decides how
//! large these batches are, and the codecs' libraries are not those of Kafka: sizes and positions in the log, hashes of its
//! bytes and of the offset index are not compared then. Offsets, records, timestamps, entries of all other files are.

use serde_json::Value;

/// The first line in which two logs differ.
#[derive(Debug)]
pub struct Difference {
    /// Number of the script's line, counted from 1; 0 where neither side has one.
    pub line: u64,
    /// Each value that differs: where it stands, what was expected and what was found, as JSON.
    pub values: Vec<String>,
}

/// Compares the answers of two logs to `script`, line by line; `None` if they are equal.
///
/// # Errors
/// When a line of the script or of an answer is no JSON.
pub fn first_difference(script: &str, expected: &str, found: &str) -> serde_json::Result<Option<Difference>> {
    let operations: Vec<Value> = lines(script).collect::<Result<_, _>>()?;
    let recompresses = operations.iter().any(|operation| operation["recompresses"] == true);
    let (mut expected, mut found) = (lines(expected), lines(found));
    loop {
        let (left, right) = (expected.next().transpose()?, found.next().transpose()?);
        if left.is_none() && right.is_none() {
            return Ok(None);
        }
        let (mut left, mut right) = (left.unwrap_or_default(), right.unwrap_or_default());
        if recompresses {
            remove_sizes(&mut left);
            remove_sizes(&mut right);
        }
        let mut values = Vec::new();
        compare("", Some(&left), Some(&right), &mut values);
        if !values.is_empty() {
            let line = left["i"].as_u64().or(right["i"].as_u64()).unwrap_or_default();
            return Ok(Some(Difference { line, values }));
        }
    }
}

/// The operations of a script or the answers to one, one a line.
fn lines(text: &str) -> impl Iterator<Item = serde_json::Result<Value>> {
    text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')).map(serde_json::from_str)
}

/// Removes from an answer what depends on the size of batches that the log compressed.
fn remove_sizes(answer: &mut Value) {
    for segment in answer["s"]["segs"].as_array_mut().into_iter().flatten() {
        segment[1].take();
    }
    let sizes: &[&str] = match answer["op"].as_str() {
        Some("append") => &["bytes"],
        Some("read") => &["bytes", "sha"],
        Some("clean") => &["clean_bytes", "dirty_bytes"],
        _ => &[],
    };
    if let Some(result) = answer.get_mut("r").and_then(Value::as_object_mut) {
        sizes.iter().for_each(|key| drop(result.remove(*key)));
        if let Some(position) = result.get_mut("at").and_then(|at| at.get_mut(2)) {
            position.take();
        }
    }
    for files in ["/files", "/r/files"] {
        for (name, content) in answer.pointer_mut(files).and_then(Value::as_object_mut).into_iter().flatten() {
            if [".log", ".swap", ".cleaned"].iter().any(|suffix| name.ends_with(suffix)) {
                content.take();
            } else if name.ends_with(".index") {
                // The number of entries stays, not the positions in them.
                content[1].take();
            }
        }
    }
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
        assert!(first_difference("", kafka, "{\"s\":{\"b\":[1,2],\"a\":1},\"i\":2}\n{\"i\":3}").unwrap().is_none());
        let difference = first_difference("", kafka, "{\"i\":2,\"s\":{\"a\":1,\"b\":[2,1],\"c\":0}}").unwrap().unwrap();
        assert_eq!(difference.line, 2);
        assert_eq!(difference.values, ["/s/b: expected [1,2], found [2,1]", "/s/c: expected nothing, found 0"]);
        let missing = first_difference("", kafka, "{\"i\":2,\"s\":{\"a\":1,\"b\":[1,2]}}").unwrap().unwrap();
        assert_eq!(missing.line, 3);
    }

    #[test]
    fn sizes_count_unless_the_log_compresses() {
        let script = r##"{"op":"open","recompresses":true}"##;
        let kafka =
            r##"{"i":3,"op":"read","r":{"at":[5,0,90],"bytes":80,"sha":"ab","batches":[[5,6]]},"s":{"segs":[[0,170]]},
            "files":{"p/0.log":[170,"cd"],"p/0.index":[8,"ef"],"p/0.timeindex":[12,"01"]}}"##
                .replace('\n', "");
        let sizes = [
            ("90", "91"),
            ("80", "81"),
            ("\"ab\"", "\"ac\""),
            ("170", "171"),
            ("\"cd\"", "\"ce\""),
            ("\"ef\"", "\"ee\""),
        ];
        for (size, other) in sizes {
            let ours = kafka.replace(size, other);
            assert!(first_difference(script, &kafka, &ours).unwrap().is_none(), "{size}");
            assert!(first_difference("{}", &kafka, &ours).unwrap().is_some(), "{size}");
        }
        for (rest, other) in
            [("[5,0,", "[5,1,"), ("[5,6]", "[5,7]"), ("[0,170]", "[1,170]"), ("[8,", "[16,"), ("\"01\"", "\"02\"")]
        {
            assert!(first_difference(script, &kafka, &kafka.replace(rest, other)).unwrap().is_some(), "{rest}");
        }
        for removed in [r##","sha":"ab""##, r##""p/0.log":[170,"cd"],"##] {
            let ours = kafka.replace(removed, "");
            assert_eq!(
                first_difference(script, &kafka, &ours).unwrap().is_some(),
                removed.contains("log"),
                "{removed}"
            );
        }
    }
}
