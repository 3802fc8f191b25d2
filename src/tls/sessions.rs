//! Where sessions are kept to be resumed (RFC 8446, section 2.2; RFC 5246, section 7.3): in memory,
//! a bounded number, and none for longer than its [`Lifetime`]. A session that has
//! ended is neither offered nor accepted, so that a full handshake verifies the certificates again.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use rustls::NamedGroup;
use rustls::client::{ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::server::StoresServerSessions;
use rustls::time_provider::TimeProvider;
use rustls_pki_types::ServerName;
use spin::Mutex;

use super::RunningVerifier;
use crate::verify::Lifetime;

/// A client's sessions, by server.
pub(crate) fn of_client(clock: Arc<dyn TimeProvider>) -> Resumption {
    Resumption::store(Arc::new(ClientSessions { clock, servers: Mutex::default() }))
}

/// A server's sessions.
pub(crate) fn of_server(clock: Arc<dyn TimeProvider>) -> Arc<dyn StoresServerSessions> {
    Arc::new(ServerSessions { clock, sessions: Mutex::default() })
}

/// Servers that a client keeps sessions of.
const SERVERS: usize = 32;
/// Tickets of TLS 1.3 that a client keeps for each.
const TICKETS: usize = 8;
/// Sessions that a server keeps.
const SERVER_SESSIONS: usize = 256;

/// The newest of what was pushed, at most `most`.
fn push<T>(queue: &mut VecDeque<T>, most: usize, item: T) {
    if queue.len() == most {
        queue.pop_front();
    }
    queue.push_back(item);
}

/// What can be resumed, and until when.
struct Kept<T> {
    session: T,
    lifetime: Lifetime,
}

impl<T> Kept<T> {
    /// A session of the connection that is running.
    fn new(session: T, clock: &dyn TimeProvider) -> Self {
        let lifetime = RunningVerifier::peer().and_then(|peer| peer.lifetime()).unwrap_or_else(|| Lifetime::since(now(clock)));
        Self { session, lifetime }
    }

    /// The session, for the connection that is running, unless its lifetime is over.
    fn resume(self, clock: &dyn TimeProvider) -> Option<T> {
        if !self.lifetime.contains(now(clock)) {
            return None;
        }
        RunningVerifier::peer()?.resume(self.lifetime);
        Some(self.session)
    }
}

fn now(clock: &dyn TimeProvider) -> u64 {
    clock.current_time().map_or(u64::MAX, |time| time.as_secs())
}

struct ClientSessions {
    clock: Arc<dyn TimeProvider>,
    servers: Mutex<VecDeque<Server>>,
}

struct Server {
    name: ServerName<'static>,
    group: Option<NamedGroup>,
    tls12: Option<Kept<Tls12ClientSessionValue>>,
    /// The oldest first.
    tls13: VecDeque<Kept<Tls13ClientSessionValue>>,
}

impl ClientSessions {
    fn edit(&self, name: ServerName<'static>, change: impl FnOnce(&mut Server)) {
        let mut servers = self.servers.lock();
        match servers.iter_mut().find(|server| server.name == name) {
            Some(server) => change(server),
            None => {
                let mut server = Server { name, group: None, tls12: None, tls13: VecDeque::new() };
                change(&mut server);
                push(&mut servers, SERVERS, server);
            }
        }
    }

    fn find<T>(&self, name: &ServerName<'_>, get: impl FnOnce(&mut Server) -> Option<T>) -> Option<T> {
        self.servers.lock().iter_mut().find(|server| server.name == *name).and_then(get)
    }
}

impl ClientSessionStore for ClientSessions {
    fn set_kx_hint(&self, name: ServerName<'static>, group: NamedGroup) {
        self.edit(name, |server| server.group = Some(group));
    }

    /// None for X25519, whose share goes out in any case: alone, it makes a server that prefers the
    /// hybrid ask for another ClientHello. rustls withdraws a session from that one if the server's
    /// suite has another hash, and a server of rustls refuses the client for it.
    fn kx_hint(&self, name: &ServerName<'_>) -> Option<NamedGroup> {
        self.find(name, |server| server.group).filter(|group| *group != NamedGroup::X25519)
    }

    fn set_tls12_session(&self, name: ServerName<'static>, session: Tls12ClientSessionValue) {
        let kept = Kept::new(session, &*self.clock);
        self.edit(name, |server| server.tls12 = Some(kept));
    }

    fn tls12_session(&self, name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.find(name, |server| {
            let Kept { session, lifetime } = server.tls12.as_ref()?;
            Kept { session: session.clone(), lifetime: *lifetime }.resume(&*self.clock)
        })
    }

    fn remove_tls12_session(&self, name: &ServerName<'static>) {
        self.find(name, |server| server.tls12.take());
    }

    fn insert_tls13_ticket(&self, name: ServerName<'static>, ticket: Tls13ClientSessionValue) {
        let kept = Kept::new(ticket, &*self.clock);
        self.edit(name, |server| push(&mut server.tls13, TICKETS, kept));
    }

    fn take_tls13_ticket(&self, name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        // The newest is the last to end; older ones that have ended leave with the next that come.
        self.find(name, |server| server.tls13.pop_back()?.resume(&*self.clock))
    }
}

impl fmt::Debug for ClientSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSessions")
    }
}

struct ServerSessions {
    clock: Arc<dyn TimeProvider>,
    /// The oldest first.
    sessions: Mutex<VecDeque<Keyed>>,
}

/// A session of a server, and what its client asks for it with.
struct Keyed {
    key: Vec<u8>,
    kept: Kept<Vec<u8>>,
}

impl StoresServerSessions for ServerSessions {
    fn put(&self, key: Vec<u8>, session: Vec<u8>) -> bool {
        let kept = Kept::new(session, &*self.clock);
        let mut sessions = self.sessions.lock();
        sessions.retain(|known| known.key != key);
        push(&mut sessions, SERVER_SESSIONS, Keyed { key, kept });
        true
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        let sessions = self.sessions.lock();
        let Kept { session, lifetime } = &sessions.iter().find(|known| known.key == key)?.kept;
        Kept { session: session.clone(), lifetime: *lifetime }.resume(&*self.clock)
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        let mut sessions = self.sessions.lock();
        let index = sessions.iter().position(|known| known.key == key)?;
        sessions.remove(index)?.kept.resume(&*self.clock)
    }

    fn can_cache(&self) -> bool {
        true
    }
}

impl fmt::Debug for ServerSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerSessions")
    }
}
