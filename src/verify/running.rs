//! One verifier for all connections of a context, as resumption needs it: rustls resumes a session only for the verifier that verified it.

use alloc::sync::Arc;
use alloc::vec::Vec;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::PeerVerifier;

/// Asks the [`PeerVerifier`] of the connection that is running on this thread; without one it refuses.
#[derive(Debug)]
pub(crate) struct RunningVerifier;

impl RunningVerifier {
    /// Runs a connection's work, with `peer` as its verifier.
    pub(crate) fn run<T>(peer: &Arc<PeerVerifier>, work: impl FnOnce() -> T) -> T {
        // A verify_callback may run another connection meanwhile.
        let outer = RUNNING.replace(Some(peer.clone()));
        let result = work();
        RUNNING.set(outer);
        result
    }

    /// The verifier of the connection that is running, if one is.
    pub(crate) fn peer() -> Option<Arc<PeerVerifier>> {
        RUNNING.with_borrow(Option::clone)
    }
}

impl ServerCertVerifier for RunningVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        running()?.verify_server_cert(leaf, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        ServerCertVerifier::verify_tls12_signature(&*running()?, message, leaf, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        ServerCertVerifier::verify_tls13_signature(&*running()?, message, leaf, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        running().map(|peer| ServerCertVerifier::supported_verify_schemes(&*peer)).unwrap_or_default()
    }
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
        running()?.verify_client_cert(leaf, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        ClientCertVerifier::verify_tls12_signature(&*running()?, message, leaf, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        ClientCertVerifier::verify_tls13_signature(&*running()?, message, leaf, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        running().map(|peer| ClientCertVerifier::supported_verify_schemes(&*peer)).unwrap_or_default()
    }
}

crate::local::local! {
    static RUNNING: Option<Arc<PeerVerifier>> = None;
}

fn running() -> Result<Arc<PeerVerifier>, Error> {
    RunningVerifier::peer().ok_or_else(|| Error::General("no connection is running".into()))
}
