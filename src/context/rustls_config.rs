//! The settings as rustls takes them.

use alloc::sync::Arc;

use rustls::client::{ResolvesClientCert, Resumption};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ServerConfig, SignatureScheme, SupportedProtocolVersion};

use super::{Context, Version, Versions};
use crate::error::Error;
use crate::tls::{RunningVerifier, sessions};
use crate::verify;

impl Context {
    pub(super) fn client_config(&self) -> Result<ClientConfig, Error> {
        let mut config = ClientConfig::builder_with_details(self.provider.clone(), self.clock.clone())
            .with_protocol_versions(self.versions.supported())
            .map_err(|_| Error::BadConfig)?
            .dangerous() // "dangerous" is any verifier but rustls' own; ours answers for MicroPython's rules.
            .with_custom_certificate_verifier(Arc::new(RunningVerifier))
            .with_client_cert_resolver(Arc::new(OwnIdentity(self.identity.clone())));
        config.alpn_protocols = self.alpn.clone();
        config.resumption = if self.keeps_sessions() { sessions::of_client(self.clock.clone()) } else { Resumption::disabled() };
        config.key_log = self.key_log.clone();
        Ok(config)
    }

    pub(super) fn server_config(&self) -> Result<ServerConfig, Error> {
        let mut config = ServerConfig::builder_with_details(self.provider.clone(), self.clock.clone())
            .with_protocol_versions(self.server_versions().supported())
            .map_err(|_| Error::BadConfig)?
            .with_client_cert_verifier(Arc::new(RunningVerifier))
            .with_cert_resolver(Arc::new(OwnIdentity(self.identity.clone())));
        config.alpn_protocols = self.alpn.clone();
        config.ignore_client_order = true;
        config.send_tls13_tickets = 1;
        config.session_storage =
            if self.keeps_sessions() { sessions::of_server(self.clock.clone()) } else { Arc::new(NoServerSessionStorage {}) };
        config.key_log = self.key_log.clone();
        Ok(config)
    }

    /// An RSA key that is too short to sign in TLS 1.3 serves TLS 1.2, as with Mbed TLS.
    fn server_versions(&self) -> Versions {
        let signs = |identity: &Arc<CertifiedKey>| identity.key.choose_scheme(&TLS13_SIGNATURES).is_some();
        if self.versions.lowest == Version::Tls12 && !self.identity.as_ref().is_none_or(signs) {
            return Versions { highest: Version::Tls12, ..self.versions };
        }
        self.versions
    }

    /// A verify_callback wants to see every chain.
    fn keeps_sessions(&self) -> bool {
        self.resumption && !self.verify.has_callback()
    }
}

impl Versions {
    fn supported(self) -> &'static [&'static SupportedProtocolVersion] {
        static BOTH: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS13, &rustls::version::TLS12];
        match (self.lowest, self.highest) {
            (Version::Tls13, _) => &BOTH[..1],
            (_, Version::Tls12) => &BOTH[1..],
            _ => &BOTH,
        }
    }
}

/// The schemes in which keys sign in TLS 1.3.
const TLS13_SIGNATURES: [SignatureScheme; 7] = [
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::ED25519,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
];

/// Offers the context's certificate, whatever the peer asks for: MicroPython has one identity a
/// context.
#[derive(Debug)]
struct OwnIdentity(Option<Arc<CertifiedKey>>);

impl ResolvesServerCert for OwnIdentity {
    /// mbedTLS serves no certificate that its own clients would not take from a server.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // rustls would meet a key that cannot sign for this client only when its ServerHello is
        // out.
        self.0
            .clone()
            .filter(|identity| verify::may_serve(&identity.cert) && identity.key.choose_scheme(hello.signature_schemes()).is_some())
    }
}

impl ResolvesClientCert for OwnIdentity {
    fn resolve(&self, _root_hint_subjects: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.clone().filter(|identity| identity.key.choose_scheme(schemes).is_some())
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}
