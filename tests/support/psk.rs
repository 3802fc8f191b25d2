//! A pre-shared key, and both contexts that have it.

use micropython_ssl::context::Context;
use micropython_ssl::error::Error;
use micropython_ssl::stream::{Protocol, Stream};
use micropython_ssl::verify::{CERT_NONE, Endpoint};

pub const IDENTITY: &str = "device-7";
pub const KEY: &[u8] = b"0123456789abcdef";
pub const KEY_HEX: &str = "30313233343536373839616263646566";

/// A client that verifies no certificates, which would be a fault if it came to one.
pub fn psk_client() -> Context {
    let mut context = Context::new(Endpoint::Client);
    context.verify().set_mode(CERT_NONE).unwrap();
    context.set_psk(IDENTITY.as_bytes(), KEY).unwrap();
    context
}

/// A server whose program knows one client.
pub fn psk_server() -> Context {
    let mut context = Context::new(Endpoint::Server);
    context.ask_for_psks();
    context
}

/// What that program answers.
pub fn answer<P: Protocol>(stream: &mut Stream<P>) -> Result<(), Error> {
    let known = stream.psk_identity().expect("no context of these tests asks about chains") == IDENTITY.as_bytes();
    stream.provide_psk(known.then_some(KEY))
}
