//! What a program sets once and many connections share: MicroPython's `tls.SSLContext`.

mod rustls_config;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::RangeInclusive;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ServerConfig, SupportedCipherSuite};
use rustls_pki_types::UnixTime;
use spin::{Mutex, Once};

use crate::ciphers;
use crate::crypto;
use crate::dtls::{self, CookieSecret, DtlsConnection};
use crate::error::Error;
use crate::handshake::{self, Psk, Psks};
use crate::identity::{Identity, parse_private_key};
use crate::key_log::KeyLog;
use crate::room;
use crate::tls::{Connection, is_server_name, sni};
use crate::verify::{Endpoint, PeerVerifier, VerifySettings};

/// The settings of a TLS endpoint, as `tls.SSLContext` has them; makes [`Connection`]s.
///
/// A connection takes the settings as they are when it is made; only [`verify`](Self::verify)
/// (mode, trust anchors, callback) is shared with connections that live already, as in MicroPython.
pub struct Context {
    endpoint: Endpoint,
    verify: Arc<VerifySettings>,
    clock: Arc<Clock>,
    identity: Option<Arc<CertifiedKey>>,
    /// What rustls has; the suites are those that it knows.
    provider: Arc<CryptoProvider>,
    suites: Arc<[SupportedCipherSuite]>,
    /// Did a program name the suites?
    named: bool,
    psks: Psks,
    versions: Versions,
    alpn: Vec<Vec<u8>>,
    dtls_mtu: usize,
    /// Made for the first DTLS server.
    cookies: Once<Arc<CookieSecret>>,
    key_log: Arc<KeyLog>,
    resumption: bool,
    /// What rustls is configured with, until a setting changes. With it go the sessions: one is
    /// resumed without being verified again, so it must not outlive the settings that it was
    /// verified by.
    config: Mutex<Option<(u64, Config)>>,
}

/// A version of TLS that the engine speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// TLS 1.2, RFC 5246.
    Tls12,
    /// TLS 1.3, RFC 8446.
    Tls13,
}

impl Context {
    /// A context for one side of connections. Clients verify their peer (`CERT_REQUIRED`), servers
    /// ask for no certificate (`CERT_NONE`).
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            verify: Arc::new(VerifySettings::new(endpoint)),
            clock: Arc::new(Clock::default()),
            identity: None,
            provider: Arc::new(crypto::provider()),
            suites: ciphers::default().into(),
            named: false,
            psks: Psks::default(),
            versions: Versions { lowest: Version::Tls12, highest: Version::Tls13 },
            alpn: Vec::new(),
            dtls_mtu: DTLS_MTU,
            cookies: Once::new(),
            key_log: Arc::new(KeyLog::new(false)),
            resumption: true,
            config: Mutex::default(),
        }
    }

    /// Which side the connections of this context are.
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint
    }

    /// How peers are verified: mode, trust anchors, callback.
    pub fn verify(&self) -> &Arc<VerifySettings> {
        &self.verify
    }

    /// Sets the time, in seconds since 1970, UTC. Certificates are checked against it.
    pub fn set_time(&self, unix_seconds: u64) {
        self.clock.0.store(unix_seconds, Ordering::Relaxed);
    }

    /// Loads the certificate chain (leaf first) and private key of this endpoint, DER or PEM.
    ///
    /// As in MicroPython the key is parsed first, and nothing checks that the two belong together.
    /// Called again, it appends to the chain, which is how programs load intermediates from DER,
    /// and the last key counts.
    ///
    /// # Errors
    /// [`Error::InvalidKey`], [`Error::InvalidCert`], [`Error::AllocFailed`].
    pub fn load_cert_chain(&mut self, certificates: &[u8], key: &[u8]) -> Result<(), Error> {
        room::check(certificates.len() + key.len())?;
        let mut identity = Identity::parse(certificates, key)?;
        if let Some(earlier) = &self.identity {
            identity.chain.splice(0..0, earlier.cert.iter().cloned());
        }
        self.identity = Some(identity.into_certified_key());
        self.settings_changed();
        Ok(())
    }

    /// Can [`load_cert_chain`](Self::load_cert_chain) read this private key? For shells that look
    /// at the type of the certificates' argument after the key, as MicroPython does.
    ///
    /// # Errors
    /// [`Error::InvalidKey`], [`Error::AllocFailed`].
    pub fn check_private_key(&self, key: &[u8]) -> Result<(), Error> {
        room::check(key.len())?;
        parse_private_key(key).map(drop)
    }

    /// Restricts later connections to these suites, in this order of preference; see [`ciphers`]
    /// for the names.
    ///
    /// # Errors
    /// [`Error::BadConfig`] for an unknown name or an empty list; the suites stay as they were.
    pub fn set_ciphers<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) -> Result<(), Error> {
        self.set_suites(ciphers::select(names)?);
        self.named = true;
        Ok(())
    }

    /// Sets the pre-shared key of later connections, and the identity that it is known under: a
    /// client's own, or the one that a server takes from all clients. They use suites with such a
    /// key only, unless a program named others before; there is no way back.
    ///
    /// # Errors
    /// [`Error::BadInputData`] for an empty key, a key of more than 48 bytes, and an identity of
    /// more than 4096 bytes; all stays as it was.
    pub fn set_psk(&mut self, identity: &[u8], key: &[u8]) -> Result<(), Error> {
        self.psks.own = Some(Arc::new(Psk::new(identity, key)?));
        self.require_psk();
        Ok(())
    }

    /// Has later connections of a server ask for the pre-shared key of each client's identity; see
    /// [`Stream::psk_identity`](crate::stream::Stream::psk_identity). It restricts the suites as
    /// [`set_psk`](Self::set_psk) does.
    pub fn ask_for_psks(&mut self) {
        self.psks.asks = true;
        self.require_psk();
    }

    fn require_psk(&mut self) {
        if !self.named {
            self.set_suites(ciphers::default_psk());
        }
    }

    fn set_suites(&mut self, suites: Vec<SupportedCipherSuite>) {
        let known = suites.iter().copied().filter(|suite| !crypto::suites::is_psk(suite.suite())).collect();
        self.provider = Arc::new(CryptoProvider { cipher_suites: known, ..crypto::provider() });
        self.suites = suites.into();
        self.settings_changed();
    }

    /// The lowest and highest version that later connections speak.
    pub fn versions(&self) -> (Version, Version) {
        (self.versions.lowest, self.versions.highest)
    }

    /// Sets the lowest and highest version that later connections speak.
    ///
    /// # Errors
    /// [`Error::BadConfig`] if the lowest is above the highest; the versions stay as they were.
    pub fn set_versions(&mut self, lowest: Version, highest: Version) -> Result<(), Error> {
        if lowest > highest {
            return Err(Error::BadConfig);
        }
        self.versions = Versions { lowest, highest };
        self.settings_changed();
        Ok(())
    }

    /// Protocols to negotiate by ALPN (RFC 7301), most wanted first; none by default.
    ///
    /// # Errors
    /// [`Error::BadConfig`] if a name is empty or longer than 255 bytes; the list stays as it was.
    pub fn set_alpn_protocols(&mut self, protocols: Vec<Vec<u8>>) -> Result<(), Error> {
        if protocols.iter().any(|name| name.is_empty() || name.len() > 255) {
            return Err(Error::BadConfig);
        }
        self.alpn = protocols;
        self.settings_changed();
        Ok(())
    }

    /// Whether later connections resume sessions, or shake hands in full each time; they resume by
    /// default.
    pub fn set_session_resumption(&mut self, enabled: bool) {
        self.resumption = enabled;
        self.settings_changed();
    }

    /// Whether the secrets of later connections are kept for [`key_log`](Self::key_log), for tools
    /// that decrypt captures; they are not by default.
    pub fn set_key_log(&mut self, enabled: bool) {
        self.key_log = Arc::new(KeyLog::new(enabled));
        self.settings_changed();
    }

    /// The key log of later connections.
    pub fn key_log(&self) -> &Arc<KeyLog> {
        &self.key_log
    }

    /// A connection that has sent and received nothing yet.
    ///
    /// `server_hostname` is what the peer's certificate is checked against and what a client sends
    /// as SNI; `server_side` is MicroPython's argument of that name, which only decides whether a
    /// missing name is an error.
    ///
    /// # Errors
    /// [`Error::HostnameRequired`] or [`Error::CheckHostname`] without a name where the peer must
    /// be verified, [`Error::BadInputData`] for a name of more than 255 bytes,
    /// [`Error::ServerName`] for one that a client cannot send, [`Error::BadConfig`] if the suites
    /// and versions leave nothing to negotiate, or ask for ALPN with a pre-shared key,
    /// [`Error::AllocFailed`].
    pub fn connect(&self, server_hostname: Option<&[u8]>, server_side: bool) -> Result<Connection, Error> {
        room::check(0)?;
        if self.suites.iter().any(|suite| crypto::suites::is_psk(suite.suite())) && self.psks.is_some() {
            return Ok(Connection::own(self.handshake(server_hostname, server_side)?));
        }
        let verifier = self.verifier(server_hostname, server_side)?;
        match self.config()? {
            Config::Client(config) => Connection::client(config, server_hostname, verifier),
            Config::Server(config) => Connection::server(config, verifier),
        }
    }

    /// Makes the key share of the next connection now, when there is nothing else to do: while a
    /// transport is being opened. Nothing happens where no connection of this context would begin
    /// with one: for servers, and without TLS 1.3.
    pub fn prepare_key_share(&self) {
        let tls13 = self.versions.highest == Version::Tls13 && self.provider.cipher_suites.iter().any(|suite| suite.tls13().is_some());
        if self.endpoint == Endpoint::Client && tls13 && room::check(0).is_ok() {
            // What fails here fails again in the connection, which reports it.
            _ = crypto::key_share::prepare();
        }
    }

    /// The longest datagram that DTLS handshakes of later connections send, in bytes.
    pub fn dtls_mtu(&self) -> usize {
        self.dtls_mtu
    }

    /// Sets the longest datagram of a DTLS handshake, without IP and UDP headers: 64 to 65507
    /// bytes, 1200 by default. What a program writes is not cut: one write is one datagram.
    ///
    /// # Errors
    /// [`Error::BadConfig`] for any other number; it stays as it was.
    pub fn set_dtls_mtu(&mut self, bytes: usize) -> Result<(), Error> {
        if !DTLS_MTUS.contains(&bytes) {
            return Err(Error::BadConfig);
        }
        self.dtls_mtu = bytes;
        Ok(())
    }

    /// A DTLS 1.2 connection that has sent and received nothing yet.
    ///
    /// As [`connect`](Self::connect); `client_id` names the client whom a server talks to (its
    /// address, in any form) and is required there: the cookie that a client must show is good for
    /// it alone.
    ///
    /// # Errors
    /// As [`connect`](Self::connect); [`Error::BadInputData`] for a server without `client_id`,
    /// [`Error::BadConfig`] if the settings exclude TLS 1.2 or ask for ALPN.
    pub fn connect_datagram(
        &self,
        server_hostname: Option<&[u8]>,
        server_side: bool,
        client_id: Option<&[u8]>,
    ) -> Result<DtlsConnection, Error> {
        room::check(0)?;
        let listening = match self.endpoint {
            Endpoint::Client => None,
            Endpoint::Server => {
                let client_id = client_id.ok_or(Error::BadInputData)?.to_vec();
                Some(dtls::Listening { cookies: self.cookies()?, client_id })
            }
        };
        let handshake = self.handshake(server_hostname, server_side)?;
        Ok(DtlsConnection::new(dtls::Config { handshake, listening, mtu: self.dtls_mtu }))
    }

    /// The settings of a handshake of ours, TLS 1.2 or DTLS 1.2.
    fn handshake(&self, server_hostname: Option<&[u8]>, server_side: bool) -> Result<handshake::Config, Error> {
        let side = match self.endpoint {
            Endpoint::Client => {
                handshake::Side::Client { server_name: server_hostname.filter(|_| sni(server_hostname).is_some()).map(<[u8]>::to_vec) }
            }
            Endpoint::Server => handshake::Side::Server,
        };
        let config = handshake::Config {
            side,
            provider: self.provider.clone(),
            suites: self.suites.clone(),
            psks: self.psks.clone(),
            identity: self.identity.clone(),
            verifier: self.verifier(server_hostname, server_side)?,
            clock: self.clock.clone(),
            key_log: self.key_log.clone(),
        };
        if self.versions.lowest > Version::Tls12 || config.suites().next().is_none() || !self.alpn.is_empty() {
            return Err(Error::BadConfig);
        }
        Ok(config)
    }

    fn cookies(&self) -> Result<Arc<CookieSecret>, Error> {
        match self.cookies.get() {
            Some(secret) => Ok(secret.clone()),
            None => {
                let secret = Arc::new(CookieSecret::generate()?);
                Ok(self.cookies.call_once(|| secret).clone())
            }
        }
    }

    fn settings_changed(&mut self) {
        self.config = Mutex::default();
    }

    fn config(&self) -> Result<Config, Error> {
        let generation = self.verify.generation();
        let mut cached = self.config.lock();
        match &*cached {
            Some((made_for, config)) if *made_for == generation => Ok(config.clone()),
            _ => {
                let config = match self.endpoint {
                    Endpoint::Client => Config::Client(Arc::new(self.client_config()?)),
                    Endpoint::Server => Config::Server(Arc::new(self.server_config()?)),
                };
                *cached = Some((generation, config.clone()));
                Ok(config)
            }
        }
    }

    fn verifier(&self, server_hostname: Option<&[u8]>, server_side: bool) -> Result<Arc<PeerVerifier>, Error> {
        match server_hostname {
            None if self.verify.insists_on_name() => Err(Error::CheckHostname),
            None if self.verify.is_required() && !self.verify.ignores_name() && !server_side => Err(Error::HostnameRequired),
            Some(name) if name.len() > MAX_HOSTNAME => Err(Error::BadInputData),
            Some(name) if self.endpoint == Endpoint::Client && !is_server_name(name) => Err(Error::ServerName),
            _ => Ok(Arc::new(PeerVerifier::new(self.verify.clone(), self.endpoint, server_hostname.map(<[u8]>::to_vec)))),
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("endpoint", &self.endpoint).field("versions", &self.versions).finish_non_exhaustive()
    }
}

/// `MBEDTLS_SSL_MAX_HOST_NAME_LEN`
const MAX_HOSTNAME: usize = 255;

/// What passes on every path that carries IPv6.
const DTLS_MTU: usize = 1200;
/// The smallest that has room for a handshake's headers, the largest that UDP over IPv4 has.
const DTLS_MTUS: RangeInclusive<usize> = 64..=65507;

#[derive(Clone)]
enum Config {
    Client(Arc<ClientConfig>),
    Server(Arc<ServerConfig>),
}

#[derive(Clone, Copy, Debug)]
struct Versions {
    lowest: Version,
    highest: Version,
}

/// The time that the shell has set last.
#[derive(Debug, Default)]
struct Clock(AtomicU64);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.0.load(Ordering::Relaxed))))
    }
}
