//! Handshakes with certificates of every kind, and what both ends are told.

mod support;

use micropython_ssl::context::{Context, Version};
use micropython_ssl::error::{Error, SignatureKind, VerifyFlags};
use micropython_ssl::verify::{CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED, Endpoint};
use support::pki::*;
use support::wire::{NAME, client, handshake, only, server};

const VERSIONS: [Version; 2] = [Version::Tls12, Version::Tls13];
const UNTRUSTED: Error = Error::Verification(VerifyFlags::NOT_TRUSTED);

#[test]
fn a_listed_certificate_without_alternative_names_is_enough_as_in_micropythons_tests() {
    for key in [Key::P256(1), Key::P384(1), Key::Rsa2048] {
        for certificate in [Cert::ca(NAME, key), Cert::new(NAME, key), Cert { version: None, ..Cert::new(NAME, key) }] {
            let certificate = certificate.sign(key);
            for version in VERSIONS {
                let ends = meet(&trusting(&certificate), &only(serving(&certificate, key), version));
                assert_eq!(ends, (Ok(()), Ok(())), "{key:?} {version:?}");
            }
        }
    }
}

#[test]
fn without_verification_any_key_that_signs_will_do() {
    for key in [Key::Rsa1024, Key::Ed25519(1), Key::P256(1)] {
        let certificate = Cert::new("other", key).valid("200101000000Z", "210101000000Z").sign(key);
        for version in VERSIONS {
            let context = trusting(&Cert::ca("CA", Key::P256(1)).sign(Key::P256(1)));
            context.verify().set_mode(CERT_NONE).unwrap();
            assert_eq!(meet(&context, &only(serving(&certificate, key), version)), (Ok(()), Ok(())), "{key:?} {version:?}");
            context.verify().set_mode(CERT_OPTIONAL).unwrap();
            assert_eq!(meet(&context, &only(serving(&certificate, key), version)), (Ok(()), Ok(())), "{key:?} {version:?}");
        }
    }
}

#[test]
fn a_server_must_own_its_certificates_key_in_every_mode() {
    for (certified, used, kind) in [(Key::P256(1), Key::P256(2), SignatureKind::Ecc), (Key::Rsa2048, Key::Rsa1024, SignatureKind::Rsa)] {
        let certificate = Cert::new(NAME, certified).sign(certified);
        for version in VERSIONS {
            for mode in [CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED] {
                let context = trusting(&certificate);
                context.verify().set_mode(mode).unwrap();
                let (client, server) = meet(&context, &only(serving(&certificate, used), version));
                assert_eq!(client, Err(Error::HandshakeSignature(kind)), "{version:?} {mode}");
                assert_eq!(code(server), Some(FATAL_ALERT), "{version:?} {mode}");
            }
        }
    }
}

#[test]
fn a_server_certificate_for_another_use_is_not_served() {
    for unfit in [ext_key_usage(&[2]), key_usage(&[0x20])] {
        let certificate = Cert::new(NAME, Key::P256(1)).with(unfit).sign(Key::P256(1));
        for version in VERSIONS {
            let (client, server) = meet(&trusting(&certificate), &only(serving(&certificate, Key::P256(1)), version));
            assert_eq!(server, Err(Error::HandshakeFailure));
            assert_eq!(code(client), Some(FATAL_ALERT));
        }
    }
}

#[test]
fn a_server_that_requires_a_client_certificate_tells_which_is_missing_or_wrong() {
    let (trusted, stranger) = (Key::P256(5), Key::P256(6));
    let authority = Cert::ca("clients", trusted).sign(trusted);
    let issue = |key: Key, signer: Key| Cert::new("client", key).issued_by("clients").with(ext_key_usage(&[2])).sign(signer);
    let own = Cert::new(NAME, Key::P256(1)).sign(Key::P256(1));
    let wrong_use = Cert::new("client", Key::P256(7)).issued_by("clients").with(ext_key_usage(&[1])).sign(trusted);
    for (presented, verdict) in [
        (None, Err(Error::NoClientCertificate)),
        (Some(issue(Key::P256(7), trusted)), Ok(())),
        (Some(issue(Key::P256(7), stranger)), Err(UNTRUSTED)),
        (Some(wrong_use), Err(Error::BadCertificate)),
    ] {
        let mut client_context = trusting(&own);
        if let Some(certificate) = &presented {
            client_context.load_cert_chain(certificate, &Key::P256(7).private()).unwrap();
        }
        for mode in [CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED] {
            let server_context = only(serving(&own, Key::P256(1)), Version::Tls12);
            server_context.verify().add_anchors(&authority).unwrap();
            server_context.verify().set_mode(mode).unwrap();
            let (client, server) = meet(&client_context, &server_context);
            let expected = if mode == CERT_REQUIRED { verdict.clone() } else { Ok(()) };
            assert_eq!(server, expected, "{mode}");
            assert_eq!(code(client), if expected.is_ok() { None } else { Some(FATAL_ALERT) }, "{mode}");
        }
    }
}

#[test]
fn a_server_that_trusts_nobody_says_first_that_there_is_no_certificate() {
    let own = Cert::new(NAME, Key::P256(1)).sign(Key::P256(1));
    let server_context = only(serving(&own, Key::P256(1)), Version::Tls12);
    server_context.verify().set_mode(CERT_REQUIRED).unwrap();
    assert_eq!(meet(&trusting(&own), &server_context).1, Err(Error::NoClientCertificate));
    let mut with_certificate = trusting(&own);
    with_certificate.load_cert_chain(&Cert::new("client", Key::P256(7)).sign(Key::P256(7)), &Key::P256(7).private()).unwrap();
    assert_eq!(meet(&with_certificate, &server_context).1, Err(Error::CaChainRequired));
}

const FATAL_ALERT: i32 = -30592;

fn code(result: Result<(), Error>) -> Option<i32> {
    result.err().map(|error| error.exception().code.expect("an OSError"))
}

/// A client for which only these are anchors.
fn trusting(anchors: &[u8]) -> Context {
    let context = Context::new(Endpoint::Client);
    context.set_time(NOW);
    context.verify().add_anchors(anchors).unwrap();
    context
}

fn serving(certificate: &[u8], key: Key) -> Context {
    let mut context = Context::new(Endpoint::Server);
    context.set_time(NOW);
    context.load_cert_chain(certificate, &key.private()).unwrap();
    context
}

/// How a handshake ends for the client and for the server. A server's own verdict may come after
/// the client is done.
fn meet(client_context: &Context, server_context: &Context) -> (Result<(), Error>, Result<(), Error>) {
    let (mut client, mut server) = (client(client_context), server(server_context));
    handshake(&mut client, &mut server, usize::MAX)
}
