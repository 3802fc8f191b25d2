//! The shell for components: see `wit/micropython-ssl.wit`.

#![allow(missing_docs, reason = "documented in the WIT package")]
#![allow(unsafe_code, reason = "what wit-bindgen makes passes pointers, as the canonical ABI does")]

mod bulk;
mod datagram;

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::{Ref, RefCell};
use core::mem;

use crate::ciphers;
use crate::context::{self, Version};
use crate::dtls::DtlsStream;
use crate::error::{Error, ExceptionKind};
use crate::key_log::KeyLogSink;
use crate::stream::{Direction, Poll, Step, Stream};
use crate::verify;

use generated::exports::micropython::ssl::tls;
use generated::wasi::clocks::wall_clock;
use generated::wasi::random::random;
use spin::Mutex;

mod generated {
    #![allow(unreachable_pub, clippy::all, reason = "made by wit-bindgen")]
    wit_bindgen::generate!({ path: "wit", world: "engine", generate_all });
}

struct Engine;

generated::export!(Engine with_types_in generated);

/// The most plaintext that one read returns, in bytes: a record.
const LONGEST_READ: usize = 16384;

impl tls::Guest for Engine {
    type Context = Context;
    type Connection = Connection;
    type DatagramConnection = datagram::DatagramConnection;

    fn cipher_suites() -> Vec<String> {
        ciphers::supported().map(str::to_owned).collect()
    }
}

pub struct Context {
    context: RefCell<context::Context>,
    /// The links that the verifier saw during the running operation.
    seen: Chain,
    secrets: Arc<Mutex<String>>,
}

type Chain = Arc<Mutex<Vec<tls::Link>>>;

impl tls::GuestContext for Context {
    fn new(endpoint: tls::Endpoint) -> Self {
        let endpoint = match endpoint {
            tls::Endpoint::Client => verify::Endpoint::Client,
            tls::Endpoint::Server => verify::Endpoint::Server,
        };
        Self { context: RefCell::new(context::Context::new(endpoint)), seen: Chain::default(), secrets: Arc::default() }
    }

    fn verify_mode(&self) -> i32 {
        self.context.borrow().verify().mode()
    }

    fn set_verify_mode(&self, mode: i32) {
        self.context.borrow().verify().set_mode(mode);
    }

    fn set_verify_callback(&self, enabled: bool) {
        let seen = self.seen.clone();
        let record = move |certificate: &[u8], depth: u32| {
            seen.lock().push(tls::Link { certificate: certificate.to_vec(), depth });
            Ok(0)
        };
        self.context.borrow().verify().set_callback(enabled.then(|| Arc::new(record) as verify::VerifyCallback));
    }

    fn load_cert_chain(&self, certificates: Vec<u8>, key: Vec<u8>) -> Result<(), tls::Error> {
        self.context.borrow_mut().load_cert_chain(&certificates, &key).map_err(to_wit)
    }

    fn load_verify_locations(&self, certificates: Vec<u8>) -> Result<(), tls::Error> {
        self.context.borrow().verify().add_anchors(&certificates).map_err(to_wit)
    }

    fn set_ciphers(&self, names: Vec<String>) -> Result<(), tls::Error> {
        self.context.borrow_mut().set_ciphers(names.iter().map(String::as_str)).map_err(to_wit)
    }

    fn set_versions(&self, lowest: tls::Version, highest: tls::Version) -> Result<(), tls::Error> {
        self.context.borrow_mut().set_versions(lowest.into(), highest.into()).map_err(to_wit)
    }

    fn set_alpn_protocols(&self, names: Vec<String>) -> Result<(), tls::Error> {
        self.context.borrow_mut().set_alpn_protocols(names.into_iter().map(String::into_bytes).collect()).map_err(to_wit)
    }

    fn set_session_resumption(&self, enabled: bool) {
        self.context.borrow_mut().set_session_resumption(enabled);
    }

    fn set_key_log(&self, enabled: bool) {
        let secrets = self.secrets.clone();
        let keep = move |line: &str| {
            let mut secrets = secrets.lock();
            secrets.push_str(line);
            secrets.push('\n');
        };
        self.context.borrow_mut().set_key_log(enabled.then(|| Arc::new(keep) as KeyLogSink));
    }

    fn take_key_log(&self) -> String {
        mem::take(&mut self.secrets.lock())
    }

    fn dtls_mtu(&self) -> u32 {
        self.context.borrow().dtls_mtu() as u32
    }

    fn set_dtls_mtu(&self, bytes: u32) -> Result<(), tls::Error> {
        self.context.borrow_mut().set_dtls_mtu(bytes as usize).map_err(to_wit)
    }

    fn prepare_key_share(&self) {
        self.context.borrow().prepare_key_share();
    }

    fn connect(&self, server_hostname: Option<Vec<u8>>, server_side: bool) -> Result<tls::Connection, tls::Error> {
        let connection = self.settings().connect(server_hostname.as_deref(), server_side).map_err(to_wit)?;
        Ok(tls::Connection::new(Connection(self.deciding(Stream::new(connection)))))
    }

    fn connect_datagram(
        &self,
        server_hostname: Option<Vec<u8>>,
        server_side: bool,
        client_id: Option<Vec<u8>>,
    ) -> Result<tls::DatagramConnection, tls::Error> {
        let connection = self.settings().connect_datagram(server_hostname.as_deref(), server_side, client_id.as_deref()).map_err(to_wit)?;
        Ok(tls::DatagramConnection::new(datagram::DatagramConnection(self.deciding(DtlsStream::new(connection)))))
    }
}

impl Context {
    /// The settings, told the time.
    fn settings(&self) -> Ref<'_, context::Context> {
        let context = self.context.borrow();
        context.set_time(wall_clock::now().seconds);
        context
    }

    fn deciding<S>(&self, stream: S) -> RefCell<Deciding<S>> {
        RefCell::new(Deciding { stream, undecided: Vec::new(), failure: None, seen: self.seen.clone() })
    }
}

pub struct Connection(RefCell<Deciding<Stream>>);

impl tls::GuestConnection for Connection {
    fn handshake(&self) -> Result<tls::Progress, tls::Error> {
        self.0.borrow_mut().operate(Stream::handshake)
    }

    fn read(&self, wanted: u32) -> Result<tls::Plaintext, tls::Error> {
        self.0.borrow_mut().read(wanted, Stream::read)
    }

    fn write(&self, data: Vec<u8>) -> Result<tls::Progress, tls::Error> {
        self.0.borrow_mut().operate(|stream| stream.write(&data))
    }

    fn to_send(&self) -> Vec<u8> {
        self.0.borrow().stream.to_send().to_vec()
    }

    fn sent(&self, count: u32) {
        self.0.borrow_mut().stream.sent(count as usize);
    }

    fn received(&self, ciphertext: Vec<u8>) {
        self.receive(&ciphertext);
    }

    fn missing(&self) -> u32 {
        self.0.borrow().stream.connection().missing() as u32
    }

    fn blocked(&self, direction: tls::Direction) {
        self.0.borrow_mut().stream.blocked(direction.into());
    }

    fn transport_failed(&self, errno: i32) -> tls::Error {
        to_wit(self.0.borrow_mut().stream.transport_failed(errno))
    }

    fn chain(&self) -> Vec<tls::Link> {
        self.0.borrow().undecided.clone()
    }

    fn decide(&self, verdict: Option<i32>) -> Result<(), tls::Error> {
        self.0.borrow_mut().decide(verdict, Stream::refuse_peer)
    }

    fn poll(&self, wanted: u32) -> tls::Readiness {
        self.0.borrow_mut().stream.poll(wanted).into()
    }

    fn polled(&self, wanted: u32, transport: u32) -> u32 {
        self.0.borrow().stream.polled(wanted, transport)
    }

    fn close(&self) -> bool {
        self.0.borrow_mut().stream.close()
    }

    fn cipher_suite(&self) -> Option<String> {
        let (suite, _) = self.0.borrow().stream.connection().negotiated()?;
        ciphers::name(suite).map(str::to_owned)
    }

    fn version(&self) -> Option<String> {
        let (_, version) = self.0.borrow().stream.connection().negotiated()?;
        Some(ciphers::version_name(version).to_owned())
    }

    fn alpn_protocol(&self) -> Option<Vec<u8>> {
        self.0.borrow().stream.connection().alpn_protocol().map(<[u8]>::to_vec)
    }

    fn peer_certificate(&self) -> Option<Vec<u8>> {
        self.0.borrow().stream.connection().peer_certificates().first().map(|certificate| certificate.to_vec())
    }
}

impl Connection {
    fn receive(&self, ciphertext: &[u8]) {
        let stream = &mut self.0.borrow_mut().stream;
        if ciphertext.is_empty() {
            stream.received_eof();
        } else {
            stream.receive_space(ciphertext.len())[..ciphertext.len()].copy_from_slice(ciphertext);
            stream.received(ciphertext.len());
        }
    }
}

/// A stream whose operations are held up where the guest has to decide about a chain first.
struct Deciding<S> {
    stream: S,
    /// What to decide about before anything is sent.
    undecided: Vec<tls::Link>,
    /// What verification came to meanwhile, where it failed: it counts if the guest has nothing against the peer.
    failure: Option<Error>,
    seen: Chain,
}

impl<S> Deciding<S> {
    fn operate(&mut self, operation: impl FnOnce(&mut S) -> Result<Step, Error>) -> Result<tls::Progress, tls::Error> {
        if self.undecided.is_empty() {
            let step = operation(&mut self.stream);
            self.undecided = mem::take(&mut self.seen.lock());
            if self.undecided.is_empty() {
                return Ok(match step.map_err(to_wit)? {
                    Step::Done(count) => tls::Progress::Done(count as u32),
                    Step::Send => tls::Progress::Again(tls::Need::Send),
                    Step::Receive => tls::Progress::Again(tls::Need::Receive),
                });
            }
            self.failure = step.err();
        }
        Ok(tls::Progress::Again(tls::Need::Verify))
    }

    fn read(&mut self, wanted: u32, read: impl FnOnce(&mut S, &mut [u8]) -> Result<Step, Error>) -> Result<tls::Plaintext, tls::Error> {
        let mut data = vec![0; (wanted as usize).min(LONGEST_READ)];
        Ok(match self.operate(|stream| read(stream, &mut data))? {
            tls::Progress::Done(count) => {
                data.truncate(count as usize);
                tls::Plaintext::Data(data)
            }
            tls::Progress::Again(need) => tls::Plaintext::Again(need),
        })
    }

    fn decide(&mut self, verdict: Option<i32>, refuse: impl FnOnce(&mut S, Error) -> Error) -> Result<(), tls::Error> {
        self.undecided.clear();
        let failure = self.failure.take();
        match verdict {
            Some(0) => failure.map_or(Ok(()), |error| Err(to_wit(error))),
            Some(number) => Err(to_wit(refuse(&mut self.stream, Error::Callback(number)))),
            None => Err(to_wit(refuse(&mut self.stream, Error::CallbackRaised))),
        }
    }
}

impl From<tls::Direction> for Direction {
    fn from(direction: tls::Direction) -> Self {
        match direction {
            tls::Direction::Read => Self::Read,
            tls::Direction::Write => Self::Write,
        }
    }
}

impl From<Poll> for tls::Readiness {
    fn from(poll: Poll) -> Self {
        Self { ready: poll.ready, ask: poll.ask }
    }
}

impl From<tls::Version> for Version {
    fn from(version: tls::Version) -> Self {
        match version {
            tls::Version::Tls12 => Self::Tls12,
            tls::Version::Tls13 => Self::Tls13,
        }
    }
}

fn to_wit(error: Error) -> tls::Error {
    let exception = error.exception();
    let kind = match exception.kind {
        ExceptionKind::ValueError => tls::Exception::ValueError,
        ExceptionKind::TypeError => tls::Exception::TypeError,
        ExceptionKind::NotImplementedError => tls::Exception::NotImplementedError,
        ExceptionKind::OsError | ExceptionKind::CallbackRaised => tls::Exception::OsError,
    };
    tls::Error { kind, code: exception.code, text: exception.text.into_owned() }
}

/// getrandom's custom backend: the host's entropy.
// SAFETY: getrandom calls this with memory for `length` bytes that it owns.
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(destination: *mut u8, length: usize) -> Result<(), getrandom::Error> {
    let bytes = random::get_random_bytes(length as u64);
    if bytes.len() != length {
        return Err(getrandom::Error::UNEXPECTED);
    }
    // SAFETY: as above; both parts are `length` bytes and cannot overlap.
    unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), destination, length) };
    Ok(())
}
