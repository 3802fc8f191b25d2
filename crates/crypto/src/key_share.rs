//! A client's key share, prepared while its connection is still being opened.
//!
//! The key share takes most of the time that a client needs for its ClientHello, and it does not
//! depend on the server. One key share is kept, on the thread that made it, and used by one
//! handshake. If it is dropped unused, it is wiped as any other.

use alloc::boxed::Box;

use rustls::Error;

use super::hybrid::Client;

local::local! {
    static PREPARED: Option<Box<Client>> = None;
}

/// Makes the key share of the next ClientHello that begins with X25519MLKEM768. A ClientHello
/// begins with it unless the server is known to prefer another group. If there is a key share
/// already, this does nothing.
///
/// # Errors
/// [`Error::FailedToGetRandomBytes`].
pub fn prepare() -> Result<(), Error> {
    PREPARED.set(Some(take_or_make()?));
    Ok(())
}

/// Wipes the key share that was prepared. True if there was one.
pub fn discard() -> bool {
    take().is_some()
}

/// The key share that was prepared, or else a fresh one, for the caller alone.
///
/// # Errors
/// [`Error::FailedToGetRandomBytes`].
pub(super) fn take_or_make() -> Result<Box<Client>, Error> {
    take().map_or_else(Client::generate, Ok)
}

/// The key share that was prepared, for the caller alone.
pub(super) fn take() -> Option<Box<Client>> {
    PREPARED.take()
}
