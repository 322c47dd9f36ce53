//! What the tests of the batch formats share: batches that Kafka's classes wrote, and ways to damage bytes.

/// Three records of a transaction in one batch of magic 2: offsets 1000 to 1002, timestamps 1700000000000, ten less, 300
/// more, producer 4711 of epoch 3 with the base sequence 2147483646, leader epoch 7 (`MemoryRecords.withRecords`).
pub(super) const V2: &str = "00000000000003e80000005600000007028d25f8ea0010000000020000018bcfe568000000018bcfe5692c\
    000000000000126700037ffffffe000000032a000000026b0a76616c7565060268023102680100000c0013020100000e00d80404000100";
/// A commit marker at offset 2000 of producer 4711, coordinator epoch 11 (`MemoryRecords.withEndTransactionMarker`).
pub(super) const COMMIT: &str = "00000000000007d0000000420000000702dea39ff30030000000000000018bcfe569f40000018bcfe569f4\
    00000000000012670003ffffffff000000012000000008000000010c00000000000b00";
/// Offsets 5 and 9, appended to the log at 1700000001000, created at 1700000000000 and 2 ms later.
pub(super) const LOG_APPEND_TIME: &str = "00000000000000050000004100000002025bdbd81b0008000000040000018bcfe56800\
    0000018bcfe56be8ffffffffffffffffffffffffffff000000020e000000026101000e00040801026200";
/// A tombstone at offset 6 of a batch from 5 on, with the delete horizon 1700000009999.
pub(super) const DELETE_HORIZON: &str = "00000000000000050000003b00000002025d16c4fa0040000000010000018bcfe58f0f00\
    00018bcfe56800ffffffffffffffffffffffffffff0000000112009d9c010202610100";
/// What compaction keeps of a batch without any record left: offsets 50 to 59 (`DefaultRecordBatch.writeEmptyHeader`).
pub(super) const EMPTY: &str = "0000000000000032000000310000000702db9f34d1001000000009ffffffffffffffff0000018bcfe56800\
    000000000000126700030000000c00000000";
/// "key" and "value" at offset 20, two nulls at 23.
pub(super) const V0: &str = "0000000000000014000000162356c1370000000000036b65790000000576616c7565\
    00000000000000170000000ea7ec68030000ffffffffffffffff";
/// The same in a snappy wrapper.
pub(super) const V0_SNAPPY: &str = "00000000000000170000005999f6d5430002ffffffff0000004b82534e41505059000000000100000001\
    000000373c000009012014000000162356c137050f30036b65790000000576616c75650512500000170000000ea7ec68030000ffffffffffffffff";
/// The same in magic 1, created at 1700000000001 and 1 ms later.
pub(super) const V1: &str = "00000000000000140000001eed7696fb01000000018bcfe56801000000036b65790000000576616c7565\
    0000000000000017000000168e17269d01000000018bcfe56802ffffffffffffffff";
/// That in a snappy wrapper.
pub(super) const V1_SNAPPY: &str = "000000000000001700000069ae2e7bd901020000018bcfe56802ffffffff0000005382534e41505059\
    0000000001000000010000003f4c00001901781eed7696fb01000000018bcfe56801000000036b65790000000576616c7565\
    0d292803000000168e17269d01000d2a2002ffffffffffffffff";
/// The same, appended to the log at 1700000007777.
pub(super) const V1_SNAPPY_LOG_APPEND_TIME: &str = "000000000000001700000067704639dd010a0000018bcfe58661ffffffff00000051\
    82534e415050590000000001000000010000003d4c00001901781ee2156e1a01080000018bcfe58661000000036b65790000000576616c7565\
    0d2924030000001624c2e9a001152a1cffffffffffffffff";

/// The bytes that a hexadecimal text names.
pub(super) fn bytes(hex: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(hex.as_bytes()).expect("hexadecimal digits")
}

/// `bytes` with each of its bits turned over in turn, and the position of the byte that differs.
pub(super) fn flips(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..bytes.len() * 8).map(move |bit| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        (bit / 8, flipped)
    })
}
