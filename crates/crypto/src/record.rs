//! How TLS and DTLS records use a cipher: nonces, associated data, what surrounds the ciphertext.

use alloc::boxed::Box;
use core::ops::Range;

use rustls::crypto::GetRandomFailed;

use ciphers::aead::{self, Cipher};
use ciphers::cbc::{self, Cbc, Trailer};
use ciphers::parameters::{AuthenticationFailed, BLOCK_LEN, NONCE_LEN, TAG_LEN};

use super::random;

/// Record protection of TLS 1.3 (RFC 8446 section 5.2) in one direction.
pub struct Tls13Record {
    cipher: Cipher,
    iv: [u8; NONCE_LEN],
}

impl Tls13Record {
    /// Bytes that protection adds to a `TLSInnerPlaintext`.
    pub const OVERHEAD: usize = TAG_LEN;

    /// Protection with a key of [`aead::Algorithm::key_len`] bytes.
    pub fn new(algorithm: aead::Algorithm, key: &[u8], iv: [u8; NONCE_LEN]) -> Self {
        Self { cipher: algorithm.cipher(key), iv }
    }

    /// Encrypts a `TLSInnerPlaintext` in place and returns the tag that follows it.
    pub fn seal(&self, seq: u64, inner: &mut [u8]) -> [u8; TAG_LEN] {
        let aad = tls13_aad(LEGACY_VERSION, inner.len() + TAG_LEN);
        self.cipher.seal_in_place(&nonce(&self.iv, seq), &aad, inner)
    }

    /// Decrypts `fragment` in place, which came under this version, and returns the length of the
    /// `TLSInnerPlaintext`, which is at its start.
    ///
    /// # Errors
    /// [`AuthenticationFailed`] when the record is too short or not authentic.
    pub fn open(&self, seq: u64, version: u16, fragment: &mut [u8]) -> Result<usize, AuthenticationFailed> {
        let aad = tls13_aad(version, fragment.len());
        let (inner, tag) = fragment.split_last_chunk_mut::<TAG_LEN>().ok_or(AuthenticationFailed)?;
        self.cipher.open_in_place(&nonce(&self.iv, seq), &aad, inner, tag)?;
        Ok(inner.len())
    }
}

/// What the suites of TLS 1.2 protect records with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// An AEAD.
    Aead(aead::Algorithm),
    /// A MAC and a block cipher.
    Cbc(cbc::Algorithm),
}

/// Record protection of TLS 1.2 and DTLS 1.2 (RFC 5288, RFC 7905, RFC 5246 section 6.2.3.2) in one
/// direction.
///
/// For DTLS the sequence number is the epoch (16 bits) followed by the record's number (48 bits).
pub enum Tls12Record {
    /// With an AEAD.
    Aead {
        /// With its key.
        cipher: Cipher,
        /// The static nonce.
        iv: [u8; NONCE_LEN],
        /// Bytes of nonce that a record carries.
        explicit_nonce_len: usize,
    },
    /// With a MAC and a block cipher.
    Cbc(Box<Cbc>),
}

impl Tls12Record {
    /// Protection with a key of [`aead::Algorithm::key_len`] bytes.
    ///
    /// `iv` is the fixed part of the nonce, 12 bytes for ChaCha20-Poly1305 and 4 for AES-GCM.
    /// With AES-GCM eight more may follow: where the explicit part starts to count from.
    pub fn aead(algorithm: aead::Algorithm, key: &[u8], iv: &[u8]) -> Self {
        let mut whole = [0; NONCE_LEN];
        for (whole, iv) in whole.iter_mut().zip(iv) {
            *whole = *iv;
        }
        Self::Aead { cipher: algorithm.cipher(key), iv: whole, explicit_nonce_len: explicit_nonce_len(algorithm) }
    }

    /// Protection with keys of [`cbc::Algorithm::mac_len`] and [`cbc::Algorithm::key_len`] bytes.
    pub fn cbc(algorithm: cbc::Algorithm, mac_key: &[u8], key: &[u8]) -> Self {
        Self::Cbc(Box::new(Cbc::new(algorithm, mac_key, key)))
    }

    /// Protection with the parts of a key block: of a suite with an AEAD the key and the fixed part
    /// of the nonce, of another the key of the MAC and that of the cipher.
    pub fn new(protection: Protection, first: &[u8], second: &[u8]) -> Self {
        match protection {
            Protection::Aead(algorithm) => Self::aead(algorithm, first, second),
            Protection::Cbc(algorithm) => Self::cbc(algorithm, first, second),
        }
    }

    /// Bytes of the fragment with so many of plaintext.
    pub fn sealed_len(&self, plaintext_len: usize) -> usize {
        match self {
            Self::Aead { explicit_nonce_len, .. } => explicit_nonce_len + plaintext_len + TAG_LEN,
            Self::Cbc(cbc) => cbc.sealed_len(plaintext_len),
        }
    }

    /// Bytes that protection adds to a plaintext at most.
    pub fn overhead(&self) -> usize {
        match self {
            Self::Aead { .. } => self.sealed_len(0),
            // With no plaintext there may be less padding than with some.
            Self::Cbc(cbc) => cbc.sealed_len(0) + BLOCK_LEN,
        }
    }

    /// What goes in front of the plaintext that [`Self::seal`] encrypts under `seq`: of AES-GCM
    /// eight bytes of the nonce, of ChaCha20-Poly1305 nothing, of CBC an IV that nobody can
    /// predict.
    ///
    /// # Errors
    /// Without entropy.
    pub fn prefix(&self, seq: u64) -> Result<Prefix, GetRandomFailed> {
        match self {
            Self::Aead { iv, explicit_nonce_len: len, .. } => {
                let mut prefix = Prefix { bytes: [0; BLOCK_LEN], len: *len };
                prefix.bytes[..*len].copy_from_slice(&nonce(iv, seq)[NONCE_LEN - len..]);
                Ok(prefix)
            }
            Self::Cbc(_) => {
                let mut bytes = [0; BLOCK_LEN];
                random::fill(&mut bytes)?;
                Ok(Prefix { bytes, len: bytes.len() })
            }
        }
    }

    /// Encrypts `plaintext` in place: the fragment is `prefix`, it, and what is returned.
    pub fn seal(&self, prefix: &Prefix, seq: u64, content_type: u8, version: u16, plaintext: &mut [u8]) -> Suffix {
        let aad = tls12_aad(seq, content_type, version, plaintext.len());
        match self {
            Self::Aead { cipher, iv, .. } => Suffix::Tag(cipher.seal_in_place(&nonce(iv, seq), &aad, plaintext)),
            Self::Cbc(cbc) => Suffix::Trailer(cbc.seal(&prefix.bytes, &aad, plaintext)),
        }
    }

    /// Decrypts `fragment` in place and returns where in it the plaintext is.
    ///
    /// # Errors
    /// [`AuthenticationFailed`] when the record is too short or not authentic.
    pub fn open(&self, seq: u64, content_type: u8, version: u16, fragment: &mut [u8]) -> Result<Range<usize>, AuthenticationFailed> {
        let (cipher, iv, explicit_nonce_len) = match self {
            Self::Aead { cipher, iv, explicit_nonce_len } => (cipher, iv, *explicit_nonce_len),
            Self::Cbc(cbc) => return cbc.open(|len| tls12_aad(seq, content_type, version, len), fragment),
        };
        let (rest, tag) = fragment.split_last_chunk_mut::<TAG_LEN>().ok_or(AuthenticationFailed)?;
        let (explicit, ciphertext) = rest.split_at_mut_checked(explicit_nonce_len).ok_or(AuthenticationFailed)?;

        let mut nonce = nonce(iv, seq);
        if !explicit.is_empty() {
            let (_, tail) = nonce.split_at_mut(NONCE_LEN - explicit.len());
            tail.copy_from_slice(explicit);
        }
        let aad = tls12_aad(seq, content_type, version, ciphertext.len());
        cipher.open_in_place(&nonce, &aad, ciphertext, tag)?;
        Ok(explicit_nonce_len..explicit_nonce_len + ciphertext.len())
    }
}

/// The bytes in front of a TLS 1.2 ciphertext.
pub struct Prefix {
    bytes: [u8; BLOCK_LEN],
    len: usize,
}

impl AsRef<[u8]> for Prefix {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The bytes behind a TLS 1.2 ciphertext.
pub enum Suffix {
    /// An AEAD's.
    Tag([u8; TAG_LEN]),
    /// MAC and padding, encrypted.
    Trailer(Trailer),
}

impl AsRef<[u8]> for Suffix {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Tag(tag) => tag,
            Self::Trailer(trailer) => trailer.as_ref(),
        }
    }
}

/// Bytes of nonce that a TLS 1.2 record carries.
pub const fn explicit_nonce_len(algorithm: aead::Algorithm) -> usize {
    match algorithm {
        aead::Algorithm::ChaCha20Poly1305 => 0,
        aead::Algorithm::Aes128Gcm | aead::Algorithm::Aes256Gcm => 8,
    }
}

/// The static IV with the sequence number mixed in (RFC 8446 section 5.3, RFC 7905 section 2).
fn nonce(iv: &[u8; NONCE_LEN], seq: u64) -> [u8; NONCE_LEN] {
    let mut nonce = *iv;
    for (byte, seq) in nonce[4..].iter_mut().zip(seq.to_be_bytes()) {
        *byte ^= seq;
    }
    nonce
}

/// What records of TLS 1.3 claim to be: TLS 1.2.
const LEGACY_VERSION: u16 = 0x0303;

/// The outer record header: application data (RFC 8446 section 5.2).
fn tls13_aad(version: u16, fragment_len: usize) -> [u8; 5] {
    let [major, minor] = version.to_be_bytes();
    let [.., high, low] = fragment_len.to_be_bytes();
    [23, major, minor, high, low]
}

/// Sequence number, type, version, length of the plaintext (RFC 5246 section 6.2.3.3).
fn tls12_aad(seq: u64, content_type: u8, version: u16, plaintext_len: usize) -> [u8; 13] {
    let [s0, s1, s2, s3, s4, s5, s6, s7] = seq.to_be_bytes();
    let [v0, v1] = version.to_be_bytes();
    let [.., high, low] = plaintext_len.to_be_bytes();
    [s0, s1, s2, s3, s4, s5, s6, s7, content_type, v0, v1, high, low]
}
