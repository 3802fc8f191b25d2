//! Poly1305 (RFC 8439 section 2.5) in radix 2^32, on 64-bit multiplications.

use core::hint::black_box;

use super::vector::wipe;

const LOW: u64 = 0xffff_ffff;

/// The authenticator of one message.
///
/// It can be copied so that a loop may keep it in registers; the owner of the last copy wipes it.
#[derive(Clone, Copy)]
pub(super) struct Poly1305 {
    /// The accumulator's limbs. Between blocks `h[0]` is below 2.25 * 2^32, `h[1]` to `h[3]` are
    /// below 2^32, `h[4]` below 4.
    h: [u64; 5],
    /// The first half of the key, clamped: every limb is below 2^28.
    r: [u64; 4],
    /// `s[i]` is `r[i]` * 5 / 4. A product with `r[i]` that would have the weight 2^128 or more
    /// wraps around to 5/4 of the product, because 2^130 is 5 modulo the prime; clamping has made
    /// `r[1]` to `r[3]` divisible by four.
    s: [u64; 4],
    /// The second half of the key.
    pad: [u64; 4],
}

impl Poly1305 {
    /// An authenticator with a key that no other message has.
    pub(super) fn new(key: &[u8; 32]) -> Self {
        let (r, pad) = key.split_at(16);
        let [r0, r1, r2, r3] = words(r.first_chunk().unwrap_or(&[0; 16]));
        let r = [r0 & 0x0fff_ffff, r1 & 0x0fff_fffc, r2 & 0x0fff_fffc, r3 & 0x0fff_fffc];
        Self { h: [0; 5], r, s: r.map(|r| r + (r >> 2)), pad: words(pad.first_chunk().unwrap_or(&[0; 16])) }
    }

    /// Takes in one whole block: `h = (h + block + 2^128) * r` modulo 2^130 - 5.
    #[inline(always)]
    pub(super) fn block(&mut self, block: &[u8; 16]) {
        let [r0, r1, r2, r3] = self.r;
        let [_, s1, s2, s3] = self.s;
        let [m0, m1, m2, m3] = words(block);
        let [h0, h1, h2, h3, h4] = self.h;
        let (h0, h1, h2, h3, h4) = (h0 + m0, h1 + m1, h2 + m2, h3 + m3, h4 + 1);

        // With the bounds above, every sum is below 0.8 * 2^64.
        let d0 = h0 * r0 + h1 * s3 + h2 * s2 + h3 * s1;
        let d1 = h0 * r1 + h1 * r0 + h2 * s3 + h3 * s2 + h4 * s1;
        let d2 = h0 * r2 + h1 * r1 + h2 * r0 + h3 * s3 + h4 * s2;
        let d3 = h0 * r3 + h1 * r2 + h2 * r1 + h3 * r0 + h4 * s3;

        let d1 = d1 + (d0 >> 32);
        let d2 = d2 + (d1 >> 32);
        let d3 = d3 + (d2 >> 32);
        let d4 = h4 * r0 + (d3 >> 32);
        // What exceeds 130 bits comes back at the bottom; the carry from there can wait for the
        // next block.
        self.h = [(d0 & LOW) + (d4 >> 2) * 5, d1 & LOW, d2 & LOW, d3 & LOW, d4 & 3];
    }

    /// Takes in bytes that are padded with zeroes to whole blocks, as the AEAD construction does.
    pub(super) fn padded(&mut self, bytes: &[u8]) {
        let (blocks, rest) = bytes.as_chunks();
        for block in blocks {
            self.block(block);
        }
        if !rest.is_empty() {
            let mut block = [0; 16];
            block[..rest.len()].copy_from_slice(rest);
            self.block(&block);
        }
    }

    /// The tag.
    pub(super) fn finish(mut self) -> [u8; 16] {
        carry(&mut self.h);
        self.h[0] += (self.h[4] >> 2) * 5;
        self.h[4] &= 3;
        carry(&mut self.h);

        // h - (2^130 - 5), which is h + 5 less its bit 130, replaces h where that bit says that h
        // is not below the prime.
        let mut reduced = self.h;
        reduced[0] += 5;
        carry(&mut reduced);
        let select = black_box((reduced[4] >> 2).wrapping_neg()); // opaque, or it might become a branch

        let mut sum = 0;
        let mut tag = [0; 16];
        for (i, bytes) in tag.as_chunks_mut().0.iter_mut().enumerate() {
            sum = (sum >> 32) + (self.h[i] ^ (select & (self.h[i] ^ reduced[i]))) + self.pad[i];
            *bytes = ((sum & LOW) as u32).to_le_bytes();
        }
        tag
    }

    /// Forgets the key and the accumulator.
    pub(super) fn wipe(&mut self) {
        wipe(&mut self.h, 0);
        wipe(&mut self.r, 0);
        wipe(&mut self.s, 0);
        wipe(&mut self.pad, 0);
    }
}

/// Makes all limbs but the last 32 bits wide.
fn carry(h: &mut [u64; 5]) {
    for i in 0..4 {
        h[i + 1] += h[i] >> 32;
        h[i] &= LOW;
    }
}

/// The four little-endian words of a block.
#[inline(always)]
fn words(block: &[u8; 16]) -> [u64; 4] {
    let b = block;
    [
        u32::from_le_bytes([b[0], b[1], b[2], b[3]]).into(),
        u32::from_le_bytes([b[4], b[5], b[6], b[7]]).into(),
        u32::from_le_bytes([b[8], b[9], b[10], b[11]]).into(),
        u32::from_le_bytes([b[12], b[13], b[14], b[15]]).into(),
    ]
}
