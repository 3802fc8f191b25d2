//! GHASH (NIST SP 800-38D section 6.4): the blocks of a message as coefficients of a polynomial,
//! evaluated at a secret H.
//!
//! There is no carry-less multiplication in wasm. Four bits times a power of H come from a table of
//! sixteen entries instead, which is a vector: a swizzle looks up half of every byte of a block at
//! once. The tables are at fixed addresses; only indices within a register depend on data. What the
//! table for byte `k` of the products gives for byte `j` of a block is part of byte `j + k` of the
//! result.

use super::instructions::*;
use super::vector::{Vector, unrolled, wipe};

/// Blocks taken at a time, and multiplied by H^4, H^3, H^2 and H.
const BLOCKS: usize = 4;

/// Bytes taken at a time.
const GROUP: usize = 16 * BLOCKS;

type Group = [[u8; 16]; BLOCKS];

/// The tables of two constants for every byte of the products, the last byte first.
type TablePairs = [[Vector; 2]; 16];

/// The key: H^4 down to H, as blocks.
pub(super) struct GhashKey {
    powers: Group,
}

impl GhashKey {
    /// The key for H as a block.
    pub(super) fn new(h: &[u8; 16]) -> Self {
        let mut powers = [*h; BLOCKS];
        let mut tables = Tables::new(&[[0; 16], [0; 16], [0; 16], *h]);
        for i in (0..BLOCKS - 1).rev() {
            let group = [[0; 16], [0; 16], [0; 16], powers[i + 1]];
            tables.sum_of_products(Vector::ZERO, &group).store(&mut powers[i]);
        }
        tables.wipe();
        Self { powers }
    }

    /// GHASH as GCM uses it: of the two strings, each padded with zeroes to whole blocks, and a
    /// block with their lengths.
    pub(super) fn hash(&self, aad: &[u8], ciphertext: &[u8]) -> [u8; 16] {
        let mut tables = Tables::new(&self.powers);
        let message = Message::new(aad, ciphertext);
        let mut buffer = [[0; 16]; BLOCKS];
        let mut hash = Vector::ZERO;
        for at in (0..message.end).step_by(GROUP) {
            hash = tables.sum_of_products(hash, message.group(at, &mut buffer));
        }
        tables.wipe();
        let mut block = [0; 16];
        hash.store(&mut block);
        block
    }
}

impl Drop for GhashKey {
    fn drop(&mut self) {
        wipe(&mut self.powers, [0; 16]);
    }
}

/// What is hashed, laid out in whole groups.
struct Message<'m> {
    aad: &'m [u8],
    ciphertext: &'m [u8],
    lengths: [u8; 16],
    /// Where the associated data begin. Zeroes before the first block change nothing.
    start: usize,
    /// Where the ciphertext begins.
    middle: usize,
    /// Where the lengths end.
    end: usize,
}

impl<'m> Message<'m> {
    fn new(aad: &'m [u8], ciphertext: &'m [u8]) -> Self {
        let mut lengths = [0; 16];
        lengths[..8].copy_from_slice(&(8 * aad.len() as u64).to_be_bytes());
        lengths[8..].copy_from_slice(&(8 * ciphertext.len() as u64).to_be_bytes());
        let aad_space = aad.len().next_multiple_of(16);
        let len = aad_space + ciphertext.len().next_multiple_of(16) + lengths.len();
        let end = len.next_multiple_of(GROUP);
        let start = end - len;
        Self { aad, ciphertext, lengths, start, middle: start + aad_space, end }
    }

    /// The group at a multiple of [`GROUP`]: in place if all of it is ciphertext, and put together
    /// in `buffer` if not.
    #[inline(always)]
    fn group<'b>(&'b self, at: usize, buffer: &'b mut Group) -> &'b Group {
        let whole = at.checked_sub(self.middle).and_then(|at| self.ciphertext.get(at..)?.as_chunks().0.first_chunk());
        whole.unwrap_or_else(|| {
            self.copy_group(at, buffer);
            buffer
        })
    }

    fn copy_group(&self, at: usize, group: &mut Group) {
        *group = [[0; 16]; BLOCKS];
        let bytes = group.as_flattened_mut();
        copy_overlap(bytes, at, self.aad, self.start);
        copy_overlap(bytes, at, self.ciphertext, self.middle);
        copy_overlap(bytes, at, &self.lengths, self.end - self.lengths.len());
    }
}

/// Copies what two slices have in common, given where each of them begins.
fn copy_overlap(to: &mut [u8], to_at: usize, from: &[u8], from_at: usize) {
    let begin = to_at.max(from_at);
    let end = (to_at + to.len()).min(from_at + from.len());
    if begin < end {
        to[begin - to_at..end - to_at].copy_from_slice(&from[begin - from_at..end - from_at]);
    }
}

/// Products of four bits and each of four constants.
struct Tables([TablePairs; 2]);

impl Tables {
    fn new(constants: &Group) -> Self {
        let mut tables = [[[Vector::ZERO; 2]; 16]; 2];
        for (i, constant) in constants.iter().enumerate() {
            // The constant times 1, x, x^2 and x^3.
            let c0 = u128::from_be_bytes(*constant);
            let (c1, c2, c3) = (times_x(c0), times_x(times_x(c0)), times_x(times_x(times_x(c0))));
            let bytes = [c0, c1, c2, c3].map(u128::to_le_bytes);
            for (k, table) in tables[i / 2].iter_mut().enumerate() {
                table[i % 2] = sums([bytes[0][k], bytes[1][k], bytes[2][k], bytes[3][k]]);
            }
        }
        Self(tables)
    }

    /// The sum of the products of four blocks, to the first of which `hash` is added, and the
    /// constants.
    #[inline(always)]
    fn sum_of_products(&self, hash: Vector, [a, b, c, d]: &Group) -> Vector {
        // The processor can begin with c and d while it is still at the hash.
        let (left_cd, right_cd) = products(Vector::load(c), Vector::load(d), &self.0[1]);
        let (left_ab, right_ab) = products(Vector::load(a) ^ hash, Vector::load(b), &self.0[0]);
        left_ab.plus(left_cd).plus(right_ab.plus(right_cd).times_x4()).reduce()
    }

    fn wipe(&mut self) {
        wipe(&mut self.0, [[Vector::ZERO; 2]; 16]);
    }
}

/// Sums of the products of two blocks and two constants: those of the left halves of the bytes, and
/// of the right ones.
#[inline(always)]
fn products(a: Vector, b: Vector, tables: &TablePairs) -> (Product, Product) {
    let mask = Vector::splat(0x0f);
    let (left_a, right_a) = (right(a, 4, 0x0f), a & mask);
    let (left_b, right_b) = (right(b, 4, 0x0f), b & mask);
    let mut left_sum = Product::ZERO;
    let mut right_sum = Product::ZERO;
    for table in tables {
        left_sum = left_sum.times_x8();
        left_sum.low ^= table[0].swizzle(left_a) ^ table[1].swizzle(left_b);
        right_sum = right_sum.times_x8();
        right_sum.low ^= table[0].swizzle(right_a) ^ table[1].swizzle(right_b);
    }
    (left_sum, right_sum)
}

/// A product of thirty-two bytes. As in a block, higher powers of x are in later bytes, and in a
/// byte, to the right.
#[derive(Clone, Copy)]
struct Product {
    low: Vector,
    high: Vector,
}

impl Product {
    const ZERO: Self = Self { low: Vector::ZERO, high: Vector::ZERO };

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        Self { low: self.low ^ other.low, high: self.high ^ other.high }
    }

    #[inline(always)]
    fn times_x8(self) -> Self {
        Self { low: one_later(Vector::ZERO, self.low), high: one_later(self.low, self.high) }
    }

    #[inline(always)]
    fn times_x4(self) -> Self {
        let next = self.times_x8();
        Self { low: right(self.low, 4, 0x0f) ^ left(next.low, 4, 0xf0), high: right(self.high, 4, 0x0f) ^ left(next.high, 4, 0xf0) }
    }

    /// The product modulo x^128 + x^7 + x^2 + x + 1.
    #[inline(always)]
    fn reduce(self) -> Vector {
        // What the last byte sends beyond x^128 once more comes down with the rest.
        let (_, overflow) = fold(self.high);
        let (here, next) = fold(self.high ^ one_later(overflow, Vector::ZERO));
        self.low ^ here ^ one_later(Vector::ZERO, next)
    }
}

/// Every byte times x^7 + x^2 + x + 1: what stays in the byte, and what goes to the next one.
#[inline(always)]
fn fold(bytes: Vector) -> (Vector, Vector) {
    let twice = Vector(i8x16_add(bytes.0, bytes.0));
    let here = bytes ^ right(bytes ^ right(bytes, 1, 0x7f), 1, 0x7f) ^ right(bytes, 7, 0x01);
    let next = twice ^ left(bytes ^ twice, 6, 0xc0);
    (here, next)
}

/// The bytes of `x`, each of them one place later, and the last byte of `before` at the first
/// place.
#[inline(always)]
fn one_later(before: Vector, x: Vector) -> Vector {
    Vector(i8x16_shuffle::<15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30>(before.0, x.0))
}

/// Shifts every byte to the right; `mask` has the bits that remain.
#[inline(always)]
fn right(x: Vector, bits: u32, mask: u8) -> Vector {
    Vector(u16x8_shr(x.0, bits)) & Vector::splat(mask)
}

/// Shifts every byte to the left; `mask` has the bits that remain.
#[inline(always)]
fn left(x: Vector, bits: u32, mask: u8) -> Vector {
    Vector(u16x8_shl(x.0, bits)) & Vector::splat(mask)
}

/// A field element, as a block's number, times x.
fn times_x(element: u128) -> u128 {
    (element >> 1) ^ ((element & 1).wrapping_neg() & (0xe1 << 120))
}

/// Lane `n` has the sum of those bytes whose bits are set in `n`, the first byte's being the
/// highest one.
fn sums(bytes: [u8; 4]) -> Vector {
    let lanes = u8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    let products = unrolled!(I in 0..4 => {
        let bit = u8x16_splat(8 >> I);
        Vector(u8x16_eq(v128_and(lanes, bit), bit)) & Vector::splat(bytes[I])
    });
    products[0] ^ products[1] ^ products[2] ^ products[3]
}
