//! MicroPython's rules for `SSLSocket`s over datagrams.

use micropython_ssl::context::{Context, Version};
use micropython_ssl::dtls::DtlsStream;
use micropython_ssl::error::Error;
use micropython_ssl::stream::{Direction, Poll, Step, event};
use micropython_ssl::verify::{CERT_NONE, Endpoint};

use crate::world::{CLIENT_ID, EC, NAME};

const NOW: u64 = 1000;

fn client(context: &Context) -> DtlsStream {
    DtlsStream::new(context.connect_datagram(Some(NAME.as_bytes()), false, None).unwrap())
}

fn server(context: &Context) -> DtlsStream {
    DtlsStream::new(context.connect_datagram(None, true, Some(CLIENT_ID)).unwrap())
}

/// Takes the datagram that a stream wants to send.
fn take(stream: &mut DtlsStream) -> Vec<u8> {
    let datagram = stream.to_send().to_vec();
    stream.sent();
    datagram
}

fn deliver(stream: &mut DtlsStream, datagram: &[u8]) {
    stream.receive_space(datagram.len())[..datagram.len()].copy_from_slice(datagram);
    stream.received(datagram.len());
}

/// Carries all that waits, in both directions, until both ends only wait.
fn shuttle(client: &mut DtlsStream, server: &mut DtlsStream) {
    while !client.to_send().is_empty() || !server.to_send().is_empty() {
        for turn in 0..2 {
            let (from, to) = if turn == 0 { (&mut *client, &mut *server) } else { (&mut *server, &mut *client) };
            while !from.to_send().is_empty() {
                deliver(to, &take(from));
                to.handshake(NOW).unwrap();
            }
        }
    }
}

/// Both ends connected; the server is the second of its context, as in MicroPython.
fn connected() -> (DtlsStream, DtlsStream) {
    let (client_context, server_context) = (EC.client(), EC.server());
    let mut client = client(&client_context);
    let mut first = server(&server_context);
    assert_eq!(client.handshake(NOW), Ok(Step::Send));
    deliver(&mut first, &take(&mut client));
    assert_eq!(first.handshake(NOW), Err(Error::HelloVerifyRequired));
    deliver(&mut client, &take(&mut first));
    let mut second = server(&server_context);
    client.handshake(NOW).unwrap();
    shuttle(&mut client, &mut second);
    assert_eq!(client.handshake(NOW), Ok(Step::Done(0)));
    assert_eq!(second.handshake(NOW), Ok(Step::Done(0)));
    (client, second)
}

/// A complete write.
fn write(stream: &mut DtlsStream, data: &[u8]) -> Vec<u8> {
    assert_eq!(stream.write(data, NOW), Ok(Step::Send));
    let datagram = take(stream);
    assert_eq!(stream.write(data, NOW), Ok(Step::Done(data.len())));
    datagram
}

#[test]
fn the_first_server_of_a_client_sends_a_cookie_and_fails_for_good() {
    let (client_context, server_context) = (EC.client(), EC.server());
    let (mut client, mut server) = (client(&client_context), server(&server_context));
    assert_eq!(server.handshake(NOW), Ok(Step::Receive));
    assert_eq!(server.wait(NOW, None), None);
    assert_eq!(client.handshake(NOW), Ok(Step::Send));
    deliver(&mut server, &take(&mut client));
    let error = server.handshake(NOW).unwrap_err();
    assert_eq!(error.to_string(), "(-27264, 'MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED')");
    assert_eq!(take(&mut server).len(), 60);
    assert!(server.to_send().is_empty());
    assert_eq!(server.handshake(NOW), Err(error.clone()));
    assert_eq!(server.read(&mut [0], NOW), Err(error.clone()));
    assert_eq!(server.write(b"x", NOW), Err(error));
    assert_eq!(server.poll(event::READ), Poll { ready: event::INVALID, ask: 0 });
}

#[test]
fn a_server_needs_a_client_id_and_a_client_a_name() {
    let (client, server) = (EC.client(), EC.server());
    assert_eq!(server.connect_datagram(None, true, None).unwrap_err().exception().code, Some(-28928));
    assert!(server.connect_datagram(None, true, Some(b"")).is_ok(), "an empty one is one");
    assert_eq!(client.connect_datagram(None, false, None).unwrap_err(), Error::HostnameRequired);
    assert_eq!(client.connect_datagram(Some(&[b'x'; 256]), false, None).unwrap_err(), Error::BadInputData);
    client.verify().set_mode(CERT_NONE).unwrap();
    assert!(client.connect_datagram(None, false, Some(b"ignored")).is_ok());
}

#[test]
fn what_dtls_cannot_honour_raises() {
    let refused = |change: fn(&mut Context) -> Result<(), Error>| {
        let mut context = EC.client();
        change(&mut context).unwrap();
        context.connect_datagram(Some(NAME.as_bytes()), false, None).unwrap_err()
    };
    assert_eq!(refused(|context| context.set_versions(Version::Tls13, Version::Tls13)), Error::BadConfig);
    assert_eq!(refused(|context| context.set_ciphers(["TLS1-3-AES-128-GCM-SHA256"])), Error::BadConfig);
    assert_eq!(refused(|context| context.set_alpn_protocols(vec![b"h2".to_vec()])), Error::BadConfig);
    for mtu in [0, 63, 65_508] {
        assert_eq!(EC.client().set_dtls_mtu(mtu), Err(Error::BadConfig));
    }
    assert_eq!(EC.client().dtls_mtu(), 1200);
}

#[test]
fn a_write_is_a_datagram_and_a_read_is_the_rest_of_one() {
    let (mut client, mut server) = connected();
    assert_eq!(client.connection().negotiated(), server.connection().negotiated());
    for message in [&b"abcdefg"[..], b"hij"] {
        let datagram = write(&mut client, message);
        assert_eq!(datagram.len(), 13 + message.len() + 16);
        deliver(&mut server, &datagram);
        let mut first = [0; 2];
        assert_eq!(server.read(&mut first, NOW), Ok(Step::Done(2)));
        let mut rest = [0; 100];
        assert_eq!(server.read(&mut rest, NOW), Ok(Step::Done(message.len() - 2)));
        assert_eq!([&first, &rest[..message.len() - 2]].concat(), message);
        assert_eq!(server.read(&mut rest, NOW), Ok(Step::Receive));
    }
    assert_eq!(server.read(&mut [], NOW), Ok(Step::Done(0)));
    assert_eq!(server.write(&[], NOW), Ok(Step::Done(0)));
}

#[test]
fn a_message_has_4096_bytes_at_most_and_a_longer_one_ends_the_stream() {
    let (mut client, mut server) = connected();
    deliver(&mut server, &write(&mut client, &[7; 4096]));
    let mut buffer = [0; 5000];
    assert_eq!(server.read(&mut buffer, NOW), Ok(Step::Done(4096)));
    assert_eq!(client.write(&[7; 4097], NOW), Err(Error::BadInputData));
    assert_eq!(client.write(b"short", NOW), Err(Error::BadInputData));
    assert_eq!(client.read(&mut buffer, NOW), Err(Error::BadInputData));
    assert_eq!(client.poll(event::WRITE).ready, event::INVALID);
}

#[test]
fn a_write_whose_datagram_could_not_be_sent_counts_when_it_is_tried_again() {
    let (mut client, mut server) = connected();
    assert_eq!(client.write(b"once", NOW), Ok(Step::Send));
    client.blocked(Direction::Write);
    assert_eq!(client.write(b"once", NOW), Ok(Step::Send));
    deliver(&mut server, &take(&mut client));
    assert_eq!(client.write(b"once", NOW), Ok(Step::Done(4)));
    assert!(client.to_send().is_empty());
    assert_eq!(server.read(&mut [0; 10], NOW), Ok(Step::Done(4)));
    assert_eq!(server.read(&mut [0; 10], NOW), Ok(Step::Receive));
}

#[test]
fn a_waiting_operation_repeats_what_was_lost_when_it_is_called_again() {
    let context = EC.client();
    let mut client = client(&context);
    assert_eq!(client.read(&mut [0], NOW), Ok(Step::Send));
    let hello = take(&mut client);
    assert_eq!(client.read(&mut [0], NOW), Ok(Step::Receive));
    assert_eq!(client.wait(NOW + 400, None), Some(600));
    assert_eq!(client.read(&mut [0], NOW + 999), Ok(Step::Receive));
    assert_eq!(client.write(b"x", NOW + 1000), Ok(Step::Send));
    let again = take(&mut client);
    assert_eq!(again[13..], hello[13..]);
    let mut now = NOW + 1000;
    loop {
        now += 1000;
        match client.handshake(now) {
            Ok(Step::Send) => drop(take(&mut client)),
            Ok(_) => {}
            Err(error) => break assert_eq!(error.exception().code, Some(-26624)),
        }
    }
    assert_eq!(now, NOW + 123_000);
}

#[test]
fn a_wait_ends_for_a_retransmission_and_with_the_time_of_the_operation() {
    let (client_context, server_context) = (EC.client(), EC.server());
    let (mut client, mut server) = (client(&client_context), server(&server_context));
    assert_eq!(client.read(&mut [0], NOW), Ok(Step::Send));
    drop(take(&mut client));
    assert_eq!(client.read(&mut [0], NOW), Ok(Step::Receive));
    assert_eq!(client.wait(NOW, None), Some(1000));
    assert_eq!(client.wait(NOW, Some(NOW + 5000)), Some(1000));
    assert_eq!(client.wait(NOW + 800, Some(NOW + 900)), Some(100));
    assert_eq!(client.wait(NOW + 1001, Some(NOW + 5000)), Some(1), "the flight is due, and the time is not over");
    for late in [NOW + 5000, NOW + 6000] {
        assert_eq!(client.wait(late, Some(NOW + 5000)), Some(0));
    }
    assert_eq!(server.read(&mut [0], NOW), Ok(Step::Receive));
    assert_eq!(server.wait(NOW, None), None, "a server that has sent nothing retransmits nothing");
    assert_eq!(server.wait(NOW + 70, Some(NOW + 100)), Some(30));
    assert_eq!(server.wait(NOW + 100, Some(NOW + 100)), Some(0));
}

#[test]
fn a_socket_that_swallows_everything_raises_nothing() {
    let (client_context, server_context) = (Context::new(Endpoint::Client), Context::new(Endpoint::Server));
    client_context.verify().set_mode(CERT_NONE).unwrap();
    let mut client = DtlsStream::new(client_context.connect_datagram(None, false, None).unwrap());
    let mut server = DtlsStream::new(server_context.connect_datagram(None, true, Some(b"dummy_client_id")).unwrap());
    for round in 0..10 {
        let now = round * 100;
        while client.write(b"foo", now).unwrap() == Step::Send {
            take(&mut client);
        }
        client.blocked(Direction::Read);
        assert_eq!(server.read(&mut [0; 16], now), Ok(Step::Receive));
        server.blocked(Direction::Read);
    }
    assert_eq!(client.poll(event::WRITE), Poll { ready: 0, ask: event::READ }, "the write waits to receive");
    assert_eq!(client.polled(event::WRITE, event::READ), event::READ | event::WRITE);
}

#[test]
fn errors_of_the_transport_are_remembered() {
    let context = EC.client();
    let mut stream = client(&context);
    assert_eq!(stream.transport_failed(111), Error::Transport(111));
    assert_eq!(stream.handshake(NOW), Err(Error::Transport(111)));

    let mut stream = client(&context);
    stream.handshake(NOW).unwrap();
    take(&mut stream);
    stream.received(0);
    assert_eq!(stream.handshake(NOW), Ok(Step::Receive), "an empty datagram is no end");
    stream.received_eof();
    assert_eq!(stream.handshake(NOW).unwrap_err().exception().code, Some(-29312));
    assert_eq!(stream.read(&mut [0], NOW), Err(Error::ConnEof));

    let (mut stream, _) = connected();
    stream.received_eof();
    assert_eq!(stream.read(&mut [0], NOW), Ok(Step::Done(0)));
}

#[test]
fn data_before_a_fatal_alert_is_read_first() {
    let (mut client, mut server) = connected();
    let data = write(&mut client, b"data");
    assert!(client.close());
    let goodbye = take(&mut client);
    deliver(&mut server, &[data, goodbye].concat());
    assert_eq!(server.poll(event::READ), Poll { ready: 0, ask: event::READ }, "nothing was looked at yet");
    assert_eq!(server.read(&mut [0; 2], NOW), Ok(Step::Done(2)));
    assert_eq!(server.poll(event::READ), Poll { ready: event::READ, ask: 0 });
    assert_eq!(server.read(&mut [0; 10], NOW), Ok(Step::Done(2)));
    assert_eq!(server.read(&mut [0; 10], NOW), Ok(Step::Done(0)));
    assert_eq!(server.read(&mut [0; 10], NOW), Ok(Step::Done(0)));
}

#[test]
fn after_close_everything_is_bad_input() {
    let (mut client, _) = connected();
    assert!(client.close());
    assert!(!client.close());
    assert_eq!(client.read(&mut [0], NOW), Err(Error::BadInputData));
    assert_eq!(client.write(b"x", NOW), Err(Error::BadInputData));
    assert_eq!(client.handshake(NOW), Err(Error::BadInputData));
    assert_eq!(client.poll(event::READ).ready, event::INVALID);

    let context = EC.client();
    let mut early = DtlsStream::new(context.connect_datagram(Some(NAME.as_bytes()), false, None).unwrap());
    early.close();
    assert!(early.to_send().is_empty(), "before the handshake there is nobody to tell");
}
