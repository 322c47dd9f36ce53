//! `quorum-state` of a KRaft metadata folder (`FileQuorumStateStore`): one line of JSON with the election state.

use std::io::Write as _;

use serde_json::{Map, Value, json};

use super::text::{invalid, lines, other, utf8_head};
use super::uuid::Uuid;
use super::{FormatError, FormatErrorKind};

/// Election state of a KRaft node (`QuorumStateData`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumState {
    /// Version of the data, 0 or 1.
    pub data_version: i16,
    /// Cluster id; version 0, else empty.
    pub cluster_id: String,
    /// Leader; -1 for none.
    pub leader_id: i32,
    /// Leader epoch.
    pub leader_epoch: i32,
    /// Candidate voted for; -1 for none.
    pub voted_id: i32,
    /// Its directory; version 1, else zero.
    pub voted_directory_id: Uuid,
    /// Version 0, else 0.
    pub applied_offset: i64,
    /// Ids of the voters, none when null; version 0, else empty.
    pub current_voters: Option<Vec<i32>>,
}

const FIELD: &str = "quorum state";

impl QuorumState {
    /// Reads a file; like Kafka it looks at the first JSON value of the first line alone.
    ///
    /// # Errors
    /// `Invalid` for anything but a JSON object, a missing field, a field of the wrong type; `OutOfRange` for a
    /// `data_version` other than 0 and 1; `NotUtf8`.
    pub fn read(bytes: &[u8]) -> Result<Self, FormatError> {
        let line = lines(utf8_head(bytes, 1, FIELD)?).next().map_or("", |line| line.text);
        let first = serde_json::Deserializer::from_str(line).into_iter::<Value>().next();
        let Some(Ok(Value::Object(data))) = first else {
            return Err(invalid(0, FIELD, "a JSON object on the first line", other(line)));
        };
        let version_node = data.get("data_version").ok_or(invalid(0, "data_version", "the field", "none"))?;
        let data_version = short_value(version_node);
        if !(0..=1).contains(&data_version) {
            let kind = FormatErrorKind::OutOfRange { min: 0, max: 1, found: i64::from(data_version) };
            return Err(FormatError::new(0, "data_version", kind));
        }
        let get = |name, is_mandatory: bool| match data.get(name) {
            None if is_mandatory => Err(invalid(0, name, "the field", "none")),
            node => Ok(node),
        };
        let (is_v0, is_v1) = (data_version == 0, data_version == 1);
        let int = |name| get(name, true).and_then(|node| int(node, name));
        Ok(QuorumState {
            data_version,
            cluster_id: get("clusterId", is_v0)?.map_or(Ok(""), |node| text(node, "clusterId"))?.to_owned(),
            leader_id: int("leaderId")?,
            leader_epoch: int("leaderEpoch")?,
            voted_id: int("votedId")?,
            voted_directory_id: get("votedDirectoryId", is_v1)?.map_or(Ok(Uuid::ZERO), |node| {
                let name = "votedDirectoryId";
                Uuid::parse(text(node, name)?).ok_or(invalid(0, name, "22 characters of base64", "other text"))
            })?,
            applied_offset: get("appliedOffset", is_v0)?.map_or(Ok(0), |node| long(node, "appliedOffset"))?,
            current_voters: get("currentVoters", is_v0)?.map_or(Ok(Some(Vec::new())), |node| voters(node, is_v0))?,
        })
    }

    /// Appends a whole file to `out`: the fields that its version has, in Kafka's order.
    ///
    /// # Errors
    /// `Invalid` when a field that the version lacks has a value; nothing is written.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), FormatError> {
        let lost = match self.data_version {
            0 => [("votedDirectoryId", self.voted_directory_id != Uuid::ZERO)].into_iter().find(|field| field.1),
            _ => [
                ("clusterId", !self.cluster_id.is_empty()),
                ("appliedOffset", self.applied_offset != 0),
                ("currentVoters", self.current_voters.as_ref().is_none_or(|voters| !voters.is_empty())),
            ]
            .into_iter()
            .find(|field| field.1),
        };
        if let Some((name, _)) = lost {
            return Err(invalid(0, name, "no such field in this version", "one"));
        }
        let mut data = Map::new();
        let mut set = |name: &str, value| data.insert(name.to_owned(), value);
        if self.data_version == 0 {
            set("clusterId", json!(self.cluster_id));
        }
        set("leaderId", json!(self.leader_id));
        set("leaderEpoch", json!(self.leader_epoch));
        set("votedId", json!(self.voted_id));
        if self.data_version == 0 {
            let voters = self.current_voters.as_ref();
            let nodes = voters.map(|ids| ids.iter().map(|id| json!({ "voterId": id })).collect::<Vec<_>>());
            set("appliedOffset", json!(self.applied_offset));
            set("currentVoters", json!(nodes));
        } else {
            set("votedDirectoryId", json!(self.voted_directory_id.to_string()));
        }
        set("data_version", json!(self.data_version));
        write!(out, "{}", Value::Object(data)).expect("a Vec takes all bytes");
        Ok(())
    }
}

/// `JsonNode.shortValue`: the low 16 bits of a whole number, a fraction cut, 0 for what is no number. Only beyond 64 bits
/// the low bits of a whole number are lost here.
fn short_value(node: &Value) -> i16 {
    let whole = node.as_i64().or_else(|| node.as_u64().map(u64::cast_signed));
    whole.map_or_else(|| node.as_f64().map_or(0, |fraction| fraction as i32 as i16), |whole| whole as i16)
}

fn int(node: Option<&Value>, name: &'static str) -> Result<i32, FormatError> {
    let number = node.and_then(Value::as_i64).and_then(|number| i32::try_from(number).ok());
    number.ok_or(invalid(0, name, "a 32-bit number", "another value"))
}

fn long(node: &Value, name: &'static str) -> Result<i64, FormatError> {
    node.as_i64().ok_or(invalid(0, name, "a 64-bit number", "another value"))
}

fn text<'a>(node: &'a Value, name: &'static str) -> Result<&'a str, FormatError> {
    node.as_str().ok_or(invalid(0, name, "a text", "another value"))
}

fn voters(node: &Value, are_allowed: bool) -> Result<Option<Vec<i32>>, FormatError> {
    match node {
        Value::Null => Ok(None),
        Value::Array(voters) if are_allowed || voters.is_empty() => {
            voters.iter().map(|voter| int(voter.get("voterId"), "voterId")).collect::<Result<_, _>>().map(Some)
        }
        _ => Err(invalid(0, "currentVoters", "a list, of voters only in version 0", "another value")),
    }
}
