//! `meta.properties` of a log directory (`MetaProperties`): which cluster and node the directory belongs to.

use super::FormatError;
use super::java_number::parse_java_int;
use super::java_properties;
use super::text::{invalid, other};
use super::uuid::Uuid;

/// Version of `meta.properties` (`MetaPropertiesVersion`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetaPropertiesVersion {
    /// Without the property `version`, or 0: nothing else has to be there, the node is `broker.id`.
    V0,
    /// KRaft: `cluster.id` and `node.id` have to be there.
    V1,
}

/// Content of `meta.properties` (`MetaProperties`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaProperties {
    /// Version.
    pub version: MetaPropertiesVersion,
    /// Cluster id; always there in version 1.
    pub cluster_id: Option<String>,
    /// Node id; always there in version 1.
    pub node_id: Option<i32>,
    /// Directory id.
    pub directory_id: Option<Uuid>,
}

impl MetaProperties {
    /// Reads a whole file.
    ///
    /// # Errors
    /// `Invalid` for a malformed escape, an unknown version, a number or id that is none, a missing property. Errors about
    /// a missing property or its value stand at the end of the file.
    pub fn read(bytes: &[u8]) -> Result<Self, FormatError> {
        let pairs = java_properties::read(bytes)?;
        let get = |name: &str| pairs.iter().rev().find(|pair| pair.key == name).map(|pair| pair.value.as_str());
        let error = |field, expected, found| invalid(bytes.len(), field, expected, found);
        let int = |field| {
            let parse = |value: &str| parse_java_int(value).ok_or(error(field, "a number", other(value)));
            get(field).map(parse).transpose()
        };
        // Java trims all control characters.
        let version = match parse_java_int(get("version").unwrap_or("0").trim_matches(|c| c <= ' ')) {
            Some(0) => MetaPropertiesVersion::V0,
            Some(1) => MetaPropertiesVersion::V1,
            _ => return Err(error("version", "0 or 1", "another value")),
        };
        let node_id = match version {
            MetaPropertiesVersion::V0 => int("broker.id")?,
            MetaPropertiesVersion::V1 => Some(int("node.id")?.ok_or(error("node.id", "a value", "none"))?),
        };
        let cluster_id = get("cluster.id").map(str::to_owned);
        let uuid =
            |value: &str| Uuid::parse(value).ok_or(error("directory.id", "22 characters of base64", other(value)));
        let directory_id = get("directory.id").map(uuid).transpose()?;
        if version == MetaPropertiesVersion::V1 && cluster_id.is_none() {
            return Err(error("cluster.id", "a value", "none"));
        }
        Ok(MetaProperties { version, cluster_id, node_id, directory_id })
    }

    /// Appends a whole file to `out`, with `date` as the comment that Kafka puts there: the time of writing, as
    /// `java.util.Date` shows it (`Mon Nov 23 01:23:22 UTC 2026`).
    ///
    /// The properties stand in the order in which Java 17 iterates over their hash table.
    pub fn write(&self, date: &str, out: &mut Vec<u8>) {
        let (version, node_key) = match self.version {
            MetaPropertiesVersion::V0 => ("0", "broker.id"),
            MetaPropertiesVersion::V1 => ("1", "node.id"),
        };
        let node_id = self.node_id.map(|id| id.to_string());
        let directory_id = self.directory_id.map(|id| id.to_string());
        let properties = [
            (node_key, node_id.as_deref()),
            ("directory.id", directory_id.as_deref()),
            ("version", Some(version)),
            ("cluster.id", self.cluster_id.as_deref()),
        ];
        out.extend_from_slice(b"#\n#");
        out.extend_from_slice(date.as_bytes());
        out.push(b'\n');
        for (key, value) in properties {
            if let Some(value) = value {
                java_properties::write(key, value, out);
            }
        }
    }
}
