//! The files of a log directory besides record batches: what Kafka wrote is read and written alike, damage is an answer
//! or an error.

mod hostile;
mod indexes;
mod names;
mod snapshots;
mod texts;

/// Bytes from hexadecimal digits; white space is skipped.
fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
