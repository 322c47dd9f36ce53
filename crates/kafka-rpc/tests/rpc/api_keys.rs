//! What `ApiKeys` of Kafka says of each API, recorded by `tests/differential/rpc/run --record`.

use std::error::Error;
use std::fs;

use kafka_rpc::ApiKey;

/// A line: number, name, served versions, advertised versions, `REQUEST/RESPONSE` header versions of each served version.
#[test]
fn versions_and_headers_are_kafkas() -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api_versions.txt"))?;
    let mut known = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [number, name, low, high, advertised_low, advertised_high, headers @ ..] = words.as_slice() else {
            return Err(format!("no API: {line}").into());
        };
        let Some(key) = ApiKey::from_number(number.parse()?) else { continue };
        known.push(key);
        assert_eq!((key.name(), key.number().to_string().as_str()), (*name, *number));
        assert_eq!(key.versions(), low.parse()?..=high.parse()?, "{name}");
        assert_eq!(key.advertised_versions(), advertised_low.parse()?..=advertised_high.parse()?, "{name}");
        let ours: Vec<String> = key
            .versions()
            .map(|version| format!("{}/{}", key.request_header_version(version), key.response_header_version(version)))
            .collect();
        assert_eq!(ours, headers, "{name}");
    }
    assert_eq!(known, ApiKey::ALL);
    Ok(())
}

#[test]
fn a_number_without_an_api_has_none() {
    for number in [-1, 4, 5, 6, 7, 93, i16::MAX] {
        assert_eq!(ApiKey::from_number(number), None);
    }
}
