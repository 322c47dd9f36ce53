//! What the tool does with the batches and records of a log beyond Kafka's: JSON, filters, seeking, damage, redaction.

#[path = "extensions/judgement.rs"]
mod judgement;
mod support;
#[path = "extensions/timestamps.rs"]
mod timestamps;

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use support::{Json, dump, json, kind, logs, scratch, text};

const SCENARIOS: &[&str] = &[
    "broker-transactions",
    "broker-compacted",
    "broker-odd-records",
    "broker-log-append-time",
    "control-records",
    "edge-numbers",
    "format-v0-snappy",
    "format-v1-lz4",
    "format-v2-zstd",
    "mixed-magic",
    "odd-payloads",
    "kraft-checkpoint-direct",
];

/// Kafka's line of a batch, made from the object.
fn batch_line(batch: &Value) -> String {
    let of = |name: &str| batch[name].to_string().trim_matches('"').to_owned();
    let tail = format!(
        "position: {} {}: {} size: {} magic: {} compresscodec: {} crc: {} isvalid: {}",
        of("position"),
        of("timestamp_type"),
        of("max_timestamp"),
        of("size"),
        of("magic"),
        of("compression"),
        of("crc"),
        of("is_valid")
    );
    if batch["magic"].as_i64() < Some(2) {
        return format!("offset: {} {tail}", of("last_offset"));
    }
    let horizon = match &batch["delete_horizon_ms"] {
        Value::Null => "OptionalLong.empty".to_owned(),
        ms => format!("OptionalLong[{ms}]"),
    };
    format!(
        "baseOffset: {} lastOffset: {} count: {} baseSequence: {} lastSequence: {} producerId: {} producerEpoch: {} \
         partitionLeaderEpoch: {} isTransactional: {} isControl: {} deleteHorizonMs: {horizon} {tail}",
        of("base_offset"),
        of("last_offset"),
        of("count"),
        of("base_sequence"),
        of("last_sequence"),
        of("producer_id"),
        of("producer_epoch"),
        of("partition_leader_epoch"),
        of("is_transactional"),
        of("is_control")
    )
}

#[test]
fn kafkas_lines_can_be_made_of_the_objects() {
    let mut batches = 0;
    for log in SCENARIOS.iter().flat_map(|name| logs(name)) {
        let lines = text(&log, &["--deep-iteration", "--output", "text"]);
        let mut lines =
            lines.lines().filter(|l| l.starts_with("baseOffset") || l.starts_with("offset") || l.starts_with("| "));
        for object in support::json_of_any(&log, &["--deep-iteration"]) {
            if kind(&object) == "finding" {
                continue;
            }
            let line = lines.next().expect("text has as many lines as JSON");
            if kind(&object) == "batch" {
                assert_eq!(line, batch_line(&object), "{}", log.display());
                batches += 1;
            } else {
                let of = |name: &str| object[name].to_string();
                let start = format!(
                    "| offset: {} {}: {} keySize: {} valueSize: {}",
                    of("offset"),
                    of("timestamp_type").trim_matches('"'),
                    of("timestamp"),
                    of("key_size"),
                    of("value_size")
                );
                assert!(line.starts_with(&start), "{line}\n{start}");
            }
        }
        assert_eq!(lines.next(), None, "{}", log.display());
    }
    assert!(batches > 300, "{batches}");
}

#[test]
fn keys_and_values_come_back_byte_for_byte() {
    let log = support::orders();
    let printed = text(&log, &["--print-data-log"]);
    let payloads: Vec<&str> = printed.lines().filter_map(|l| Some(l.split_once(" payload: ")?.1)).collect();
    let objects = json(&log, &["--print-data-log"]);
    let values: Vec<&str> = objects.iter().filter_map(|o| o["value"].as_str()).collect();
    assert_eq!(values, payloads);
    assert!(!values.is_empty());
}

#[test]
fn internal_topics_and_control_records_are_json_values() {
    for (scenario, decoder) in [
        ("record-types-metadata", "--cluster-metadata-decoder"),
        ("record-types-offsets", "--offsets-decoder"),
        ("record-types-transactions", "--transaction-log-decoder"),
        ("record-types-share", "--share-group-state-decoder"),
        ("record-types-remote", "--remote-log-metadata-decoder"),
    ] {
        let objects: Json = logs(scenario).iter().flat_map(|log| json(log, &[decoder])).collect();
        assert!(objects.iter().any(|o| o["value"]["data"].is_object()), "{scenario}");
    }
    let objects: Json = logs("control-records").iter().flat_map(|log| json(log, &["--deep-iteration"])).collect();
    let types: Vec<&str> = objects.iter().filter_map(|o| o["control"]["type"].as_str()).collect();
    for name in ["COMMIT", "ABORT", "LEADER_CHANGE", "KRAFT_VERSION", "KRAFT_VOTERS"] {
        assert!(types.contains(&name), "{name} in {types:?}");
    }
}

/// The records that a filter should let through, as the unfiltered output has them.
fn expect(all: &Json, keep: impl Fn(&Value) -> bool) -> Vec<&Value> {
    all.iter().filter(|o| kind(o) == "record" && keep(o)).collect()
}

#[test]
fn filters_let_through_what_they_say_with_and_without_indexes() {
    for log in ["many-index-entries", "broker-transactions", "broker-compacted", "mixed-magic", "format-v1-gzip"]
        .iter()
        .flat_map(|n| logs(n))
    {
        let alone = scratch("filters").join(log.file_name().unwrap());
        fs::copy(&log, &alone).unwrap();
        let all = json(&alone, &["--print-data-log"]);
        let records = expect(&all, |_| true);
        let Some(last) = records.last() else { continue };
        let number = |o: &Value, name: &str| o[name].as_i64().unwrap();
        let step = records.len().div_ceil(3);
        for pick in records.iter().step_by(step) {
            let (offset, timestamp) = (number(pick, "offset"), number(pick, "timestamp"));
            let to = (offset + 3).min(number(last, "offset") + 1);
            let key = pick["key"].as_str().map(|key| format!("text:{key}"));
            let mut cases: Vec<(Vec<String>, Vec<&Value>)> = vec![
                (vec!["--offset".into(), offset.to_string()], expect(&all, |o| number(o, "offset") == offset)),
                (vec!["--offset".into(), format!("{offset}..")], expect(&all, |o| number(o, "offset") >= offset)),
                (
                    vec!["--offset".into(), format!("{offset}..{to}")],
                    expect(&all, |o| (offset..to).contains(&number(o, "offset"))),
                ),
                (vec!["--offset".into(), format!("..{to}")], expect(&all, |o| number(o, "offset") < to)),
                (vec!["--since".into(), timestamp.to_string()], expect(&all, |o| number(o, "timestamp") >= timestamp)),
                (vec!["--until".into(), timestamp.to_string()], expect(&all, |o| number(o, "timestamp") < timestamp)),
                (vec!["--control".into(), "only".into()], expect(&all, |o| !o["control"].is_null())),
                (vec!["--control".into(), "hide".into()], expect(&all, |o| o["control"].is_null())),
            ];
            if let Some(key) = &key {
                cases.push((vec!["--key".into(), key.clone()], expect(&all, |o| o["key"] == pick["key"])));
            }
            for (args, want) in cases {
                let args: Vec<&str> = ["--print-data-log"].into_iter().chain(args.iter().map(String::as_str)).collect();
                for file in [&log, &alone] {
                    let found = json(file, &args);
                    let found: Vec<Value> =
                        found.into_iter().filter(|o| kind(o) == "record").map(support::without_file).collect();
                    let want: Vec<Value> = want.iter().map(|o| support::without_file((*o).clone())).collect();
                    assert_eq!(found, want, "{} {args:?}", file.display());
                }
            }
        }
    }
}

#[test]
fn a_limit_ends_the_dump_with_so_many_records_or_batches() {
    let log = &logs("broker-transactions")[0];
    let all = json(log, &["--deep-iteration"]);
    let records = all.iter().filter(|o| kind(o) == "record").count();
    for limit in [0, 1, 2, records, records + 1] {
        let limit_text = limit.to_string();
        let found = json(log, &["--deep-iteration", "--limit", &limit_text]);
        assert_eq!(found.iter().filter(|o| kind(o) == "record").count(), limit.min(records));
        assert!(found.iter().zip(&all).all(|(a, b)| a == b));
    }
    assert_eq!(json(log, &["--limit", "1"]).len(), 1);
}

#[test]
fn an_index_that_leads_astray_is_not_used_and_said_so() {
    let log = logs("many-index-entries").into_iter().find(|log| log.with_extension("index").exists()).unwrap();
    let copy = scratch("astray").join(log.file_name().unwrap());
    fs::copy(&log, &copy).unwrap();
    let all = json(&log, &["--deep-iteration"]);
    let last = all.iter().rfind(|o| kind(o) == "record").unwrap()["offset"].to_string();
    let mut index = fs::read(log.with_extension("index")).unwrap();
    index.chunks_exact_mut(8).for_each(|entry| entry[7] ^= 1);
    fs::write(copy.with_extension("index"), index).unwrap();
    let found = json(&copy, &["--deep-iteration", "--offset", &last]);
    let kinds: Vec<&str> = found.iter().filter_map(|o| o["code"].as_str()).collect();
    assert_eq!(kinds, ["offset-index-entry"]);
    assert_eq!(found.iter().filter(|o| kind(o) == "record").count(), 1);
}

#[test]
fn resync_says_which_bytes_and_offsets_are_lost_and_prints_the_rest() {
    let log = support::orders();
    let all = json(&log, &[]);
    let good = |objects: &Json| {
        objects.iter().filter(|o| o["is_valid"] == true).map(|o| o["base_offset"].clone()).collect::<Vec<_>>()
    };
    assert!(all.len() > 2, "{all:?}");
    let victim = &all[1];
    let at = victim["position"].as_u64().unwrap() as usize;
    let size = victim["size"].as_u64().unwrap() as usize;
    let copy = scratch("resync").join(log.file_name().unwrap());
    let damaged = |change: &dyn Fn(&mut [u8])| {
        let mut bytes = fs::read(&log).unwrap();
        change(&mut bytes[at..at + size]);
        fs::write(&copy, bytes).unwrap();
        json(&copy, &["--resync", "--print-data-log"])
    };
    let flipped = damaged(&|batch| *batch.last_mut().unwrap() ^= 0x20);
    assert_eq!(good(&flipped).len(), all.len() - 1);
    let finding = flipped.iter().find(|o| kind(o) == "finding").unwrap();
    assert_eq!(finding["code"], "batch-checksum");
    assert_eq!((&finding["position"], &finding["bytes"]), (&victim["position"], &victim["size"]));

    let gone = damaged(&|batch| batch[..61].fill(0));
    let finding = gone.iter().find(|o| kind(o) == "finding").unwrap();
    assert_eq!(finding["code"], "unreadable-bytes");
    for (name, of) in
        [("position", "position"), ("bytes", "size"), ("first_offset", "base_offset"), ("last_offset", "last_offset")]
    {
        assert_eq!(finding[name], victim[of], "{name}");
    }
    assert_eq!(good(&gone).len(), all.len() - 1);

    let longer = damaged(&|batch| batch[8] = 1);
    assert_eq!(good(&longer), good(&all), "a wrong length loses nothing");
    assert_eq!(longer.iter().find(|o| kind(o) == "finding").unwrap()["code"], "batch-length");
}

#[test]
fn resync_never_shows_less_of_a_damaged_file_than_the_plain_dump() {
    for log in ["damage-bit-flips", "damage-header-values", "damage-tails", "damage-truncated", "damage-payloads"]
        .iter()
        .flat_map(|n| logs(n))
    {
        let batches = |args: &[&str]| -> Vec<Value> {
            let objects = support::json_of_any(&log, args);
            objects.into_iter().filter(|o| o["is_valid"] == true).map(|o| o["position"].clone()).collect()
        };
        let plain = batches(&["--deep-iteration"]);
        let resynced = batches(&["--deep-iteration", "--resync"]);
        for position in plain {
            assert!(resynced.contains(&position), "{} {position}", log.display());
        }
    }
}

#[test]
fn redaction_leaves_lengths_and_nothing_else() {
    let log = support::orders();
    let secrets: Vec<String> = json(&log, &["--print-data-log"])
        .iter()
        .flat_map(|o| [o["key"].as_str(), o["value"].as_str()].map(|s| s.map(str::to_owned)))
        .flatten()
        .filter(|s| s.len() > 5)
        .collect();
    assert!(!secrets.is_empty());
    for format in ["text", "json"] {
        let printed = dump(&log, &["--print-data-log", "--redact", "--output", format]);
        let printed = String::from_utf8(printed.out).unwrap();
        assert!(secrets.iter().all(|secret| !printed.contains(secret.as_str())), "{format}");
        assert!(printed.contains(if format == "text" { " bytes>" } else { "\"value_size\":" }));
    }
}

#[test]
fn iso_timestamps_change_timestamps_only() {
    let log = support::orders();
    let (plain, iso) = (text(&log, &["--deep-iteration"]), text(&log, &["--deep-iteration", "--iso-timestamps"]));
    assert!(iso.contains("Z size: "));
    for (plain, iso) in plain.lines().zip(iso.lines()) {
        let differing = plain.split(' ').zip(iso.split(' ')).filter(|(a, b)| a != b);
        for (a, b) in differing {
            assert!(a.parse::<i64>().is_ok() && b.ends_with('Z') && b.len() == 24, "{a} {b}");
        }
    }
    let objects = json(&log, &["--deep-iteration", "--iso-timestamps"]);
    assert!(objects.iter().all(|o| o["timestamp"].is_null() != o["max_timestamp"].is_null()));
    assert!(objects.iter().filter_map(|o| o["timestamp"].as_str()).all(|t| t.ends_with('Z')));
}

#[test]
fn threads_do_not_change_the_output() {
    for log in SCENARIOS.iter().flat_map(|name| logs(name)) {
        let of = |threads| dump(&log, &["--output", "json", "--print-data-log", "--threads", threads]).out;
        assert_eq!(of("1"), of("3"));
    }
}

#[test]
fn a_limit_on_decompressed_bytes_is_kept() {
    let log: PathBuf = logs("format-v2-zstd").remove(0);
    let outcome = dump(&log, &["--deep-iteration", "--max-decompressed-bytes", "100B"]);
    let said = String::from_utf8_lossy(&outcome.err);
    assert!(said.contains("expected at most 100 decompressed bytes"), "{said}");
}

#[test]
fn the_example_in_the_document_is_what_the_tool_prints() {
    let document = fs::read_to_string(tests::fixtures::root().join("docs/json.md")).unwrap();
    let example = document.split("```console\n$ kafka-dump-log ").nth(1).unwrap().split("```").next().unwrap();
    let (args, printed) = example.split_once('\n').unwrap();
    let mut args = args.split(' ');
    assert_eq!(args.next(), Some("--files"));
    let log = PathBuf::from(args.next().unwrap());
    assert_eq!(text(&log, &args.collect::<Vec<_>>()), printed);
}
