//! The verifier of one connection's peer, for rustls and for DTLS.

use alloc::sync::Arc;
use alloc::vec::Vec;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use spin::{Mutex, Once};

use super::chain::{self, TooLong};
use super::settings::{Mode, VerifySettings};
use super::{Endpoint, Lifetime, Rules, VerifyFlags, host, signature};
use crate::crypto::SIGNATURE_ALGORITHMS;
use crate::error::Error;
use crate::x509::{Algorithms, CLIENT_AUTH, Certificate, DIGITAL_SIGNATURE, Field, SERVER_AUTH};

/// Verifies the peer of one connection by the settings of its context, as they are at that moment.
///
/// rustls only learns that a peer was refused and which alert to send; why is in [`failure`](Self::failure).
#[derive(Debug)]
pub struct PeerVerifier {
    settings: Arc<VerifySettings>,
    endpoint: Endpoint,
    expected_name: Option<Vec<u8>>,
    /// Of the settings when the connection was made.
    generation: u64,
    failure: Mutex<Option<Error>>,
    /// Of the session that it verified or resumes.
    lifetime: Mutex<Option<Lifetime>>,
    /// What was refused.
    refused: Once<Vec<CertificateDer<'static>>>,
}

impl PeerVerifier {
    /// A verifier for one connection. `endpoint` is our side; `expected_name` is what the peer's certificate must be for, if it was given.
    pub fn new(settings: Arc<VerifySettings>, endpoint: Endpoint, expected_name: Option<Vec<u8>>) -> Self {
        let generation = settings.generation();
        Self { settings, endpoint, expected_name, generation, failure: Mutex::new(None), lifetime: Mutex::new(None), refused: Once::new() }
    }

    /// Have the settings changed since the connection was made?
    pub(crate) fn is_outdated(&self) -> bool {
        self.generation != self.settings.generation()
    }

    /// How long the connection's session may be resumed, once the peer was verified or a session resumed.
    pub(crate) fn lifetime(&self) -> Option<Lifetime> {
        *self.lifetime.lock()
    }

    /// The connection resumes a session with this lifetime.
    pub(crate) fn resume(&self, lifetime: Lifetime) {
        *self.lifetime.lock() = Some(lifetime);
    }

    /// Why this verifier refused, if it did.
    pub fn failure(&self) -> Option<Error> {
        self.failure.lock().clone()
    }

    /// The certificates that this verifier refused, leaf first, for whoever wants to see what was wrong with them.
    pub fn refused_certificates(&self) -> &[CertificateDer<'static>] {
        self.refused.get().map_or(&[], Vec::as_slice)
    }

    /// Verifies the certificates that the peer sent, leaf first.
    ///
    /// # Errors
    /// * [`Error::PeerCertificate`], [`Error::DecodeError`]: one of them cannot be read, whatever the mode;
    /// * [`Error::Verification`]: all that is wrong with the chain;
    /// * [`Error::BadCertificate`]: only the use of the leaf is wrong;
    /// * [`Error::CaChainRequired`], [`Error::VerificationWithoutHostname`]: the settings do not allow to verify;
    /// * [`Error::Callback`], [`Error::CallbackRaised`]: the program refused.
    pub fn verify_chain(&self, sent: &[CertificateDer<'_>], now: UnixTime) -> Result<(), Error> {
        *self.lifetime.lock() = Some(Lifetime::since(now.as_secs()));
        let verdict = self.remember(self.try_verify_chain(sent, now));
        if verdict.is_err() {
            self.refused.call_once(|| sent.iter().map(|certificate| certificate.clone().into_owned()).collect());
        }
        verdict
    }

    /// Verifies a signature over the handshake by the key of the peer's leaf.
    ///
    /// # Errors
    /// [`Error::HandshakeSignature`] if it is wrong, [`Error::IllegalParameter`] if the scheme does not fit the key or was not offered,
    /// [`Error::PeerCertificate`] if the certificate cannot be read.
    pub fn verify_signature(
        &self,
        leaf: &CertificateDer<'_>,
        scheme: SignatureScheme,
        message: &[u8],
        signature: &[u8],
        rules: Rules,
    ) -> Result<(), Error> {
        let checked = Certificate::parse(leaf, Algorithms::AndEd25519)
            .map_err(|error| Error::PeerCertificate(error.code()))
            .and_then(|leaf| signature::check(&leaf.public_key, scheme, message, signature, rules));
        self.remember(checked)
    }

    fn try_verify_chain(&self, sent: &[CertificateDer<'_>], now: UnixTime) -> Result<(), Error> {
        let sent = parse(sent)?;
        let leaf = sent.first().ok_or(Error::NoClientCertificate)?;
        let mode = self.settings.effective_mode();
        if mode == Mode::None {
            return Ok(());
        }
        if mode == Mode::Required && self.endpoint == Endpoint::Client && self.expected_name.is_none() {
            return Err(Error::VerificationWithoutHostname);
        }
        let anchors = self.settings.anchors();
        let verdict = match self.examine(&sent, &anchors, now) {
            Ok(flags) => judge(flags, usage(leaf, self.endpoint)),
            Err(error) => Err(error),
        };
        match verdict {
            Err(Error::Verification(_) | Error::BadCertificate) if mode == Mode::Optional => Ok(()),
            // An exception leaves mbedTLS at once, so that it never comes to this.
            Err(Error::CallbackRaised) => verdict,
            _ if anchors.is_empty() && mode == Mode::Required => Err(Error::CaChainRequired),
            _ => verdict,
        }
    }

    /// What is wrong with the chain; the callback sees it on the way.
    fn examine(&self, sent: &[Certificate<'_>], anchors: &[super::settings::Anchor], now: UnixTime) -> Result<VerifyFlags, Error> {
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let links = chain::build(sent, anchors, now).map_err(|TooLong| Error::PeerCertificate(X509_FATAL_ERROR))?;
        if let Some(lifetime) = &mut *self.lifetime.lock() {
            links.iter().for_each(|link| lifetime.end_with(link.not_after));
        }
        let mut flags = self.leaf(sent);
        let callback = self.settings.callback();
        for (depth, link) in links.iter().enumerate().rev() {
            if let Some(callback) = &callback {
                match callback(link.der, u32::try_from(depth).unwrap_or(u32::MAX)) {
                    Ok(0) => {}
                    Ok(number) => return Err(Error::Callback(number)),
                    Err(crate::error::CallbackRaised) => return Err(Error::CallbackRaised),
                }
            }
            flags |= link.flags;
        }
        Ok(flags)
    }

    /// What is wrong with the leaf itself: its name and its key.
    fn leaf(&self, sent: &[Certificate<'_>]) -> VerifyFlags {
        let Some(leaf) = sent.first() else { return VerifyFlags::MISSING };
        let mut flags = chain::key(leaf.public_key.kind);
        if self.expected_name.as_ref().is_some_and(|name| !host::is_for(leaf, name)) {
            flags |= VerifyFlags::CN_MISMATCH;
        }
        flags
    }

    fn remember(&self, result: Result<(), Error>) -> Result<(), Error> {
        if let Err(error) = &result {
            *self.failure.lock() = Some(error.clone());
        }
        result
    }

    fn verify_for_rustls(&self, leaf: &CertificateDer<'_>, others: &[CertificateDer<'_>], now: UnixTime) -> Result<(), rustls::Error> {
        let sent: Vec<_> = core::iter::once(leaf).chain(others).map(|der| CertificateDer::from(der.as_ref())).collect();
        self.verify_chain(&sent, now).map_err(to_rustls)
    }

    fn verify_signature_for_rustls(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
        rules: Rules,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify_signature(leaf, signed.scheme, message, signed.signature(), rules)
            .map(|()| HandshakeSignatureValid::assertion())
            .map_err(to_rustls)
    }
}

/// Whether a client would take this chain's leaf from a server as far as its keyUsage and extKeyUsage go.
pub(crate) fn may_serve(chain: &[CertificateDer<'_>]) -> bool {
    chain
        .first()
        .and_then(|leaf| Certificate::parse(leaf, Algorithms::AndEd25519).ok())
        .is_some_and(|leaf| usage(&leaf, Endpoint::Client).is_empty())
}

impl ServerCertVerifier for PeerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.verify_for_rustls(end_entity, intermediates, now).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify_signature_for_rustls(message, cert, dss, Rules::Tls12)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify_signature_for_rustls(message, cert, dss, Rules::Tls13)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SIGNATURE_ALGORITHMS.supported_schemes()
    }
}

impl ClientCertVerifier for PeerVerifier {
    fn offer_client_auth(&self) -> bool {
        self.settings.effective_mode() != Mode::None
    }

    fn client_auth_mandatory(&self) -> bool {
        !matches!(self.settings.effective_mode(), Mode::None | Mode::Optional)
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.verify_for_rustls(end_entity, intermediates, now).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify_signature_for_rustls(message, cert, dss, Rules::Tls12)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify_signature_for_rustls(message, cert, dss, Rules::Tls13)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SIGNATURE_ALGORITHMS.supported_schemes()
    }
}

const X509_FATAL_ERROR: i32 = -0x3000;
/// Shorter ones mbedTLS takes for a broken message.
const SHORTEST_CERTIFICATE: usize = 128;

/// Reads the certificates that a peer sent. Those after the leaf whose signature algorithm is unknown are passed over, as in mbedTLS: the chain
/// may do without them. The leaf may use Ed25519; whether it is accepted is for the mode.
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

/// mbedTLS tells a wrong use only beside other flaws; alone it is an error of its own.
fn judge(flags: VerifyFlags, usage: VerifyFlags) -> Result<(), Error> {
    match (flags.is_empty(), usage.is_empty()) {
        (true, true) => Ok(()),
        (true, false) => Err(Error::BadCertificate),
        (false, _) => Err(Error::Verification(flags | usage)),
    }
}

/// The error for which rustls sends the alert that mbedTLS sends for `error`, or one as near as it has.
fn to_rustls(error: Error) -> rustls::Error {
    rustls::Error::InvalidCertificate(match error {
        Error::Verification(flags) => to_certificate_error(flags),
        Error::BadCertificate => CertificateError::InvalidPurpose,
        Error::CaChainRequired => CertificateError::UnknownIssuer,
        Error::PeerCertificate(_) | Error::DecodeError => CertificateError::BadEncoding,
        Error::HandshakeSignature(_) => CertificateError::BadSignature,
        Error::IllegalParameter => return rustls::PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into(),
        _ => CertificateError::ApplicationVerificationFailure,
    })
}

fn to_certificate_error(flags: VerifyFlags) -> CertificateError {
    let bad_use = [VerifyFlags::KEY_USAGE, VerifyFlags::EXT_KEY_USAGE, VerifyFlags::BAD_PK, VerifyFlags::BAD_KEY, VerifyFlags::BAD_MD];
    if flags.contains(VerifyFlags::CN_MISMATCH) {
        CertificateError::NotValidForName
    } else if bad_use.iter().any(|&flag| flags.contains(flag)) {
        CertificateError::InvalidPurpose
    } else if flags.contains(VerifyFlags::EXPIRED) {
        CertificateError::Expired
    } else if flags.contains(VerifyFlags::NOT_TRUSTED) {
        CertificateError::UnknownIssuer
    } else {
        CertificateError::NotValidYet
    }
}
