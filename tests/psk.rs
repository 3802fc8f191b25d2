//! Pre-shared keys over TLS 1.2: what a program, its peer and a wire see.

mod support;

use micropython_ssl::ciphers;
use micropython_ssl::context::{Context, Version};
use micropython_ssl::error::Error;
use micropython_ssl::stream::{Poll, Step, event};
use micropython_ssl::tls::TlsStream;
use micropython_ssl::verify::{CERT_NONE, Endpoint};
use support::forge::{CHANGE_CIPHER_SPEC, HANDSHAKE, Secrets, message, record, records};
use support::psk::*;
use support::wire::{carry, client, deliver, only, read_available, server, server_context, take, write};

const UNKNOWN_PSK_IDENTITY: u8 = 115;
const BAD_RECORD_MAC: u8 = 20;
const HANDSHAKE_FAILURE: u8 = 40;

/// Completes the handshake of a pair over a wire that carries `piece` bytes at a time; the server's
/// program answers with `psks`.
fn handshake(
    client: &mut TlsStream,
    server: &mut TlsStream,
    piece: usize,
    psks: impl Fn(&[u8]) -> Option<Vec<u8>>,
) -> [Result<(), Error>; 2] {
    let mut results = [None, None];
    for _ in 0..20 {
        for (stream, result) in [&mut *client, &mut *server].into_iter().zip(&mut results) {
            while result.is_none() {
                match stream.handshake() {
                    Ok(Step::Done(_)) => *result = Some(Ok(())),
                    Ok(Step::Verify) => {
                        let key = psks(stream.psk_identity().expect("no chains here"));
                        // What it comes to is what the next operation says.
                        _ = stream.provide_psk(key.as_deref());
                    }
                    Ok(Step::Send | Step::Receive) => break,
                    Err(error) => *result = Some(Err(error)),
                }
            }
        }
        let moved = carry(client, server, piece, |_| {}) + carry(server, client, piece, |_| {});
        if moved == 0 {
            break;
        }
    }
    results.map(|result| result.unwrap_or(Err(Error::ConnEof)))
}

fn known(identity: &[u8]) -> Option<Vec<u8>> {
    (identity == IDENTITY.as_bytes()).then(|| KEY.to_vec())
}

fn pair(client_context: &Context, server_context: &Context) -> (TlsStream, TlsStream) {
    (client(client_context), server(server_context))
}

#[test]
fn every_suite_carries_data_both_ways_over_a_wire_of_any_grain() {
    for name in ciphers::supported().filter(|name| name.contains("PSK")) {
        for piece in [1, 7, 1000, usize::MAX] {
            let (mut client_context, mut server_context) = (psk_client(), psk_server());
            client_context.set_ciphers([name]).unwrap();
            server_context.set_ciphers([name]).unwrap();
            let (mut client, mut server) = pair(&client_context, &server_context);
            assert_eq!(handshake(&mut client, &mut server, piece, known), [Ok(()), Ok(())], "{name}");
            for stream in [&client, &server] {
                let (suite, version) = stream.connection().negotiated().unwrap();
                assert_eq!((ciphers::name(suite), ciphers::version_name(version)), (Some(name), "TLSv1.2"));
                assert_eq!(stream.connection().key_exchange_group().is_some(), name.contains("ECDHE"));
                assert!(stream.connection().peer_certificates().is_empty());
            }
            let data: Vec<u8> = (0..50_000u32).map(|number| number as u8).collect();
            for _ in 0..2 {
                let sent = write(&mut client, &data);
                deliver(&mut server, &sent);
                assert_eq!(read_available(&mut server), Ok((data.clone(), false)), "{name}");
                std::mem::swap(&mut client, &mut server);
            }
            client.close();
            let bytes = take(&mut client);
            deliver(&mut server, &bytes);
            assert_eq!(read_available(&mut server), Ok((vec![], true)), "{name}");
        }
    }
}

#[test]
fn forward_secrecy_is_preferred_and_the_names_of_a_board_are_there() {
    let (mut client, mut server) = pair(&psk_client(), &psk_server());
    assert_eq!(handshake(&mut client, &mut server, usize::MAX, known), [Ok(()), Ok(())]);
    let (suite, _) = client.connection().negotiated().unwrap();
    assert_eq!(ciphers::name(suite), Some("TLS-ECDHE-PSK-WITH-CHACHA20-POLY1305-SHA256"));
    let names: Vec<_> = ciphers::supported().filter(|name| name.starts_with("TLS-PSK")).collect();
    assert_eq!(
        names,
        [
            "TLS-PSK-WITH-AES-256-GCM-SHA384",
            "TLS-PSK-WITH-AES-128-GCM-SHA256",
            "TLS-PSK-WITH-AES-256-CBC-SHA384",
            "TLS-PSK-WITH-AES-256-CBC-SHA",
            "TLS-PSK-WITH-AES-128-CBC-SHA256",
            "TLS-PSK-WITH-AES-128-CBC-SHA"
        ]
    );
}

#[test]
fn an_identity_is_bytes_and_may_be_long() {
    for identity in [&b"\xff\xfe\x00\xfd"[..], &[7; 4096], b""] {
        let mut context = Context::new(Endpoint::Client);
        context.verify().set_mode(CERT_NONE).unwrap();
        context.set_psk(identity, KEY).unwrap();
        let (mut client, mut server) = pair(&context, &psk_server());
        let told = |asked: &[u8]| (asked == identity).then(|| KEY.to_vec());
        assert_eq!(handshake(&mut client, &mut server, usize::MAX, told), [Ok(()), Ok(())], "{} bytes", identity.len());
    }
}

#[test]
fn limits_are_checked_when_a_key_is_set() {
    let mut context = Context::new(Endpoint::Client);
    for length in [1, 48] {
        assert_eq!(context.set_psk(b"me", &vec![1; length]), Ok(()));
    }
    for (identity, key) in [(&b"me"[..], &[][..]), (b"me", &[1; 49]), (&[1; 4097], b"key")] {
        let error = context.set_psk(identity, key).unwrap_err();
        assert_eq!(error.exception().code, Some(-28928));
    }
}

#[test]
fn a_client_without_a_known_identity_gets_an_alert_for_it() {
    for answer in [None, Some(vec![]), Some(vec![1; 49])] {
        let (mut client, mut server) = pair(&psk_client(), &psk_server());
        let outcome = handshake(&mut client, &mut server, usize::MAX, |_| answer.clone());
        assert_eq!(outcome, [Err(Error::AlertReceived(UNKNOWN_PSK_IDENTITY)), Err(Error::UnknownIdentity)]);
        assert_eq!(server.failure().unwrap().exception().code, Some(-27776));
    }
}

#[test]
fn a_wrong_key_is_a_record_that_cannot_be_decrypted() {
    for suite in ["TLS-PSK-WITH-AES-128-GCM-SHA256", "TLS-ECDHE-PSK-WITH-CHACHA20-POLY1305-SHA256", "TLS-PSK-WITH-AES-128-CBC-SHA"] {
        let mut context = psk_client();
        context.set_ciphers([suite]).unwrap();
        let mut server_context = psk_server();
        server_context.set_ciphers([suite]).unwrap();
        let (mut client, mut server) = pair(&context, &server_context);
        let outcome = handshake(&mut client, &mut server, usize::MAX, |_| Some(b"another key".to_vec()));
        assert_eq!(outcome, [Err(Error::AlertReceived(BAD_RECORD_MAC)), Err(Error::InvalidMac)], "{suite}");
    }
}

#[test]
fn a_server_with_a_key_of_its_own_asks_nobody() {
    let mut context = Context::new(Endpoint::Server);
    context.set_psk(IDENTITY.as_bytes(), KEY).unwrap();
    let never = |_: &[u8]| -> Option<Vec<u8>> { panic!("it has the key") };
    let (mut client, mut server) = pair(&psk_client(), &context);
    assert_eq!(handshake(&mut client, &mut server, usize::MAX, never), [Ok(()), Ok(())]);
    context.set_psk(b"somebody else", KEY).unwrap();
    let (mut client, mut server) = pair(&psk_client(), &context);
    let outcome = handshake(&mut client, &mut server, usize::MAX, never);
    assert_eq!(outcome, [Err(Error::AlertReceived(UNKNOWN_PSK_IDENTITY)), Err(Error::UnknownIdentity)]);
}

#[test]
fn nobody_falls_back_to_certificates() {
    let failed = [Err(Error::AlertReceived(HANDSHAKE_FAILURE)), Err(Error::HandshakeFailure)];
    let careless = Context::new(Endpoint::Client);
    careless.verify().set_mode(CERT_NONE).unwrap();
    // A server with a certificate only; and one with both, of which the program wants keys.
    let (mut client, mut server) = pair(&psk_client(), &server_context("ec256"));
    assert_eq!(handshake(&mut client, &mut server, usize::MAX, known), failed);
    let mut both = server_context("ec256");
    both.ask_for_psks();
    let (mut client, mut server) = pair(&careless, &both);
    assert_eq!(handshake(&mut client, &mut server, usize::MAX, known), failed);
    let (mut client, mut server) = pair(&psk_client(), &both);
    assert_eq!(handshake(&mut client, &mut server, usize::MAX, known), [Ok(()), Ok(())]);
}

#[test]
fn a_program_that_names_suites_may_have_both() {
    let names = ["TLS-PSK-WITH-AES-128-GCM-SHA256", "TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256"];
    let mut both = server_context("ec256");
    both.set_ciphers(names).unwrap();
    both.ask_for_psks();
    let careless = Context::new(Endpoint::Client);
    careless.verify().set_mode(CERT_NONE).unwrap();
    let mut mixed = psk_client();
    mixed.set_ciphers([names[1], names[0]]).unwrap();
    for (client_context, expected) in [(psk_client(), names[0]), (careless, names[1]), (mixed, names[0])] {
        let (mut client, mut server) = pair(&client_context, &both);
        assert_eq!(handshake(&mut client, &mut server, usize::MAX, known), [Ok(()), Ok(())]);
        let (suite, _) = client.connection().negotiated().unwrap();
        assert_eq!(ciphers::name(suite), Some(expected));
    }
}

#[test]
fn settings_that_leave_nothing_to_negotiate_are_refused() {
    let refused = |context: &Context| assert!(matches!(context.connect(Some(b"name"), false), Err(Error::BadConfig)));
    refused(&only(psk_client(), Version::Tls13));
    let mut context = psk_client();
    context.set_alpn_protocols(vec![b"h2".to_vec()]).unwrap();
    refused(&context);
    let mut context = Context::new(Endpoint::Client);
    context.ask_for_psks();
    refused(&context);
    let mut context = Context::new(Endpoint::Client);
    context.set_ciphers(["TLS-PSK-WITH-AES-128-GCM-SHA256"]).unwrap();
    refused(&context);
}

#[test]
fn the_server_stands_still_while_its_program_looks_for_the_key() {
    let (mut client, mut server) = pair(&psk_client(), &psk_server());
    assert_eq!(server.psk_identity(), None);
    assert_eq!(server.provide_psk(Some(KEY)), Err(Error::BadInputData));
    assert_eq!(client.handshake(), Ok(Step::Send));
    carry(&mut client, &mut server, usize::MAX, |_| {});
    assert_eq!(server.handshake(), Ok(Step::Send));
    carry(&mut server, &mut client, usize::MAX, |_| {});
    assert_eq!(client.handshake(), Ok(Step::Send));
    carry(&mut client, &mut server, usize::MAX, |_| {});
    for _ in 0..2 {
        assert_eq!(server.handshake(), Ok(Step::Verify));
        assert_eq!(server.read(&mut [0; 9]), Ok(Step::Verify));
        assert_eq!(server.write(b"secret"), Ok(Step::Verify));
        assert!(server.to_send().is_empty());
        assert_eq!(server.poll(event::READ), Poll { ready: event::READ, ask: 0 });
        assert_eq!(server.psk_identity(), Some(IDENTITY.as_bytes()));
        assert!(server.chain().is_empty());
        assert_eq!(server.decide(Some(0)), Err(Error::BadInputData));
    }
    assert_eq!(server.provide_psk(Some(KEY)), Ok(()));
    assert_eq!(server.psk_identity(), None);
    assert_eq!(server.write(b"secret"), Ok(Step::Send));
    carry(&mut server, &mut client, usize::MAX, |_| {});
    assert_eq!(read_available(&mut client), Ok((b"secret".to_vec(), false)));
}

#[test]
fn a_server_that_is_closed_or_fails_meanwhile_asks_no_more() {
    for closes in [true, false] {
        let (mut client, mut server) = pair(&psk_client(), &psk_server());
        for _ in 0..2 {
            _ = client.handshake();
            carry(&mut client, &mut server, usize::MAX, |_| {});
            _ = server.handshake();
            carry(&mut server, &mut client, usize::MAX, |_| {});
        }
        assert_eq!(server.handshake(), Ok(Step::Verify));
        if closes {
            assert!(server.close());
        } else {
            server.transport_failed(104);
        }
        assert!(server.to_send().is_empty());
        assert_eq!(server.psk_identity(), None);
        assert_eq!(server.provide_psk(Some(KEY)), Err(Error::BadInputData));
    }
}

#[test]
fn a_peer_that_breaks_the_protocol_is_refused() {
    // In place of the server's first flight, after a client's hello.
    for (bytes, error) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], Error::InvalidRecord),
        (b"\x16\x03\x03\xff\xff", Error::BadInputData),
        (b"\x14\x03\x03\x00\x01\x01", Error::UnexpectedMessage),
        (b"\x17\x03\x03\x00\x01x", Error::UnexpectedMessage),
        (b"\x16\x03\x03\x00\x04\x0e\x00\x00\x00", Error::UnexpectedMessage),
        (b"\x16\x03\x03\x00\x04\x02\x01\x00\x00", Error::DecodeError),
        (b"\x15\x03\x03\x00\x01\x02", Error::DecodeError),
        (b"\x15\x03\x03\x00\x02\x02\x28", Error::AlertReceived(HANDSHAKE_FAILURE)),
        (b"\x15\x03\x03\x00\x02\x01\x00", Error::PeerCloseNotify),
    ] {
        let mut client = client(&psk_client());
        assert_eq!(client.handshake(), Ok(Step::Send));
        take(&mut client);
        deliver(&mut client, bytes);
        assert_eq!(client.handshake(), Err(error.clone()), "{bytes:x?}");
        assert_eq!(client.handshake(), Err(error), "{bytes:x?}");
    }
}

#[test]
fn finished_and_data_in_the_clear_are_refused() {
    // The client's second flight without its ChangeCipherSpec, and with data in the place of
    // Finished.
    for (skip, error) in [(1, Error::UnexpectedMessage), (2, Error::UnexpectedMessage)] {
        let (mut client, mut server) = pair(&psk_client(), &psk_server());
        _ = client.handshake();
        carry(&mut client, &mut server, usize::MAX, |_| {});
        _ = server.handshake();
        carry(&mut server, &mut client, usize::MAX, |_| {});
        _ = client.handshake();
        let flight = take(&mut client);
        let records = support::forge::records(&flight);
        assert_eq!(records.iter().map(|record| record[0]).collect::<Vec<_>>(), [22, 20, 22]);
        deliver(&mut server, records[0]);
        assert_eq!(server.handshake(), Ok(Step::Verify));
        answer(&mut server).unwrap();
        let forged: &[u8] =
            if skip == 1 { &[22, 3, 3, 0, 16, 20, 0, 0, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] } else { b"\x17\x03\x03\x00\x01x" };
        deliver(&mut server, forged);
        assert_eq!(server.handshake(), Err(error));
    }
}

#[test]
fn records_that_bring_nothing_end_the_connection_in_the_end() {
    let mut client = client(&psk_client());
    assert_eq!(client.handshake(), Ok(Step::Send));
    take(&mut client);
    for count in 1..=5000 {
        deliver(&mut client, b"\x15\x03\x03\x00\x02\x01\x5a");
        match client.handshake() {
            Ok(Step::Receive) => {}
            outcome => {
                assert_eq!((count, outcome), (4096, Err(Error::UnexpectedMessage)));
                return;
            }
        }
    }
    panic!("it goes on");
}

#[test]
fn every_changed_byte_of_a_handshake_is_noticed() {
    let count = |changed: usize| {
        let (mut client, mut server) = pair(&psk_client(), &psk_server());
        let (mut at, mut hello, mut last, mut outcome) = (0, 0, 0, [None, None]);
        for _ in 0..6 {
            for (turn, outcome) in outcome.iter_mut().enumerate() {
                let stream = if turn == 0 { &mut client } else { &mut server };
                let step = loop {
                    match stream.handshake() {
                        Ok(Step::Verify) => _ = stream.provide_psk(known(stream.psk_identity().unwrap()).as_deref()),
                        step => break step,
                    }
                };
                if let Ok(Step::Done(_)) | Err(_) = step {
                    outcome.get_or_insert(step.is_ok());
                }
                let mut bytes = take(stream);
                if let Some(byte) = changed.checked_sub(at).and_then(|index| bytes.get_mut(index)) {
                    *byte ^= 1;
                }
                last = if bytes.is_empty() { last } else { at };
                at += bytes.len();
                hello = if hello == 0 { at } else { hello };
                deliver(if turn == 0 { &mut server } else { &mut client }, &bytes);
            }
        }
        (at, hello, last, outcome)
    };
    let (length, hello, last, outcome) = count(usize::MAX);
    assert_eq!(outcome, [Some(true), Some(true)]);
    for changed in 0..length {
        // The versions of both first records say nothing (RFC 5246, appendix E.1).
        if changed != 2 && changed != hello + 2 {
            // A length that promises more than there is waits for it.
            let [client, server] = count(changed).3;
            assert_ne!(client, Some(true), "byte {changed}");
            assert!(server != Some(true) || changed >= last, "byte {changed}: it sends its Finished after the client's");
        }
    }
}

/// Where both ends know extended_master_secret, a changed message already makes other keys of it.
#[test]
fn a_finished_of_other_messages_is_refused_by_both_ends() {
    const FINISHED: u8 = 20;
    for victim in [Endpoint::Client, Endpoint::Server] {
        let [mut client_context, mut server_context] = [psk_client(), psk_server()];
        for context in [&mut client_context, &mut server_context] {
            context.set_ciphers(["TLS-ECDHE-PSK-WITH-CHACHA20-POLY1305-SHA256"]).unwrap();
        }
        let secrets = Secrets::of(&mut client_context);
        let (mut client, mut server) = pair(&client_context, &server_context);
        client.handshake().unwrap();
        deliver(&mut server, &take(&mut client));
        server.handshake().unwrap();
        let flight = take(&mut server);
        deliver(&mut client, &flight);
        client.handshake().unwrap();
        let answer = take(&mut client);
        deliver(&mut server, records(&answer)[0]);
        assert_eq!(server.handshake(), Ok(Step::Verify));
        server.provide_psk(Some(KEY)).unwrap();
        assert_eq!(server.handshake(), Ok(Step::Receive));

        let [clients, servers] = secrets.tls12(&flight[11..43]).unwrap();
        let (end, mut keys) = if victim == Endpoint::Client { (&mut client, servers) } else { (&mut server, clients) };
        deliver(end, &record(CHANGE_CIPHER_SPEC, &[1]));
        deliver(end, &keys.seal(HANDSHAKE, &message(FINISHED, &[0; 12])));
        assert_eq!(end.handshake(), Err(Error::HandshakeFailure), "{victim:?}");
    }
}
