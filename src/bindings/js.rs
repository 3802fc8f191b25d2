//! The JavaScript shell.
//!
//! Bytes cross the boundary once: ciphertext is received into and sent from a connection's own buffers, plaintext passes through one exchange
//! buffer that all connections share. An operation answers with a number: a count, or one of the negative `STEP` values. The exchange buffer is not
//! borrowed while a verify callback runs (`prepare`), because that may use other connections.

mod datagram;

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use js_sys::{Error as JsError, Function, JsString, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

pub use datagram::DatagramConnection;

use crate::ciphers;
use crate::context::{self, Version};
use crate::dtls::DtlsStream;
use crate::error::{CallbackRaised, Error, ExceptionKind};
use crate::key_log::KeyLogSink;
use crate::stream::{Direction, Step, Stream};
use crate::verify::{Endpoint, VerifyCallback};

/// Ciphertext waits to be sent.
const STEP_SEND: i32 = -1;
/// Ciphertext must be received.
const STEP_RECEIVE: i32 = -2;
/// The operation failed; `failure()` says why.
const STEP_FAILED: i32 = -3;

/// The most plaintext that one `read` or `write` moves, in bytes: the length of the exchange buffer.
const EXCHANGE: usize = 4 * 16384;

crate::local::local! {
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

/// The names of all cipher suites, in order of preference.
#[wasm_bindgen(js_name = cipherSuites)]
pub fn cipher_suites() -> Vec<String> {
    ciphers::supported().map(str::to_owned).collect()
}

/// See [`context::Context`].
#[wasm_bindgen]
pub struct Context(context::Context);

#[wasm_bindgen]
impl Context {
    /// A context for MicroPython's protocol number: bit 0 makes a server.
    #[wasm_bindgen(constructor)]
    pub fn new(protocol: i32) -> Self {
        Self(context::Context::new(if protocol & 1 == 0 { Endpoint::Client } else { Endpoint::Server }))
    }

    /// Tells the time in seconds since 1970.
    #[wasm_bindgen(js_name = setTime)]
    pub fn set_time(&self, unix_seconds: f64) {
        self.0.set_time(unix_seconds as u64);
    }

    /// `verify_mode` as it was set, whatever number that is.
    #[wasm_bindgen(getter, js_name = verifyMode)]
    pub fn verify_mode(&self) -> i32 {
        self.0.verify().mode()
    }

    /// Sets `verify_mode`, also for connections that live already.
    #[wasm_bindgen(setter, js_name = verifyMode)]
    pub fn set_verify_mode(&self, mode: i32) {
        self.0.verify().set_mode(mode);
    }

    /// Sets or clears the function `(certificate: Uint8Array, depth: number) => number` that sees each certificate of a chain. A non-zero
    /// result ends the handshake; so does an exception.
    #[wasm_bindgen(js_name = setVerifyCallback)]
    pub fn set_verify_callback(&self, callback: Option<Function>) {
        self.0.verify().set_callback(callback.map(|function| {
            let function = OneThread(function);
            Arc::new(move |der: &[u8], depth: u32| function.call(der, depth)) as VerifyCallback
        }));
    }

    /// Loads certificate chain and private key, DER or PEM.
    #[wasm_bindgen(js_name = loadCertChain)]
    pub fn load_cert_chain(&mut self, certificates: &[u8], key: &[u8]) -> Result<(), JsValue> {
        self.0.load_cert_chain(certificates, key).map_err(to_js)
    }

    /// Adds trust anchors, DER or PEM.
    #[wasm_bindgen(js_name = loadVerifyLocations)]
    pub fn load_verify_locations(&self, certificates: &[u8]) -> Result<(), JsValue> {
        self.0.verify().add_anchors(certificates).map_err(to_js)
    }

    /// Restricts and orders the cipher suites of later connections.
    #[wasm_bindgen(js_name = setCiphers)]
    pub fn set_ciphers(&mut self, names: Vec<String>) -> Result<(), JsValue> {
        self.0.set_ciphers(names.iter().map(String::as_str)).map_err(to_js)
    }

    /// Sets the lowest and highest version of later connections, as 0x0303 (TLS 1.2) or 0x0304 (TLS 1.3).
    #[wasm_bindgen(js_name = setVersions)]
    pub fn set_versions(&mut self, lowest: u16, highest: u16) -> Result<(), JsValue> {
        let versions = version(lowest).and_then(|lowest| Ok((lowest, version(highest)?)));
        versions.and_then(|(lowest, highest)| self.0.set_versions(lowest, highest)).map_err(to_js)
    }

    /// Protocols to negotiate by ALPN, most wanted first.
    #[wasm_bindgen(js_name = setAlpnProtocols)]
    pub fn set_alpn_protocols(&mut self, names: Vec<String>) -> Result<(), JsValue> {
        self.0.set_alpn_protocols(names.into_iter().map(String::into_bytes).collect()).map_err(to_js)
    }

    /// Whether later connections resume sessions; they do by default.
    #[wasm_bindgen(js_name = setSessionResumption)]
    pub fn set_session_resumption(&mut self, enabled: bool) {
        self.0.set_session_resumption(enabled);
    }

    /// Sets or clears the function that gets each secret of later connections, as a line of NSS' key log format.
    #[wasm_bindgen(js_name = setKeyLog)]
    pub fn set_key_log(&mut self, log: Option<Function>) {
        self.0.set_key_log(log.map(|function| {
            let function = OneThread(function);
            Arc::new(move |line: &str| function.tell(line)) as KeyLogSink
        }));
    }

    /// A new connection; see [`context::Context::connect`].
    pub fn connect(&self, server_hostname: Option<Vec<u8>>, server_side: bool) -> Result<Connection, JsValue> {
        let connection = self.0.connect(server_hostname.as_deref(), server_side).map_err(to_js)?;
        Ok(Connection { stream: Stream::new(connection), failure: None })
    }

    /// Makes the next connection's key share ahead; see [`context::Context::prepare_key_share`].
    #[wasm_bindgen(js_name = prepareKeyShare)]
    pub fn prepare_key_share(&self) {
        self.0.prepare_key_share();
    }

    /// A new DTLS connection; see [`context::Context::connect_datagram`].
    #[wasm_bindgen(js_name = connectDatagram)]
    pub fn connect_datagram(
        &self,
        server_hostname: Option<Vec<u8>>,
        server_side: bool,
        client_id: Option<Vec<u8>>,
    ) -> Result<DatagramConnection, JsValue> {
        let connection = self.0.connect_datagram(server_hostname.as_deref(), server_side, client_id.as_deref()).map_err(to_js)?;
        Ok(DatagramConnection::new(DtlsStream::new(connection)))
    }

    /// The longest datagram of a DTLS handshake, in bytes.
    #[wasm_bindgen(getter, js_name = dtlsMtu)]
    pub fn dtls_mtu(&self) -> u32 {
        self.0.dtls_mtu() as u32
    }

    /// Sets the longest datagram of later connections' DTLS handshakes, 64 to 65507 bytes.
    #[wasm_bindgen(js_name = setDtlsMtu)]
    pub fn set_dtls_mtu(&mut self, bytes: u32) -> Result<(), JsValue> {
        self.0.set_dtls_mtu(bytes as usize).map_err(to_js)
    }
}

/// See [`Stream`].
#[wasm_bindgen]
pub struct Connection {
    stream: Stream,
    failure: Option<Error>,
}

#[wasm_bindgen]
impl Connection {
    /// Goes on with the handshake: 0 when it is complete, or a negative step.
    pub fn handshake(&mut self) -> i32 {
        let step = self.stream.handshake();
        self.answer(step)
    }

    /// Reads up to `wanted` bytes into the exchange buffer: a count, 0 at end of file, or a negative step.
    pub fn read(&mut self, wanted: u32) -> i32 {
        self.read_by(wanted, Stream::read)
    }

    /// As `read`, not beyond the end of a line.
    #[wasm_bindgen(js_name = readLine)]
    pub fn read_line(&mut self, wanted: u32) -> i32 {
        self.read_by(wanted, Stream::read_line)
    }

    /// Address of the plaintext that the next reads return.
    pub fn plaintext(&self) -> u32 {
        self.stream.connection().plaintext().as_ptr() as u32
    }

    /// How many bytes of it there are.
    #[wasm_bindgen(js_name = plaintextLength)]
    pub fn plaintext_length(&self) -> u32 {
        self.stream.connection().plaintext().len() as u32
    }

    /// That many of them were read there.
    #[wasm_bindgen(js_name = consumePlaintext)]
    pub fn consume_plaintext(&mut self, count: u32) {
        self.stream.consume_plaintext(count as usize);
    }

    /// Completes the handshake before a write, whose bytes are put into the exchange buffer only then: 0, or a negative step.
    #[wasm_bindgen(js_name = prepareWrite)]
    pub fn prepare_write(&mut self) -> i32 {
        let step = self.stream.prepare(Direction::Write).map(|waiting| waiting.unwrap_or(Step::Done(0)));
        self.answer(step)
    }

    /// Writes the first `count` bytes of the exchange buffer: a count, or a negative step, after which the same bytes must be offered again.
    pub fn write(&mut self, count: u32) -> i32 {
        let step = self.stream.prepare(Direction::Write).and_then(|waiting| {
            waiting.map_or_else(|| PLAINTEXT.with_borrow(|bytes| self.stream.write(&bytes[..(count as usize).min(EXCHANGE)])), Ok)
        });
        self.answer(step)
    }

    /// Address of the ciphertext that waits to be sent.
    #[wasm_bindgen(js_name = toSend)]
    pub fn to_send(&self) -> u32 {
        self.stream.to_send().as_ptr() as u32
    }

    /// How many bytes wait to be sent.
    #[wasm_bindgen(js_name = toSendLength)]
    pub fn to_send_length(&self) -> u32 {
        self.stream.to_send().len() as u32
    }

    /// That many of them were sent.
    pub fn sent(&mut self, count: u32) {
        self.stream.sent(count as usize);
    }

    /// Address of at least `wanted` bytes to receive ciphertext into.
    #[wasm_bindgen(js_name = receiveSpace)]
    pub fn receive_space(&mut self, wanted: u32) -> u32 {
        self.stream.receive_space((wanted as usize).min(EXCHANGE)).as_ptr() as u32
    }

    /// How many bytes of ciphertext complete what is being received, for transports that must not be read ahead of.
    pub fn missing(&self) -> u32 {
        self.stream.connection().missing() as u32
    }

    /// That many bytes were received; 0 is the end of the transport.
    pub fn received(&mut self, count: u32) {
        match count {
            0 => self.stream.received_eof(),
            count => self.stream.received(count as usize),
        }
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

    /// `TLSv1.2` or `TLSv1.3`, once negotiated.
    pub fn version(&self) -> Option<String> {
        let (_, version) = self.stream.connection().negotiated()?;
        Some(ciphers::version_name(version).to_owned())
    }

    /// The name of the key exchange group, once negotiated.
    #[wasm_bindgen(js_name = keyExchangeGroup)]
    pub fn key_exchange_group(&self) -> Option<String> {
        self.stream.connection().key_exchange_group().map(|group| format!("{group:?}"))
    }

    /// The protocol chosen by ALPN.
    #[wasm_bindgen(js_name = alpnProtocol)]
    pub fn alpn_protocol(&self) -> Option<String> {
        self.stream.connection().alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned())
    }

    /// A certificate of the peer as DER; 0 is the leaf.
    #[wasm_bindgen(js_name = peerCertificate)]
    pub fn peer_certificate(&self, index: u32) -> Option<Uint8Array> {
        let certificate = self.stream.connection().peer_certificates().get(index as usize)?;
        Some(Uint8Array::from(certificate.as_ref()))
    }

    fn read_by(&mut self, wanted: u32, read: fn(&mut Stream, &mut [u8]) -> Result<Step, Error>) -> i32 {
        let step = self.stream.prepare(Direction::Read).and_then(|waiting| {
            waiting.map_or_else(
                || PLAINTEXT.with_borrow_mut(|bytes| read(&mut self.stream, &mut bytes[..(wanted as usize).min(EXCHANGE)])),
                Ok,
            )
        });
        self.answer(step)
    }

    fn answer(&mut self, step: Result<Step, Error>) -> i32 {
        number(step, &mut self.failure)
    }
}

/// A step as JavaScript gets it; an error is kept.
fn number(step: Result<Step, Error>, failure: &mut Option<Error>) -> i32 {
    match step {
        Ok(Step::Done(count)) => count as i32,
        Ok(Step::Send) => STEP_SEND,
        Ok(Step::Receive) => STEP_RECEIVE,
        Err(error) => {
            *failure = Some(error);
            STEP_FAILED
        }
    }
}

/// JavaScript values live on one thread, and so does this module's instance.
struct OneThread(Function);

// SAFETY: wasm32-unknown-unknown without the atomics feature has no second thread that could reach the value.
#[allow(unsafe_code)]
unsafe impl Send for OneThread {}
// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl Sync for OneThread {}

impl OneThread {
    fn call(&self, der: &[u8], depth: u32) -> Result<i32, CallbackRaised> {
        let result = self.0.call2(&JsValue::NULL, &Uint8Array::from(der), &depth.into());
        let number = result.ok().and_then(|value| value.as_f64()).ok_or(CallbackRaised)?;
        Ok(number as i32)
    }

    fn tell(&self, line: &str) {
        // A log that cannot be written does not end the connection.
        _ = self.0.call1(&JsValue::NULL, &line.into());
    }
}

fn version(number: u16) -> Result<Version, Error> {
    match number {
        0x0303 => Ok(Version::Tls12),
        0x0304 => Ok(Version::Tls13),
        _ => Err(Error::BadConfig),
    }
}

fn to_js(error: Error) -> JsValue {
    error_object(&error).into()
}

/// A JavaScript `Error` that carries what Python will raise: `name` is the exception's type, `errno` its number if it has one.
fn error_object(error: &Error) -> JsError {
    let exception = error.exception();
    let object = JsError::new(&exception.text);
    object.set_name(match exception.kind {
        ExceptionKind::OsError => "OSError",
        ExceptionKind::ValueError => "ValueError",
        ExceptionKind::TypeError => "TypeError",
        ExceptionKind::NotImplementedError => "NotImplementedError",
        ExceptionKind::CallbackRaised => "CallbackRaised",
    });
    if let Some(code) = exception.code {
        // Setting a property of a fresh, extensible object cannot fail.
        _ = Reflect::set(&object, &JsString::from("errno"), &code.into());
    }
    object
}
