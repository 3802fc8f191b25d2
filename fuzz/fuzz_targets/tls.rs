//! See `bodies/tls.rs`. The same input does the same every time.

#![no_main]

#[path = "../bodies/tls.rs"]
mod body;
#[path = "../bodies/random.rs"]
mod random;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    random::restart();
    body::run(input);
});
