//! The APIs, and which headers they have.

use std::ops::RangeInclusive;

include!(concat!(env!("OUT_DIR"), "/api_keys.rs"));

/// What the tables say of an API.
pub(crate) struct Facts {
    name: &'static str,
    versions: (i16, i16),
    flexible: i16,
}

impl ApiKey {
    /// The API with this number.
    pub fn from_number(number: i16) -> Option<Self> {
        let at = Self::ALL.binary_search_by_key(&number, |key| key.number()).ok()?;
        Self::ALL.get(at).copied()
    }

    /// Its number (`ApiKeys.id`).
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// Kafka's name.
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// The versions that Kafka serves (`ApiKeys.oldestVersion`, `latestVersion(false)`): unstable ones are not among them.
    pub const fn versions(self) -> RangeInclusive<i16> {
        let (low, high) = self.facts().versions;
        low..=high
    }

    /// The versions that a broker states in its ApiVersions response (`toApiVersionForApiResponse`).
    ///
    /// They are those it serves, except that versions 0 to 2 of Produce are stated and refused: clients of librdkafka look for
    /// them to learn about message formats (KAFKA-18659).
    pub const fn advertised_versions(self) -> RangeInclusive<i16> {
        match self {
            ApiKey::Produce => 0..=self.facts().versions.1,
            _ => self.versions(),
        }
    }

    /// Whether messages of this version are flexible (KIP-482).
    pub const fn is_flexible(self, version: i16) -> bool {
        version >= self.facts().flexible
    }

    /// The version of the request's header (`ApiKeys.requestHeaderVersion`).
    pub const fn request_header_version(self, version: i16) -> i16 {
        if self.is_flexible(version) { 2 } else { 1 }
    }

    /// The version of the response's header (`ApiKeys.responseHeaderVersion`): 0 for ApiVersions, because a client that asks
    /// for a version that the broker does not know gets an answer in version 0.
    pub const fn response_header_version(self, version: i16) -> i16 {
        match self {
            ApiKey::ApiVersions => 0,
            _ if self.is_flexible(version) => 1,
            _ => 0,
        }
    }
}
