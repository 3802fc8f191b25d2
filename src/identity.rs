//! Certificates and private keys in the forms in which MicroPython takes them.

mod pem;

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use rustls::sign::{CertifiedKey, SigningKey};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};

use crate::crypto::sign::signing_key;
use crate::error::Error;
use crate::x509::{Algorithms, Certificate};

/// A certificate chain, leaf first, and a private key. Nothing checks that they belong together:
/// MicroPython does not.
#[derive(Clone)]
pub struct Identity {
    /// The certificates to send, leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// What signs with the private key.
    pub key: Arc<dyn SigningKey>,
}

impl Identity {
    /// Reads certificates and a key; the key first, as in MicroPython.
    ///
    /// # Errors
    /// [`Error::InvalidKey`], [`Error::InvalidCert`].
    pub fn parse(certificates: &[u8], key: &[u8]) -> Result<Self, Error> {
        let key = parse_private_key(key)?;
        Ok(Self { chain: parse_certificates(certificates)?, key })
    }

    /// The form that rustls wants.
    pub fn into_certified_key(self) -> Arc<CertifiedKey> {
        Arc::new(CertifiedKey::new(self.chain, self.key))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("certificates", &self.chain.len()).finish_non_exhaustive()
    }
}

/// Reads certificates: every one of a PEM bundle, or the one that DER starts with (what follows it
/// is ignored).
///
/// # Errors
/// [`Error::InvalidCert`] if there is none, or one that cannot be read or whose algorithms are
/// unknown.
pub fn parse_certificates(data: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let mut text = pem::text(data);
    if pem::find(text, CERTIFICATE).is_none() {
        return Ok(vec![certificate(data)?]);
    }
    let mut certificates = Vec::new();
    while let Some(block) = pem::find(text, CERTIFICATE) {
        certificates.push(certificate(&block.decode().ok_or(Error::InvalidCert)?)?);
        text = block.rest;
    }
    Ok(certificates)
}

/// Reads a private key, DER or PEM: PKCS#1 (RFC 8017), SEC 1 (RFC 5915) or PKCS#8 (RFC 5208), not
/// encrypted.
///
/// # Errors
/// [`Error::InvalidKey`] for anything else, as [`signing_key`] says.
pub fn parse_private_key(data: &[u8]) -> Result<Arc<dyn SigningKey>, Error> {
    let text = pem::text(data);
    for form in FORMS {
        if let Some(block) = pem::find(text, form.label) {
            let der = block.decode().ok_or(Error::InvalidKey)?;
            return signing_key(&(form.key)(&der)).map_err(|_| Error::InvalidKey);
        }
    }
    FORMS.iter().find_map(|form| signing_key(&(form.key)(data)).ok()).ok_or(Error::InvalidKey)
}

const CERTIFICATE: &str = "CERTIFICATE";

/// A form of private keys: its PEM label, and its DER as rustls' type.
struct Form {
    label: &'static str,
    key: fn(&[u8]) -> PrivateKeyDer<'_>,
}

/// In the order in which mbedTLS looks for them in PEM.
const FORMS: [Form; 3] = [
    Form { label: "RSA PRIVATE KEY", key: |der| PrivatePkcs1KeyDer::from(der).into() },
    Form { label: "EC PRIVATE KEY", key: |der| PrivateSec1KeyDer::from(der).into() },
    Form { label: "PRIVATE KEY", key: |der| PrivatePkcs8KeyDer::from(der).into() },
];

fn certificate(der: &[u8]) -> Result<CertificateDer<'static>, Error> {
    let certificate = Certificate::parse(der, Algorithms::AndEd25519).map_err(|_| Error::InvalidCert)?;
    Ok(CertificateDer::from(certificate.raw.to_vec()))
}
