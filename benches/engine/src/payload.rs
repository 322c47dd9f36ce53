//! The bytes that `KafkaLogBench` makes.

use kafka_log::compression::{Codec, Compressor};
use kafka_log::format::FormatError;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};

/// SplitMix64.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 1) % n
    }

    fn word(&mut self) -> &'static str {
        const WORDS: [&str; 32] = [
            "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett", "kilo",
            "lima", "mike", "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor",
            "whiskey", "xray", "yankee", "zulu", "order", "payment", "shipped", "pending", "refund", "basket",
        ];
        WORDS[self.below(WORDS.len() as u64) as usize]
    }

    /// JSON-like ASCII of `len` bytes.
    fn json(&mut self, id: u64, len: usize) -> Vec<u8> {
        let mut text = format!("{{\"id\":{id}");
        while text.len() < len {
            match self.below(5) {
                0 => text += &format!(",\"status\":\"{}\"", self.word()),
                1 => text += &format!(",\"amount\":{}.{}", self.below(1_000_000), 10 + self.below(90)),
                2 => text += &format!(",\"trace\":\"{:x}\"", self.next()),
                3 => text += &format!(",\"note\":\"{} {} {}\"", self.word(), self.word(), self.word()),
                _ => text += &format!(",\"user\":{{\"name\":\"{}\",\"age\":{}}}", self.word(), self.below(99)),
            }
        }
        text.truncate(len - 1);
        text.push('}');
        text.into_bytes()
    }
}

/// What the batches of a run look like.
pub(crate) struct Shape {
    pub(crate) codec: Codec,
    pub(crate) record: usize,
    pub(crate) raw: usize,
    /// Number of distinct keys, 0: a fresh key for each record.
    pub(crate) keys: u64,
}

impl Shape {
    pub(crate) fn records(&self) -> usize {
        ((self.raw - 61) / self.record).max(1)
    }

    pub(crate) fn raw_bytes(&self) -> u64 {
        (self.records() * self.record + 61) as u64
    }

    /// Appends a batch to `out`.
    pub(crate) fn batch(
        &self,
        rng: &mut Rng,
        compressor: &mut Compressor,
        base_offset: i64,
        timestamp: i64,
        out: &mut Vec<u8>,
    ) -> Result<(), FormatError> {
        let fields =
            BatchFields { base_offset, codec: self.codec, partition_leader_epoch: 0, ..BatchFields::default() };
        let mut builder = RecordBatchBuilder::new(fields);
        let value_len = self.record.saturating_sub(12 + if self.record > 128 { 9 } else { 7 }).max(8);
        for at in 0..self.records() as i64 {
            let id =
                if self.keys == 0 { base_offset.cast_unsigned() + at.cast_unsigned() } else { rng.below(self.keys) };
            let key = format!("key-{id:08}");
            let value = rng.json(id, value_len);
            builder.append(base_offset + at, timestamp, Some(key.as_bytes()), Some(&value), &[])?;
        }
        builder.finish(compressor, out).map(|_| ())
    }
}
