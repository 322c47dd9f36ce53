//! Topics that the broker keeps for itself.

/// Commits and members of groups.
pub(crate) const GROUP_METADATA_TOPIC: &str = "__consumer_offsets";
/// Transactions.
pub(crate) const TRANSACTION_STATE_TOPIC: &str = "__transaction_state";
/// Share groups.
pub(crate) const SHARE_GROUP_STATE_TOPIC: &str = "__share_group_state";

/// Whether a topic is one of these (`Topic.isInternal`).
pub fn is_internal(topic: &str) -> bool {
    matches!(topic, GROUP_METADATA_TOPIC | TRANSACTION_STATE_TOPIC | SHARE_GROUP_STATE_TOPIC)
}
