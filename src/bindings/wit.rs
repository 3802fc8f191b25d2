//! The shell for components: see `wit/micropython-ssl.wit`.

#![allow(missing_docs, reason = "documented in the WIT package")]
#![allow(unsafe_code, reason = "what wit-bindgen makes passes pointers, as the canonical ABI does")]

mod bulk;
mod words;

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::{Ref, RefCell};

use zeroize::Zeroizing;

use crate::ciphers;
use crate::context::{self, Version};
use crate::dtls::DtlsStream;
use crate::error::{Error, ExceptionKind};
use crate::room;
use crate::stream::{Direction, Poll, Step};
use crate::tls::TlsStream;
use crate::verify;

use generated::exports::micropython::ssl::tls;
use generated::wasi::clocks::wall_clock;
use generated::wasi::random::random;

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
    type DatagramConnection = DatagramConnection;

    fn cipher_suites() -> Vec<String> {
        ciphers::supported().map(str::to_owned).collect()
    }

    fn has_room(bytes: u32) -> bool {
        room::check(bytes as usize).is_ok()
    }
}

pub struct Context(RefCell<context::Context>);

impl tls::GuestContext for Context {
    fn new(endpoint: tls::Endpoint) -> Self {
        let endpoint = match endpoint {
            tls::Endpoint::Client => verify::Endpoint::Client,
            tls::Endpoint::Server => verify::Endpoint::Server,
        };
        Self(RefCell::new(context::Context::new(endpoint)))
    }

    fn verify_mode(&self) -> i32 {
        self.0.borrow().verify().mode()
    }

    fn set_verify_mode(&self, mode: i32) -> Result<(), tls::Error> {
        self.0.borrow().verify().set_mode(mode).map_err(|error| to_wit(&error))
    }

    fn check_hostname(&self) -> bool {
        self.0.borrow().verify().check_hostname()
    }

    fn set_check_hostname(&self, check: bool) {
        self.0.borrow().verify().set_check_hostname(check);
    }

    fn set_verify_callback(&self, enabled: bool) {
        self.0.borrow().verify().set_callback(enabled);
    }

    fn set_psk(&self, identity: Vec<u8>, key: Vec<u8>) -> Result<(), tls::Error> {
        let key = Zeroizing::new(key);
        self.0.borrow_mut().set_psk(&identity, &key).map_err(|error| to_wit(&error))
    }

    fn ask_for_psks(&self) {
        self.0.borrow_mut().ask_for_psks();
    }

    fn load_cert_chain(&self, certificates: Vec<u8>, key: Vec<u8>) -> Result<(), tls::Error> {
        let key = Zeroizing::new(key);
        self.0.borrow_mut().load_cert_chain(&certificates, &key).map_err(|error| to_wit(&error))
    }

    fn check_private_key(&self, key: Vec<u8>) -> Result<(), tls::Error> {
        let key = Zeroizing::new(key);
        self.0.borrow().check_private_key(&key).map_err(|error| to_wit(&error))
    }

    fn load_verify_locations(&self, certificates: Vec<u8>) -> Result<(), tls::Error> {
        self.0.borrow().verify().add_anchors(&certificates).map_err(|error| to_wit(&error))
    }

    fn set_ciphers(&self, names: Vec<String>) -> Result<(), tls::Error> {
        self.0.borrow_mut().set_ciphers(names.iter().map(String::as_str)).map_err(|error| to_wit(&error))
    }

    fn set_versions(&self, lowest: tls::Version, highest: tls::Version) -> Result<(), tls::Error> {
        self.0.borrow_mut().set_versions(lowest.into(), highest.into()).map_err(|error| to_wit(&error))
    }

    fn set_alpn_protocols(&self, names: Vec<String>) -> Result<(), tls::Error> {
        self.0.borrow_mut().set_alpn_protocols(names.into_iter().map(String::into_bytes).collect()).map_err(|error| to_wit(&error))
    }

    fn set_session_resumption(&self, enabled: bool) {
        self.0.borrow_mut().set_session_resumption(enabled);
    }

    fn set_key_log(&self, enabled: bool) {
        self.0.borrow_mut().set_key_log(enabled);
    }

    fn take_key_log(&self) -> String {
        self.0.borrow().key_log().take()
    }

    fn dtls_mtu(&self) -> u32 {
        self.0.borrow().dtls_mtu() as u32
    }

    fn set_dtls_mtu(&self, bytes: u32) -> Result<(), tls::Error> {
        self.0.borrow_mut().set_dtls_mtu(bytes as usize).map_err(|error| to_wit(&error))
    }

    fn prepare_key_share(&self) {
        self.0.borrow().prepare_key_share();
    }

    fn connect(&self, server_hostname: Option<Vec<u8>>, server_side: bool) -> Result<tls::Connection, tls::Error> {
        let connection = self.settings().connect(server_hostname.as_deref(), server_side).map_err(|error| to_wit(&error))?;
        Ok(tls::Connection::new(Connection(RefCell::new(TlsStream::new(connection)))))
    }

    fn connect_datagram(
        &self,
        server_hostname: Option<Vec<u8>>,
        server_side: bool,
        client_id: Option<Vec<u8>>,
    ) -> Result<tls::DatagramConnection, tls::Error> {
        let connection = self
            .settings()
            .connect_datagram(server_hostname.as_deref(), server_side, client_id.as_deref())
            .map_err(|error| to_wit(&error))?;
        Ok(tls::DatagramConnection::new(DatagramConnection(RefCell::new(DtlsStream::new(connection)))))
    }
}

impl Context {
    /// The settings, with the time set.
    fn settings(&self) -> Ref<'_, context::Context> {
        let context = self.0.borrow();
        context.set_time(wall_clock::now().seconds);
        context
    }
}

pub struct Connection(RefCell<TlsStream>);
pub struct DatagramConnection(RefCell<DtlsStream>);

/// The functions that both kinds of connections have.
macro_rules! shared {
    () => {
        fn to_send(&self) -> Vec<u8> {
            self.0.borrow().to_send().to_vec()
        }

        fn handshaking(&self) -> bool {
            self.0.borrow().is_handshaking()
        }

        fn stopped(&self, errno: i32, direction: tls::Direction) -> Option<tls::Error> {
            self.0.borrow_mut().stopped(errno, direction.into()).as_ref().map(to_wit)
        }

        fn chain(&self) -> Vec<tls::Link> {
            self.0.borrow().chain().into_iter().map(|link| tls::Link { certificate: link.der, depth: link.depth }).collect()
        }

        fn decide(&self, verdict: Option<i32>) -> Result<(), tls::Error> {
            self.0.borrow_mut().decide(verdict).map_err(|error| to_wit(&error))
        }

        fn psk_identity(&self) -> Option<Vec<u8>> {
            self.0.borrow().psk_identity().map(<[u8]>::to_vec)
        }

        fn provide_psk(&self, key: Option<Vec<u8>>) -> Result<(), tls::Error> {
            let key = key.map(Zeroizing::new);
            self.0.borrow_mut().provide_psk(key.as_ref().map(|key| &key[..])).map_err(|error| to_wit(&error))
        }

        fn poll(&self, wanted: u32) -> tls::Readiness {
            self.0.borrow_mut().poll(wanted).into()
        }

        fn polled(&self, wanted: u32, transport: u32) -> u32 {
            self.0.borrow().polled(wanted, transport)
        }

        fn close(&self) -> bool {
            self.0.borrow_mut().close()
        }

        fn closed_error(&self) -> tls::Error {
            to_wit(&self.0.borrow().closed_error())
        }

        fn cipher_suite(&self) -> Option<String> {
            let (suite, _) = self.0.borrow().connection().negotiated()?;
            ciphers::name(suite).map(str::to_owned)
        }

        fn version(&self) -> Option<String> {
            let (_, version) = self.0.borrow().connection().negotiated()?;
            Some(ciphers::version_name(version).to_owned())
        }

        fn peer_certificate(&self) -> Option<Vec<u8>> {
            self.0.borrow().connection().peer_certificates().first().map(|certificate| certificate.to_vec())
        }

        fn peer_description(&self) -> Option<String> {
            self.0.borrow().connection().peer_description()
        }

        fn key_exchange_group(&self) -> Option<String> {
            self.0.borrow().connection().key_exchange_group().map(|group| format!("{group:?}"))
        }

        fn peer_certificates(&self) -> Vec<Vec<u8>> {
            self.0.borrow().connection().peer_certificates().iter().map(|certificate| certificate.to_vec()).collect()
        }
    };
}

impl tls::GuestConnection for Connection {
    shared!();

    fn handshake(&self) -> Result<tls::Progress, tls::Error> {
        progress(self.0.borrow_mut().handshake())
    }

    fn read(&self, wanted: u32) -> Result<tls::Plaintext, tls::Error> {
        plaintext(wanted, |out| self.0.borrow_mut().read(out))
    }

    fn write(&self, data: Vec<u8>) -> Result<tls::Progress, tls::Error> {
        progress(self.0.borrow_mut().write(&data))
    }

    fn defer(&self) -> u32 {
        self.0.borrow_mut().defer() as u32
    }

    fn sent(&self, count: u32) {
        self.0.borrow_mut().sent(count as usize);
    }

    fn received(&self, ciphertext: Vec<u8>) {
        self.receive(&ciphertext);
    }

    fn missing(&self) -> u32 {
        self.0.borrow().connection().missing() as u32
    }

    fn alpn_protocol(&self) -> Option<Vec<u8>> {
        self.0.borrow().connection().alpn_protocol().map(<[u8]>::to_vec)
    }
}

impl Connection {
    fn receive(&self, ciphertext: &[u8]) {
        let mut stream = self.0.borrow_mut();
        if ciphertext.is_empty() {
            stream.received_eof();
        } else {
            stream.receive_space(ciphertext.len())[..ciphertext.len()].copy_from_slice(ciphertext);
            stream.received(ciphertext.len());
        }
    }
}

impl tls::GuestDatagramConnection for DatagramConnection {
    shared!();

    fn handshake(&self, now: u64) -> Result<tls::Progress, tls::Error> {
        progress(self.0.borrow_mut().handshake(now))
    }

    fn read(&self, wanted: u32, now: u64) -> Result<tls::Plaintext, tls::Error> {
        plaintext(wanted, |out| self.0.borrow_mut().read(out, now))
    }

    fn write(&self, data: Vec<u8>, now: u64) -> Result<tls::Progress, tls::Error> {
        progress(self.0.borrow_mut().write(&data, now))
    }

    fn sent(&self) {
        self.0.borrow_mut().sent();
    }

    fn received(&self, datagram: Vec<u8>) {
        let mut stream = self.0.borrow_mut();
        stream.receive_space(datagram.len())[..datagram.len()].copy_from_slice(&datagram);
        stream.received(datagram.len());
    }

    fn ended(&self) {
        self.0.borrow_mut().received_eof();
    }

    fn wait(&self, now: u64, deadline: Option<u64>) -> Option<u64> {
        self.0.borrow().wait(now, deadline)
    }
}

/// How far an operation has come.
fn progress(step: Result<Step, Error>) -> Result<tls::Progress, tls::Error> {
    Ok(match step.map_err(|error| to_wit(&error))? {
        Step::Done(count) => tls::Progress::Done(count as u32),
        Step::Send => tls::Progress::Again(tls::Need::Send),
        Step::Receive => tls::Progress::Again(tls::Need::Receive),
        Step::Verify => tls::Progress::Again(tls::Need::Verify),
    })
}

fn plaintext(wanted: u32, read: impl FnOnce(&mut [u8]) -> Result<Step, Error>) -> Result<tls::Plaintext, tls::Error> {
    let mut data = vec![0; (wanted as usize).min(LONGEST_READ)];
    Ok(match progress(read(&mut data))? {
        tls::Progress::Done(count) => {
            data.truncate(count as usize);
            tls::Plaintext::Data(data)
        }
        tls::Progress::Again(need) => tls::Plaintext::Again(need),
    })
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

fn to_wit(error: &Error) -> tls::Error {
    let exception = error.exception();
    let kind = match exception.kind {
        ExceptionKind::ValueError => tls::Exception::ValueError,
        ExceptionKind::MemoryError => tls::Exception::MemoryError,
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
