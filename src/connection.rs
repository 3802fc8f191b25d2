//! A TLS connection without I/O. The only file that touches rustls' connection API.
//!
//! Ciphertext goes in through [`receive_space`](Connection::receive_space) and [`received`](Connection::received), comes out through
//! [`to_send`](Connection::to_send) and [`sent`](Connection::sent); plaintext through [`read`](Connection::read) and
//! [`write`](Connection::write). Records are decrypted where they were received and their plaintext is copied once, to where it is read.

mod alerts;
mod gate;

use alloc::sync::Arc;
use core::fmt;

use rustls::client::{Resumption, UnbufferedClientConnection};
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, InsufficientSizeError, ReadTraffic, UnbufferedStatus, WriteTraffic,
};
use rustls::{AlertDescription, CipherSuite, ClientConfig, HandshakeKind, NamedGroup, ProtocolVersion, ServerConfig};
use rustls_pki_types::{CertificateDer, IpAddr, Ipv4Addr, ServerName};

use crate::alert::alert_record;
use crate::buffer::Buffer;
use crate::crypto::noted;
use crate::error::Error;
use crate::stream::Protocol;
use crate::verify::{PeerVerifier, RunningVerifier};
use gate::{Gate, Stage};

/// Runs the same expression for a client's and a server's connection, whose types differ.
macro_rules! each {
    ($tls:expr, $name:ident => $body:expr) => {
        match $tls {
            Tls::Client($name) => $body,
            Tls::Server($name) => $body,
        }
    };
}

/// One TLS connection, client or server, sans-IO.
///
/// Every error is final: it is returned again by every later call, and the alert it causes waits in [`to_send`](Self::to_send).
pub struct Connection {
    tls: Tls,
    verifier: Arc<PeerVerifier>,
    incoming: Buffer,
    gate: Gate,
    outgoing: Buffer,
    /// What did not fit where the program read to.
    plaintext: Buffer,
    progress: Progress,
    /// How much of what waits to be sent was there before the program had to decide about the peer.
    held: Option<usize>,
    failure: Option<Error>,
}

/// What a read came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// This many bytes of plaintext were written to the caller's buffer, at least one unless the buffer was empty.
    Data(usize),
    /// The peer has ended its side: it sent close_notify, or its transport ended after the handshake.
    Closed,
    /// More ciphertext must be received first.
    Blocked,
}

impl Connection {
    /// A client that will say `server_hostname` as SNI if it can be a DNS name.
    pub(crate) fn client(config: Arc<ClientConfig>, server_hostname: Option<&[u8]>, verifier: Arc<PeerVerifier>) -> Result<Self, Error> {
        let (name, config) = match (server_hostname, server_hostname.map(ServerName::try_from)) {
            (_, Some(Ok(name))) => (name.to_owned(), config),
            // rustls keeps sessions by name: one server is not to see another's, only because neither has one that it could have.
            _ => (no_name(), Arc::new(without_sessions(&config))),
        };
        let tls = RunningVerifier::run(&verifier, || UnbufferedClientConnection::new(config, name));
        Ok(Self::new(Tls::Client(tls.map_err(|error| Error::from_rustls(&error, true))?), verifier))
    }

    /// A server that waits for a ClientHello.
    pub(crate) fn server(config: Arc<ServerConfig>, verifier: Arc<PeerVerifier>) -> Result<Self, Error> {
        let tls = RunningVerifier::run(&verifier, || UnbufferedServerConnection::new(config));
        Ok(Self::new(Tls::Server(tls.map_err(|error| Error::from_rustls(&error, true))?), verifier))
    }

    fn new(tls: Tls, verifier: Arc<PeerVerifier>) -> Self {
        Self {
            tls,
            verifier,
            incoming: Buffer::default(),
            gate: Gate::default(),
            outgoing: Buffer::default(),
            plaintext: Buffer::default(),
            progress: Progress::default(),
            held: None,
            failure: None,
        }
    }

    /// Room for received ciphertext: at least `wanted` bytes, at least one.
    pub fn receive_space(&mut self, wanted: usize) -> &mut [u8] {
        self.incoming.spare(wanted.max(1))
    }

    /// The first `count` bytes of [`receive_space`](Self::receive_space) were received.
    pub fn received(&mut self, count: usize) {
        self.incoming.fill(count);
        if self.failure.is_some() {
            self.ignore_incoming();
        }
    }

    /// The transport has ended; nothing more will be received.
    pub fn received_eof(&mut self) {
        self.progress.transport_ended = true;
    }

    /// Nothing will be received for a while: gives room back that was made for it.
    pub(crate) fn release(&mut self) {
        self.incoming.release();
    }

    /// How many more bytes complete what is being received: the header of a record, or the record whose header is here.
    ///
    /// For transports that must not be read ahead of.
    pub fn missing(&self) -> usize {
        let mut rest = self.gate.behind(self.incoming.filled());
        loop {
            let Some((header, body)) = rest.split_at_checked(RECORD_HEADER) else {
                return RECORD_HEADER - rest.len();
            };
            let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
            match body.get(length..) {
                Some([]) => return RECORD_HEADER,
                Some(next) => rest = next,
                None => return length - body.len(),
            }
        }
    }

    /// Nothing can be sent any more.
    pub(crate) fn discard_outgoing(&mut self) {
        self.held = None;
        self.sent(usize::MAX);
    }

    /// Ciphertext that waits to be sent, also after an error. Nothing while the program has to decide about the peer.
    pub fn to_send(&self) -> &[u8] {
        if self.held.is_some() { &[] } else { self.outgoing.filled() }
    }

    /// The first `count` bytes of [`to_send`](Self::to_send) were sent.
    pub fn sent(&mut self, count: usize) {
        self.outgoing.consume(count.min(self.to_send().len()));
        self.outgoing.release();
    }

    /// Goes on with the handshake as far as what was received allows; true when it is complete on this side.
    ///
    /// # Errors
    /// As [`Error::from_rustls`] and the verifier say; [`Error::PeerCloseNotify`], [`Error::ConnEof`] if the peer or the transport ended before.
    pub fn handshake(&mut self) -> Result<bool, Error> {
        self.advance(&mut [], None)?;
        self.check_end()?;
        Ok(!self.is_handshaking())
    }

    /// Reads decrypted bytes of at most one record into `out`; goes on with the handshake first if it is not complete.
    ///
    /// # Errors
    /// As [`handshake`](Self::handshake). Truncation (the transport ends without close_notify) is not an error: MicroPython shows it as end
    /// of file.
    pub fn read(&mut self, out: &mut [u8]) -> Result<Read, Error> {
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

    /// As [`read`](Self::read), and not beyond the end of a line: what is there of one, with its newline.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_line(&mut self, out: &mut [u8]) -> Result<Read, Error> {
        if self.plaintext.is_empty() && !out.is_empty() {
            // Kept whole, to be looked at before it is read.
            self.advance(&mut [], None)?;
        }
        let plaintext = self.plaintext.filled();
        let line = plaintext.iter().take(out.len()).position(|byte| *byte == b'\n').map_or(out.len(), |at| at + 1);
        self.read(&mut out[..line])
    }

    /// Plaintext of one record that is decrypted and not read: what the next reads return, whatever comes after it.
    pub fn plaintext(&self) -> &[u8] {
        self.plaintext.filled()
    }

    /// The first `count` bytes of [`plaintext`](Self::plaintext) were read there.
    pub fn consume_plaintext(&mut self, count: usize) {
        self.plaintext.consume(count);
        self.plaintext.release();
    }

    /// Is there plaintext that a read would return without receiving anything?
    pub fn has_plaintext(&mut self) -> bool {
        // An error met here is kept and returned by the next read.
        self.plaintext.is_empty() && !self.incoming.is_empty() && self.advance(&mut [], None).is_err()
            || !self.plaintext.is_empty()
            || self.progress.peer_closed
    }

    /// Goes on after the program's decision, or refuses the peer: an alert takes the place of what rustls, which took the peer for accepted,
    /// has queued since.
    ///
    /// # Errors
    /// As [`PeerVerifier::decide`].
    pub(crate) fn decide(&mut self, verdict: Option<i32>) -> Result<(), Error> {
        let decided = self.verifier.decide(verdict);
        let (held, secret) = (self.held.take(), self.verifier.take_secret());
        let Err(error) = decided else { return Ok(()) };
        self.outgoing.truncate(held.unwrap_or_default());
        if let Some(alert) = error.alert() {
            let suite = each!(&self.tls, tls => tls.negotiated_cipher_suite());
            self.outgoing.extend(&alert_record(alert, suite, secret));
        }
        Err(self.fail(error))
    }

    /// Encrypts all of `data` to [`to_send`](Self::to_send), in records of at most 16 KiB.
    ///
    /// # Errors
    /// [`Error::BadInputData`] before the handshake is complete (not final), an earlier error again.
    pub fn write(&mut self, data: &[u8]) -> Result<(), Error> {
        if self.is_handshaking() && self.failure.is_none() {
            return Err(Error::BadInputData);
        }
        self.advance(&mut [], Some(Write::Data(data))).map(drop)
    }

    /// Queues close_notify, once the handshake is complete; before, there is nothing to say.
    ///
    /// # Errors
    /// An earlier error again.
    pub fn close_notify(&mut self) -> Result<(), Error> {
        if self.is_handshaking() {
            return Ok(());
        }
        self.advance(&mut [], Some(Write::CloseNotify)).map(drop)
    }

    /// Has the handshake still to be completed?
    pub fn is_handshaking(&self) -> bool {
        self.held.is_some() || each!(&self.tls, tls => tls.is_handshaking())
    }

    /// Memory that the connection's buffers hold, in bytes; none while it is idle.
    pub fn buffered(&self) -> usize {
        self.incoming.capacity() + self.outgoing.capacity() + self.plaintext.capacity()
    }

    /// The error that ended the connection.
    pub fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    /// The negotiated suite and version, once they are known.
    pub fn negotiated(&self) -> Option<(CipherSuite, ProtocolVersion)> {
        let (suite, version) = each!(&self.tls, tls => (tls.negotiated_cipher_suite(), tls.protocol_version()));
        Some((suite?.suite(), version?))
    }

    /// The negotiated key exchange group.
    pub fn key_exchange_group(&self) -> Option<NamedGroup> {
        each!(&self.tls, tls => tls.negotiated_key_exchange_group()).map(|group| group.name())
    }

    /// The protocol chosen by ALPN.
    pub fn alpn_protocol(&self) -> Option<&[u8]> {
        each!(&self.tls, tls => tls.alpn_protocol())
    }

    /// Full, resumed, or with a HelloRetryRequest; once it is known.
    pub fn handshake_kind(&self) -> Option<HandshakeKind> {
        each!(&self.tls, tls => tls.handshake_kind())
    }

    /// The peer's certificates as it sent them, leaf first, also where they were refused; empty if it sent none.
    pub fn peer_certificates(&self) -> &[CertificateDer<'static>] {
        let accepted = each!(&self.tls, tls => tls.peer_certificates());
        accepted.unwrap_or_else(|| self.verifier.refused_certificates())
    }

    /// Processes what was received until there is plaintext, nothing left to do, or an error; then writes, if that was asked for.
    ///
    /// Returns how much plaintext went to `out`; what does not fit is kept.
    fn advance(&mut self, out: &mut [u8], write: Option<Write<'_>>) -> Result<usize, Error> {
        let verifier = self.verifier.clone();
        RunningVerifier::run(&verifier, || self.turn(out, write))
    }

    fn turn(&mut self, out: &mut [u8], write: Option<Write<'_>>) -> Result<usize, Error> {
        if let Some(failure) = &self.failure {
            return Err(failure.repeated());
        }
        if self.held.is_some() {
            return Ok(0);
        }
        let mut turn = Turn {
            outgoing: &mut self.outgoing,
            plaintext: &mut self.plaintext,
            peer_closed: &mut self.progress.peer_closed,
            out,
            delivered: 0,
            more: false,
            correction: None,
            alerted: false,
            write,
            undecided: Some(&*self.verifier).filter(|_| !self.progress.complete),
            held: &mut self.held,
        };
        let error = loop {
            let stage = each!(&self.tls, tls => Stage {
                is_server: matches!(self.tls, Tls::Server(_)),
                is_handshaking: tls.is_handshaking(),
                version: tls.protocol_version(),
            });
            let given = match self.gate.open(self.incoming.filled(), stage) {
                Ok((given, more)) => {
                    turn.more = more;
                    given
                }
                Err(error) => break error,
            };
            let incoming = &mut self.incoming.filled_mut()[..given];
            let (discard, result) = each!(&mut self.tls, tls => turn.take(tls.process_tls_records(incoming)));
            self.incoming.consume(discard);
            self.gate.consumed(discard);
            if noted::take_undecryptable() && result.is_ok() {
                self.incoming.consume(self.gate.skip());
            }
            match result {
                Ok(Next::Continue) => {}
                Ok(Next::More) => self.gate.wants_more(),
                Ok(Next::Stop) => {
                    if turn.delivered > 0 || !turn.plaintext.is_empty() {
                        self.gate.was_fruitful();
                    }
                    let delivered = turn.delivered;
                    self.incoming.release();
                    // rustls passes over one that is not authenticated, and would wait for ever.
                    self.progress.peer_closed |= self.gate.saw_close_notify() && self.is_handshaking();
                    if self.held.is_none() {
                        self.check_session()?;
                    }
                    return Ok(delivered);
                }
                Err(error) => break error,
            }
        };
        *turn.held = None;
        self.verifier.abandon_decision();
        turn.write = None;
        turn.correction = alerts::correction(&error);
        // rustls still hands out what it queued for the peer, the alert last. Where it has none, a record of no type makes it send one.
        let due = alerts::due(&error);
        if due.is_some() {
            self.incoming.filled_mut().fill(0);
            self.incoming.extend(&[0; RECORD_HEADER]);
        }
        noted::with_alert(due, || {
            for _ in 0..MOST_ALERT_TRIES {
                let incoming = self.incoming.filled_mut();
                let (discard, result) = each!(&mut self.tls, tls => turn.take(tls.process_tls_records(incoming)));
                self.incoming.consume(discard);
                match result {
                    _ if turn.alerted => break,
                    Ok(Next::Continue) => {}
                    Err(_) if due.is_some() => turn.correction = due,
                    _ => break,
                }
            }
        });
        let cause = self.verifier.take_failure();
        Err(self.fail(cause.unwrap_or_else(|| Error::from_rustls(&error, self.is_handshaking()))))
    }

    /// A session is resumed without being verified again, so the settings that it was verified by must still be those of the context.
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
        self.failure = Some(error.clone());
        self.ignore_incoming();
        error
    }

    fn ignore_incoming(&mut self) {
        self.incoming.consume(usize::MAX);
        self.incoming.release();
    }
}

impl Protocol for Connection {
    type Now = ();

    fn handshake(&mut self, (): ()) -> Result<bool, Error> {
        self.handshake()
    }

    fn read(&mut self, out: &mut [u8], (): ()) -> Result<Read, Error> {
        self.read(out)
    }

    fn write(&mut self, data: &[u8], (): ()) -> Result<(), Error> {
        self.write(data)
    }

    fn close_notify(&mut self) -> Result<(), Error> {
        self.close_notify()
    }

    fn is_handshaking(&self) -> bool {
        self.is_handshaking()
    }

    fn has_plaintext(&mut self) -> bool {
        self.has_plaintext()
    }

    fn to_send(&self) -> &[u8] {
        self.to_send()
    }

    fn discard_outgoing(&mut self) {
        self.discard_outgoing();
    }

    fn release(&mut self) {
        self.release();
    }

    fn verifier(&self) -> &PeerVerifier {
        &self.verifier
    }

    fn decide(&mut self, verdict: Option<i32>) -> Result<(), Error> {
        self.decide(verdict)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("handshaking", &self.is_handshaking())
            .field("progress", &self.progress)
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}

const RECORD_HEADER: usize = 5;
/// What rustls may have to say before it comes to a record of no type.
const MOST_ALERT_TRIES: usize = 64;
/// RFC 8446, section 5.1
const MAX_FRAGMENT: usize = 1 << 14;
/// Header, explicit nonce or inner content type, tag: what a record adds to its fragment, at most.
const RECORD_OVERHEAD: usize = 64;

enum Tls {
    Client(UnbufferedClientConnection),
    Server(UnbufferedServerConnection),
}

#[derive(Debug, Default)]
struct Progress {
    complete: bool,
    peer_closed: bool,
    transport_ended: bool,
}

#[derive(Clone, Copy)]
enum Write<'a> {
    Data(&'a [u8]),
    CloseNotify,
}

enum Next {
    Continue,
    /// rustls has done what it can with what it was given, and there is more.
    More,
    Stop,
}

/// What one call may do while rustls' state machine turns.
struct Turn<'a> {
    outgoing: &'a mut Buffer,
    plaintext: &'a mut Buffer,
    peer_closed: &'a mut bool,
    out: &'a mut [u8],
    delivered: usize,
    /// Is there more than what rustls was given?
    more: bool,
    /// What an alert in the clear must say.
    correction: Option<AlertDescription>,
    alerted: bool,
    write: Option<Write<'a>>,
    /// Who verifies the peer, as long as that can happen.
    undecided: Option<&'a PeerVerifier>,
    held: &'a mut Option<usize>,
}

impl Turn<'_> {
    /// Does what `status` asks for. Returns how many received bytes are used up, which holds after an error as well.
    fn take<Data>(&mut self, status: UnbufferedStatus<'_, '_, Data>) -> (usize, Result<Next, rustls::Error>) {
        let UnbufferedStatus { discard, state } = status;
        if self.undecided.is_some_and(PeerVerifier::is_undecided) {
            self.held.get_or_insert(self.outgoing.len());
            return (discard, state.and_then(|state| self.keep(state)));
        }
        (discard, state.and_then(|state| self.handle(state)))
    }

    /// Stops, because the program has to decide first, without losing anything: rustls hands out a record once.
    fn keep<Data>(&mut self, state: ConnectionState<'_, '_, Data>) -> Result<Next, rustls::Error> {
        match state {
            ConnectionState::EncodeTlsData(record) => self.encode(record)?,
            ConnectionState::PeerClosed => *self.peer_closed = true,
            _ => {}
        }
        Ok(Next::Stop)
    }

    fn handle<Data>(&mut self, state: ConnectionState<'_, '_, Data>) -> Result<Next, rustls::Error> {
        match state {
            ConnectionState::ReadTraffic(records) => {
                self.deliver(records)?;
                // A write goes on to the state in which it may write.
                return Ok(if self.write.is_some() { Next::Continue } else { Next::Stop });
            }
            ConnectionState::EncodeTlsData(record) => self.encode(record)?,
            ConnectionState::TransmitTlsData(transmit) => transmit.done(),
            ConnectionState::PeerClosed => *self.peer_closed = true,
            ConnectionState::BlockedHandshake | ConnectionState::WriteTraffic(_) if self.more => return Ok(Next::More),
            ConnectionState::WriteTraffic(traffic) => {
                self.encrypt(traffic)?;
                return Ok(Next::Stop);
            }
            // Early data is never offered nor accepted.
            _ => return Ok(Next::Stop),
        }
        Ok(Next::Continue)
    }

    fn deliver<Data>(&mut self, mut records: ReadTraffic<'_, '_, Data>) -> Result<(), rustls::Error> {
        while let Some(record) = records.next_record() {
            let payload = record?.payload;
            let room = if self.plaintext.is_empty() { &mut self.out[self.delivered..] } else { &mut [] };
            let (fits, rest) = payload.split_at(payload.len().min(room.len()));
            room[..fits.len()].copy_from_slice(fits);
            self.delivered += fits.len();
            if !rest.is_empty() {
                self.plaintext.extend(rest);
            }
        }
        Ok(())
    }

    fn encode<Data>(&mut self, mut record: EncodeTlsData<'_, Data>) -> Result<(), rustls::Error> {
        let mut room = MAX_FRAGMENT / 8;
        loop {
            let spare = self.outgoing.spare(room);
            match record.encode(spare) {
                Ok(count) => {
                    self.alerted |= is_alert(&spare[..count]);
                    if let Some(alert) = self.correction {
                        alerts::correct(&mut spare[..count], alert);
                    }
                    self.outgoing.fill(count);
                    return Ok(());
                }
                Err(EncodeError::InsufficientSize(InsufficientSizeError { required_size })) => room = required_size,
                Err(EncodeError::AlreadyEncoded) => return Ok(()),
            }
        }
    }

    fn encrypt<Data>(&mut self, mut traffic: WriteTraffic<'_, Data>) -> Result<(), rustls::Error> {
        match self.write.take() {
            Some(Write::Data(data)) => {
                data.chunks(MAX_FRAGMENT).try_for_each(|fragment| self.append(fragment.len(), |room| traffic.encrypt(fragment, room)))
            }
            Some(Write::CloseNotify) => self.append(0, |room| traffic.queue_close_notify(room)),
            None => Ok(()),
        }
    }

    fn append(
        &mut self,
        plaintext_len: usize,
        mut encrypt: impl FnMut(&mut [u8]) -> Result<usize, EncryptError>,
    ) -> Result<(), rustls::Error> {
        let mut room = plaintext_len + RECORD_OVERHEAD;
        loop {
            match encrypt(self.outgoing.spare(room)) {
                Ok(count) => {
                    self.outgoing.fill(count);
                    return Ok(());
                }
                // A key update of ours may go before the record.
                Err(EncryptError::InsufficientSize(InsufficientSizeError { required_size })) => room = required_size,
                Err(EncryptError::EncryptExhausted) => return Err(rustls::Error::EncryptError),
            }
        }
    }
}

/// Is this record an alert? One of TLS 1.3 is known by its length: two bytes, its content type and a tag (RFC 8446, section 5.2).
fn is_alert(record: &[u8]) -> bool {
    matches!(record, [21, ..] | [23, _, _, 0, 19, ..])
}

fn without_sessions(config: &ClientConfig) -> ClientConfig {
    let mut config = config.clone();
    config.resumption = Resumption::disabled();
    config
}

/// rustls wants a name even where none is sent nor verified.
fn no_name() -> ServerName<'static> {
    ServerName::IpAddress(IpAddr::V4(Ipv4Addr::from([0; 4])))
}

/// The name as SNI: DNS names only (RFC 6066, section 3).
pub(crate) fn sni(server_hostname: Option<&[u8]>) -> Option<ServerName<'static>> {
    match ServerName::try_from(server_hostname?).ok()? {
        name @ ServerName::DnsName(_) => Some(name.to_owned()),
        _ => None,
    }
}
