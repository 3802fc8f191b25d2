//! TLS for MicroPython in WebAssembly.

pub mod crypto;
pub mod error;
pub mod verify;
