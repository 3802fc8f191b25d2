//! HMAC (RFC 2104) of messages whose length is a secret within limits, and comparisons that give
//! masks.

use core::hint::black_box;

use zeroize::Zeroize;

use super::{HEADER_LEN, MAX_MAC};

/// A hash function with blocks of 64 bytes.
#[derive(Clone, Copy)]
pub(crate) enum Hash {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl Hash {
    /// Bytes of output.
    pub(super) const fn len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// FIPS 180-4, sections 5.3.1 and 5.3.3.
    const fn initial(self) -> State {
        match self {
            Self::Sha1 => [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0, 0, 0, 0],
            Self::Sha256 => [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19],
        }
    }

    fn compress(self, state: &mut State, block: &Block) {
        match self {
            Self::Sha1 => {
                let [a, b, c, d, e, ..] = *state;
                let mut words = [a, b, c, d, e];
                sha1::block_api::compress(&mut words, &[*block]);
                state[..5].copy_from_slice(&words);
            }
            Self::Sha256 => sha2::block_api::compress256(state, &[*block]),
        }
    }
}

/// HMAC with the key already absorbed.
pub(crate) struct Hmac {
    hash: Hash,
    inner: State,
    outer: State,
}

impl Hmac {
    /// With a key of at most 64 bytes; what is made of it is wiped when this is dropped.
    pub(crate) fn new(hash: Hash, key: &[u8]) -> Self {
        let absorb = |pad| {
            let mut block = [pad; BLOCK];
            block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
            let mut state = hash.initial();
            hash.compress(&mut state, &block);
            block.zeroize();
            state
        };
        Self { hash, inner: absorb(0x36), outer: absorb(0x5c) }
    }

    /// Bytes of a MAC.
    pub(super) fn len(&self) -> usize {
        self.hash.len()
    }

    /// The MAC of `header` and the first `len` bytes of `data`, with zeros behind if it is shorter
    /// than what is returned.
    ///
    /// `len` is a secret: all that shows is the length of `data`, from which it differs by at most
    /// `slack`.
    pub(crate) fn authenticate(&self, header: &[u8; HEADER_LEN], data: &[u8], slack: usize, len: usize) -> [u8; MAX_MAC] {
        let longest = HEADER_LEN + data.len();
        let length = (HEADER_LEN + len) as u32;
        let bits = 8 * (BLOCK as u64 + u64::from(length));
        let last = (length + LENGTH_LEN) / BLOCK as u32;

        let mut state = self.inner;
        let mut digest = [0; 8];
        let mut message = header.iter().chain(data);
        let certain = (longest - slack) / BLOCK;
        for _ in 0..certain {
            let mut block = [0; BLOCK];
            block.iter_mut().zip(&mut message).for_each(|(to, from)| *to = *from);
            self.hash.compress(&mut state, &block);
        }
        // The message ends in one of these, and its padding in the same or in the next.
        for index in certain as u32..=(longest as u32 + LENGTH_LEN) / BLOCK as u32 {
            let is_last = equal(index, last);
            let mut block = [0; BLOCK];
            for (position, to) in (index * BLOCK as u32..).zip(&mut block) {
                let byte = message.next().map_or(0, |byte| *byte);
                *to = byte & !(not_above(length, position) as u8) | 0x80 & equal(position, length) as u8;
            }
            for (to, byte) in block[BLOCK - LENGTH_LEN as usize..].iter_mut().zip(bits.to_be_bytes()) {
                *to |= byte & is_last as u8;
            }
            self.hash.compress(&mut state, &block);
            digest.iter_mut().zip(&state).for_each(|(kept, word)| *kept |= is_last & word);
        }
        self.finish(&digest)
    }

    fn finish(&self, digest: &State) -> [u8; MAX_MAC] {
        let len = self.hash.len();
        let mut block = [0; BLOCK];
        block[..len].copy_from_slice(&to_bytes(digest)[..len]);
        block[len] = 0x80;
        block[BLOCK - 2..].copy_from_slice(&(8 * (BLOCK + len) as u16).to_be_bytes());
        let mut state = self.outer;
        self.hash.compress(&mut state, &block);
        to_bytes(&state)
    }
}

impl Drop for Hmac {
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
    }
}

/// All ones if `a <= b` and otherwise zero; both are below 2^31.
pub(super) fn not_above(a: u32, b: u32) -> u32 {
    // The compiler may not know that there are but two values, or it might branch.
    black_box(b.wrapping_sub(a) >> 31).wrapping_sub(1)
}

/// All ones if `a == b` and otherwise zero; both are below 2^31.
pub(super) fn equal(a: u32, b: u32) -> u32 {
    not_above(a ^ b, 0)
}

/// What is hashed at a time.
type Block = [u8; BLOCK];
const BLOCK: usize = 64;
/// Eight words, of which SHA-1 uses five and leaves the others zero.
type State = [u32; 8];
/// Bytes of a message's length, at its end.
const LENGTH_LEN: u32 = 8;

fn to_bytes(state: &State) -> [u8; MAX_MAC] {
    let mut bytes = [0; MAX_MAC];
    for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    bytes
}
