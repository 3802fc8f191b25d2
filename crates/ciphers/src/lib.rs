//! The ciphers of TLS and DTLS records.
//!
//! | file | what |
//! |---|---|
//! | `aead.rs` | ChaCha20-Poly1305 and AES-GCM, in place |
//! | `cbc/` | the legacy suites' MAC and AES-CBC |
//! | `simd/`, `rustcrypto.rs` | the two implementations: for wasm with vector instructions, and for the rest |
//! | `parameters.rs` | the lengths that they share, and their one error |

#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

pub mod aead;
pub mod cbc;
pub mod parameters;
pub mod rustcrypto;
#[cfg(any(feature = "emulated", all(target_arch = "wasm32", target_feature = "simd128")))]
pub mod simd;

#[cfg(test)]
mod tests;
