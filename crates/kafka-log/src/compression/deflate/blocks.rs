//! Blocks of a deflate stream: when one is full, and how it is written shortest (`_tr_flush_block`).

use super::MATCH_MIN;
use super::bits::Bits;
use super::trees::{
    Alphabet, BIT_LENGTH_CODES, Code, Cost, DISTANCE_CODES, DISTANCE_EXTRA, END_OF_BLOCK, FIXED, LENGTH_EXTRA,
    LITERAL_CODES, LITERALS, Tree,
};

/// Symbols after which a block is written.
const FULL: usize = (1 << 14) - 1;

const STORED: u16 = 0;
const FIXED_CODES: u16 = 1;
const OWN_CODES: u16 = 2;

/// In which order the lengths of the codes for code lengths are written.
const BIT_LENGTH_ORDER: [usize; BIT_LENGTH_CODES] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const REPEAT_LAST: usize = 16;
const REPEAT_ZERO: usize = 17;
const REPEAT_ZERO_LONG: usize = 18;

/// A literal (distance 0), or a match with its length less 3.
#[derive(Clone, Copy)]
struct Symbol {
    distance: u16,
    value: u8,
}

/// The block that is being gathered, and the bits that are not yet bytes.
pub(super) struct Blocks {
    symbols: Vec<Symbol>,
    literals: Tree<LITERAL_CODES>,
    distances: Tree<DISTANCE_CODES>,
    bit_lengths: Tree<BIT_LENGTH_CODES>,
    bits: Bits,
    /// Where in the input the block starts.
    start: usize,
}

impl Blocks {
    pub(super) fn new() -> Self {
        Blocks {
            symbols: Vec::with_capacity(FULL),
            literals: Tree::new(Alphabet::Literals),
            distances: Tree::new(Alphabet::Distances),
            bit_lengths: Tree::new(Alphabet::BitLengths),
            bits: Bits::default(),
            start: 0,
        }
    }

    /// Starts a stream.
    pub(super) fn start(&mut self) {
        self.bits = Bits::default();
        self.start = 0;
        self.clear();
    }

    fn clear(&mut self) {
        self.symbols.clear();
        self.literals.clear();
        self.distances.clear();
        self.bit_lengths.clear();
        self.literals.frequency[END_OF_BLOCK] = 1;
    }

    /// Takes a literal and says whether the block is full.
    #[inline(always)]
    pub(super) fn tally_literal(&mut self, byte: u8) -> bool {
        self.symbols.push(Symbol { distance: 0, value: byte });
        self.literals.frequency[usize::from(byte)] += 1;
        self.symbols.len() == FULL
    }

    /// Takes a match and says whether the block is full.
    #[inline(always)]
    pub(super) fn tally_match(&mut self, distance: usize, length: usize) -> bool {
        let value = length - MATCH_MIN;
        self.symbols.push(Symbol { distance: distance as u16, value: value as u8 });
        self.literals.frequency[usize::from(FIXED.length_code[value]) + LITERALS + 1] += 1;
        self.distances.frequency[FIXED.distance_code(distance - 1)] += 1;
        self.symbols.len() == FULL
    }

    /// Writes the block, which ends at this place of the input.
    pub(super) fn flush(&mut self, input: &[u8], end: usize, out: &mut Vec<u8>) {
        self.write(&input[self.start..end], false, out);
        self.start = end;
    }

    /// Writes the last block.
    pub(super) fn finish(&mut self, input: &[u8], out: &mut Vec<u8>) {
        self.write(&input[self.start..], true, out);
        self.bits.align(out);
    }

    fn write(&mut self, plain: &[u8], is_last: bool, out: &mut Vec<u8>) {
        let mut cost = Cost::default();
        self.literals.build(&mut cost);
        self.distances.build(&mut cost);
        let (literal_codes, distance_codes) = (self.literals.max_code + 1, self.distances.max_code + 1);
        let mut runs = Vec::new();
        lengths(&self.literals.codes[..literal_codes], &mut runs);
        lengths(&self.distances.codes[..distance_codes], &mut runs);
        for run in &runs {
            self.bit_lengths.frequency[run.symbol] += 1;
        }
        self.bit_lengths.build(&mut cost);
        let used = |&rank: &usize| self.bit_lengths.codes[BIT_LENGTH_ORDER[rank]].len > 0;
        let ranks = (3..BIT_LENGTH_CODES).rev().find(used).unwrap_or(2) + 1;
        let own = (cost.own.wrapping_add(3 * ranks + 5 + 5 + 4) + 3 + 7) >> 3;
        let fixed = (cost.fixed + 3 + 7) >> 3;

        let last = u16::from(is_last);
        if plain.len() + 4 <= own.min(fixed) {
            self.bits.push(STORED << 1 | last, 3, out);
            self.bits.align(out);
            let length = plain.len() as u16;
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(&(!length).to_le_bytes());
            out.extend_from_slice(plain);
        } else if fixed <= own {
            self.bits.push(FIXED_CODES << 1 | last, 3, out);
            write_symbols(&mut self.bits, &self.symbols, &FIXED.literals, &FIXED.distances, out);
        } else {
            self.bits.push(OWN_CODES << 1 | last, 3, out);
            self.bits.push((literal_codes - 257) as u16, 5, out);
            self.bits.push((distance_codes - 1) as u16, 5, out);
            self.bits.push((ranks - 4) as u16, 4, out);
            for symbol in &BIT_LENGTH_ORDER[..ranks] {
                self.bits.push(self.bit_lengths.codes[*symbol].len.into(), 3, out);
            }
            for run in runs {
                let code = self.bit_lengths.codes[run.symbol];
                self.bits.push(code.bits, code.len, out);
                self.bits.push(run.extra, run.extra_bits, out);
            }
            write_symbols(&mut self.bits, &self.symbols, &self.literals.codes, &self.distances.codes, out);
        }
        self.clear();
    }
}

/// A code length, or a repetition of one.
struct Run {
    symbol: usize,
    extra: u16,
    extra_bits: u8,
}

/// The lengths of codes, with repetitions (`scan_tree`, `send_tree`).
fn lengths(codes: &[Code], runs: &mut Vec<Run>) {
    let plain = |len: u8| Run { symbol: len.into(), extra: 0, extra_bits: 0 };
    let mut last = None;
    let (mut count, mut count_max, mut count_min) = (0, 7, 4);
    if codes[0].len == 0 {
        (count_max, count_min) = (138, 3);
    }
    for (i, code) in codes.iter().enumerate() {
        let next = codes.get(i + 1).map(|code| code.len);
        count += 1;
        if count < count_max && next == Some(code.len) {
            continue;
        }
        if count < count_min {
            runs.extend((0..count).map(|_| plain(code.len)));
        } else if code.len != 0 {
            if last != Some(code.len) {
                runs.push(plain(code.len));
                count -= 1;
            }
            runs.push(Run { symbol: REPEAT_LAST, extra: count - 3, extra_bits: 2 });
        } else if count <= 10 {
            runs.push(Run { symbol: REPEAT_ZERO, extra: count - 3, extra_bits: 3 });
        } else {
            runs.push(Run { symbol: REPEAT_ZERO_LONG, extra: count - 11, extra_bits: 7 });
        }
        count = 0;
        last = Some(code.len);
        (count_max, count_min) = match next {
            Some(0) => (138, 3),
            next if next == Some(code.len) => (6, 3),
            _ => (7, 4),
        };
    }
}

fn write_symbols(bits: &mut Bits, symbols: &[Symbol], literals: &[Code], distances: &[Code], out: &mut Vec<u8>) {
    let fixed = &*FIXED;
    for symbol in symbols {
        if symbol.distance == 0 {
            let code = literals[usize::from(symbol.value)];
            bits.push(code.bits, code.len, out);
            continue;
        }
        let length = usize::from(fixed.length_code[usize::from(symbol.value)]);
        let code = literals[length + LITERALS + 1];
        bits.push(code.bits, code.len, out);
        if LENGTH_EXTRA[length] > 0 {
            bits.push(u16::from(symbol.value - fixed.length_base[length]), LENGTH_EXTRA[length], out);
        }
        let distance = symbol.distance - 1;
        let slot = fixed.distance_code(distance.into());
        let code = distances[slot];
        bits.push(code.bits, code.len, out);
        if DISTANCE_EXTRA[slot] > 0 {
            bits.push(distance - fixed.distance_base[slot], DISTANCE_EXTRA[slot], out);
        }
    }
    let end = literals[END_OF_BLOCK];
    bits.push(end.bits, end.len, out);
}
