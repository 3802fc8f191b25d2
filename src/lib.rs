//! TLS for MicroPython in WebAssembly: a sans-IO engine on [rustls](https://docs.rs/rustls).
//!
//! ```text
//!              ciphertext                              plaintext
//!  transport ─────────────▶ ┌────────────────────────┐ ─────────▶  read
//!                           │ Stream                 │
//!                           │   MicroPython's rules  │             the program
//!                           │   └─ Connection        │
//!            ◀───────────── │        └─ rustls       │ ◀─────────  write
//!                           └────────────────────────┘
//!                  made by Context: identity, trust anchors, suites, versions
//! ```
//!
//! The engine has no clock, no source of entropy and no sockets: a shell ([`bindings`]) sets the
//! time, picks [getrandom](https://docs.rs/getrandom)'s backend and moves the bytes. What
//! MicroPython's documentation and its mbedTLS port do (error codes and texts, the remembered
//! error, end of file, the direction a poll waits for) is decided here, so that every shell shows
//! the same behaviour.
//!
//! * [`context`]: what a program sets once, `tls.SSLContext`
//! * [`stream`]: one end of a connection with MicroPython's stream rules
//! * [`tls`]: one TLS connection, over rustls or by our own handshake
//! * [`dtls`]: the same for datagrams, DTLS 1.2
//! * `handshake`: the engine's own handshake, for DTLS 1.2 and for what rustls lacks: pre-shared
//!   keys
//! * [`verify`], [`x509`], [`identity`]: certificates and keys
//! * [`crypto`]: the cryptography, on RustCrypto
//! * [`room`]: whether there is memory, which is asked before anything begins
//! * [`error`]: the one error type and its table to Python exceptions

#![cfg_attr(target_family = "wasm", no_std)] // std would bring its panic messages, and all that formats them: 18 KB of what pages download

extern crate alloc;

pub mod bindings;
mod buffer;
pub mod ciphers;
pub mod context;
pub mod dtls;
pub mod error;
mod handshake;
pub mod identity;
pub mod key_log;
pub mod numbers;
pub mod room;
pub mod stream;
pub mod tls;
pub mod verify;

#[cfg(test)]
mod tests;

pub use {crypto, x509};
