//! The legacy protection of TLS 1.2 records: HMAC, then padding, then AES in CBC mode (RFC 5246,
//! section 6.2.3.2).
//!
//! Whoever learns whether the padding or the MAC of a forged record was wrong, if only from the
//! time that it took, can decrypt records ("Lucky Thirteen",
//! <https://www.isg.rhul.ac.uk/tls/TLStiming.pdf>). Therefore nothing here depends on the length of
//! the padding before the verdict, which is one for both: no branch, no address and no number of
//! compressions of the hash. The same test that holds for the AEADs,
//! `tests/node/crypto-cores.test.js`, compares runs with good and bad records of a length.

pub(crate) mod hmac;

use core::hint::black_box;
use core::ops::Range;

use self::hmac::{Hash, Hmac, equal, not_above};
use crate::parameters::{AuthenticationFailed, BLOCK_LEN};
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
use crate::rustcrypto::AesCbc;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use crate::simd::AesCbc;

/// Bytes that may be in front of a ciphertext and of a MAC: the record's number, type, version and
/// length.
pub const HEADER_LEN: usize = 13;

/// What a legacy suite protects records with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// AES-128-CBC with HMAC-SHA-1.
    Aes128Sha1,
    /// AES-256-CBC with HMAC-SHA-1.
    Aes256Sha1,
    /// AES-128-CBC with HMAC-SHA-256.
    Aes128Sha256,
    /// AES-256-CBC with HMAC-SHA-384.
    Aes256Sha384,
}

impl Algorithm {
    /// Bytes of a key for AES.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Aes128Sha1 | Self::Aes128Sha256 => 16,
            Self::Aes256Sha1 | Self::Aes256Sha384 => 32,
        }
    }

    /// Bytes of a MAC, and of a key for it.
    pub const fn mac_len(self) -> usize {
        self.hash().len()
    }

    const fn hash(self) -> Hash {
        match self {
            Self::Aes128Sha1 | Self::Aes256Sha1 => Hash::Sha1,
            Self::Aes128Sha256 => Hash::Sha256,
            Self::Aes256Sha384 => Hash::Sha384,
        }
    }
}

/// Both keys of one direction.
pub struct Cbc {
    aes: AesCbc,
    hmac: Hmac,
}

impl Cbc {
    /// Protection with keys of [`Algorithm::mac_len`] and [`Algorithm::key_len`] bytes, which are
    /// wiped when this is dropped.
    pub fn new(algorithm: Algorithm, mac_key: &[u8], key: &[u8]) -> Self {
        Self { aes: AesCbc::new(key), hmac: Hmac::new(algorithm.hash(), mac_key) }
    }

    /// Bytes of a fragment with so many of plaintext: IV, plaintext, MAC, and as little padding as
    /// possible.
    pub fn sealed_len(&self, plaintext_len: usize) -> usize {
        BLOCK_LEN + (plaintext_len + self.hmac.len()) / BLOCK_LEN * BLOCK_LEN + BLOCK_LEN
    }

    /// Encrypts `plaintext` in place, between the IV in front of it, which must not be predictable,
    /// and what is returned.
    ///
    /// `header` is what the MAC covers first.
    pub fn seal(&self, iv: &[u8; BLOCK_LEN], header: &[u8; HEADER_LEN], plaintext: &mut [u8]) -> Trailer {
        let mac = self.hmac.authenticate(header, plaintext, 0, plaintext.len());
        let (blocks, tail) = plaintext.as_chunks_mut();

        let mut bytes = [0; MAX_TRAILER];
        let padding_at = tail.len() + self.hmac.len();
        let end = (padding_at / BLOCK_LEN + 1) * BLOCK_LEN;
        bytes[..tail.len()].copy_from_slice(tail);
        bytes[tail.len()..padding_at].copy_from_slice(&mac[..self.hmac.len()]);
        bytes[padding_at..end].fill((end - padding_at - 1) as u8);

        self.aes.encrypt(iv, blocks);
        self.aes.encrypt(blocks.last().unwrap_or(iv), bytes[..end].as_chunks_mut().0);
        tail.copy_from_slice(&bytes[..tail.len()]);
        Trailer { bytes, range: tail.len()..end }
    }

    /// Decrypts `fragment` in place and returns where in it the plaintext is.
    ///
    /// `header` makes what the MAC covers first from the length of the plaintext.
    ///
    /// # Errors
    /// [`AuthenticationFailed`], whatever is wrong.
    pub fn open(&self, header: impl FnOnce(usize) -> [u8; HEADER_LEN], fragment: &mut [u8]) -> Result<Range<usize>, AuthenticationFailed> {
        let (verdict, len) = self.judge(header, fragment).ok_or(AuthenticationFailed)?;
        // The first branch that depends on the plaintext, and all that a peer learns.
        if verdict == 0 { Err(AuthenticationFailed) } else { Ok(BLOCK_LEN..BLOCK_LEN + len) }
    }

    /// Decrypts `fragment` in place: all ones if padding and MAC are right and otherwise zero, and
    /// the length of the plaintext.
    ///
    /// `None` depends on nothing but the length of the fragment.
    pub fn judge(&self, header: impl FnOnce(usize) -> [u8; HEADER_LEN], fragment: &mut [u8]) -> Option<(u32, usize)> {
        let (iv, data) = fragment.split_first_chunk_mut::<BLOCK_LEN>()?;
        // As long as the plaintext can be, with no padding but the byte with its length.
        let longest = data.len().checked_sub(self.hmac.len() + 1)?;
        let (blocks, rest) = data.as_chunks_mut();
        if !rest.is_empty() {
            return None;
        }
        self.aes.decrypt(iv, blocks);

        let slack = longest.min(MAX_PADDING);
        let last = data.last().copied()?;
        let mut padding = u32::from(last);
        let mut wrong = 0;
        for (distance, byte) in (0..).zip(data.iter().rev().take(slack + 1)) {
            wrong |= not_above(distance, padding) & u32::from(byte ^ last);
        }
        let mut verdict = not_above(padding, slack as u32) & equal(wrong, 0);
        // A record that is bad already is handled as one without padding.
        padding &= verdict;

        let len = longest - padding as usize;
        let mut received = [0; MAX_MAC];
        for distance in 0..=slack {
            let here = equal(distance as u32, padding) as u8;
            for (kept, byte) in received.iter_mut().zip(&data[longest - distance..][..self.hmac.len()]) {
                *kept |= here & byte;
            }
        }
        let expected = self.hmac.authenticate(&header(len), &data[..longest], slack, len);
        let difference = expected.iter().zip(&received).fold(0, |difference, (a, b)| black_box(difference | (a ^ b)));
        verdict &= equal(difference.into(), 0);
        Some((verdict, len))
    }
}

/// What follows the last whole block of a plaintext: the end of the fragment.
pub struct Trailer {
    bytes: [u8; MAX_TRAILER],
    range: Range<usize>,
}

impl AsRef<[u8]> for Trailer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[self.range.clone()]
    }
}

/// The longest padding whose length its last byte can hold.
const MAX_PADDING: usize = 255;
/// The longest MAC.
const MAX_MAC: usize = 48;
/// Less than a block of plaintext, a MAC, and a block or less of padding.
const MAX_TRAILER: usize = BLOCK_LEN + MAX_MAC + BLOCK_LEN;
