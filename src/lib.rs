//! TLS for MicroPython in WebAssembly.
