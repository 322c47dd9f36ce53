//! Names of partition folders (`LocalLog.parseTopicPartitionName`): `topic-partition`, and while a folder is on its way
//! out or in `topic-partition.<unique id>-delete`, `-stray` or `-future`.

use std::fmt;

use super::java_number::parse_java_int;
use super::text::is_space;

/// Most UTF-16 units in a folder name; the topic is cut to fit.
const DIR_NAME_LEN_MAX: usize = 255;

/// What a partition folder is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartitionDirState {
    /// The partition itself.
    Live,
    /// Waiting to be deleted; the topic may be cut.
    Deleted,
    /// Not assigned to this broker; the topic may be cut.
    Stray,
    /// Being copied from another log directory.
    Future,
}

impl PartitionDirState {
    const SUFFIXES: [(Self, &'static str); 3] =
        [(Self::Deleted, "-delete"), (Self::Stray, "-stray"), (Self::Future, "-future")];

    fn suffix(self) -> &'static str {
        Self::SUFFIXES.iter().find(|(state, _)| *state == self).map_or("", |(_, suffix)| suffix)
    }
}

/// Name of a partition folder. Displays as the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionDirName<'a> {
    /// Topic.
    pub topic: &'a str,
    /// Partition; Kafka takes any int32, negative ones too.
    pub partition: i32,
    /// What the folder is for.
    pub state: PartitionDirState,
    /// What makes the name of a folder that is not live unique, 32 hexadecimal digits from Kafka; else empty.
    pub unique_id: &'a str,
}

impl<'a> PartitionDirName<'a> {
    /// Reads a name that Kafka takes for a partition folder; it does not start with another folder in a log directory.
    pub fn parse(name: &'a str) -> Option<Self> {
        let states = PartitionDirState::SUFFIXES;
        let marked = states.iter().find_map(|&(state, suffix)| Some((state, name.strip_suffix(suffix)?)));
        let (state, partition_name, unique_id) = match marked {
            Some((state, body)) => {
                if !has_form_of_marked(body) {
                    return None;
                }
                let (partition_name, unique_id) = body.rsplit_once('.')?;
                (state, partition_name, unique_id)
            }
            None => (PartitionDirState::Live, name, ""),
        };
        let (topic, partition) = partition_name.rsplit_once('-')?;
        let partition = parse_java_int(partition)?;
        (!topic.is_empty()).then_some(PartitionDirName { topic, partition, state, unique_id })
    }
}

/// Whether `body` is of the form `x-y.z` without white space, as Kafka's pattern asks.
fn has_form_of_marked(body: &str) -> bool {
    let Some((first, _)) = body.char_indices().nth(1) else { return false };
    let Some(dash) = body[first..].find('-').map(|i| first + i) else { return false };
    let before_last = body.char_indices().next_back().map_or(0, |(i, _)| i);
    let dot = body[..before_last].rfind('.');
    dot.is_some_and(|dot| dot > dash + 1) && !body.contains(is_space)
}

impl fmt::Display for PartitionDirName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PartitionDirName { topic, partition, state, unique_id } = *self;
        let suffix = state.suffix();
        match state {
            PartitionDirState::Live => write!(f, "{topic}-{partition}"),
            PartitionDirState::Future => write!(f, "{topic}-{partition}.{unique_id}{suffix}"),
            PartitionDirState::Deleted | PartitionDirState::Stray => {
                let end = format!("-{partition}.{unique_id}{suffix}");
                let topic_len = DIR_NAME_LEN_MAX.saturating_sub(end.len());
                topic.chars().take(topic_len).try_for_each(|c| write!(f, "{c}"))?;
                f.write_str(&end)
            }
        }
    }
}
