//! What both sides of a handshake work with: settings, records, the flight that is being said, the transcript.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;

use rustls::crypto::{ActiveKeyExchange, CryptoProvider, SupportedKxGroup};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{
    AlertDescription, ContentType, HandshakeType, KeyLog, NamedGroup, ProtocolVersion, SignatureScheme, SupportedCipherSuite,
    Tls12CipherSuite,
};
use rustls_pki_types::{CertificateDer, UnixTime};

use super::cookie::CookieSecret;
use super::flight::{Due, Flight, Timer};
use super::keys::{self, Agreement, Secrets, Transcript};
use super::messages::Signed;
use super::reassembly::Message;
use super::record::Records;
use crate::crypto::random;
use crate::error::Error;
use crate::verify::{Endpoint, PeerVerifier, Rules};

/// The settings of one connection.
pub(crate) struct Config {
    pub(crate) side: Side,
    pub(crate) provider: Arc<CryptoProvider>,
    pub(crate) identity: Option<Arc<CertifiedKey>>,
    pub(crate) verifier: Arc<PeerVerifier>,
    pub(crate) clock: Arc<dyn TimeProvider>,
    pub(crate) key_log: Arc<dyn KeyLog>,
    /// The longest datagram of a handshake, in bytes.
    pub(crate) mtu: usize,
}

/// Which side of the connection this is, and what only that side needs.
pub(crate) enum Side {
    Client {
        /// Sent as SNI.
        server_name: Option<Vec<u8>>,
    },
    Server {
        cookies: Arc<CookieSecret>,
        /// Whom the cookie is for.
        client_id: Vec<u8>,
    },
}

impl Config {
    pub(super) fn endpoint(&self) -> Endpoint {
        match self.side {
            Side::Client { .. } => Endpoint::Client,
            Side::Server { .. } => Endpoint::Server,
        }
    }

    /// The suites that DTLS 1.2 can use, in order of preference.
    pub(crate) fn suites(&self) -> impl Iterator<Item = &'static Tls12CipherSuite> {
        let tls12 = self.provider.cipher_suites.iter().filter_map(|suite| match suite {
            SupportedCipherSuite::Tls12(suite) => Some(*suite),
            _ => None,
        });
        tls12.filter(|suite| keys::protection(suite).is_some())
    }

    pub(super) fn groups(&self) -> impl Iterator<Item = &'static dyn SupportedKxGroup> {
        self.provider.kx_groups.iter().copied().filter(|group| group.usable_for_version(ProtocolVersion::TLSv1_2))
    }

    pub(super) fn group(&self, name: NamedGroup) -> Option<&'static dyn SupportedKxGroup> {
        self.groups().find(|group| group.name() == name)
    }

    /// The signature schemes that this side verifies.
    pub(super) fn schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The connection as its state machine sees it.
pub(super) struct Session {
    pub(super) config: Config,
    pub(super) records: Records,
    pub(super) transcript: Transcript,
    pub(super) outgoing: VecDeque<Vec<u8>>,
    pub(super) peer_certificates: Vec<CertificateDer<'static>>,
    pub(super) negotiated: Option<Negotiated>,
    flight: Flight,
    timer: Timer,
    next_seq: u16,
    /// The epoch of what is said next.
    epoch: u16,
    /// The last message of the peer's flight that ours answers: if it comes again, ours was lost.
    answered: Option<u16>,
}

/// What the hellos and the key exchange agreed on, for whoever asks.
pub(super) struct Negotiated {
    pub(super) suite: &'static Tls12CipherSuite,
    pub(super) group: Option<NamedGroup>,
}

impl Session {
    pub(super) fn new(config: Config) -> Self {
        Self {
            config,
            records: Records::default(),
            transcript: Transcript::default(),
            outgoing: VecDeque::new(),
            peer_certificates: Vec::new(),
            negotiated: None,
            flight: Flight::default(),
            timer: Timer::default(),
            next_seq: 0,
            epoch: 0,
            answered: None,
        }
    }

    /// The next message gets this number: a server goes on from its client's.
    pub(super) fn continue_from(&mut self, seq: u16) {
        self.next_seq = seq;
    }

    /// Begins a flight that answers the peer's message `answered`.
    pub(super) fn begin_flight(&mut self, answered: Option<u16>) {
        self.flight.clear();
        self.answered = answered;
    }

    /// Adds a message to the flight.
    ///
    /// # Errors
    /// [`Error::InternalError`] if the numbers of messages are used up.
    pub(super) fn say(&mut self, typ: HandshakeType, body: &[u8]) -> Result<(), Error> {
        let message = Message::new(typ, self.next_seq, body);
        self.next_seq = self.next_seq.checked_add(1).ok_or(Error::InternalError)?;
        self.transcript.add(&message);
        self.flight.push(message, self.epoch);
        Ok(())
    }

    /// Ends the flight of every handshake's side: ChangeCipherSpec, then Finished under the new keys.
    pub(super) fn say_finished(&mut self, secrets: &Secrets) -> Result<(), Error> {
        self.flight.push_change_cipher_spec();
        self.epoch = 1;
        let data = secrets.verify_data(self.config.endpoint(), self.transcript.hash(secrets.agreement().suite));
        self.say(HandshakeType::Finished, &data)
    }

    /// Sends the flight and waits for the answer.
    pub(super) fn send_flight(&mut self, now: u64) -> Result<(), Error> {
        self.timer.start(now);
        self.pack()
    }

    /// Sends the last flight of the handshake, to which there is no answer.
    pub(super) fn send_last_flight(&mut self, now: u64) -> Result<(), Error> {
        self.timer.stop(now);
        self.pack()
    }

    /// Says once what needs no repetition: the peer asks again.
    pub(super) fn say_once(&mut self, typ: HandshakeType, seq: u16, body: &[u8]) -> Result<(), Error> {
        let mut flight = Flight::default();
        flight.push(Message::new(typ, seq, body), 0);
        flight.pack(&mut self.records, self.config.mtu, &mut self.outgoing)
    }

    /// Says that something is wrong, or that this is the end.
    pub(super) fn send_alert(&mut self, level: u8, alert: AlertDescription) -> Result<(), Error> {
        self.send_record(ContentType::Alert, &[level, alert.into()])
    }

    /// Sends a record in a datagram of its own.
    pub(super) fn send_record(&mut self, typ: ContentType, content: &[u8]) -> Result<(), Error> {
        let mut datagram = Vec::with_capacity(content.len() + self.records.overhead(self.epoch));
        self.records.seal(typ, self.epoch, content, &mut datagram)?;
        self.outgoing.push_back(datagram);
        Ok(())
    }

    /// Repeats the flight if it is time to.
    ///
    /// # Errors
    /// [`Error::Timeout`] if it was repeated for too long.
    pub(super) fn handle_timeout(&mut self, now: u64) -> Result<(), Error> {
        match self.timer.due(now) {
            Due::Wait => Ok(()),
            Due::Repeat => self.pack(),
            Due::GiveUp => Err(Error::Timeout),
        }
    }

    pub(super) fn next_timeout(&self, now: u64) -> Option<u64> {
        self.timer.remaining(now)
    }

    /// The peer said its message `seq` again: repeats the flight that answered it.
    pub(super) fn heard_again(&mut self, seq: u16, now: u64) -> Result<(), Error> {
        if self.answered == Some(seq) && !self.flight.is_empty() && self.timer.may_repeat(now) { self.pack() } else { Ok(()) }
    }

    /// The server asked for the cookie again that it got: repeats the hello.
    pub(super) fn heard_hello_verify_again(&mut self, now: u64) -> Result<(), Error> {
        if !self.flight.is_empty() && self.answered.is_none() && self.timer.may_repeat(now) { self.pack() } else { Ok(()) }
    }

    /// The peer has what was said last.
    pub(super) fn forget_flight(&mut self, now: u64) {
        self.timer.stop(now);
        self.flight.clear();
        self.answered = None;
    }

    /// Completes the key exchange, of which the transcript has all.
    ///
    /// # Errors
    /// [`Error::IllegalParameter`] if the peer's point is none.
    pub(super) fn derive(&self, agreement: Agreement, ours: Box<dyn ActiveKeyExchange>, point: &[u8]) -> Result<Secrets, Error> {
        let secrets = Secrets::derive(agreement, ours, point, &self.transcript)?;
        secrets.tell(&*self.config.key_log);
        Ok(secrets)
    }

    /// Keeps the peer's certificates, also for who wants to see what was refused, and checks them.
    ///
    /// # Errors
    /// Why the verifier refuses them.
    pub(super) fn verify_peer(&mut self, chain: Vec<CertificateDer<'static>>) -> Result<(), Error> {
        let now = self.config.clock.current_time().unwrap_or_else(|| UnixTime::since_unix_epoch(Default::default()));
        self.peer_certificates = chain;
        self.config.verifier.verify_chain(&self.peer_certificates, now)
    }

    /// Checks a signature that the peer made over `message`.
    ///
    /// # Errors
    /// [`Error::HandshakeSignature`], or what else the verifier says.
    pub(super) fn verify_signature(&self, message: &[u8], signed: &Signed<'_>) -> Result<(), Error> {
        let leaf = self.peer_certificates.first().ok_or(Error::InternalError)?;
        self.config.verifier.verify_signature(leaf, signed.scheme, message, signed.signature, Rules::Tls12)
    }

    fn pack(&mut self) -> Result<(), Error> {
        if self.timer.is_running() {
            // What waits to be sent of an earlier repetition is in this one.
            self.outgoing.clear();
        } else if !self.outgoing.is_empty() {
            // Data may wait there. The peer asks again.
            return Ok(());
        }
        let mtu = if self.timer.suspects_mtu() { self.config.mtu.min(CAUTIOUS_MTU) } else { self.config.mtu };
        self.flight.pack(&mut self.records, mtu, &mut self.outgoing)
    }
}

/// 32 random bytes.
///
/// # Errors
/// [`Error::InternalError`] without entropy.
pub(super) fn random() -> Result<[u8; 32], Error> {
    let mut bytes = [0; 32];
    random::fill(&mut bytes).map_err(|_| Error::InternalError)?;
    Ok(bytes)
}

/// What passes everywhere: IPv4's 576 bytes without headers; mbedTLS falls back to it as well.
const CAUTIOUS_MTU: usize = 508;
