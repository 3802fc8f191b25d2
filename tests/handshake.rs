//! Our client and our server complete a handshake, however the bytes between them are cut.

mod support;

use micropython_ssl::ciphers;
use micropython_ssl::context::{Context, Version};
use micropython_ssl::error::Error;
use micropython_ssl::stream::{Poll, Step, event};
use micropython_ssl::tls::TlsStream;
use micropython_ssl::verify::Endpoint;
use support::wire::*;

const VERSIONS: [Version; 2] = [Version::Tls12, Version::Tls13];

#[test]
fn every_key_type_in_both_versions() {
    for key in KEYS {
        for version in VERSIONS {
            let (client, server) = connected(&client_context_for(key), &only(server_context(key), version));
            assert_eq!(client.connection().negotiated(), server.connection().negotiated(), "{key} {version:?}");
            let (_, negotiated) = client.connection().negotiated().unwrap();
            assert_eq!(ciphers::version_name(negotiated), if version == Version::Tls12 { "TLSv1.2" } else { "TLSv1.3" });
        }
    }
}

#[test]
fn every_suite_is_negotiated_when_it_is_the_only_one() {
    // What it takes for those with a pre-shared key is in psk.rs.
    for name in ciphers::supported().filter(|name| !name.contains("PSK")) {
        let key = if name.contains("RSA") { "rsa2048" } else { "ec256" };
        let (mut client, mut server) = (client_context(), server_context(key));
        client.set_ciphers([name]).unwrap();
        server.set_ciphers([name]).unwrap();
        let (client, _) = connected(&client, &server);
        assert_eq!(ciphers::name(client.connection().negotiated().unwrap().0), Some(name));
    }
}

#[test]
fn legacy_suites_are_negotiated_only_if_both_sides_named_them() {
    for name in ciphers::supported().filter(|name| name.contains("CBC") && !name.contains("PSK")) {
        let key = if name.contains("RSA") { "rsa2048" } else { "ec256" };
        let named = |mut context: Context| {
            context.set_ciphers([name]).unwrap();
            context
        };
        for (client_context, server_context) in
            [(named(client_context()), server_context(key)), (client_context(), named(only(server_context(key), Version::Tls12)))]
        {
            let (mut client, mut server) = (client(&client_context), server(&server_context));
            let (ours, theirs) = handshake(&mut client, &mut server, usize::MAX);
            assert_eq!((ours, theirs), (Err(Error::AlertReceived(40)), Err(Error::HandshakeFailure)), "{name}");
        }
    }
}

#[test]
fn a_client_offers_no_legacy_suite_unasked() {
    let mut client = client(&client_context());
    _ = client.handshake().unwrap();
    let hello = take(&mut client);
    // Behind the headers of record and message, version and random: the session's name and the
    // suites.
    let session = usize::from(hello[43]);
    let suites = &hello[44 + session..];
    let (length, suites) = suites.split_first_chunk().unwrap();
    let offered = suites[..usize::from(u16::from_be_bytes(*length))].as_chunks().0.iter().map(|suite| u16::from_be_bytes(*suite));
    let aead = [0x1303, 0x1301, 0x1302, 0xcca9, 0xcca8, 0xc02b, 0xc02f, 0xc02c, 0xc030];
    const RENEGOTIATION_INFO: u16 = 0x00ff; // signals, and is no suite
    assert_eq!(offered.filter(|suite| *suite != RENEGOTIATION_INFO).collect::<Vec<_>>(), aead);
}

#[test]
fn one_byte_at_a_time() {
    for version in VERSIONS {
        let (client_context, server_context) = (client_context(), only(server_context("ec256"), version));
        let (mut client, mut server) = (client(&client_context), server(&server_context));
        let (ours, theirs) = handshake(&mut client, &mut server, 1);
        assert_eq!((ours, theirs), (Ok(()), Ok(())));
        for byte in write(&mut client, b"ping") {
            deliver(&mut server, &[byte]);
        }
        assert_eq!(read_available(&mut server), Ok((b"ping".to_vec(), false)));
    }
}

#[test]
fn split_at_every_point() {
    for version in VERSIONS {
        let (client_context, server_context) = (client_context(), only(server_context("ec256"), version));
        let mut longest = 0;
        let mut split = 1;
        while split <= longest.max(1) {
            let (mut client, mut server) = (client(&client_context), server(&server_context));
            for turn in 0..4 {
                let (from, to) = if turn % 2 == 0 { (&mut client, &mut server) } else { (&mut server, &mut client) };
                _ = from.handshake().unwrap();
                longest = longest.max(from.to_send().len());
                let bytes = take(from);
                let (head, tail) = bytes.split_at(split.min(bytes.len()));
                for part in [head, tail] {
                    deliver(to, part);
                    _ = to.handshake().unwrap();
                }
            }
            let (ours, theirs) = handshake(&mut client, &mut server, usize::MAX);
            assert_eq!((ours, theirs), (Ok(()), Ok(())), "{version:?} split at {split}");
            // Every point of the short flights, then in larger strides through the certificate's.
            split += if split < 64 { 1 } else { 37 };
        }
    }
}

#[test]
fn one_flight_is_one_write() {
    let (mut client, mut server) = (client(&client_context()), server(&server_context("ec256")));
    for _ in 0..2 {
        _ = client.handshake().unwrap();
        assert!(!client.to_send().is_empty());
        carry(&mut client, &mut server, usize::MAX, |_| {});
        _ = server.handshake().unwrap();
        carry(&mut server, &mut client, usize::MAX, |_| {});
    }
    assert_eq!(client.handshake(), Ok(Step::Done(0)));
    assert_eq!(server.handshake(), Ok(Step::Done(0)));
}

#[test]
fn a_classical_server_costs_no_extra_round_trip() {
    let (client, _) = connected(&client_context(), &server_context("ec256"));
    assert_eq!(format!("{:?}", client.connection().handshake_kind().unwrap()), "Full");
    assert_eq!(format!("{:?}", client.connection().key_exchange_group().unwrap()), "X25519MLKEM768");
}

#[test]
fn a_key_share_is_made_ahead_for_one_connection() {
    let client_context = client_context();
    client_context.prepare_key_share();
    let mut shares = Vec::new();
    for _ in 0..3 {
        let (mut client, mut server) = (client(&client_context), server(&server_context("ec256")));
        _ = client.handshake().unwrap();
        shares.push(hybrid_share(client.to_send()));
        let (ours, theirs) = handshake(&mut client, &mut server, usize::MAX);
        assert_eq!((ours, theirs), (Ok(()), Ok(())));
    }
    assert!(shares[0] != shares[1] && shares[1] != shares[2] && shares[0] != shares[2]);
}

/// What a ClientHello offers for X25519MLKEM768.
fn hybrid_share(hello: &[u8]) -> Vec<u8> {
    const GROUP_AND_LENGTH: [u8; 4] = [0x11, 0xec, 0x04, 0xc0];
    let at = hello.windows(4).position(|bytes| bytes == GROUP_AND_LENGTH).unwrap() + 4;
    hello[at..at + 0x04c0].to_vec()
}

#[test]
fn a_certificate_chain_longer_than_a_record() {
    let pki = pki();
    let comment = "x".repeat(20_000);
    pki.issue("long", "ec -pkeyopt ec_paramgen_curve:P-256", &format!("subjectAltName=DNS:localhost\nnsComment={comment}"));
    for version in VERSIONS {
        let context = only(server_context("long"), version);
        for piece in [usize::MAX, 1000] {
            let (mut client, mut server) = (client(&client_context()), server(&context));
            assert_eq!(handshake(&mut client, &mut server, piece), (Ok(()), Ok(())));
            assert!(client.connection().peer_certificates()[0].len() > 20_000);
        }
    }
}

#[test]
fn a_server_without_a_certificate_refuses_and_says_so() {
    let bare = Context::new(Endpoint::Server);
    bare.set_time(now());
    let (mut client, mut server) = (client(&client_context()), server(&bare));
    let (ours, theirs) = handshake(&mut client, &mut server, usize::MAX);
    assert_eq!(theirs.unwrap_err().exception().code, Some(-28160));
    assert_eq!(ours.unwrap_err().exception().code, Some(-30592));
}

#[test]
fn an_untrusted_server_is_refused_on_both_sides_and_the_error_repeats() {
    let stranger = Context::new(Endpoint::Client);
    stranger.set_time(now());
    stranger.verify().add_anchors(&pki().read("rsa2048.pem")).unwrap();
    let (mut client, mut server) = (client(&stranger), server(&server_context("ec256")));
    let (ours, theirs) = handshake(&mut client, &mut server, usize::MAX);
    assert_eq!(ours.unwrap_err().exception().text, "\nThe certificate is not correctly signed by the trusted CA\n");
    assert_eq!(theirs.unwrap_err().exception().code, Some(-30592));
    assert_eq!(client.read(&mut [0; 10]).unwrap_err().exception().code, Some(-9984));
    assert_eq!(client.write(b"x").unwrap_err().exception().code, Some(-9984));
}

#[test]
fn a_poll_that_meets_a_refused_server_leaves_the_reasons_to_the_read() {
    let stranger = Context::new(Endpoint::Client);
    stranger.set_time(now());
    stranger.verify().add_anchors(&pki().read("rsa2048.pem")).unwrap();
    let (mut client, mut server) = (client(&stranger), server(&server_context("ec256")));
    _ = client.handshake().unwrap();
    carry(&mut client, &mut server, usize::MAX, |_| {});
    _ = server.handshake().unwrap();
    carry(&mut server, &mut client, usize::MAX, |_| {});
    assert_eq!(client.poll(event::READ), Poll { ready: event::READ, ask: 0 });
    assert_eq!(client.read(&mut [0; 10]).unwrap_err().exception().text, "\nThe certificate is not correctly signed by the trusted CA\n");
    assert_eq!(client.read(&mut [0; 10]).unwrap_err().exception().code, Some(-9984));
}

#[test]
fn a_chain_that_is_loaded_in_parts_is_sent_whole() {
    let mut server_context = Context::new(Endpoint::Server);
    server_context.set_time(now());
    for certificate in ["ec256.pem", "ca.pem"] {
        server_context.load_cert_chain(&pki().read(certificate), &pki().read("ec256.key")).unwrap();
    }
    let (client, _) = connected(&client_context(), &server_context);
    assert_eq!(client.connection().peer_certificates().len(), 2);
}

#[test]
fn another_name_and_another_time_are_refused_in_mbedtls_words() {
    let context = client_context();
    let mut client = TlsStream::new(context.connect(Some(b"example.com"), false).unwrap());
    let mut server = server(&server_context("ec256"));
    context.set_time(now() + 10 * 86400);
    let (ours, _) = handshake(&mut client, &mut server, usize::MAX);
    assert_eq!(
        ours.unwrap_err().exception().text,
        "\nThe certificate validity has expired\n\nThe certificate Common Name (CN) does not match with the expected CN\n"
    );
}

#[test]
fn a_name_is_required_where_the_peer_is_verified() {
    let error = client_context().connect(None, false).unwrap_err();
    assert_eq!(error.exception().text, "CERT_REQUIRED requires server_hostname");
    let error = client_context().connect(Some(&[b'x'; 256]), false).unwrap_err();
    assert_eq!(error.exception().code, Some(-28928));
    assert!(client_context().connect(None, true).is_ok(), "server_side=True excuses it");
}

#[test]
fn the_end_of_the_transport_in_the_handshake_is_an_error() {
    let mut client = client(&client_context());
    assert_eq!(client.handshake(), Ok(Step::Send));
    take(&mut client);
    assert_eq!(client.handshake(), Ok(Step::Receive));
    client.received_eof();
    assert_eq!(client.handshake().unwrap_err(), Error::ConnEof);
    assert_eq!(client.read(&mut [0]).unwrap_err().exception().code, Some(-29312));
}

#[test]
fn close_notify_in_the_handshake_is_an_error_to_a_writer_and_the_end_to_a_reader() {
    let close_notify = [21, 3, 3, 0, 2, 1, 0];
    for version in VERSIONS {
        let mut client = client(&only(client_context(), version));
        assert_eq!(client.handshake(), Ok(Step::Send));
        take(&mut client);
        for byte in close_notify {
            assert_eq!(client.handshake(), Ok(Step::Receive));
            deliver(&mut client, &[byte]);
        }
        assert_eq!(client.handshake().unwrap_err(), Error::PeerCloseNotify);
        assert_eq!(client.read(&mut [0]).unwrap_err().exception().code, Some(-30848));
        let mut server = server(&only(server_context("ec256"), version));
        deliver(&mut server, &close_notify);
        assert_eq!(server.read(&mut [0]), Ok(Step::Done(0)));
        assert_eq!(server.write(b"x").unwrap_err(), Error::PeerCloseNotify);
    }
}

#[test]
fn plain_http_is_no_tls() {
    for mut stream in [client(&client_context()), server(&server_context("ec256"))] {
        _ = stream.handshake().unwrap();
        take(&mut stream);
        deliver(&mut stream, b"HTTP/");
        assert_eq!(stream.handshake().unwrap_err().exception().code, Some(-29184));
    }
}

#[test]
fn mutual_authentication() {
    for version in VERSIONS {
        let mut client_context = client_context();
        client_context.load_cert_chain(&pki().read("ec256.pem"), &pki().read("ec256.key")).unwrap();
        let server_context = only(server_context("rsa2048"), version);
        server_context.verify().set_mode(2).unwrap();
        server_context.verify().add_anchors(&pki().read("ca.pem")).unwrap();
        let (_, server) = connected(&client_context, &server_context);
        assert_eq!(server.connection().peer_certificates().len(), 1);
    }
}
