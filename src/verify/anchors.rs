//! The certificates that a context trusts.

use alloc::sync::Arc;
use alloc::vec::Vec;

use sha2::{Digest, Sha256};
use spin::Mutex;

use crate::error::Error;
use crate::identity;
use crate::x509::{Algorithms, Certificate};

/// What was loaded, a bundle for each time. Contexts share the bundles that they have in common.
#[derive(Clone, Debug, Default)]
pub(super) struct Anchors(Vec<Arc<[Anchor]>>);

/// A certificate that was loaded as trusted.
#[derive(Debug)]
pub(super) struct Anchor {
    der: Vec<u8>,
    /// Its subject, to find it by.
    pub(super) subject: Vec<u8>,
}

impl Anchors {
    /// Adds certificates: one in DER, or one or more in PEM.
    ///
    /// # Errors
    /// [`Error::InvalidCert`] if any cannot be read or is of a kind that is never trusted; then
    /// none is added.
    pub(super) fn add(&mut self, certificates: &[u8]) -> Result<(), Error> {
        let bundle = shared(certificates)?;
        if !self.0.iter().any(|earlier| Arc::ptr_eq(earlier, &bundle)) {
            self.0.push(bundle);
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.iter().count()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Anchor> {
        self.0.iter().flat_map(|bundle| bundle.iter())
    }
}

impl Anchor {
    /// None if mbedTLS would not load it.
    fn new(der: &[u8]) -> Option<Self> {
        let certificate = Certificate::parse(der, Algorithms::Mbedtls).ok()?;
        Some(Self { der: certificate.raw.to_vec(), subject: certificate.subject.canonical() })
    }

    pub(super) fn der(&self) -> &[u8] {
        &self.der
    }

    pub(super) fn certificate(&self) -> Option<Certificate<'_>> {
        Certificate::parse(&self.der, Algorithms::Mbedtls).ok()
    }
}

/// A bundle from this length on is kept for the contexts to come: Mozilla's roots have 220 KB.
const LARGE: usize = 32_768;

/// The last large bundle.
static KEPT: Mutex<Option<Kept>> = Mutex::new(None);

struct Kept {
    /// SHA-256 of the text.
    digest: [u8; 32],
    bundle: Arc<[Anchor]>,
}

/// The bundle as it was read before, or as it is read now.
fn shared(certificates: &[u8]) -> Result<Arc<[Anchor]>, Error> {
    if certificates.len() < LARGE {
        return read(certificates);
    }
    let digest = Sha256::digest(certificates).into();
    if let Some(kept) = KEPT.lock().as_ref().filter(|kept| kept.digest == digest) {
        return Ok(kept.bundle.clone());
    }
    let bundle = read(certificates)?;
    *KEPT.lock() = Some(Kept { digest, bundle: bundle.clone() });
    Ok(bundle)
}

fn read(certificates: &[u8]) -> Result<Arc<[Anchor]>, Error> {
    let certificates = identity::parse_certificates(certificates)?;
    certificates.iter().map(|der| Anchor::new(der)).collect::<Option<Vec<_>>>().map(Into::into).ok_or(Error::InvalidCert)
}
