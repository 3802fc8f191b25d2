//! HMAC (RFC 2104) of messages whose length is a secret within limits, and comparisons that give
//! masks.

use core::hint::black_box;

use zeroize::Zeroize;

use super::{HEADER_LEN, MAX_MAC};

/// A hash function.
#[derive(Clone, Copy)]
pub(crate) enum Hash {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
}

impl Hash {
    /// Bytes of output.
    pub(super) const fn len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }

    /// Bytes that are hashed at a time.
    const fn block_len(self) -> usize {
        match self {
            Self::Sha1 | Self::Sha256 => 64,
            Self::Sha384 => 128,
        }
    }

    /// Bytes of a message's length, at its end.
    const fn length_len(self) -> usize {
        self.block_len() / 8
    }

    /// FIPS 180-4, sections 5.3.1, 5.3.3 and 5.3.4.
    const fn initial(self) -> State {
        match self {
            Self::Sha1 => [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0, 0, 0, 0],
            Self::Sha256 => [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19],
            Self::Sha384 => [
                0xcbbb_9d5d_c105_9ed8,
                0x629a_292a_367c_d507,
                0x9159_015a_3070_dd17,
                0x152f_ecd8_f70e_5939,
                0x6733_2667_ffc0_0b31,
                0x8eb4_4a87_6858_1511,
                0xdb0c_2e0d_64f9_8fa7,
                0x47b5_481d_befa_4fa4,
            ],
        }
    }

    /// Hashes a block, which is at the start of `block`.
    fn compress(self, state: &mut State, block: &Block) {
        let (halves, _) = block[..BLOCK / 2].as_chunks();
        match self {
            Self::Sha1 => {
                let [a, b, c, d, e, ..] = state.map(|word| word as u32);
                let mut words = [a, b, c, d, e];
                sha1::block_api::compress(&mut words, halves);
                state.iter_mut().zip(words).for_each(|(to, word)| *to = word.into());
            }
            Self::Sha256 => {
                let mut words = state.map(|word| word as u32);
                sha2::block_api::compress256(&mut words, halves);
                *state = words.map(u64::from);
            }
            Self::Sha384 => sha2::block_api::compress512(state, &[*block]),
        }
    }

    /// The output, with zeros behind if it is shorter.
    fn to_bytes(self, state: &State) -> [u8; MAX_MAC] {
        let mut bytes = [0; MAX_MAC];
        let word_len = self.block_len() / 16;
        for (bytes, word) in bytes[..self.len()].chunks_mut(word_len).zip(state) {
            bytes.copy_from_slice(&word.to_be_bytes()[size_of::<u64>() - word_len..]);
        }
        bytes
    }
}

/// HMAC with the key already absorbed.
pub(crate) struct Hmac {
    hash: Hash,
    inner: State,
    outer: State,
}

impl Hmac {
    /// With a key of at most a block; what is made of it is wiped when this is dropped.
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
        let (block_len, length_len) = (self.hash.block_len(), self.hash.length_len());
        let longest = HEADER_LEN + data.len();
        let length = (HEADER_LEN + len) as u32;
        let bits = 8 * (block_len as u64 + u64::from(length));
        // Of a power of two, or it would be a division, which may take longer for some numbers.
        let blocks = |bytes: u32| bytes >> block_len.trailing_zeros();
        let last = blocks(length + length_len as u32);

        let mut state = self.inner;
        let mut digest = [0; 8];
        let mut message = header.iter().chain(data);
        let certain = (longest - slack) / block_len;
        for _ in 0..certain {
            let mut block = [0; BLOCK];
            block[..block_len].iter_mut().zip(&mut message).for_each(|(to, from)| *to = *from);
            self.hash.compress(&mut state, &block);
        }
        // The message ends in one of these, and its padding in the same or in the next.
        for index in certain as u32..=blocks((longest + length_len) as u32) {
            let is_last = equal(index, last);
            let mut block = [0; BLOCK];
            let block = &mut block;
            for (position, to) in (index * block_len as u32..).zip(&mut block[..block_len]) {
                let byte = message.next().map_or(0, |byte| *byte);
                *to = byte & !(not_above(length, position) as u8) | 0x80 & equal(position, length) as u8;
            }
            for (to, byte) in block[block_len - size_of::<u64>()..block_len].iter_mut().zip(bits.to_be_bytes()) {
                *to |= byte & is_last as u8;
            }
            self.hash.compress(&mut state, block);
            let is_last = u64::from(is_last) << 32 | u64::from(is_last);
            digest.iter_mut().zip(&state).for_each(|(kept, word)| *kept |= is_last & word);
        }
        self.finish(&digest)
    }

    fn finish(&self, digest: &State) -> [u8; MAX_MAC] {
        let (len, block_len) = (self.hash.len(), self.hash.block_len());
        let mut block = [0; BLOCK];
        block[..len].copy_from_slice(&self.hash.to_bytes(digest)[..len]);
        block[len] = 0x80;
        block[block_len - 2..block_len].copy_from_slice(&(8 * (block_len + len) as u16).to_be_bytes());
        let mut state = self.outer;
        self.hash.compress(&mut state, &block);
        self.hash.to_bytes(&state)
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

/// What is hashed at a time: as much of it as the hash function takes.
type Block = [u8; BLOCK];
/// The longest block.
const BLOCK: usize = 128;
/// Eight words. Those of SHA-1 and SHA-256 have 32 bits; SHA-1 uses five and leaves the others
/// zero.
type State = [u64; 8];
