//! Whether bytes are a public key of a curve, in the form of SEC 1, section 2.3.3.
//!
//! The checks are here, beside the code that computes with keys, so that the module has the code of
//! a curve once.

/// A point of P-256, and not that at infinity?
pub fn is_p256_point(bytes: &[u8]) -> bool {
    p256::PublicKey::from_sec1_bytes(bytes).is_ok()
}

/// A point of P-384, and not that at infinity?
pub fn is_p384_point(bytes: &[u8]) -> bool {
    p384::PublicKey::from_sec1_bytes(bytes).is_ok()
}

/// A point of P-521, and not that at infinity?
pub fn is_p521_point(bytes: &[u8]) -> bool {
    p521::PublicKey::from_sec1_bytes(bytes).is_ok()
}
