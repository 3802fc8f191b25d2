//! A TLS connection without I/O.
//!
//! Ciphertext goes in through [`receive_space`](Protocol::receive_space) and
//! [`received`](Protocol::received), comes out through [`to_send`](Protocol::to_send) and
//! [`sent`](Connection::sent); plaintext through [`read`](Protocol::read) and
//! [`write`](Protocol::write). Records are decrypted where they were received and their plaintext
//! is copied once, to where it is read.
//!
//! | file | what |
//! |---|---|
//! | `mod.rs` | our connection |
//! | `library.rs` | what it needs of a TLS library |
//! | `rustls_0_23.rs` | this of rustls 0.23, and the only file that uses rustls' connections |
//! | `own/` | the same by the engine's own handshake, for what rustls lacks: pre-shared keys |
//! | `gate.rs`, `alerts.rs` | what rustls 0.23 does not look at, and the alerts that it sends otherwise or not at all |
//! | `alert_record.rs` | an alert that is sent beside the library |
//! | `running_verifier.rs` | the verifier of the connection that is running |
//! | `sessions.rs` | where sessions are kept to be resumed |
//! | `stream.rs` | MicroPython's rules on top |

mod alert_record;
mod alerts;
mod gate;
mod library;
mod own;
mod running_verifier;
mod rustls_0_23;
pub(crate) mod sessions;
mod stream;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

use rustls::{CipherSuite, ClientConfig, HandshakeKind, NamedGroup, ProtocolVersion, ServerConfig};
use rustls_pki_types::{CertificateDer, ServerName};

use crate::buffer::Buffer;
use crate::error::Error;
use crate::handshake;
use crate::stream::{Protocol, Read, State};
use crate::verify::PeerVerifier;
use library::{Facts, Library, RECORD_HEADER, Work, Write, missing};
use own::Own;
use rustls_0_23::Rustls;

pub(crate) use running_verifier::RunningVerifier;
pub use stream::TlsStream;

/// One TLS connection, client or server, sans-IO.
///
/// Every error is final: it is returned again by every later call, and the alert it causes waits in
/// [`to_send`](Protocol::to_send).
pub struct Connection {
    library: Box<dyn Library + Send + Sync>,
    verifier: Arc<PeerVerifier>,
    incoming: Buffer,
    outgoing: Buffer,
    /// What did not fit where the program read to.
    plaintext: Buffer,
    progress: Progress,
    /// How much of what waits to be sent was there before the program had to decide about the peer.
    held: Option<usize>,
    state: State,
}

impl Connection {
    /// A client that will send `server_hostname` as SNI if it can be a DNS name.
    pub(crate) fn client(config: Arc<ClientConfig>, server_hostname: Option<&[u8]>, verifier: Arc<PeerVerifier>) -> Result<Self, Error> {
        let name = server_hostname.and_then(|name| ServerName::try_from(name).ok()).map(|name| name.to_owned());
        let library = RunningVerifier::run(&verifier, || Rustls::client(config, name))?;
        Ok(Self::new(Box::new(library), verifier))
    }

    /// A server that waits for a ClientHello.
    pub(crate) fn server(config: Arc<ServerConfig>, verifier: Arc<PeerVerifier>) -> Result<Self, Error> {
        let library = RunningVerifier::run(&verifier, || Rustls::server(config))?;
        Ok(Self::new(Box::new(library), verifier))
    }

    /// A client or a server of TLS 1.2 that rustls cannot be.
    pub(crate) fn own(config: handshake::Config) -> Self {
        let verifier = config.verifier.clone();
        Self::new(Box::new(Own::new(config)), verifier)
    }

    fn new(library: Box<dyn Library + Send + Sync>, verifier: Arc<PeerVerifier>) -> Self {
        Self {
            library,
            verifier,
            incoming: Buffer::default(),
            outgoing: Buffer::default(),
            plaintext: Buffer::default(),
            progress: Progress::default(),
            held: None,
            state: State::default(),
        }
    }

    /// How many more bytes complete what is being received: the header of a record, or the record
    /// whose header is here.
    ///
    /// For transports that must not be read ahead of.
    pub fn missing(&self) -> usize {
        self.library.missing(self.incoming.filled())
    }

    /// The first `count` bytes of [`to_send`](Protocol::to_send) were sent.
    pub fn sent(&mut self, count: usize) {
        self.outgoing.consume(count.min(self.to_send().len()));
        self.outgoing.release();
    }

    /// As [`read`](Protocol::read), and not beyond the end of a line: what is there of one, with
    /// its newline.
    ///
    /// # Errors
    /// As [`read`](Protocol::read).
    pub fn read_line(&mut self, out: &mut [u8]) -> Result<Read, Error> {
        if self.plaintext.is_empty() && !out.is_empty() {
            // Kept whole, to be looked at before it is read.
            self.advance(&mut [], None)?;
        }
        let plaintext = self.plaintext.filled();
        let line = plaintext.iter().take(out.len()).position(|byte| *byte == b'\n').map_or(out.len(), |at| at + 1);
        self.read(&mut out[..line], ())
    }

    /// Plaintext of one record that is decrypted and not read: what the next reads return, whatever
    /// comes after it.
    pub fn plaintext(&self) -> &[u8] {
        self.plaintext.filled()
    }

    /// The first `count` bytes of [`plaintext`](Self::plaintext) were read there.
    pub fn consume_plaintext(&mut self, count: usize) {
        self.plaintext.consume(count);
        self.plaintext.release();
    }

    /// Memory that the connection's buffers hold, in bytes; none while it is idle.
    pub fn buffered(&self) -> usize {
        self.incoming.capacity() + self.outgoing.capacity() + self.plaintext.capacity()
    }

    /// The negotiated suite and version, once they are known.
    pub fn negotiated(&self) -> Option<(CipherSuite, ProtocolVersion)> {
        let Facts { suite, version, .. } = self.library.facts();
        Some((suite?, version?))
    }

    /// The negotiated key exchange group.
    pub fn key_exchange_group(&self) -> Option<NamedGroup> {
        self.library.facts().key_exchange_group
    }

    /// The protocol chosen by ALPN.
    pub fn alpn_protocol(&self) -> Option<&[u8]> {
        self.library.facts().alpn_protocol
    }

    /// Full, resumed, or with a HelloRetryRequest; once it is known.
    pub fn handshake_kind(&self) -> Option<HandshakeKind> {
        self.library.facts().kind
    }

    /// The peer's certificates as it sent them, leaf first, also where they were refused; empty if
    /// it sent none.
    pub fn peer_certificates(&self) -> &[CertificateDer<'static>] {
        self.library.facts().peer_certificates.unwrap_or_else(|| self.verifier.refused_certificates())
    }

    /// What the peer's certificate says, once the handshake is complete; see
    /// [`PeerVerifier::description`].
    pub fn peer_description(&self) -> Option<String> {
        if self.is_handshaking() || self.state.has_failed() { None } else { self.verifier.description(self.peer_certificates()) }
    }
}

impl Protocol for Connection {
    type Now = ();

    fn state(&self) -> &State {
        &self.state
    }

    fn state_mut(&mut self) -> &mut State {
        &mut self.state
    }

    fn handshake(&mut self, (): ()) -> Result<bool, Error> {
        self.advance(&mut [], None)?;
        self.check_end()?;
        Ok(!self.is_handshaking())
    }

    /// Goes on with the handshake first if it is not complete. Truncation (the transport ends
    /// without close_notify) is not an error: MicroPython shows it as end of file.
    fn read(&mut self, out: &mut [u8], (): ()) -> Result<Read, Error> {
        if out.is_empty() {
            return Ok(Read::Data(0));
        }
        let mut count = self.plaintext.drain_into(out);
        if count == 0 {
            count = self.advance(out, None)?;
        }
        if self.plaintext.is_empty() {
            self.plaintext.release();
        }
        if count > 0 {
            return Ok(Read::Data(count));
        }
        self.check_end()?;
        Ok(if self.progress.peer_closed || self.progress.transport_ended { Read::Closed } else { Read::Blocked })
    }

    /// In records of at most 16 KiB.
    fn write(&mut self, data: &[u8], (): ()) -> Result<(), Error> {
        self.state.check()?;
        if self.is_handshaking() {
            return Err(Error::BadInputData);
        }
        self.advance(&mut [], Some(Write::Data(data))).map(drop)
    }

    fn close_notify(&mut self) -> Result<(), Error> {
        if self.is_handshaking() {
            return Ok(());
        }
        self.advance(&mut [], Some(Write::CloseNotify)).map(drop)
    }

    fn is_handshaking(&self) -> bool {
        self.held.is_some() || self.library.is_handshaking()
    }

    fn has_plaintext(&mut self) -> bool {
        // An error met here is kept and returned by the next read.
        self.plaintext.is_empty() && !self.incoming.is_empty() && self.advance(&mut [], None).is_err()
            || !self.plaintext.is_empty()
            || self.progress.peer_closed
    }

    fn to_send(&self) -> &[u8] {
        if self.held.is_some() { &[] } else { self.outgoing.filled() }
    }

    fn discard_outgoing(&mut self) {
        self.held = None;
        self.sent(usize::MAX);
    }

    fn receive_space(&mut self, wanted: usize) -> &mut [u8] {
        self.incoming.spare(wanted.max(1))
    }

    fn received(&mut self, count: usize) {
        self.incoming.fill(count);
        if self.state.has_failed() {
            self.ignore_incoming();
        }
    }

    fn received_eof(&mut self) {
        self.progress.transport_ended = true;
    }

    fn release(&mut self) {
        self.incoming.release();
    }

    fn verifier(&self) -> &PeerVerifier {
        &self.verifier
    }

    fn is_undecided(&self) -> bool {
        self.verifier.is_undecided() || self.psk_identity().is_some()
    }

    fn abandon_decision(&mut self) {
        self.verifier.abandon_decision();
        self.library.abandon_psk();
    }

    /// The alert takes the place of what rustls, which took the peer for accepted, has queued
    /// since.
    fn decide(&mut self, verdict: Option<i32>) -> Result<(), Error> {
        let decided = self.verifier.decide(verdict);
        let (held, secret) = (self.held.take(), self.verifier.take_secret());
        let Err(error) = decided else { return Ok(()) };
        self.outgoing.truncate(held.unwrap_or_default());
        if let Some(alert) = error.alert() {
            self.outgoing.extend(&self.library.alert_record(alert, secret));
        }
        Err(self.fail(error))
    }

    fn psk_identity(&self) -> Option<&[u8]> {
        self.library.psk_identity()
    }

    fn provide_psk(&mut self, key: Option<&[u8]>) -> Result<(), Error> {
        self.held = None;
        self.library.provide_psk(key, &mut self.outgoing).map_err(|error| self.fail(error))
    }
}

impl Connection {
    /// Processes what was received until there is plaintext, nothing left to do, or an error; then
    /// writes, if that was asked for.
    ///
    /// Returns how much plaintext went to `out`; what does not fit is kept.
    fn advance(&mut self, out: &mut [u8], write: Option<Write<'_>>) -> Result<usize, Error> {
        self.state.check()?;
        if self.held.is_some() {
            return Ok(0);
        }
        let work = Work {
            outgoing: &mut self.outgoing,
            plaintext: &mut self.plaintext,
            out,
            write,
            undecided: Some(&*self.verifier).filter(|_| !self.progress.complete),
            held: &mut self.held,
            peer_closed: &mut self.progress.peer_closed,
        };
        match RunningVerifier::run(&self.verifier, || self.library.advance(&mut self.incoming, work)) {
            Ok(delivered) => {
                self.incoming.release();
                if self.held.is_none() {
                    self.check_session()?;
                }
                Ok(delivered)
            }
            Err(error) => {
                self.verifier.abandon_decision();
                Err(self.fail(error))
            }
        }
    }

    /// A session is resumed without being verified again, so the settings that it was verified by
    /// must still be those of the context.
    fn check_session(&mut self) -> Result<(), Error> {
        if self.progress.complete || self.is_handshaking() {
            return Ok(());
        }
        self.progress.complete = true;
        match self.handshake_kind() {
            Some(HandshakeKind::Resumed) if self.verifier.is_outdated() => Err(self.fail(Error::HandshakeFailure)),
            _ => Ok(()),
        }
    }

    /// Neither the peer nor the transport may end while the handshake goes on.
    fn check_end(&mut self) -> Result<(), Error> {
        match self.progress {
            _ if !self.is_handshaking() => Ok(()),
            Progress { peer_closed: true, .. } => Err(self.fail(Error::PeerCloseNotify)),
            Progress { transport_ended: true, .. } => Err(self.fail(Error::ConnEof)),
            _ => Ok(()),
        }
    }

    fn fail(&mut self, error: Error) -> Error {
        self.ignore_incoming();
        self.state.fail(error)
    }

    fn ignore_incoming(&mut self) {
        self.incoming.consume(usize::MAX);
        self.incoming.release();
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("handshaking", &self.is_handshaking())
            .field("progress", &self.progress)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Progress {
    complete: bool,
    peer_closed: bool,
    transport_ended: bool,
}

/// Whether a client can be for this server: its name can be sent as SNI, or need not be sent. The
/// empty name is the name of nobody.
pub(crate) fn is_server_name(name: &[u8]) -> bool {
    name.is_empty() || ServerName::try_from(name).is_ok()
}

/// The name as SNI: DNS names only (RFC 6066, section 3).
pub(crate) fn sni(server_hostname: Option<&[u8]>) -> Option<ServerName<'static>> {
    match ServerName::try_from(server_hostname?).ok()? {
        name @ ServerName::DnsName(_) => Some(name.to_owned()),
        _ => None,
    }
}
