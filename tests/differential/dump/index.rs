//! Damaged indexes, and indexes made up for a log: entries that point to batches, near them, into them and far away.

use tests::Random;
use tests::hostile::mutate::mutate;

use crate::log::batch_lens;
use crate::numbers::{get, odd, put, replace};

/// Where the batches of a log lie, and their last offsets and timestamps.
struct Place {
    position: usize,
    last_offset: i64,
    timestamp: i64,
}

fn places(log: &[u8]) -> Vec<Place> {
    let mut position = 0;
    let lens = batch_lens(log);
    let place = |len: usize| {
        let batch = &log[position..position + len];
        let legacy = batch[16] < 2;
        let delta = if legacy { 0 } else { get(batch, 23, 4) };
        let place = Place {
            position,
            last_offset: get(batch, 0, 8).wrapping_add(delta),
            timestamp: if legacy { get(batch, 18, 8) } else { get(batch, 35, 8) },
        };
        position += len;
        place
    };
    lens.into_iter().map(place).collect()
}

/// An index of another content than `index`, for the log beside it; `entry` is the size of an entry, 8 or 12.
pub(crate) fn mutant(random: &mut Random, index: &[u8], entry: usize, log: &[u8], base_offset: i64) -> Vec<u8> {
    let mut out = if random.below(3) == 0 { made_up(random, entry, log, base_offset) } else { index.to_vec() };
    for _ in 0..random.below(4) {
        let count = out.len() / entry;
        let at = random.below(count) * entry;
        let end = (at + entry).min(out.len());
        match random.below(12) {
            0..=3 => {
                let fields = if entry == 12 { [(0, 8), (8, 4)] } else { [(0, 4), (4, 4)] };
                let (field, size) = fields[random.below(2)];
                replace(random, &mut out, at + field, size);
            }
            4 => {
                let copy = out[at..end].to_vec();
                let to = random.below(count) * entry;
                out.splice(to..to, copy);
            }
            5 => drop(out.drain(at..end)),
            6 => out.truncate(random.below(out.len())),
            7 => out.extend(std::iter::repeat_n(0, random.below(5 * entry))),
            8 => out[at..end].fill(0),
            9 => {
                let to = random.below(count) * entry;
                for i in 0..entry {
                    if at + i < out.len() && to + i < out.len() {
                        out.swap(at + i, to + i);
                    }
                }
            }
            10 => mutate(random, &mut out, log),
            _ => {
                let mut more = made_up(random, entry, log, base_offset);
                out.append(&mut more);
            }
        }
    }
    out
}

fn made_up(random: &mut Random, entry: usize, log: &[u8], base_offset: i64) -> Vec<u8> {
    let places = places(log);
    let mut out = Vec::new();
    let mut next = 0;
    let count = if random.below(12) == 0 { 5000 } else { 6 };
    for _ in 0..1 + random.below(count) {
        next = (next + random.below(3)).min(places.len().saturating_sub(1));
        let Some(place) = places.get(if random.below(8) == 0 { random.below(places.len()) } else { next }) else {
            break;
        };
        let mut offset = place.last_offset.wrapping_sub(base_offset);
        let mut position = place.position as i64;
        let mut timestamp = place.timestamp;
        match random.below(12) {
            0 => offset = odd(random, offset),
            1 => position = odd(random, position),
            2 => position += random.below(40) as i64,
            3 => position = log.len() as i64 - random.below(30) as i64,
            4 => timestamp = odd(random, timestamp),
            5 => offset = offset.wrapping_add(random.below(5) as i64 - 2),
            _ => {}
        }
        let mut bytes = vec![0; entry];
        if entry == 8 {
            put(&mut bytes, 0, 4, offset);
            put(&mut bytes, 4, 4, position);
        } else {
            put(&mut bytes, 0, 8, timestamp);
            put(&mut bytes, 8, 4, offset);
        }
        out.extend(bytes);
    }
    out
}
