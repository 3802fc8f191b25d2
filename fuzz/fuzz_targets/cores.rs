//! See `bodies/cores.rs`.

#![no_main]

#[path = "../bodies/cores.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|input: &[u8]| body::run(input));
