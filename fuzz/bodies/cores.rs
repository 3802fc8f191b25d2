//! The crypto cores against RustCrypto's crates: the same ciphertext and tag, the same plaintext
//! back, and no forgery taken.
//!
//! The cores are written in vector instructions of wasm; the feature `emulated` has these on the
//! machine that fuzzes, so that the fuzzer sees their branches, and every overflow and every index
//! out of bounds is found. What a compiler makes of them in wasm is for
//! `tests/node/crypto-cores.test.js` to say.

use ciphers::parameters::AuthenticationFailed;
use ciphers::{rustcrypto, simd};

pub(crate) fn run(input: &[u8]) {
    let mut input = Input(input);
    let [what, aad_len, offset, flip, at_low, at_high] = input.take();
    let key: [u8; 32] = input.take();
    let nonce = input.take();
    let (aad, message) = input.0.split_at(input.0.len().min(aad_len.into()));
    let short_key = &key[..16];
    let task = Task { nonce, aad, message, offset: usize::from(offset % 16), flip, at: u16::from_le_bytes([at_low, at_high]).into() };
    match what % 5 {
        0 => compare!(task, simd::ChaCha20Poly1305::new(&key), rustcrypto::ChaCha20Poly1305::new(&key)),
        1 => compare!(task, simd::AesGcm::new(short_key), rustcrypto::AesGcm::new(short_key)),
        2 => compare!(task, simd::AesGcm::new(&key), rustcrypto::AesGcm::new(&key)),
        3 => compare_cbc(&task, short_key),
        _ => compare_cbc(&task, &key),
    }
}

struct Input<'a>(&'a [u8]);

impl Input<'_> {
    /// The next bytes, with zeros behind the end.
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (taken, rest) = self.0.split_at(self.0.len().min(N));
        self.0 = rest;
        std::array::from_fn(|i| taken.get(i).copied().unwrap_or(0))
    }
}

struct Task<'a> {
    nonce: [u8; 12],
    aad: &'a [u8],
    message: &'a [u8],
    /// Where the message begins, after an address that is divisible by 16.
    offset: usize,
    /// What is changed of a byte of the message or of the tag.
    flip: u8,
    at: usize,
}

macro_rules! compare {
    ($task:expr, $ours:expr, $theirs:expr) => {{
        let (task, ours, theirs) = ($task, $ours, $theirs);
        let mut memory = vec![0; task.message.len() + 32];
        let start = memory.as_ptr().align_offset(16) + task.offset;
        let buf = &mut memory[start..start + task.message.len()];
        buf.copy_from_slice(task.message);
        let mut expected = task.message.to_vec();

        let tag = ours.seal_in_place(&task.nonce, task.aad, buf);
        assert_eq!(tag, theirs.seal_in_place(&task.nonce, task.aad, &mut expected));
        assert_eq!(buf, expected);
        assert_eq!(ours.open_in_place(&task.nonce, task.aad, buf, &tag), Ok(()));
        assert_eq!(buf, task.message);

        let mut forged = tag;
        let flip = task.flip.max(1);
        buf.copy_from_slice(&expected);
        let at = task.at % (buf.len() + forged.len());
        match buf.get_mut(at) {
            Some(byte) => *byte ^= flip,
            None => forged[at - buf.len()] ^= flip,
        }
        assert_eq!(ours.open_in_place(&task.nonce, task.aad, buf, &forged), Err(AuthenticationFailed));
    }};
}
use compare;

fn compare_cbc(task: &Task, key: &[u8]) {
    let iv = std::array::from_fn(|i| task.nonce.get(i).copied().unwrap_or(task.flip));
    let blocks = task.message.as_chunks().0;
    let mut ours = blocks.to_vec();
    let mut theirs = blocks.to_vec();
    simd::AesCbc::new(key).encrypt(&iv, &mut ours);
    rustcrypto::AesCbc::new(key).encrypt(&iv, &mut theirs);
    assert_eq!(ours, theirs);
    simd::AesCbc::new(key).decrypt(&iv, &mut ours);
    assert_eq!(ours, blocks);
}
