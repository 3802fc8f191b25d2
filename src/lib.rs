//! TLS for MicroPython in WebAssembly.

pub mod crypto;
pub mod error;
pub mod identity;
pub mod verify;
pub mod x509;
