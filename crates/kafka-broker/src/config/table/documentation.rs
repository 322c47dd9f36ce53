//! What Kafka says of its settings (`ConfigDef.ConfigKey.documentation`).

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use super::Table;

/// Kafka's own texts, which `tests/differential/config_table/make` writes: the name of a table alone in a line, then its settings, each
/// with a tab and its documentation, in which `\n` and `\\` are escaped.
static TEXTS: &str = include_str!("documentation.txt");

static DOCUMENTATION: LazyLock<HashMap<Table, HashMap<&str, Cow<'_, str>>>> = LazyLock::new(|| {
    let mut table = None;
    let mut texts: HashMap<Table, HashMap<&str, Cow<'_, str>>> = HashMap::new();
    for line in TEXTS.lines() {
        match (line.split_once('\t'), table) {
            (None, _) => table = Table::named(line),
            (Some((name, text)), Some(table)) => {
                texts.entry(table).or_default().insert(name, unescaped(text));
            }
            (Some(_), None) => {}
        }
    }
    texts
});

fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut chars = text.chars();
    let unescape = || match chars.next()? {
        '\\' => Some(if chars.next()? == 'n' { '\n' } else { '\\' }),
        char => Some(char),
    };
    std::iter::from_fn(unescape).collect()
}

impl Table {
    /// Those of which Kafka shows the documentation.
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "broker" => Table::Broker,
            "topic" => Table::Topic,
            "group" => Table::Group,
            "client_metrics" => Table::ClientMetrics,
            _ => return None,
        })
    }

    /// What Kafka's documentation says of a setting.
    pub(crate) fn documentation(self, name: &str) -> Option<&'static str> {
        DOCUMENTATION.get(&self)?.get(name).map(AsRef::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_of_kafka_is_documented() {
        for table in [Table::Broker, Table::Topic, Table::Group, Table::ClientMetrics] {
            let bare: Vec<_> = table.keys().iter().filter(|key| table.documentation(key.name).is_none()).collect();
            assert!(bare.is_empty(), "{table:?}: {bare:?}");
        }
        let lines = Table::Broker.documentation("metrics.recording.level").unwrap();
        assert!(lines.contains("debug, and trace.\n \nINFO level"), "{lines}");
    }
}
