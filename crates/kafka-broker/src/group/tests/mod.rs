//! Tests of the coordinator: with a journal in memory, and against what Kafka answers.

mod coordinators;
mod expressions;
mod model;
mod topics;
mod transcript;
