//! Where sessions are kept to be resumed (RFC 8446, section 2.2; RFC 5246, section 7.3): in memory, a bounded number.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use rustls::client::{ClientSessionMemoryCache, Resumption};
use rustls::lock::{Lock, MakeMutex, MutexGuard, Poisoned};
use rustls::server::{ServerSessionMemoryCache, StoresServerSessions};
use spin::Mutex;

/// A client's sessions, by server.
pub(crate) fn of_client() -> Resumption {
    Resumption::store(Arc::new(ClientSessionMemoryCache::new::<SpinMutex>(TICKETS)))
}

/// A server's sessions.
pub(crate) fn of_server() -> Arc<dyn StoresServerSessions> {
    ServerSessionMemoryCache::new::<SpinMutex>(SERVER_SESSIONS)
}

/// Tickets that a client keeps: rustls keeps eight for each server.
const TICKETS: usize = 32 * 8;
/// Sessions that a server keeps.
const SERVER_SESSIONS: usize = 256;

/// rustls without its `std` feature asks for a mutex.
struct SpinMutex;

struct SpinLock<T>(Mutex<T>);

impl MakeMutex for SpinMutex {
    fn make_mutex<T: Send + 'static>(value: T) -> Arc<dyn Lock<T>> {
        Arc::new(SpinLock(Mutex::new(value)))
    }
}

impl<T: Send> Lock<T> for SpinLock<T> {
    fn lock(&self) -> Result<MutexGuard<'_, T>, Poisoned> {
        Ok(Box::new(self.0.lock()))
    }
}

impl<T> fmt::Debug for SpinLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpinLock")
    }
}
