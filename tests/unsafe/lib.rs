//! Runs the unsafe code that is ours: the loads and stores of the vector cores, and the bindings'
//! words. `npm test -- miri` has Miri watch it, which sees every access to memory that is not
//! allowed.

#![cfg(test)]
#![allow(unsafe_code, reason = "it is what is tested")]

extern crate alloc;

#[path = "../../fuzz/bodies/cores.rs"]
mod cores;
#[path = "../../src/bindings/wit/words.rs"]
mod words;

/// Seals, opens and forges a message. All cores load and store by the same two functions. AES-GCM,
/// for whose tables Miri takes minutes, is left out.
fn cores(kind: u8, length: u8) {
    let head = [kind, length / 3, length, 1, 5, 0];
    let input: Vec<u8> = head.into_iter().chain(0..44).chain(0..length).collect();
    cores::run(&input);
}

#[test]
fn chacha20_poly1305() {
    cores(0, 70);
}

#[test]
fn aes_cbc() {
    cores(3, 32);
}

#[test]
fn words_and_the_bytes_in_them() {
    for length in [0, 1, 7, 8, 9, 64] {
        let data: Vec<u8> = (0..length).collect();
        let mut words = words::of(data.len());
        words::bytes_mut(&mut words)[..data.len()].copy_from_slice(&data);
        assert_eq!(words::bytes(&words, data.len()), data);
    }
    assert_eq!(words::bytes(&[0], 100).len(), 8);
}
