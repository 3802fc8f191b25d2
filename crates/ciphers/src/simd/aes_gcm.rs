//! AES-GCM (NIST SP 800-38D) with 96-bit nonces: counter mode and GHASH, one pass over the data
//! each.

use super::aes::{Aes, BLOCKS, STRIDE, SlicedKey};
use super::ghash::GhashKey;
use super::vector::{Vector, wipe, xor};
use crate::parameters::{AuthenticationFailed, NONCE_LEN, TAG_LEN};

/// AES-GCM with 96-bit nonces (NIST SP 800-38D), with a 128-bit or a 256-bit key.
pub struct AesGcm {
    aes: Aes,
    ghash: GhashKey,
}

impl AesGcm {
    /// A cipher with a key of 16 or 32 bytes, which is wiped when the cipher is dropped.
    ///
    /// # Panics
    /// With a key of another length: keys come from key schedules, never from a peer.
    pub fn new(key: &[u8]) -> Self {
        assert!(matches!(key.len(), 16 | 32), "an AES-GCM key of 16 or 32 bytes");
        let aes = Aes::new(key);
        let mut h = [0; 16];
        let mut sliced = SlicedKey::new();
        aes.slice(&mut sliced);
        sliced.encrypt(Vector::ZERO, 0)[0].store(&mut h);
        let ghash = GhashKey::new(&h);
        wipe(&mut h, 0);
        Self { aes, ghash }
    }

    /// Encrypts `buf` in place and returns the tag. A nonce must not be used twice with one key.
    pub fn seal_in_place(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], buf: &mut [u8]) -> [u8; TAG_LEN] {
        let mut key = SlicedKey::new();
        self.aes.slice(&mut key);
        let stream = KeyStream::new(&key, nonce);
        stream.xor_into(buf);
        stream.mask(self.ghash.hash(aad, buf))
    }

    /// Decrypts `buf` in place when `tag` is right; the comparison takes constant time.
    ///
    /// # Errors
    /// [`AuthenticationFailed`] when it is not; `buf` is as it was then.
    pub fn open_in_place(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        buf: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), AuthenticationFailed> {
        let mut key = SlicedKey::new();
        self.aes.slice(&mut key);
        let stream = KeyStream::new(&key, nonce);
        let expected = stream.mask(self.ghash.hash(aad, buf));
        if !Vector::load(&expected).equals(Vector::load(tag)) {
            return Err(AuthenticationFailed);
        }
        stream.xor_into(buf);
        Ok(())
    }
}

/// The key stream of one message. Its blocks are numbered from 1 on, and number 1 masks the tag.
struct KeyStream<'k> {
    key: &'k SlicedKey,
    nonce: Vector,
    /// Blocks 0 to 7.
    first: [u8; STRIDE],
}

impl<'k> KeyStream<'k> {
    fn new(key: &'k SlicedKey, nonce: &[u8; NONCE_LEN]) -> Self {
        let mut block = [0; 16];
        block[..NONCE_LEN].copy_from_slice(nonce);
        let nonce = Vector::load(&block);
        let mut stream = Self { key, nonce, first: [0; STRIDE] };
        stream.first = stream.blocks(0);
        stream
    }

    fn mask(&self, mut hash: [u8; 16]) -> [u8; TAG_LEN] {
        xor(&mut hash, &self.first[16..]);
        hash
    }

    /// XORs the stream from block 2 on into `data`.
    fn xor_into(&self, data: &mut [u8]) {
        let (first, rest) = data.split_at_mut(data.len().min(STRIDE - 32));
        xor(first, &self.first[32..]);
        let mut counter = BLOCKS as u32;
        let (strides, rest) = rest.as_chunks_mut::<STRIDE>();
        for stride in strides {
            self.xor_stride(counter, stride);
            counter += BLOCKS as u32;
        }
        if !rest.is_empty() {
            let mut blocks = self.blocks(counter);
            xor(rest, &blocks);
            wipe(&mut blocks, 0);
        }
    }

    fn blocks(&self, counter: u32) -> [u8; STRIDE] {
        let mut blocks = [0; STRIDE];
        self.xor_stride(counter, &mut blocks);
        blocks
    }

    fn xor_stride(&self, counter: u32, stride: &mut [u8; STRIDE]) {
        let blocks = self.key.encrypt(self.nonce, counter);
        for (bytes, block) in stride.as_chunks_mut().0.iter_mut().zip(blocks) {
            block.xor_into(bytes);
        }
    }
}

impl Drop for KeyStream<'_> {
    fn drop(&mut self) {
        wipe(&mut self.first, 0);
    }
}
