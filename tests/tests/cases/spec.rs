//! `case.json`. What is not known here is an error: a demand that nothing checks is worse than none.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

/// First and last offset, both inclusive.
pub(crate) type Ranges = Vec<(i64, i64)>;

/// A case: a small data folder, and what is demanded of the tools on it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    #[serde(skip)]
    pub(crate) path: PathBuf,
    #[serde(rename = "about")]
    _about: String,
    #[serde(rename = "source_kind")]
    _source_kind: String,
    #[serde(rename = "level")]
    _level: Level,
    pub(crate) state: State,
    /// What the tools are given, below the data folder.
    pub(crate) target: Option<String>,
    #[serde(default)]
    pub(crate) settings: BTreeMap<String, Value>,
    #[serde(rename = "kafka")]
    _kafka: Map<String, Value>,
    #[serde(rename = "intact")]
    _intact: BTreeMap<String, Ranges>,
    pub(crate) expect: Expect,
}

impl Case {
    pub(crate) fn read(path: &Path) -> Result<Case, String> {
        let text = fs::read(path.join("case.json")).map_err(|e| e.to_string())?;
        let case: Case = serde_json::from_slice(&text).map_err(|e| e.to_string())?;
        Ok(Case { path: path.to_owned(), ..case })
    }

    pub(crate) fn target(&self, data: &Path) -> PathBuf {
        self.target.as_ref().map_or_else(|| data.to_owned(), |target| data.join(target))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    Broker,
    Partition,
    Dump,
}

/// How the broker was stopped.
#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Clean,
    Unclean,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Debug)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Start {
    Starts,
    Refuses,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    #[serde(default)]
    pub(crate) dump: Vec<Dump>,
    pub(crate) verify: Option<Verify>,
    pub(crate) predict: Option<Predict>,
    pub(crate) repair: Option<Repair>,
    pub(crate) repair_with_donor: Option<Repair>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dump {
    pub(crate) file: String,
    pub(crate) args: Vec<String>,
    pub(crate) exit: Option<Vec<u8>>,
    pub(crate) batches: Option<Vec<i64>>,
    pub(crate) records: Option<Vec<i64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Verify {
    pub(crate) exit: Option<Vec<u8>>,
    #[serde(default)]
    pub(crate) args: Vec<String>,
    #[serde(default)]
    pub(crate) findings: Vec<Finding>,
    #[serde(default)]
    pub(crate) no_findings: Vec<Finding>,
    #[serde(default)]
    pub(crate) mentions: Vec<Words>,
    #[serde(default)]
    pub(crate) mentions_not: Vec<String>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Finding {
    #[serde(default)]
    pub(crate) path: String,
    pub(crate) severity: Option<Vec<String>>,
}

/// Words of which one is enough.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Words {
    One(String),
    OneOf(Vec<String>),
}

impl Words {
    pub(crate) fn all(&self) -> &[String] {
        match self {
            Words::One(word) => std::slice::from_ref(word),
            Words::OneOf(words) => words,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Predict {
    pub(crate) start: Option<Start>,
    /// Least and most records that a partition loses.
    #[serde(default)]
    pub(crate) loses: BTreeMap<String, (u64, u64)>,
    pub(crate) records_at_risk: Option<u64>,
    #[serde(default)]
    pub(crate) mentions: Vec<Words>,
    #[serde(default)]
    pub(crate) mentions_not: Vec<String>,
}

#[derive(Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub(crate) struct Repair {
    pub(crate) donor: Option<String>,
    pub(crate) plan_exit: Option<Vec<u8>>,
    pub(crate) kafka_alone: Option<Start>,
    /// One of these must be met in full.
    pub(crate) any_of: Vec<Outcome>,
}

impl TryFrom<Map<String, Value>> for Repair {
    type Error = serde_json::Error;

    fn try_from(mut members: Map<String, Value>) -> Result<Self, Self::Error> {
        let mut take = |name: &str| members.remove(name).unwrap_or(Value::Null);
        let (donor, plan_exit, kafka_alone) = (take("donor"), take("plan_exit"), take("kafka_alone"));
        let any_of: Option<Vec<Outcome>> = serde_json::from_value(take("any_of"))?;
        let single: Outcome = serde_json::from_value(Value::Object(members))?;
        Ok(Repair {
            donor: serde_json::from_value(donor)?,
            plan_exit: serde_json::from_value(plan_exit)?,
            kafka_alone: serde_json::from_value(kafka_alone)?,
            any_of: any_of.unwrap_or_else(|| vec![single]),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Outcome {
    pub(crate) exit: Option<Vec<u8>>,
    pub(crate) lost: Option<BTreeMap<String, Lost>>,
    #[serde(default)]
    pub(crate) unchanged: Vec<String>,
    pub(crate) verify_after: Option<Vec<u8>>,
    // What only Kafka can answer; `judge` asks it.
    #[serde(rename = "starts")]
    _starts: Option<bool>,
    #[serde(rename = "serves")]
    _serves: Option<IgnoredAny>,
    #[serde(rename = "epochs")]
    _epochs: Option<IgnoredAny>,
}

/// Offsets that the plan has to call lost.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Lost {
    Exactly(Ranges),
    Within(Within),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Within {
    #[serde(default)]
    pub(crate) at_least: Ranges,
    pub(crate) at_most: Option<Ranges>,
}
