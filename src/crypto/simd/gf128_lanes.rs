//! Sixteen elements of GHASH's field, all multiplied by the same constant.
//!
//! The elements are byte-sliced: vector `i` holds byte `i` of each, in the order of a block. A product of a byte and a constant
//! is the sum of two products of four bits, and those come from tables of sixteen bytes in a register, looked up by a swizzle
//! that serves all sixteen lanes at once. The tables are at fixed addresses; only indices within a register depend on data.
//!
//! Two levels of Karatsuba's method turn the product of sixteen bytes into nine products of four bytes.

use core::arch::wasm32::*;
use core::ops::BitXor;

use super::vector::{Vector, unrolled, wipe};

/// Sixteen elements, byte-sliced.
pub(super) type Lanes = [Vector; 16];

/// The products of a four-byte constant and four bits. For each of their five bytes there are two tables: one for the higher four
/// bits of a byte, which are the lower powers, and one for the lower four bits.
type NibbleTables = [[Vector; 2]; 5];

/// The tables of a constant: for its words a, b, c, d they are those of a, b, a + b, c, d, c + d, a + c, b + d, a + b + c + d.
pub(super) struct Constant([NibbleTables; 9]);

impl Constant {
    /// The constant given as a block.
    pub(super) fn new(block: &[u8; 16]) -> Self {
        let mut tables = [[[Vector::ZERO; 2]; 5]; 9];
        for (i, word) in [0, 1, 3, 4].into_iter().zip(block.as_chunks().0) {
            set_tables(&mut tables[i], *word);
        }
        for (sum, i, j) in [(2, 0, 1), (5, 3, 4), (6, 0, 3), (7, 1, 4), (8, 2, 5)] {
            tables[sum] = unrolled!(I in 0..5 => [tables[i][I][0] ^ tables[j][I][0], tables[i][I][1] ^ tables[j][I][1]]);
        }
        Self(tables)
    }
}

impl Drop for Constant {
    fn drop(&mut self) {
        wipe(&mut self.0, [[Vector::ZERO; 2]; 5]);
    }
}

fn set_tables(tables: &mut NibbleTables, constant: [u8; 4]) {
    let nibbles = u8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    let with_bit = |bit: u8| Vector(u8x16_eq(v128_and(nibbles, u8x16_splat(bit)), u8x16_splat(bit)));
    let (x0, x1, x2, x3) = (with_bit(8), with_bit(4), with_bit(2), with_bit(1));
    let constant = u64::from(u32::from_be_bytes(constant)) << 32;
    for (pair, end) in tables.iter_mut().zip([56, 48, 40, 32, 24]) {
        let byte = |power: u32| Vector::splat((constant >> (end + power)) as u8);
        pair[0] = x0 & byte(0) ^ x1 & byte(1) ^ x2 & byte(2) ^ x3 & byte(3);
        pair[1] = x0 & byte(4) ^ x1 & byte(5) ^ x2 & byte(6) ^ x3 & byte(7);
    }
}

/// From sixteen blocks to lanes and back: a transposition in four perfect shuffles.
#[inline(always)]
pub(super) fn transpose(x: Lanes) -> Lanes {
    shuffle(shuffle(shuffle(shuffle(x))))
}

#[inline(always)]
fn shuffle(x: Lanes) -> Lanes {
    let pairs = unrolled!(I in 0..8 => {
        let (a, b) = (x[I].0, x[I + 8].0);
        [
            Vector(i8x16_shuffle::<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>(a, b)),
            Vector(i8x16_shuffle::<8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31>(a, b)),
        ]
    });
    unrolled!(I in 0..16 => pairs[I / 2][I % 2])
}

/// Multiplies all sixteen elements by the constant.
#[inline(always)]
pub(super) fn multiply(x: Lanes, constant: &Constant) -> Lanes {
    let [a, b, c, d] = unrolled!(I in 0..4 => Four([x[4 * I], x[4 * I + 1], x[4 * I + 2], x[4 * I + 3]]));
    let factors = [a, b, a ^ b, c, d, c ^ d, a ^ c, b ^ d, a ^ b ^ c ^ d];
    let mut products = [[Four::ZERO; 2]; 9];
    // A loop, in memory: unrolled, it would be the larger part of the module.
    for ((product, factor), tables) in products.iter_mut().zip(&factors).zip(&constant.0) {
        *product = multiply_four(*factor, tables);
    }
    let [low_low, low_high, low_both, high_low, high_high, high_both, both_low, both_high, both_both] = products;
    let low = join(low_low, low_high, low_both);
    let high = join(high_low, high_high, high_both);
    let both = join(both_low, both_high, both_both);
    let middle = unrolled!(I in 0..4 => both[I] ^ low[I] ^ high[I]);
    let low = [low[0], low[1], low[2] ^ middle[0], low[3] ^ middle[1]];
    let high = [high[0] ^ middle[2], high[1] ^ middle[3], high[2], high[3]];
    reduce(unrolled!(I in 0..16 => low[I / 4].0[I % 4]), unrolled!(I in 0..16 => high[I / 4].0[I % 4]))
}

/// Karatsuba's method for products of eight bytes: from those of the low halves, of the high halves, and of the sums of both.
#[inline(always)]
fn join(low: [Four; 2], high: [Four; 2], both: [Four; 2]) -> [Four; 4] {
    let middle = [both[0] ^ low[0] ^ high[0], both[1] ^ low[1] ^ high[1]];
    [low[0], low[1] ^ middle[0], high[0] ^ middle[1], high[1]]
}

/// Four bytes of sixteen polynomials.
#[derive(Clone, Copy)]
struct Four([Vector; 4]);

impl Four {
    const ZERO: Self = Self([Vector::ZERO; 4]);
}

impl BitXor for Four {
    type Output = Self;

    #[inline(always)]
    fn bitxor(self, other: Self) -> Self {
        Self(unrolled!(I in 0..4 => self.0[I] ^ other.0[I]))
    }
}

/// The product of four bytes and a four-byte constant.
#[inline(always)]
fn multiply_four(x: Four, tables: &NibbleTables) -> [Four; 2] {
    let mask = Vector::splat(0x0f);
    let high = unrolled!(I in 0..4 => Vector(u16x8_shr(x.0[I].0, 4)) & mask);
    let low = unrolled!(I in 0..4 => x.0[I] & mask);
    let [p, q, r, s, t] = unrolled!(I in 0..5 => {
        let [of_high, of_low] = tables[I];
        unrolled!(J in 0..4 => of_high.swizzle(high[J]) ^ of_low.swizzle(low[J]))
    });
    [
        Four([p[0], p[1] ^ q[0], p[2] ^ q[1] ^ r[0], p[3] ^ q[2] ^ r[1] ^ s[0]]),
        Four([q[3] ^ r[2] ^ s[1] ^ t[0], r[3] ^ s[2] ^ t[1], s[3] ^ t[2], t[3]]),
    ]
}

/// A product modulo x^128 + x^7 + x^2 + x + 1.
#[inline(always)]
fn reduce(low: Lanes, mut high: Lanes) -> Lanes {
    // The last byte's overflow gets into the first one, and comes down with it.
    high[0] ^= fold(high[15])[1];
    let folded = unrolled!(I in 0..16 => fold(high[I]));
    unrolled!(I in 0..16 => {
        let sum = low[I] ^ folded[I][0];
        if I == 0 { sum } else { sum ^ folded[I - 1][1] }
    })
}

/// A byte times x^7 + x^2 + x + 1, which takes two bytes. Multiplying by x moves bits to the right.
#[inline(always)]
fn fold(byte: Vector) -> [Vector; 2] {
    let right = |x: Vector, bits: u32, mask: u8| Vector(u16x8_shr(x.0, bits)) & Vector::splat(mask);
    let left = |x: Vector, bits: u32, mask: u8| Vector(u16x8_shl(x.0, bits)) & Vector::splat(mask);
    let twice = Vector(i8x16_add(byte.0, byte.0));
    [byte ^ right(byte ^ right(byte, 1, 0x7f), 1, 0x7f) ^ right(byte, 7, 0x01), twice ^ left(byte ^ twice, 6, 0xc0)]
}
