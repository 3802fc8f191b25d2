//! A context's settings for verification. Connections read them when they verify.

use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};

use spin::{Mutex, RwLock};

use super::Endpoint;
use super::anchors::Anchors;
use crate::error::Error;
use crate::room;

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
    /// What the program said of [`check_hostname`](Self::check_hostname), if it did.
    check_hostname: Mutex<Option<bool>>,
    anchors: RwLock<Arc<Anchors>>,
    has_callback: AtomicBool,
    /// How often the settings changed.
    generation: AtomicU64,
}

/// The meaning of [`VerifySettings::mode`].
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
        Self {
            mode: AtomicI32::new(mode),
            check_hostname: Mutex::default(),
            anchors: RwLock::default(),
            has_callback: AtomicBool::new(false),
            generation: AtomicU64::new(0),
        }
    }

    /// `verify_mode`, as it was set.
    pub fn mode(&self) -> i32 {
        self.mode.load(Ordering::Relaxed)
    }

    /// Sets `verify_mode`: any number, as in MicroPython.
    ///
    /// # Errors
    /// [`Error::CheckHostname`] for a mode that refuses nobody, if the program asked for
    /// [`check_hostname`](Self::check_hostname); it stays as it was.
    pub fn set_mode(&self, mode: i32) -> Result<(), Error> {
        if self.insists_on_name() && !refuses(mode) {
            return Err(Error::CheckHostname);
        }
        if self.mode.swap(mode, Ordering::Relaxed) != mode {
            self.changed();
        }
        Ok(())
    }

    /// Whether a peer is refused whose certificate is not for the name that the program gives. The
    /// mode decides until the program does.
    pub fn check_hostname(&self) -> bool {
        self.check_hostname.lock().unwrap_or(self.refuses())
    }

    /// Has the names of peers checked, which takes a mode that refuses: `CERT_REQUIRED` comes with
    /// it. Or lets any name pass, where the rest of the chain is good.
    pub fn set_check_hostname(&self, check: bool) {
        if check && !self.refuses() {
            self.mode.store(CERT_REQUIRED, Ordering::Relaxed);
        }
        *self.check_hostname.lock() = Some(check);
        self.changed();
    }

    /// Did the program ask to have names checked?
    pub(crate) fn insists_on_name(&self) -> bool {
        *self.check_hostname.lock() == Some(true)
    }

    /// Did the program ask to let any name pass?
    pub(crate) fn ignores_name(&self) -> bool {
        *self.check_hostname.lock() == Some(false)
    }

    /// Whether the mode refuses peers that are not verified.
    pub(super) fn refuses(&self) -> bool {
        refuses(self.mode())
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
    /// none is added. [`Error::AllocFailed`].
    pub fn add_anchors(&self, certificates: &[u8]) -> Result<(), Error> {
        room::check(certificates.len())?;
        Arc::make_mut(&mut self.anchors.write()).add(certificates)?;
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

    pub(super) fn anchors(&self) -> Arc<Anchors> {
        self.anchors.read().clone()
    }
}

/// As Mbed TLS treats numbers that mean nothing.
fn refuses(mode: i32) -> bool {
    !matches!(mode, CERT_NONE | CERT_OPTIONAL)
}

impl fmt::Debug for VerifySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifySettings").field("mode", &self.mode()).field("anchors", &self.anchors().len()).finish_non_exhaustive()
    }
}
