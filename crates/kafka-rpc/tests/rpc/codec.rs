//! What users of the codec rely on: defaults, errors with their place, records in parts, frames.

use std::error::Error;

use kafka_rpc::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use kafka_rpc::messages::{
    ApiVersionsRequest, ApiVersionsResponse, FetchRequest, FetchResponse, MetadataRequest, ProduceRequest,
    RequestHeader, SyncGroupRequest,
};
use kafka_rpc::{
    ApiKey, FrameError, Message, Part, Parts, Records, RequestFrame, SchemaError, SchemaErrorKind, first_frame,
    parse_response, write_request, write_response,
};

fn produce(records: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xff, 0, 1, 0, 0, 0, 9, 0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1, 0, 0, 0, 3];
    bytes.extend((records.len() as i32).to_be_bytes());
    bytes.extend(records);
    bytes
}

#[test]
fn records_are_a_part_of_the_input() -> Result<(), Box<dyn Error>> {
    let bytes = produce(b"batches");
    let (request, rest) = ProduceRequest::decode(&bytes, 3)?;
    assert!(rest.is_empty());
    let partition = &request.topic_data[0].partition_data[0];
    let records = partition.records.as_ref().and_then(Records::bytes).ok_or("no records")?;
    assert_eq!((partition.index, records), (3, &b"batches"[..]));
    assert!(bytes.as_ptr_range().contains(&records.as_ptr()), "not copied");
    Ok(())
}

#[test]
fn a_fetch_response_is_sent_in_parts_around_its_records() -> Result<(), Box<dyn Error>> {
    let partition = |partition_index, records| PartitionData { partition_index, records, ..Default::default() };
    let partitions = vec![
        partition(0, Some(Records::Bytes(b"in memory"))),
        partition(1, Some(Records::default())),
        partition(2, None),
        partition(3, Some(Records::File { token: 5, len: 1000 })),
    ];
    let topic = FetchableTopicResponse { topic: "t".into(), partitions, ..Default::default() };
    for version in 4..=18 {
        let topic =
            FetchableTopicResponse { topic: if version < 13 { "t".into() } else { "".into() }, ..topic.clone() };
        let response = FetchResponse { responses: vec![topic], ..Default::default() };
        let mut parts = Parts::default();
        write_response(&mut parts, &response, ApiKey::Fetch, version, 1)?;
        let (mut sent, mut files) = (Vec::new(), Vec::new());
        for part in parts.iter() {
            assert_ne!(part, Part::Encoded(&[]));
            match part {
                Part::Encoded(bytes) => sent.extend_from_slice(bytes),
                Part::Records(Records::Bytes(bytes)) => sent.extend_from_slice(bytes),
                Part::Records(Records::File { token, len }) => {
                    files.push(*token);
                    sent.resize(sent.len() + len, b'f');
                }
            }
        }
        assert_eq!((parts.len(), files, parts.to_bytes()), (sent.len(), vec![5], None));
        let frame = first_frame(&sent, sent.len())?.ok_or("not whole")?;
        assert_eq!(frame.len() + 4, sent.len());
        let (decoded, rest) = FetchResponse::decode(parse_response(frame, ApiKey::Fetch, version)?.1, version)?;
        assert!(rest.is_empty());
        let found: Vec<_> = decoded.responses[0]
            .partitions
            .iter()
            .map(|partition| partition.records.as_ref().map(Records::len))
            .collect();
        assert_eq!(found, [Some(9), Some(0), None, Some(1000)], "version {version}");
        let mut whole = Vec::new();
        let error = response.encode(version, &mut whole).map_err(|error| (error.field, error.kind));
        assert_eq!((error, whole.len()), (Err(("records", SchemaErrorKind::RecordsInFile { len: 1000 })), 0));
    }
    Ok(())
}

#[test]
fn absent_fields_have_kafkas_defaults() -> Result<(), SchemaError> {
    let request = FetchRequest::default();
    assert_eq!((request.replica_id, request.max_bytes, request.session_epoch), (-1, i32::MAX, -1));
    assert_eq!(request.cluster_id, None);
    let (request, _) = MetadataRequest::decode(&[0, 0, 0, 0], 0)?;
    assert!(request.allow_auto_topic_creation && request.topics.is_some());
    Ok(())
}

#[test]
fn a_value_that_the_version_lacks_is_refused_unless_it_is_ignorable() {
    let mut out = b"before".to_vec();
    let request = SyncGroupRequest { group_instance_id: Some("i".into()), ..Default::default() };
    let error = request.encode(2, &mut out);
    let kind = SchemaErrorKind::NotInVersion { version: 2 };
    assert_eq!(error.map_err(|error| (error.field, error.kind)), Err(("groupInstanceId", kind)));
    assert_eq!(out, b"before", "the buffer is as it was");
    // protocolType is ignorable.
    let request = SyncGroupRequest { protocol_type: Some("consumer".into()), ..Default::default() };
    assert!(request.encode(2, &mut out).is_ok());
}

#[test]
fn null_and_empty_are_told_apart() -> Result<(), SchemaError> {
    assert_eq!(MetadataRequest::decode(&[0xff; 4], 1)?.0.topics, None);
    assert_eq!(MetadataRequest::decode(&[0; 4], 1)?.0.topics, Some(vec![]));
    let error = MetadataRequest::decode(&[0xff; 4], 0).map_err(|error| (error.at, error.field, error.kind));
    assert_eq!(error.err(), Some((4, "topics", SchemaErrorKind::UnexpectedNull { element: false })));
    let request = MetadataRequest { topics: None, ..Default::default() };
    let error = request.encode(0, &mut Vec::new()).map_err(|error| (error.field, error.kind));
    assert_eq!(error, Err(("topics", SchemaErrorKind::UnexpectedNull { element: false })));
    Ok(())
}

#[test]
fn an_impossible_number_of_elements_is_refused_before_room_is_made() {
    let error = MetadataRequest::decode(&[0x7f, 0xff, 0xff, 0xff, 0, 0], 1);
    let kind = SchemaErrorKind::TooManyElements { claimed: i32::MAX, available: 2 };
    assert_eq!(error.err(), Some(SchemaError { at: 4, field: "topics", kind }));
    // A topic takes at least two bytes here, so ten bytes hold no more than five.
    let mut bytes = vec![0, 0, 0, 6];
    bytes.extend([0; 10]);
    let kind = SchemaErrorKind::TooManyElements { claimed: 6, available: 10 };
    assert_eq!(MetadataRequest::decode(&bytes, 1).err().map(|error| error.kind), Some(kind));
}

#[test]
fn memory_for_elements_has_a_bound() {
    let mut bytes = vec![0, 0, 0x10, 0];
    bytes.extend([0; 0x2001]);
    assert!(MetadataRequest::decode_within(&bytes, 1, 1 << 20).is_ok());
    let error = MetadataRequest::decode_within(&bytes, 1, 1000).err().map(|error| (error.field, error.kind));
    assert!(
        matches!(error, Some(("topics", SchemaErrorKind::TooMuchMemory { needed: 0x10_000.., allowed: 1000 }))),
        "{error:?}"
    );
}

#[test]
fn unknown_tagged_fields_are_kept_in_order() -> Result<(), SchemaError> {
    // No topics, defaults, then tags 9 and 4, which no version has.
    let bytes = [1, 1, 0, 2, 9, 1, 0xaa, 4, 2, 0xbb, 0xcc];
    let (request, _) = MetadataRequest::decode(&bytes, 12)?;
    let tags: Vec<_> = request.unknown_tagged_fields.iter().map(|(tag, content)| (*tag, content.as_ref())).collect();
    assert_eq!(tags, [(4, &[0xbb, 0xcc][..]), (9, &[0xaa])]);
    let mut out = Vec::new();
    request.encode(12, &mut out)?;
    assert_eq!(out, [1, 1, 0, 2, 4, 2, 0xbb, 0xcc, 9, 1, 0xaa]);
    let error = request.encode(8, &mut out).map_err(|error| (error.field, error.kind));
    assert_eq!(error, Err(("tagged fields", SchemaErrorKind::NotInVersion { version: 8 })));
    Ok(())
}

#[test]
fn an_unknown_tag_that_is_a_known_one_is_not_written_twice() {
    let mut request = FetchRequest { cluster_id: Some("c".into()), ..Default::default() };
    request.unknown_tagged_fields.push(0, b"x");
    let error = request.encode(17, &mut Vec::new()).map_err(|error| error.kind);
    assert_eq!(error, Err(SchemaErrorKind::TagTwice { tag: 0 }));
}

#[test]
fn text_that_is_not_utf8_is_read_as_java_reads_it() -> Result<(), SchemaError> {
    let (header, _) = RequestHeader::decode(&[0, 3, 0, 0, 0, 0, 0, 1, 0, 2, b'a', 0xff], 1)?;
    assert_eq!(header.client_id.as_deref(), Some("a\u{fffd}"));
    Ok(())
}

/// The client's name has a length of two bytes in the flexible header, too; the response to ApiVersions has header version 0.
#[test]
fn api_versions_has_the_headers_of_a_first_contact() -> Result<(), Box<dyn Error>> {
    let request = ApiVersionsRequest::default();
    let mut parts = Parts::default();
    write_request(&mut parts, &request, 4, 258, Some("me"))?;
    let bytes = parts.to_bytes().ok_or("records")?;
    assert_eq!(bytes, [0, 0, 0, 16, 0, 18, 0, 4, 0, 0, 1, 2, 0, 2, b'm', b'e', 0, 1, 1, 0]);
    let response = ApiVersionsResponse::default();
    let mut parts = Parts::with_buffer(bytes);
    write_response(&mut parts, &response, ApiKey::ApiVersions, 4, 258)?;
    assert_eq!(parts.into_buffer(), [0, 0, 0, 12, 0, 0, 1, 2, 0, 0, 1, 0, 0, 0, 0, 0]);

    // A client of the future: the header can be read, the version is not served.
    let frame = [0, 18, 0, 99, 0, 0, 0, 5, 0xff, 0xff, 0, 7, 7, 7];
    let request = RequestFrame::parse(&frame)?;
    assert_eq!((request.api_key, request.version, request.correlation_id), (ApiKey::ApiVersions, 99, 5));
    assert_eq!((request.is_supported(), request.client_id.as_ref(), request.body), (false, "", &[7, 7, 7][..]));
    let refused = request.message::<ApiVersionsRequest>(1000).map_err(|error| error.kind);
    assert_eq!(refused.err(), Some(SchemaErrorKind::StructNotInVersion { version: 99 }));
    Ok(())
}

#[test]
fn frames_come_whole_or_not_at_all() {
    assert_eq!(first_frame(&[0, 0, 0], 10), Ok(None));
    assert_eq!(first_frame(&[0, 0, 0, 2, 1], 10), Ok(None));
    assert_eq!(first_frame(&[0, 0, 0, 2, 1, 2, 3], 10), Ok(Some(&[1, 2][..])));
    assert_eq!(first_frame(&[0, 0, 0, 11], 10), Err(FrameError::TooLong { claimed: 11, max: 10 }));
    assert_eq!(first_frame(&[0xff; 4], 10), Err(FrameError::NegativeLength { claimed: -1 }));
    assert_eq!(RequestFrame::parse(&[0, 4, 0, 0]), Err(FrameError::UnknownApi { number: 4 }));
    let error = RequestFrame::parse(&[0, 3, 0, 1, 0]).map_err(|error| error.to_string());
    assert_eq!(error, Err("correlationId at byte 4: expected 4 more bytes, found 1".to_owned()));
}

#[test]
fn a_frame_that_cannot_be_written_leaves_the_parts_as_they_were() -> Result<(), SchemaError> {
    let good = FetchResponse::default();
    let bad = FetchResponse { session_id: 1, ..Default::default() };
    let mut parts = Parts::default();
    write_response(&mut parts, &good, ApiKey::Fetch, 4, 1)?;
    let before = parts.clone();
    assert!(write_response(&mut parts, &bad, ApiKey::Fetch, 4, 2).is_err());
    assert_eq!(parts, before);
    Ok(())
}
