//! One interface to both implementations of the three ciphers.

use ciphers::parameters::AuthenticationFailed;
use ciphers::rustcrypto;

use crate::simd;

pub struct Algorithm {
    pub name: &'static str,
    pub key_len: usize,
    pub simd: fn(&[u8]) -> Box<dyn Aead>,
    pub rustcrypto: fn(&[u8]) -> Box<dyn Aead>,
}

pub const ALGORITHMS: [Algorithm; 3] = [
    Algorithm {
        name: "ChaCha20-Poly1305",
        key_len: 32,
        simd: |key| Box::new(simd::ChaCha20Poly1305::new(key.try_into().unwrap())),
        rustcrypto: |key| Box::new(rustcrypto::ChaCha20Poly1305::new(key.try_into().unwrap())),
    },
    Algorithm {
        name: "AES-128-GCM",
        key_len: 16,
        simd: |key| Box::new(simd::AesGcm::new(key)),
        rustcrypto: |key| Box::new(rustcrypto::AesGcm::new(key)),
    },
    Algorithm {
        name: "AES-256-GCM",
        key_len: 32,
        simd: |key| Box::new(simd::AesGcm::new(key)),
        rustcrypto: |key| Box::new(rustcrypto::AesGcm::new(key)),
    },
];

pub trait Aead: Send {
    fn seal(&self, nonce: &[u8; 12], aad: &[u8], buf: &mut [u8]) -> [u8; 16];
    fn open(&self, nonce: &[u8; 12], aad: &[u8], buf: &mut [u8], tag: &[u8; 16]) -> Result<(), AuthenticationFailed>;
}

macro_rules! implement {
    ($($type:ty),*) => {
        $(impl Aead for $type {
            fn seal(&self, nonce: &[u8; 12], aad: &[u8], buf: &mut [u8]) -> [u8; 16] {
                self.seal_in_place(nonce, aad, buf)
            }

            fn open(&self, nonce: &[u8; 12], aad: &[u8], buf: &mut [u8], tag: &[u8; 16]) -> Result<(), AuthenticationFailed> {
                self.open_in_place(nonce, aad, buf, tag)
            }
        })*
    };
}

implement!(rustcrypto::ChaCha20Poly1305, rustcrypto::AesGcm);
#[cfg(target_feature = "simd128")]
implement!(simd::ChaCha20Poly1305, simd::AesGcm);
