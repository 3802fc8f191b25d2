//! Runs whose branches and addresses are traced.
//!
//! `tests/support/trace-wasm.js` rewrites the module such that it calls `trace_event` with every
//! address, every condition and every divisor before use. A run with another key, nonce, plaintext
//! and associated data of the same lengths must give the same trace.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use crate::aead::ALGORITHMS;
use crate::random::Random;

static ON: AtomicBool = AtomicBool::new(false);
static COUNT: AtomicU32 = AtomicU32::new(0);
static HASH: AtomicU32 = AtomicU32::new(0);

/// Takes in a value that an observer might learn, and returns it.
#[unsafe(no_mangle)]
pub extern "C" fn trace_event(value: u32) -> u32 {
    if ON.load(Relaxed) {
        COUNT.store(COUNT.load(Relaxed).wrapping_add(1), Relaxed);
        HASH.store((HASH.load(Relaxed) ^ value).wrapping_mul(0x9e37_79b1).rotate_left(13), Relaxed);
    }
    value
}

/// How many values there were.
#[unsafe(no_mangle)]
pub extern "C" fn trace_count() -> u32 {
    COUNT.load(Relaxed)
}

/// A hash of all of them.
#[unsafe(no_mangle)]
pub extern "C" fn trace_hash() -> u32 {
    HASH.load(Relaxed)
}

/// Expands a key, seals a message, opens it, and opens it again with a wrong tag.
#[unsafe(no_mangle)]
pub extern "C" fn trace_message(algorithm: usize, len: usize, aad_len: usize, seed: u32) {
    let mut random = Random(seed.into());
    let algorithm = &ALGORITHMS[algorithm];
    let (key, nonce, aad, mut buf) = (random.bytes(algorithm.key_len), random.nonce(), random.bytes(aad_len), random.bytes(len));
    let (opened, refused) = traced(|| {
        let cipher = (algorithm.simd)(&key);
        let mut tag = cipher.seal(&nonce, &aad, &mut buf);
        let opened = cipher.open(&nonce, &aad, &mut buf, &tag);
        tag[3] ^= 1;
        (opened, cipher.open(&nonce, &aad, &mut buf, &tag))
    });
    assert!(opened.is_ok() && refused.is_err());
}

/// Runs `f`, and nothing else, with the trace on.
pub fn traced<T>(f: impl FnOnce() -> T) -> T {
    ON.store(true, Relaxed);
    let result = f();
    ON.store(false, Relaxed);
    result
}

/// What a trace has to tell apart: a table that is indexed by a secret.
#[unsafe(no_mangle)]
pub extern "C" fn trace_leaky_address(seed: u32) {
    let table = black_box([7u8; 256]);
    let secret = Random(seed.into()).below(256);
    ON.store(true, Relaxed);
    black_box(table[black_box(secret)]);
    ON.store(false, Relaxed);
}

/// What a trace has to tell apart: a branch on a secret.
#[unsafe(no_mangle)]
pub extern "C" fn trace_leaky_branch(seed: u32) {
    let secret = Random(seed.into()).next();
    ON.store(true, Relaxed);
    if black_box(secret) & 1 == 0 {
        black_box(secret);
    }
    ON.store(false, Relaxed);
}
