//! TLS for MicroPython in WebAssembly.

pub mod error;
pub mod verify;
