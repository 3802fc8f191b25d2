//! Certificates and keys that a program loads, in DER and PEM: nothing panics, and what is refused
//! is refused as what it is.

use micropython_ssl::context::Context;
use micropython_ssl::error::Error;
use micropython_ssl::verify::Endpoint;

const CERTIFICATE: &[u8] = include_bytes!("../data/cert.pem");
const KEY: &[u8] = include_bytes!("../data/key.pem");

/// The first byte says what the others are.
pub(crate) fn run(input: &[u8]) {
    let Some((&what, bytes)) = input.split_first() else { return };
    let mut context = Context::new(Endpoint::Client);
    match what % 4 {
        0 => accepted(context.verify().add_anchors(bytes)),
        1 => accepted(context.load_cert_chain(CERTIFICATE, bytes)),
        2 => accepted(context.load_cert_chain(bytes, KEY)),
        // Both in one.
        _ => accepted(context.load_cert_chain(bytes, bytes)),
    }
}

fn accepted(result: Result<(), Error>) {
    assert!(matches!(result, Ok(()) | Err(Error::InvalidCert | Error::InvalidKey)));
}
