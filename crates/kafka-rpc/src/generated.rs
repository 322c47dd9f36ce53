//! What generated modules import.

pub(crate) use std::borrow::Cow;
pub(crate) use std::ops::RangeInclusive;

pub(crate) use kafka_schema::uuid::Uuid;

pub(crate) use crate::codec::{Decoder, Encoder, Failed, Sink, Value};
pub(crate) use crate::{Message, Records, UnknownTaggedFields};
