//! Messages that Kafka's generated classes wrote, one of every version: decoded field by field and encoded to the same bytes.
//!
//! `tests/differential/rpc/run --record` makes them; the same comparison runs with many more there.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::Path;

#[test]
fn messages_of_kafka_are_decoded_and_encoded_at_every_version() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded");
    let mut missing: BTreeSet<(&str, i16)> = crate::support::tables()
        .flat_map(|table| (table.versions.0..=table.versions.1).map(|v| (table.name, v)))
        .collect();
    for entry in fs::read_dir(folder)? {
        let text = fs::read_to_string(entry?.path())?;
        for line in text.lines() {
            let line = crate::support::parse(line).ok_or_else(|| format!("no case: {line}"))?;
            crate::support::compare(&line).map_err(|why| format!("{} version {}: {why}", line.name, line.version))?;
            missing.retain(|(name, version)| (*name, *version) != (line.name, line.version));
        }
    }
    assert!(missing.is_empty(), "not recorded: {missing:?}");
    Ok(())
}

#[test]
fn random_messages_survive_both_codecs() -> Result<(), Box<dyn Error>> {
    let mut random = fastrand::Rng::with_seed(4);
    let pool = crate::support::random::Pool::new(&mut random);
    for table in crate::support::tables() {
        for version in table.versions.0..=table.versions.1 {
            for _ in 0..8 {
                let message = crate::support::random::message(table, version, &pool, &mut random);
                let (mut bytes, mut json) = (Vec::new(), Vec::new());
                message.write(&mut bytes)?;
                message.push_json(&mut json);
                let line = crate::support::Line { name: table.name, version, bytes, json: std::str::from_utf8(&json)? };
                crate::support::compare(&line).map_err(|why| format!("{} version {version}: {why}", table.name))?;
            }
        }
    }
    Ok(())
}

/// A field that the other version lacks is dropped if it is ignorable or has its default, and else refused.
#[test]
fn messages_are_written_at_other_versions_as_their_tables_say() -> Result<(), Box<dyn Error>> {
    let mut random = fastrand::Rng::with_seed(5);
    let pool = crate::support::random::Pool::new(&mut random);
    let (mut written, mut refused) = (0, 0);
    for table in crate::support::tables().filter(|table| table.versions.0 < table.versions.1) {
        for _ in 0..40 {
            let mut version = || random.i16(table.versions.0..=table.versions.1);
            let (version, to) = (version(), version());
            let message = crate::support::random::message(table, version, &pool, &mut random);
            let (mut bytes, mut expected) = (Vec::new(), Vec::new());
            message.write(&mut bytes)?;
            let by_table = message.write_at(to, &mut expected);
            let ours = crate::support::convert(table.name, version, &bytes, to);
            match (&ours, by_table) {
                (Ok(ours), Ok(())) if *ours == expected => written += 1,
                (Err(_), Err(_)) => refused += 1,
                (_, by_table) => panic!("{} {version} to {to}: {ours:x?}, {by_table:?}", table.name),
            }
        }
    }
    assert!(written > 1000 && refused > 300, "{written} written, {refused} refused");
    Ok(())
}

/// Other damage: the fuzz targets `protocol_request` and `protocol_message`.
#[test]
fn messages_cut_at_any_byte_are_refused() -> Result<(), Box<dyn Error>> {
    for name in ["Produce", "Fetch", "Metadata", "JoinGroup", "ApiVersions"] {
        let path = format!("{}/tests/recorded/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        for line in fs::read_to_string(path)?.lines() {
            let line = crate::support::parse(line).ok_or("no case")?;
            for end in 0..line.bytes.len() {
                let cut = crate::support::decode(line.name, line.version, &line.bytes[..end]);
                assert!(cut.is_err(), "{} {} cut at {end}", line.name, line.version);
            }
        }
    }
    Ok(())
}
