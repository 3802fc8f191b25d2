//! The AEAD ciphers of TLS, in place and with the tag apart (RFC 8439, NIST SP 800-38D).
//!
//! In wasm with vector instructions they are our own, elsewhere RustCrypto's.
//!
//! The record format is not here: `record.rs` of the crate `crypto` has it, for TLS and DTLS.

use alloc::boxed::Box;

use zeroize::Zeroize;

use crate::parameters::{AuthenticationFailed, NONCE_LEN, TAG_LEN};
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
use crate::rustcrypto::{AesGcm, ChaCha20Poly1305};
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use crate::simd::{AesGcm, ChaCha20Poly1305};

/// Which AEAD a cipher suite uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// ChaCha20-Poly1305.
    ChaCha20Poly1305,
    /// AES-128-GCM.
    Aes128Gcm,
    /// AES-256-GCM.
    Aes256Gcm,
}

impl Algorithm {
    /// Bytes of a key.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Aes128Gcm => 16,
            Self::ChaCha20Poly1305 | Self::Aes256Gcm => 32,
        }
    }

    /// The cipher with `key`, which has [`Self::key_len`] bytes.
    pub fn cipher(self, key: &[u8]) -> Cipher {
        match self {
            Self::ChaCha20Poly1305 => {
                let mut whole = [0; 32];
                whole.copy_from_slice(key);
                let cipher = ChaCha20Poly1305::new(&whole);
                whole.zeroize();
                Cipher::ChaCha20Poly1305(cipher)
            }
            Self::Aes128Gcm | Self::Aes256Gcm => Cipher::AesGcm(Box::new(AesGcm::new(key))),
        }
    }
}

/// Whichever AEAD a connection has agreed on.
pub enum Cipher {
    /// ChaCha20-Poly1305.
    ChaCha20Poly1305(ChaCha20Poly1305),
    /// AES-GCM of either key length; apart, because its key schedule is twenty times as large.
    AesGcm(Box<AesGcm>),
}

impl Cipher {
    /// See [`ChaCha20Poly1305::seal_in_place`].
    pub fn seal_in_place(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], buf: &mut [u8]) -> [u8; TAG_LEN] {
        match self {
            Self::ChaCha20Poly1305(cipher) => cipher.seal_in_place(nonce, aad, buf),
            Self::AesGcm(cipher) => cipher.seal_in_place(nonce, aad, buf),
        }
    }

    /// See [`ChaCha20Poly1305::open_in_place`].
    ///
    /// # Errors
    /// [`AuthenticationFailed`] when the tag is wrong.
    pub fn open_in_place(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        buf: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), AuthenticationFailed> {
        match self {
            Self::ChaCha20Poly1305(cipher) => cipher.open_in_place(nonce, aad, buf, tag),
            Self::AesGcm(cipher) => cipher.open_in_place(nonce, aad, buf, tag),
        }
    }
}
