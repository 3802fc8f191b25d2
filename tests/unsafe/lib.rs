//! Runs the unsafe code that is ours: the loads and stores of the vector cores, and the bindings'
//! words. `npm test -- miri` has Miri watch it, which sees every access to memory that is not
//! allowed.

#![cfg(test)]
#![allow(unsafe_code, reason = "it is what is tested")]

extern crate alloc;

use ciphers::simd::AesGcm;

#[path = "../../fuzz/bodies/cores.rs"]
mod cores;
#[path = "../../src/bindings/wit/words.rs"]
mod words;

/// Seals, opens and forges a message, beside RustCrypto.
fn cores(kind: u8, length: u8) {
    let head = [kind, length / 3, length, 1, 5, 0];
    let input: Vec<u8> = head.into_iter().chain(0..44).chain(0..length).collect();
    cores::run(&input);
}

#[test]
fn chacha20_poly1305() {
    cores(0, 70);
}

/// By itself, and no more than a block: Miri takes minutes for what RustCrypto does.
#[test]
fn aes_gcm() {
    let (cipher, nonce, mut block) = (AesGcm::new(&[7; 16]), [1; 12], [2; 16]);
    let tag = cipher.seal_in_place(&nonce, b"head", &mut block);
    assert_eq!(cipher.open_in_place(&nonce, b"head", &mut block, &tag), Ok(()));
    assert_eq!(block, [2; 16]);
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
