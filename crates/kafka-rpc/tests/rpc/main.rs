//! The protocol against Kafka's own classes, recorded, and on its own.

mod api_keys;
mod codec;
mod recorded;
mod stored;
mod support;
