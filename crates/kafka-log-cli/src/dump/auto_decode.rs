//! `--decode auto`: the decoder that the place of a file asks for.

use std::path::Path;

use kafka_log::format::partition_dir::PartitionDirName;
use kafka_log::format::schema::InternalTopic;

use super::contents::Contents;

/// Internal topics by name.
const TOPICS: [(&str, InternalTopic); 5] = [
    ("__consumer_offsets", InternalTopic::ConsumerOffsets),
    ("__transaction_state", InternalTopic::TransactionState),
    ("__share_group_state", InternalTopic::ShareGroupState),
    ("__cluster_metadata", InternalTopic::ClusterMetadata),
    ("__remote_log_metadata", InternalTopic::RemoteLogMetadata),
];

/// The internal topic whose records the file at `path` holds: that of its partition folder, also of one on its way out
/// or in. KRaft snapshots hold cluster metadata wherever they lie.
pub(crate) fn internal_topic(path: &Path, contents: Contents) -> Option<InternalTopic> {
    if matches!(contents, Contents::Snapshot(_)) {
        return Some(InternalTopic::ClusterMetadata);
    }
    // A folder may be reached through a link of another name, or through `..`.
    let absolute = std::path::absolute(path).ok();
    let linked = || std::fs::canonicalize(path).ok();
    absolute.and_then(|path| topic_of_folder(&path)).or_else(|| topic_of_folder(&linked()?))
}

fn topic_of_folder(path: &Path) -> Option<InternalTopic> {
    let folder = path.parent()?.file_name()?.to_str()?;
    let topic = PartitionDirName::parse(folder)?.topic;
    TOPICS.iter().find(|(name, _)| *name == topic).map(|(_, topic)| *topic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(path: &str) -> Option<InternalTopic> {
        internal_topic(Path::new(path), Contents::Log(0))
    }

    #[test]
    fn the_folder_names_the_topic_whatever_its_state() {
        let id = "9a3b4c5d6e7f8091a2b3c4d5e6f70819";
        for (path, expected) in [
            ("/d/__consumer_offsets-12/0.log", Some(InternalTopic::ConsumerOffsets)),
            ("__transaction_state-3/0.log", Some(InternalTopic::TransactionState)),
            (&format!("/d/__share_group_state-0.{id}-delete/0.log"), Some(InternalTopic::ShareGroupState)),
            (&format!("/d/__cluster_metadata-0.{id}-stray/0.log"), Some(InternalTopic::ClusterMetadata)),
            (&format!("/d/__remote_log_metadata-4.{id}-future/0.log"), Some(InternalTopic::RemoteLogMetadata)),
            ("/d/orders-0/0.log", None),
            ("/d/__consumer_offsets/0.log", None),
            ("/d/x__consumer_offsets-0/0.log", None),
            ("/0.log", None),
        ] {
            assert_eq!(topic(path), expected, "{path}");
        }
    }

    #[test]
    fn a_snapshot_holds_cluster_metadata_wherever_it_lies() {
        let bootstrap = internal_topic(Path::new("/d/bootstrap.checkpoint"), Contents::Snapshot(None));
        assert_eq!(bootstrap, Some(InternalTopic::ClusterMetadata));
    }
}
