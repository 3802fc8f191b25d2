//! The program's decision about a peer's chain, over datagrams: as `tests/decisions.rs` has it for
//! TLS.

use micropython_ssl::context::Context;
use micropython_ssl::dtls::DtlsStream;
use micropython_ssl::error::Error;
use micropython_ssl::stream::{Poll, Step, event};
use micropython_ssl::verify::CERT_REQUIRED;

use crate::support::pki::Key;
use crate::world::{CLIENT_ID, Client, EC, End, NAME, Server, Setup};

const NOW: u64 = 1000;
const EVENTS: u32 = event::READ | event::WRITE;
const ACCESS_DENIED: u8 = 49;
const SETUP: Setup = Setup { client_key: Some(Key::P256(3)), client_auth: CERT_REQUIRED, ..EC };

#[test]
fn every_operation_waits_for_the_decision_and_then_goes_on() {
    for deciding in [Client, Server] {
        let mut pair = Pair::received(deciding);
        assert_eq!(pair.deciding().handshake(NOW), Ok(Step::Verify), "{deciding:?}");
        let chain = pair.deciding().chain();
        assert_eq!(chain.iter().map(|link| link.depth).collect::<Vec<_>>(), [2, 1, 0], "{deciding:?}");
        for later in [NOW, NOW + 100_000] {
            let stream = pair.deciding();
            assert_eq!(stream.read(&mut [0; 9], later), Ok(Step::Verify), "{deciding:?}");
            assert_eq!(stream.write(b"password", later), Ok(Step::Verify), "{deciding:?}");
            assert_eq!(stream.handshake(later), Ok(Step::Verify), "{deciding:?}");
            assert_eq!(stream.poll(EVENTS), Poll { ready: EVENTS, ask: 0 }, "{deciding:?}");
            assert!(stream.to_send().is_empty(), "{deciding:?}");
            assert_eq!(stream.wait(later, None), None, "nothing is repeated meanwhile: {deciding:?}");
            assert_eq!(stream.chain(), chain, "{deciding:?}");
        }
        assert_eq!(pair.deciding().decide(Some(0)), Ok(()), "{deciding:?}");
        assert!(pair.deciding().chain().is_empty(), "{deciding:?}");
        assert_eq!(pair.told(b"password"), b"password", "{deciding:?}");
    }
}

#[test]
fn a_refused_peer_gets_access_denied_and_nothing_else() {
    for deciding in [Client, Server] {
        for (verdict, error, later) in
            [(Some(5), Error::Callback(5), Error::Callback(5)), (None, Error::CallbackRaised, Error::UnexpectedMessage)]
        {
            let mut pair = Pair::received(deciding);
            assert_eq!(pair.deciding().read(&mut [0], NOW), Ok(Step::Verify), "{deciding:?}");
            assert_eq!(pair.deciding().decide(verdict), Err(error), "{deciding:?}");
            let alert = take(pair.deciding());
            assert!(pair.deciding().to_send().is_empty(), "{deciding:?}");
            assert_eq!(pair.deciding().handshake(NOW), Err(later), "{deciding:?}");
            assert_eq!(pair.deciding().wait(NOW, None), None, "{deciding:?}");
            deliver(pair.other(), &alert);
            assert_eq!(pair.other().handshake(NOW), Err(Error::AlertReceived(ACCESS_DENIED)), "{deciding:?}");
        }
    }
}

#[test]
fn close_sends_nothing_to_a_peer_that_nobody_has_decided_about() {
    for deciding in [Client, Server] {
        let mut pair = Pair::received(deciding);
        assert_eq!(pair.deciding().handshake(NOW), Ok(Step::Verify), "{deciding:?}");
        assert!(pair.deciding().close(), "{deciding:?}");
        assert!(pair.deciding().to_send().is_empty(), "{deciding:?}");
        assert!(pair.deciding().chain().is_empty(), "{deciding:?}");
        assert_eq!(pair.deciding().decide(Some(0)), Err(Error::BadInputData), "{deciding:?}");
        assert_eq!(pair.deciding().write(b"password", NOW), Err(Error::BadInputData), "{deciding:?}");
    }
}

#[test]
fn connections_of_one_context_are_decided_about_one_by_one() {
    for deciding in [Client, Server] {
        let (client, server) = contexts(deciding);
        let mut first = Pair::of(&client, &server, deciding);
        let mut second = Pair::of(&client, &server, deciding);
        assert_eq!(first.deciding().handshake(NOW), Ok(Step::Verify), "{deciding:?}");
        assert!(second.deciding().chain().is_empty(), "{deciding:?}");
        assert_eq!(second.deciding().handshake(NOW), Ok(Step::Verify), "{deciding:?}");
        assert_eq!(second.deciding().decide(Some(1)), Err(Error::Callback(1)), "{deciding:?}");
        assert_eq!(first.deciding().chain().len(), 3, "{deciding:?}");
        assert_eq!(first.deciding().decide(Some(0)), Ok(()), "{deciding:?}");
        assert_eq!(first.told(b"on"), b"on", "{deciding:?}");
    }
}

struct Pair {
    client: DtlsStream,
    server: DtlsStream,
    deciding: End,
}

impl Pair {
    fn received(deciding: End) -> Self {
        let (client, server) = contexts(deciding);
        Self::of(&client, &server, deciding)
    }

    /// A pair whose deciding side has received its peer's certificate, in one datagram with what
    /// comes after it, and has not looked at it.
    fn of(client_context: &Context, server_context: &Context, deciding: End) -> Self {
        let listen = || DtlsStream::new(server_context.connect_datagram(None, true, Some(CLIENT_ID)).unwrap());
        let mut client = DtlsStream::new(client_context.connect_datagram(Some(NAME.as_bytes()), false, None).unwrap());
        let (mut first, mut server) = (listen(), listen());
        _ = client.handshake(NOW);
        deliver(&mut first, &take(&mut client));
        assert_eq!(first.handshake(NOW), Err(Error::HelloVerifyRequired));
        deliver(&mut client, &take(&mut first));
        _ = client.handshake(NOW);
        deliver(&mut server, &take(&mut client));
        _ = server.handshake(NOW);
        deliver(&mut client, &take(&mut server));
        if deciding == Server {
            _ = client.handshake(NOW);
            deliver(&mut server, &take(&mut client));
        }
        Self { client, server, deciding }
    }

    fn deciding(&mut self) -> &mut DtlsStream {
        if self.deciding == Client { &mut self.client } else { &mut self.server }
    }

    fn other(&mut self) -> &mut DtlsStream {
        if self.deciding == Client { &mut self.server } else { &mut self.client }
    }

    /// What the other side reads of a message, after the rest of the handshake.
    fn told(&mut self, message: &[u8]) -> Vec<u8> {
        let mut out = [0; 100];
        for _ in 0..8 {
            if let Step::Done(count) = self.other().read(&mut out, NOW).unwrap() {
                return out[..count].to_vec();
            }
            while !self.other().to_send().is_empty() {
                let datagram = take(self.other());
                deliver(self.deciding(), &datagram);
            }
            assert_ne!(self.deciding().write(message, NOW), Ok(Step::Verify));
            while !self.deciding().to_send().is_empty() {
                let datagram = take(self.deciding());
                deliver(self.other(), &datagram);
                assert!(self.other().handshake(NOW).is_ok());
            }
        }
        panic!("nothing arrives");
    }
}

/// Contexts with datagrams that hold a flight.
fn contexts(deciding: End) -> (Context, Context) {
    let setup = Setup { mtu: 8000, ..SETUP };
    let (client, server) = (setup.client(), setup.server());
    if deciding == Client { &client } else { &server }.verify().set_callback(true);
    (client, server)
}

fn take(stream: &mut DtlsStream) -> Vec<u8> {
    let datagram = stream.to_send().to_vec();
    stream.sent();
    datagram
}

fn deliver(stream: &mut DtlsStream, datagram: &[u8]) {
    stream.receive_space(datagram.len())[..datagram.len()].copy_from_slice(datagram);
    stream.received(datagram.len());
}
