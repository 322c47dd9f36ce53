//! Base64 (RFC 4648), as Kafka's JSON and `Uuid.toString` use it.

const COMMON: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Appends `bytes` in the standard alphabet with padding, on one line (Jackson's `MIME_NO_LINEFEEDS`).
pub fn push_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    push(out, bytes, *b"+/");
    out.extend(std::iter::repeat_n(b'=', (3 - bytes.len() % 3) % 3));
}

/// Appends `uuid` as Kafka writes it: 22 characters of the URL alphabet (`Uuid.toString`).
pub fn push_uuid(out: &mut Vec<u8>, uuid: &[u8; 16]) {
    push(out, uuid, *b"-_");
}

fn push(out: &mut Vec<u8>, bytes: &[u8], last: [u8; 2]) {
    let digit = |six: u32| match six {
        62 | 63 => last[six as usize - 62],
        _ => COMMON[six as usize],
    };
    out.reserve(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        for i in 0..=chunk.len() {
            out.push(digit(bits >> (18 - 6 * i) & 63));
        }
    }
}
