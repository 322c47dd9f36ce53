//! Random steps, most of them such as a partition takes them, some of them odd.

use std::io::{self, Write};

use kafka_log::compression::Compressor;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::format::control::{ControlRecordType, EndTransactionMarker};
use tests::Random;

const STEPS: usize = 60;

/// Ids that fall into the same and into different buckets of a hash map of Java's.
const IDS: [i64; 24] = [
    0,
    1,
    2,
    3,
    16,
    17,
    32,
    33,
    48,
    64,
    65,
    1000,
    1016,
    4711,
    5000,
    5001,
    65536,
    65537,
    1 << 32,
    (1 << 32) + 16,
    i64::MAX,
    -1,
    77,
    93,
];

/// What the generator believes about a producer.
#[derive(Clone, Copy)]
struct Belief {
    epoch: i16,
    next_sequence: i32,
    is_in_txn: bool,
    coordinator_epoch: i32,
}

struct Generator {
    random: Random,
    beliefs: [Belief; IDS.len()],
    /// Producers of the case: the first so many ids.
    ids: usize,
    next_offset: i64,
    guards: usize,
    now_ms: i64,
    version: i16,
}

pub(crate) fn generate(seed: u64, cases: u64, out: &mut impl Write) -> io::Result<()> {
    let mut random = Random::new(seed);
    for _ in 0..cases {
        let case_seed = random.number();
        let mut generator = Generator::new(Random::new(case_seed));
        let r = &mut generator.random;
        let (expiration, is_verified) = ([50, 500, 100_000][r.below(3)], r.below(2) == 0);
        writeln!(out, "new\t{expiration}\t{}\t{is_verified}", [100, 900_000][r.below(2)])?;
        for _ in 0..STEPS {
            writeln!(out, "{}", generator.step())?;
        }
    }
    Ok(())
}

impl Generator {
    fn new(mut random: Random) -> Self {
        let epoch = [0, 0, 3, i16::MAX - 1][random.below(4)];
        let next_sequence = [0, 0, 7, i32::MAX - 3][random.below(4)];
        let belief = Belief { epoch, next_sequence, is_in_txn: false, coordinator_epoch: 1 };
        let ids = [2, 5, IDS.len()][random.below(3)];
        let version = random.below(3) as i16;
        Generator { random, beliefs: [belief; IDS.len()], ids, next_offset: 0, guards: 0, now_ms: 0, version }
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.random.below(n) == 0
    }

    /// An offset in the log, mostly near its end.
    fn offset(&mut self) -> i64 {
        let back = if self.one_in(2) { self.random.below(6) } else { self.random.below(self.next_offset as usize + 3) };
        (self.next_offset + 1 - back as i64).max(0)
    }

    fn time(&mut self) -> i64 {
        self.now_ms + self.random.below(60) as i64 - 10
    }

    fn step(&mut self) -> String {
        self.now_ms += self.random.below(20) as i64;
        match self.random.below(64) {
            0..34 => self.append(),
            34..38 => self.verify(),
            38 => format!("unverify\t{}", self.id()),
            39..42 => format!("hw\t{}", self.offset()),
            42 => format!("start\t{}", self.offset()),
            43 => format!("expire\t{}", self.time()),
            44 => {
                let late = if self.one_in(2) { 300_100 } else { 1_200_000 };
                format!("late\t{}", self.time() + late + self.random.below(3) as i64)
            }
            45 => format!("time\t{}", self.now_ms),
            46..50 => "snapshot".into(),
            50 => {
                let end = self.offset();
                format!("reload\t{}\t{end}\t{}", self.offset().min(end), self.time())
            }
            51 => {
                let end = self.offset();
                let start = if self.one_in(2) { 0 } else { self.offset().min(end) };
                format!("restart\t{start}\t{end}\t{}", self.time())
            }
            52 => format!("damage\t{}", self.offset()),
            53 if self.one_in(3) => format!("fully\t{}", self.offset()),
            53 => format!("mapend\t{}", self.next_offset),
            54 => {
                let bases: Vec<_> = (0..self.random.below(5)).map(|_| self.offset().to_string()).collect();
                format!("strays\t{}", bases.join(","))
            }
            55 => format!("mark\t{}", self.offset()),
            56 => format!("before\t{}", self.offset()),
            _ => self.epochs(),
        }
    }

    fn epochs(&mut self) -> String {
        let epoch = self.random.below(12) as i64 - 1;
        let offset = self.random.below(40) as i64 - 1;
        match self.random.below(10) {
            0..5 => format!("assign\t{epoch}\t{offset}"),
            5 => format!("cutend\t{offset}"),
            6 => format!("cutstart\t{offset}"),
            7 if self.one_in(3) => "clear".into(),
            7 => "reopen".into(),
            8 => format!("endoffset\t{epoch}\t{}", offset.max(0)),
            _ => format!("epochs\t{epoch}\t{offset}"),
        }
    }

    fn id(&mut self) -> i64 {
        IDS[self.random.below(self.ids)]
    }

    fn verify(&mut self) -> String {
        let at = self.random.below(self.ids);
        let belief = self.beliefs[at];
        self.guards += 1;
        let epoch = belief.epoch.wrapping_add(if self.one_in(4) { self.random.below(3) as i16 - 1 } else { 0 });
        let sequence = if self.one_in(4) { self.random.below(5) as i32 } else { belief.next_sequence };
        let is_v2 = self.version == 2 && !self.one_in(8);
        format!("verify\t{}\t{sequence}\t{epoch}\t{is_v2}", IDS[at])
    }

    fn append(&mut self) -> String {
        let origin = ["CLIENT", "CLIENT", "COORDINATOR", "REPLICATION", "REPLICATION", "RAFT_LEADER", "REPLAY"];
        let origin = origin[self.random.below(origin.len())];
        let is_leader = matches!(origin, "CLIENT" | "COORDINATOR" | "RAFT_LEADER");
        let version = match () {
            () if self.one_in(10) => self.random.below(4) as i16 - 1,
            () if is_leader => self.version,
            () => -1,
        };
        let guard = if self.one_in(3) { -1 } else { self.guards as i64 - 1 - self.random.below(3) as i64 };
        let mut bytes = Vec::new();
        let batches = if self.one_in(4) { 1 + self.random.below(20) } else { 1 };
        for _ in 0..batches {
            self.batch(&mut bytes);
        }
        let hex = data_encoding::HEXLOWER.encode(&bytes);
        match origin {
            "REPLAY" => format!("replay\t{hex}"),
            origin => format!("append\t{origin}\t{version}\t{guard}\t{hex}"),
        }
    }

    fn batch(&mut self, out: &mut Vec<u8>) {
        let at = self.random.below(self.ids);
        let mut belief = self.beliefs[at];
        let is_control = belief.is_in_txn && self.one_in(3) || self.one_in(15);
        if self.one_in(8) {
            belief.epoch = belief.epoch.wrapping_add(self.random.below(3) as i16 - 1).max(0);
            belief.next_sequence = 0;
        } else if is_control && self.version == 2 && !self.one_in(4) {
            belief.epoch = belief.epoch.saturating_add(1);
            belief.next_sequence = 0;
        }
        if self.one_in(12) {
            belief.next_sequence = belief.next_sequence.wrapping_add(self.random.below(5) as i32 - 2).max(0);
        }
        let starts_txn = !belief.is_in_txn && self.one_in(3);
        let is_transactional = is_control || (belief.is_in_txn || starts_txn) && !self.one_in(20);
        let fields = BatchFields {
            base_offset: self.next_offset,
            producer_id: IDS[at],
            producer_epoch: belief.epoch,
            base_sequence: if is_control { -1 } else { belief.next_sequence },
            is_transactional,
            is_control,
            ..BatchFields::default()
        };
        let timestamp = self.time();
        let count = if is_control { 1 } else { 1 + self.random.below(4) as i64 };
        let mut builder = RecordBatchBuilder::new(fields);
        if is_control {
            belief.coordinator_epoch += self.random.below(12) as i32 / 10 - self.random.below(12) as i32 / 11;
            self.marker(&mut builder, IDS[at], &belief, timestamp);
            belief.is_in_txn = false;
        } else {
            for i in 0..count {
                let appended = builder.append(self.next_offset + i, timestamp + i, None, Some(b"v"), &[]);
                appended.expect("offsets grow");
            }
            belief.next_sequence = belief.next_sequence.checked_add(count as i32).unwrap_or(0);
            belief.is_in_txn |= is_transactional;
        }
        builder.finish(&mut Compressor::new(), out).expect("a batch");
        self.next_offset += count;
        // Now and then the same again.
        if !self.one_in(6) {
            self.beliefs[at] = belief;
        }
    }

    fn marker(&mut self, builder: &mut RecordBatchBuilder, id: i64, belief: &Belief, timestamp: i64) {
        let kind = match self.random.below(40) {
            // KRaft's have no producer.
            0 if id == -1 => ControlRecordType::LeaderChange,
            // Without any record, as the cleaner leaves it.
            0..4 => return,
            n if n % 2 == 0 => ControlRecordType::Commit,
            _ => ControlRecordType::Abort,
        };
        let value = EndTransactionMarker { coordinator_epoch: belief.coordinator_epoch }.to_bytes();
        let appended = builder.append(self.next_offset, timestamp, Some(&kind.key()), Some(&value), &[]);
        appended.expect("one record");
    }
}
