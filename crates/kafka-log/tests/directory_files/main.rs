//! The files of a log directory besides record batches: what Kafka wrote is read and written alike, damage is an answer
//! or an error.

mod hostile;
mod indexes;
mod names;
mod snapshots;
mod texts;

/// Bytes from hexadecimal digits; white space is skipped.
fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().filter(u8::is_ascii_hexdigit).collect();
    data_encoding::HEXLOWER_PERMISSIVE.decode(&digits).expect("hexadecimal digits")
}
