//! The cores of the crate `ciphers`, and what its `cbc` makes of one of them, in a wasm module of
//! their own: tests, traced runs, and measurements.
//!
//! The module imports nothing, but for a clock with the feature `timing`. An export whose name
//! begins with `test: ` is a test, which traps when it fails; `message` and `message_len` then say
//! why. `tests/node/crypto-cores.test.js` and `benches/cores.js` drive it.

#![cfg(target_arch = "wasm32")]

extern crate alloc;

#[cfg(target_feature = "simd128")]
use ciphers::simd;
// As in the engine, these take the place of the cores where there are no vector instructions.
#[cfg(not(target_feature = "simd128"))]
use ciphers::rustcrypto as simd;

mod aead;
mod cbc;
mod differential;
mod forgeries;
mod random;
mod speed;
#[cfg(feature = "timing")]
mod timing;
mod trace;
mod vectors;

use std::sync::Mutex;

/// What a failed test says.
static MESSAGE: Mutex<String> = Mutex::new(String::new());

/// Has to be called before a test.
#[unsafe(no_mangle)]
pub extern "C" fn init() {
    std::panic::set_hook(Box::new(|info| {
        if let Ok(mut message) = MESSAGE.lock() {
            *message = info.to_string();
        }
    }));
}

/// Where the message is, in UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn message() -> *const u8 {
    MESSAGE.lock().map_or(std::ptr::null(), |message| message.as_ptr())
}

/// Bytes of the message.
#[unsafe(no_mangle)]
pub extern "C" fn message_len() -> usize {
    MESSAGE.lock().map_or(0, |message| message.len())
}
