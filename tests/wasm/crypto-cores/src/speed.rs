//! Work to be timed from outside.

use std::sync::Mutex;

use crate::aead::{ALGORITHMS, Aead};
use crate::random::Random;

/// A cipher, a message sealed by it, and room to work in.
struct Work {
    cipher: Box<dyn Aead>,
    message: Vec<u8>,
    tag: [u8; 16],
    buf: Vec<u8>,
}

static WORK: Mutex<Option<Work>> = Mutex::new(None);

const NONCE: [u8; 12] = [1; 12];

/// As many as a TLS 1.2 record has.
const AAD: [u8; 13] = [2; 13];

/// How many ciphers there are.
#[unsafe(no_mangle)]
pub extern "C" fn algorithms() -> usize {
    ALGORITHMS.len()
}

/// Where the name of a cipher is.
#[unsafe(no_mangle)]
pub extern "C" fn name(algorithm: usize) -> *const u8 {
    ALGORITHMS[algorithm].name.as_ptr()
}

/// Bytes of the name.
#[unsafe(no_mangle)]
pub extern "C" fn name_len(algorithm: usize) -> usize {
    ALGORITHMS[algorithm].name.len()
}

/// Sets up the work: the cores, or RustCrypto, with a key and a message from `seed`.
#[unsafe(no_mangle)]
pub extern "C" fn prepare(algorithm: usize, rustcrypto: bool, len: usize, seed: u32) {
    let mut random = Random(seed.into());
    let algorithm = &ALGORITHMS[algorithm];
    let key = random.bytes(algorithm.key_len);
    let cipher = if rustcrypto { (algorithm.rustcrypto)(&key) } else { (algorithm.simd)(&key) };
    let mut buf = random.bytes(len);
    let tag = cipher.seal(&NONCE, &AAD, &mut buf);
    // Two buffers a multiple of 4096 bytes apart would slow down the processor, not the cores.
    let mut message = Vec::with_capacity(len + 1000);
    message.extend_from_slice(&buf);
    *WORK.lock().unwrap() = Some(Work { cipher, message, tag, buf });
}

/// Seals `count` times.
#[unsafe(no_mangle)]
pub extern "C" fn seal(count: usize) {
    if let Some(work) = WORK.lock().unwrap().as_mut() {
        for _ in 0..count {
            std::hint::black_box(work.cipher.seal(&NONCE, &AAD, &mut work.buf));
        }
    }
}

/// Copies the sealed message and opens it, `count` times.
#[unsafe(no_mangle)]
pub extern "C" fn open(count: usize) {
    if let Some(work) = WORK.lock().unwrap().as_mut() {
        for _ in 0..count {
            work.buf.copy_from_slice(&work.message);
            work.cipher.open(&NONCE, &AAD, &mut work.buf, &work.tag).unwrap();
        }
    }
}
