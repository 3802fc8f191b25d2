//! The field of GHASH (NIST SP 800-38D section 6.3) in scalar arithmetic: GF(2) polynomials modulo x^128 + x^7 + x^2 + x + 1.
//!
//! There is no carry-less multiplication in wasm. An integer multiplication does it when the bits of both factors stand so far
//! apart that no carry reaches the next bit (Pornin, BearSSL, "constant-time GHASH"): of every four bits, one is kept.

use super::vector::wipe;

/// An element of the field.
#[derive(Clone, Copy)]
pub(super) struct Element {
    /// Bit `i` of word `j` is the coefficient of x^(64j + i).
    words: [u64; 2],
    /// The same words with their bits in the opposite order, which is that of GHASH.
    reversed: [u64; 2],
}

impl Element {
    pub(super) const ZERO: Self = Self { words: [0; 2], reversed: [0; 2] };

    fn new(words: [u64; 2]) -> Self {
        Self { words, reversed: [words[0].reverse_bits(), words[1].reverse_bits()] }
    }

    pub(super) fn from_block(block: &[u8; 16]) -> Self {
        let block = u128::from_be_bytes(*block);
        let reversed = [(block >> 64) as u64, block as u64];
        Self { words: [reversed[0].reverse_bits(), reversed[1].reverse_bits()], reversed }
    }

    pub(super) fn to_block(self) -> [u8; 16] {
        (u128::from(self.reversed[0]) << 64 | u128::from(self.reversed[1])).to_be_bytes()
    }

    pub(super) fn times(self, other: Self) -> Self {
        let mut sum = SumOfProducts::new();
        sum.add(self, other);
        sum.reduce()
    }
}

/// A sum of products of elements that is reduced only once.
///
/// By Karatsuba's method a product takes those of the lower words, of the upper words, and of the sums of both. Each of the
/// three is 127 bits long: the lower half is the lower half of the words' product, and the upper half is, reversed, the lower
/// half of the reversed words' product.
pub(super) struct SumOfProducts {
    low: [SpreadSum; 2],
    high: [SpreadSum; 2],
    both: [SpreadSum; 2],
}

impl SumOfProducts {
    pub(super) fn new() -> Self {
        Self { low: [SpreadSum::ZERO; 2], high: [SpreadSum::ZERO; 2], both: [SpreadSum::ZERO; 2] }
    }

    /// Adds the product of two elements.
    pub(super) fn add(&mut self, a: Element, b: Element) {
        self.low[0].add_product(a.words[0], b.words[0]);
        self.low[1].add_product(a.reversed[0], b.reversed[0]);
        self.high[0].add_product(a.words[1], b.words[1]);
        self.high[1].add_product(a.reversed[1], b.reversed[1]);
        self.both[0].add_product(a.words[0] ^ a.words[1], b.words[0] ^ b.words[1]);
        self.both[1].add_product(a.reversed[0] ^ a.reversed[1], b.reversed[0] ^ b.reversed[1]);
    }

    /// The sum as an element of the field.
    pub(super) fn reduce(&self) -> Element {
        let words = |[lower, upper]: &[SpreadSum; 2]| [lower.value(), upper.value().reverse_bits() >> 1];
        let (low, high, both) = (words(&self.low), words(&self.high), words(&self.both));
        let middle = [both[0] ^ low[0] ^ high[0], both[1] ^ low[1] ^ high[1]];
        let mut words = [low[0], low[1] ^ middle[0], high[0] ^ middle[1], high[1]];
        // x^128 is x^7 + x^2 + x + 1. What word 3 sends back into word 2 goes down with that.
        for i in [3, 2] {
            let word = words[i];
            words[i - 2] ^= word ^ (word << 1) ^ (word << 2) ^ (word << 7);
            words[i - 1] ^= (word >> 63) ^ (word >> 62) ^ (word >> 57);
        }
        Element::new([words[0], words[1]])
    }
}

impl Drop for SumOfProducts {
    fn drop(&mut self) {
        for sums in [&mut self.low, &mut self.high, &mut self.both] {
            wipe(sums, SpreadSum::ZERO);
        }
    }
}

/// The lower 64 bits of a sum of carry-less products. Of word `i` only every fourth bit counts, from bit `i` on.
#[derive(Clone, Copy)]
struct SpreadSum([u64; 4]);

impl SpreadSum {
    const ZERO: Self = Self([0; 4]);
    const EVERY_FOURTH: u64 = 0x1111_1111_1111_1111;

    /// Sixteen bits four apart: a bit of their product sums up at most fifteen of them, or is the last one.
    #[inline(always)]
    fn add_product(&mut self, a: u64, b: u64) {
        let spread = |x: u64| {
            let mask = Self::EVERY_FOURTH;
            [x & mask, x & (mask << 1), x & (mask << 2), x & (mask << 3)]
        };
        let [a0, a1, a2, a3] = spread(a);
        let [b0, b1, b2, b3] = spread(b);
        let times = u64::wrapping_mul;
        self.0[0] ^= times(a0, b0) ^ times(a1, b3) ^ times(a2, b2) ^ times(a3, b1);
        self.0[1] ^= times(a0, b1) ^ times(a1, b0) ^ times(a2, b3) ^ times(a3, b2);
        self.0[2] ^= times(a0, b2) ^ times(a1, b1) ^ times(a2, b0) ^ times(a3, b3);
        self.0[3] ^= times(a0, b3) ^ times(a1, b2) ^ times(a2, b1) ^ times(a3, b0);
    }

    fn value(&self) -> u64 {
        let mask = Self::EVERY_FOURTH;
        self.0[0] & mask | self.0[1] & (mask << 1) | self.0[2] & (mask << 2) | self.0[3] & (mask << 3)
    }
}
