//! Messages of the network protocol: what is read is written again and read to the same.

use kafka_rpc::{ApiKey, Message, Parts, RequestFrame, SchemaErrorKind, first_frame, messages};

use super::Dice;

/// Memory for the arrays of a message: what [`super`] lets an input cost.
const MEMORY_MAX: usize = 1024 * 1024;

/// What a broker does with the bytes of a connection: a frame, its header, its message.
pub(super) fn protocol_request(bytes: &[u8]) {
    let frame = match first_frame(bytes, MEMORY_MAX) {
        Ok(Some(frame)) => frame,
        Ok(None) => bytes.get(4..).unwrap_or_default(),
        Err(_) => return,
    };
    let Ok(request) = RequestFrame::parse(frame) else { return };
    // The names of requests are those of their APIs.
    message(&format!("{}Request", request.api_key.name()), request.version, request.body);
}

/// Any message at any version: what clients and brokers read from each other.
pub(super) fn protocol_message(bytes: &[u8]) {
    let mut dice = Dice(bytes);
    let (which, version) = (usize::from(dice.byte()), i16::from(dice.byte()));
    if let Some(name) = names().get(which) {
        message(name, version, dice.0);
    }
}

fn message(name: &str, version: i16, bytes: &[u8]) {
    let mut buffer = Vec::new();
    macro_rules! by_name {
        ($($message:ident)*) => {
            match name {
                $(stringify!($message) => round_trip::<messages::$message>(bytes, version, &mut buffer),)*
                _ => panic!("no message {name}"),
            }
        };
    }
    kafka_rpc::for_all_messages!(by_name);
}

/// The names of all messages, requests of all APIs among them.
pub(super) fn names() -> Vec<&'static str> {
    macro_rules! all {
        ($($message:ident)*) => { vec![$(stringify!($message)),*] };
    }
    kafka_rpc::for_all_messages!(all)
}

fn round_trip<'a, M: Message<'a>>(bytes: &'a [u8], version: i16, buffer: &'a mut Vec<u8>) {
    let (message, rest) = match M::decode_within(bytes, version, MEMORY_MAX) {
        Ok(read) => read,
        Err(error) => return assert!(error.at <= bytes.len(), "{error}"),
    };
    assert!(rest.len() <= bytes.len());
    match message.encode(version, buffer) {
        // U+FFFD takes more bytes than what it stands for.
        Err(error) => assert!(matches!(error.kind, SchemaErrorKind::StringTooLong { .. }), "{error}"),
        Ok(()) => {
            let mut parts = Parts::default();
            assert!(message.encode_parts(version, &mut parts).is_ok());
            assert_eq!(parts.to_bytes().as_ref(), Some(&*buffer));
            // Bytes and not structs: NaN is not equal to itself.
            let (buffer, mut again): (&'a [u8], _) = (buffer, Vec::new());
            assert!(M::decode(buffer, version).is_ok_and(|(same, _)| same.encode(version, &mut again).is_ok()));
            assert_eq!(again, buffer);
        }
    }
}

/// Frames of recorded requests, for [`protocol_request`].
pub(super) fn frame(api_key: ApiKey, version: i16, body: &[u8]) -> Vec<u8> {
    let tags: &[u8] = if api_key.is_flexible(version) { &[0] } else { &[] };
    let header = [&api_key.number().to_be_bytes()[..], &version.to_be_bytes(), &[0, 0, 0, 1, 0xff, 0xff], tags];
    let header = header.concat();
    let length = ((header.len() + body.len()) as i32).to_be_bytes();
    [&length[..], &header, body].concat()
}
