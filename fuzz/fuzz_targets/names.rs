//! See `bodies/names.rs`.

#![no_main]

#[path = "../bodies/names.rs"]
mod body;
#[path = "../bodies/random.rs"]
mod random;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    random::restart();
    body::run(input);
});
