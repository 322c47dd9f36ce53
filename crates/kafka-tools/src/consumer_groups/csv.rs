//! Plans of new offsets in CSV: `topic,partition,offset`, with the group before that if there are several.

use std::collections::BTreeMap;
use std::fmt;

use kafka_thin_client::TopicPartition;

use super::reset::Plan;

/// Texts of more characters stand in quotes whatever is in them, as Jackson writes them.
const UNQUOTED_LEN_MAX: usize = 24;

/// A line that is no record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CsvError(String);

impl fmt::Display for CsvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a line of a reset plan: {}", self.0)
    }
}

/// All plans, a line for each partition.
pub(super) fn write(plans: &BTreeMap<String, Plan>, is_single: bool) -> String {
    let mut text = String::new();
    for (group, plan) in plans {
        for (TopicPartition { topic, partition }, offset) in plan {
            if !is_single {
                text.push_str(&quoted(group));
                text.push(',');
            }
            text.push_str(&format!("{},{partition},{offset}\n", quoted(topic)));
        }
    }
    text
}

fn quoted(text: &str) -> String {
    let is_plain = text.chars().count() <= UNQUOTED_LEN_MAX && text.chars().all(|c| c >= '-');
    if is_plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

/// Reads plans. The lines may lack the group if there is but one, `single`.
pub(super) fn read(text: &str, single: Option<&str>) -> Result<BTreeMap<String, Plan>, CsvError> {
    let mut plans: BTreeMap<String, Plan> = BTreeMap::new();
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    let lacks_group = lines.first().is_some_and(|line| fields(line).len() == 3);
    for line in lines {
        let error = || CsvError(line.to_owned());
        let mut fields = fields(line);
        if let Some(group) = single.filter(|_| lacks_group) {
            fields.insert(0, group.to_owned());
        }
        let [group, topic, partition, offset] = &fields[..] else { return Err(error()) };
        let partition = partition.trim().parse().map_err(|_| error())?;
        let offset = offset.trim().parse().map_err(|_| error())?;
        plans.entry(group.clone()).or_default().insert(TopicPartition::new(topic, partition), offset);
    }
    Ok(plans)
}

/// The fields of a line, without their quotes.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut in_quotes = false;
    let mut chars = line.trim_end_matches('\r').chars().peekable();
    while let Some(c) = chars.next() {
        let Some(field) = fields.last_mut() else { break };
        match c {
            '"' if in_quotes && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => in_quotes = !in_quotes,
            ',' if !in_quotes => fields.push(String::new()),
            c => field.push(c),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_come_back() {
        let plan = Plan::from([
            (TopicPartition::new("t", 0), 4),
            (TopicPartition::new("a-topic-with-a-rather-long-name", 1), 5),
        ]);
        let plans = BTreeMap::from([("g, \"1\"".to_owned(), plan.clone())]);
        let text = write(&plans, false);
        assert_eq!(text, "\"g, \"\"1\"\"\",\"a-topic-with-a-rather-long-name\",1,5\n\"g, \"\"1\"\"\",t,0,4\n");
        assert_eq!(read(&text, None), Ok(plans.clone()));
        assert_eq!(read(&text, Some("g, \"1\"")), Ok(plans.clone()));
        assert_eq!(read(&write(&plans, true), Some("g")), Ok(BTreeMap::from([("g".to_owned(), plan)])));
        assert_eq!(read("t,0\n", Some("g")), Err(CsvError("t,0".into())));
    }
}
