//! DTLS for JavaScript: what `Connection` is for a stream, for a datagram socket.
//!
//! The same steps as there, each with the time: milliseconds of any clock that runs on, such as `performance.now()`.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use js_sys::{Error as JsError, Uint8Array};
use wasm_bindgen::prelude::*;

use super::{EXCHANGE, PLAINTEXT, error_object, number};
use crate::ciphers;
use crate::dtls::DtlsStream;
use crate::error::Error;
use crate::stream::{Direction, Step};

/// See [`DtlsStream`].
#[wasm_bindgen]
pub struct DatagramConnection {
    stream: DtlsStream,
    failure: Option<Error>,
}

impl DatagramConnection {
    pub(super) fn new(stream: DtlsStream) -> Self {
        Self { stream, failure: None }
    }

    fn answer(&mut self, step: Result<Step, Error>) -> i32 {
        number(step, &mut self.failure)
    }
}

#[wasm_bindgen]
impl DatagramConnection {
    /// Goes on with the handshake: 0 when it is complete, or a negative step.
    pub fn handshake(&mut self, now: f64) -> i32 {
        let step = self.stream.handshake(now as u64);
        self.answer(step)
    }

    /// Reads up to `wanted` bytes of one datagram into the exchange buffer: a count, 0 at the end, or a negative step.
    pub fn read(&mut self, wanted: u32, now: f64) -> i32 {
        let now = now as u64;
        let step = self.stream.prepare(Direction::Read, now).and_then(|waiting| {
            waiting
                .map_or_else(|| PLAINTEXT.with_borrow_mut(|bytes| self.stream.read(&mut bytes[..(wanted as usize).min(EXCHANGE)], now)), Ok)
        });
        self.answer(step)
    }

    /// Completes the handshake before a write, whose bytes are put into the exchange buffer only then: 0, or a negative step.
    #[wasm_bindgen(js_name = prepareWrite)]
    pub fn prepare_write(&mut self, now: f64) -> i32 {
        let step = self.stream.prepare(Direction::Write, now as u64).map(|waiting| waiting.unwrap_or(Step::Done(0)));
        self.answer(step)
    }

    /// Writes the first `count` bytes of the exchange buffer as one datagram: a count, or a negative step, after which the same bytes must be
    /// offered again.
    pub fn write(&mut self, count: u32, now: f64) -> i32 {
        let now = now as u64;
        let step = self.stream.prepare(Direction::Write, now).and_then(|waiting| {
            waiting.map_or_else(|| PLAINTEXT.with_borrow(|bytes| self.stream.write(&bytes[..(count as usize).min(EXCHANGE)], now)), Ok)
        });
        self.answer(step)
    }

    /// Address of the datagram that waits to be sent.
    #[wasm_bindgen(js_name = toSend)]
    pub fn to_send(&self) -> u32 {
        self.stream.to_send().as_ptr() as u32
    }

    /// How many bytes it has; 0 if none waits.
    #[wasm_bindgen(js_name = toSendLength)]
    pub fn to_send_length(&self) -> u32 {
        self.stream.to_send().len() as u32
    }

    /// It was sent.
    pub fn sent(&mut self) {
        self.stream.sent();
    }

    /// Address of at least `wanted` bytes to receive a datagram into.
    #[wasm_bindgen(js_name = receiveSpace)]
    pub fn receive_space(&mut self, wanted: u32) -> u32 {
        self.stream.receive_space((wanted as usize).min(EXCHANGE)).as_ptr() as u32
    }

    /// A datagram of that many bytes was received; an empty one says nothing.
    pub fn received(&mut self, count: u32) {
        self.stream.received(count as usize);
    }

    /// The transport has ended, as only a program's own can.
    #[wasm_bindgen(js_name = receivedEnd)]
    pub fn received_end(&mut self) {
        self.stream.received_eof();
    }

    /// Milliseconds after which an operation that waits to receive should be called again; negative: when something was received.
    #[wasm_bindgen(js_name = nextTimeout)]
    pub fn next_timeout(&self, now: f64) -> f64 {
        self.stream.next_timeout(now as u64).map_or(-1.0, |wait| wait as f64)
    }

    /// The transport would have blocked while sending (true) or receiving (false); the operation is given up for now.
    pub fn blocked(&mut self, sending: bool) {
        self.stream.blocked(if sending { Direction::Write } else { Direction::Read });
    }

    /// The transport failed with this errno; `failure()` is then what to raise.
    #[wasm_bindgen(js_name = transportFailed)]
    pub fn transport_failed(&mut self, errno: i32) {
        self.failure = Some(self.stream.transport_failed(errno));
    }

    /// Poll: events that are ready (low 16 bits) and events to ask the transport for (high 16 bits).
    pub fn poll(&mut self, wanted: u32) -> u32 {
        let poll = self.stream.poll(wanted & 0xffff);
        poll.ready | poll.ask << 16
    }

    /// The answer to a poll, given the transport's.
    pub fn polled(&self, wanted: u32, transport: u32) -> u32 {
        self.stream.polled(wanted, transport)
    }

    /// Closes the stream; close_notify may wait to be sent. False if it was closed before.
    pub fn close(&mut self) -> bool {
        self.stream.close()
    }

    /// What every operation fails with once the stream is closed.
    #[wasm_bindgen(js_name = closedError)]
    pub fn closed_error(&self) -> JsError {
        error_object(&self.stream.closed_error())
    }

    /// Why the last operation failed.
    pub fn failure(&self) -> Option<JsError> {
        self.failure.as_ref().map(error_object)
    }

    /// The cipher suite's dashed name, once negotiated.
    #[wasm_bindgen(js_name = cipherSuite)]
    pub fn cipher_suite(&self) -> Option<String> {
        let (suite, _) = self.stream.connection().negotiated()?;
        ciphers::name(suite).map(str::to_owned)
    }

    /// `DTLSv1.2`, once negotiated.
    pub fn version(&self) -> Option<String> {
        let (_, version) = self.stream.connection().negotiated()?;
        Some(ciphers::version_name(version).to_owned())
    }

    /// The name of the key exchange group, once negotiated.
    #[wasm_bindgen(js_name = keyExchangeGroup)]
    pub fn key_exchange_group(&self) -> Option<String> {
        self.stream.connection().key_exchange_group().map(|group| format!("{group:?}"))
    }

    /// A certificate of the peer as DER; 0 is the leaf.
    #[wasm_bindgen(js_name = peerCertificate)]
    pub fn peer_certificate(&self, index: u32) -> Option<Uint8Array> {
        let certificate = self.stream.connection().peer_certificates().get(index as usize)?;
        Some(Uint8Array::from(certificate.as_ref()))
    }
}
