//! How the clients of a listener prove who they are: settings with `listener.name.NAME.` in front over the same ones without.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kafka_security::jaas::JaasConfig;
use kafka_security::tls::{ClientAuth, MappingRules, TlsSettings};
use kafka_security::{SaslMechanism, Secret};

use super::error::SettingError;
use super::given::Settings;
use super::listeners::Listener;
use super::oauth::{self, OauthConfig};
use super::values::Values;

/// Settings that this file reads.
pub(super) const NAMES: &[&str] = &[
    "connection.failed.authentication.delay.ms",
    "connections.max.reauth.ms",
    "sasl.enabled.mechanisms",
    "sasl.jaas.config",
    "sasl.server.max.receive.size",
    "ssl.client.auth",
    "ssl.principal.mapping.rules",
];

/// What a listener asks of its clients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ListenerSecurity {
    pub(crate) tls: Option<TlsConfig>,
    pub(crate) sasl: Option<Arc<SaslConfig>>,
}

/// TLS of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsConfig {
    pub(crate) settings: TlsSettings,
    /// `ssl.client.auth`
    pub(crate) client_auth: ClientAuth,
    /// `ssl.principal.mapping.rules`
    pub(crate) rules: MappingRules,
}

/// SASL of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SaslConfig {
    /// `sasl.enabled.mechanisms`
    pub(crate) mechanisms: Vec<SaslMechanism>,
    /// `plain.sasl.jaas.config`: passwords by user
    pub(crate) plain_users: HashMap<String, Secret>,
    /// OAUTHBEARER: which tokens to believe
    pub(crate) oauth: Option<OauthConfig>,
    /// `sasl.server.max.receive.size`
    pub(crate) receive_max: usize,
    /// `connections.max.reauth.ms` of each mechanism; 0 is without end
    pub(crate) max_reauth_ms: BTreeMap<SaslMechanism, u64>,
}

impl ListenerSecurity {
    /// What the settings say of a listener.
    pub(super) fn read(settings: &Settings, listener: &Listener) -> Result<Self, SettingError> {
        let prefix = prefix(&listener.name);
        let own_client_auth = settings.contains_key(&format!("{prefix}ssl.client.auth"));
        let settings = with_prefix(settings, &prefix);
        let sasl = listener.protocol.has_sasl().then(|| sasl(&settings, &listener.name)).transpose()?;
        let mut tls = listener.protocol.has_tls().then(|| tls(&settings, &listener.name)).transpose()?;
        // With SASL the broker requests a certificate only if the setting has the prefix of the listener (KIP-684).
        if let Some(tls) = tls.as_mut().filter(|_| sasl.is_some() && !own_client_auth) {
            tls.client_auth = ClientAuth::None;
        }
        Ok(ListenerSecurity { tls, sasl: sasl.map(Arc::new) })
    }
}

/// What stands in front of the settings of a listener.
fn prefix(listener: &str) -> String {
    format!("listener.name.{}.", listener.to_ascii_lowercase())
}

/// The settings with those after the prefix in the place of those without it (`valuesWithPrefixOverride`).
pub(super) fn with_prefix(settings: &Settings, prefix: &str) -> Settings {
    let mut all = settings.clone();
    let own = settings.iter().filter_map(|(name, given)| Some((name.strip_prefix(prefix)?.to_owned(), given.clone())));
    all.extend(own);
    all
}

fn tls(settings: &Settings, listener: &str) -> Result<TlsConfig, SettingError> {
    let values = Values(settings);
    let wrong = |problem: String| SettingError::Tls { listener: listener.to_owned(), problem };
    let of = |name: &str| settings.get(name).map(|given| given.value.trim().to_owned());
    let rules: String = values.get("ssl.principal.mapping.rules");
    Ok(TlsConfig {
        settings: TlsSettings::read(of).map_err(|error| wrong(error.to_string()))?,
        client_auth: ClientAuth::from_name(&values.get::<String>("ssl.client.auth")).unwrap_or_default(),
        rules: MappingRules::parse(&rules).map_err(|error| wrong(error.to_string()))?,
    })
}

fn sasl(settings: &Settings, listener: &str) -> Result<SaslConfig, SettingError> {
    let values = Values(settings);
    let mut mechanisms = Vec::new();
    for name in values.get::<Vec<String>>("sasl.enabled.mechanisms") {
        let unsupported = || SettingError::UnsupportedMechanism { listener: listener.to_owned(), name: name.clone() };
        mechanisms.push(SaslMechanism::from_name(&name).ok_or_else(unsupported)?);
    }
    let of_mechanism = |mechanism: SaslMechanism, name: &str| {
        settings.get(&format!("{}.{name}", mechanism.name().to_ascii_lowercase())).map(|given| given.value.trim())
    };
    let mut plain_users = HashMap::new();
    if mechanisms.contains(&SaslMechanism::Plain) {
        let none = || SettingError::NoJaasConfig { listener: listener.to_owned(), mechanism: SaslMechanism::Plain };
        let text = of_mechanism(SaslMechanism::Plain, "sasl.jaas.config").ok_or_else(none)?;
        plain_users = users_of(text, listener)?;
    }
    let oauth =
        mechanisms.contains(&SaslMechanism::OauthBearer).then(|| oauth::read(settings, listener)).transpose()?;
    let mut max_reauth_ms = BTreeMap::new();
    for mechanism in &mechanisms {
        let own = of_mechanism(*mechanism, "connections.max.reauth.ms").map(|text| {
            text.parse::<i64>().map_err(|_| SettingError::MapEntry {
                name: "connections.max.reauth.ms",
                entry: format!("{}:{text}", mechanism.name()),
            })
        });
        let millis = own.transpose()?.unwrap_or_else(|| values.get("connections.max.reauth.ms"));
        max_reauth_ms.insert(*mechanism, u64::try_from(millis).unwrap_or(0));
    }
    let receive_max = usize::try_from(values.get::<i32>("sasl.server.max.receive.size")).unwrap_or(0);
    Ok(SaslConfig { mechanisms, plain_users, oauth, receive_max, max_reauth_ms })
}

/// The users of PLAIN: options `user_NAME="PASSWORD"` of its login module.
fn users_of(text: &str, listener: &str) -> Result<HashMap<String, Secret>, SettingError> {
    let mechanism = SaslMechanism::Plain;
    let config = jaas(text, listener, mechanism, "PlainLoginModule")?;
    let user = |(name, value): (&str, &Secret)| Some((name.strip_prefix("user_")?.to_owned(), value.clone()));
    Ok(config.options().filter_map(user).collect())
}

/// A login module with its options.
pub(super) fn jaas(
    text: &str,
    listener: &str,
    mechanism: SaslMechanism,
    class: &str,
) -> Result<JaasConfig, SettingError> {
    let listener = listener.to_owned();
    let config = match JaasConfig::parse(text) {
        Ok(config) => config,
        Err(source) => return Err(SettingError::Jaas { listener, mechanism, source }),
    };
    if config.is_module(class) {
        return Ok(config);
    }
    Err(SettingError::LoginModule { listener, mechanism, module: config.module })
}
