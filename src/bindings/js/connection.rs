//! Connections, and the buffer by which they exchange plaintext with JavaScript.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use js_sys::{Error as JsError, Uint8Array};
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use super::error_object;
use crate::ciphers;
use crate::dtls::{DtlsConnection, DtlsStream};
use crate::error::Error;
use crate::stream::{self, Direction};
use crate::tls::TlsStream;

/// What an operation of a connection answers instead of a count; shells add answers of their own
/// below these.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum Step {
    /// Ciphertext waits to be sent.
    Send = -1,
    /// Ciphertext must be received.
    Receive = -2,
    /// The program has to decide about the peer: `pskIdentity()`, `providePsk()`, or without an
    /// identity `chain()`, `decide()`.
    Verify = -3,
    /// The operation failed; `failure()` is the reason.
    Failed = -4,
}

/// The most plaintext that one `read` or `write` moves, in bytes: the length of the exchange
/// buffer.
const EXCHANGE: usize = 4 * 16384;

local::local! {
    static PLAINTEXT: Box<[u8]> = vec![0; EXCHANGE].into_boxed_slice();
}

/// Where plaintext is exchanged: address of the first byte in the engine's memory. It never moves.
#[wasm_bindgen(js_name = exchangeBuffer)]
pub fn exchange_buffer() -> u32 {
    PLAINTEXT.with_borrow(|bytes| bytes.as_ptr() as u32)
}

/// Length of the exchange buffer in bytes: the most plaintext that one `read` or `write` moves.
#[wasm_bindgen(js_name = exchangeLength)]
pub fn exchange_length() -> u32 {
    EXCHANGE as u32
}

/// One end of a TLS or DTLS connection; see [`stream::Stream`]. `now` is the time in milliseconds
/// of any clock that runs on; only DTLS looks at it.
#[wasm_bindgen]
pub struct Connection(AnyStream);

#[allow(clippy::large_enum_variant, reason = "each is on the heap already, as an object of JavaScript")]
enum AnyStream {
    Tls(TlsStream),
    Dtls(DtlsStream),
}

/// Runs the same expression for both kinds of streams.
macro_rules! each {
    ($connection:expr, $stream:ident => $body:expr) => {
        match $connection {
            AnyStream::Tls($stream) => $body,
            AnyStream::Dtls($stream) => $body,
        }
    };
}

impl Connection {
    pub(super) fn tls(connection: crate::tls::Connection) -> Self {
        Self(AnyStream::Tls(TlsStream::new(connection)))
    }

    pub(super) fn dtls(connection: DtlsConnection) -> Self {
        Self(AnyStream::Dtls(DtlsStream::new(connection)))
    }
}

#[wasm_bindgen]
impl Connection {
    /// Goes on with the handshake: 0 when it is complete, or a negative step.
    pub fn handshake(&mut self, now: Option<f64>) -> i32 {
        answer(match &mut self.0 {
            AnyStream::Tls(stream) => stream.handshake(),
            AnyStream::Dtls(stream) => stream.handshake(time(now)),
        })
    }

    /// Reads up to `wanted` bytes of one record or datagram into the exchange buffer: a count, 0 at
    /// end of file, or a negative step.
    pub fn read(&mut self, wanted: u32, now: Option<f64>) -> i32 {
        PLAINTEXT.with_borrow_mut(|bytes| {
            let out = &mut bytes[..(wanted as usize).min(EXCHANGE)];
            answer(match &mut self.0 {
                AnyStream::Tls(stream) => stream.read(out),
                AnyStream::Dtls(stream) => stream.read(out, time(now)),
            })
        })
    }

    /// As `read`, not beyond the end of a line; datagrams have none.
    #[wasm_bindgen(js_name = readLine)]
    pub fn read_line(&mut self, wanted: u32, now: Option<f64>) -> i32 {
        match &mut self.0 {
            AnyStream::Tls(stream) => {
                PLAINTEXT.with_borrow_mut(|bytes| answer(stream.read_line(&mut bytes[..(wanted as usize).min(EXCHANGE)])))
            }
            AnyStream::Dtls(_) => self.read(wanted, now),
        }
    }

    /// Address of the plaintext that the next reads return.
    pub fn plaintext(&self) -> u32 {
        self.next_plaintext().as_ptr() as u32
    }

    /// How many bytes of it there are; none of datagrams.
    #[wasm_bindgen(js_name = plaintextLength)]
    pub fn plaintext_length(&self) -> u32 {
        self.next_plaintext().len() as u32
    }

    /// That many of them were read there.
    #[wasm_bindgen(js_name = consumePlaintext)]
    pub fn consume_plaintext(&mut self, count: u32) {
        if let AnyStream::Tls(stream) = &mut self.0 {
            stream.consume_plaintext(count as usize);
        }
    }

    /// Writes the first `count` bytes of the exchange buffer, to a datagram connection as one
    /// datagram: a count, or a negative step, after which the same bytes must be offered again.
    pub fn write(&mut self, count: u32, now: Option<f64>) -> i32 {
        PLAINTEXT.with_borrow(|bytes| {
            let data = &bytes[..(count as usize).min(EXCHANGE)];
            answer(match &mut self.0 {
                AnyStream::Tls(stream) => stream.write(data),
                AnyStream::Dtls(stream) => stream.write(data, time(now)),
            })
        })
    }

    /// Was the data of a write encrypted, and waits to be sent? Then the next write does not look
    /// at the exchange buffer.
    #[wasm_bindgen(js_name = hasAccepted)]
    pub fn has_accepted(&self) -> bool {
        each!(&self.0, stream => stream.has_accepted())
    }

    /// Address of the ciphertext, or the datagram, that waits to be sent.
    #[wasm_bindgen(js_name = toSend)]
    pub fn to_send(&self) -> u32 {
        each!(&self.0, stream => stream.to_send()).as_ptr() as u32
    }

    /// How many bytes wait to be sent.
    #[wasm_bindgen(js_name = toSendLength)]
    pub fn to_send_length(&self) -> u32 {
        each!(&self.0, stream => stream.to_send()).len() as u32
    }

    /// That many of them were sent; a datagram is always sent whole.
    pub fn sent(&mut self, count: u32) {
        match &mut self.0 {
            AnyStream::Tls(stream) => stream.sent(count as usize),
            AnyStream::Dtls(stream) => stream.sent(),
        }
    }

    /// Address of at least `wanted` bytes to receive ciphertext, or a datagram, into.
    #[wasm_bindgen(js_name = receiveSpace)]
    pub fn receive_space(&mut self, wanted: u32) -> u32 {
        let wanted = (wanted as usize).min(EXCHANGE);
        each!(&mut self.0, stream => stream.receive_space(wanted)).as_ptr() as u32
    }

    /// How many bytes of ciphertext complete what is being received, for transports that must not
    /// be read ahead of; a datagram is whole.
    pub fn missing(&self) -> u32 {
        match &self.0 {
            AnyStream::Tls(stream) => stream.connection().missing() as u32,
            AnyStream::Dtls(_) => EXCHANGE as u32,
        }
    }

    /// That many bytes were received; an empty datagram has no effect.
    pub fn received(&mut self, count: u32) {
        each!(&mut self.0, stream => stream.received(count as usize));
    }

    /// The transport has ended. UDP has no end; a program's own transport may have one.
    #[wasm_bindgen(js_name = receivedEnd)]
    pub fn received_end(&mut self) {
        each!(&mut self.0, stream => stream.received_eof());
    }

    /// How many milliseconds an operation waits for the transport before it is called again.
    /// Infinity: it waits without end. 0: `deadline`, at which the whole operation has to end, has
    /// passed. The deadline is a whole number or Infinity; fractions of a millisecond are cut off.
    pub fn wait(&self, now: f64, deadline: f64) -> f64 {
        let deadline = deadline.is_finite().then_some(deadline as u64);
        match &self.0 {
            AnyStream::Tls(_) => f64::INFINITY,
            AnyStream::Dtls(stream) => stream.wait(now as u64, deadline).map_or(f64::INFINITY, |wait| wait as f64),
        }
    }

    /// The transport answered with this errno while sending (true) or receiving (false). True if it
    /// would have blocked: the operation is given up for now. False if it failed: `failure()` is
    /// what to raise.
    pub fn stopped(&mut self, errno: i32, sending: bool) -> bool {
        let direction = if sending { Direction::Write } else { Direction::Read };
        each!(&mut self.0, stream => stream.stopped(errno, direction)).is_none()
    }

    /// The peer's chain to decide about, as DER, from the top to the leaf; empty if there is
    /// nothing to decide.
    pub fn chain(&self) -> Vec<Uint8Array> {
        each!(&self.0, stream => stream.chain()).iter().map(|link| Uint8Array::from(&link.der[..])).collect()
    }

    /// The program's decision: 0 if it has nothing against the chain, the integer with which it
    /// refuses it, or nothing if its callback failed. All other numbers refuse it too. 0, or
    /// `Step.Failed`.
    pub fn decide(&mut self, verdict: Option<f64>) -> i32 {
        let verdict = verdict.filter(|number| f64::from(*number as i32) == *number).map(|number| number as i32);
        answer(each!(&mut self.0, stream => stream.decide(verdict)).map(|()| stream::Step::Done(0)))
    }

    /// The identity of a client whose pre-shared key is asked for; nothing if there is no such
    /// question.
    #[wasm_bindgen(js_name = pskIdentity)]
    pub fn psk_identity(&self) -> Option<Uint8Array> {
        each!(&self.0, stream => stream.psk_identity()).map(Uint8Array::from)
    }

    /// Answers with the key, or with nothing to refuse the client. 0, or `Step.Failed`.
    #[wasm_bindgen(js_name = providePsk)]
    pub fn provide_psk(&mut self, key: Option<Vec<u8>>) -> i32 {
        let key = key.map(Zeroizing::new);
        let key = key.as_ref().map(|key| &key[..]);
        answer(each!(&mut self.0, stream => stream.provide_psk(key)).map(|()| stream::Step::Done(0)))
    }

    /// Poll: events that are ready (low 16 bits) and events to ask the transport for (high 16
    /// bits).
    pub fn poll(&mut self, wanted: u32) -> u32 {
        let poll = each!(&mut self.0, stream => stream.poll(wanted & 0xffff));
        poll.ready | poll.ask << 16
    }

    /// The answer to a poll, given the transport's.
    pub fn polled(&self, wanted: u32, transport: u32) -> u32 {
        each!(&self.0, stream => stream.polled(wanted, transport))
    }

    /// Closes the stream; close_notify may wait to be sent. False if it was closed before.
    pub fn close(&mut self) -> bool {
        each!(&mut self.0, stream => stream.close())
    }

    /// Tells the peer that nothing more will be written; reading goes on. close_notify may wait to
    /// be sent.
    #[wasm_bindgen(js_name = endWriting)]
    pub fn end_writing(&mut self) {
        each!(&mut self.0, stream => stream.end_writing());
    }

    /// What every operation fails with once the stream is closed.
    #[wasm_bindgen(js_name = closedError)]
    pub fn closed_error(&self) -> JsError {
        error_object(&each!(&self.0, stream => stream.closed_error()))
    }

    /// Why the last operation failed.
    pub fn failure(&self) -> Option<JsError> {
        each!(&self.0, stream => stream.failure()).map(error_object)
    }

    /// The cipher suite's dashed name, once negotiated.
    #[wasm_bindgen(js_name = cipherSuite)]
    pub fn cipher_suite(&self) -> Option<String> {
        let (suite, _) = each!(&self.0, stream => stream.connection().negotiated())?;
        ciphers::name(suite).map(str::to_owned)
    }

    /// `TLSv1.2`, `TLSv1.3` or `DTLSv1.2`, once negotiated.
    pub fn version(&self) -> Option<String> {
        let (_, version) = each!(&self.0, stream => stream.connection().negotiated())?;
        Some(ciphers::version_name(version).to_owned())
    }

    /// The name of the key exchange group, once negotiated.
    #[wasm_bindgen(js_name = keyExchangeGroup)]
    pub fn key_exchange_group(&self) -> Option<String> {
        each!(&self.0, stream => stream.connection().key_exchange_group()).map(|group| format!("{group:?}"))
    }

    /// The protocol chosen by ALPN, which DTLS does not have here.
    #[wasm_bindgen(js_name = alpnProtocol)]
    pub fn alpn_protocol(&self) -> Option<String> {
        match &self.0 {
            AnyStream::Tls(stream) => stream.connection().alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
            AnyStream::Dtls(_) => None,
        }
    }

    /// A certificate of the peer as DER; 0 is the leaf.
    #[wasm_bindgen(js_name = peerCertificate)]
    pub fn peer_certificate(&self, index: u32) -> Option<Uint8Array> {
        let certificate = each!(&self.0, stream => stream.connection().peer_certificates()).get(index as usize)?;
        Some(Uint8Array::from(certificate.as_ref()))
    }

    /// What the peer's certificate says, as CPython's `getpeercert()` tells it, in JSON.
    #[wasm_bindgen(js_name = peerDescription)]
    pub fn peer_description(&self) -> Option<String> {
        each!(&self.0, stream => stream.connection().peer_description())
    }

    fn next_plaintext(&self) -> &[u8] {
        match &self.0 {
            AnyStream::Tls(stream) => stream.connection().plaintext(),
            AnyStream::Dtls(_) => &[],
        }
    }
}

/// A step as JavaScript gets it; the stream keeps an error.
fn answer(step: Result<stream::Step, Error>) -> i32 {
    match step {
        Ok(stream::Step::Done(count)) => count as i32,
        Ok(stream::Step::Send) => Step::Send as i32,
        Ok(stream::Step::Receive) => Step::Receive as i32,
        Ok(stream::Step::Verify) => Step::Verify as i32,
        Err(_) => Step::Failed as i32,
    }
}

fn time(now: Option<f64>) -> u64 {
    now.unwrap_or_default() as u64
}
