//! Values of settings against Kafka's `ConfigDef`: those recorded by `tests/differential/config_table/run --record`, or those of
//! the file that `CONFIG_VALUES` names.

use std::error::Error;
use std::fs;

use super::super::table::Table;

const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/differential/config_table/values.txt");
const TABLES: [(&str, Table); 5] = [
    ("broker", Table::Broker),
    ("broker_quota", Table::BrokerQuota),
    ("topic", Table::Topic),
    ("group", Table::Group),
    ("client_metrics", Table::ClientMetrics),
];

#[test]
fn values_are_those_of_kafka() -> Result<(), Box<dyn Error>> {
    let path = std::env::var("CONFIG_VALUES").unwrap_or(RECORDED.to_owned());
    let (mut cases, mut different) = (0, Vec::new());
    for line in fs::read_to_string(path)?.lines() {
        let [table, name, value, expected] = line.splitn(4, '\t').collect::<Vec<_>>()[..] else {
            return Err(format!("no case: {line}").into());
        };
        let (_, table) = TABLES.iter().find(|(name, _)| *name == table).ok_or("no such table")?;
        let key = table.find(name).ok_or("no such setting")?;
        let ours = match key.parse(value) {
            Ok(value) => format!("={value}"),
            Err(error) => format!("!{error}"),
        };
        cases += 1;
        if ours != expected {
            different.push(format!("{line}\n  ours {ours}"));
        }
    }
    println!("{cases} values");
    assert!(cases > 500 && different.is_empty(), "{} of {cases}:\n{}", different.len(), different.join("\n"));
    Ok(())
}

#[test]
fn defaults_are_in_range_and_shown_as_they_are() {
    for key in TABLES.iter().flat_map(|(_, table)| table.keys()) {
        let shown = key.default_value().map(|value| value.to_string());
        let expected = if key.is_sensitive() { shown.clone() } else { key.default.map(str::to_owned) };
        assert_eq!(shown, expected, "{}", key.name);
    }
}
