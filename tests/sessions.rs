//! Sessions are resumed within a context, and never past what they were verified by.

mod support;

use micropython_ssl::context::{Context, Version};
use micropython_ssl::error::Error;
use micropython_ssl::tls::TlsStream;
use support::wire::*;

const VERSIONS: [Version; 2] = [Version::Tls12, Version::Tls13];

/// How the connection came about; both sides have read what the other sent with its last flight.
fn kind(client_context: &Context, server_context: &Context) -> String {
    let (mut client, mut server) = connected(client_context, server_context);
    deliver(&mut client, &write(&mut server, b"x"));
    assert_eq!(read_available(&mut client), Ok((b"x".to_vec(), false)));
    format!("{:?}", client.connection().handshake_kind().unwrap())
}

#[test]
fn the_second_connection_resumes_the_first_session() {
    for version in VERSIONS {
        let (client, server) = (client_context(), only(server_context("ec256"), version));
        assert_eq!([kind(&client, &server), kind(&client, &server), kind(&client, &server)], ["Full", "Resumed", "Resumed"]);
    }
}

#[test]
fn no_session_is_resumed_if_that_is_not_wanted() {
    for who in 0..2 {
        let (mut client, mut server) = (client_context(), server_context("ec256"));
        if who == 0 {
            client.set_session_resumption(false)
        } else {
            server.set_session_resumption(false)
        }
        assert_eq!([kind(&client, &server), kind(&client, &server)], ["Full", "Full"]);
    }
}

#[test]
fn a_resumed_connection_still_shows_the_peers_certificate() {
    let (client, server) = (client_context(), server_context("ec256"));
    kind(&client, &server);
    let (client, _) = connected(&client, &server);
    assert!(!client.connection().peer_certificates().is_empty());
    assert!(client.connection().peer_description().unwrap().contains("subjectAltName"));
}

#[test]
fn an_unverified_session_is_not_resumed_once_verification_is_asked_for() {
    for version in VERSIONS {
        let server = only(server_context("rsa2048"), version);
        let client = Context::new(micropython_ssl::verify::Endpoint::Client);
        client.set_time(now());
        client.verify().set_mode(0).unwrap();
        assert_eq!([kind(&client, &server), kind(&client, &server)], ["Full", "Resumed"]);
        client.verify().set_mode(2).unwrap();
        client.verify().add_anchors(&pki().read("ed25519.pem")).unwrap_or_default();
        let (mut ours, mut theirs) = (self::client(&client), self::server(&server));
        assert!(handshake(&mut ours, &mut theirs, usize::MAX).0.is_err());
    }
}

#[test]
fn a_session_whose_name_was_not_checked_is_not_resumed_once_names_are() {
    for version in VERSIONS {
        let server = only(server_context("ec256"), version);
        let client = client_context();
        client.verify().set_check_hostname(false);
        assert_eq!([kind(&client, &server), kind(&client, &server)], ["Full", "Resumed"]);
        client.verify().set_check_hostname(true);
        assert_eq!([kind(&client, &server), kind(&client, &server)], ["Full", "Resumed"]);
    }
}

#[test]
fn settings_that_change_under_way_end_a_resumption() {
    let (client, server) = (client_context(), server_context("ec256"));
    kind(&client, &server);
    let (mut ours, mut theirs) = (self::client(&client), self::server(&server));
    client.verify().set_mode(1).unwrap();
    assert_eq!(handshake(&mut ours, &mut theirs, usize::MAX).0, Err(Error::HandshakeFailure));
}

#[test]
fn a_callback_sees_every_chain() {
    let (client, server) = (client_context(), server_context("ec256"));
    client.verify().set_callback(true);
    assert_eq!([kind(&client, &server), kind(&client, &server)], ["Full", "Full"]);
}

#[test]
fn another_name_is_another_session() {
    let (client, server) = (client_context(), server_context("ec256"));
    kind(&client, &server);
    let mut ours = TlsStream::new(client.connect(Some(b"127.0.0.1"), false).unwrap());
    let mut theirs = self::server(&server);
    assert_eq!(handshake(&mut ours, &mut theirs, usize::MAX), (Ok(()), Ok(())));
    assert_eq!(format!("{:?}", ours.connection().handshake_kind().unwrap()), "Full");
}

#[test]
fn protocols_are_negotiated_by_alpn() {
    let (mut client, mut server) = (client_context(), server_context("ec256"));
    client.set_alpn_protocols(vec![b"h2".to_vec(), b"http/1.1".to_vec()]).unwrap();
    server.set_alpn_protocols(vec![b"http/1.1".to_vec()]).unwrap();
    let (ours, theirs) = connected(&client, &server);
    assert_eq!(ours.connection().alpn_protocol(), Some(&b"http/1.1"[..]));
    assert_eq!(theirs.connection().alpn_protocol(), Some(&b"http/1.1"[..]));
    assert_eq!(client.set_alpn_protocols(vec![vec![]]), Err(Error::BadConfig));
    server.set_alpn_protocols(vec![b"gopher".to_vec()]).unwrap();
    let (mut ours, mut theirs) = (self::client(&client), self::server(&server));
    let (ours, theirs) = handshake(&mut ours, &mut theirs, usize::MAX);
    assert_eq!((ours.unwrap_err().exception().code, theirs.unwrap_err().exception().code), (Some(-30592), Some(-30080)));
}
