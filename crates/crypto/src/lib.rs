//! The cryptography behind TLS and DTLS: a rustls `CryptoProvider` over the RustCrypto crates.
//!
//! | file | what |
//! |---|---|
//! | `record.rs` | how records use the ciphers of the crate `ciphers`, in TLS 1.3, TLS 1.2 and DTLS 1.2 |
//! | `adapters.rs` | the same behind rustls' traits |
//! | `hash.rs` | SHA-2 and HMAC, from which rustls makes HKDF and the PRF |
//! | `kx.rs`, `hybrid.rs` | key exchange, classical and hybrid with ML-KEM |
//! | `groups.rs` | the groups of both |
//! | `key_share.rs` | a client's key share, prepared while its connection is being opened |
//! | `sign.rs`, `verify.rs` | signatures |
//! | `suites.rs` | the cipher suites |
//! | `points.rs` | which bytes are a point of a curve |
//! | `random.rs` | entropy |
//! | `bypass.rs` | what rustls does not pass on between records and a connection |

#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

pub mod bypass;
pub mod groups;
pub mod hash;
pub mod key_share;
pub mod kx;
pub mod points;
pub mod random;
pub mod record;
pub mod sign;
pub mod suites;
pub mod verify;

mod adapters;
mod hybrid;
#[cfg(test)]
mod tests;

use rustls::crypto::CryptoProvider;

pub use ciphers::{aead, cbc};
pub use verify::SIGNATURE_ALGORITHMS;

/// All the cryptography that rustls needs.
///
/// ChaCha20-Poly1305 comes first because WebAssembly has no AES instructions, and
/// X25519MLKEM768 is the first key exchange, with an X25519 share beside it for servers that do
/// not know it.
#[must_use]
pub fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: suites::DEFAULT_CIPHER_SUITES.to_vec(),
        kx_groups: groups::ALL_KX_GROUPS.to_vec(),
        signature_verification_algorithms: SIGNATURE_ALGORITHMS,
        secure_random: &random::Entropy,
        key_provider: &sign::Keys,
    }
}
