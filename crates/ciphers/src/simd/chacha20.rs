//! ChaCha20 (RFC 8439 section 2.3), four blocks at a time.
//!
//! Vector `i` holds word `i` of four consecutive blocks. A quarter round is then the RFC's own, on
//! vectors instead of words, and nothing moves between lanes until the key stream is complete.

use super::instructions::*;
use super::vector::{Vector, unrolled, wipe};

/// Bytes of key stream made at a time.
pub(super) const STRIDE: usize = 256;

/// The key stream of one message.
pub(super) struct ChaCha20 {
    /// The state of RFC 8439: constants, key, number of the next block, nonce.
    state: [u32; 16],
}

impl ChaCha20 {
    /// The key stream from block 0 on.
    pub(super) fn new(key: &[u8; 32], nonce: &[u8; 12]) -> Self {
        let mut state = [0; 16];
        state[..4].copy_from_slice(&[0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]); // "expand 32-byte k"
        let words = key.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
        state[4..12].iter_mut().zip(words).for_each(|(word, key)| *word = key);
        let words = nonce.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
        state[13..].iter_mut().zip(words).for_each(|(word, nonce)| *word = nonce);
        Self { state }
    }

    /// The next four blocks.
    ///
    /// `meanwhile` gets twenty turns, between the rounds: scalar work there takes execution units
    /// that the vector instructions of the rounds leave idle.
    #[inline(always)]
    pub(super) fn next(&mut self, meanwhile: &mut impl Meanwhile) -> KeyStream {
        let mut x = self.words();
        for _ in 0..10 {
            quarter_round::<0, 4, 8, 12>(&mut x);
            quarter_round::<1, 5, 9, 13>(&mut x);
            quarter_round::<2, 6, 10, 14>(&mut x);
            quarter_round::<3, 7, 11, 15>(&mut x);
            meanwhile.turn();
            quarter_round::<0, 5, 10, 15>(&mut x);
            quarter_round::<1, 6, 11, 12>(&mut x);
            quarter_round::<2, 7, 8, 13>(&mut x);
            quarter_round::<3, 4, 9, 14>(&mut x);
            meanwhile.turn();
        }
        let initial = self.words();
        self.state[12] = self.state[12].wrapping_add(4);
        KeyStream(unrolled!(I in 0..16 => i32x4_add(x[I], initial[I])))
    }

    /// The states of the next four blocks.
    #[inline(always)]
    fn words(&self) -> [v128; 16] {
        let mut words = unrolled!(I in 0..16 => u32x4_splat(self.state[I]));
        words[12] = i32x4_add(words[12], u32x4(0, 1, 2, 3));
        words
    }
}

impl Drop for ChaCha20 {
    fn drop(&mut self) {
        wipe(&mut self.state, 0);
    }
}

/// What is done between the rounds. Not a closure, since no attribute inlines one, and a call here
/// costs more than the work.
pub(super) trait Meanwhile {
    /// Does a twentieth of it; has to be inlined.
    fn turn(&mut self);
}

impl Meanwhile for () {
    #[inline(always)]
    fn turn(&mut self) {}
}

/// Four blocks of key stream: vector `i` holds word `i` of each.
pub(super) struct KeyStream([v128; 16]);

impl KeyStream {
    /// XORs the four blocks into `data`.
    #[inline(always)]
    pub(super) fn xor_into(&self, data: &mut [u8; STRIDE]) {
        let data = data.as_chunks_mut::<16>().0;
        for column in 0..4 {
            let [a, b, c, d] = unrolled!(I in 0..4 => self.0[4 * column + I]);
            let [a, b, c, d] = transpose(a, b, c, d);
            a.xor_into(&mut data[column]);
            b.xor_into(&mut data[4 + column]);
            c.xor_into(&mut data[8 + column]);
            d.xor_into(&mut data[12 + column]);
        }
    }

    /// The four blocks in memory.
    pub(super) fn bytes(&self) -> [u8; STRIDE] {
        let mut bytes = [0; STRIDE];
        self.xor_into(&mut bytes);
        bytes
    }
}

#[inline(always)]
fn quarter_round<const A: usize, const B: usize, const C: usize, const D: usize>(x: &mut [v128; 16]) {
    x[A] = i32x4_add(x[A], x[B]);
    x[D] = rotate_left_16(v128_xor(x[D], x[A]));
    x[C] = i32x4_add(x[C], x[D]);
    x[B] = rotate_left::<12>(v128_xor(x[B], x[C]));
    x[A] = i32x4_add(x[A], x[B]);
    x[D] = rotate_left::<8>(v128_xor(x[D], x[A]));
    x[C] = i32x4_add(x[C], x[D]);
    x[B] = rotate_left::<7>(v128_xor(x[B], x[C]));
}

/// Rotates every word. A byte shuffle would do for 8 bits, but V8 on x86 rebuilds its constant at
/// every use.
#[inline(always)]
fn rotate_left<const BITS: u32>(x: v128) -> v128 {
    v128_or(u32x4_shl(x, BITS), u32x4_shr(x, 32 - BITS))
}

/// Swaps the halves of every word, which is two instructions in V8 on x86 and one on ARM.
#[inline(always)]
fn rotate_left_16(x: v128) -> v128 {
    i16x8_shuffle::<1, 0, 3, 2, 5, 4, 7, 6>(x, x)
}

/// From one word each of four blocks to four words of each block.
#[inline(always)]
fn transpose(a: v128, b: v128, c: v128, d: v128) -> [Vector; 4] {
    let ab_low = i32x4_shuffle::<0, 4, 1, 5>(a, b);
    let ab_high = i32x4_shuffle::<2, 6, 3, 7>(a, b);
    let cd_low = i32x4_shuffle::<0, 4, 1, 5>(c, d);
    let cd_high = i32x4_shuffle::<2, 6, 3, 7>(c, d);
    [
        Vector(i64x2_shuffle::<0, 2>(ab_low, cd_low)),
        Vector(i64x2_shuffle::<1, 3>(ab_low, cd_low)),
        Vector(i64x2_shuffle::<0, 2>(ab_high, cd_high)),
        Vector(i64x2_shuffle::<1, 3>(ab_high, cd_high)),
    ]
}
