//! Apache Kafka's network protocol, without I/O: bytes to messages and back, at the version ranges of Kafka 4.3.0.
//!
//! [`messages`] has a struct for each request and response, with the fields of all versions and Kafka's defaults. [`Message`]
//! decodes and encodes it at a version, [`RequestFrame`] and [`write_response`] add headers and lengths. Sockets, time and threads
//! belong to the caller.
//!
//! [`stored`] has the records that Kafka keeps in its internal topics, in the same form.
//!
//! Decoding borrows texts, bytes and records from the input. A response can name records that are in files
//! ([`Records::File`]): it is encoded to [`Parts`], and the caller sends those with `sendfile`.
//!
//! ```
//! use kafka_rpc::messages::metadata_request::MetadataRequestTopic;
//! use kafka_rpc::messages::{MetadataRequest, MetadataResponse};
//! use kafka_rpc::{ApiKey, Message, Parts, RequestFrame, first_frame, parse_response, write_request, write_response};
//!
//! // A client asks for a topic ...
//! let topic = MetadataRequestTopic { name: Some("orders".into()), ..Default::default() };
//! let request = MetadataRequest { topics: Some(vec![topic]), ..Default::default() };
//! let mut sent = Parts::default();
//! write_request(&mut sent, &request, 12, 7, Some("example"))?;
//! let bytes = sent.to_bytes().expect("no records in files");
//!
//! // ... a broker reads the request, and answers ...
//! let frame = first_frame(&bytes, 1024)?.expect("whole");
//! let asked = RequestFrame::parse(frame)?;
//! assert_eq!((asked.api_key, asked.version, asked.client_id.as_ref()), (ApiKey::Metadata, 12, "example"));
//! let request: MetadataRequest = asked.message(1024 * 1024)?;
//! assert_eq!(request.topics.as_ref().and_then(|topics| topics[0].name.as_deref()), Some("orders"));
//! let response = MetadataResponse { cluster_id: Some("cluster".into()), ..Default::default() };
//! let mut answer = Parts::default();
//! write_response(&mut answer, &response, asked.api_key, asked.version, asked.correlation_id)?;
//!
//! // ... and the client reads that.
//! let bytes = answer.to_bytes().expect("no records in files");
//! let frame = first_frame(&bytes, 1024)?.expect("whole");
//! let (correlation_id, body) = parse_response(frame, ApiKey::Metadata, 12)?;
//! let (response, _) = MetadataResponse::decode(body, 12)?;
//! assert_eq!((correlation_id, response.cluster_id.as_deref()), (7, Some("cluster")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod acl;
mod api_key;
pub mod codec;
mod frame;
mod generated;
mod message;
pub mod messages;
mod records;
pub mod stored;
mod tagged;

pub use api_key::ApiKey;
pub use frame::{
    FRAME_LEN_BYTES, FrameError, RequestFrame, first_frame, parse_response, write_request, write_response,
};
pub use kafka_schema::ErrorCode;
pub use kafka_schema::uuid::Uuid;
pub use kafka_schema::{SchemaError, SchemaErrorKind};
pub use message::{Message, Request};
pub use records::{Part, Parts, Records};
pub use tagged::UnknownTaggedFields;
