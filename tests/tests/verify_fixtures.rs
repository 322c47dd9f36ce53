//! `verify` on what real Kafka wrote, whole and damaged: nothing is taken for damage that is none, and what is damaged is
//! found and classed.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

use kafka_log::audit::{AuditOptions, Class, Code, Level, PartitionReport, Severity, Verdict, verify_partition};
use kafka_log::fs::OsFs;
use serde_json::Value;
use tests::fixtures;

fn verified(dir: &Path, level: Level) -> PartitionReport {
    verify_partition(&OsFs, dir, &AuditOptions { level, ..AuditOptions::default() }).unwrap()
}

/// Partition directories of an unpacked scenario.
fn partitions(scenario: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(scenario)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir() && path.file_name().is_some_and(|name| name != "expected"))
        .collect();
    found.sort();
    found
}

fn is_damage(name: &str) -> bool {
    name.starts_with("damage-")
}

#[test]
fn nothing_in_a_healthy_directory_is_taken_for_damage() {
    // One has snapshots of the metadata under names with which Kafka does not start, one transaction indexes without logs.
    for name in fixtures::names().iter().filter(|name| {
        !is_damage(name) && !["usage", "kraft-checkpoint-direct", "transaction-files"].contains(&name.as_str())
    }) {
        for dir in partitions(&fixtures::scenario(name)) {
            for level in [Level::Quick, Level::Default, Level::Deep] {
                let report = verified(&dir, level);
                let damage: Vec<_> = report
                    .all_findings()
                    .filter(|finding| finding.severity == Severity::Damage)
                    .map(ToString::to_string)
                    .collect();
                assert!(damage.is_empty(), "{name} at level {}:\n{}", level.name(), damage.join("\n"));
            }
        }
    }
}

#[test]
fn what_a_broker_wrote_and_closed_is_clean() {
    let tolerated = ["broker-tiered", "broker-unclean-preallocated"];
    for name in fixtures::names().iter().filter(|name| name.starts_with("broker-")) {
        for dir in partitions(&fixtures::scenario(name)) {
            let report = verified(&dir, Level::Deep);
            let findings: Vec<_> = report.all_findings().map(ToString::to_string).collect();
            // A transaction that has been open for too long is worth a warning.
            let is_hanging = report
                .all_findings()
                .any(|finding| finding.code == Code::OpenTransaction && finding.severity == Severity::Warning);
            let is_tolerated = tolerated.contains(&name.as_str()) || is_hanging;
            let expected = if is_tolerated { Verdict::Tolerated } else { Verdict::Clean };
            assert_eq!(report.verdict(), expected, "{name}:\n{}", findings.join("\n"));
        }
    }
}

/// What was done to each variant of a damage scenario.
fn variants(name: &str) -> Vec<(PathBuf, String)> {
    let scenario = fixtures::scenario(name);
    let listing: Value = serde_json::from_slice(&fs::read(scenario.join("cases.json")).unwrap()).unwrap();
    let about = &listing["variants"];
    partitions(&scenario)
        .into_iter()
        .map(|dir| {
            let variant = dir.file_name().unwrap().to_string_lossy().into_owned();
            let about = about[&variant].as_str().unwrap_or_default().to_owned();
            (dir, about)
        })
        .collect()
}

/// Variants in which the bytes are as a producer might have sent them: a codec without a checksum gives other data back,
/// undetectably. A leader epoch of -1 is that of a batch which no leader has appended. Two are what they were before.
const UNDETECTABLE: &[&str] = &[
    "payloads-13",
    "payloads-14",
    "payloads-21",
    "payloads-22",
    "payloads-29",
    "payloads-73",
    "header-values-31",
    "values-50",
    "values-51",
];

#[test]
fn every_damaged_variant_is_found() {
    let mut missed = Vec::new();
    for name in fixtures::names().iter().filter(|name| is_damage(name)) {
        for (dir, about) in variants(name) {
            let shown = dir.display().to_string();
            let is_found = verified(&dir, Level::Deep).all_findings().next().is_some();
            if !is_found && !UNDETECTABLE.iter().any(|variant| shown.ends_with(variant)) {
                missed.push(format!("{shown}: {about}"));
            }
        }
    }
    assert!(missed.is_empty(), "\n{}", missed.join("\n"));
}

#[test]
fn every_finding_about_a_damaged_variant_has_the_class_of_what_was_done() {
    let classes = |name: &str| -> &[Class] {
        match name {
            "damage-bit-flips" => &[Class::Damage],
            "damage-truncated" => &[Class::TornTail, Class::Damage, Class::IndexOnly],
            "damage-offset-index" | "damage-time-index" => &[Class::IndexOnly],
            "damage-producer-state" => &[Class::MetadataOnly, Class::IndexOnly],
            // A changed size moves what the index leads to.
            "damage-payloads" | "damage-header-values" => &[Class::Damage, Class::OddButLegal, Class::IndexOnly],
            // A log of later offsets after the own one is odd, and might have been written so.
            // A snapshot may be above the end that is left.
            "damage-tails" => &[Class::TornTail, Class::Damage, Class::OddButLegal, Class::MetadataOnly],
            // What a start removes unread is nothing wrong.
            "damage-folder" => &[Class::Damage, Class::IndexOnly, Class::MetadataOnly, Class::OddButLegal],
            _ => &[Class::Damage, Class::IndexOnly, Class::MetadataOnly],
        }
    };
    let mut wrong = Vec::new();
    for name in fixtures::names().iter().filter(|name| is_damage(name)) {
        for (dir, about) in variants(name) {
            let report = verified(&dir, Level::Deep);
            let mut findings: Vec<_> = report.all_findings().collect();
            findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
            let Some(worst) = findings.first().map(|finding| finding.severity) else { continue };
            let fits =
                findings.iter().any(|finding| finding.severity == worst && classes(name).contains(&finding.class));
            if !fits {
                let told: Vec<_> = findings.iter().map(|f| format!("  {}: {f}", f.class.name())).collect();
                wrong.push(format!("{}: {about}\n{}", dir.display(), told.join("\n")));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn index_damage_leaves_the_log_unsuspected() {
    for name in ["damage-offset-index", "damage-time-index", "damage-producer-state"] {
        for (dir, about) in variants(name) {
            for segment in verified(&dir, Level::Deep).segments {
                assert!(segment.faults.is_empty(), "{}: {about}: {:?}", dir.display(), segment.faults);
            }
        }
    }
}

#[test]
fn a_verification_touches_nothing() {
    for name in ["damage-tails", "broker-codec-lz4"] {
        let scenario = fixtures::scenario(name);
        for dir in partitions(&scenario) {
            verified(&dir, Level::Deep);
        }
        assert_eq!(fixtures::touched(&scenario).unwrap(), Vec::<String>::new());
    }
}
