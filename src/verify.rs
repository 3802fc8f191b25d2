//! Whether a peer is who it should be, decided as mbedTLS decides it: the same chain is built, the
//! same flaws are found, gathered and told.
//!
//! It may refuse more than mbedTLS, never less. It refuses more here:
//! * an empty expected name, and one with a NUL, matches nothing;
//! * an address matches no wildcard (`*.0.0.1` is not `127.0.0.1`), and no name matches a URI;
//! * name constraints that are not critical constrain hosts' names, addresses and subjects; mbedTLS
//!   passes them over;
//! * a leaf that mbedTLS would skip because it does not know its signature algorithm is refused
//!   instead of the next one being taken for it.
//!
//! Where the mode is `CERT_NONE` or `CERT_OPTIONAL`, Ed25519 certificates are accepted, which
//! mbedTLS cannot read.

mod anchors;
mod chain;
mod host;
mod lifetime;
mod peer;
mod settings;
mod signature;
mod signature_cache;

pub(crate) use lifetime::Lifetime;
pub use peer::{ChainLink, PeerVerifier};
pub(crate) use peer::{Secret, may_serve};
pub use settings::{CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED, VerifySettings};
pub use signature::Rules;

/// One side of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The side that connects.
    Client,
    /// The side that accepts.
    Server,
}
