//! ChaCha20-Poly1305 and AES-GCM in the vector instructions of wasm.
//!
//! | file | what |
//! |---|---|
//! | `chacha20_poly1305.rs` | the AEAD of RFC 8439, cipher and authenticator interleaved |
//! | `chacha20.rs` | four blocks in parallel, a vector for each word of the state |
//! | `poly1305.rs` | radix 2^32, on scalar 64-bit multiplications |
//! | `aes_gcm.rs` | the AEAD of NIST SP 800-38D |
//! | `aes.rs`, `aes_sbox.rs` | AES in counter mode, eight blocks bitsliced into eight vectors |
//! | `ghash.rs` | GHASH: vectors for sixteen blocks at a time, scalars for what remains |
//! | `gf128_lanes.rs` | sixteen field elements in sixteen vectors, times a constant |
//! | `gf128.rs` | sums of products of field elements in scalar arithmetic |
//! | `vector.rs` | the vector type |
//!
//! **Constant time.** No branch and no address depends on a key, a plaintext or anything computed from them: the S-box is a
//! circuit, tables are vectors that are looked up by a swizzle, tags are compared as a whole. Whether the engine keeps
//! its instructions constant-time is not for a wasm module to decide; those used here are on all common processors.
//! `tests/node/crypto-cores.test.js` compares the traces of branches and addresses for different secrets.
//!
//! **Size and speed.** The crate is compiled for size, and Rust has no stable way to compile a function otherwise. What has to be
//! fast is therefore written such that there is nothing left to decide: inlined by attribute, unrolled by macro. Measured, it
//! is as fast at opt-level "s" as at 3.
//!
//! **Wiping.** Keys and what is derived from them is zeroed in memory when it is no longer needed. What an engine leaves in
//! registers and on its own stack is out of reach.

mod aes;
mod aes_gcm;
mod aes_sbox;
mod chacha20;
mod chacha20_poly1305;
mod gf128;
mod gf128_lanes;
mod ghash;
mod poly1305;
mod vector;

pub(crate) use aes_gcm::AesGcm;
pub(crate) use chacha20_poly1305::ChaCha20Poly1305;
