//! The one way to entropy: [`getrandom::fill`], whose source the shell picks at build time.

use rsa::rand_core::{TryCryptoRng, TryRng};
use rustls::crypto::{GetRandomFailed, SecureRandom};

/// Fills `buf` with random bytes.
///
/// # Errors
/// When the platform has no entropy to give; `buf` must not be used then.
pub fn fill(buf: &mut [u8]) -> Result<(), GetRandomFailed> {
    #[cfg(test)]
    if broken::is_broken() {
        return Err(GetRandomFailed);
    }
    getrandom::fill(buf).map_err(|_| GetRandomFailed)
}

/// Entropy as rustls asks for it, and as the RustCrypto crates ask for it.
#[derive(Debug, Clone, Copy)]
pub struct Entropy;

impl SecureRandom for Entropy {
    fn fill(&self, buf: &mut [u8]) -> Result<(), GetRandomFailed> {
        fill(buf)
    }
}

/// Why [`Entropy`] gave nothing, in the form that `rand_core` wants it.
#[derive(Debug)]
pub struct NoEntropy;

impl core::fmt::Display for NoEntropy {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("no entropy")
    }
}

impl core::error::Error for NoEntropy {}

impl TryRng for Entropy {
    type Error = NoEntropy;

    fn try_next_u32(&mut self) -> Result<u32, NoEntropy> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, NoEntropy> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, buf: &mut [u8]) -> Result<(), NoEntropy> {
        fill(buf).map_err(|_| NoEntropy)
    }
}

impl TryCryptoRng for Entropy {}

/// A switch that lets a test take the entropy away from its own thread.
#[cfg(test)]
pub mod broken {
    use core::cell::Cell;

    thread_local!(static BROKEN: Cell<bool> = const { Cell::new(false) });

    pub(super) fn is_broken() -> bool {
        BROKEN.get()
    }

    /// Runs `f` on a platform without entropy.
    pub fn without_entropy<T>(f: impl FnOnce() -> T) -> T {
        BROKEN.set(true);
        let result = f();
        BROKEN.set(false);
        result
    }
}
