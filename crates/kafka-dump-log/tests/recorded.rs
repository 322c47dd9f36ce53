//! Every recorded call of Kafka's dump tool, made with ours: the same standard output, standard error and exit code, and
//! no file created or changed. One test a scenario; the environment variable `CASE` picks cases whose id contains it.
//!
//! How strict the comparison is: `tests::compare`. What a scenario shows: `fixtures/README.md`.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use tests::compare::differences;
use tests::fixtures::{self, Case};
use tests::run::run;

const BINARY: &str = env!("CARGO_BIN_EXE_kafka-dump-log");
const LIMIT: Duration = Duration::from_secs(60);
/// Failing cases of a scenario that are shown in full.
const SHOWN_MAX: usize = 5;

macro_rules! scenarios {
    ($($name:ident)*) => {
        const TESTED: &[&str] = &[$(stringify!($name)),*];
        $(#[test] fn $name() { check(FOLDER, &stringify!($name).replace('_', "-")); })*
    };
}

/// Where the scenarios recorded with Kafka 4.3.0 are, in `fixtures`.
const FOLDER: &str = "";

scenarios! {
    broker_cluster_metadata
    broker_cluster_metadata_unclean
    broker_codec_gzip
    broker_codec_lz4
    broker_codec_none
    broker_codec_snappy
    broker_codec_zstd
    broker_compacted
    broker_compacted_twice
    broker_consumer_offsets
    broker_consumer_offsets_unclean
    broker_data_dir
    broker_delete_records
    broker_empty
    broker_group_input
    broker_idempotent
    broker_large_records
    broker_leader_epochs
    broker_log_append_time
    broker_odd_records
    broker_recompress
    broker_remote_log_metadata
    broker_share_group_state
    broker_tiered
    broker_transaction_state
    broker_transactions
    broker_transactions_open
    broker_unclean
    broker_unclean_preallocated
    broker_unclean_preallocated_recovered
    broker_unclean_recovered
    broker_unclean_transactions
    broker_unclean_transactions_recovered
    control_records
    damage_bit_flips
    damage_folder
    damage_header_values
    damage_offset_index
    damage_payloads
    damage_producer_state
    damage_tails
    damage_time_index
    damage_truncated
    edge_numbers
    format_v0_gzip
    format_v0_lz4
    format_v0_none
    format_v0_snappy
    format_v1_gzip
    format_v1_lz4
    format_v1_none
    format_v1_snappy
    format_v2_gzip
    format_v2_lz4
    format_v2_none
    format_v2_snappy
    format_v2_zstd
    kraft_checkpoint_direct
    log_append_time_direct
    many_index_entries
    mixed_magic
    odd_payloads
    record_types_metadata
    record_types_offsets
    record_types_remote
    record_types_share
    record_types_transactions
    transaction_files
    usage
    v2_attributes
}

#[test]
fn every_recorded_scenario_has_its_test_and_no_case_is_lost() {
    assert_complete(FOLDER, TESTED, 5833);
}

/// What Kafka 4.4.0 made and printed.
mod kafka_4_4 {
    use super::{assert_complete, check};

    const FOLDER: &str = "kafka-4.4";

    scenarios! {
        later_control
        later_offsets
        later_transaction_indexes
        later_transactions
        record_types_metadata
        record_types_offsets
        record_types_share
        record_types_transactions
    }

    #[test]
    fn every_recorded_scenario_has_its_test_and_no_case_is_lost() {
        assert_complete(FOLDER, TESTED, 351);
    }
}

fn in_folder(folder: &str, name: &str) -> String {
    Path::new(folder).join(name).to_string_lossy().into_owned()
}

fn assert_complete(folder: &str, tested: &[&str], cases: usize) {
    let names = fixtures::names_in(folder);
    assert_eq!(names.iter().map(|name| name.replace('-', "_")).collect::<Vec<_>>(), tested);
    let recorded: usize = names.iter().map(|name| fixtures::cases(&in_folder(folder, name)).len()).sum();
    assert_eq!(recorded, cases);
}

#[test]
fn the_first_command_of_the_readme_prints_what_kafka_prints() {
    let args = ["--files", "fixtures/orders-0/00000000000000000000.log", "--print-data-log"].map(str::to_owned);
    let printed = fs::read(fixtures::root().join("fixtures/orders-0.printed.txt")).expect("it is there");
    let want = Case { id: String::new(), args: args.to_vec(), code: 0, out: printed, err: Vec::new() };
    let got = run(Path::new(BINARY), &want.args, &fixtures::root(), LIMIT).expect("the tool runs");
    assert_eq!(differences(&want, &got, &fixtures::root()), [""; 0]);
}

/// Runs the cases of a scenario in this folder of `fixtures`, as the release of Kafka that recorded it.
fn check(recorded_in: &str, name: &str) {
    let release = recorded_in.strip_prefix("kafka-").map(|version| ["--kafka-version".to_owned(), version.to_owned()]);
    let name = &in_folder(recorded_in, name);
    let folder = fixtures::scenario(name);
    let wanted = env::var("CASE").unwrap_or_default();
    let cases: Vec<Case> = fixtures::cases(name).into_iter().filter(|case| case.id.contains(&wanted)).collect();
    let (mut report, mut failed) = (String::new(), 0);
    for case in &cases {
        let args: Vec<String> = release.iter().flatten().chain(&case.args).cloned().collect();
        let said = match run(Path::new(BINARY), &args, &folder, LIMIT) {
            Ok(outcome) => differences(case, &outcome, &folder),
            Err(e) => vec![e.to_string()],
        };
        if said.is_empty() {
            continue;
        }
        failed += 1;
        if failed <= SHOWN_MAX {
            let indented = said.join("\n  ");
            let _ = writeln!(report, "{name}: {}\n  args: {}\n  {indented}", case.id, case.args.join(" "));
        }
    }
    let touched = touched(&folder);
    assert!(failed == 0, "{} of {} cases of {name} differ; the first:\n{report}", failed, cases.len());
    assert!(touched.is_empty(), "the tool wrote to the files of {name}:\n{}", touched.join("\n"));
}

/// Files of the scenario that the tool created, changed or deleted. If there are any, the copy is given up for the next run.
fn touched(folder: &Path) -> Vec<String> {
    let touched = fixtures::touched(folder).expect("a scenario's folder can be listed");
    if !touched.is_empty() {
        fs::remove_dir_all(folder).expect("an unpacked scenario can be removed");
    }
    touched
}
