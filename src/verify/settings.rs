//! What a context says about verification; connections read it when they verify.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};

use spin::RwLock;

use super::Endpoint;
use crate::error::Error;
use crate::identity;
use crate::x509::{Algorithms, Certificate};

/// Do not verify the peer.
pub const CERT_NONE: i32 = 0;
/// Verify the peer, call the callback, accept whatever the verdict is.
pub const CERT_OPTIONAL: i32 = 1;
/// Verify the peer and refuse it if anything is wrong.
pub const CERT_REQUIRED: i32 = 2;

/// How the peers of a context's connections are verified. Changes apply to connections that live
/// already, as in MicroPython.
pub struct VerifySettings {
    mode: AtomicI32,
    anchors: RwLock<Arc<Vec<Anchor>>>,
    has_callback: AtomicBool,
    /// How often the settings changed.
    generation: AtomicU64,
}

/// A certificate that was loaded as trusted.
#[derive(Clone, Debug)]
pub(super) struct Anchor {
    der: Vec<u8>,
    /// Its subject, to find it by.
    pub(super) subject: Vec<u8>,
}

/// What [`VerifySettings::mode`] comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    None,
    Optional,
    Required,
    /// A number that MicroPython stores unchecked and mbedTLS treats as required, but for not
    /// insisting on trust anchors.
    Undefined,
}

impl VerifySettings {
    /// MicroPython's defaults: clients require a verified peer, servers ask for no certificate.
    pub fn new(endpoint: Endpoint) -> Self {
        let mode = match endpoint {
            Endpoint::Client => CERT_REQUIRED,
            Endpoint::Server => CERT_NONE,
        };
        Self { mode: AtomicI32::new(mode), anchors: RwLock::default(), has_callback: AtomicBool::new(false), generation: AtomicU64::new(0) }
    }

    /// `verify_mode`, as it was set.
    pub fn mode(&self) -> i32 {
        self.mode.load(Ordering::Relaxed)
    }

    /// Sets `verify_mode`: any number, as in MicroPython.
    pub fn set_mode(&self, mode: i32) {
        if self.mode.swap(mode, Ordering::Relaxed) != mode {
            self.changed();
        }
    }

    /// Whether the mode is `CERT_REQUIRED`.
    pub fn is_required(&self) -> bool {
        self.mode() == CERT_REQUIRED
    }

    /// Whether the program decides about each chain that was verified, as its `verify_callback`
    /// does.
    pub fn set_callback(&self, enabled: bool) {
        self.has_callback.store(enabled, Ordering::Relaxed);
        self.changed();
    }

    /// Adds trusted certificates: one in DER, or one or more in PEM.
    ///
    /// # Errors
    /// [`Error::InvalidCert`] if any cannot be read or is of a kind that is never trusted; then
    /// none is added.
    pub fn add_anchors(&self, certificates: &[u8]) -> Result<(), Error> {
        let added = identity::parse_certificates(certificates)?
            .into_iter()
            .map(|der| Anchor::new(der.as_ref()))
            .collect::<Option<Vec<_>>>()
            .ok_or(Error::InvalidCert)?;
        let mut anchors = self.anchors.write();
        *anchors = Arc::new(anchors.iter().cloned().chain(added).collect());
        self.changed();
        Ok(())
    }

    /// A number that differs from all earlier ones once any setting has changed.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    pub(crate) fn has_callback(&self) -> bool {
        self.has_callback.load(Ordering::Relaxed)
    }

    fn changed(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn effective_mode(&self) -> Mode {
        // Mbed TLS looks at the low byte only. Then 256 would verify nobody.
        match self.mode() {
            CERT_NONE => Mode::None,
            CERT_OPTIONAL => Mode::Optional,
            CERT_REQUIRED => Mode::Required,
            _ => Mode::Undefined,
        }
    }

    pub(super) fn anchors(&self) -> Arc<Vec<Anchor>> {
        self.anchors.read().clone()
    }
}

impl fmt::Debug for VerifySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifySettings").field("mode", &self.mode()).field("anchors", &self.anchors().len()).finish_non_exhaustive()
    }
}

impl Anchor {
    /// None if mbedTLS would not load it.
    pub(super) fn new(der: &[u8]) -> Option<Self> {
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
