//! Cookies: a server does nothing for a client, and keeps nothing, before it knows that the client
//! receives at its address (RFC 6347, section 4.2.1).

use alloc::boxed::Box;
use alloc::vec::Vec;

use rustls::crypto::hmac::{Hmac, Key};
use subtle::ConstantTimeEq;

use crate::crypto::hash::HMAC_SHA256;
use crate::crypto::random;
use crate::error::Error;
use crate::handshake::messages::ClientHello;

/// Bytes of a cookie: when it was made, and a MAC.
pub(crate) const LENGTH: usize = 32;

/// The secret behind a server context's cookies. It outlives the connections, because the
/// connection that accepts a cookie is not the one that gave it.
pub(crate) struct CookieSecret(Box<dyn Key>);

impl CookieSecret {
    /// A new secret.
    ///
    /// # Errors
    /// [`Error::InternalError`] without entropy.
    pub(crate) fn generate() -> Result<Self, Error> {
        let mut secret = zeroize::Zeroizing::new([0; 32]);
        random::fill(&mut *secret).map_err(|_| Error::InternalError)?;
        Ok(Self(HMAC_SHA256.with_key(&*secret)))
    }

    /// The cookie for the client that is known as `client_id` and sent `hello`, at `now`
    /// milliseconds.
    pub(super) fn issue(&self, client_id: &[u8], hello: &ClientHello<'_>, now: u64) -> [u8; LENGTH] {
        self.cookie(client_id, hello, seconds(now))
    }

    /// Does `hello` carry the cookie that this client was given, for this very hello, not long ago?
    pub(super) fn accepts(&self, client_id: &[u8], hello: &ClientHello<'_>, now: u64) -> bool {
        let Some(issued) = hello.cookie.first_chunk().copied().map(u32::from_be_bytes) else { return false };
        let expected = self.cookie(client_id, hello, issued);
        bool::from(expected.ct_eq(hello.cookie)) && seconds(now).wrapping_sub(issued) <= LIFETIME
    }

    fn cookie(&self, client_id: &[u8], hello: &ClientHello<'_>, issued: u32) -> [u8; LENGTH] {
        // Each part stands behind its length, so that no two hellos look alike.
        let parts = [client_id, &hello.random, hello.session_id, hello.suites, hello.compressions, hello.extensions];
        let lengths = parts.map(|part| (part.len() as u32).to_be_bytes());
        let input: Vec<&[u8]> = lengths.iter().zip(parts).flat_map(|(length, part)| [&length[..], part]).collect();
        let tag = self.0.sign_concat(&issued.to_be_bytes(), &input, &[]);
        let mut cookie = [0; LENGTH];
        let (time, mac) = cookie.split_at_mut(4);
        time.copy_from_slice(&issued.to_be_bytes());
        for (mac, tag) in mac.iter_mut().zip(tag.as_ref()) {
            *mac = *tag;
        }
        cookie
    }
}

/// How long a cookie is good, in seconds; mbedTLS' default.
const LIFETIME: u32 = 60;

fn seconds(now: u64) -> u32 {
    (now / 1000) as u32
}
