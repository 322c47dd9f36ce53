//! One call of the tool and the files it is called on.

use std::collections::BTreeMap;

use kafka_log::format::checksum::crc32c;
use tests::Random;
use tests::hostile::mutate::mutate;

use crate::donors::{Donor, Donors};
use crate::numbers::{put, replace};
use crate::{index, log};

/// A call of the tool in a folder of its own.
pub(crate) struct Case {
    /// Name of the folder.
    pub(crate) id: String,
    /// Where the files come from.
    pub(crate) from: String,
    /// Content by path below the folder.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) args: Vec<String>,
}

const STEMS: &[&str] = &[
    "00000000000000000000",
    "00000000000000000007",
    "00000000002147483648",
    "09223372036854775807",
    "9223372036854775808",
    "-1",
    "-0",
    "+3",
    "0",
    "x",
    "",
    "1 ",
    "\u{663}\u{664}",
    "\u{ff11}",
    "00000000000000000005.00000000000000000006",
    "0x10",
    "1_000",
    "12e3",
    "-9223372036854775808",
];
const SNAPSHOT_STEMS: &[&str] = &[
    "00000000000000000000-0000000000",
    "00000000000000000100-0000000003",
    "bootstrap",
    "1-2",
    "00000000000000000100",
    "-00000000000000000-0000000003",
    "00000000000000000100-00000000031",
    "00000000000000000100_0000000003",
    "99999999999999999999-0000000003",
    "00000000000000000100-9999999999",
    "00000000000000000100-0000000003-x",
    "x0000000000000000100-0000000003",
    "",
    "00000000000000000+10-0000000003",
    "0000000000000000\u{661}000-0000000003",
    "0000000000000000000--0000000003",
];
const ENDINGS: &[&str] = &[
    ".log",
    ".index",
    ".timeindex",
    ".txnindex",
    ".snapshot",
    ".checkpoint",
    ".log.deleted",
    ".LOG",
    ".log.swap",
    ".checkpoint.part",
    "",
    ".",
    ".x",
    ".log ",
    "..log",
    ".log.log",
    ".index.index",
    ".checkpoint.log",
];

pub(crate) fn make(random: &mut Random, donors: &Donors, number: usize) -> Case {
    let id = format!("m{number}");
    let mut files = BTreeMap::new();
    let (donor, mut named) = match random.below(20) {
        0..=10 => logs(random, donors, &mut files),
        11..=16 => indexes(random, donors, &mut files),
        _ => others(random, donors, &mut files),
    };
    let from = donor.from.clone();
    if random.below(12) == 0 {
        let (_, more) =
            if random.below(2) == 0 { logs(random, donors, &mut files) } else { others(random, donors, &mut files) };
        named.extend(more);
    }
    if random.below(12) == 0 {
        // The same file once more, another one of the folder, or one that is not there.
        let mut again: Vec<String> = files.keys().cloned().collect();
        again.push("00000000000000000001.log".to_owned());
        named.insert(random.below(named.len() + 1), again[random.below(again.len())].clone());
    }
    if random.below(25) == 0 {
        // Less than a header, or than an entry.
        let (len, which) = (random.below(80), random.below(files.len()));
        files.values_mut().skip(which).take(1).for_each(|bytes| bytes.truncate(len));
    }
    let folder = if random.below(4) == 0 { "a/topic-0/" } else { "" };
    let files = files.into_iter().map(|(name, bytes)| (format!("{folder}{name}"), bytes)).collect();
    let paths: Vec<String> = named.iter().map(|name| path(random, &id, folder, name)).collect();
    let mut args = options(random, &from);
    let at = random.below(args.len() + 1);
    // Not between an option and its value.
    let at = if at > 0 && args[at - 1].starts_with("--max") { 0 } else { at };
    args.splice(at..at, ["--files".to_owned(), paths.join(",")]);
    Case { id, from, files, args }
}

type Files = BTreeMap<String, Vec<u8>>;

fn logs<'d>(random: &mut Random, donors: &'d Donors, files: &mut Files) -> (&'d Donor, Vec<String>) {
    let ending = if random.below(10) == 0 { ".checkpoint" } else { ".log" };
    let donor = donors.with(random, ending);
    let name = name(random, donor, ending);
    let bytes = match random.below(60) {
        0 | 1 => log::large(random, donors),
        2..=12 => log::gentle(random, &donor.files[ending]),
        _ => log::mutant(random, donors, &donor.files[ending]),
    };
    files.insert(name.clone(), bytes);
    if random.below(60) == 0 {
        return many(random, donors, files);
    }
    (donor, vec![name])
}

/// So many files with something to report that Java's table of them grows.
fn many<'d>(random: &mut Random, donors: &'d Donors, files: &mut Files) -> (&'d Donor, Vec<String>) {
    let mut named = Vec::new();
    for i in 0..8 + random.below(24) {
        let donor = donors.with(random, ".timeindex");
        let stem = format!("{i:020}");
        files.insert(format!("{stem}.log"), log::gentle(random, donor.log().unwrap_or(&Vec::new())));
        for (kind, entry) in [(".index", 8), (".timeindex", 12)] {
            let mut bytes = donor.files.get(kind).cloned().unwrap_or_default();
            if random.below(2) == 0 {
                let at = random.below(bytes.len() / entry) * entry;
                replace(random, &mut bytes, at, entry - 4);
            }
            files.insert(format!("{stem}{kind}"), bytes);
        }
        let kinds = [".log", ".log", ".index", ".timeindex"];
        named.push(format!("{stem}{}", kinds[random.below(4)]));
    }
    (donors.with(random, ".log"), named)
}

fn indexes<'d>(random: &mut Random, donors: &'d Donors, files: &mut Files) -> (&'d Donor, Vec<String>) {
    let ending = [".index", ".timeindex"][random.below(2)];
    let donor = donors.with(random, ending);
    let stem = stem(random, donor);
    let base_offset = stem.parse().unwrap_or(0);
    let mut log = donor.files.get(".log").cloned().unwrap_or_default();
    if random.below(60) == 0 {
        log = log::large(random, donors);
    } else if random.below(4) == 0 {
        log = log::mutant(random, donors, &log);
    }
    let mut named = Vec::new();
    for (kind, entry) in [(".index", 8), (".timeindex", 12)] {
        let Some(old) = donor.files.get(kind) else { continue };
        let bytes = if kind == ending || random.below(3) == 0 {
            index::mutant(random, old, entry, &log, base_offset)
        } else {
            old.clone()
        };
        if kind == ending || random.below(16) > 0 {
            files.insert(format!("{stem}{kind}"), bytes);
        }
        if kind == ending || random.below(4) == 0 {
            named.push(format!("{stem}{kind}"));
        }
    }
    if random.below(16) > 0 {
        files.insert(format!("{stem}.log"), log);
        if random.below(8) == 0 {
            named.insert(random.below(named.len() + 1), format!("{stem}.log"));
        }
    }
    (donor, named)
}

fn others<'d>(random: &mut Random, donors: &'d Donors, files: &mut Files) -> (&'d Donor, Vec<String>) {
    let ending = [".snapshot", ".txnindex", ".snapshot"][random.below(3)];
    let donor = donors.with(random, ending);
    let mut bytes = donor.files[ending].clone();
    for _ in 0..random.below(3) {
        if random.below(3) > 0 {
            let size = [2, 4, 8][random.below(3)];
            let at = random.below(bytes.len().min(140));
            replace(random, &mut bytes, at, size);
        } else {
            let other = donors.with(random, ending);
            mutate(random, &mut bytes, &other.files[ending]);
        }
    }
    if ending == ".snapshot" && bytes.len() > 6 && random.below(6) > 0 {
        let crc = crc32c(&bytes[6..]);
        put(&mut bytes, 2, 4, crc.into());
    }
    let name = name(random, donor, ending);
    files.insert(name.clone(), bytes);
    (donor, vec![name])
}

fn stem(random: &mut Random, donor: &Donor) -> String {
    if random.below(12) == 0 { STEMS[random.below(STEMS.len())].to_owned() } else { donor.stem.clone() }
}

fn name(random: &mut Random, donor: &Donor, ending: &str) -> String {
    let stem = match ending {
        ".checkpoint" if random.below(4) == 0 => SNAPSHOT_STEMS[random.below(SNAPSHOT_STEMS.len())].to_owned(),
        ".checkpoint" => donor.stem.clone(),
        _ => stem(random, donor),
    };
    let ending = if random.below(40) == 0 { ENDINGS[random.below(ENDINGS.len())] } else { ending };
    let name = format!("{stem}{ending}");
    // Names that stand for folders.
    if ["", ".", ".."].contains(&name.as_str()) { "none.log".to_owned() } else { name }
}

fn path(random: &mut Random, id: &str, folder: &str, name: &str) -> String {
    match random.below(24) {
        0 => format!("./{id}/{folder}{name}"),
        1 => format!("{id}//{folder}{name}"),
        2 => format!("{id}/../{id}/{folder}{name}"),
        3 => format!("{id}/./{folder}/{name}"),
        4 => format!("{id}/{folder}{name}/"),
        _ => format!("{id}/{folder}{name}"),
    }
}

const DECODERS: &[(&str, &str)] = &[
    ("offsets", "--offsets-decoder"),
    ("transaction", "--transaction-log-decoder"),
    ("metadata", "--cluster-metadata-decoder"),
    ("remote", "--remote-log-metadata-decoder"),
    ("share", "--share-group-state-decoder"),
    ("checkpoint", "--cluster-metadata-decoder"),
];

fn options(random: &mut Random, from: &str) -> Vec<String> {
    let mut args: Vec<String> = Vec::new();
    for (flag, chance) in [
        ("--deep-iteration", 3),
        ("--print-data-log", 2),
        ("--skip-record-metadata", 5),
        ("--verify-index-only", 6),
        ("--index-sanity-check", 8),
    ] {
        if random.below(chance) == 0 {
            args.push(flag.to_owned());
        }
    }
    let fitting = DECODERS.iter().find(|(topic, _)| from.contains(topic)).filter(|_| random.below(4) > 0);
    if let Some((_, decoder)) = fitting {
        args.push((*decoder).to_owned());
    } else if random.below(6) == 0 {
        args.push(DECODERS[random.below(DECODERS.len())].1.to_owned());
    }
    for side in ["key", "value"] {
        if random.below(10) == 0 {
            let class =
                ["Default", "String", "Integer", "Long", "Default", "String", "Integer", "Long", "No"][random.below(9)];
            args.push(format!("--{side}-decoder-class=org.apache.kafka.tools.api.{class}Decoder"));
        }
    }
    for (option, chance) in [("--max-message-size", 10), ("--max-bytes", 8)] {
        if random.below(chance) == 0 {
            let number = match random.below(4) {
                0 => crate::numbers::odd(random, 0) as i32,
                1 => random.below(100) as i32,
                _ => random.below(4000) as i32,
            };
            args.extend([option.to_owned(), number.to_string()]);
        }
    }
    args
}
