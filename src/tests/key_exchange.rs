//! The key exchange groups in handshakes: who gets which, and at what price.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, HandshakeKind, NamedGroup, ProtocolVersion, ServerConfig, SupportedProtocolVersion, version};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};

use crate::context::{Context, Version};
use crate::crypto;
use crate::stream::Protocol;
use crate::tls::{Connection, RunningVerifier};
use crate::verify::{Endpoint, PeerVerifier, VerifySettings};

#[test]
fn every_group_is_agreed_on_when_it_is_the_only_one() {
    for version in [&version::TLS13, &version::TLS12] {
        for group in crypto::groups::ALL_KX_GROUPS.iter().map(|group| group.name()) {
            if group == NamedGroup::X25519MLKEM768 && version.version == ProtocolVersion::TLSv1_2 {
                continue;
            }
            let (client, server) = handshake(&[group], &[group], version);
            assert_eq!(client.key_exchange_group(), Some(group));
            assert_eq!(server.key_exchange_group(), Some(group));
            assert_eq!(client.handshake_kind(), Some(HandshakeKind::Full), "{group:?}");
        }
    }
}

#[test]
fn the_hybrid_comes_first() {
    let (client, _) = handshake(ALL, ALL, &version::TLS13);
    assert_eq!(client.key_exchange_group(), Some(NamedGroup::X25519MLKEM768));
    assert_eq!(client.handshake_kind(), Some(HandshakeKind::Full));
}

#[test]
fn classical_server_needs_no_extra_round_trip() {
    let classical = &[NamedGroup::X25519, NamedGroup::secp256r1];
    let (client, _) = handshake(ALL, classical, &version::TLS13);
    assert_eq!(client.key_exchange_group(), Some(NamedGroup::X25519));
    assert_eq!(client.handshake_kind(), Some(HandshakeKind::Full));
}

#[test]
fn server_without_curve25519_asks_for_another_share() {
    for group in [NamedGroup::secp256r1, NamedGroup::secp384r1, NamedGroup::secp521r1] {
        let (client, _) = handshake(ALL, &[group], &version::TLS13);
        assert_eq!(client.key_exchange_group(), Some(group));
        assert_eq!(client.handshake_kind(), Some(HandshakeKind::FullWithHelloRetryRequest));
    }
}

#[test]
fn a_key_share_made_ahead_does_for_every_server() {
    for group in ALL {
        for version in [&version::TLS13, &version::TLS12] {
            if *group == NamedGroup::X25519MLKEM768 && version.version == ProtocolVersion::TLSv1_2 {
                continue;
            }
            crypto::key_share::prepare().unwrap();
            let (client, _) = handshake(ALL, &[*group], version);
            assert_eq!(client.key_exchange_group(), Some(*group));
        }
    }
}

#[test]
fn only_clients_that_may_speak_tls13_make_one() {
    let made_by = |context: Context| {
        context.prepare_key_share();
        crypto::key_share::discard()
    };
    let made = |endpoint, lowest, highest| {
        let mut context = Context::new(endpoint);
        context.set_versions(lowest, highest).unwrap();
        made_by(context)
    };
    assert!(made(Endpoint::Client, Version::Tls12, Version::Tls13));
    assert!(made(Endpoint::Client, Version::Tls13, Version::Tls13));
    assert!(!made(Endpoint::Client, Version::Tls12, Version::Tls12));
    assert!(!made(Endpoint::Server, Version::Tls12, Version::Tls13));

    let mut with_suites_of_tls12 = Context::new(Endpoint::Client);
    with_suites_of_tls12.set_ciphers(["TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256"]).unwrap();
    assert!(!made_by(with_suites_of_tls12));
}

/// MicroPython's Mbed TLS knows the NIST curves only, in TLS 1.2.
#[test]
fn micropythons_own_groups_will_do_in_tls12() {
    let nist = &[NamedGroup::secp256r1, NamedGroup::secp384r1, NamedGroup::secp521r1];
    for (client, server) in [(ALL, &nist[..]), (&nist[..], ALL)] {
        let (client, _) = handshake(client, server, &version::TLS12);
        assert_eq!(client.key_exchange_group(), Some(NamedGroup::secp256r1));
    }
}

const ALL: &[NamedGroup] =
    &[NamedGroup::X25519MLKEM768, NamedGroup::X25519, NamedGroup::secp256r1, NamedGroup::secp384r1, NamedGroup::secp521r1];

/// A completed handshake between two ends that know the given groups.
fn handshake(client: &[NamedGroup], server: &[NamedGroup], version: &'static SupportedProtocolVersion) -> (Connection, Connection) {
    let mut client = client_with(client);
    let mut server = server_with(server, version);
    // Two round trips and what TLS 1.3 sends afterwards.
    for _ in 0..6 {
        client.handshake(()).unwrap();
        deliver(&mut client, &mut server);
        server.handshake(()).unwrap();
        deliver(&mut server, &mut client);
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    (client, server)
}

fn deliver(from: &mut Connection, to: &mut Connection) {
    let count = from.to_send().len();
    to.receive_space(count)[..count].copy_from_slice(from.to_send());
    to.received(count);
    from.sent(count);
}

fn client_with(groups: &[NamedGroup]) -> Connection {
    let verifier = verifier(Endpoint::Client);
    let config = ClientConfig::builder_with_details(provider(groups), Arc::new(Epoch))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(RunningVerifier))
        .with_no_client_auth();
    Connection::client(Arc::new(config), None, verifier).unwrap()
}

fn server_with(groups: &[NamedGroup], version: &'static SupportedProtocolVersion) -> Connection {
    let certificate = CertificateDer::from(&include_bytes!("../../crates/crypto/src/tests/keys/p256.cert.der")[..]);
    let key = PrivateKeyDer::Pkcs8((&include_bytes!("../../crates/crypto/src/tests/keys/p256.pkcs8.der")[..]).into());
    let verifier = verifier(Endpoint::Server);
    let config = ServerConfig::builder_with_details(provider(groups), Arc::new(Epoch))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Connection::server(Arc::new(config), verifier).unwrap()
}

fn provider(groups: &[NamedGroup]) -> Arc<CryptoProvider> {
    let mut provider = crypto::provider();
    provider.kx_groups.retain(|group| groups.contains(&group.name()));
    Arc::new(provider)
}

/// Checks signatures but no certificates, as MicroPython's `CERT_NONE`.
fn verifier(endpoint: Endpoint) -> Arc<PeerVerifier> {
    let settings = VerifySettings::new(endpoint);
    settings.set_mode(0).unwrap();
    Arc::new(PeerVerifier::new(Arc::new(settings), endpoint, None))
}

#[derive(Debug)]
struct Epoch;

impl TimeProvider for Epoch {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(std::time::Duration::ZERO))
    }
}
