//! Every wrong thing at every moment, as a table: the alert that the peer is sent (RFC 8446,
//! section 6; RFC 5246, section 7.2) and the error that the program gets.

mod support;

use micropython_ssl::context::Version;
use micropython_ssl::error::Error::{self, *};
use micropython_ssl::verify::Endpoint;
use support::forge::*;
use support::hostile::{Moment, Scene};

use Endpoint::{Client, Server};
use Moment::{End, Middle, Start};
use Version::{Tls12, Tls13};

/// What a peer does, to whom and when, and what comes of it. No alert is "".
type Row = (&'static str, &'static [Endpoint], &'static [Version], &'static [Moment], fn(&mut Scene) -> Vec<u8>, &'static str, Error);

const BOTH: &[Endpoint] = &[Client, Server];
const ANY: &[Version] = &[Tls12, Tls13];
const ALWAYS: &[Moment] = &[Start, Middle, End];

const ROWS: &[Row] = &[
    // Headers of records.
    ("a record of no content type", BOTH, ANY, ALWAYS, |_| vec![0, 3, 3, 0, 1, 0], "unexpected_message", InvalidRecord),
    ("a record of an unknown type", BOTH, ANY, ALWAYS, |_| vec![99, 3, 3, 0, 1, 0], "unexpected_message", InvalidRecord),
    ("a heartbeat", BOTH, ANY, ALWAYS, |_| vec![24, 3, 3, 0, 1, 0], "unexpected_message", InvalidRecord),
    ("HTTP", BOTH, ANY, ALWAYS, |_| b"HTTP/1.1 200 OK\r\n".to_vec(), "unexpected_message", InvalidRecord),
    ("a version that is none", BOTH, ANY, ALWAYS, |_| vec![22, 5, 5, 0, 1, 0], "protocol_version", InvalidRecord),
    ("an empty handshake record", BOTH, ANY, ALWAYS, |_| record(HANDSHAKE, b""), "unexpected_message", InvalidRecord),
    ("an empty alert record", BOTH, ANY, ALWAYS, |_| record(ALERT, b""), "unexpected_message", InvalidRecord),
    ("a record of 65,535 bytes, by its header", BOTH, ANY, ALWAYS, |_| vec![22, 3, 3, 0xff, 0xff], "record_overflow", BadInputData),
    ("a record of 2^14 + 2048 bytes", BOTH, ANY, ALWAYS, |_| record(HANDSHAKE, &[0; 18_432]), "record_overflow", BadInputData),
    ("a record in the clear of 2^14 + 1", BOTH, ANY, &[Start], |_| record(HANDSHAKE, &[0; 16_385]), "record_overflow", InvalidRecord),
    ("the same in the handshake", BOTH, &[Tls12], &[Middle], |_| record(HANDSHAKE, &[0; 16_385]), "record_overflow", InvalidRecord),
    // Protected records of TLS 1.3.
    ("2^14 + 257 bytes", BOTH, &[Tls13], &[Middle, End], |_| record(APPLICATION_DATA, &[0; 16_641]), "record_overflow", InvalidRecord),
    ("2^14 + 1 inside", BOTH, &[Tls13], &[Middle, End], |scene| scene.seal(HANDSHAKE, &[0; 16_385]), "record_overflow", InvalidRecord),
    ("zeros without a type", BOTH, &[Tls13], &[Middle, End], |scene| scene.seal(0, &[0; 10]), "unexpected_message", IllegalParameter),
    ("nothing but a tag", BOTH, &[Tls13], &[Middle, End], |scene| inner(scene, b""), "unexpected_message", IllegalParameter),
    (
        "an empty handshake inside",
        BOTH,
        &[Tls13],
        &[Middle, End],
        |scene| scene.seal(HANDSHAKE, b""),
        "unexpected_message",
        UnexpectedMessage,
    ),
    ("an empty alert inside", BOTH, &[Tls13], &[Middle, End], |scene| scene.seal(ALERT, b""), "unexpected_message", UnexpectedMessage),
    (
        "ChangeCipherSpec inside",
        BOTH,
        &[Tls13],
        &[Middle, End],
        |s| s.seal(CHANGE_CIPHER_SPEC, &[1]),
        "unexpected_message",
        UnexpectedMessage,
    ),
    ("another type outside", BOTH, &[Tls13], &[Middle, End], |scene| under(scene, [22, 3, 3]), "unexpected_message", UnexpectedMessage),
    ("another version outside", BOTH, &[Tls13], &[Middle, End], |scene| other_version(scene, [23, 3, 1]), "bad_record_mac", InvalidMac),
    ("a message in the clear", BOTH, &[Tls13], &[Middle, End], |_| record(HANDSHAKE, &finished()), "unexpected_message", UnexpectedMessage),
    ("too short for a tag", BOTH, &[Tls13], &[Middle, End], |_| record(APPLICATION_DATA, &[0; 15]), "bad_record_mac", InvalidMac),
    // Protected records of TLS 1.2.
    ("2^14 + 1 of plaintext", BOTH, &[Tls12], &[End], |scene| scene.seal(APPLICATION_DATA, &[0; 16_385]), "record_overflow", InvalidRecord),
    ("another type", BOTH, &[Tls12], &[End], |scene| retyped(scene, HANDSHAKE), "bad_record_mac", InvalidMac),
    ("another version", BOTH, &[Tls12], &[End], |scene| other_version(scene, [23, 3, 1]), "bad_record_mac", InvalidMac),
    ("data in the clear", BOTH, &[Tls12], &[End], |_| record(APPLICATION_DATA, b"hello, in the clear"), "bad_record_mac", InvalidMac),
    // Protected records of both.
    ("a changed byte", BOTH, ANY, &[End], changed, "bad_record_mac", InvalidMac),
    ("a repeated record", BOTH, ANY, &[End], repeated, "bad_record_mac", InvalidMac),
    // Messages and records between each other.
    ("data within a message", BOTH, ANY, ALWAYS, |scene| within(scene, APPLICATION_DATA, b"x"), "unexpected_message", UnexpectedMessage),
    ("a warning within a message", BOTH, ANY, ALWAYS, |scene| within(scene, ALERT, &[1, 90]), "unexpected_message", UnexpectedMessage),
    ("a message of 70,000 bytes", BOTH, ANY, ALWAYS, |s| s.seal(HANDSHAKE, &[1, 1, 0x11, 0x70, 0]), "illegal_parameter", DecodeError),
    ("a message of an unknown type", BOTH, ANY, ALWAYS, |s| s.seal(HANDSHAKE, &message(99, b"x")), "unexpected_message", UnexpectedMessage),
    ("data before its time", BOTH, ANY, &[Start, Middle], |s| s.seal(APPLICATION_DATA, b"x"), "unexpected_message", UnexpectedMessage),
    ("Finished before its time", BOTH, ANY, &[Start], |s| s.seal(HANDSHAKE, &finished()), "unexpected_message", UnexpectedMessage),
    ("Finished once more", BOTH, ANY, &[End], |s| s.seal(HANDSHAKE, &finished()), "unexpected_message", UnexpectedMessage),
    (
        "Certificate out of turn",
        BOTH,
        ANY,
        &[Start],
        |s| s.seal(HANDSHAKE, &message(11, &[0, 0, 0])),
        "unexpected_message",
        UnexpectedMessage,
    ),
    (
        "Certificate once more",
        BOTH,
        &[Tls12],
        &[End],
        |s| s.seal(HANDSHAKE, &message(11, &[0, 0, 0])),
        "unexpected_message",
        UnexpectedMessage,
    ),
    (
        "Certificate once more",
        BOTH,
        &[Tls13],
        &[End],
        |s| s.seal(HANDSHAKE, &message(11, &[0, 0, 0, 0])),
        "unexpected_message",
        UnexpectedMessage,
    ),
    (
        "a client's message",
        &[Client],
        ANY,
        &[Start, Middle],
        |s| s.seal(HANDSHAKE, &message(16, b"\x01x")),
        "unexpected_message",
        UnexpectedMessage,
    ),
    ("a ticket for a server", &[Server], &[Tls13], &[End], |s| s.seal(HANDSHAKE, &ticket()), "unexpected_message", UnexpectedMessage),
    ("ClientHello again", &[Server], &[Tls13], &[Middle, End], hello_again, "unexpected_message", UnexpectedMessage),
    ("a ticket that is cut short", &[Client], &[Tls13], &[End], |s| s.seal(HANDSHAKE, &message(4, b"\0\0")), "decode_error", DecodeError),
    // ChangeCipherSpec.
    ("a wrong one", BOTH, &[Tls13], &[Middle, End], |_| record(CHANGE_CIPHER_SPEC, &[2]), "unexpected_message", UnexpectedMessage),
    ("one of two bytes", BOTH, &[Tls13], &[Middle, End], |_| record(CHANGE_CIPHER_SPEC, &[1, 1]), "unexpected_message", UnexpectedMessage),
    ("one of two bytes", BOTH, &[Tls12], &[Start, Middle], |_| record(CHANGE_CIPHER_SPEC, &[1, 1]), "decode_error", DecodeError),
    (
        "one before its time",
        BOTH,
        &[Tls12],
        &[Start, Middle],
        |_| record(CHANGE_CIPHER_SPEC, &[1]),
        "unexpected_message",
        UnexpectedMessage,
    ),
    (
        "one before the first message",
        BOTH,
        &[Tls13],
        &[Start],
        |_| record(CHANGE_CIPHER_SPEC, &[1]),
        "unexpected_message",
        UnexpectedMessage,
    ),
    ("one after the handshake", BOTH, &[Tls13], &[End], |_| record(CHANGE_CIPHER_SPEC, &[1]), "unexpected_message", UnexpectedMessage),
    // Alerts.
    ("a fatal alert", BOTH, ANY, ALWAYS, |scene| scene.seal(ALERT, &[2, 40]), "", AlertReceived(40)),
    ("an alert of one byte", BOTH, ANY, ALWAYS, |scene| scene.seal(ALERT, &[2]), "decode_error", DecodeError),
    ("an alert of three bytes", BOTH, ANY, ALWAYS, |scene| scene.seal(ALERT, &[2, 40, 0]), "decode_error", DecodeError),
    ("an alert of no level", BOTH, ANY, ALWAYS, |scene| scene.seal(ALERT, &[3, 40]), "illegal_parameter", AlertReceived(40)),
    // Key updates.
    ("one in the handshake", BOTH, &[Tls13], &[Middle], |s| s.seal(HANDSHAKE, &message(24, &[0])), "unexpected_message", UnexpectedMessage),
    ("one that is neither", BOTH, &[Tls13], &[End], |s| s.seal(HANDSHAKE, &message(24, &[2])), "illegal_parameter", DecodeError),
    ("one of two bytes", BOTH, &[Tls13], &[End], |s| s.seal(HANDSHAKE, &message(24, &[0, 0])), "decode_error", DecodeError),
    ("one with more behind it", BOTH, &[Tls13], &[End], update_and_more, "unexpected_message", UnexpectedMessage),
    ("one in TLS 1.2", BOTH, &[Tls12], &[End], |s| s.seal(HANDSHAKE, &message(24, &[0])), "unexpected_message", UnexpectedMessage),
    // Finished.
    ("a wrong one", &[Server], &[Tls13], &[Middle], |s| s.seal(HANDSHAKE, &finished()), "decrypt_error", InvalidMac),
    // RFC 8446, section 6.2, says decode_error; rustls compares it as it is.
    ("one of a wrong length", &[Server], &[Tls13], &[Middle], |s| s.seal(HANDSHAKE, &message(20, &[7; 5])), "decrypt_error", InvalidMac),
    ("one in the clear", &[Server], &[Tls12], &[Middle], |_| finish_in_the_clear(true), "bad_record_mac", InvalidMac),
    (
        "one without ChangeCipherSpec",
        &[Server],
        &[Tls12],
        &[Middle],
        |_| finish_in_the_clear(false),
        "unexpected_message",
        UnexpectedMessage,
    ),
    // ClientHello.
    ("legacy_version 3.0", &[Server], ANY, &[Start], |s| hello(s, |body| body[1] = 0), "protocol_version", BadProtocolVersion),
    ("legacy_version 2.0", &[Server], ANY, &[Start], |s| hello(s, |body| body[0] = 2), "protocol_version", BadProtocolVersion),
    ("one that is cut short", &[Server], ANY, &[Start], |s| hello(s, |body| body.truncate(body.len() - 1)), "decode_error", DecodeError),
    ("one with bytes behind", &[Server], ANY, &[Start], |s| hello(s, |body| body.push(0)), "decode_error", DecodeError),
    ("no suite in common", &[Server], ANY, &[Start], no_suite, "handshake_failure", HandshakeFailure),
    ("no signature in common", &[Server], ANY, &[Start], |s| extension(s, 13, Some(&[0, 2, 2, 1])), "handshake_failure", HandshakeFailure),
    ("no group in common", &[Server], ANY, &[Start], |s| extension(s, 10, Some(&[0, 2, 0x01, 0])), "handshake_failure", HandshakeFailure),
    ("no signature_algorithms", &[Server], &[Tls13], &[Start], |s| extension(s, 13, None), "missing_extension", HandshakeFailure),
    ("no key_share", &[Server], &[Tls13], &[Start], |s| extension(s, 51, None), "missing_extension", HandshakeFailure),
    // RFC 8446, section 9.2, says missing_extension; rustls does not tell it from a list without a
    // group that it knows.
    ("no supported_groups", &[Server], ANY, &[Start], |s| extension(s, 10, None), "handshake_failure", HandshakeFailure),
    ("no supported_versions", &[Server], &[Tls13], &[Start], |s| extension(s, 43, None), "protocol_version", HandshakeFailure),
    ("only unknown versions", &[Server], ANY, &[Start], |s| extension(s, 43, Some(&[2, 9, 9])), "protocol_version", HandshakeFailure),
    ("an extension twice", &[Server], ANY, &[Start], twice, "illegal_parameter", DecodeError),
    ("a share that is no point", &[Server], &[Tls13], &[Start], bad_share, "illegal_parameter", IllegalParameter),
    ("extensions of 64 KiB", &[Server], ANY, &[Start], huge_hello, "illegal_parameter", DecodeError),
    // ServerHello.
    ("legacy_version 3.0", &[Client], ANY, &[Start], |s| answer(s, |body| body[1] = 0), "protocol_version", BadProtocolVersion),
    ("one that is cut short", &[Client], ANY, &[Start], |s| answer(s, |body| body.truncate(body.len() - 1)), "decode_error", DecodeError),
    ("one with bytes behind", &[Client], ANY, &[Start], |s| answer(s, |body| body.push(0)), "decode_error", DecodeError),
    (
        "a suite that was not offered",
        &[Client],
        ANY,
        &[Start],
        |s| answer(s, |body| change_suite(body)),
        "illegal_parameter",
        IllegalParameter,
    ),
    ("compression", &[Client], ANY, &[Start], |s| answer(s, |body| compress(body)), "illegal_parameter", IllegalParameter),
    ("an extension that was not offered", &[Client], ANY, &[Start], unoffered, "unsupported_extension", IllegalParameter),
    ("ServerHello again", &[Client], ANY, &[Middle], |_| record(HANDSHAKE, &message(2, &[0; 40])), "unexpected_message", UnexpectedMessage),
    ("an unknown EncryptedExtension", &[Client], &[Tls13], &[Middle], unknown_encrypted, "unsupported_extension", IllegalParameter),
    ("Finished instead of Certificate", &[Client], &[Tls13], &[Middle], early_finished, "unexpected_message", UnexpectedMessage),
];

#[test]
fn every_wrong_thing_at_every_moment_gets_its_alert_and_its_error() {
    let (mut wrong, mut cases) = (Vec::new(), 0);
    for (what, endpoints, versions, moments, bytes, alert, error) in ROWS {
        for &endpoint in *endpoints {
            for &version in *versions {
                for &moment in *moments {
                    let mut scene = Scene::new(endpoint, version, moment);
                    let bytes = bytes(&mut scene);
                    let outcome = scene.attack(&bytes);
                    let sent = outcome.alert.map_or("", name);
                    cases += 1;
                    if sent != *alert || outcome.error.as_ref() != Some(error) {
                        wrong.push(format!(
                            "{what}: {endpoint:?} {version:?} {moment:?}: {sent:?}, {:?} instead of {alert:?}, {error:?}",
                            outcome.error
                        ));
                    }
                    // The error stays, whatever else comes.
                    let later = scene.attack(&record(HANDSHAKE, b"\x01\0\0\0"));
                    if outcome.error.is_some() && later.error.is_none() {
                        wrong.push(format!("{what}: {endpoint:?} {version:?} {moment:?}: forgotten"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {cases}:\n{}", wrong.len(), wrong.join("\n"));
}

/// The name of an alert in RFC 8446.
fn name(alert: u8) -> &'static str {
    match alert {
        10 => "unexpected_message",
        20 => "bad_record_mac",
        22 => "record_overflow",
        40 => "handshake_failure",
        47 => "illegal_parameter",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        70 => "protocol_version",
        80 => "internal_error",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        _ => "another",
    }
}

fn finished() -> Vec<u8> {
    message(20, &[7; 32])
}

/// A client's last flight of TLS 1.2, whose key share is the base point of X25519, with a Finished
/// that is not encrypted.
fn finish_in_the_clear(changes_cipher_spec: bool) -> Vec<u8> {
    let mut share = [0; 33];
    (share[0], share[1]) = (32, 9);
    let change = if changes_cipher_spec { record(CHANGE_CIPHER_SPEC, &[1]) } else { Vec::new() };
    [record(HANDSHAKE, &message(16, &share)), change, record(HANDSHAKE, &message(20, &[7; 12]))].concat()
}

fn ticket() -> Vec<u8> {
    message(4, b"\0\0\0\x64\0\0\0\0\x01\0\0\x01t\0\0")
}

fn inner(scene: &mut Scene, inner: &[u8]) -> Vec<u8> {
    scene.keys.as_mut().unwrap().seal_under([APPLICATION_DATA, 3, 3], inner)
}

/// Honest but for the header, which is the additional data.
fn under(scene: &mut Scene, header: [u8; 3]) -> Vec<u8> {
    scene.keys.as_mut().unwrap().seal_under(header, b"x\x17")
}

/// The header was changed on the way.
fn other_version(scene: &mut Scene, header: [u8; 3]) -> Vec<u8> {
    let mut bytes = scene.seal(APPLICATION_DATA, b"x");
    bytes[..3].copy_from_slice(&header);
    bytes
}

fn retyped(scene: &mut Scene, content_type: u8) -> Vec<u8> {
    let mut bytes = scene.seal(APPLICATION_DATA, b"x");
    bytes[0] = content_type;
    bytes
}

fn changed(scene: &mut Scene) -> Vec<u8> {
    let mut bytes = scene.seal(APPLICATION_DATA, b"hello");
    bytes[7] ^= 1;
    bytes
}

fn repeated(scene: &mut Scene) -> Vec<u8> {
    scene.seal(APPLICATION_DATA, b"hello").repeat(2)
}

/// A record between the two parts of a message.
fn within(scene: &mut Scene, content_type: u8, content: &[u8]) -> Vec<u8> {
    let part = scene.seal(HANDSHAKE, &[1, 0, 0, 100, 0]);
    [part, scene.seal(content_type, content)].concat()
}

fn hello_again(scene: &mut Scene) -> Vec<u8> {
    let hello = scene.client_hello[5..].to_vec();
    scene.seal(HANDSHAKE, &hello)
}

fn update_and_more(scene: &mut Scene) -> Vec<u8> {
    scene.seal(HANDSHAKE, &message(24, &[0]).repeat(2))
}

/// An honest ClientHello whose body was changed.
fn hello(scene: &mut Scene, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut body = scene.client_hello[9..].to_vec();
    change(&mut body);
    record(HANDSHAKE, &message(1, &body))
}

/// Where the extensions' length is in a ClientHello.
fn extensions_at(body: &[u8]) -> usize {
    let suites = 35 + usize::from(body[34]);
    let compressions = suites + 2 + usize::from(u16::from_be_bytes([body[suites], body[suites + 1]]));
    compressions + 1 + usize::from(body[compressions])
}

fn change_extensions(scene: &mut Scene, change: impl FnOnce(&mut Vec<(u16, Vec<u8>)>)) -> Vec<u8> {
    hello(scene, |body| {
        let at = extensions_at(body);
        let mut all = Vec::new();
        let mut rest = &body[at + 2..];
        while let [k1, k0, l1, l0, tail @ ..] = rest {
            let (data, next) = tail.split_at(usize::from(u16::from_be_bytes([*l1, *l0])));
            all.push((u16::from_be_bytes([*k1, *k0]), data.to_vec()));
            rest = next;
        }
        change(&mut all);
        let encoded: Vec<u8> =
            all.iter().flat_map(|(kind, data)| [&kind.to_be_bytes()[..], &(data.len() as u16).to_be_bytes(), data].concat()).collect();
        body.truncate(at);
        body.extend((encoded.len() as u16).to_be_bytes());
        body.extend(encoded);
    })
}

/// With other contents of an extension, or without it.
fn extension(scene: &mut Scene, kind: u16, contents: Option<&[u8]>) -> Vec<u8> {
    change_extensions(scene, |all| {
        all.retain(|(known, _)| *known != kind);
        all.extend(contents.map(|contents| (kind, contents.to_vec())));
    })
}

/// X25519 only, and one byte for its point.
fn bad_share(scene: &mut Scene) -> Vec<u8> {
    change_extensions(scene, |all| {
        all.retain(|(known, _)| ![10, 51].contains(known));
        all.push((10, vec![0, 2, 0, 29]));
        all.push((51, vec![0, 5, 0, 29, 0, 1, 0]));
    })
}

fn twice(scene: &mut Scene) -> Vec<u8> {
    change_extensions(scene, |all| all.push(all[0].clone()))
}

/// An honest ServerHello whose body was changed.
fn answer(scene: &mut Scene, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut body = scene.server_hello[4..].to_vec();
    change(&mut body);
    record(HANDSHAKE, &message(2, &body))
}

fn compress(body: &mut [u8]) {
    let at = 37 + usize::from(body[34]);
    body[at] = 1;
}

fn change_suite(body: &mut [u8]) {
    let at = 35 + usize::from(body[34]);
    body[at + 1] ^= 0x40;
}

/// An extension of a number that nobody has.
fn unoffered(scene: &mut Scene) -> Vec<u8> {
    answer(scene, |body| {
        let at = 38 + usize::from(body[34]);
        let length = u16::from_be_bytes([body[at], body[at + 1]]) + 4;
        body[at..at + 2].copy_from_slice(&length.to_be_bytes());
        body.extend([0x77, 0x77, 0, 0]);
    })
}

fn unknown_encrypted(scene: &mut Scene) -> Vec<u8> {
    scene.seal(HANDSHAKE, &message(8, &[0, 4, 0x77, 0x77, 0, 0]))
}

/// After EncryptedExtensions.
fn early_finished(scene: &mut Scene) -> Vec<u8> {
    let extensions = scene.seal(HANDSHAKE, &message(8, &[0, 0]));
    [extensions, scene.seal(HANDSHAKE, &finished())].concat()
}

fn no_suite(scene: &mut Scene) -> Vec<u8> {
    hello(scene, |body| {
        let suites = 35 + usize::from(body[34]);
        let length = usize::from(u16::from_be_bytes([body[suites], body[suites + 1]]));
        body[suites + 2..suites + 2 + length].fill(0x77);
    })
}

/// In records of 16 KiB, with 65,000 bytes in an extension that nobody knows.
fn huge_hello(scene: &mut Scene) -> Vec<u8> {
    let one = change_extensions(scene, |all| {
        let rest: usize = all.iter().map(|(_, data)| 4 + data.len()).sum();
        all.push((0x7777, vec![0; 65_535 - rest - 4]));
    });
    one[5..].chunks(16_384).flat_map(|part| record(HANDSHAKE, part)).collect()
}
