//! Where a broker listens, and what it tells clients of that (`AbstractKafkaConfig.listenerListToEndPoints`).

use std::collections::BTreeMap;

use kafka_security::SecurityProtocol;

use super::error::SettingError;

/// A listener: `NAME://HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Its name, in upper case.
    pub name: String,
    /// What is spoken on it.
    pub protocol: SecurityProtocol,
    /// Name or address of the interface, an IPv6 one without brackets; `None` for all of them, and for the name of this
    /// machine where it is advertised.
    pub host: Option<String>,
    /// 0 for any free one.
    pub port: u16,
}

/// Protocols by name of the listener.
pub(super) type Protocols = BTreeMap<String, SecurityProtocol>;

/// Reads `listener.security.protocol.map`. Where it is not set, listeners of controllers are plain.
pub(super) fn protocols(map: &str, is_set: bool, controllers: &[String]) -> Result<Protocols, SettingError> {
    let mut protocols = Protocols::new();
    for (listener, protocol) in pairs("listener.security.protocol.map", map)? {
        let name = protocol.to_ascii_uppercase();
        let unknown = || SettingError::UnknownProtocol { name: protocol.to_owned() };
        protocols.insert(listener.to_ascii_uppercase(), SecurityProtocol::from_name(&name).ok_or_else(unknown)?);
    }
    for name in controllers.iter().filter(|_| !is_set) {
        protocols.entry(name.to_ascii_uppercase()).or_insert(SecurityProtocol::Plaintext);
    }
    Ok(protocols)
}

/// The entries of a map: `KEY:VALUE,KEY:VALUE`. A key may have colons.
pub(super) fn pairs<'a>(name: &'static str, text: &'a str) -> Result<Vec<(&'a str, &'a str)>, SettingError> {
    let entries = text.split(',').map(str::trim).filter(|_| !text.trim().is_empty());
    let pair = |entry: &'a str| {
        let (key, value) =
            entry.rsplit_once(':').ok_or_else(|| SettingError::MapEntry { name, entry: entry.to_owned() })?;
        Ok((key.trim(), value.trim()))
    };
    entries.map(pair).collect()
}

/// Reads `listeners` or `advertised.listeners`. Ports of the first are told apart, unless one address is IPv4 and the other IPv6.
pub(super) fn listeners(
    texts: &[String],
    protocols: &Protocols,
    ports_differ: bool,
) -> Result<Vec<Listener>, SettingError> {
    let all = || format!("[{}]", texts.join(", "));
    let mut found: Vec<Listener> = Vec::with_capacity(texts.len());
    for text in texts {
        let name = listener_name(text)?;
        let protocol = protocols.get(&name).copied();
        let (host, port) = text
            .split_once("://")
            .and_then(|(_, address)| host_and_port(address))
            .ok_or_else(|| SettingError::ListenerFormat { listeners: all(), listener: text.clone() })?;
        let protocol = protocol.ok_or_else(|| SettingError::NoProtocol { listeners: all(), name: name.clone() })?;
        found.push(Listener { name, protocol, host, port });
    }
    for (i, one) in found.iter().enumerate() {
        for other in found.iter().skip(i + 1) {
            let is_ipv6 = |listener: &Listener| listener.host.as_ref().is_some_and(|host| host.contains(':'));
            if ports_differ && one.port != 0 && one.port == other.port && is_ipv6(one) == is_ipv6(other) {
                return Err(SettingError::SamePort { listeners: all() });
            }
            if one.name == other.name && is_ipv6(one) == is_ipv6(other) {
                return Err(SettingError::SameName { listeners: all() });
            }
        }
    }
    Ok(found)
}

/// The name in front of `://`, in upper case.
pub(super) fn listener_name(text: &str) -> Result<String, SettingError> {
    match text.split_once(':') {
        Some((name, _)) if !name.is_empty() => Ok(name.to_ascii_uppercase()),
        _ => Err(SettingError::ListenerName { listener: text.to_owned() }),
    }
}

/// `HOST:PORT`, with brackets around an IPv6 address; no host is all interfaces.
pub(super) fn host_and_port(text: &str) -> Option<(Option<String>, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(address) => address.strip_suffix(']')?,
        None if host.contains(':') => return None,
        None => host,
    };
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':' | '%');
    let port = port.parse().ok()?;
    host.chars().all(is_allowed).then(|| (Some(host.to_owned()).filter(|host| !host.is_empty()), port))
}
