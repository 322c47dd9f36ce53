//! Coordinators move with the leaders of the partitions that hold their state.

use super::Shared;
use super::group_glue::Loading;
use super::transaction_glue::LoadingTransactions;
use crate::partitions::Topic;
use crate::topics::{GROUP_METADATA_TOPIC, TRANSACTION_STATE_TOPIC};

/// Loads what the coordinators of partitions know that this broker leads now, and forgets it where another one does (`onElection`,
/// `onResignation`). Other topics have no coordinators.
pub(super) fn follow_leaders(shared: &Shared, topic: &Topic, numbers: impl Iterator<Item = i32>) {
    let leads = |number: i32| topic.partition(number).is_ok_and(|partition| partition.is_leader());
    match &*topic.name {
        GROUP_METADATA_TOPIC => {
            for number in numbers {
                if leads(number) {
                    if let Some(loading) = Loading::begin(shared, number) {
                        loading.finish(shared);
                    }
                } else {
                    shared.groups.unload(number, None);
                }
            }
        }
        TRANSACTION_STATE_TOPIC => {
            for number in numbers {
                if leads(number) {
                    if let Some(loading) = LoadingTransactions::begin(shared, number) {
                        loading.finish(shared);
                    }
                } else {
                    shared.transactions.unload(number);
                }
            }
        }
        _ => {}
    }
}
