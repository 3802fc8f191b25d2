//! What both sides of a handshake work with: settings, the transcript, the flight that is being
//! put together.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;

use rustls::crypto::{ActiveKeyExchange, CryptoProvider, SharedSecret, SupportedKxGroup};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{HandshakeType, KeyLog, NamedGroup, ProtocolVersion, SignatureScheme, SupportedCipherSuite, Tls12CipherSuite};
use rustls_pki_types::{CertificateDer, UnixTime};

use super::keys::{self, Agreement, Keys, Secrets, Transcript};
use super::message::{Carrier, Message};
use super::messages::Signed;
use super::psk::{Key, KeyExchange, Psks};
use crate::crypto::random;
use crate::error::Error;
use crate::verify::{Endpoint, PeerVerifier, Rules};

/// The settings of one handshake.
pub(crate) struct Config {
    pub(crate) side: Side,
    pub(crate) provider: Arc<CryptoProvider>,
    /// In order of preference, also those that cannot be used.
    pub(crate) suites: Arc<[SupportedCipherSuite]>,
    pub(crate) psks: Psks,
    pub(crate) identity: Option<Arc<CertifiedKey>>,
    pub(crate) verifier: Arc<PeerVerifier>,
    pub(crate) clock: Arc<dyn TimeProvider>,
    pub(crate) key_log: Arc<dyn KeyLog>,
}

/// Which side of the connection this is, and what only that side needs.
pub(crate) enum Side {
    Client {
        /// Sent as SNI.
        server_name: Option<Vec<u8>>,
    },
    Server,
}

impl Config {
    pub(super) fn endpoint(&self) -> Endpoint {
        match self.side {
            Side::Client { .. } => Endpoint::Client,
            Side::Server => Endpoint::Server,
        }
    }

    /// The suites that this handshake can use, in order of preference.
    pub(crate) fn suites(&self) -> impl Iterator<Item = &'static Tls12CipherSuite> {
        let tls12 = self.suites.iter().filter_map(|suite| match suite {
            SupportedCipherSuite::Tls12(suite) => Some(*suite),
            _ => None,
        });
        tls12.filter(|suite| {
            let has_secret = KeyExchange::of(suite.common.suite) == KeyExchange::Certificate || self.has_psk();
            keys::protection(suite).is_some() && has_secret
        })
    }

    fn has_psk(&self) -> bool {
        self.psks.own.is_some() || self.psks.asks && matches!(self.side, Side::Server)
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

/// A part of a flight: what is sent together and answered together.
pub(crate) enum Part {
    /// A message, and whether the keys of the handshake protect it.
    Message(Message, bool),
    ChangeCipherSpec,
}

/// What comes of a flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The peer's next flight.
    Flight,
    /// Nothing: it was the last one.
    Nothing,
}

/// The connection as its state machine sees it.
pub(super) struct Session {
    pub(super) config: Config,
    pub(super) carrier: Carrier,
    pub(super) transcript: Transcript,
    pub(super) peer_certificates: Vec<CertificateDer<'static>>,
    pub(super) negotiated: Option<Negotiated>,
    pub(super) keys: Option<Keys>,
    /// The identity of a client whose key the program has to provide.
    pub(super) asked: Option<Vec<u8>>,
    flight: Vec<Part>,
    /// What the flight waits for, once it is complete.
    answer: Option<Answer>,
    next_seq: u16,
    /// Do the keys protect the next message?
    protects: bool,
}

/// An ECDHE exchange of which both halves are here.
pub(super) struct Share {
    pub(super) ours: Box<dyn ActiveKeyExchange>,
    pub(super) point: Vec<u8>,
}

/// What the hellos and the key exchange agreed on, for whoever asks.
pub(super) struct Negotiated {
    pub(super) suite: &'static Tls12CipherSuite,
    pub(super) group: Option<NamedGroup>,
}

impl Session {
    pub(super) fn new(config: Config, carrier: Carrier) -> Self {
        Self {
            config,
            carrier,
            transcript: Transcript::default(),
            peer_certificates: Vec::new(),
            negotiated: None,
            keys: None,
            asked: None,
            flight: Vec::new(),
            answer: None,
            next_seq: 0,
            protects: false,
        }
    }

    /// The next message gets this number.
    pub(super) fn continue_from(&mut self, seq: u16) {
        self.next_seq = seq;
    }

    /// Adds a message to the flight.
    ///
    /// # Errors
    /// [`Error::InternalError`] if the numbers of messages are used up.
    pub(super) fn push(&mut self, typ: HandshakeType, body: &[u8]) -> Result<(), Error> {
        let message = Message::new(self.carrier, typ, self.next_seq, body);
        self.next_seq = self.next_seq.checked_add(1).ok_or(Error::InternalError)?;
        self.transcript.add(&message);
        self.flight.push(Part::Message(message, self.protects));
        Ok(())
    }

    /// Ends the flight of every handshake's side: ChangeCipherSpec, then Finished under the new
    /// keys.
    pub(super) fn push_finished(&mut self, secrets: &Secrets) -> Result<(), Error> {
        self.flight.push(Part::ChangeCipherSpec);
        self.protects = true;
        let data = secrets.verify_data(self.config.endpoint(), self.transcript.hash(secrets.agreement().suite));
        self.push(HandshakeType::Finished, &data)
    }

    /// The flight is complete.
    pub(super) fn send_flight(&mut self, answer: Answer) {
        self.answer = Some(answer);
    }

    pub(super) fn take_flight(&mut self) -> Option<(Vec<Part>, Answer)> {
        let answer = self.answer.take()?;
        Some((mem::take(&mut self.flight), answer))
    }

    /// Completes the key exchange, of which the transcript has all: ECDHE with the peer's point, a
    /// pre-shared key, or both.
    ///
    /// # Errors
    /// [`Error::IllegalParameter`] if the peer's point is none.
    pub(super) fn derive(&mut self, agreement: Agreement, ecdhe: Option<Share>, psk: Option<&Key>) -> Result<Secrets, Error> {
        let shared = match ecdhe {
            Some(Share { ours, point }) => {
                Some(ours.complete_for_tls_version(&point, &rustls::version::TLS12).map_err(|error| Error::from_rustls(&error, true))?)
            }
            None => None,
        };
        let shared = shared.as_ref().map(SharedSecret::secret_bytes);
        let secrets = match psk {
            Some(key) => Secrets::derive(agreement, &key.premaster(shared), &self.transcript),
            None => Secrets::derive(agreement, shared.ok_or(Error::InternalError)?, &self.transcript),
        };
        secrets.log(&*self.config.key_log);
        self.keys = Some(secrets.keys(self.config.endpoint()));
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
    /// [`Error::HandshakeSignature`], or another error of the verifier's.
    pub(super) fn verify_signature(&self, message: &[u8], signed: &Signed<'_>) -> Result<(), Error> {
        let leaf = self.peer_certificates.first().ok_or(Error::InternalError)?;
        self.config.verifier.verify_signature(leaf, signed.scheme, message, signed.signature, Rules::Tls12)
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
