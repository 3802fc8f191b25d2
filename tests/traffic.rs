//! Application data after the handshake: amounts, ends, key updates, forgeries.

mod support;

use micropython_ssl::context::Version;
use micropython_ssl::error::Error;
use micropython_ssl::stream::{Direction, Poll, Step, event};
use micropython_ssl::tls::TlsStream;
use micropython_ssl::verify::Endpoint;
use support::forge::{HANDSHAKE, message};
use support::hostile::{Moment, Scene};
use support::wire::*;

const VERSIONS: [Version; 2] = [Version::Tls12, Version::Tls13];

/// Bytes that show where they belong.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 % 251) as u8).collect()
}

#[test]
fn megabytes_both_ways_arrive_unchanged() {
    for version in VERSIONS {
        let (mut client, mut server) = connected(&client_context(), &only(server_context("ec256"), version));
        let data = pattern(3 << 20);
        for (turn, part) in data.chunks(70_001).enumerate() {
            let (from, to) = if turn % 2 == 0 { (&mut client, &mut server) } else { (&mut server, &mut client) };
            let mut got = Vec::new();
            for piece in write(from, part).chunks(9_973) {
                deliver(to, piece);
                got.extend(read_available(to).unwrap().0);
            }
            assert_eq!(got, part);
        }
    }
}

#[test]
fn a_full_size_record_crosses_in_one_piece() {
    let (mut client, mut server) = connected(&client_context(), &server_context("ec256"));
    let data = pattern(16384);
    deliver(&mut server, &write(&mut client, &data));
    let mut out = vec![0; 20_000];
    assert_eq!(server.read(&mut out), Ok(Step::Done(16384)));
    assert_eq!(&out[..16384], data);
}

#[test]
fn small_reads_get_the_rest_of_a_record_later() {
    let (mut client, mut server) = connected(&client_context(), &server_context("ec256"));
    deliver(&mut server, &write(&mut client, b"foobar"));
    let mut out = [0; 4];
    assert_eq!(server.read(&mut out), Ok(Step::Done(4)));
    assert_eq!(server.poll(event::READ), Poll { ready: event::READ, ask: 0 });
    assert_eq!(server.read(&mut out), Ok(Step::Done(2)));
    assert_eq!(server.poll(event::READ), Poll { ready: 0, ask: event::READ });
    assert_eq!(server.read(&mut out), Ok(Step::Receive));
    assert_eq!(server.read(&mut []), Ok(Step::Done(0)));
}

#[test]
fn what_was_read_of_the_plaintext_itself_is_not_read_again() {
    let (mut client, mut server) = connected(&client_context(), &server_context("ec256"));
    assert_eq!(server.connection().plaintext(), b"");
    deliver(&mut server, &write(&mut client, b"foobar"));
    let mut out = [0; 1];
    assert_eq!(server.read(&mut out), Ok(Step::Done(1)));
    assert_eq!(server.connection().plaintext(), b"oobar");
    server.consume_plaintext(2);
    assert_eq!(server.poll(event::READ), Poll { ready: event::READ, ask: 0 });
    assert_eq!(server.read(&mut out), Ok(Step::Done(1)));
    assert_eq!(&out, b"b");
    server.consume_plaintext(2);
    assert_eq!(server.poll(event::READ), Poll { ready: 0, ask: event::READ });
    assert_eq!(server.read(&mut out), Ok(Step::Receive));
    server.consume_plaintext(100);
    assert_eq!(server.connection().plaintext(), b"");
}

#[test]
fn lines_are_read_to_their_ends_and_what_follows_stays() {
    for version in VERSIONS {
        let (mut client, mut server) = connected(&client_context(), &only(server_context("ec256"), version));
        let mut out = [0; 8];
        let mut line = |server: &mut TlsStream| {
            server.read_line(&mut out).map(|step| if let Step::Done(count) = step { out[..count].to_vec() } else { vec![0] })
        };
        let nothing_yet = Ok(vec![0]);
        assert_eq!(line(&mut server), nothing_yet);
        deliver(&mut server, &write(&mut client, b"one\n\ntwo, which is long\nth"));
        for expected in [b"one\n".as_slice(), b"\n", b"two, whi", b"ch is lo", b"ng\n", b"th"] {
            assert_eq!(server.poll(event::READ), Poll { ready: event::READ, ask: 0 });
            assert_eq!(line(&mut server), Ok(expected.to_vec()));
        }
        assert_eq!(line(&mut server), nothing_yet);
        deliver(&mut server, &write(&mut client, b"ree\nrest"));
        assert_eq!(line(&mut server), Ok(b"ree\n".to_vec()));
        assert!(client.close());
        carry(&mut client, &mut server, usize::MAX, |_| {});
        assert_eq!(line(&mut server), Ok(b"rest".to_vec()));
        assert_eq!(line(&mut server), Ok(vec![]));
        assert_eq!(server.read_line(&mut []), Ok(Step::Done(0)));
    }
}

#[test]
fn close_notify_is_the_end_of_the_file_and_writing_goes_on() {
    for version in VERSIONS {
        let (mut client, mut server) = connected(&client_context(), &only(server_context("ec256"), version));
        deliver(&mut server, &write(&mut client, b"last words"));
        assert!(client.close());
        assert!(!client.close());
        carry(&mut client, &mut server, usize::MAX, |_| {});
        assert_eq!(read_available(&mut server), Ok((b"last words".to_vec(), true)));
        assert_eq!(read_available(&mut server), Ok((vec![], true)));
        write(&mut server, b"still here");
        assert_eq!(client.read(&mut [0; 4]), Err(Error::BadInputData));
        assert_eq!(client.poll(event::READ).ready, event::INVALID);
    }
}

#[test]
fn truncation_is_the_end_of_the_file_as_in_micropython() {
    let (mut client, mut server) = connected(&client_context(), &server_context("ec256"));
    deliver(&mut server, &write(&mut client, b"cut"));
    server.received_eof();
    assert_eq!(read_available(&mut server), Ok((b"cut".to_vec(), true)));
}

#[test]
fn a_changed_byte_is_found_and_told_to_the_peer() {
    for version in VERSIONS {
        let (mut client, mut server) = connected(&client_context(), &only(server_context("ec256"), version));
        let mut bytes = write(&mut client, b"important");
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        deliver(&mut server, &bytes);
        let mut out = [0; 64];
        assert_eq!(server.read(&mut out).unwrap_err().exception().code, Some(-29056));
        assert_eq!(out, [0; 64], "nothing of it is released");
        assert_eq!(server.write(b"x").unwrap_err().exception().code, Some(-29056));
        carry(&mut server, &mut client, usize::MAX, |_| {});
        assert_eq!(client.read(&mut out).unwrap_err().exception().code, Some(-30592));
    }
}

#[test]
fn a_write_that_blocks_is_completed_by_its_retry() {
    let (mut client, mut server) = connected(&client_context(), &server_context("ec256"));
    assert_eq!(client.write(b"once"), Ok(Step::Send));
    client.blocked(Direction::Write);
    let waiting = client.to_send().len();
    assert_eq!(client.write(b"once"), Ok(Step::Send));
    assert_eq!(client.to_send().len(), waiting, "nothing is encrypted twice");
    carry(&mut client, &mut server, usize::MAX, |_| {});
    assert_eq!(client.write(b"once"), Ok(Step::Done(4)));
    assert_eq!(read_available(&mut server), Ok((b"once".to_vec(), false)));
}

#[test]
fn what_ends_the_handshake_goes_with_the_first_write() {
    let (mut client, mut server) = (client(&client_context()), server(&server_context("ec256")));
    assert_eq!(client.write(b"first"), Ok(Step::Send));
    assert!(client.is_handshaking());
    carry(&mut client, &mut server, usize::MAX, |_| {});
    _ = server.handshake().unwrap();
    carry(&mut server, &mut client, usize::MAX, |_| {});
    assert_eq!(client.handshake(), Ok(Step::Send), "who writes nothing sends it at once");
    assert!(!client.is_handshaking());
    let flight = client.to_send().to_vec();
    assert_eq!(client.write(b"first"), Ok(Step::Send));
    assert_eq!(client.defer(), 5);
    assert_eq!(client.write(b", second"), Ok(Step::Send));
    assert_eq!(client.defer(), 8);
    assert!(client.to_send().starts_with(&flight) && client.to_send().len() > flight.len());
    assert_eq!(client.read(&mut [0; 9]), Ok(Step::Send), "a reader sends it, too");
    carry(&mut client, &mut server, usize::MAX, |_| {});
    _ = server.handshake().unwrap();
    carry(&mut server, &mut client, usize::MAX, |_| {});
    assert_eq!(read_available(&mut server), Ok((b"first, second".to_vec(), false)));
}

#[test]
fn a_write_that_blocks_does_not_hold_up_reads() {
    let (mut client, mut server) = connected(&client_context(), &server_context("ec256"));
    assert_eq!(client.write(b"waits"), Ok(Step::Send));
    client.blocked(Direction::Write);
    assert_eq!(client.read(&mut [0; 9]), Ok(Step::Receive));
    client.blocked(Direction::Read);
    assert_eq!(client.poll(event::READ), Poll { ready: 0, ask: event::READ });
    deliver(&mut client, &write(&mut server, b"meanwhile"));
    assert_eq!(client.read(&mut [0; 9]), Ok(Step::Done(9)));
    assert_eq!(client.write(b"waits"), Ok(Step::Send));
}

#[test]
fn an_error_is_remembered_over_the_close() {
    let (mut client, _) = connected(&client_context(), &server_context("ec256"));
    deliver(&mut client, &[0; 20]);
    let error = client.read(&mut [0]).unwrap_err();
    assert!(client.close());
    assert_eq!(client.read(&mut [0]), Err(error.clone()));
    assert_eq!(client.closed_error(), error);
}

#[test]
fn nothing_is_sent_over_a_transport_that_failed() {
    let (mut client, _) = connected(&client_context(), &server_context("ec256"));
    assert_eq!(client.write(b"lost"), Ok(Step::Send));
    client.transport_failed(104);
    assert!(client.to_send().is_empty());
    assert!(client.close());
    assert!(client.to_send().is_empty());
}

#[test]
fn a_poll_asks_for_the_direction_that_the_protocol_needs() {
    let mut client = client(&client_context());
    assert_eq!(client.read(&mut [0; 9]), Ok(Step::Send));
    client.blocked(Direction::Write);
    assert_eq!(client.poll(event::READ), Poll { ready: 0, ask: event::WRITE });
    assert_eq!(client.polled(event::READ, event::WRITE), event::READ | event::WRITE);
    assert_eq!(client.polled(event::READ, 0), 0);
    client.sent(client.to_send().len());
    assert_eq!(client.write(b"x"), Ok(Step::Receive));
    client.blocked(Direction::Read);
    assert_eq!(client.poll(event::WRITE), Poll { ready: 0, ask: event::READ });
    assert_eq!(client.transport_failed(104).exception().code, Some(104));
    assert_eq!(client.poll(event::WRITE).ready, event::INVALID);
    assert_eq!(client.read(&mut [0]).unwrap_err().exception().code, Some(104));
}

#[test]
fn an_idle_connection_holds_no_buffers() {
    let (mut client, mut server) = connected(&client_context(), &server_context("ec256"));
    deliver(&mut server, &write(&mut client, &pattern(40_000)));
    assert_eq!(read_available(&mut server).unwrap().0.len(), 40_000);
    server.receive_space(60_000);
    server.blocked(Direction::Read);
    assert_eq!(server.connection().buffered(), 0);
    assert_eq!(client.connection().buffered(), 0);
}

#[test]
fn a_poll_for_reading_wants_to_send_what_the_peer_waits_for() {
    // The refusal of a renegotiation, which is found while the program waits. TLS 1.3 has its
    // answer to a key update go with the next data.
    for endpoint in [Endpoint::Client, Endpoint::Server] {
        let mut scene = Scene::new(endpoint, Version::Tls12, Moment::End);
        let asked = if endpoint == Endpoint::Server { scene.client_hello[5..].to_vec() } else { message(0, b"") };
        let request = scene.seal(HANDSHAKE, &asked);
        deliver(&mut scene.victim, &request);
        assert_eq!(scene.victim.poll(event::READ), Poll { ready: 0, ask: event::WRITE });
        assert_eq!(scene.victim.polled(event::READ, event::WRITE) & event::READ, event::READ);
        assert_eq!(scene.victim.read(&mut [0; 10]), Ok(Step::Send));
        assert!(!take(&mut scene.victim).is_empty());
        assert_eq!(scene.victim.read(&mut [0; 10]), Ok(Step::Receive));
        assert_eq!(scene.victim.poll(event::READ), Poll { ready: 0, ask: event::READ });
    }
}
