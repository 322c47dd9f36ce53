//! What the generated code is made of: [`Decoder`] and [`Encoder`], and the traits between them and the structs.
//!
//! Users of messages need nothing from here but [`Message`](crate::Message). Other forms than bytes, such as JSON, are a [`Sink`].

mod decoder;
mod encoder;
mod sink;
mod value;

pub use decoder::{Decoder, TagsLeft};
pub use encoder::Encoder;
pub use sink::{Sink, TagSection};
pub use value::Value;

/// A [`Decoder`] or [`Encoder`] has failed; it keeps the error.
///
/// It has no size, so that the code for thousands of fields stays small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failed(pub(crate) ());
