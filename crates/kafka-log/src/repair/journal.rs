//! What a repair writes down about itself: the list of all files and [`State`]. Where the file lies, and which files lie
//! beside it: [`super::room`].
//!
//! Which of those files exist tells how far each change has got, so the journal is written four times at most.

use serde_json::{Value, json};

/// Version of the journal.
const VERSION: u64 = 1;

/// How far a repair is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// All new files are complete; some may have taken their places.
    Planned,
    /// All have.
    Done,
    /// Being undone.
    Undoing,
    /// Taken back; only the new files and the journal are left to be removed.
    Undone,
}

impl State {
    const ALL: [(State, &'static str); 4] =
        [(State::Planned, "planned"), (State::Done, "done"), (State::Undoing, "undoing"), (State::Undone, "undone")];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(state, _)| *state == self).map_or("", |(_, name)| name)
    }
}

/// One file of a repair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its name in the directory.
    pub(super) name: String,
    /// Whether there was such a file before.
    pub(super) has_old: bool,
    /// Length of the file before, in bytes; `None` where there was none.
    pub(super) old_len: Option<u64>,
    /// Length and CRC-32C of what takes its place, if anything does.
    pub(super) new: Option<(u64, u32)>,
}

/// The journal of one repair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Journal {
    pub(super) state: State,
    /// The changes in the order in which they are made.
    pub(super) entries: Vec<Entry>,
    /// Name and length of each log file that the repair leaves as it is, to tell later whether records were appended to it.
    pub(super) kept: Vec<(String, u64)>,
}

impl Journal {
    pub(super) fn to_json(&self) -> Vec<u8> {
        let entries: Vec<Value> = self
            .entries
            .iter()
            .map(|entry| {
                let new = entry.new.map(|(len, crc)| json!({"bytes": len, "crc32c": crc}));
                json!({"file": entry.name, "was_there": entry.has_old, "old_bytes": entry.old_len, "new": new})
            })
            .collect();
        let kept: Vec<Value> = self.kept.iter().map(|(name, len)| json!({"file": name, "bytes": len})).collect();
        let journal = json!({"version": VERSION, "state": self.state.name(), "changes": entries, "kept": kept});
        format!("{journal:#}\n").into_bytes()
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let journal: Value = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        if journal["version"].as_u64() != Some(VERSION) {
            return Err(format!("expected version {VERSION}, found {}", journal["version"]));
        }
        let state = journal["state"].as_str().unwrap_or_default();
        let state = State::ALL.iter().find(|(_, name)| *name == state).map(|(state, _)| *state);
        let state = state.ok_or_else(|| format!("expected a state, found {}", journal["state"]))?;
        let list = |name: &str| journal[name].as_array().ok_or_else(|| format!("expected a list of {name}"));
        let entries = list("changes")?.iter().map(entry).collect::<Option<Vec<_>>>();
        let kept = list("kept")?.iter().map(|file| Some((name(&file["file"])?, file["bytes"].as_u64()?)));
        let kept = kept.collect::<Option<Vec<_>>>();
        match (entries, kept) {
            (Some(entries), Some(kept)) => Ok(Journal { state, entries, kept }),
            _ => Err("expected names, lengths and checksums of files".to_owned()),
        }
    }
}

fn entry(json: &Value) -> Option<Entry> {
    let new = match &json["new"] {
        Value::Null => None,
        new => Some((new["bytes"].as_u64()?, u32::try_from(new["crc32c"].as_u64()?).ok()?)),
    };
    let old_len = match &json["old_bytes"] {
        Value::Null => None,
        len => Some(len.as_u64()?),
    };
    Some(Entry { name: name(&json["file"])?, has_old: json["was_there"].as_bool()?, old_len, new })
}

/// A name that leads nowhere else.
fn name(json: &Value) -> Option<String> {
    let name = json.as_str()?;
    let is_plain = !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', '\0']);
    is_plain.then(|| name.to_owned())
}
