//! The ciphers by RustCrypto's crates, for machines without the vector instructions of wasm.

use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt};
use aes::{Aes128, Aes256};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use chacha20poly1305::aead::inout::InOutBuf;
use chacha20poly1305::consts::{U12, U16};
use chacha20poly1305::{AeadInOut, KeyInit};

use crate::parameters::{AuthenticationFailed, BLOCK_LEN, NONCE_LEN, TAG_LEN};

/// ChaCha20-Poly1305 (RFC 8439).
pub struct ChaCha20Poly1305(chacha20poly1305::ChaCha20Poly1305);

impl ChaCha20Poly1305 {
    /// A cipher with a 256-bit key. The key schedule is wiped when the cipher is dropped.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(chacha20poly1305::ChaCha20Poly1305::new(key.into()))
    }

    /// Encrypts `buf` in place and returns the tag. A nonce must not be used twice with one key.
    pub fn seal_in_place(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], buf: &mut [u8]) -> [u8; TAG_LEN] {
        seal(&self.0, nonce, aad, buf)
    }

    /// Decrypts `buf` in place when `tag` is right; the comparison takes constant time.
    ///
    /// # Errors
    /// [`AuthenticationFailed`] when it is not; `buf` holds no plaintext then.
    pub fn open_in_place(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        buf: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), AuthenticationFailed> {
        open(&self.0, nonce, aad, buf, tag)
    }
}

/// AES-GCM with 96-bit nonces (NIST SP 800-38D), with a 128-bit or a 256-bit key.
pub enum AesGcm {
    /// AES-128-GCM.
    Aes128(Aes128Gcm),
    /// AES-256-GCM.
    Aes256(Aes256Gcm),
}

impl AesGcm {
    /// A cipher with a key of 16 or 32 bytes. The key schedule is wiped when the cipher is
    /// dropped.
    ///
    /// # Panics
    /// With a key of another length: keys come from key schedules, never from a peer.
    pub fn new(key: &[u8]) -> Self {
        if let Ok(key) = <&[u8; 16]>::try_from(key) {
            return Self::Aes128(Aes128Gcm::new(key.into()));
        }
        let key: &[u8; 32] = key.try_into().expect("an AES-GCM key of 16 or 32 bytes");
        Self::Aes256(Aes256Gcm::new(key.into()))
    }

    /// Encrypts `buf` in place and returns the tag. A nonce must not be used twice with one key.
    pub fn seal_in_place(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], buf: &mut [u8]) -> [u8; TAG_LEN] {
        match self {
            Self::Aes128(aes) => seal(aes, nonce, aad, buf),
            Self::Aes256(aes) => seal(aes, nonce, aad, buf),
        }
    }

    /// Decrypts `buf` in place when `tag` is right; the comparison takes constant time.
    ///
    /// # Errors
    /// [`AuthenticationFailed`] when it is not; `buf` holds no plaintext then.
    pub fn open_in_place(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        buf: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), AuthenticationFailed> {
        match self {
            Self::Aes128(aes) => open(aes, nonce, aad, buf, tag),
            Self::Aes256(aes) => open(aes, nonce, aad, buf, tag),
        }
    }
}

/// AES in CBC mode (NIST SP 800-38A), with a 128-bit or a 256-bit key.
pub enum AesCbc {
    /// AES-128-CBC.
    Aes128(Aes128),
    /// AES-256-CBC.
    Aes256(Aes256),
}

impl AesCbc {
    /// A cipher with a key of 16 or 32 bytes. The key schedule is wiped when the cipher is
    /// dropped.
    ///
    /// # Panics
    /// With a key of another length: keys come from key schedules, never from a peer.
    pub fn new(key: &[u8]) -> Self {
        if let Ok(key) = <&[u8; 16]>::try_from(key) {
            return Self::Aes128(Aes128::new(key.into()));
        }
        let key: &[u8; 32] = key.try_into().expect("an AES key of 16 or 32 bytes");
        Self::Aes256(Aes256::new(key.into()))
    }

    /// Encrypts whole blocks in place.
    pub fn encrypt(&self, iv: &[u8; BLOCK_LEN], blocks: &mut [[u8; BLOCK_LEN]]) {
        match self {
            Self::Aes128(aes) => encrypt_blocks(aes, iv, blocks),
            Self::Aes256(aes) => encrypt_blocks(aes, iv, blocks),
        }
    }

    /// Decrypts whole blocks in place.
    pub fn decrypt(&self, iv: &[u8; BLOCK_LEN], blocks: &mut [[u8; BLOCK_LEN]]) {
        match self {
            Self::Aes128(aes) => decrypt_blocks(aes, iv, blocks),
            Self::Aes256(aes) => decrypt_blocks(aes, iv, blocks),
        }
    }
}

fn seal<A>(aead: &A, nonce: &[u8; NONCE_LEN], aad: &[u8], buf: &mut [u8]) -> [u8; TAG_LEN]
where
    A: AeadInOut<NonceSize = U12, TagSize = U16>,
{
    match aead.encrypt_inout_detached(nonce.into(), aad, InOutBuf::from(&mut *buf)) {
        Ok(tag) => tag.into(),
        // Only more than 64 GiB can fail, which no record has: let no plaintext out even then.
        Err(_) => {
            buf.fill(0);
            [0; TAG_LEN]
        }
    }
}

fn open<A>(aead: &A, nonce: &[u8; NONCE_LEN], aad: &[u8], buf: &mut [u8], tag: &[u8; TAG_LEN]) -> Result<(), AuthenticationFailed>
where
    A: AeadInOut<NonceSize = U12, TagSize = U16>,
{
    aead.decrypt_inout_detached(nonce.into(), aad, InOutBuf::from(buf), tag.into()).map_err(|_| AuthenticationFailed)
}

fn encrypt_blocks(aes: &impl BlockCipherEncrypt<BlockSize = U16>, iv: &[u8; BLOCK_LEN], blocks: &mut [[u8; BLOCK_LEN]]) {
    let mut previous = *iv;
    for block in blocks {
        xor(block, &previous);
        aes.encrypt_block(block.into());
        previous = *block;
    }
}

fn decrypt_blocks(aes: &impl BlockCipherDecrypt<BlockSize = U16>, iv: &[u8; BLOCK_LEN], blocks: &mut [[u8; BLOCK_LEN]]) {
    let mut previous = *iv;
    for stride in blocks.chunks_mut(8) {
        let mut ciphertext = [[0; BLOCK_LEN]; 8];
        ciphertext[..stride.len()].copy_from_slice(stride);
        aes.decrypt_blocks(Array::cast_slice_from_core_mut(stride));
        for (block, ciphertext) in stride.iter_mut().zip(ciphertext) {
            xor(block, &previous);
            previous = ciphertext;
        }
    }
}

fn xor(block: &mut [u8; BLOCK_LEN], other: &[u8; BLOCK_LEN]) {
    block.iter_mut().zip(other).for_each(|(byte, other)| *byte ^= other);
}
