//! The demands of a case that need no Kafka, in the order in which `judge` checks them. The first one that is not met is the error.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::spec::{Case, Dump, Finding, Lost, Outcome, Predict, Ranges, Repair, Start, State, Verify, Words};
use crate::tools::{Room, Said, files, fits, kafka_dump_log, kafka_log};

pub(crate) fn check(case: &Case) -> Result<(), String> {
    let room = Room::new().map_err(|e| e.to_string())?;
    let data = room.unpack(&case.path.join("data.tar.zst"), "verify").map_err(|e| e.to_string())?;
    let target = case.target(&data);
    let before = files(&data).map_err(|e| e.to_string())?;
    for run in &case.expect.dump {
        check_dump(run, &target)?;
    }
    if let Some(demand) = &case.expect.verify {
        check_verify(demand, &target)?;
    }
    if let Some(demand) = &case.expect.predict {
        check_predict(demand, case, &target)?;
    }
    need(files(&data).map_err(|e| e.to_string())? == before, || "verify or dump changes files".into())?;
    for (name, demand) in [("repair", &case.expect.repair), ("repair_with_donor", &case.expect.repair_with_donor)] {
        if let Some(demand) = demand {
            check_repair(demand, case, &room, name).map_err(|unmet| format!("{name}: {unmet}"))?;
        }
    }
    Ok(())
}

fn need(is_met: bool, unmet: impl FnOnce() -> String) -> Result<(), String> {
    if is_met { Ok(()) } else { Err(unmet()) }
}

fn exits(what: &str, said: &Said, wanted: Option<&[u8]>) -> Result<(), String> {
    need(wanted.is_none_or(|wanted| wanted.contains(&said.code)), || {
        format!("{what} exits with {}, not with one of {wanted:?}: {}", said.code, said.err)
    })
}

fn check_dump(run: &Dump, target: &Path) -> Result<(), String> {
    let said = kafka_dump_log(&target.join(&run.file), &run.args);
    let what = format!("kafka-dump-log {}", run.args.join(" "));
    exits(&what, &said, Some(run.exit.as_deref().unwrap_or(&[0])))?;
    for (prefix, wanted) in [("baseOffset: ", &run.batches), ("| offset: ", &run.records)] {
        let Some(wanted) = wanted else { continue };
        let offset = |line: &str| line.strip_prefix(prefix)?.split(' ').next()?.parse().ok();
        let printed: Vec<i64> = said.out.lines().filter_map(offset).collect();
        need(printed == *wanted, || format!("{what} prints {prefix}{printed:?}, not {wanted:?}"))?;
    }
    Ok(())
}

fn check_verify(demand: &Verify, target: &Path) -> Result<(), String> {
    let args: Vec<_> = demand.args.iter().map(String::as_str).collect();
    let json = kafka_log("verify", &[&["--output", "json"], args.as_slice()].concat(), target);
    let text = kafka_log("verify", &[&["--notes"], args.as_slice()].concat(), target);
    exits("verify", &json, demand.exit.as_deref())?;
    exits("verify as text", &text, Some(&[json.code]))?;
    let findings: Vec<_> = json.objects().into_iter().filter(|object| object["kind"] == "finding").collect();
    for wanted in &demand.findings {
        need(findings.iter().any(|finding| is_wanted(wanted, finding)), || {
            format!("verify has no finding {wanted:?}")
        })?;
    }
    for unwanted in &demand.no_findings {
        let found = findings.iter().find(|finding| is_wanted(unwanted, finding));
        need(found.is_none(), || format!("verify has the finding {}", found.unwrap_or(&Value::Null)))?;
    }
    mentions("verify", &demand.mentions, &demand.mentions_not, &[&json, &text])
}

fn is_wanted(wanted: &Finding, finding: &Value) -> bool {
    let severity = finding["severity"].as_str().unwrap_or_default();
    finding["path"].as_str().is_some_and(|path| path.contains(&wanted.path))
        && wanted.severity.as_ref().is_none_or(|wanted| wanted.iter().any(|one| one == severity))
}

/// In any case, in the text or in the JSON.
fn mentions(what: &str, wanted: &[Words], unwanted: &[String], said: &[&Said]) -> Result<(), String> {
    // The code of a finding about a leftover producer snapshot is no word about a stray partition.
    let all: String = said.iter().map(|said| format!("{}{}", said.out, said.err)).collect();
    let all = all.to_lowercase().replace("snapshot-stray", "");
    for words in wanted {
        let is_there = words.all().iter().any(|word| all.contains(&word.to_lowercase()));
        need(is_there, || format!("{what} mentions none of {:?}", words.all()))?;
    }
    unwanted.iter().try_for_each(|word| need(!all.contains(&word.to_lowercase()), || format!("{what} mentions {word}")))
}

fn check_predict(demand: &Predict, case: &Case, target: &Path) -> Result<(), String> {
    let settings: Vec<_> = case.settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let settings: Vec<_> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
    let json = kafka_log("verify", &[&["--output", "json", "--predict"], settings.as_slice()].concat(), target);
    let text = kafka_log("verify", &[&["--notes", "--predict"], settings.as_slice()].concat(), target);
    let stop = if case.state == State::Clean { "clean" } else { "unclean" };
    let objects = json.objects();
    let of_stop =
        |object: &&Value| object["kind"] == "prediction" && object["stop"].as_str().is_none_or(|it| it == stop);
    let predictions: Vec<_> = objects.iter().filter(of_stop).collect();
    if let Some(start) = demand.start {
        let is_off = |object: &&Value| {
            object["kind"] == "start_prediction" && object["outcome"] != "starts" && object["outcome"] != "not_served"
        };
        let is_refused = objects.iter().any(|o| is_off(&o)) || predictions.iter().any(|p| p["opens"] == false);
        need(is_refused == (start == Start::Refuses), || format!("the prediction should be that Kafka {start:?}"))?;
    }
    for (partition, (least, most)) in &demand.loses {
        let is_given = target.file_name().is_some_and(|name| name.to_string_lossy() == *partition);
        let is_of = |p: &&&Value| {
            is_given || p["path"].as_str().is_some_and(|path| path.split('/').any(|name| name == partition))
        };
        let lost: u64 = predictions.iter().filter(is_of).filter_map(|p| p["records_lost"].as_u64()).sum();
        need((*least..=*most).contains(&lost), || {
            format!("the prediction is that {partition} loses {lost} records, not {least} to {most}")
        })?;
    }
    mentions("the prediction", &demand.mentions, &demand.mentions_not, &[&json, &text])?;
    demand.records_at_risk.map_or(Ok(()), |records| {
        let lost: u64 = predictions.iter().filter_map(|p| p["records_lost"].as_u64()).sum();
        need(lost == records, || format!("the prediction is that {lost} records are lost, not {records}"))
    })
}

fn check_repair(demand: &Repair, case: &Case, room: &Room, name: &str) -> Result<(), String> {
    let fail = |e: std::io::Error| e.to_string();
    let archive = case.path.join("data.tar.zst");
    let donor = demand.donor.as_ref().map(|donor| room.unpack(&case.path.join(donor), &format!("{name}-donor")));
    let donor = donor.transpose().map_err(fail)?.map(|path| path.to_string_lossy().into_owned());
    let donor: Vec<_> = donor.iter().flat_map(|donor| ["--donor", donor]).collect();

    let data = room.unpack(&archive, &format!("{name}-plan")).map_err(fail)?;
    let before = files(&data).map_err(fail)?;
    let plan = kafka_log("repair", &[&["--output", "json"], donor.as_slice()].concat(), &case.target(&data));
    need(files(&data).map_err(fail)? == before, || "the plan changes files".into())?;
    exits("the plan", &plan, demand.plan_exit.as_deref())?;
    let partitions: Vec<_> = plan.objects().into_iter().filter(|object| object["kind"] == "partition").collect();
    if let Some(start) = demand.kafka_alone {
        let is_refused = partitions.iter().any(|partition| !partition["kafka_alone"]["refusal"].is_null());
        need(is_refused == (start == Start::Refuses), || format!("the plan should say that Kafka alone {start:?}"))?;
    }

    let data = room.unpack(&archive, name).map_err(fail)?;
    let target = case.target(&data);
    let applied = kafka_log("repair", &[&["--output", "json", "--apply"], donor.as_slice()].concat(), &target);
    let after = files(&data).map_err(fail)?;
    let verified = kafka_log("verify", &[], &target);
    let check = |outcome: &Outcome| -> Result<(), String> {
        check_lost(outcome, &partitions)?;
        exits("repair --apply", &applied, outcome.exit.as_deref())?;
        for (path, bytes) in &before {
            let is_kept =
                !outcome.unchanged.iter().any(|pattern| fits(pattern, path)) || after.get(path) == Some(bytes);
            need(is_kept, || format!("the repair changes {path}"))?;
        }
        exits("verify after the repair", &verified, outcome.verify_after.as_deref())
    };
    let unmet: Vec<_> = demand.any_of.iter().map(check).map_while(Result::err).collect();
    need(unmet.len() < demand.any_of.len(), || unmet.join("; or "))
}

/// The offsets that the plan calls lost, by partition folder: those of the demand, and none elsewhere.
fn check_lost(outcome: &Outcome, partitions: &[Value]) -> Result<(), String> {
    let Some(wanted) = &outcome.lost else { return Ok(()) };
    let mut stated: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    for partition in partitions {
        let path = partition["path"].as_str().unwrap_or_default();
        let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned();
        for lost in partition["lost"].as_array().into_iter().flatten() {
            let (first, last) = (lost["first_offset"].as_i64(), lost["last_offset"].as_i64());
            let Some(any) = first.or(last) else { continue };
            stated.entry(name.clone()).or_default().extend(first.unwrap_or(any)..=last.unwrap_or(any));
        }
    }
    let nothing = Lost::Exactly(Vec::new());
    for name in wanted.keys().chain(stated.keys()) {
        let (least, most) = match wanted.get(name).unwrap_or(&nothing) {
            Lost::Exactly(ranges) => (offsets(ranges), Some(offsets(ranges))),
            Lost::Within(within) => (offsets(&within.at_least), within.at_most.as_ref().map(offsets)),
        };
        let stated = stated.get(name).cloned().unwrap_or_default();
        need(stated.is_superset(&least), || format!("the plan does not say that {name} loses {:?}", &least - &stated))?;
        let superfluous = most.map_or_else(BTreeSet::new, |most| &stated - &most);
        need(superfluous.is_empty(), || {
            format!("the plan says that {name} loses {superfluous:?}, which need not be lost")
        })?;
    }
    Ok(())
}

fn offsets(ranges: &Ranges) -> BTreeSet<i64> {
    ranges.iter().flat_map(|&(first, last)| first..=last).collect()
}
