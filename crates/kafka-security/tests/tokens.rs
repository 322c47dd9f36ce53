//! Tokens that Kafka's validators have judged: `tests/differential/tokens/run` makes them.

use std::fs;
use std::path::PathBuf;

use kafka_security::jaas::JaasConfig;
use kafka_security::oauth::{JwkSet, Token, TokenError, UnsecuredValidator, Validator};

type Result<T = (), E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

fn judge(
    (validator, settings, token): (&str, &str, &str),
    keys: &JwkSet,
    clock_skew_seconds: i64,
    now_ms: i64,
) -> Result<Result<Token, TokenError>> {
    if validator == "unsecured" {
        let jaas = JaasConfig::parse(&format!("OAuthBearerLoginModule required {settings};"))?;
        return Ok(UnsecuredValidator::read(&jaas)?.validate(token, now_ms));
    }
    let mut validator = Validator {
        clock_skew_seconds,
        expected_audience: Vec::new(),
        expected_issuer: None,
        scope_claim_name: "scope".to_owned(),
        sub_claim_name: "sub".to_owned(),
    };
    for setting in settings.split_whitespace() {
        let (name, value) = setting.split_once('=').ok_or("a setting without a value")?;
        match name {
            "aud" => validator.expected_audience = value.split(',').map(str::to_owned).collect(),
            "iss" => validator.expected_issuer = Some(value.to_owned()),
            "sub" => validator.sub_claim_name = value.to_owned(),
            _ => validator.scope_claim_name = value.to_owned(),
        }
    }
    Ok(validator.validate(token, keys, now_ms))
}

#[test]
fn tokens_are_judged_as_by_kafka() -> Result {
    let recorded = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recorded/tokens.txt");
    let text = fs::read_to_string(std::env::var_os("TOKENS").map_or_else(|| recorded.into(), PathBuf::from))?;
    let (mut keys, mut now_ms, mut skew, mut different, mut believed) = (JwkSet::default(), 0, 0, Vec::new(), 0);
    for (at, line) in text.lines().enumerate() {
        if let Some(now) = line.strip_prefix("now ") {
            now_ms = now.parse()?;
        } else if let Some(seconds) = line.strip_prefix("skew ") {
            skew = seconds.parse()?;
        } else if let Some(json) = line.strip_prefix("keys ") {
            keys = JwkSet::parse(json.as_bytes())?;
        } else {
            let fields: Vec<&str> = line.split('\t').collect();
            let [validator, settings, token, expected] = fields[..] else { return Err(format!("line {at}").into()) };
            let verdict = judge((validator, settings, token), &keys, skew, now_ms)?;
            let found = verdict
                .as_ref()
                .map_or_else(|_| "refused".to_owned(), |token| format!("{} {}", token.principal, token.expires_ms));
            believed += usize::from(expected != "refused");
            if found != expected {
                let payload = token.split('.').nth(1).unwrap_or_default();
                let payload = data_encoding::BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap_or_default();
                let payload = String::from_utf8_lossy(&payload).into_owned();
                different.push(format!("{at}: {validator} {settings} {payload}: {expected}, ours {verdict:?}"));
            }
        }
    }
    assert!(believed > 50, "{believed}");
    assert!(different.is_empty(), "{}", different.join("\n"));
    Ok(())
}
