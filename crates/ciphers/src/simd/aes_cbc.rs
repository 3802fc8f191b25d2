//! AES in CBC mode (NIST SP 800-38A): encrypts block by block, because each depends on the one
//! before, and decrypts eight at a time.

use super::aes::{Aes, BLOCKS, SlicedKey};
use super::vector::{Vector, unrolled};
use crate::parameters::BLOCK_LEN;

/// AES in CBC mode (NIST SP 800-38A), with a 128-bit or a 256-bit key.
pub struct AesCbc(Aes);

impl AesCbc {
    /// A cipher with a key of 16 or 32 bytes, which is wiped when the cipher is dropped.
    ///
    /// # Panics
    /// With a key of another length: keys come from key schedules, never from a peer.
    pub fn new(key: &[u8]) -> Self {
        assert!(matches!(key.len(), 16 | 32), "an AES key of 16 or 32 bytes");
        Self(Aes::new(key))
    }

    /// Encrypts whole blocks in place.
    pub fn encrypt(&self, iv: &[u8; BLOCK_LEN], blocks: &mut [[u8; BLOCK_LEN]]) {
        let mut key = SlicedKey::new();
        self.0.slice(&mut key);
        let mut previous = Vector::load(iv);
        for block in blocks {
            previous = key.encrypt_one(Vector::load(block) ^ previous);
            previous.store(block);
        }
    }

    /// Decrypts whole blocks in place.
    pub fn decrypt(&self, iv: &[u8; BLOCK_LEN], blocks: &mut [[u8; BLOCK_LEN]]) {
        let mut key = SlicedKey::new();
        self.0.slice(&mut key);
        let mut previous = Vector::load(iv);
        for stride in blocks.chunks_mut(BLOCKS) {
            let ciphertext = unrolled!(I in 0..8 => stride.get(I).map_or(Vector::ZERO, Vector::load));
            for (block, (plaintext, ciphertext)) in stride.iter_mut().zip(key.decrypt(ciphertext).into_iter().zip(ciphertext)) {
                (plaintext ^ previous).store(block);
                previous = ciphertext;
            }
        }
    }
}
