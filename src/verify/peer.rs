//! The verifier of one connection's peer, for TLS and for DTLS.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};

use rustls::SignatureScheme;
use rustls_pki_types::{CertificateDer, UnixTime};
use spin::{Mutex, Once};
use zeroize::Zeroizing;

use super::chain::{self, TooLong};
use super::settings::{Mode, VerifySettings};
use super::{Endpoint, Lifetime, Rules, host, signature};
use crate::error::{Error, VerifyFlags};
use crate::x509::{Algorithms, CLIENT_AUTH, Certificate, DIGITAL_SIGNATURE, Field, SERVER_AUTH};

/// Verifies the peer of one connection by the settings of its context, as they are at that moment.
///
/// Where the settings ask for the program's decision, a chain that could be examined opens one: the
/// connection stands still until [`decide`](Self::decide).
#[derive(Debug)]
pub struct PeerVerifier {
    settings: Arc<VerifySettings>,
    endpoint: Endpoint,
    expected_name: Option<Vec<u8>>,
    /// Of the settings when the connection was made.
    generation: u64,
    /// Of the session that it verified or resumes.
    lifetime: Mutex<Option<Lifetime>>,
    decision: Mutex<Option<Decision>>,
    /// Was the peer verified, by this connection or by the one whose session it resumes?
    verified: AtomicBool,
    /// What protects the first record that we send in TLS 1.3 after the peer was verified, where
    /// the program decides about it.
    secret: Mutex<Option<Secret>>,
    /// What was refused.
    refused: Once<Vec<CertificateDer<'static>>>,
}

impl PeerVerifier {
    /// A verifier for one connection. `endpoint` is our side; `expected_name` is what the peer's
    /// certificate must be for, if it was given.
    pub fn new(settings: Arc<VerifySettings>, endpoint: Endpoint, expected_name: Option<Vec<u8>>) -> Self {
        let generation = settings.generation();
        Self {
            settings,
            endpoint,
            expected_name,
            generation,
            lifetime: Mutex::new(None),
            decision: Mutex::new(None),
            verified: AtomicBool::new(false),
            secret: Mutex::new(None),
            refused: Once::new(),
        }
    }

    /// Have the settings changed since the connection was made?
    pub(crate) fn is_outdated(&self) -> bool {
        self.generation != self.settings.generation()
    }

    /// How long the connection's session may be resumed, once the peer was verified or a session
    /// resumed.
    pub(crate) fn lifetime(&self) -> Option<Lifetime> {
        *self.lifetime.lock()
    }

    /// The connection resumes a session with this lifetime.
    pub(crate) fn resume(&self, lifetime: Lifetime) {
        *self.lifetime.lock() = Some(lifetime);
        self.accept();
    }

    /// Does the connection wait for the program's decision about the peer's chain?
    pub fn is_undecided(&self) -> bool {
        self.decision.lock().is_some()
    }

    /// The chain to decide about, from the top to the leaf; empty if there is nothing to decide.
    pub fn chain(&self) -> Vec<ChainLink> {
        self.decision.lock().as_ref().map(|decision| decision.chain.clone()).unwrap_or_default()
    }

    /// Closes the decision. `verdict` is the number that the program's callback returned for the
    /// first link that it refused, 0 if it refused none; it is missing if the callback raised an
    /// exception.
    ///
    /// # Errors
    /// Why the peer is refused: by the program, or by what verification came to.
    /// [`Error::BadInputData`] if there is nothing to decide.
    pub fn decide(&self, verdict: Option<i32>) -> Result<(), Error> {
        let decision = self.decision.lock().take().ok_or(Error::BadInputData)?;
        match (verdict, decision.verified) {
            // An exception leaves Mbed TLS at once, so that it never comes to anything else.
            (None, _) => Err(Error::CallbackRaised),
            (Some(0), verified) => verified.inspect(|()| self.accept()),
            (Some(_), Err(Error::CaChainRequired)) => Err(Error::CaChainRequired),
            (Some(number), _) => Err(Error::Callback(number)),
        }
    }

    /// Keeps the traffic secret that an alert about the peer's certificate is sent under.
    pub(crate) fn keep_secret(&self, label: &str, secret: &[u8]) {
        let of_alerts = match self.endpoint {
            Endpoint::Client => "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            // A server has sent its part of the handshake when it verifies its client.
            Endpoint::Server => "SERVER_TRAFFIC_SECRET_0",
        };
        if label == of_alerts && self.settings.has_callback() {
            *self.secret.lock() = Some(Secret::new(secret.to_vec()));
        }
    }

    pub(crate) fn take_secret(&self) -> Option<Secret> {
        self.secret.lock().take()
    }

    /// The connection failed or was closed: there is nothing to decide any more.
    pub(crate) fn abandon_decision(&self) {
        *self.decision.lock() = None;
    }

    /// Does this server ask its client for a certificate?
    pub fn offer_client_auth(&self) -> bool {
        self.settings.effective_mode() != Mode::None
    }

    /// Does this server refuse a client without a certificate?
    pub fn client_auth_mandatory(&self) -> bool {
        !matches!(self.settings.effective_mode(), Mode::None | Mode::Optional)
    }

    /// What the leaf of these certificates says, which the peer sent, as CPython's `getpeercert()`
    /// tells it, in JSON: an object without members if the peer was not verified.
    pub fn description(&self, sent: &[CertificateDer<'_>]) -> Option<String> {
        let leaf = sent.first()?;
        if !self.verified.load(Ordering::Relaxed) {
            return Some("{}".into());
        }
        Certificate::parse(leaf, Algorithms::AndEd25519).ok().map(|leaf| leaf.to_json())
    }

    /// The certificates that this verifier refused, leaf first, for whoever wants to see what was
    /// wrong with them.
    pub fn refused_certificates(&self) -> &[CertificateDer<'static>] {
        self.refused.get().map_or(&[], Vec::as_slice)
    }

    /// Verifies the certificates that the peer sent, leaf first. Where the program decides, its
    /// decision is open now and has the outcome.
    ///
    /// # Errors
    /// * [`Error::PeerCertificate`], [`Error::DecodeError`]: one of them cannot be read, whatever
    ///   the mode;
    /// * [`Error::Verification`]: all that is wrong with the chain;
    /// * [`Error::BadCertificate`]: only the use of the leaf is wrong;
    /// * [`Error::CaChainRequired`], [`Error::VerificationWithoutHostname`]: the settings do not
    ///   allow to verify.
    pub fn verify_chain(&self, sent: &[CertificateDer<'_>], now: UnixTime) -> Result<(), Error> {
        *self.lifetime.lock() = Some(Lifetime::since(now.as_secs()));
        self.verified.store(false, Ordering::Relaxed);
        let verdict = self.try_verify_chain(sent, now);
        if verdict.is_err() {
            self.refused.call_once(|| sent.iter().map(|certificate| certificate.clone().into_owned()).collect());
        }
        verdict
    }

    /// Verifies a signature over the handshake by the key of the peer's leaf.
    ///
    /// # Errors
    /// [`Error::HandshakeSignature`] if it is wrong, [`Error::IllegalParameter`] if the scheme does
    /// not fit the key or was not offered, [`Error::PeerCertificate`] if the certificate cannot be
    /// read.
    pub fn verify_signature(
        &self,
        leaf: &CertificateDer<'_>,
        scheme: SignatureScheme,
        message: &[u8],
        signature: &[u8],
        rules: Rules,
    ) -> Result<(), Error> {
        let leaf = Certificate::parse(leaf, Algorithms::AndEd25519).map_err(|error| Error::PeerCertificate(error.code()))?;
        signature::check(&leaf.public_key, scheme, message, signature, rules)
    }

    fn try_verify_chain(&self, sent: &[CertificateDer<'_>], now: UnixTime) -> Result<(), Error> {
        let sent = parse(sent)?;
        let leaf = sent.first().ok_or(Error::NoClientCertificate)?;
        let mode = self.settings.effective_mode();
        if mode == Mode::None {
            return Ok(());
        }
        let wants_name = mode == Mode::Required && self.endpoint == Endpoint::Client && !self.settings.ignores_name();
        if self.expected_name.is_none() && (wants_name || self.settings.insists_on_name()) {
            return Err(Error::VerificationWithoutHostname);
        }
        let anchors = self.settings.anchors();
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let links = chain::build(&sent, &anchors, now).map_err(|TooLong| Error::PeerCertificate(Error::X509_FATAL_ERROR));
        let verified = match &links {
            Ok(links) => {
                if let Some(lifetime) = &mut *self.lifetime.lock() {
                    links.iter().for_each(|link| lifetime.end_with(link.not_after));
                }
                let flags = links.iter().fold(self.leaf(&sent), |flags, link| flags | link.flags);
                match judge(flags, usage(leaf, self.endpoint)) {
                    Err(_) if mode == Mode::Optional => Ok(()),
                    verdict => verdict,
                }
            }
            Err(error) => Err(error.clone()),
        };
        let verified = if anchors.is_empty() && mode == Mode::Required { Err(Error::CaChainRequired) } else { verified };
        match links {
            Ok(links) if self.settings.has_callback() => {
                *self.decision.lock() = Some(Decision { chain: chain_of(&links), verified });
                Ok(())
            }
            _ => verified.inspect(|()| self.accept()),
        }
    }

    /// Nothing is wrong with the peer, or nobody wants to know.
    fn accept(&self) {
        self.verified.store(self.settings.refuses(), Ordering::Relaxed);
    }

    /// What is wrong with the leaf itself: its name and its key.
    fn leaf(&self, sent: &[Certificate<'_>]) -> VerifyFlags {
        let Some(leaf) = sent.first() else { return VerifyFlags::MISSING };
        let mut flags = chain::key(leaf.public_key.kind);
        if !self.settings.ignores_name() && self.expected_name.as_ref().is_some_and(|name| !host::matches(leaf, name)) {
            flags |= VerifyFlags::CN_MISMATCH;
        }
        flags
    }
}

/// Whether a client would take this chain's leaf from a server as far as its keyUsage and
/// extKeyUsage go.
pub(crate) fn may_serve(chain: &[CertificateDer<'_>]) -> bool {
    chain
        .first()
        .and_then(|leaf| Certificate::parse(leaf, Algorithms::AndEd25519).ok())
        .is_some_and(|leaf| usage(&leaf, Endpoint::Client).is_empty())
}

/// A traffic secret of TLS 1.3 (RFC 8446, section 7.1).
pub(crate) type Secret = Zeroizing<Vec<u8>>;

/// A certificate of a peer's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainLink {
    /// The certificate, in DER.
    pub der: Vec<u8>,
    /// 0 for the leaf.
    pub depth: u32,
}

/// What the program has to decide about.
#[derive(Debug)]
struct Decision {
    chain: Vec<ChainLink>,
    /// What verification came to: it counts if the program has nothing against the peer.
    verified: Result<(), Error>,
}

/// Shorter ones mbedTLS takes for a broken message.
const SHORTEST_CERTIFICATE: usize = 128;

/// Reads the certificates that a peer sent. Those after the leaf whose signature algorithm is
/// unknown are passed over, as in mbedTLS: the chain may do without them. The leaf may use Ed25519;
/// whether it is accepted is for the mode.
fn parse<'a>(sent: &'a [CertificateDer<'_>]) -> Result<Vec<Certificate<'a>>, Error> {
    let mut certificates = Vec::with_capacity(sent.len());
    for (index, der) in sent.iter().enumerate() {
        if der.len() < SHORTEST_CERTIFICATE {
            return Err(Error::DecodeError);
        }
        let algorithms = if index == 0 { Algorithms::AndEd25519 } else { Algorithms::Mbedtls };
        match Certificate::parse(der, algorithms) {
            Ok(certificate) => certificates.push(certificate),
            Err(error) if index > 0 && error.field() == Field::UnknownSignatureAlgorithm => {}
            Err(error) => return Err(Error::PeerCertificate(error.code())),
        }
    }
    Ok(certificates)
}

/// What is wrong with the use of a leaf that signs the handshake on the other side of `verifier`.
fn usage(leaf: &Certificate<'_>, verifier: Endpoint) -> VerifyFlags {
    let purpose = match verifier {
        Endpoint::Client => SERVER_AUTH,
        Endpoint::Server => CLIENT_AUTH,
    };
    let mut flags = VerifyFlags::NONE;
    if !leaf.extensions.allows_key_usage(DIGITAL_SIGNATURE) {
        flags |= VerifyFlags::KEY_USAGE;
    }
    if !leaf.extensions.allows_purpose(purpose) {
        flags |= VerifyFlags::EXT_KEY_USAGE;
    }
    flags
}

/// mbedTLS reports a wrong use as a flag only beside other flaws; alone it is an error of its own.
fn judge(flags: VerifyFlags, usage: VerifyFlags) -> Result<(), Error> {
    match (flags.is_empty(), usage.is_empty()) {
        (true, true) => Ok(()),
        (true, false) => Err(Error::BadCertificate),
        (false, _) => Err(Error::Verification(flags | usage)),
    }
}

/// The chain from the top to the leaf.
fn chain_of(links: &[chain::Link<'_>]) -> Vec<ChainLink> {
    let mut chain: Vec<_> = (0..).zip(links).map(|(depth, link)| ChainLink { der: link.der.to_vec(), depth }).collect();
    chain.reverse();
    chain
}
