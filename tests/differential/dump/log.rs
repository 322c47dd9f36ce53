//! Damaged logs: at random bytes, in header fields, in the order of batches, and inside them.

use tests::Random;
use tests::hostile::mutate::mutate;

use crate::donors::Donors;
use crate::numbers::{get, replace};
use crate::records::{damage, fix_crc};

/// Fields of a header, position and size: magic 2, then magic 0 and 1.
const DEFAULT: &[(usize, usize)] = &[
    (0, 8),
    (8, 4),
    (12, 4),
    (16, 1),
    (17, 4),
    (21, 2),
    (22, 1),
    (23, 4),
    (27, 8),
    (35, 8),
    (43, 8),
    (51, 2),
    (53, 4),
    (57, 4),
];
/// Those of magic 2 that may hold any number.
const QUIET: &[(usize, usize)] = &[(0, 8), (12, 4), (23, 4), (27, 8), (35, 8), (43, 8), (51, 2), (53, 4)];
const LEGACY: &[(usize, usize)] =
    &[(0, 8), (8, 4), (12, 4), (16, 1), (17, 1), (18, 8), (18, 4), (22, 4), (26, 4), (30, 4)];

/// Sizes of the whole batches at the front.
pub(crate) fn batch_lens(log: &[u8]) -> Vec<usize> {
    let (mut at, mut lens) = (0, Vec::new());
    while at + 17 <= log.len() {
        let len = get(log, at + 8, 4) + 12;
        if len < 26 || len as usize > log.len() - at {
            break;
        }
        lens.push(len as usize);
        at += len as usize;
    }
    lens
}

/// Puts an odd number into a field of the header, most often with a checksum that fits.
pub(crate) fn header(random: &mut Random, batch: &mut [u8]) {
    let is_legacy = batch.get(16).is_some_and(|&magic| magic < 2);
    let fields = if is_legacy { LEGACY } else { DEFAULT };
    let (at, size) = fields[random.below(fields.len())];
    if (at, size) == (16, 1) && random.below(2) == 0 {
        batch[16] = random.below(4) as u8;
    } else if random.below(6) == 0 {
        if let Some(byte) = batch.get_mut(at + random.below(size)) {
            *byte ^= 1 << random.below(8);
        }
    } else {
        replace(random, batch, at, size);
    }
    if random.below(5) > 0 && at != 17 && (at, size) != (12, 4) {
        fix_crc(batch);
    }
}

/// A log of many windows of the tool's parallel reading: other logs one after the other, few of them damaged.
pub(crate) fn large(random: &mut Random, donors: &Donors) -> Vec<u8> {
    let len = 100_000 + random.below(900_000);
    let mut log = Vec::new();
    while log.len() < len {
        let donor = donors.with(random, ".log").log().expect("it was asked for");
        match random.below(40) {
            0 => log.append(&mut mutant(random, donors, donor)),
            1 => log.append(&mut gentle(random, donor)),
            _ => {
                // Only what is whole, so that the walk does not end here.
                let whole = batch_lens(donor).iter().sum();
                let times = 1 + random.below(20);
                log.extend(donor[..whole].repeat(times));
            }
        }
    }
    log
}

/// A log whose batches are odd but can be read.
pub(crate) fn gentle(random: &mut Random, log: &[u8]) -> Vec<u8> {
    let mut log = log.to_vec();
    let mut at = 0;
    for len in batch_lens(&log) {
        let batch = &mut log[at..at + len];
        at += len;
        if random.below(3) == 0 {
            let fields: &[(usize, usize)] = if batch[16] < 2 { &[(0, 8)] } else { QUIET };
            let (at, size) = fields[random.below(fields.len())];
            replace(random, batch, at, size);
            if random.below(8) > 0 {
                fix_crc(batch);
            }
        }
    }
    log
}

/// Damages a log once or a few times.
pub(crate) fn mutant(random: &mut Random, donors: &Donors, log: &[u8]) -> Vec<u8> {
    let mut batches = Vec::new();
    let mut rest = log;
    for len in batch_lens(log) {
        let (batch, behind) = rest.split_at(len);
        batches.push(batch.to_vec());
        rest = behind;
    }
    let mut rest = rest.to_vec();
    if batches.len() > 6 && random.below(2) == 0 {
        // Short outputs, and the same batch is not passed over again and again.
        let from = random.below(batches.len() - 5);
        batches = batches.split_off(from);
        batches.truncate(1 + random.below(5));
    }
    let mut at_random = false;
    for _ in 0..1 + random.below(3) {
        let count = batches.len();
        let which = random.below(count);
        match random.below(20) {
            _ if count == 0 => at_random = true,
            0..=4 => header(random, &mut batches[which]),
            5..=13 => damage(random, donors, &mut batches[which]),
            14 => batches.swap(which, random.below(count)),
            15 => batches.insert(which, batches[random.below(count)].clone()),
            16 => drop(batches.remove(which)),
            17 => {
                let other = donors.with(random, ".log").log().expect("it was asked for");
                let lens = batch_lens(other);
                let from = lens.iter().take(random.below(lens.len())).sum::<usize>();
                let len = batch_lens(&other[from..]).first().copied().unwrap_or(0);
                batches.insert(which, other[from..from + len].to_vec());
            }
            18 => {
                let len = random.below(40);
                rest.extend(std::iter::repeat_n(0, len * len));
            }
            _ => at_random = true,
        }
    }
    let mut log = batches.concat();
    log.append(&mut rest);
    if at_random {
        if random.below(3) == 0 {
            let (at, len) = (random.below(log.len()), random.below(300));
            let end = (at + len).min(log.len());
            log[at..end].fill(0);
        } else {
            let other = donors.with(random, ".log").log().expect("it was asked for");
            mutate(random, &mut log, other);
        }
    }
    log
}
