//! AES-128 and AES-256 (FIPS 197), eight blocks at a time.
//!
//! The state is bitsliced as Käsper and Schwabe did it ("Faster and timing-attack resistant
//! AES-GCM", <https://eprint.iacr.org/2009/129>): vector `i` holds bit `i` of every byte of eight
//! blocks. Lane `4 * row + column` holds the byte of this row and column, one bit for each of the
//! eight blocks. SubBytes is then a circuit of logic gates, ShiftRows a swizzle, and the rotations
//! of MixColumns move whole 32-bit lanes.

use core::hint::black_box;

use super::aes_sbox::{COMPLEMENTS, Planes, substitute, substitute_back};
use super::instructions::*;
use super::vector::{Vector, unrolled, wipe};

/// Blocks encrypted at a time.
pub(super) const BLOCKS: usize = 8;

/// Bytes encrypted at a time.
pub(super) const STRIDE: usize = 16 * BLOCKS;

const MAX_ROUNDS: usize = 14;

/// An expanded key.
pub(super) struct Aes {
    round_keys: [[u8; 16]; MAX_ROUNDS + 1],
    rounds: usize,
}

impl Aes {
    /// The key schedule of FIPS 197 section 5.2, in constant time, for a key of 16 or 32 bytes.
    pub(super) fn new(key: &[u8]) -> Self {
        let key = key.as_chunks::<4>().0;
        let rounds = key.len() + 6;
        let mut round_keys = [[0; 16]; MAX_ROUNDS + 1];
        let words = round_keys.as_flattened_mut().as_chunks_mut::<4>().0;
        let mut word = 0;
        let mut round_constant = 1u8;
        for i in 0..4 * (rounds + 1) {
            if i < key.len() {
                word = u32::from_le_bytes(key[i]);
            } else {
                if i % key.len() == 0 {
                    word = substitute_word(word.rotate_right(8)) ^ u32::from(round_constant);
                    round_constant = (round_constant << 1) ^ ((round_constant >> 7) * 0x1b);
                } else if i % key.len() == 4 {
                    word = substitute_word(word);
                }
                word ^= u32::from_le_bytes(words[i - key.len()]);
            }
            words[i] = word.to_le_bytes();
        }
        Self { round_keys, rounds }
    }

    /// Writes the key in the form that encryption takes.
    pub(super) fn slice(&self, sliced: &mut SlicedKey) {
        let mut key = by_rows(Vector::load(&self.round_keys[0]));
        for i in 0..self.rounds {
            sliced.planes[i] = to_planes(key);
            // What the S-box leaves inverted stays so through ShiftRows and MixColumns, up to the
            // next round key.
            key = by_rows(Vector::load(&self.round_keys[i + 1])) ^ Vector::splat(COMPLEMENTS);
        }
        // The last ShiftRows is undone here and done when the blocks are put together.
        let key = Vector(i8x16_shuffle::<0, 1, 2, 3, 7, 4, 5, 6, 10, 11, 8, 9, 13, 14, 15, 12>(key.0, key.0));
        sliced.planes[self.rounds] = to_planes(key);
        sliced.rounds = self.rounds;
    }
}

impl Drop for Aes {
    fn drop(&mut self) {
        wipe(&mut self.round_keys, [0; 16]);
    }
}

/// The round keys, bitsliced, which makes them eight times as large: for as long as a message
/// takes.
pub(super) struct SlicedKey {
    planes: [Planes; MAX_ROUNDS + 1],
    rounds: usize,
}

impl SlicedKey {
    /// To be written by [`Aes::slice`].
    pub(super) fn new() -> Self {
        Self { planes: [[Vector::ZERO; 8]; MAX_ROUNDS + 1], rounds: MAX_ROUNDS }
    }

    /// Encrypts the eight blocks that end with the 32-bit counters `counter` to `counter + 7` after
    /// `nonce`.
    ///
    /// `counter` is a multiple of eight.
    #[inline(always)]
    pub(super) fn encrypt(&self, nonce: Vector, counter: u32) -> [Vector; BLOCKS] {
        let block = Vector(u32x4_replace_lane::<3>(nonce.0, counter.swap_bytes()));
        let mut state = to_planes(by_rows(block));
        // Block j counts j further: its bits are bit j of the last byte of the lowest planes.
        state[0] ^= Vector(u64x2(0, 0b1010_1010 << 56));
        state[1] ^= Vector(u64x2(0, 0b1100_1100 << 56));
        state[2] ^= Vector(u64x2(0, 0b1111_0000 << 56));
        self.encrypt_planes(state)
    }

    /// Encrypts `block`, and seven more that are the same, since no other can be encrypted before
    /// the result is known.
    pub(super) fn encrypt_one(&self, block: Vector) -> Vector {
        self.encrypt_planes(to_planes(by_rows(block)))[0]
    }

    #[inline(always)]
    fn encrypt_planes(&self, mut state: Planes) -> [Vector; BLOCKS] {
        let [keys @ .., before_last, last] = &self.planes[..=self.rounds] else { unreachable!("there are at least ten rounds") };
        let shift_rows = opaque([0, 1, 2, 3, 5, 6, 7, 4, 10, 11, 8, 9, 15, 12, 13, 14]);
        for key in keys {
            state = substitute(unrolled!(I in 0..8 => state[I] ^ key[I]));
            state = mix_columns(unrolled!(I in 0..8 => state[I].swizzle(shift_rows)));
        }
        state = substitute(unrolled!(I in 0..8 => state[I] ^ before_last[I]));
        state = transpose(unrolled!(I in 0..8 => state[I] ^ last[I]));
        let to_blocks = opaque([0, 5, 10, 15, 1, 6, 11, 12, 2, 7, 8, 13, 3, 4, 9, 14]);
        unrolled!(I in 0..8 => state[I].swizzle(to_blocks))
    }

    /// Decrypts eight blocks.
    ///
    /// The S-box backwards takes what the round keys leave inverted, see [`Aes::slice`]; MixColumns
    /// backwards keeps it so.
    pub(super) fn decrypt(&self, blocks: [Vector; BLOCKS]) -> [Vector; BLOCKS] {
        let [first, keys @ .., last] = &self.planes[..=self.rounds] else { unreachable!("there are at least ten rounds") };
        // To rows, and ShiftRows backwards.
        let to_rows = opaque([0, 4, 8, 12, 13, 1, 5, 9, 10, 14, 2, 6, 7, 11, 15, 3]);
        let shift_rows_back = opaque([0, 1, 2, 3, 7, 4, 5, 6, 10, 11, 8, 9, 13, 14, 15, 12]);
        let mut state = transpose(unrolled!(I in 0..8 => blocks[I].swizzle(to_rows)));
        state = unrolled!(I in 0..8 => state[I] ^ last[I]);
        for key in keys.iter().rev() {
            substitute_back(&mut state);
            state = mix_columns_back(unrolled!(I in 0..8 => state[I] ^ key[I]));
            state = unrolled!(I in 0..8 => state[I].swizzle(shift_rows_back));
        }
        substitute_back(&mut state);
        state = transpose(unrolled!(I in 0..8 => state[I] ^ first[I]));
        unrolled!(I in 0..8 => by_rows(state[I]))
    }
}

impl Drop for SlicedKey {
    fn drop(&mut self) {
        wipe(&mut self.planes, [Vector::ZERO; 8]);
    }
}

/// MixColumns (FIPS 197 section 5.1.3): every byte `a`, with the bytes `b`, `c` and `d` below it in
/// its column, becomes 2 * (a + b) + b + (c + d).
#[inline(always)]
fn mix_columns(a: Planes) -> Planes {
    let b = unrolled!(I in 0..8 => Vector(i32x4_shuffle::<1, 2, 3, 0>(a[I].0, a[I].0)));
    let ab = unrolled!(I in 0..8 => a[I] ^ b[I]);
    let bcd = unrolled!(I in 0..8 => b[I] ^ Vector(i32x4_shuffle::<2, 3, 0, 1>(ab[I].0, ab[I].0)));
    // Doubling moves every bit up by one; the one that falls out comes back as x^4 + x^3 + x + 1.
    [
        bcd[0] ^ ab[7],
        bcd[1] ^ ab[0] ^ ab[7],
        bcd[2] ^ ab[1],
        bcd[3] ^ ab[2] ^ ab[7],
        bcd[4] ^ ab[3] ^ ab[7],
        bcd[5] ^ ab[4],
        bcd[6] ^ ab[5],
        bcd[7] ^ ab[6],
    ]
}

/// MixColumns backwards: four times the sum of every other byte of a column is added first, then it
/// is MixColumns itself.
#[inline(always)]
fn mix_columns_back(a: Planes) -> Planes {
    let sums = unrolled!(I in 0..8 => a[I] ^ Vector(i32x4_shuffle::<2, 3, 0, 1>(a[I].0, a[I].0)));
    let quadruples = double(double(sums));
    mix_columns(unrolled!(I in 0..8 => a[I] ^ quadruples[I]))
}

#[inline(always)]
fn double(a: Planes) -> Planes {
    [a[7], a[0] ^ a[7], a[1], a[2] ^ a[7], a[3] ^ a[7], a[4], a[5], a[6]]
}

/// Eight blocks that are all the same: every bit of it, widened to a byte.
#[inline(always)]
fn to_planes(block: Vector) -> Planes {
    unrolled!(I in 0..8 => {
        let bit = Vector::splat(1 << I);
        Vector(u8x16_eq((block & bit).0, bit.0))
    })
}

/// From planes to blocks: in every lane, transposes the square of eight times eight bits.
#[inline(always)]
fn transpose(mut x: Planes) -> Planes {
    exchange::<1, 0x55>(&mut x, [(0, 1), (2, 3), (4, 5), (6, 7)]);
    exchange::<2, 0x33>(&mut x, [(0, 2), (1, 3), (4, 6), (5, 7)]);
    exchange::<4, 0x0f>(&mut x, [(0, 4), (1, 5), (2, 6), (3, 7)]);
    x
}

/// In four pairs of vectors, exchanges the bits of the second that `MASK` selects with those of the
/// first that are `SHIFT` higher.
#[inline(always)]
fn exchange<const SHIFT: u32, const MASK: u8>(x: &mut Planes, pairs: [(usize, usize); 4]) {
    macro_rules! pair {
        ($i:literal) => {
            let (a, b) = pairs[$i];
            let difference = (Vector(u64x2_shr(x[a].0, SHIFT)) ^ x[b]) & Vector::splat(MASK);
            x[b] ^= difference;
            x[a] ^= Vector(u64x2_shl(difference.0, SHIFT));
        };
    }
    pair!(0);
    pair!(1);
    pair!(2);
    pair!(3);
}

/// From AES's order of bytes, column by column, to that of the lanes, row by row.
#[inline(always)]
fn by_rows(block: Vector) -> Vector {
    Vector(i8x16_shuffle::<0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15>(block.0, block.0))
}

/// Indices that the compiler may not look at. It would turn a swizzle by constant indices into a
/// shuffle, for which V8 on x86 builds a constant each time, in four instructions.
#[inline(always)]
fn opaque(indices: [u8; 16]) -> Vector {
    Vector::load(black_box(&indices))
}

/// The S-box on every byte of a word of the key.
fn substitute_word(word: u32) -> u32 {
    let planes = substitute(to_planes(Vector(u32x4_splat(word))));
    let bits = unrolled!(I in 0..8 => planes[I] & Vector::splat(1 << I));
    let bytes = bits.into_iter().fold(Vector::splat(COMPLEMENTS), |bytes, bit| bytes ^ bit);
    u32x4_extract_lane::<0>(bytes.0)
}
