//! Huffman codes as zlib makes them (`build_tree`, `gen_bitlen`, `gen_codes`): of the many that are equally short, its own.

use std::sync::LazyLock;

pub(super) const LITERALS: usize = 256;
pub(super) const END_OF_BLOCK: usize = 256;
pub(super) const LENGTH_CODES: usize = 29;
pub(super) const LITERAL_CODES: usize = LITERALS + 1 + LENGTH_CODES;
pub(super) const DISTANCE_CODES: usize = 30;
pub(super) const BIT_LENGTH_CODES: usize = 19;
const HEAP_SIZE: usize = 2 * LITERAL_CODES + 1;
const BITS_MAX: usize = 15;
const BIT_LENGTH_BITS_MAX: usize = 7;

pub(super) const LENGTH_EXTRA: [u8; LENGTH_CODES] =
    [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
pub(super) const DISTANCE_EXTRA: [u8; DISTANCE_CODES] =
    [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];
const BIT_LENGTH_EXTRA: [u8; BIT_LENGTH_CODES] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 7];

/// A code and how many bits it has.
#[derive(Clone, Copy, Default)]
pub(super) struct Code {
    pub(super) bits: u16,
    pub(super) len: u8,
}

/// What never changes.
pub(super) struct Fixed {
    pub(super) literals: [Code; LITERAL_CODES + 2],
    pub(super) distances: [Code; DISTANCE_CODES],
    /// Code of each match length less 3.
    pub(super) length_code: [u8; 256],
    pub(super) length_base: [u8; LENGTH_CODES],
    /// Code of each distance below 256, then of those above by their upper bits.
    distance_code: [u8; 512],
    pub(super) distance_base: [u16; DISTANCE_CODES],
}

pub(super) static FIXED: LazyLock<Fixed> = LazyLock::new(Fixed::new);

impl Fixed {
    fn new() -> Self {
        let mut literals = [Code::default(); LITERAL_CODES + 2];
        for (symbol, code) in literals.iter_mut().enumerate() {
            code.len = match symbol {
                0..=143 | 280.. => 8,
                144..=255 => 9,
                256..=279 => 7,
            };
        }
        assign(&mut literals);
        let mut distances = [Code { bits: 0, len: 5 }; DISTANCE_CODES];
        assign(&mut distances);
        let (mut length_code, mut length_base) = ([0; 256], [0; LENGTH_CODES]);
        let mut length = 0;
        for code in 0..LENGTH_CODES - 1 {
            length_base[code] = length as u8;
            for _ in 0..1 << LENGTH_EXTRA[code] {
                length_code[length] = code as u8;
                length += 1;
            }
        }
        // The greatest length has a code of its own.
        length_code[255] = (LENGTH_CODES - 1) as u8;
        let (mut distance_code, mut distance_base) = ([0; 512], [0; DISTANCE_CODES]);
        let mut distance = 0;
        for code in 0..DISTANCE_CODES {
            distance_base[code] = distance as u16;
            for _ in 0..1usize << DISTANCE_EXTRA[code] {
                let slot = if distance < 256 { distance } else { 256 + (distance >> 7) };
                distance_code[slot] = code as u8;
                distance += 1;
            }
        }
        Fixed { literals, distances, length_code, length_base, distance_code, distance_base }
    }

    /// Code of a distance less 1.
    #[inline(always)]
    pub(super) fn distance_code(&self, distance: usize) -> usize {
        usize::from(self.distance_code[if distance < 256 { distance } else { 256 + (distance >> 7) }])
    }
}

/// Gives codes to symbols that have lengths (`gen_codes`).
fn assign(codes: &mut [Code]) {
    let mut counts = [0u16; BITS_MAX + 1];
    for code in codes.iter().filter(|code| code.len > 0) {
        counts[usize::from(code.len)] += 1;
    }
    let mut next = [0u16; BITS_MAX + 1];
    for bits in 1..=BITS_MAX {
        next[bits] = (next[bits - 1] + counts[bits - 1]) << 1;
    }
    for code in codes.iter_mut().filter(|code| code.len > 0) {
        let len = usize::from(code.len);
        code.bits = next[len].reverse_bits() >> (16 - len);
        next[len] += 1;
    }
}

/// The three alphabets of a block.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Alphabet {
    Literals,
    Distances,
    BitLengths,
}

impl Alphabet {
    /// Extra bits that a symbol brings along.
    fn extra(self, symbol: usize) -> usize {
        let extra = match self {
            Alphabet::Literals if symbol > LITERALS => LENGTH_EXTRA.get(symbol - LITERALS - 1),
            Alphabet::Literals => None,
            Alphabet::Distances => DISTANCE_EXTRA.get(symbol),
            Alphabet::BitLengths => BIT_LENGTH_EXTRA.get(symbol),
        };
        extra.copied().unwrap_or(0).into()
    }

    /// Bits of a symbol and what it brings along with the fixed code, if there is one.
    fn fixed_len(self, symbol: usize, extra: usize) -> usize {
        match self {
            Alphabet::Literals => usize::from(FIXED.literals[symbol].len) + extra,
            Alphabet::Distances => usize::from(FIXED.distances[symbol].len) + extra,
            Alphabet::BitLengths => 0,
        }
    }
}

/// Bits that a block takes, with codes of its own and with the fixed ones.
#[derive(Clone, Copy, Default)]
pub(super) struct Cost {
    pub(super) own: usize,
    pub(super) fixed: usize,
}

/// Frequencies of an alphabet and the codes that follow from them.
pub(super) struct Tree<const SYMBOLS: usize> {
    alphabet: Alphabet,
    pub(super) frequency: [u16; SYMBOLS],
    pub(super) codes: [Code; SYMBOLS],
    /// The largest symbol in use.
    pub(super) max_code: usize,
}

/// What the making of a code needs.
struct Workshop {
    heap: [usize; HEAP_SIZE],
    heap_len: usize,
    /// From here on the heap holds the nodes in the order of their frequency, the root first.
    sorted_from: usize,
    frequency: [u16; HEAP_SIZE],
    depth: [u8; HEAP_SIZE],
    parent: [u16; HEAP_SIZE],
    len: [usize; HEAP_SIZE],
}

impl Workshop {
    fn is_smaller(&self, a: usize, b: usize) -> bool {
        let (left, right) = (self.frequency[a], self.frequency[b]);
        left < right || (left == right && self.depth[a] <= self.depth[b])
    }

    /// Moves a node down to its place (`pqdownheap`).
    fn sift_down(&mut self, mut slot: usize) {
        let node = self.heap[slot];
        let mut child = slot * 2;
        while child <= self.heap_len {
            if child < self.heap_len && self.is_smaller(self.heap[child + 1], self.heap[child]) {
                child += 1;
            }
            if self.is_smaller(node, self.heap[child]) {
                break;
            }
            self.heap[slot] = self.heap[child];
            slot = child;
            child *= 2;
        }
        self.heap[slot] = node;
    }

    fn keep(&mut self, node: usize) {
        self.sorted_from -= 1;
        self.heap[self.sorted_from] = node;
    }
}

impl<const SYMBOLS: usize> Tree<SYMBOLS> {
    pub(super) fn new(alphabet: Alphabet) -> Self {
        Tree { alphabet, frequency: [0; SYMBOLS], codes: [Code::default(); SYMBOLS], max_code: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.frequency.fill(0);
    }

    /// Makes the codes and adds what they cost.
    pub(super) fn build(&mut self, cost: &mut Cost) {
        let mut shop = Workshop {
            heap: [0; HEAP_SIZE],
            heap_len: 0,
            sorted_from: HEAP_SIZE,
            frequency: [0; HEAP_SIZE],
            depth: [0; HEAP_SIZE],
            parent: [0; HEAP_SIZE],
            len: [0; HEAP_SIZE],
        };
        let mut max_code = None;
        for symbol in (0..SYMBOLS).filter(|&symbol| self.frequency[symbol] > 0) {
            shop.frequency[symbol] = self.frequency[symbol];
            shop.heap_len += 1;
            shop.heap[shop.heap_len] = symbol;
            max_code = Some(symbol);
        }
        // Two symbols at least, that others can read the code.
        while shop.heap_len < 2 {
            let symbol = match max_code {
                None => 0,
                Some(max) if max < 2 => max + 1,
                Some(_) => 0,
            };
            if max_code.is_none_or(|max| max < 2) {
                max_code = Some(symbol);
            }
            shop.frequency[symbol] = 1;
            shop.heap_len += 1;
            shop.heap[shop.heap_len] = symbol;
            cost.own = cost.own.wrapping_sub(1);
            cost.fixed = cost.fixed.wrapping_sub(self.alphabet.fixed_len(symbol, 0));
        }
        self.max_code = max_code.unwrap_or(0);
        for slot in (1..=shop.heap_len / 2).rev() {
            shop.sift_down(slot);
        }
        let mut node = SYMBOLS;
        while shop.heap_len >= 2 {
            let first = shop.heap[1];
            shop.heap[1] = shop.heap[shop.heap_len];
            shop.heap_len -= 1;
            shop.sift_down(1);
            let second = shop.heap[1];
            shop.keep(first);
            shop.keep(second);
            shop.frequency[node] = shop.frequency[first] + shop.frequency[second];
            shop.depth[node] = shop.depth[first].max(shop.depth[second]) + 1;
            shop.parent[first] = node as u16;
            shop.parent[second] = node as u16;
            shop.heap[1] = node;
            node += 1;
            shop.sift_down(1);
        }
        shop.keep(shop.heap[1]);
        self.measure(&mut shop, cost);
        for symbol in 0..SYMBOLS {
            self.codes[symbol] = Code { bits: 0, len: shop.len[symbol] as u8 };
        }
        assign(&mut self.codes);
    }

    /// Lengths of all codes (`gen_bitlen`).
    fn measure(&self, shop: &mut Workshop, cost: &mut Cost) {
        let bits_max = if self.alphabet == Alphabet::BitLengths { BIT_LENGTH_BITS_MAX } else { BITS_MAX };
        let is_leaf = |node: usize| node <= self.max_code;
        let mut counts = [0usize; BITS_MAX + 1];
        let mut overflow = 0i32;
        shop.len[shop.heap[shop.sorted_from]] = 0;
        for slot in shop.sorted_from + 1..HEAP_SIZE {
            let node = shop.heap[slot];
            let mut bits = shop.len[usize::from(shop.parent[node])] + 1;
            if bits > bits_max {
                bits = bits_max;
                overflow += 1;
            }
            shop.len[node] = bits;
            if !is_leaf(node) {
                continue;
            }
            counts[bits] += 1;
            let (frequency, extra) = (usize::from(shop.frequency[node]), self.alphabet.extra(node));
            cost.own = cost.own.wrapping_add(frequency * (bits + extra));
            cost.fixed = cost.fixed.wrapping_add(frequency * self.alphabet.fixed_len(node, extra));
        }
        if overflow == 0 {
            return;
        }
        while overflow > 0 {
            let mut bits = bits_max - 1;
            while counts[bits] == 0 {
                bits -= 1;
            }
            counts[bits] -= 1;
            counts[bits + 1] += 2;
            counts[bits_max] -= 1;
            overflow -= 2;
        }
        let mut slot = HEAP_SIZE;
        for bits in (1..=bits_max).rev() {
            let mut left = counts[bits];
            while left > 0 {
                slot -= 1;
                let node = shop.heap[slot];
                if !is_leaf(node) {
                    continue;
                }
                let change = bits.wrapping_sub(shop.len[node]).wrapping_mul(usize::from(shop.frequency[node]));
                cost.own = cost.own.wrapping_add(change);
                shop.len[node] = bits;
                left -= 1;
            }
        }
    }
}
