//! The program's decision about a peer's chain: until it has decided nothing is sent and nothing
//! else is decided, whatever is called.

mod support;

use micropython_ssl::context::{Context, Version};
use micropython_ssl::error::Error;
use micropython_ssl::stream::{Poll, Step, event};
use micropython_ssl::tls::TlsStream;
use micropython_ssl::verify::{CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED, Endpoint};
use support::wire::{client, deliver, now, only, pki, server, server_context, take};

const ACCESS_DENIED: u8 = 49;
const UNKNOWN_CA: u8 = 48;
const EVENTS: u32 = event::READ | event::WRITE;
const BOTH: Poll = Poll { ready: EVENTS, ask: 0 };

#[test]
fn every_operation_waits_for_the_decision_and_then_goes_on() {
    for case in cases() {
        let mut pair = case.until_received();
        assert_eq!(pair.deciding().handshake(), Ok(Step::Verify), "{case:?}");
        let chain = pair.deciding().chain();
        assert_eq!(chain.iter().map(|link| link.depth).collect::<Vec<_>>(), [1, 0], "{case:?}");
        for _ in 0..2 {
            let stream = pair.deciding();
            assert_eq!(stream.read(&mut [0; 9]), Ok(Step::Verify), "{case:?}");
            assert_eq!(stream.write(b"password"), Ok(Step::Verify), "{case:?}");
            assert_eq!(stream.handshake(), Ok(Step::Verify), "{case:?}");
            assert_eq!(stream.poll(EVENTS), BOTH, "{case:?}");
            assert!(stream.to_send().is_empty(), "{case:?}");
            assert_eq!(stream.chain(), chain, "{case:?}");
        }
        assert_eq!(pair.deciding().decide(Some(0)), Ok(()), "{case:?}");
        assert!(pair.deciding().chain().is_empty(), "{case:?}");
        assert_eq!(pair.told(b"password"), b"password", "{case:?}");
    }
}

#[test]
fn a_refused_peer_gets_access_denied_and_nothing_else() {
    for case in cases() {
        for (verdict, error, later) in [
            (Some(5), Error::Callback(5), Error::Callback(5)),
            (Some(-0x2700), Error::Callback(-0x2700), Error::Callback(-0x2700)),
            (None, Error::CallbackRaised, Error::UnexpectedMessage),
        ] {
            let mut pair = case.until_received();
            assert_eq!(pair.deciding().read(&mut [0]), Ok(Step::Verify), "{case:?}");
            assert_eq!(pair.deciding().decide(verdict), Err(error), "{case:?}");
            let alert = take(pair.deciding());
            assert_eq!(pair.deciding().write(b"password"), Err(later.clone()), "{case:?}");
            assert_eq!(pair.deciding().read(&mut [0]), Err(later), "{case:?}");
            assert!(pair.deciding().to_send().is_empty(), "{case:?}");
            deliver(pair.other(), &alert);
            assert_eq!(pair.other().read(&mut [0]), Err(Error::AlertReceived(ACCESS_DENIED)), "{case:?} {verdict:?}");
        }
    }
}

#[test]
fn a_peer_that_verification_refuses_gets_the_reason_if_the_program_accepts_it() {
    for case in cases() {
        let mut pair = Case { trusts: false, mode: CERT_REQUIRED, ..case }.until_received();
        assert_eq!(pair.deciding().handshake(), Ok(Step::Verify), "{case:?}");
        let text = pair.deciding().decide(Some(0)).unwrap_err().exception().text;
        assert_eq!(text, "\nThe certificate is not correctly signed by the trusted CA\n", "{case:?}");
        let alert = take(pair.deciding());
        deliver(pair.other(), &alert);
        assert_eq!(pair.other().read(&mut [0]), Err(Error::AlertReceived(UNKNOWN_CA)), "{case:?}");
    }
}

#[test]
fn a_poll_finds_what_is_to_be_decided_and_sends_nothing() {
    for case in cases() {
        let mut pair = case.until_received();
        assert_eq!(pair.deciding().poll(EVENTS), BOTH, "{case:?}");
        assert!(pair.deciding().to_send().is_empty(), "{case:?}");
        assert_eq!(pair.deciding().chain().len(), 2, "{case:?}");
        assert_eq!(pair.deciding().decide(Some(1)), Err(Error::Callback(1)), "{case:?}");
        assert_eq!(pair.deciding().poll(EVENTS).ready, event::INVALID, "{case:?}");
    }
}

#[test]
fn close_sends_nothing_to_a_peer_that_nobody_has_decided_about() {
    for case in cases() {
        for opened in [false, true] {
            let mut pair = case.until_received();
            if opened {
                assert_eq!(pair.deciding().handshake(), Ok(Step::Verify), "{case:?}");
            }
            assert!(pair.deciding().close(), "{case:?}");
            assert!(pair.deciding().to_send().is_empty(), "{case:?}");
            assert!(pair.deciding().chain().is_empty(), "{case:?}");
            assert_eq!(pair.deciding().decide(Some(0)), Err(Error::BadInputData), "{case:?}");
            assert_eq!(pair.deciding().read(&mut [0]), Err(Error::BadInputData), "{case:?}");
            assert_eq!(pair.deciding().handshake(), Err(Error::BadInputData), "{case:?}");
        }
    }
}

#[test]
fn a_transport_that_fails_meanwhile_leaves_nothing_to_send() {
    for case in cases() {
        let mut pair = case.until_received();
        assert_eq!(pair.deciding().handshake(), Ok(Step::Verify), "{case:?}");
        assert_eq!(pair.deciding().transport_failed(104), Error::Transport(104), "{case:?}");
        assert!(pair.deciding().to_send().is_empty(), "{case:?}");
        assert_eq!(pair.deciding().read(&mut [0]), Err(Error::Transport(104)), "{case:?}");
    }
}

#[test]
fn connections_of_one_context_are_decided_about_one_by_one() {
    for case in cases() {
        let (client_context, server_context) = case.contexts();
        let mut first = case.received(&client_context, &server_context);
        let mut second = case.received(&client_context, &server_context);
        assert_eq!(first.deciding().poll(EVENTS), BOTH, "{case:?}");
        assert!(second.deciding().chain().is_empty(), "{case:?}");
        assert_eq!(second.deciding().handshake(), Ok(Step::Verify), "{case:?}");
        assert_eq!(second.deciding().decide(Some(1)), Err(Error::Callback(1)), "{case:?}");
        assert_eq!(first.deciding().chain().len(), 2, "{case:?}");
        assert_eq!(first.deciding().handshake(), Ok(Step::Verify), "{case:?}");
        assert_eq!(first.deciding().decide(Some(0)), Ok(()), "{case:?}");
        assert_eq!(first.told(b"on"), b"on", "{case:?}");
    }
}

#[test]
fn there_is_nothing_to_decide_before_and_after() {
    for case in cases() {
        let (client_context, server_context) = case.contexts();
        let mut pair = Pair { streams: [client(&client_context), server(&server_context)], deciding: case.deciding };
        assert_eq!(pair.deciding().decide(Some(0)), Err(Error::BadInputData), "{case:?}");
        let mut pair = case.received(&client_context, &server_context);
        assert_eq!(pair.deciding().handshake(), Ok(Step::Verify), "{case:?}");
        assert_eq!(pair.deciding().decide(Some(0)), Ok(()), "{case:?}");
        assert_eq!(pair.deciding().decide(Some(1)), Err(Error::BadInputData), "{case:?}");
        assert_eq!(pair.told(b"on"), b"on", "an answer that came too late changes nothing: {case:?}");
    }
}

#[derive(Clone, Copy, Debug)]
struct Case {
    version: Version,
    deciding: Endpoint,
    mode: i32,
    /// Does the deciding side trust who signed its peer's certificate?
    trusts: bool,
    /// How many bytes the wire carries at a time.
    piece: usize,
}

fn cases() -> impl Iterator<Item = Case> {
    [Version::Tls12, Version::Tls13].into_iter().flat_map(|version| {
        [Endpoint::Client, Endpoint::Server].into_iter().flat_map(move |deciding| {
            [(CERT_REQUIRED, usize::MAX), (CERT_OPTIONAL, 1)].map(|(mode, piece)| Case { version, deciding, mode, trusts: true, piece })
        })
    })
}

struct Pair {
    streams: [TlsStream; 2],
    deciding: Endpoint,
}

impl Case {
    fn contexts(self) -> (Context, Context) {
        let mut client = Context::new(Endpoint::Client);
        client.set_time(now());
        client.load_cert_chain(&pki().read("ec256.pem"), &pki().read("ec256.key")).unwrap();
        client.verify().set_mode(CERT_NONE).unwrap();
        let server = only(server_context("ec256"), self.version);
        let deciding = if self.deciding == Endpoint::Client { &client } else { &server };
        deciding.verify().set_mode(self.mode).unwrap();
        deciding.verify().set_callback(true);
        deciding.verify().add_anchors(&pki().read(if self.trusts { "ca.pem" } else { "rsa2048.pem" })).unwrap();
        (client, server)
    }

    fn until_received(self) -> Pair {
        let (client_context, server_context) = self.contexts();
        self.received(&client_context, &server_context)
    }

    /// A pair whose deciding side has received its peer's certificate, and has not looked at it.
    fn received(self, client_context: &Context, server_context: &Context) -> Pair {
        let mut pair = Pair { streams: [client(client_context), server(server_context)], deciding: self.deciding };
        // The client's hello, the server's flight, the client's.
        for turn in 0..if self.deciding == Endpoint::Client { 2 } else { 3 } {
            let [from, to] = if turn % 2 == 0 { [0, 1] } else { [1, 0] };
            _ = pair.streams[from].handshake().unwrap();
            let bytes = take(&mut pair.streams[from]);
            for part in bytes.chunks(self.piece) {
                deliver(&mut pair.streams[to], part);
            }
        }
        pair
    }
}

impl Pair {
    fn deciding(&mut self) -> &mut TlsStream {
        &mut self.streams[usize::from(self.deciding == Endpoint::Server)]
    }

    fn other(&mut self) -> &mut TlsStream {
        &mut self.streams[usize::from(self.deciding == Endpoint::Client)]
    }

    /// What the other side reads of a message, after the rest of the handshake.
    fn told(&mut self, message: &[u8]) -> Vec<u8> {
        let mut out = [0; 100];
        for _ in 0..8 {
            let written = self.deciding().write(message).unwrap();
            let bytes = take(self.deciding());
            deliver(self.other(), &bytes);
            match self.other().read(&mut out).unwrap() {
                Step::Done(count) => return out[..count].to_vec(),
                step => assert_ne!(step, Step::Verify),
            }
            let bytes = take(self.other());
            deliver(self.deciding(), &bytes);
            assert_ne!(written, Step::Verify);
        }
        panic!("nothing arrives");
    }
}
