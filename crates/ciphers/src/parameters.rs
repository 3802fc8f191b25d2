//! Lengths that all ciphers share, and the one error.

/// Bytes of an authentication tag of an AEAD.
pub const TAG_LEN: usize = 16;

/// Bytes of a nonce of an AEAD.
pub const NONCE_LEN: usize = 12;

/// Bytes of a block of AES, and of the IV that is sent in front of a record in CBC mode.
pub const BLOCK_LEN: usize = 16;

/// The tag or the MAC does not belong to this key, nonce, associated data and ciphertext.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthenticationFailed;
