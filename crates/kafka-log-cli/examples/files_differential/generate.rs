//! Cases: valid files and names, and what damage makes of them.

use kafka_log::format::producer_snapshot::{ProducerEntry, write_producer_snapshot};
use tests::Random;

use super::to_hex;

pub(crate) fn cases(seed: u64, count: u64) -> impl Iterator<Item = String> {
    let mut rng = Rng(Random::new(seed));
    (0..count).flat_map(move |_| KINDS.map(|(kind, make)| format!("{kind}\t{}", make(&mut rng))))
}

type Make = fn(&mut Rng) -> String;

const KINDS: [(&str, Make); 21] = [
    ("int", |rng| to_hex(number_text(rng))),
    ("long", |rng| to_hex(number_text(rng))),
    ("uuid", |rng| to_hex(damaged_text(rng, &["OZtxT32eRkyxJHVL8N_HsQ", "AAAAAAAAQACAAAAAAAAAAQ==", "A-_9=+/\u{e9}"]))),
    ("oindex", offset_index),
    ("tindex", time_index),
    ("xindex", transaction_index),
    ("oappend", |rng| appends(rng, |rng, offset| format!("\t{offset}\t{}", rng.below(1000)))),
    ("tappend", |rng| {
        let mut time = 100;
        appends(rng, |rng, offset| {
            time += rng.below(8) as i64 - if rng.one_in(9) { 4 } else { 1 };
            format!("\t{time}\t{offset}\t{}", rng.one_in(8))
        })
    }),
    ("xappend", |rng| {
        let mut last = 0;
        let steps = (0..=rng.below(5)).map(|_| {
            last += rng.below(9) as i64 - if rng.one_in(3) { 1 } else { 0 };
            format!("{}\t{}\t{last}\t{}", rng.long(), rng.long(), rng.long())
        });
        steps.collect::<Vec<_>>().join("\t")
    }),
    ("snapshot", snapshot),
    ("epochs", |rng| {
        to_hex(damaged_text(
            rng,
            &["0\n2\n0 0\n7 123456789012\n", "0\n0\n", "", "0\n1\n-1 -5\n", "0\r\n1\r\n+3\t 4 \r\n"],
        ))
    }),
    ("offsets", |rng| {
        let two = "0\n2\n__consumer_offsets 49 0\nt.x-y_z 3 9223372036854775807\n";
        to_hex(damaged_text(rng, &[two, "0\n1\nt 0 5\n", "0\n2\nt 0 5\nt 0 6\n", "0\n1\n 0 5\n", "0\n0\n", "", "0"]))
    }),
    ("partition", |rng| {
        let usual = "version: 0\ntopic_id: OZtxT32eRkyxJHVL8N_HsQ";
        let odd = ["version: 3\r\nx:\tAAAAAAAAQACAAAAAAAAAAQ==\nmore", "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAA"];
        to_hex(damaged_text(rng, &[usual, usual, odd[0], odd[1]]))
    }),
    ("meta", |rng| to_hex(damaged_text(rng, &META))),
    ("clean", |rng| {
        let odd = r#"{"x":[1,{"y":null}],"brokerEpoch":"-7","version":"1"} rest"#;
        let usual = r#"{"version":0,"brokerEpoch":13}"#;
        to_hex(damaged_text(
            rng,
            &[usual, odd, r#"{"version":null,"brokerEpoch":1.5e3}"#, r#"{"version":9,"brokerEpoch":-1}"#],
        ))
    }),
    ("quorum", |rng| to_hex(quorum_state(rng))),
    ("dir", |rng| {
        to_hex(names(
            rng,
            &["t-0", "a.b-c-12", "t-3.0123456789abcdef0123456789abcdef-delete", "x-1.y-stray", "a-b-2.c.d-future"],
        ))
    }),
    ("fileoffset", |rng| to_hex(names(rng, &["00000000000000000007.log", "+7.x.index", "-5.txnindex.deleted"]))),
    ("snapshotname", |rng| {
        let plain = "00000000000000000007-0000000003.checkpoint";
        to_hex(names(
            rng,
            &[plain, &plain.replace('.', "-123.").replace("point", "point.part"), &format!("{plain}.deleted")],
        ))
    }),
    ("dirname", |rng| {
        let topic = "topic.with-a_name".repeat(1 + rng.below(16) as usize);
        format!("{}\t{}", to_hex(topic), rng.next() as i32)
    }),
    ("filename", |rng| format!("{}\t{}", rng.long(), rng.next() as i32)),
];

const META: [&str; 5] = [
    "#\n#Mon Nov 23 01:23:22 UTC 2026\nnode.id=1\ndirectory.id=OZtxT32eRkyxJHVL8N_HsQ\nversion=1\ncluster.id=AAAAAAAAQACAAAAAAAAAAQ\n",
    "version=0\nbroker.id=3\ncluster.id=a b:c#d!\\n\\t\\u00e9\\u20ac\n",
    "cluster.id : \\ x\\ \\\n   y\\\\\n! comment\\\nbroker.id\t-4\r\n\u{c}version = 0 \r",
    "version=1\r\nnode.id 7\\\r\n  8\r\ncluster.id=\\u0661é\\q\ndirectory.id=AAAAAAAAQACAAAAAAAAAAQ==",
    "",
];

const QUORUM: [&str; 4] = [
    r#"{"leaderId":1,"leaderEpoch":3,"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}"#,
    r#"{"clusterId":"","leaderId":1,"leaderEpoch":2,"votedId":-1,"appliedOffset":0,"currentVoters":[],"data_version":0}"#,
    r#"{"clusterId":"x\"\\/","leaderId":1,"leaderEpoch":2,"votedId":-1,"appliedOffset":9,"currentVoters":[{"voterId":2},{"voterId":3}],"data_version":0}"#,
    r#"{"clusterId":"x","leaderId":1,"leaderEpoch":2,"votedId":5,"appliedOffset":9,"currentVoters":null,"data_version":65536.5,"votedDirectoryId":"OZtxT32eRkyxJHVL8N_HsQ"}"#,
];

/// Pieces that damage puts into texts: everything a reader might treat in a way of its own.
const PIECES: [&str; 41] = [
    " ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\u{b}",
    "\u{c}",
    "\u{a0}",
    "\u{2028}",
    "\\",
    "\\u",
    "\\u0041",
    "\\\n",
    "#",
    "!",
    "=",
    ":",
    "-",
    "+",
    "0",
    "1",
    "9",
    "00",
    "2147483648",
    "9223372036854775808",
    "٣",
    "７",
    "𝟏",
    "é",
    "\u{feff}",
    ".",
    "\"",
    "{",
    "}",
    "null",
    ",",
    "_",
    "==",
    "1e2",
    "true",
    ": ",
];

fn number_text(rng: &mut Rng) -> String {
    let seeds =
        ["0", "-1", "2147483647", "-2147483648", "9223372036854775807", "-9223372036854775808", "+7", "٣٤", "0x7f", ""];
    let text = damaged_text(rng, &seeds);
    String::from_utf8_lossy(&text).into_owned()
}

/// Names without the two characters that a path cannot hold.
fn names(rng: &mut Rng, seeds: &[&str]) -> String {
    let text = damaged_text(rng, seeds);
    String::from_utf8_lossy(&text).replace(['/', '\0', '\u{fffd}'], "_")
}

/// Without whole numbers beyond 64 bits, of which Kafka takes the low 16 bits for `data_version` and we do not.
fn quorum_state(rng: &mut Rng) -> Vec<u8> {
    loop {
        let text = damaged_text(rng, &QUORUM);
        if !text.split(|byte| !byte.is_ascii_digit()).any(|digits| digits.len() > 18) {
            return text;
        }
    }
}

fn damaged_text(rng: &mut Rng, seeds: &[&str]) -> Vec<u8> {
    let mut text = rng.pick(seeds).as_bytes().to_vec();
    for _ in 0..rng.below(4) {
        let at = rng.below(text.len() as u64 + 1) as usize;
        let end = (at + rng.below(3) as usize).min(text.len());
        match rng.below(8) {
            0 => drop(text.splice(at..end, [])),
            1 => text.truncate(at),
            2 if rng.one_in(4) => drop(text.splice(at..end, [rng.next() as u8])),
            3 => {
                let copy = text[at..(at + rng.below(30) as usize).min(text.len())].to_vec();
                text.splice(at..at, copy);
            }
            4 => drop(text.splice(at..end, rng.pick(&PIECES).bytes())),
            _ => drop(text.splice(at..at, rng.pick(&PIECES).bytes())),
        }
    }
    text
}

/// Number of index entries: mostly few, at times more than the warm part of an index holds.
fn entry_count(rng: &mut Rng) -> u64 {
    if rng.one_in(10) { 600 + rng.below(900) } else { rng.below(12) }
}

fn index(rng: &mut Rng, entry: impl Fn(&mut Rng, i64) -> Vec<u8>, targets: impl Fn(&mut Rng, i64) -> i64) -> String {
    let base = if rng.one_in(5) { rng.long() } else { rng.below(1000) as i64 };
    let (count, zeros) = (entry_count(rng), if rng.one_in(6) { rng.below(900) as usize } else { 0 });
    let mut at = 0;
    let mut bytes = Vec::new();
    for _ in 0..count {
        at += 1 + rng.below(5) as i64;
        bytes.extend(entry(rng, at));
    }
    bytes.resize(bytes.len() + zeros, 0);
    if rng.one_in(2) && !bytes.is_empty() {
        let most = if rng.one_in(3) { 300 } else { 4 };
        for _ in 0..=rng.below(most) {
            let place = rng.below(bytes.len() as u64) as usize;
            bytes[place] = rng.next() as u8 & if rng.one_in(2) { 0xff } else { 7 };
        }
    }
    if rng.one_in(4) {
        bytes.truncate(rng.below(bytes.len() as u64 + 1) as usize);
    }
    let mut case = format!("{base}\t{}", to_hex(&bytes));
    for _ in 0..8 {
        let target = targets(rng, at);
        let target = if rng.one_in(9) { rng.long() } else { base.wrapping_add(target) };
        case += &format!("\t{target}");
    }
    case
}

fn offset_index(rng: &mut Rng) -> String {
    let entry = |_: &mut Rng, at: i64| [(at as i32).to_be_bytes(), (at as i32 * 100).to_be_bytes()].concat();
    index(rng, entry, |rng, at| rng.below(at as u64 + 5) as i64 * if rng.one_in(3) { 100 } else { 1 })
}

fn time_index(rng: &mut Rng) -> String {
    let entry = |rng: &mut Rng, at: i64| {
        let mut bytes = (at + rng.below(2) as i64).to_be_bytes().to_vec();
        bytes.extend((at as i32).to_be_bytes());
        bytes
    };
    index(rng, entry, |rng, at| rng.below(at as u64 + 5) as i64)
}

fn transaction_index(rng: &mut Rng) -> String {
    let mut bytes = Vec::new();
    let mut offset = rng.below(20) as i64;
    for _ in 0..rng.below(8) {
        let version = if rng.one_in(8) { [rng.next() as u8, rng.next() as u8] } else { [0, rng.below(2) as u8] };
        bytes.extend(version);
        let last = offset + rng.below(9) as i64;
        for value in [rng.long(), offset, last, offset - rng.below(4) as i64] {
            bytes.extend(value.to_be_bytes());
        }
        offset = last + rng.below(3) as i64;
    }
    bytes.extend(vec![0; rng.below(60) as usize * usize::from(rng.one_in(3))]);
    let args: Vec<String> = (0..3).map(|_| rng.below(60).to_string()).collect();
    format!("{}\t{}\t{}", rng.below(30), to_hex(bytes), args.join("\t"))
}

fn appends(rng: &mut Rng, mut step: impl FnMut(&mut Rng, i64) -> String) -> String {
    let base = rng.below(1000) as i64;
    let mut case = format!("{base}\t{}", 12 + rng.below(120));
    let mut offset = base;
    for _ in 0..rng.below(12) {
        offset += match rng.below(30) {
            0 => 0,
            1 => -5,
            2 => i64::from(i32::MAX),
            more => more as i64,
        };
        case += &step(rng, offset);
    }
    case
}

fn snapshot(rng: &mut Rng) -> String {
    let entries: Vec<ProducerEntry> = (0..rng.below(5))
        .map(|_| ProducerEntry {
            producer_id: rng.below(4) as i64,
            producer_epoch: rng.next() as i16,
            last_sequence: if rng.one_in(2) { rng.below(9) as i32 } else { rng.next() as i32 },
            last_offset: rng.long(),
            offset_delta: if rng.one_in(2) { rng.below(9) as i32 } else { rng.next() as i32 },
            timestamp: rng.long(),
            coordinator_epoch: rng.next() as i32,
            current_txn_first_offset: rng.long(),
        })
        .collect();
    let mut bytes = Vec::new();
    write_producer_snapshot(entries.into_iter(), &mut bytes);
    // Most damage is put under a checksum that holds, so that the readers see it.
    let (with_crc, damage) = (rng.one_in(2), rng.below(4));
    match damage {
        0 => bytes.truncate(rng.below(bytes.len() as u64 + 1) as usize),
        1 => bytes.extend(vec![7; rng.below(60) as usize]),
        2 => {
            let reach = if rng.one_in(2) { 10 } else { 300 };
            let place = rng.below(bytes.len().min(reach) as u64) as usize;
            bytes[place] = if rng.one_in(2) { rng.next() as u8 } else { bytes[place] ^ 1 << rng.below(8) };
        }
        _ => {}
    }
    if with_crc && bytes.len() >= 6 {
        let crc = crc32c::crc32c(&bytes[6..]);
        bytes[2..6].copy_from_slice(&crc.to_be_bytes());
    }
    to_hex(bytes)
}

/// A seeded stream of values.
struct Rng(Random);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0.number()
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0.below(end as usize) as u64
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    /// Any long, small and extreme ones more often.
    fn long(&mut self) -> i64 {
        match self.below(4) {
            0 => *self.pick(&[0, 1, -1, i64::MIN, i64::MAX, i64::from(i32::MAX), i64::from(i32::MIN)]),
            1 => self.below(100) as i64,
            2 => self.next() as i32 as i64,
            _ => self.next() as i64,
        }
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }
}
