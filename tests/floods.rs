//! Records that bring nothing: some are passed over, and too many end the connection. What is odd
//! but right goes on.

mod support;

use micropython_ssl::context::Version;
use micropython_ssl::error::Error;
use micropython_ssl::verify::Endpoint::{self, Client, Server};
use support::forge::*;
use support::hostile::{Moment, Outcome, Scene};

const VERSIONS: [Version; 2] = [Version::Tls12, Version::Tls13];
const UNEXPECTED_MESSAGE: u8 = 10;
const BAD_RECORD_MAC: u8 = 20;
const DECRYPT_ERROR: u8 = 51;
const NO_RENEGOTIATION: u8 = 100;

/// Sends what `next` makes until the connection ends: after how many, and how. Memory may not grow
/// meanwhile.
fn flood(scene: &mut Scene, most: usize, mut next: impl FnMut(&mut Scene) -> Vec<u8>) -> (usize, Outcome) {
    for count in 1..=most {
        let bytes = next(scene);
        let outcome = scene.attack(&bytes);
        assert!(scene.victim.connection().buffered() < 200_000, "{count}");
        if outcome.error.is_some() {
            return (count, outcome);
        }
    }
    panic!("still there after {most}");
}

fn ends(outcome: Outcome, alert: u8, error: Error) {
    assert_eq!(outcome, Outcome { alert: Some(alert), error: Some(error), read: Vec::new() });
}

fn each_end(version: Version, test: impl Fn(Scene)) {
    for endpoint in [Client, Server] {
        test(Scene::new(endpoint, version, Moment::End));
    }
}

/// Still in order: data arrives.
fn goes_on(scene: &mut Scene) {
    let data = scene.seal(APPLICATION_DATA, b"data");
    assert_eq!(scene.attack(&data), Outcome { alert: None, error: None, read: b"data".to_vec() });
}

#[test]
fn empty_records_end_the_connection_in_the_end() {
    for version in VERSIONS {
        each_end(version, |mut scene| {
            for _ in 0..20 {
                let empty = scene.seal(APPLICATION_DATA, b"");
                assert_eq!(scene.attack(&empty).error, None);
            }
            goes_on(&mut scene);
            let (count, outcome) = flood(&mut scene, 100, |scene| scene.seal(APPLICATION_DATA, b""));
            assert_eq!(count, 33);
            ends(outcome, UNEXPECTED_MESSAGE, Error::InvalidMac);
        });
    }
}

#[test]
fn warnings_end_the_connection_in_the_end() {
    each_end(Version::Tls12, |mut scene| {
        let (count, outcome) = flood(&mut scene, 100, |scene| scene.seal(ALERT, &[1, 90]));
        assert_eq!(count, 5);
        ends(outcome, UNEXPECTED_MESSAGE, Error::UnexpectedMessage);
    });
    for (endpoint, moment) in [(Client, Moment::Middle), (Client, Moment::End), (Server, Moment::Middle), (Server, Moment::End)] {
        let mut scene = Scene::new(endpoint, Version::Tls13, moment);
        // user_canceled is the only one that TLS 1.3 has.
        let (count, outcome) = flood(&mut scene, 100, |scene| scene.seal(ALERT, &[1, 90]));
        assert_eq!(count, 5);
        ends(outcome, UNEXPECTED_MESSAGE, Error::UnexpectedMessage);
    }
}

#[test]
fn key_updates_end_the_connection_in_the_end() {
    for asks in [0, 1] {
        each_end(Version::Tls13, |mut scene| {
            let (count, outcome) = flood(&mut scene, 1000, |scene| {
                let update = scene.seal(HANDSHAKE, &message(24, &[asks]));
                scene.keys.as_mut().unwrap().update();
                update
            });
            assert!(count < 150, "{count}");
            assert_eq!(outcome.error, Some(Error::UnexpectedMessage));
            // After an answer its alert is encrypted with keys that this test does not follow.
            assert!(asks == 1 || outcome.alert == Some(UNEXPECTED_MESSAGE));
        });
    }
}

#[test]
fn tickets_end_the_connection_in_the_end_unless_there_is_data_between() {
    let ticket = || message(4, b"\0\0\0\x64\0\0\0\0\x01\0\0\x01t\0\0");
    let mut scene = Scene::new(Client, Version::Tls13, Moment::End);
    for _ in 0..5 {
        for _ in 0..50 {
            let ticket = scene.seal(HANDSHAKE, &ticket());
            assert_eq!(scene.attack(&ticket).error, None);
        }
        goes_on(&mut scene);
    }
    let (count, outcome) = flood(&mut scene, 1000, |scene| scene.seal(HANDSHAKE, &ticket()));
    assert!(count < 150, "{count}");
    ends(outcome, UNEXPECTED_MESSAGE, Error::UnexpectedMessage);
}

#[test]
fn change_cipher_specs_end_the_handshake_in_the_end() {
    for endpoint in [Client, Server] {
        let mut scene = Scene::new(endpoint, Version::Tls13, Moment::Middle);
        let (count, outcome) = flood(&mut scene, 100, |_| record(CHANGE_CIPHER_SPEC, &[1]));
        assert_eq!(count, 3);
        ends(outcome, UNEXPECTED_MESSAGE, Error::UnexpectedMessage);
    }
}

#[test]
fn a_second_request_for_renegotiation_ends_the_connection() {
    for endpoint in [Client, Server] {
        let mut scene = Scene::new(endpoint, Version::Tls12, Moment::End);
        let request = |scene: &mut Scene| {
            let hello = if endpoint == Client { message(0, b"") } else { scene.client_hello[5..].to_vec() };
            scene.seal(HANDSHAKE, &hello)
        };
        let first = request(&mut scene);
        assert_eq!(scene.attack(&first), Outcome { alert: Some(NO_RENEGOTIATION), error: None, read: Vec::new() });
        let second = request(&mut scene);
        ends(scene.attack(&second), UNEXPECTED_MESSAGE, Error::UnexpectedMessage);
    }
}

#[test]
fn a_message_in_many_records_takes_no_more_memory_than_the_longest_message() {
    for endpoint in [Client, Server] {
        let mut scene = Scene::new(endpoint, Version::Tls12, Moment::Start);
        let outcome = scene.attack(&record(HANDSHAKE, &[1, 0, 0xff, 0xff]));
        assert_eq!(outcome.error, None);
        for _ in 0..0xfffe {
            scene.attack(&record(HANDSHAKE, &[0]));
        }
        assert!(scene.victim.connection().buffered() < 500_000, "{}", scene.victim.connection().buffered());
        assert!(scene.attack(&record(HANDSHAKE, &[0])).error.is_some());
        assert_eq!(scene.victim.connection().buffered(), 0);
    }
}

#[test]
fn a_key_update_may_come_in_parts() {
    each_end(Version::Tls13, |mut scene| {
        let update = message(24, &[0]);
        for at in 1..update.len() {
            let parts = [scene.seal(HANDSHAKE, &update[..at]), scene.seal(HANDSHAKE, &update[at..])].concat();
            assert_eq!(scene.attack(&parts), Outcome { alert: None, error: None, read: Vec::new() });
            scene.keys.as_mut().unwrap().update();
            goes_on(&mut scene);
        }
    });
}

#[test]
fn padding_and_the_longest_records_are_read() {
    each_end(Version::Tls13, |mut scene| {
        let keys = scene.keys.as_mut().unwrap();
        let padded = keys.seal_under([APPLICATION_DATA, 3, 3], b"padded\x17\0\0\0\0");
        assert_eq!(scene.attack(&padded).read, b"padded");
        let longest = scene.seal(APPLICATION_DATA, &[7; 16_384]);
        assert_eq!(scene.attack(&longest).read, [7; 16_384]);
        goes_on(&mut scene);
    });
    each_end(Version::Tls12, |mut scene| {
        let longest = scene.seal(APPLICATION_DATA, &[7; 16_384]);
        assert_eq!(scene.attack(&longest).read, [7; 16_384]);
        goes_on(&mut scene);
    });
}

/// A server whose client shows a ticket of another server, and sends data with it before the
/// handshake.
fn early() -> Scene {
    let mut scene = Scene::new(Endpoint::Server, Version::Tls13, Moment::Start);
    let hello = client_hello(&scene, |extensions| extensions.extend([EARLY_DATA, TICKET].map(<[u8]>::to_vec)));
    assert_eq!(scene.attack(&hello), WAITS);
    scene.with_handshake_keys()
}

/// The same of a server that has to ask for a key share first. It waits for the second ClientHello,
/// which is returned.
fn early_before_a_retry() -> (Scene, Vec<u8>) {
    let mut scene = Scene::new(Endpoint::Server, Version::Tls13, Moment::Start);
    let first = client_hello(&scene, |extensions| {
        extensions.retain(|extension| !extension.starts_with(KEY_SHARE));
        extensions.extend([&[KEY_SHARE, b"\0\x02\0\0"].concat(), EARLY_DATA, TICKET].map(<[u8]>::to_vec));
    });
    assert_eq!(scene.attack(&first), WAITS);
    let second = client_hello(&scene, |extensions| extensions.push(TICKET.to_vec()));
    (scene, second)
}

const WAITS: Outcome = Outcome { alert: None, error: None, read: Vec::new() };
const KEY_SHARE: &[u8] = b"\0\x33";
const EARLY_DATA: &[u8] = b"\0\x2a\0\0";
/// pre_shared_key: one identity and its binder
const TICKET: &[u8] = b"\0\x29\0\x2c\0\x07\0\x01t\0\0\0\0\0\x21\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// The record of the honest client's ClientHello with other extensions.
fn client_hello(scene: &Scene, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let hello = &scene.client_hello[9..];
    let suites = 35 + usize::from(hello[34]);
    let at = suites + 2 + usize::from(hello[suites + 1]) + 2;
    let (mut extensions, mut rest) = (Vec::new(), &hello[at + 2..]);
    while let [_, _, high, low, ..] = *rest {
        let (extension, others) = rest.split_at(4 + usize::from(u16::from_be_bytes([high, low])));
        extensions.push(extension.to_vec());
        rest = others;
    }
    change(&mut extensions);
    let extensions = extensions.concat();
    record(HANDSHAKE, &message(1, &[&hello[..at], &(extensions.len() as u16).to_be_bytes(), &extensions].concat()))
}

/// A record that the handshake's keys open, with a Finished that is wrong for another reason.
fn finish(scene: &mut Scene) -> Outcome {
    let finished = scene.seal(HANDSHAKE, &message(20, &[7; 32]));
    scene.attack(&finished)
}

#[test]
fn a_server_passes_over_early_data() {
    for (count, length) in [(1, 16_000), (16, 1000), (400, 40)] {
        let mut scene = early();
        for _ in 0..count {
            let outcome = scene.attack(&record(APPLICATION_DATA, &vec![9; length]));
            assert_eq!(outcome, WAITS, "{count} records of {length}");
            assert!(scene.victim.connection().buffered() < 20_000);
        }
        ends(finish(&mut scene), DECRYPT_ERROR, Error::InvalidMac);
    }
    // All of it at once, and the client's answer with it.
    let mut scene = early();
    let all = [record(APPLICATION_DATA, &[9; 2000]).repeat(8), scene.seal(HANDSHAKE, &message(20, &[7; 32]))].concat();
    ends(scene.attack(&all), DECRYPT_ERROR, Error::InvalidMac);
    // A byte at a time.
    let mut scene = early();
    for byte in record(APPLICATION_DATA, &[9; 500]).repeat(20) {
        assert_eq!(scene.attack(&[byte]).error, None);
    }
    ends(finish(&mut scene), DECRYPT_ERROR, Error::InvalidMac);
}

#[test]
fn a_server_passes_over_early_data_before_a_second_client_hello() {
    for (count, length) in [(0, 0), (1, 16_000), (16, 1000), (400, 40)] {
        let (mut scene, second) = early_before_a_retry();
        for _ in 0..count {
            assert_eq!(scene.attack(&record(APPLICATION_DATA, &vec![9; length])), WAITS, "{count} records of {length}");
            assert!(scene.victim.connection().buffered() < 20_000);
        }
        assert_eq!(scene.attack(&second), WAITS, "{count} records of {length}");
        ends(finish(&mut scene.with_handshake_keys()), DECRYPT_ERROR, Error::InvalidMac);
    }
    // All of it at once, and the second ClientHello with it.
    let (mut scene, second) = early_before_a_retry();
    assert_eq!(scene.attack(&[record(APPLICATION_DATA, &[9; 2000]).repeat(8), second].concat()), WAITS);
    ends(finish(&mut scene.with_handshake_keys()), DECRYPT_ERROR, Error::InvalidMac);
}

#[test]
fn too_much_early_data_before_a_second_client_hello_ends_the_connection() {
    let (count, outcome) = flood(&mut early_before_a_retry().0, 1000, |_| record(APPLICATION_DATA, &[9; 1000]));
    assert_eq!(count, 17);
    ends(outcome, UNEXPECTED_MESSAGE, Error::UnexpectedMessage);
}

#[test]
fn too_much_early_data_ends_the_connection() {
    let (count, outcome) = flood(&mut early(), 1000, |_| record(APPLICATION_DATA, &[9; 1000]));
    assert_eq!(count, 17);
    ends(outcome, BAD_RECORD_MAC, Error::InvalidMac);
}
