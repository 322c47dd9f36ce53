//! What `--alter` is to change.

use std::collections::BTreeMap;

use kafka_options::Options;
use kafka_thin_client::ClientConfig;

use super::ConfigsError;

/// Values to set, and keys to take back.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) set: BTreeMap<String, String>,
    pub(super) delete: Vec<String>,
}

/// Reads `--add-config`, `--add-config-file` and `--delete-config`.
pub(super) fn read(options: &Options) -> Result<Changes, ConfigsError> {
    let mut changes = Changes::default();
    if let Some(path) = options.value("add-config-file")? {
        let bytes = std::fs::read(&path).map_err(|error| ConfigsError::File(path.clone(), error))?;
        let properties = ClientConfig::read_properties(&bytes);
        changes.set.extend(properties.map_err(|error| ConfigsError::Argument(error.to_string()))?);
    }
    if let Some(given) = options.value("add-config")? {
        changes.set.extend(pairs(&given)?);
    }
    let is_key = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if let Some(key) = changes.set.keys().find(|key| !key.chars().all(is_key)) {
        return Err(ConfigsError::Argument(format!("Invalid character found for config key: {key}")));
    }
    let deleted = options.values("delete-config");
    changes.delete = deleted.iter().flat_map(|keys| keys.split(',')).map(|key| key.trim().to_owned()).collect();
    Ok(changes)
}

/// Pairs `k1=v1,k2=[v1,v2]`.
fn pairs(given: &str) -> Result<Vec<(String, String)>, ConfigsError> {
    let mut parts = split(given, ',');
    // `String.split` drops empty parts at the end.
    while parts.last().is_some_and(|part| part.is_empty()) {
        parts.pop();
    }
    let pair = |part: &str| match split(part, '=')[..] {
        [key, value] => Ok((key.trim().to_owned(), value.replace(['[', ']'], "").trim().to_owned())),
        _ => Err(ConfigsError::Argument(
            "requirement failed: Invalid entity config: all configs to be added must be in the format \"key=val\" or  \
             \"key=[val1,val2]\" to group values which contain commas."
                .into(),
        )),
    };
    parts.into_iter().map(pair).collect()
}

/// Splits where the separator stands outside of brackets.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, _) in text.match_indices(separator) {
        let bracket = text[at..].find(['[', ']']).and_then(|next| text[at + next..].chars().next());
        if bracket != Some(']') {
            parts.push(&text[from..at]);
            from = at + separator.len_utf8();
        }
    }
    parts.push(&text[from..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_keep_values_together() {
        let of = |text: &str| pairs(text).map_err(|error| error.to_string());
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(of("a=1, b = [2,3],c=[x=y]"), Ok(vec![pair("a", "1"), pair("b", "2,3"), pair("c", "x=y")]));
        assert_eq!(of("a="), Ok(vec![pair("a", "")]));
        assert!(of("a").is_err());
        assert!(of("a=b=c").is_err());
    }
}
