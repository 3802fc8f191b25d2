//! Pre-shared keys (RFC 4279), alone or with an ECDHE exchange (RFC 5489).

use alloc::sync::Arc;
use alloc::vec::Vec;

use rustls::CipherSuite;
use zeroize::Zeroizing;

use super::wire::Writer;
use crate::crypto::suites;
use crate::error::Error;

/// `MBEDTLS_PSK_MAX_LEN`
const MAX_KEY: usize = 48;
/// `MBEDTLS_SSL_OUT_CONTENT_LEN` of MicroPython's ports.
const MAX_IDENTITY: usize = 4096;

/// How a suite agrees on a secret, and what proves who the peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyExchange {
    /// ECDHE, and a certificate.
    Certificate,
    /// A pre-shared key.
    Psk,
    /// ECDHE, and a pre-shared key.
    EcdhePsk,
}

impl KeyExchange {
    pub(super) fn of(suite: CipherSuite) -> Self {
        match suite {
            CipherSuite::TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256
            | suites::TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256
            | suites::TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384 => Self::EcdhePsk,
            _ if suites::is_psk(suite) => Self::Psk,
            _ => Self::Certificate,
        }
    }
}

/// The pre-shared keys of a context.
#[derive(Clone, Default)]
pub(crate) struct Psks {
    /// A client's key. A server takes it from its clients, under the same identity.
    pub(crate) own: Option<Arc<Psk>>,
    /// Is a server's program asked for the keys of identities?
    pub(crate) asks: bool,
}

impl Psks {
    /// Has the context a key, or a program that knows keys?
    pub(crate) fn is_some(&self) -> bool {
        self.own.is_some() || self.asks
    }
}

/// A key and the identity that it is known under.
pub(crate) struct Psk {
    pub(super) identity: Vec<u8>,
    pub(super) key: Key,
}

impl Psk {
    /// # Errors
    /// [`Error::BadInputData`] for an empty key, a key of more than 48 bytes, and an identity of
    /// more than 4096 bytes.
    pub(crate) fn new(identity: &[u8], key: &[u8]) -> Result<Self, Error> {
        if identity.len() > MAX_IDENTITY {
            return Err(Error::BadInputData);
        }
        Ok(Self { identity: identity.to_vec(), key: Key::new(key).ok_or(Error::BadInputData)? })
    }
}

/// A pre-shared key; wiped when dropped.
pub(super) struct Key(Zeroizing<Vec<u8>>);

impl Key {
    /// `None` for an empty key, and for one of more than 48 bytes.
    pub(super) fn new(key: &[u8]) -> Option<Self> {
        (1..=MAX_KEY).contains(&key.len()).then(|| Self(Zeroizing::new(key.to_vec())))
    }

    /// The premaster secret of this key, and of what ECDHE agreed on if there was such an exchange
    /// (RFC 4279, section 2; RFC 5489, section 2).
    pub(super) fn premaster(&self, shared: Option<&[u8]>) -> Zeroizing<Vec<u8>> {
        let other = shared.unwrap_or(&[0; MAX_KEY][..self.0.len()]);
        let mut secret = Zeroizing::new(Vec::with_capacity(4 + other.len() + self.0.len()));
        secret.vector(2, |out| out.extend_from_slice(other));
        secret.vector(2, |out| out.extend_from_slice(&self.0));
        secret
    }
}
