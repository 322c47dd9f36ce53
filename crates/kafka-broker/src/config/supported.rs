//! Which settings have an effect.

use kafka_log::log::config::BROKER_CONFIG_NAMES;
use kafka_log::manager::MANAGER_CONFIG_NAMES;

use super::{broker, oauth, sections, security};

/// Settings that [`BrokerConfig`](super::BrokerConfig) has and no part of the broker uses yet.
const NOT_YET: &[&str] = &[
    "auto.leader.rebalance.enable",
    "group.consumer.max.heartbeat.interval.ms",
    "group.consumer.max.session.timeout.ms",
    "group.consumer.min.heartbeat.interval.ms",
    "group.consumer.min.session.timeout.ms",
    "max.request.partition.size.limit",
    "metadata.max.idle.interval.ms",
    "offsets.commit.timeout.ms",
    "offsets.load.buffer.size",
    "socket.listen.backlog.size",
    "socket.receive.buffer.bytes",
    "socket.send.buffer.bytes",
];

/// Whether this broker does anything with the setting.
pub(crate) fn is_supported(name: &str) -> bool {
    let is_known = BROKER_CONFIG_NAMES.contains(&name)
        || MANAGER_CONFIG_NAMES.contains(&name)
        || broker::NAMES.contains(&name)
        || security::NAMES.contains(&name)
        || oauth::NAMES.contains(&name)
        || kafka_security::tls::KEYS.contains(&name)
        || sections::names().any(|known| known == name);
    is_known && !NOT_YET.contains(&name)
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::fs;
    use std::path::Path;

    use super::super::table::Table;
    use super::*;

    type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

    fn sources(folder: &Path, out: &mut String) -> Result {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                sources(&path, out)?;
            } else if path.extension().is_some_and(|end| end == "rs") {
                out.push_str(&fs::read_to_string(path)?);
            }
        }
        Ok(())
    }

    #[test]
    fn settings_of_sections_are_used_or_not_yet() -> Result {
        let mut text = String::new();
        for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))? {
            let path = entry?.path();
            if path.is_dir() && !path.ends_with("config") {
                sources(&path, &mut text)?;
            }
        }
        let words: std::collections::HashSet<&str> =
            text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
        for name in sections::names().filter(|name| !MANAGER_CONFIG_NAMES.contains(name)) {
            let is_used = words.contains(name.replace('.', "_").as_str());
            assert_eq!(is_used, is_supported(name), "{name}: is_used and is_supported");
        }
        Ok(())
    }

    /// The page lists names in two blocks: those that have an effect, and those that are ignored.
    #[test]
    fn the_page_of_settings_names_all_of_them() -> Result {
        let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/broker-config.md"))?;
        let blocks: Vec<&str> = page.split("```").skip(1).step_by(2).collect();
        let [supported, ignored] = blocks[..] else { return Err("two blocks".into()) };
        let names = |is_wanted: bool| {
            let keys = Table::Broker.keys().iter().filter(move |key| is_supported(key.name) == is_wanted);
            let mut names: Vec<&str> = keys.filter(|key| !key.is_internal).map(|key| key.name).collect();
            names.sort_unstable();
            names
        };
        for (block, is_wanted) in [(supported, true), (ignored, false)] {
            let expected = names(is_wanted);
            let listed: Vec<&str> = block.split_whitespace().collect();
            assert!(listed == expected, "the page should list:\n{}", expected.join(" "));
        }
        Ok(())
    }
}
