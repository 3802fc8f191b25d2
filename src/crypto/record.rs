//! How TLS and DTLS records use an AEAD: nonces, associated data, what surrounds the ciphertext.

use core::ops::Range;

use super::aead::{Algorithm, AuthenticationFailed, Cipher, NONCE_LEN, TAG_LEN};

/// Record protection of TLS 1.3 (RFC 8446 section 5.2) in one direction.
pub(crate) struct Tls13Record {
    cipher: Cipher,
    iv: [u8; NONCE_LEN],
}

impl Tls13Record {
    /// Bytes that protection adds to a `TLSInnerPlaintext`.
    pub(crate) const OVERHEAD: usize = TAG_LEN;

    /// Protection with a key of [`Algorithm::key_len`] bytes.
    pub(crate) fn new(algorithm: Algorithm, key: &[u8], iv: [u8; NONCE_LEN]) -> Self {
        Self { cipher: algorithm.cipher(key), iv }
    }

    /// Encrypts a `TLSInnerPlaintext` in place and returns the tag that follows it.
    pub(crate) fn seal(&self, seq: u64, inner: &mut [u8]) -> [u8; TAG_LEN] {
        let aad = tls13_aad(inner.len() + TAG_LEN);
        self.cipher.seal_in_place(&nonce(&self.iv, seq), &aad, inner)
    }

    /// Decrypts `fragment` in place and returns the length of the `TLSInnerPlaintext`, which is
    /// at its start.
    ///
    /// # Errors
    /// [`AuthenticationFailed`] when the record is too short or not authentic.
    pub(crate) fn open(&self, seq: u64, fragment: &mut [u8]) -> Result<usize, AuthenticationFailed> {
        let aad = tls13_aad(fragment.len());
        let (inner, tag) = fragment.split_last_chunk_mut::<TAG_LEN>().ok_or(AuthenticationFailed)?;
        self.cipher.open_in_place(&nonce(&self.iv, seq), &aad, inner, tag)?;
        Ok(inner.len())
    }
}

/// Record protection of TLS 1.2 and DTLS 1.2 (RFC 5288, RFC 7905) in one direction.
///
/// For DTLS the sequence number is the epoch (16 bits) followed by the record's number (48 bits).
pub(crate) struct Tls12Record {
    cipher: Cipher,
    iv: [u8; NONCE_LEN],
    explicit_nonce_len: usize,
}

impl Tls12Record {
    /// Protection with a key of [`Algorithm::key_len`] bytes.
    ///
    /// `iv` is the fixed part of the nonce, 12 bytes for ChaCha20-Poly1305 and 4 for AES-GCM.
    /// With AES-GCM eight more may follow: where the explicit part starts to count from.
    pub(crate) fn new(algorithm: Algorithm, key: &[u8], iv: &[u8]) -> Self {
        let mut whole = [0; NONCE_LEN];
        for (whole, iv) in whole.iter_mut().zip(iv) {
            *whole = *iv;
        }
        Self { cipher: algorithm.cipher(key), iv: whole, explicit_nonce_len: explicit_nonce_len(algorithm) }
    }

    /// Bytes that protection adds to a plaintext.
    pub(crate) fn overhead(&self) -> usize {
        self.explicit_nonce_len + TAG_LEN
    }

    /// Encrypts `plaintext` in place: the fragment is the explicit nonce, it, and the tag.
    ///
    /// The explicit nonce has no bytes with ChaCha20-Poly1305 and eight with AES-GCM.
    pub(crate) fn seal(&self, seq: u64, content_type: u8, version: u16, plaintext: &mut [u8]) -> [u8; TAG_LEN] {
        let aad = tls12_aad(seq, content_type, version, plaintext.len());
        self.cipher.seal_in_place(&nonce(&self.iv, seq), &aad, plaintext)
    }

    /// The explicit nonce that goes in front of what [`Self::seal`] encrypts under `seq`.
    pub(crate) fn explicit_nonce(&self, seq: u64) -> ExplicitNonce {
        ExplicitNonce { nonce: nonce(&self.iv, seq), len: self.explicit_nonce_len }
    }

    /// Decrypts `fragment` in place and returns where in it the plaintext is.
    ///
    /// # Errors
    /// [`AuthenticationFailed`] when the record is too short or not authentic.
    pub(crate) fn open(&self, seq: u64, content_type: u8, version: u16, fragment: &mut [u8]) -> Result<Range<usize>, AuthenticationFailed> {
        let (rest, tag) = fragment.split_last_chunk_mut::<TAG_LEN>().ok_or(AuthenticationFailed)?;
        let (explicit, ciphertext) = rest.split_at_mut_checked(self.explicit_nonce_len).ok_or(AuthenticationFailed)?;

        let mut nonce = nonce(&self.iv, seq);
        if !explicit.is_empty() {
            let (_, tail) = nonce.split_at_mut(NONCE_LEN - explicit.len());
            tail.copy_from_slice(explicit);
        }
        let aad = tls12_aad(seq, content_type, version, ciphertext.len());
        self.cipher.open_in_place(&nonce, &aad, ciphertext, tag)?;
        Ok(self.explicit_nonce_len..self.explicit_nonce_len + ciphertext.len())
    }
}

/// The bytes in front of a TLS 1.2 ciphertext.
pub(crate) struct ExplicitNonce {
    nonce: [u8; NONCE_LEN],
    len: usize,
}

impl AsRef<[u8]> for ExplicitNonce {
    fn as_ref(&self) -> &[u8] {
        &self.nonce[NONCE_LEN - self.len..]
    }
}

/// Bytes of nonce that a TLS 1.2 record carries.
pub(crate) const fn explicit_nonce_len(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::ChaCha20Poly1305 => 0,
        Algorithm::Aes128Gcm | Algorithm::Aes256Gcm => 8,
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

/// The outer record header, which claims to be TLS 1.2 application data (RFC 8446 section 5.2).
fn tls13_aad(fragment_len: usize) -> [u8; 5] {
    let [.., high, low] = fragment_len.to_be_bytes();
    [23, 3, 3, high, low]
}

/// Sequence number, type, version, length of the plaintext (RFC 5246 section 6.2.3.3).
fn tls12_aad(seq: u64, content_type: u8, version: u16, plaintext_len: usize) -> [u8; 13] {
    let [s0, s1, s2, s3, s4, s5, s6, s7] = seq.to_be_bytes();
    let [v0, v1] = version.to_be_bytes();
    let [.., high, low] = plaintext_len.to_be_bytes();
    [s0, s1, s2, s3, s4, s5, s6, s7, content_type, v0, v1, high, low]
}
