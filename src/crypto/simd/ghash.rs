//! GHASH (NIST SP 800-38D section 6.4): the blocks of a message as coefficients of a polynomial, evaluated at a secret H.
//!
//! The blocks are taken in groups of sixteen, the last of them complete: zeroes before the first block change nothing. Lane `i`
//! sums up the blocks at place `i` of every group, weighted with powers of H^16, in vector arithmetic. At the end the lanes are
//! weighted with H^16 to H and summed up, in scalar arithmetic. A message of a single group needs the second step only.

use super::gf128::{Element, SumOfProducts};
use super::gf128_lanes::{Constant, multiply, transpose};
use super::vector::{Vector, unrolled, wipe};

/// Blocks in a group.
const BLOCKS: usize = 16;

/// Bytes in a group.
const GROUP: usize = 16 * BLOCKS;

/// A group of blocks.
type Group = [[u8; 16]; BLOCKS];

/// The key: the powers H^16 down to H.
pub(super) struct GhashKey {
    powers: [Element; BLOCKS],
}

impl GhashKey {
    /// The key for H as a block.
    pub(super) fn new(h: &[u8; 16]) -> Self {
        let h = Element::from_block(h);
        let mut powers = [h; BLOCKS];
        for i in (0..BLOCKS - 1).rev() {
            powers[i] = powers[i + 1].times(h);
        }
        Self { powers }
    }

    /// GHASH as GCM uses it: of the two strings, each padded with zeroes to whole blocks, and a block with their lengths.
    pub(super) fn hash(&self, aad: &[u8], ciphertext: &[u8]) -> [u8; 16] {
        let message = Message::new(aad, ciphertext);
        let groups = message.end / GROUP;
        let mut buffer = [[0; 16]; BLOCKS];
        let mut lanes = [Vector::ZERO; BLOCKS];
        if groups > 1 {
            let step = Constant::new(&self.powers[0].to_block());
            for i in 0..groups - 1 {
                let group = message.group(i, &mut buffer);
                let blocks = transpose(unrolled!(I in 0..16 => Vector::load(&group[I])));
                lanes = multiply(unrolled!(I in 0..16 => lanes[I] ^ blocks[I]), &step);
            }
            lanes = transpose(lanes);
        }
        let last = message.group(groups - 1, &mut buffer);
        let mut sum = SumOfProducts::new();
        let leading_zeroes = if groups > 1 { 0 } else { message.start / 16 };
        for i in leading_zeroes..BLOCKS {
            let mut block = last[i];
            lanes[i].xor_into(&mut block);
            sum.add(Element::from_block(&block), self.powers[i]);
        }
        sum.reduce().to_block()
    }
}

impl Drop for GhashKey {
    fn drop(&mut self) {
        wipe(&mut self.powers, Element::ZERO);
    }
}

/// What is hashed, laid out in whole groups.
struct Message<'m> {
    aad: &'m [u8],
    ciphertext: &'m [u8],
    lengths: [u8; 16],
    /// Where the associated data begin.
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

    /// A group: in place if all of it is ciphertext, and put together in `buffer` if not.
    fn group<'b>(&'b self, index: usize, buffer: &'b mut Group) -> &'b Group {
        let at = index * GROUP;
        let whole = at.checked_sub(self.middle).and_then(|at| self.ciphertext.get(at..)?.as_chunks().0.first_chunk());
        whole.unwrap_or_else(|| {
            *buffer = [[0; 16]; BLOCKS];
            let bytes = buffer.as_flattened_mut();
            copy_overlap(bytes, at, self.aad, self.start);
            copy_overlap(bytes, at, self.ciphertext, self.middle);
            copy_overlap(bytes, at, &self.lengths, self.end - self.lengths.len());
            buffer
        })
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
