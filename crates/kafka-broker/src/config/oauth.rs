//! OAUTHBEARER of a listener: `sasl.oauthbearer.*`, also with `oauthbearer.` in front.

use std::path::Path;
use std::time::Duration;

use kafka_security::oauth::{Endpoint, UnsecuredValidator, Validator};
use kafka_security::tls::{self, TlsSettings};
use kafka_security::{SaslMechanism, Secret, jaas::JaasConfig};

use super::error::SettingError;
use super::given::Settings;
use super::security;
use super::values::Values;

/// Settings that this file reads.
pub(super) const NAMES: &[&str] = &[
    "sasl.oauthbearer.clock.skew.seconds",
    "sasl.oauthbearer.expected.audience",
    "sasl.oauthbearer.expected.issuer",
    "sasl.oauthbearer.jwks.endpoint.refresh.ms",
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms",
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms",
    JWKS_URL,
    VALIDATOR,
    "sasl.oauthbearer.scope.claim.name",
    "sasl.oauthbearer.sub.claim.name",
    HANDLER,
];

const JWKS_URL: &str = "sasl.oauthbearer.jwks.endpoint.url";
const HANDLER: &str = "sasl.server.callback.handler.class";
const VALIDATOR: &str = "sasl.oauthbearer.jwt.validator.class";
/// Classes of Kafka, each for a way to look at tokens.
const SECURED: &str = "org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler";
const UNSECURED: &str =
    "org.apache.kafka.common.security.oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler";
const VALIDATORS: [&str; 2] = [
    "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator",
    "org.apache.kafka.common.security.oauthbearer.BrokerJwtValidator",
];

/// Which tokens a listener believes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OauthConfig {
    /// Tokens without a signature.
    Unsecured(UnsecuredValidator),
    /// Tokens that an issuer has signed.
    Signed(Box<Validator>, JwksConfig),
}

/// Where the keys of the issuer are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JwksConfig {
    pub(crate) endpoint: Endpoint,
    /// `sasl.oauthbearer.jwks.endpoint.refresh.ms`
    pub(crate) refresh: Duration,
    /// `sasl.oauthbearer.jwks.endpoint.retry.backoff.ms`
    pub(crate) backoff: Duration,
    /// `sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms`
    pub(crate) backoff_max: Duration,
    /// Whom to trust, and who to be, with HTTPS: `ssl.*` of the login module.
    pub(crate) tls: TlsSettings,
}

impl OauthConfig {
    pub(crate) fn jwks(&self) -> Option<&JwksConfig> {
        match self {
            OauthConfig::Unsecured(_) => None,
            OauthConfig::Signed(_, jwks) => Some(jwks),
        }
    }

    /// A file that has keys.
    pub(crate) fn file(&self) -> Option<&Path> {
        match &self.jwks()?.endpoint {
            Endpoint::File(path) => Some(path),
            Endpoint::Http(_) => None,
        }
    }
}

/// What the settings of a listener say.
pub(super) fn read(settings: &Settings, listener: &str) -> Result<OauthConfig, SettingError> {
    let settings = security::with_prefix(settings, "oauthbearer.");
    let text = |name: &str| settings.get(name).map(|given| given.value.trim()).filter(|text| !text.is_empty());
    let jaas = text("sasl.jaas.config")
        .map(|text| security::jaas(text, listener, SaslMechanism::OauthBearer, "OAuthBearerLoginModule"));
    let jaas = jaas.transpose()?;
    match text(HANDLER) {
        Some(SECURED) => signed(&settings, listener, jaas.as_ref()),
        Some(UNSECURED) => {
            let mechanism = SaslMechanism::OauthBearer;
            let none = || SettingError::NoJaasConfig { listener: listener.to_owned(), mechanism };
            let validator = UnsecuredValidator::read(jaas.as_ref().ok_or_else(none)?);
            validator.map(OauthConfig::Unsecured).map_err(|option| wrong(listener, "sasl.jaas.config", option))
        }
        // Kafka takes unsecured tokens here. That has to be asked for.
        other => {
            let expected = format!("expected {SECURED} or {UNSECURED}, found {}", other.unwrap_or("nothing"));
            Err(wrong(listener, HANDLER, expected))
        }
    }
}

fn signed(settings: &Settings, listener: &str, jaas: Option<&JaasConfig>) -> Result<OauthConfig, SettingError> {
    let values = Values(settings);
    if let Some(class) = settings.get(VALIDATOR).filter(|class| !VALIDATORS.contains(&class.value.trim())) {
        return Err(wrong(
            listener,
            VALIDATOR,
            format!("expected one of {}, found {}", VALIDATORS.join(", "), class.value),
        ));
    }
    let url = values.get::<Option<String>>(JWKS_URL).filter(|url| !url.trim().is_empty());
    let url = url.ok_or_else(|| wrong(listener, JWKS_URL, "it is required"))?;
    let endpoint = Endpoint::parse(url.trim()).map_err(|error| wrong(listener, JWKS_URL, error))?;
    let option = |name: &str| {
        let option = jaas.and_then(|jaas| jaas.option(name)).filter(|_| tls::KEYS.contains(&name));
        option.map(|value: &Secret| value.expose().to_owned())
    };
    let millis = |name: &str| Duration::from_millis(u64::try_from(values.get::<i64>(name)).unwrap_or(0));
    let refresh = millis("sasl.oauthbearer.jwks.endpoint.refresh.ms");
    if refresh.is_zero() {
        return Err(wrong(listener, "sasl.oauthbearer.jwks.endpoint.refresh.ms", "it must be positive"));
    }
    let jwks = JwksConfig {
        endpoint,
        refresh,
        backoff: millis("sasl.oauthbearer.jwks.endpoint.retry.backoff.ms"),
        backoff_max: millis("sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms"),
        tls: TlsSettings::read(option).map_err(|error| wrong(listener, "sasl.jaas.config", error))?,
    };
    let validator = Validator {
        clock_skew_seconds: i64::from(values.get::<i32>("sasl.oauthbearer.clock.skew.seconds")),
        expected_audience: values.get("sasl.oauthbearer.expected.audience"),
        expected_issuer: values.get("sasl.oauthbearer.expected.issuer"),
        scope_claim_name: values.get("sasl.oauthbearer.scope.claim.name"),
        sub_claim_name: values.get("sasl.oauthbearer.sub.claim.name"),
    };
    Ok(OauthConfig::Signed(Box::new(validator), jwks))
}

fn wrong(listener: &str, setting: &'static str, problem: impl ToString) -> SettingError {
    SettingError::Oauth { listener: listener.to_owned(), setting, problem: problem.to_string() }
}
