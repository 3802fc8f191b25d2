//! ChaCha20-Poly1305, AES-GCM and AES-CBC in the vector instructions of wasm.
//!
//! | file | what |
//! |---|---|
//! | `chacha20_poly1305.rs` | the AEAD of RFC 8439, cipher and authenticator interleaved |
//! | `chacha20.rs` | four blocks in parallel, a vector for each word of the state |
//! | `poly1305.rs` | radix 2^32, on scalar 64-bit multiplications |
//! | `aes_gcm.rs` | the AEAD of NIST SP 800-38D |
//! | `aes_cbc.rs` | the legacy mode of NIST SP 800-38A |
//! | `aes.rs`, `aes_sbox.rs` | AES, eight blocks bitsliced into eight vectors |
//! | `ghash.rs` | GHASH, by tables that are looked up within registers |
//! | `vector.rs` | the vector type |
//! | `emulated.rs` | the vector instructions on other machines, for fuzzing |
//!
//! **Constant time.** No branch and no address depends on a key, a plaintext or anything computed
//! from them: the S-box is a circuit, tables are vectors that are looked up by a swizzle, tags are
//! compared as a whole. Whether an engine keeps its instructions constant-time is not for a wasm
//! module to decide; those used here are so on all common processors.
//! `tests/node/crypto-cores.test.js` compares the branches and addresses of runs with different
//! secrets, and `benches/timing.js` their times.
//!
//! **Size and speed.** The crate is compiled for size, and stable Rust cannot compile a single
//! function otherwise. What has to be fast is therefore written such that nothing is left to
//! decide: inlined by attribute, unrolled by macro. Compiled for speed it is a quarter larger and
//! no faster. `benches/cores.js` measures it.
//!
//! **Wiping.** Keys, and tables and key streams made from them, are zeroed in memory when they are
//! no longer needed. What an engine leaves in registers and on its own stack is out of reach.

#[cfg(not(target_arch = "wasm32"))]
mod emulated;

#[cfg(not(target_arch = "wasm32"))]
use self::emulated as instructions;
#[cfg(target_arch = "wasm32")]
use core::arch::wasm32 as instructions;

mod aes;
mod aes_cbc;
mod aes_gcm;
mod aes_sbox;
mod chacha20;
mod chacha20_poly1305;
mod ghash;
mod poly1305;
mod vector;

pub use aes_cbc::AesCbc;
pub use aes_gcm::AesGcm;
pub use chacha20_poly1305::ChaCha20Poly1305;
