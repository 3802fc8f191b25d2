//! Where sessions are kept to be resumed (RFC 8446, section 2.2; RFC 5246, section 7.3): in memory, a bounded number.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::{ClientSessionMemoryCache, Resumption};
use rustls::lock::{Lock, MakeMutex, MutexGuard, Poisoned};
use rustls::server::{ServerSessionMemoryCache, StoresServerSessions};

/// A client's sessions, by server.
pub(crate) fn of_client() -> Resumption {
    Resumption::store(Arc::new(ClientSessionMemoryCache::new::<StdMutex>(TICKETS)))
}

/// A server's sessions.
pub(crate) fn of_server() -> Arc<dyn StoresServerSessions> {
    ServerSessionMemoryCache::new::<StdMutex>(SERVER_SESSIONS)
}

/// Tickets that a client keeps: rustls keeps eight for each server.
const TICKETS: usize = 32 * 8;
/// Sessions that a server keeps.
const SERVER_SESSIONS: usize = 256;

/// rustls without its `std` feature asks for a mutex.
struct StdMutex;

struct StdLock<T>(Mutex<T>);

impl MakeMutex for StdMutex {
    fn make_mutex<T: Send + 'static>(value: T) -> Arc<dyn Lock<T>> {
        Arc::new(StdLock(Mutex::new(value)))
    }
}

impl<T: Send> Lock<T> for StdLock<T> {
    fn lock(&self) -> Result<MutexGuard<'_, T>, Poisoned> {
        Ok(Box::new(self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl<T> fmt::Debug for StdLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StdLock")
    }
}
