//! Tests of the coordinator: with a journal in memory, and against what Kafka answers.

mod classic_model;
mod coordinators;
mod expressions;
mod model;
mod topics;
mod transcript;

/// The seeds of a model: 60, or as many as `GROUP_MODEL_SEEDS` says.
fn seeds() -> std::ops::Range<u64> {
    let count = std::env::var("GROUP_MODEL_SEEDS").map_or(60, |count| count.parse().expect("a number of seeds"));
    0..count
}
