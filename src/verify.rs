//! Whether a peer is who it should be, decided as mbedTLS decides it.

mod flags;

pub use flags::VerifyFlags;
