//! Numbers of MicroPython's interface that shells need: declared once.
//!
//! The shell for JavaScript uses them. The shells in C and Python repeat them, since they have no
//! part of the engine when they are compiled; `tests/numbers.rs` compares.

pub use crate::stream::MAX_SEND;

/// Room for one datagram of Mbed TLS, `MBEDTLS_SSL_IN_BUFFER_LEN` of MicroPython's ports: a record
/// with its headers, IV, MAC and padding.
pub const MAX_DATAGRAM: usize = 16717;

/// The bit of a protocol's number that makes a server: `PROTOCOL_TLS_SERVER`,
/// `PROTOCOL_DTLS_SERVER`.
pub const PROTOCOL_SERVER: i32 = 1;

/// The bit of a protocol's number that means DTLS: `PROTOCOL_DTLS_CLIENT`, `PROTOCOL_DTLS_SERVER`.
pub const PROTOCOL_DATAGRAM: i32 = 2;

/// TLS 1.2, as its records name it (RFC 5246, section 6.2.1).
pub const TLS_1_2: u16 = 0x0303;

/// TLS 1.3, as `supported_versions` names it (RFC 8446, section 4.2.1).
pub const TLS_1_3: u16 = 0x0304;
