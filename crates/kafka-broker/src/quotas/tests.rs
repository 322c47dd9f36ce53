//! Throttle times, and whose quota holds.

use kafka_rpc::stored::metadata::client_quota_record::EntityData;
use kafka_rpc::stored::metadata::{ClientQuotaRecord, MetadataRecord};

use super::*;
use crate::metadata::Delta;

const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recorded/quotas.txt");
const WINDOWS: Windows = Windows { count: 11, ms: 1000 };
const NOW: i64 = 1_700_000_000_000;

/// `run --record` in `tests/differential/quotas` has written the transcript; `run` plays new ones.
#[test]
fn kafkas_throttle_times_are_ours() {
    let path = std::env::var("QUOTA_TRANSCRIPT").unwrap_or(RECORDED.to_owned());
    let transcript = std::fs::read_to_string(path).unwrap();
    let (mut windows, mut limit, mut sensor) = (WINDOWS, 0.0, Sensor::default());
    let float = |text: &str| text.parse::<f64>().unwrap();
    let number = |text: &str| text.parse::<i64>().unwrap();
    for line in transcript.lines() {
        match line.split('\t').collect::<Vec<_>>()[..] {
            ["quota", count, ms, of] => {
                windows = Windows { count: number(count), ms: number(ms) };
                (limit, sensor) = (float(of), Sensor::default());
            }
            ["rate", now, value, measured, throttle] => {
                sensor.rate.record(windows, float(value), number(now));
                let (rate, _) = sensor.rate.measure(windows, number(now));
                assert!((rate - float(measured)).abs() <= rate.abs() * 1e-12, "{line}: {rate}");
                assert_eq!(sensor.rate.throttle_ms(windows, limit, number(now)), number(throttle), "{line}");
            }
            ["bucket", now, value, throttle] => {
                sensor.bucket.take(windows, limit, float(value), number(now));
                assert_eq!(sensor.bucket.throttle_ms(windows, limit, number(now)), number(throttle), "{line}");
            }
            _ => panic!("{line}"),
        }
    }
}

/// An entity by its types and names, a quota, a limit.
type Entry = (&'static [(&'static str, &'static str)], &'static str, f64);

/// Quotas of entities: user, client id, address (`*` for the default), key, limit.
fn quotas(entries: &[Entry]) -> Quotas {
    let mut image = Image::default();
    for (entity, key, value) in entries {
        let part = |(kind, name): &(&'static str, &'static str)| EntityData {
            entity_type: (*kind).into(),
            entity_name: (*name != "*").then(|| (*name).into()),
            ..Default::default()
        };
        let record = ClientQuotaRecord {
            entity: entity.iter().map(part).collect(),
            key: (*key).into(),
            value: *value,
            ..Default::default()
        };
        image.apply(&MetadataRecord::ClientQuota(record), &mut Delta::default()).unwrap();
    }
    Quotas::new(WINDOWS, WINDOWS, &image)
}

#[test]
fn the_nearest_quota_holds() {
    let key = "producer_byte_rate";
    let all: [Entry; 8] = [
        (&[("user", "u"), ("client-id", "c")], key, 1.0),
        (&[("user", "u"), ("client-id", "*")], key, 2.0),
        (&[("user", "u")], key, 3.0),
        (&[("user", "*"), ("client-id", "c")], key, 4.0),
        (&[("user", "*"), ("client-id", "*")], key, 5.0),
        (&[("user", "*")], key, 6.0),
        (&[("client-id", "c")], key, 7.0),
        (&[("client-id", "*")], key, 8.0),
    ];
    let find = |quotas: &Quotas, user: &'static str, client: &'static str| {
        quotas.limits.read().find(Kind::Produce, user, client)
    };
    for first in 0..all.len() {
        let quotas = quotas(&all[first..]);
        let shared = ["u:c", "u:c", "u:", "u:c", "u:c", "u:", ":c", ":c"][first];
        let (limit, (user, client)) = find(&quotas, "u", "c").unwrap();
        assert_eq!((limit, format!("{user}:{client}")), (all[first].2, shared.to_owned()));
    }
    let quotas = quotas(&all);
    assert_eq!(find(&quotas, "v", "d").map(|(limit, _)| limit), Some(5.0));
    assert_eq!(find(&quotas, "u", "").map(|(limit, _)| limit), Some(3.0), "without an id the user alone counts");
    assert!(quotas.limits(Kind::Produce) && !quotas.limits(Kind::Fetch));
}

#[test]
fn users_share_what_is_theirs_and_idle_sensors_go() {
    let quotas = quotas(&[(&[("user", "*")], "producer_byte_rate", 100.0)]);
    assert_eq!(quotas.bytes(Kind::Produce, "u", "one", 1000, NOW), 0);
    assert!(quotas.bytes(Kind::Produce, "u", "two", 1000, NOW) > 0, "both clients are the user's");
    assert_eq!(quotas.bytes(Kind::Produce, "v", "one", 1000, NOW), 0);
    for number in 0..10_000_i64 {
        quotas.bytes(Kind::Produce, &format!("u{number}"), "c", 1, NOW + number * 1000);
    }
    let sensors = quotas.sensors.lock().by_key.len();
    assert!(sensors <= SENSORS_MIN, "{sensors} sensors");
}

#[test]
fn changes_of_topics_are_refused_when_the_tokens_are_used_up() {
    let quotas = quotas(&[(&[("client-id", "*")], "controller_mutation_rate", 1.0)]);
    let mutate = |count, is_strict, now| quotas.mutations("u", "c", count, is_strict, now);
    assert_eq!(mutate(20, true, NOW), 0, "the burst of 11 is exceeded once");
    assert_eq!(mutate(1, true, NOW), 9000);
    assert_eq!(mutate(1, true, NOW + 9000), 0);
    assert_eq!(mutate(5, false, NOW + 9000), 6000, "it is counted all the same");
}

#[test]
fn connections_that_are_refused_do_not_count() {
    let quotas = quotas(&[(&[("ip", "10.0.0.7")], "connection_creation_rate", 1.0)]);
    let connect = |address: &str, now| quotas.connection(address.parse().unwrap(), now);
    let refused = (0..100).filter(|_| connect("10.0.0.7", NOW) > 0).count();
    assert_eq!(refused, 90, "10 make 1 a second over the 10 full windows");
    assert_eq!(connect("10.0.0.8", NOW), 0);
    assert_eq!(connect("10.0.0.7", NOW + 11_000), 0);
}
