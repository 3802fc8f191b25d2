//! ChaCha20-Poly1305 (RFC 8439 section 2.8).
//!
//! Cipher and authenticator run interleaved: while the vector units make 256 bytes of key stream,
//! the scalar units authenticate ciphertext. When sealing that is what was encrypted before; when
//! opening it is what will be decrypted next.

use core::ops::Range;
use core::slice;

use super::chacha20::{ChaCha20, Meanwhile, STRIDE};
use super::poly1305::Poly1305;
use super::vector::{Vector, wipe, xor};
use crate::parameters::{AuthenticationFailed, NONCE_LEN, TAG_LEN};

/// Bytes of the first four blocks that are key stream of the message: block 0 makes the
/// authenticator's key.
const FIRST: usize = STRIDE - 64;

/// ChaCha20-Poly1305 (RFC 8439).
pub struct ChaCha20Poly1305 {
    key: [u8; 32],
}

impl ChaCha20Poly1305 {
    /// A cipher with a 256-bit key, which is wiped when the cipher is dropped.
    pub fn new(key: &[u8; 32]) -> Self {
        Self { key: *key }
    }

    /// Encrypts `buf` in place and returns the tag. A nonce must not be used twice with one key.
    pub fn seal_in_place(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], buf: &mut [u8]) -> [u8; TAG_LEN] {
        let mut message = Message::new(&self.key, nonce, aad);
        message.xor_first(buf);
        let mut encrypted = FIRST.min(buf.len());
        let mut authenticated = 0;
        while encrypted < buf.len() {
            message.step(buf, encrypted, authenticated..encrypted);
            authenticated = encrypted;
            encrypted += STRIDE;
        }
        message.mac.padded(&buf[authenticated..]);
        message.tag(aad.len(), buf.len())
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
        let mut message = Message::new(&self.key, nonce, aad);
        let mut decrypted = FIRST.min(buf.len());
        let mut authenticated = 0;
        while decrypted < buf.len() {
            let end = buf.len().min(decrypted + STRIDE);
            message.step(buf, decrypted, authenticated..end);
            authenticated = end;
            decrypted = end;
        }
        message.mac.padded(&buf[authenticated..]);
        // The first bytes wait until here: nothing of a short forgery is ever decrypted.
        message.xor_first(buf);
        if Vector::load(&message.tag(aad.len(), buf.len())).equals(Vector::load(tag)) {
            Ok(())
        } else {
            buf.fill(0);
            Err(AuthenticationFailed)
        }
    }
}

impl Drop for ChaCha20Poly1305 {
    fn drop(&mut self) {
        wipe(&mut self.key, 0);
    }
}

/// The state of one message.
struct Message {
    cipher: ChaCha20,
    mac: Poly1305,
    /// The first four blocks of key stream.
    first: [u8; STRIDE],
}

impl Message {
    fn new(key: &[u8; 32], nonce: &[u8; NONCE_LEN], aad: &[u8]) -> Self {
        let mut cipher = ChaCha20::new(key, nonce);
        let first = cipher.next(&mut ()).bytes();
        let mut mac = Poly1305::new(first.first_chunk().unwrap_or(&[0; 32]));
        mac.padded(aad);
        Self { cipher, mac, first }
    }

    /// XORs the beginning of the key stream into the beginning of `buf`.
    fn xor_first(&self, buf: &mut [u8]) {
        let len = FIRST.min(buf.len());
        xor(&mut buf[..len], &self.first[64..]);
    }

    /// XORs the next 256 bytes of key stream into `buf` from `at` on, after authenticating the
    /// range.
    ///
    /// The range ends at a multiple of sixteen, or with `buf`.
    fn step(&mut self, buf: &mut [u8], at: usize, authenticate: Range<usize>) {
        let ciphertext = &buf[authenticate];
        let mut authentication = Authentication { mac: self.mac, blocks: ciphertext.as_chunks().0.iter() };
        let stream = self.cipher.next(&mut authentication);
        self.mac = authentication.mac;
        let left = 16 * authentication.blocks.len() + ciphertext.len() % 16;
        self.mac.padded(&ciphertext[ciphertext.len() - left..]);
        let buf = &mut buf[at..];
        match buf.first_chunk_mut() {
            Some(chunk) => stream.xor_into(chunk),
            None => {
                let mut bytes = stream.bytes();
                xor(buf, &bytes);
                wipe(&mut bytes, 0);
            }
        }
    }

    /// The tag, after all of the message.
    fn tag(&mut self, aad_len: usize, len: usize) -> [u8; TAG_LEN] {
        let mut lengths = [0; 16];
        lengths[..8].copy_from_slice(&(aad_len as u64).to_le_bytes());
        lengths[8..].copy_from_slice(&(len as u64).to_le_bytes());
        self.mac.block(&lengths);
        self.mac.finish()
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        wipe(&mut self.first, 0);
        self.mac.wipe();
    }
}

/// A block at each turn, as long as there are some.
struct Authentication<'b> {
    mac: Poly1305,
    blocks: slice::Iter<'b, [u8; 16]>,
}

impl Meanwhile for Authentication<'_> {
    #[inline(always)]
    fn turn(&mut self) {
        if let Some(block) = self.blocks.next() {
            self.mac.block(block);
        }
    }
}
