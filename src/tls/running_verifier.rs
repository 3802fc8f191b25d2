//! One verifier for all connections of a context, as resumption needs it: rustls resumes a session
//! only for the verifier that verified it.

use alloc::sync::Arc;
use alloc::vec::Vec;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::crypto::SIGNATURE_ALGORITHMS;
use crate::error;
use crate::verify::{PeerVerifier, Rules};

/// Asks the [`PeerVerifier`] of the connection that is running on this thread; without one it
/// refuses.
#[derive(Debug)]
pub(crate) struct RunningVerifier;

impl RunningVerifier {
    /// Runs a connection's work, with `peer` as its verifier.
    pub(crate) fn run<T>(peer: &Arc<PeerVerifier>, work: impl FnOnce() -> T) -> T {
        RUNNING.set(Some(peer.clone()));
        REFUSAL.set(None);
        let result = work();
        RUNNING.set(None);
        result
    }

    /// The verifier of the connection that is running, if one is.
    pub(crate) fn peer() -> Option<Arc<PeerVerifier>> {
        RUNNING.with_borrow(Option::clone)
    }

    /// Takes why the peer was refused, if it was: rustls only learns which alert to send.
    pub(super) fn take_refusal() -> Option<error::Error> {
        REFUSAL.take()
    }

    /// Keeps a secret of the running connection, which rustls logs.
    pub(crate) fn keep_secret(label: &str, secret: &[u8]) {
        if let Some(peer) = Self::peer() {
            peer.keep_secret(label, secret);
        }
    }

    fn verify_chain(&self, leaf: &CertificateDer<'_>, others: &[CertificateDer<'_>], now: UnixTime) -> Result<(), Error> {
        let sent: Vec<_> = core::iter::once(leaf).chain(others).map(|der| CertificateDer::from(der.as_ref())).collect();
        running()?.verify_chain(&sent, now).map_err(refuse)
    }

    fn verify_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
        rules: Rules,
    ) -> Result<HandshakeSignatureValid, Error> {
        running()?
            .verify_signature(leaf, signed.scheme, message, signed.signature(), rules)
            .map(|()| HandshakeSignatureValid::assertion())
            .map_err(refuse)
    }
}

/// The methods that both of rustls' traits have.
macro_rules! handshake_signatures {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            leaf: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            self.verify_signature(message, leaf, signed, Rules::Tls12)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            leaf: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            self.verify_signature(message, leaf, signed, Rules::Tls13)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            SIGNATURE_ALGORITHMS.supported_schemes()
        }
    };
}

impl ServerCertVerifier for RunningVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.verify_chain(leaf, intermediates, now).map(|()| ServerCertVerified::assertion())
    }

    handshake_signatures!();
}

impl ClientCertVerifier for RunningVerifier {
    fn offer_client_auth(&self) -> bool {
        running().is_ok_and(|peer| peer.offer_client_auth())
    }

    fn client_auth_mandatory(&self) -> bool {
        running().is_ok_and(|peer| peer.client_auth_mandatory())
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.verify_chain(leaf, intermediates, now).map(|()| ClientCertVerified::assertion())
    }

    handshake_signatures!();
}

local::local! {
    static RUNNING: Option<Arc<PeerVerifier>> = None;
}

local::local! {
    static REFUSAL: Option<error::Error> = None;
}

fn refuse(error: error::Error) -> Error {
    let shown = error.to_rustls();
    REFUSAL.set(Some(error));
    shown
}

fn running() -> Result<Arc<PeerVerifier>, Error> {
    RunningVerifier::peer().ok_or_else(|| Error::General("no connection is running".into()))
}
