//! What somebody on the way may try: cookies, messages, signatures and alerts that are not the
//! peer's.

use std::sync::{Arc, Mutex};

use micropython_ssl::context::Context;
use micropython_ssl::dtls::DtlsConnection;
use micropython_ssl::error::{Error, SignatureKind};
use micropython_ssl::verify::{CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED};

use crate::edit::*;
use crate::support::pki::{self, Cert, Hash, Key};
use crate::world::*;

/// Each message whole, so that it can be edited.
const WHOLE: Setup = Setup { mtu: 9000, ..EC };
const MUTUAL: Setup = Setup { client_key: Some(Key::P256(3)), client_auth: CERT_REQUIRED, ..WHOLE };

/// What both ends come to when whatever is sent goes through `edit`.
fn handshake(setup: Setup, mut edit: impl FnMut(&Datagram) -> Vec<u8> + 'static) -> World<'static> {
    // Lives as long as the test program: contexts are few and small.
    let server = Box::leak(Box::new(setup.server()));
    let mut world = World::new(&setup.client(), server).with_fate(move |datagram| vec![(LATENCY, edit(datagram))]);
    world.run();
    world
}

/// Edits the datagrams that have this message.
fn change(typ: u8, change: impl Fn(&mut Vec<u8>) + 'static) -> impl FnMut(&Datagram) -> Vec<u8> {
    move |datagram| if has(datagram, typ) { with_body(datagram, typ, &change) } else { datagram.bytes.clone() }
}

/// A ClientHello with a good cookie, and one that came before it.
fn hellos(server: &Context) -> (Vec<u8>, Vec<u8>) {
    let mut world = World::new(&WHOLE.client(), server);
    world.run();
    let mut hellos = world.sent.into_iter().filter(|datagram| has(datagram, CLIENT_HELLO));
    (hellos.next().unwrap().bytes, hellos.next().unwrap().bytes)
}

/// How a server that is new answers a datagram.
fn first_answer(mut server: DtlsConnection, mut datagram: Vec<u8>, now: u64) -> (Result<(), Error>, Vec<Vec<u8>>) {
    let result = server.feed_datagram(&mut datagram, now);
    (result, std::iter::from_fn(|| server.take_datagram()).collect())
}

/// Where the cookie is in a ClientHello's datagram: behind the headers, version, random, and the
/// empty session id.
const COOKIE: usize = 25 + 2 + 32 + 1;
const NOW: u64 = 5_000 + 2 * LATENCY;

#[test]
fn a_hello_without_a_good_cookie_gets_one_in_a_shorter_answer_and_nothing_else() {
    let server = WHOLE.server();
    let (without, with) = hellos(&server);
    let is_sent_back = |server: DtlsConnection, hello: Vec<u8>, now: u64, what: &str| {
        let length = hello.len();
        let (result, answer) = first_answer(server, hello, now);
        assert_eq!(result, Err(Error::HelloVerifyRequired), "{what}");
        assert_eq!(answer.len(), 1, "{what}");
        assert_eq!(parts(&answer[0])[0].typ(), Some(HELLO_VERIFY_REQUEST), "{what}");
        assert!(answer[0].len() <= length, "{what}: {} bytes for {length}", answer[0].len());
    };
    is_sent_back(listen(&server), without.clone(), NOW, "no cookie");
    let (result, flight) = first_answer(listen(&server), with.clone(), NOW);
    assert_eq!((result, flight.len()), (Ok(()), 1), "the good cookie");

    for byte in 0..32 {
        let mut forged = with.clone();
        forged[COOKIE + 1 + byte] ^= 1;
        is_sent_back(listen(&server), forged, NOW, &format!("byte {byte} of the cookie"));
    }
    for length in 0..32 {
        let cut = with_cookie(&with, &with[COOKIE + 1..COOKIE + 1 + length]);
        is_sent_back(listen(&server), cut, NOW, &format!("{length} bytes of the cookie"));
    }
    is_sent_back(listen(&server), with_cookie(&with, &[0xff; 255]), NOW, "a long cookie");
    is_sent_back(listen(&server), with.clone(), NOW + 62_000, "a minute later");
    is_sent_back(listen(&server), with.clone(), 1_000, "before the cookie was made");
    is_sent_back(listen(&WHOLE.server()), with.clone(), NOW, "another context");
    for other in [&b""[..], b"('192.0.2.1', 4712)", b"('192.0.2.1', 471"] {
        let server = server.connect_datagram(None, true, Some(other)).unwrap();
        is_sent_back(server, with.clone(), NOW, "another client");
    }
}

#[test]
fn a_cookie_is_good_for_the_hello_it_was_given_for_and_no_other() {
    let server = WHOLE.server();
    let (_, with) = hellos(&server);
    let hello = 25..with.len();
    for byte in hello.filter(|byte| !(COOKIE..COOKIE + 33).contains(byte)) {
        let mut changed = with.clone();
        changed[byte] ^= 1;
        let (result, answer) = first_answer(listen(&server), changed, NOW);
        // The version, which is first, may be another: everything else is what the cookie says.
        if byte >= 27 {
            assert!(matches!(result, Err(Error::HelloVerifyRequired) | Ok(())), "byte {byte}: {result:?}");
            assert!(answer.iter().all(|answer| answer.len() <= with.len()), "byte {byte}");
            assert!(answer.iter().all(|answer| parts(answer)[0].typ() == Some(HELLO_VERIFY_REQUEST)), "byte {byte}");
        }
    }
}

#[test]
fn nothing_but_a_hello_moves_a_server_that_waits() {
    let server = WHOLE.server();
    let mut whole = World::new(&WHOLE.client(), &server);
    whole.run();
    let mut listening = listen(&server);
    for datagram in whole.sent.iter().filter(|datagram| !has(datagram, CLIENT_HELLO)) {
        assert_eq!(listening.feed_datagram(&mut datagram.bytes.clone(), NOW), Ok(()));
    }
    for alert in [[2, 40], [1, 0], [2, 0]] {
        assert_eq!(listening.feed_datagram(&mut record(ALERT, 0, 0, &alert), NOW), Ok(()));
    }
    for typ in 0..=255 {
        let junk = fragment(typ, 0, 5000, 0, &[typ; 200]);
        assert_eq!(listening.feed_datagram(&mut record(HANDSHAKE, 0, 0, &junk), NOW), Ok(()));
    }
    assert!(listening.take_datagram().is_none());
    assert_eq!(listening.next_timeout(NOW), None);
    let (without, _) = hellos(&server);
    assert_eq!(listening.feed_datagram(&mut without.clone(), NOW), Err(Error::HelloVerifyRequired));
}

#[test]
fn a_hello_in_fragments_is_put_together_also_with_its_cookie() {
    for size in [1, 10, 33, 64, 100] {
        let server = WHOLE.server();
        let mut world = World::new(&WHOLE.client(), &server).with_fate(|datagram| {
            let Some(Part::Message { typ: CLIENT_HELLO, seq, body }) = parts(&datagram.bytes).first().cloned() else {
                return datagram.arrives();
            };
            let fragments = (0..body.len()).step_by(size).map(|at| {
                let piece = &body[at..body.len().min(at + size)];
                (LATENCY, record(HANDSHAKE, 0, u64::from(seq), &fragment(CLIENT_HELLO, seq, body.len(), at, piece)))
            });
            fragments.collect()
        });
        world.run();
        world.assert_connected(&format!("fragments of {size} bytes"));
    }
}

#[test]
fn a_server_that_forgets_its_secret_asks_again_and_goes_on() {
    let (first, second) = (WHOLE.server(), WHOLE.server());
    let mut world = World::new(&WHOLE.client(), &second);
    world.server = listen(&first);
    world.run();
    assert_eq!(world.cookies, 2);
    world.assert_connected("after a second cookie");
}

#[test]
fn a_late_request_for_a_cookie_does_not_start_the_client_over() {
    let server = WHOLE.server();
    let mut late = true;
    let mut world = World::new(&WHOLE.client(), &server).with_fate(move |datagram| {
        let mut fate = datagram.arrives();
        if std::mem::take(&mut late) && has(datagram, CLIENT_HELLO) {
            // The first hello comes once more, a second later, and is answered with another cookie.
            fate.push((1_100, datagram.bytes.clone()));
        }
        fate
    });
    let mut other = listen(&server);
    let (_, with) = hellos(&server);
    world.run_until(|world| world.count(Client) == 2);
    let mut late = with_cookie(&with, b"");
    assert_eq!(other.feed_datagram(&mut late, world.now + 5_000), Err(Error::HelloVerifyRequired));
    let request = other.take_datagram().unwrap();
    world.deliver(Client, datagram(&parts(&request), 0));
    assert_eq!(world.count(Client), 2);
    world.run();
    world.assert_connected("after a late request");
}

#[test]
fn a_server_may_only_choose_what_was_offered() {
    let set = |at: usize, bytes: &'static [u8]| change(SERVER_HELLO, move |body| body[at..at + bytes.len()].copy_from_slice(bytes));
    let unoffered = change(SERVER_HELLO, |body| {
        let length = u16::from_be_bytes([body[38], body[39]]) + 6;
        body[38..40].copy_from_slice(&length.to_be_bytes());
        body.extend_from_slice(&[0, 16, 0, 2, 0, 0]);
    });
    let twice = change(SERVER_HELLO, |body| {
        let length = u16::from_be_bytes([body[38], body[39]]) + 4;
        body[38..40].copy_from_slice(&length.to_be_bytes());
        body.extend_from_slice(&[0, 23, 0, 0]);
    });
    let long = change(SERVER_HELLO, |body| body.push(0));
    type Edit = Box<dyn FnMut(&Datagram) -> Vec<u8>>;
    let edits: Vec<(&str, Edit, Error)> = vec![
        ("DTLS 1.0", Box::new(set(0, &[0xfe, 0xff])), Error::BadProtocolVersion),
        ("TLS 1.2", Box::new(set(0, &[3, 3])), Error::BadProtocolVersion),
        ("TLS_RSA_WITH_NULL_MD5", Box::new(set(35, &[0, 1])), Error::IllegalParameter),
        ("TLS_AES_128_GCM_SHA256", Box::new(set(35, &[0x13, 1])), Error::IllegalParameter),
        ("the SCSV", Box::new(set(35, &[0, 0xff])), Error::IllegalParameter),
        ("compression", Box::new(set(37, &[1])), Error::IllegalParameter),
        ("an extension", Box::new(unoffered), Error::IllegalParameter),
        ("an extension twice", Box::new(twice), Error::DecodeError),
        ("trailing bytes", Box::new(long), Error::DecodeError),
        ("x448", Box::new(change(SERVER_KEY_EXCHANGE, |body| body[2] = 30)), Error::IllegalParameter),
        ("an explicit curve", Box::new(change(SERVER_KEY_EXCHANGE, |body| body[0] = 1)), Error::IllegalParameter),
        ("SHA-1", Box::new(change(SERVER_KEY_EXCHANGE, |body| set_scheme(body, [2, 3]))), Error::IllegalParameter),
        ("an RSA signature", Box::new(change(SERVER_KEY_EXCHANGE, |body| set_scheme(body, [4, 1]))), Error::IllegalParameter),
        (
            "another hash",
            Box::new(change(SERVER_KEY_EXCHANGE, |body| set_scheme(body, [5, 3]))),
            Error::HandshakeSignature(SignatureKind::Ecc),
        ),
        ("no certificate", Box::new(change(CERTIFICATE, |body| *body = vec![0, 0, 0])), Error::BadCertificate),
        ("words after done", Box::new(change(SERVER_HELLO_DONE, |body| body.push(0))), Error::DecodeError),
    ];
    for (what, edit, error) in edits {
        let world = handshake(WHOLE, edit);
        assert_eq!(world.outcome.get(&Client), Some(&error), "{what}");
        assert!(matches!(world.outcome.get(&Server), Some(Error::AlertReceived(_))), "{what}: {:?}", world.outcome);
    }
}

#[test]
fn no_byte_of_the_handshake_can_be_changed_in_the_clear() {
    for typ in [CLIENT_HELLO, SERVER_HELLO, CERTIFICATE, SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST, CERTIFICATE_VERIFY, CLIENT_KEY_EXCHANGE]
    {
        let mut calm = handshake(MUTUAL, |datagram| datagram.bytes.clone());
        calm.assert_connected("unchanged");
        let length = body_of(&calm.sent, typ).len();
        for at in (0..length).step_by(1 + length / 24) {
            let world = handshake(
                MUTUAL,
                change(typ, move |body| {
                    // Signatures differ in length by a few bytes.
                    let at = at.min(body.len() - 1);
                    body[at] ^= 0x10;
                }),
            );
            assert!(!world.outcome.is_empty(), "byte {at} of message {typ}");
            let still = world.client.is_handshaking() && world.server.is_handshaking();
            assert!(still, "byte {at} of message {typ}: each end notices by itself: {:?}", world.outcome);
        }
    }
}

#[test]
fn a_key_exchange_of_another_handshake_is_refused() {
    let other = handshake(WHOLE, |datagram| datagram.bytes.clone());
    let theirs = body_of(&other.sent, SERVER_KEY_EXCHANGE);
    let world = handshake(WHOLE, change(SERVER_KEY_EXCHANGE, move |body| body.clone_from(&theirs)));
    assert_eq!(world.outcome[&Client], Error::HandshakeSignature(SignatureKind::Ecc));
    assert_eq!(world.outcome[&Server], Error::AlertReceived(51));
}

#[test]
fn a_point_that_is_none_is_refused_by_the_server() {
    let points: [Vec<u8>; 6] = [vec![], vec![0], vec![4; 65], vec![0; 32], [&[2][..], &[7; 32]].concat(), vec![1; 255]];
    for point in points {
        let message = [&[point.len() as u8], &point[..]].concat();
        let world = handshake(WHOLE, change(CLIENT_KEY_EXCHANGE, move |body| body.clone_from(&message)));
        assert_eq!(world.outcome.get(&Server), Some(&Error::IllegalParameter), "{point:?}");
        assert_eq!(world.outcome.get(&Client), Some(&Error::AlertReceived(47)), "{point:?}");
    }
    let world = handshake(WHOLE, change(CLIENT_KEY_EXCHANGE, |body| body.push(0)));
    assert_eq!(world.outcome[&Server], Error::DecodeError);
}

#[test]
fn a_point_that_is_none_is_refused_by_the_client_even_if_it_is_signed() {
    for (group, point) in [([0, 29], vec![0; 32]), ([0, 23], vec![4; 65]), ([0, 23], vec![2; 33]), ([0, 24], vec![0])] {
        let random = Arc::new(Mutex::new(Vec::new()));
        let message = point.clone();
        let world = handshake(WHOLE, move |datagram| {
            if has(datagram, CLIENT_HELLO) {
                *random.lock().unwrap() = body_of(std::slice::from_ref(datagram), CLIENT_HELLO)[2..34].to_vec();
            }
            if !has(datagram, SERVER_KEY_EXCHANGE) {
                return datagram.bytes.clone();
            }
            let server = body_of(std::slice::from_ref(datagram), SERVER_HELLO)[2..34].to_vec();
            with_body(datagram, SERVER_KEY_EXCHANGE, |body| {
                let params = [&[3][..], &group, &[message.len() as u8], &message].concat();
                let signature = Key::P256(1).sign(Hash::Sha256, &[&random.lock().unwrap()[..], &server, &params].concat());
                *body = [&params[..], &[4, 3], &(signature.len() as u16).to_be_bytes(), &signature].concat();
            })
        });
        assert_eq!(world.outcome.get(&Client), Some(&Error::IllegalParameter), "{group:?} {point:?}");
    }
}

#[test]
fn no_message_can_be_left_out() {
    let messages = [
        (CERTIFICATE, Server),
        (SERVER_KEY_EXCHANGE, Server),
        (SERVER_HELLO, Server),
        (CERTIFICATE, Client),
        (CLIENT_KEY_EXCHANGE, Client),
    ];
    for (typ, from) in messages {
        let mut world = handshake(MUTUAL, move |datagram| {
            if datagram.from == from && has(datagram, typ) {
                edited(datagram, |parts| parts.retain(|part| part.typ() != Some(typ)))
            } else {
                datagram.bytes.clone()
            }
        });
        assert!(!world.is_connected(), "without {typ} from {from:?}");
        let error = world.outcome.get(&from.other());
        assert_eq!(error, Some(&Error::UnexpectedMessage), "without {typ} from {from:?}");
        assert_eq!(world.end(from).failure(), Some(&Error::AlertReceived(10)), "without {typ} from {from:?}");
    }
}

#[test]
fn a_client_that_leaves_out_its_proof_or_its_certificate_is_refused() {
    // Finished, which nobody on the way can number anew, waits for the proof.
    let silent = handshake(MUTUAL, |datagram| {
        if has(datagram, CERTIFICATE_VERIFY) {
            edited(datagram, |parts| parts.retain(|part| part.typ() != Some(CERTIFICATE_VERIFY)))
        } else {
            datagram.bytes.clone()
        }
    });
    assert_eq!(silent.outcome[&Server], Error::Timeout);
    let empty = handshake(MUTUAL, |datagram| {
        if datagram.from == Client && has(datagram, CERTIFICATE) {
            edited(datagram, |parts| {
                parts.retain(|part| part.typ() != Some(CERTIFICATE_VERIFY));
                if let Part::Message { body, .. } = &mut parts[0] {
                    *body = vec![0, 0, 0];
                }
            })
        } else {
            datagram.bytes.clone()
        }
    });
    assert_eq!(empty.outcome[&Server], Error::NoClientCertificate);
    let stolen = handshake(MUTUAL, change(CERTIFICATE_VERIFY, |body| *body.last_mut().unwrap() ^= 1));
    assert_eq!(stolen.outcome[&Server], Error::HandshakeSignature(SignatureKind::Ecc));
}

#[test]
fn each_message_in_each_wrong_state_ends_the_handshake_or_is_dropped() {
    let calm = handshake(MUTUAL, |datagram| datagram.bytes.clone());
    let all = [CLIENT_HELLO, SERVER_HELLO, HELLO_VERIFY_REQUEST, CERTIFICATE, SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST, SERVER_HELLO_DONE];
    let all = all.into_iter().chain([CERTIFICATE_VERIFY, CLIENT_KEY_EXCHANGE]);
    let mut bodies: Vec<(u8, Vec<u8>)> = all.map(|typ| (typ, body_of(&calm.sent, typ))).collect();
    bodies.extend([(FINISHED, vec![0; 12]), (0, vec![]), (4, vec![0; 6]), (22, vec![0; 6]), (99, vec![])]);
    for (typ, body) in bodies {
        for before in 0..calm.sent.len() {
            let message = body.clone();
            let mut count = 0;
            let server = MUTUAL.server();
            let mut world = World::new(&MUTUAL.client(), &server).with_fate(move |datagram| {
                count += 1;
                let mut fate = datagram.arrives();
                if count == before + 1 {
                    // In place of what comes next, whatever its number is.
                    let seqs = (0..8).map(|seq| record(HANDSHAKE, 0, 5, &fragment(typ, seq, message.len(), 0, &message)));
                    fate.insert(0, (LATENCY - 1, seqs.collect::<Vec<_>>().concat()));
                }
                fate
            });
            world.run();
            if world.is_connected() {
                world.assert_connected(&format!("message {typ} before datagram {before}"));
            } else {
                assert!(!world.outcome.is_empty(), "message {typ} before datagram {before}: stuck");
            }
            // Messages that no state waits for, and Finished in the clear, must not even end it.
            if [FINISHED, 0].contains(&typ) {
                assert!(world.is_connected(), "message {typ} before datagram {before}: {:?}", world.outcome);
            }
        }
    }
}

#[test]
fn alerts_in_the_clear_count_until_there_are_keys_and_not_after() {
    let after_hello = |content: &'static [u8]| {
        let mut done = false;
        handshake(WHOLE, move |datagram| {
            let first = datagram.from == Server && has(datagram, SERVER_HELLO) && !std::mem::replace(&mut done, true);
            let alert = if first { record(ALERT, 0, 3, content) } else { Vec::new() };
            [&alert[..], &datagram.bytes].concat()
        })
    };
    for (alert, error) in
        [(&[2, 40][..], Error::AlertReceived(40)), (&[2, 10], Error::AlertReceived(10)), (&[1, 0], Error::PeerCloseNotify)]
    {
        let world = after_hello(alert);
        assert_eq!(world.outcome.get(&Client), Some(&error), "{alert:?}");
    }
    for alert in [&[1, 90][..], &[1, 112], &[], &[2], &[2, 40, 0]] {
        after_hello(alert).assert_connected("after an alert that means nothing");
    }
    let mut world = handshake(WHOLE, |datagram| datagram.bytes.clone());
    for to in [Client, Server] {
        for alert in [[2, 40], [1, 0], [2, 0]] {
            world.deliver(to, record(ALERT, 0, 99, &alert));
        }
    }
    assert!(world.outcome.is_empty());
    world.assert_connected("after alerts that anybody can send");
}

#[test]
fn bad_peers_are_refused_in_mbedtls_words_on_both_sides() {
    let refused = |client: &Context, name: &[u8], text: &str, alert: u8| {
        let server = WHOLE.server();
        let mut world = World::new(client, &server);
        world.client = client.connect_datagram(Some(name), false, None).unwrap();
        world.run();
        assert_eq!(world.outcome[&Client].exception().text, text);
        assert_eq!(world.outcome[&Server], Error::AlertReceived(alert));
        assert_eq!(world.client.read(&mut [0]).unwrap_err().exception().code, Some(-9984));
    };
    let client = WHOLE.client();
    refused(&client, b"other.test", "\nThe certificate Common Name (CN) does not match with the expected CN\n", 42);
    client.set_time(pki::NOW + 20 * 366 * 86400);
    refused(&client, NAME.as_bytes(), "\nThe certificate validity has expired\n", 45);

    let stranger = Context::new(micropython_ssl::verify::Endpoint::Client);
    stranger.set_time(pki::NOW);
    stranger.verify().add_anchors(&Cert::ca("Other CA", Key::P256(9)).sign(Key::P256(9))).unwrap();
    refused(&stranger, NAME.as_bytes(), "\nThe certificate is not correctly signed by the trusted CA\n", 48);

    let trusting_nobody = Context::new(micropython_ssl::verify::Endpoint::Client);
    let server = WHOLE.server();
    let mut world = World::new(&trusting_nobody, &server);
    world.run();
    assert_eq!(world.outcome[&Client].exception().code, Some(-30336));

    for mode in [CERT_NONE, CERT_OPTIONAL] {
        stranger.verify().set_mode(mode).unwrap();
        let server = WHOLE.server();
        let mut world = World::new(&stranger, &server);
        world.run();
        world.assert_connected("without verification");
    }
}

#[test]
fn a_certificate_that_is_not_for_servers_is_not_served() {
    let mut server = Context::new(micropython_ssl::verify::Endpoint::Server);
    server.set_time(pki::NOW);
    let key = Key::P256(1);
    let only_for_clients = Cert::new(NAME, key).issued_by("Test CA").with(pki::ext_key_usage(&[2])).sign(CA);
    server.load_cert_chain(&only_for_clients, &key.private()).unwrap();
    let mut world = World::new(&WHOLE.client(), &server);
    world.run();
    assert_eq!(world.outcome[&Server].exception().code, Some(-28160));
    assert_eq!(world.outcome[&Client], Error::AlertReceived(40));
}

#[test]
fn a_server_refuses_a_client_whose_certificate_nobody_trusts() {
    let server = MUTUAL.server();
    let mut client = WHOLE.client();
    let key = Key::P256(5);
    client.load_cert_chain(&Cert::new("client", key).sign(key), &key.private()).unwrap();
    let mut world = World::new(&client, &server);
    world.run();
    assert_eq!(world.outcome[&Server].exception().text, "\nThe certificate is not correctly signed by the trusted CA\n");
    assert_eq!(world.outcome[&Client], Error::AlertReceived(48));
}

/// The hello in `datagram` with another cookie.
fn with_cookie(hello: &[u8], cookie: &[u8]) -> Vec<u8> {
    let original = Datagram { from: Client, index: 0, sent: 0, bytes: hello.to_vec() };
    with_body(&original, CLIENT_HELLO, |body| {
        let at = COOKIE - 25;
        let length = usize::from(body[at]);
        body.splice(at..=at + length, std::iter::once(cookie.len() as u8).chain(cookie.iter().copied()));
    })
}

/// Changes how a ServerKeyExchange says that it is signed.
fn set_scheme(body: &mut [u8], scheme: [u8; 2]) {
    let at = 4 + usize::from(body[3]);
    body[at..at + 2].copy_from_slice(&scheme);
}
