//! What a message looks like: the shape of Kafka's message definitions (`clients/src/main/resources/common/message`,
//! KIP-107, KIP-482) as constants.

pub use crate::kafka_version::KafkaVersion::{self, *};
pub use Kind::*;

/// No upper end, of [`Versions`] and of [`Struct::highest`].
pub const MAX: i16 = i16::MAX;
/// [`Message::flexible`] of a message without flexible versions.
pub const NEVER: i16 = i16::MAX;

/// A range of versions, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions(pub i16, pub i16);

impl Versions {
    const ALL: Versions = Versions(i16::MIN, MAX);
    const NONE: Versions = Versions(MAX, i16::MIN);

    /// Whether `version` is one of them.
    pub const fn contains(self, version: i16) -> bool {
        self.0 <= version && version <= self.1
    }
}

/// One message definition, the counterpart of a generated `ApiMessage` class.
#[derive(Debug)]
pub struct Message {
    /// Name of Kafka's class.
    pub name: &'static str,
    /// Number of the record type; -1 where messages are told apart by other means.
    pub api_key: i16,
    /// The release of Kafka that added it; earlier ones do not know its number.
    pub added_in: KafkaVersion,
    /// The versions that exist.
    pub versions: Versions,
    /// First flexible version (compact lengths, tagged fields, KIP-482), or [`NEVER`].
    pub flexible: i16,
    /// In the order of the bytes and of Kafka's JSON.
    pub fields: &'static [Field],
}

impl Message {
    /// The existing version that decides about the fields when Kafka reads or prints this message at `version`.
    ///
    /// Kafka's classes compare with the ends of a field's range only where the message has versions beyond, so a
    /// version that does not exist acts like the nearest one that does.
    pub fn nearest(&self, version: i16) -> i16 {
        version.clamp(self.versions.0, self.versions.1)
    }
}

/// The elements of an array of structures, or one structure.
#[derive(Debug)]
pub struct Struct {
    /// Name of Kafka's class.
    pub name: &'static str,
    /// Versions above are refused (`Can't read version ..`); [`MAX`] for structures shared by several fields.
    pub highest: i16,
    /// In the order of the bytes.
    pub fields: &'static [Field],
}

/// The type of a field or array element.
#[derive(Debug)]
#[expect(missing_docs, reason = "the types of Kafka's message format")]
pub enum Kind {
    Bool,
    Int8,
    Int16,
    Uint16,
    Int32,
    Int64,
    Float64,
    Uuid,
    String,
    Bytes,
    Records,
    Struct(&'static Struct),
    Array(&'static Kind),
}

/// What a field holds when it is not in the bytes.
#[derive(Clone, Copy, Debug)]
pub enum Default {
    /// Zero, false, empty, or a structure of defaults.
    Empty,
    /// Null.
    Null,
    /// A number, or 1 for true.
    Number(i64),
}

/// One field; made by [`field`] and the functions that follow.
#[derive(Debug)]
pub struct Field {
    /// Name in JSON and in Kafka's error messages.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Versions of the message that have this field.
    pub versions: Versions,
    /// Versions of the message in which it may be null.
    pub nullable: Versions,
    /// Its tag, when it is written only if it differs from the default.
    pub tag: Option<u32>,
    /// The release of Kafka that added it. Earlier ones keep it as an unknown tag, so only a tagged field can be later
    /// than its message.
    pub added_in: KafkaVersion,
    /// Its value where it is absent.
    pub default: Default,
    /// Whether a value other than the default is dropped in versions without this field, instead of refused.
    pub ignorable: bool,
    /// Whether its length is written as before KIP-482 in flexible versions, too.
    pub plain: bool,
}

/// A field of all versions, never null, not tagged, empty by default.
pub const fn field(name: &'static str, kind: Kind) -> Field {
    let (versions, nullable) = (Versions::ALL, Versions::NONE);
    Field {
        name,
        kind,
        versions,
        nullable,
        tag: None,
        added_in: V4_3,
        default: Default::Empty,
        ignorable: false,
        plain: false,
    }
}

impl Field {
    /// In these versions only.
    pub const fn versions(mut self, lowest: i16, highest: i16) -> Self {
        self.versions = Versions(lowest, highest);
        self
    }

    /// In this version and later ones.
    pub const fn since(self, lowest: i16) -> Self {
        self.versions(lowest, MAX)
    }

    /// May be null.
    pub const fn nullable(mut self) -> Self {
        self.nullable = Versions::ALL;
        self
    }

    /// May be null in this version and later ones.
    pub const fn nullable_since(mut self, lowest: i16) -> Self {
        self.nullable = Versions(lowest, MAX);
        self
    }

    /// Has this tag.
    pub const fn tag(mut self, tag: u32) -> Self {
        self.tag = Some(tag);
        self
    }

    /// Exists since this release of Kafka.
    pub const fn added_in(mut self, kafka: KafkaVersion) -> Self {
        self.added_in = kafka;
        self
    }

    /// Has this default (1 is true).
    pub const fn default(mut self, number: i64) -> Self {
        self.default = Default::Number(number);
        self
    }

    /// Is null by default.
    pub const fn default_null(mut self) -> Self {
        self.default = Default::Null;
        self
    }

    /// May be dropped.
    pub const fn ignorable(mut self) -> Self {
        self.ignorable = true;
        self
    }

    /// Is not flexible where its message is.
    pub const fn plain(mut self) -> Self {
        self.plain = true;
        self
    }
}

/// A request and its response (`ApiMessageType`).
#[derive(Debug)]
pub struct Api {
    /// Number in the request's header.
    pub key: i16,
    /// Kafka's name.
    pub name: &'static str,
    /// The versions that brokers serve; a last one that Kafka marks as unstable is not among them.
    pub versions: Versions,
    /// The request; its own versions include an unstable one.
    pub request: &'static Message,
    /// The response, in the same versions.
    pub response: &'static Message,
}
