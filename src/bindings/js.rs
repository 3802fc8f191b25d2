//! The JavaScript shell.
//!
//! Bytes cross the boundary once: ciphertext is received into and sent from a connection's own
//! buffers, plaintext passes through one exchange buffer that all connections share. An operation
//! answers with a number: a count, or one of the negative `Step`s.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use js_sys::{Error as JsError, JsString, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use crate::ciphers;
use crate::context::{self, Version};
use crate::dtls::DtlsStream;
use crate::error::{Error, ExceptionKind};
use crate::numbers;
use crate::stream::{self, Direction, Stream};
use crate::verify::Endpoint;

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
    /// The operation failed; `failure()` says why.
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
        Self(context::Context::new(if protocol & numbers::PROTOCOL_SERVER == 0 { Endpoint::Client } else { Endpoint::Server }))
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

    /// Whether connections ask for a decision about each chain that was verified: `Step.Verify`.
    /// Off by default.
    #[wasm_bindgen(js_name = setVerifyCallback)]
    pub fn set_verify_callback(&self, enabled: bool) {
        self.0.verify().set_callback(enabled);
    }

    /// Sets the pre-shared key of later connections; see [`context::Context::set_psk`].
    #[wasm_bindgen(js_name = setPsk)]
    pub fn set_psk(&mut self, identity: &[u8], key: Vec<u8>) -> Result<(), JsValue> {
        let key = Zeroizing::new(key);
        self.0.set_psk(identity, &key).map_err(to_js)
    }

    /// Has later connections of a server ask for the pre-shared key of each client: `Step.Verify`,
    /// `pskIdentity()`, `providePsk()`.
    #[wasm_bindgen(js_name = askForPsks)]
    pub fn ask_for_psks(&mut self) {
        self.0.ask_for_psks();
    }

    /// Loads certificate chain and private key, DER or PEM.
    #[wasm_bindgen(js_name = loadCertChain)]
    pub fn load_cert_chain(&mut self, certificates: &[u8], key: &[u8]) -> Result<(), JsValue> {
        self.0.load_cert_chain(certificates, key).map_err(to_js)
    }

    /// Fails where `loadCertChain` would fail for this key.
    #[wasm_bindgen(js_name = checkPrivateKey)]
    pub fn check_private_key(&self, key: &[u8]) -> Result<(), JsValue> {
        self.0.check_private_key(key).map_err(to_js)
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

    /// Sets the lowest and highest version of later connections, as 0x0303 (TLS 1.2) or 0x0304 (TLS
    /// 1.3).
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

    /// Whether the secrets of later connections are kept for `takeKeyLog`. Off by default.
    #[wasm_bindgen(js_name = setKeyLog)]
    pub fn set_key_log(&mut self, enabled: bool) {
        self.0.set_key_log(enabled);
    }

    /// Takes the secrets since the last call, as lines of NSS' key log format.
    #[wasm_bindgen(js_name = takeKeyLog)]
    pub fn take_key_log(&self) -> String {
        self.0.key_log().take()
    }

    /// A new connection; see [`context::Context::connect`].
    pub fn connect(&self, server_hostname: Option<Vec<u8>>, server_side: bool) -> Result<Connection, JsValue> {
        let connection = self.0.connect(server_hostname.as_deref(), server_side).map_err(to_js)?;
        Ok(Connection(AnyStream::Tls(Stream::new(connection))))
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
    ) -> Result<Connection, JsValue> {
        let connection = self.0.connect_datagram(server_hostname.as_deref(), server_side, client_id.as_deref()).map_err(to_js)?;
        Ok(Connection(AnyStream::Dtls(DtlsStream::new(connection))))
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

/// One end of a TLS or DTLS connection; see [`Stream`]. `now` is the time in milliseconds of any
/// clock that runs on; only DTLS looks at it.
#[wasm_bindgen]
pub struct Connection(AnyStream);

#[allow(clippy::large_enum_variant, reason = "each is on the heap already, as an object of JavaScript")]
enum AnyStream {
    Tls(Stream),
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

    /// That many bytes were received; an empty datagram says nothing.
    pub fn received(&mut self, count: u32) {
        each!(&mut self.0, stream => stream.received(count as usize));
    }

    /// The transport has ended. UDP has no end; a program's own transport may have one.
    #[wasm_bindgen(js_name = receivedEnd)]
    pub fn received_end(&mut self) {
        each!(&mut self.0, stream => stream.received_eof());
    }

    /// How many milliseconds the transport may wait before the operation is called again, where the
    /// program lets it wait for `timeout`, which may be Infinity. 0: the timeout is over. Negative:
    /// as long as the transport does by itself.
    pub fn wait(&mut self, now: f64, timeout: f64) -> f64 {
        match &mut self.0 {
            AnyStream::Tls(_) => -1.0,
            AnyStream::Dtls(stream) => {
                let timeout = timeout.is_finite().then_some((timeout as u64).max(1));
                stream.wait(now as u64, timeout).map_or(-1.0, |wait| wait as f64)
            }
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

fn version(number: u16) -> Result<Version, Error> {
    match number {
        numbers::TLS_1_2 => Ok(Version::Tls12),
        numbers::TLS_1_3 => Ok(Version::Tls13),
        _ => Err(Error::BadConfig),
    }
}

fn to_js(error: Error) -> JsValue {
    error_object(&error).into()
}

/// A JavaScript `Error` that carries what Python will raise: `name` is the exception's type,
/// `errno` its number if it has one.
fn error_object(error: &Error) -> JsError {
    let exception = error.exception();
    let object = JsError::new(&exception.text);
    object.set_name(match exception.kind {
        ExceptionKind::OsError => "OSError",
        ExceptionKind::ValueError => "ValueError",
        ExceptionKind::CallbackRaised => "CallbackRaised",
    });
    if let Some(code) = exception.code {
        // Setting a property of a fresh, extensible object cannot fail.
        _ = Reflect::set(&object, &JsString::from("errno"), &code.into());
    }
    object
}
