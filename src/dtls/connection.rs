//! One DTLS connection: datagrams in, datagrams out, application data, time handed in.

mod hello;
mod incoming;
mod protocol;

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use rustls::{AlertDescription, CipherSuite, ContentType, NamedGroup, ProtocolVersion};
use rustls_pki_types::CertificateDer;

use super::datagrams::Datagrams;
use super::reassembly::Reassembly;
use crate::buffer::Buffer;
use crate::error::Error;
use crate::handshake::{self, Carrier, Handshake};
use crate::stream::{Read, State};
use crate::verify::PeerVerifier;
use hello::Hellos;
pub(crate) use hello::Listening;

/// One DTLS 1.2 connection, client or server, sans-IO.
///
/// Times are milliseconds of any monotonic clock. A clock that is set back delays retransmissions,
/// and does no other harm. Every error is final: it is returned again by every later call, and the
/// alert it causes waits in [`to_send`](Self::to_send).
pub struct DtlsConnection {
    handshake: Handshake,
    datagrams: Datagrams,
    /// Of a server.
    listening: Option<Listening>,
    /// Of a client.
    hellos: Hellos,
    reassembly: Reassembly,
    /// Records that came before what they need: keys, or the end of the handshake.
    early: Vec<Vec<u8>>,
    /// The datagram that was received and not looked at yet.
    incoming: Buffer,
    received: VecDeque<Vec<u8>>,
    peer_closed: bool,
    /// The transport has ended; real datagram sockets never do.
    ended: bool,
    refused_renegotiation: bool,
    state: State,
}

/// The settings of one connection.
pub(crate) struct Config {
    pub(crate) handshake: handshake::Config,
    /// Of a server.
    pub(crate) listening: Option<Listening>,
    /// The longest datagram of a handshake, in bytes.
    pub(crate) mtu: usize,
}

impl DtlsConnection {
    /// A connection that has sent and received nothing. A client sends first, when it gets the
    /// time.
    pub(crate) fn new(config: Config) -> Self {
        Self {
            handshake: Handshake::new(config.handshake, Carrier::Datagrams),
            datagrams: Datagrams::new(config.mtu),
            listening: config.listening,
            hellos: Hellos::default(),
            reassembly: Reassembly::default(),
            early: Vec::new(),
            incoming: Buffer::default(),
            received: VecDeque::new(),
            peer_closed: false,
            ended: false,
            refused_renegotiation: false,
            state: State::default(),
        }
    }

    /// Takes a datagram, whatever is in it; it is decrypted in place.
    ///
    /// # Errors
    /// [`Error::HelloVerifyRequired`] on a server whose client has not shown its cookie: another
    /// connection of the same context goes on when the client comes back. Otherwise what ended the
    /// connection.
    pub fn feed_datagram(&mut self, datagram: &mut [u8], now: u64) -> Result<(), Error> {
        self.state.check()?;
        let result = self.start(now).and_then(|()| self.datagram(datagram, now));
        self.remember(result)
    }

    /// Sends what is due: a client's first flight, and later the last flight again if there is no
    /// answer.
    ///
    /// # Errors
    /// [`Error::Timeout`] if there was none for too long; an earlier error.
    pub fn handle_timeout(&mut self, now: u64) -> Result<(), Error> {
        self.state.check()?;
        if self.handshake.is_undecided() {
            return Ok(());
        }
        let result = self.start(now).and_then(|()| self.resume(now)).and_then(|()| self.datagrams.handle_timeout(now));
        self.remember(result)
    }

    /// Milliseconds from `now` until [`handle_timeout`](Self::handle_timeout) has something to do;
    /// `None` if only a datagram can change something.
    pub fn next_timeout(&self, now: u64) -> Option<u64> {
        self.datagrams.next_timeout(now).filter(|_| !self.state.has_failed() && !self.handshake.is_undecided())
    }

    /// The next datagram that waits to be sent, also after an error. None while the program has to
    /// decide about the peer.
    pub fn to_send(&self) -> Option<&[u8]> {
        self.datagrams.outgoing.front().map(Vec::as_slice).filter(|_| !self.handshake.is_undecided())
    }

    /// Takes that datagram.
    pub fn take_datagram(&mut self) -> Option<Vec<u8>> {
        self.to_send()?;
        self.datagrams.outgoing.pop_front()
    }

    /// Reads from the oldest datagram's data that was not read yet; what does not fit stays for the
    /// next read.
    ///
    /// # Errors
    /// What ended the connection, when all data that came before it was read.
    pub fn read(&mut self, out: &mut [u8]) -> Result<Read, Error> {
        let Some(front) = self.received.front_mut() else {
            self.state.check()?;
            return Ok(if self.peer_closed || self.ended { Read::Closed } else { Read::Blocked });
        };
        let count = front.len().min(out.len());
        for (out, byte) in out.iter_mut().zip(front.drain(..count)) {
            *out = byte;
        }
        if front.is_empty() {
            self.received.pop_front();
        }
        Ok(Read::Data(count))
    }

    /// Would a read return something without another datagram?
    pub fn has_plaintext(&self) -> bool {
        !self.received.is_empty() || self.peer_closed
    }

    /// Seals `data` into one record in one datagram.
    ///
    /// # Errors
    /// [`Error::BadInputData`] before the handshake is complete (not final);
    /// [`Error::CounterWrapping`] when the keys have protected as many records as they may; an
    /// earlier error.
    pub fn write(&mut self, data: &[u8]) -> Result<(), Error> {
        self.state.check()?;
        if self.is_handshaking() {
            return Err(Error::BadInputData);
        }
        let result = self.datagrams.send_record(ContentType::ApplicationData, data);
        self.remember(result)
    }

    /// Queues close_notify, once the handshake is complete; before, it does nothing.
    ///
    /// # Errors
    /// An earlier error again.
    pub fn close_notify(&mut self) -> Result<(), Error> {
        self.state.check()?;
        if self.is_handshaking() { Ok(()) } else { self.datagrams.send_alert(WARNING, AlertDescription::CloseNotify) }
    }

    /// Who verifies the peer, and what the program has to decide about.
    pub fn verifier(&self) -> &PeerVerifier {
        self.handshake.verifier()
    }

    /// Goes on after the program's decision, when it gets the time next, with what was received; or
    /// refuses the peer: an alert takes the place of all that waits to be sent.
    ///
    /// # Errors
    /// As [`PeerVerifier::decide`].
    pub fn decide(&mut self, verdict: Option<i32>) -> Result<(), Error> {
        let decided = self.verifier().decide(verdict);
        if decided.is_err() {
            self.datagrams.outgoing.clear();
        }
        self.remember(decided)
    }

    /// The identity of a client whose pre-shared key the program has to provide.
    pub fn psk_identity(&self) -> Option<&[u8]> {
        self.handshake.psk_identity()
    }

    /// Goes on with that key when it gets the time next, or refuses the client.
    ///
    /// # Errors
    /// [`Error::UnknownIdentity`] without a key, and with one that cannot be used.
    /// [`Error::BadInputData`] if none is missing.
    pub fn provide_psk(&mut self, key: Option<&[u8]>) -> Result<(), Error> {
        let provided = self.handshake.provide_psk(key);
        self.use_keys();
        self.remember(provided)
    }

    /// Has the handshake still to be completed?
    pub fn is_handshaking(&self) -> bool {
        !self.handshake.is_done()
    }

    /// The error that ended the connection.
    pub fn failure(&self) -> Option<&Error> {
        self.state.failure()
    }

    /// The negotiated suite and version, once they are known.
    pub fn negotiated(&self) -> Option<(CipherSuite, ProtocolVersion)> {
        Some((self.handshake.suite()?, ProtocolVersion::DTLSv1_2))
    }

    /// The negotiated key exchange group.
    pub fn key_exchange_group(&self) -> Option<NamedGroup> {
        self.handshake.group()
    }

    /// The peer's certificates as it sent them, leaf first, also where they were refused; empty if
    /// it sent none.
    pub fn peer_certificates(&self) -> &[CertificateDer<'static>] {
        self.handshake.peer_certificates()
    }

    /// What the peer's certificate says, once the handshake is complete; see
    /// [`PeerVerifier::description`](crate::verify::PeerVerifier::description).
    pub fn peer_description(&self) -> Option<String> {
        if self.is_handshaking() || self.state.has_failed() { None } else { self.handshake.peer_description() }
    }

    /// Remembers an error, and queues its alert if it has one.
    fn remember<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &result {
            self.handshake.abandon_decision();
            if let Some(alert) = error.alert() {
                // The error at hand is the one to report.
                _ = self.datagrams.send_alert(FATAL, alert);
            }
            self.state.fail(error.clone());
        }
        result
    }

    fn start(&mut self, now: u64) -> Result<(), Error> {
        self.handshake.start()?;
        self.send_flight(None, now)
    }

    /// Sends the flight that the handshake has made, which answers the peer's message `answered`.
    fn send_flight(&mut self, answered: Option<u16>, now: u64) -> Result<(), Error> {
        self.use_keys();
        match self.handshake.take_flight() {
            Some((parts, answer)) => self.datagrams.send_flight(parts, answer, answered, now)?,
            // The peer's last flight shows that it has ours.
            None if answered.is_some() && self.handshake.is_done() => self.datagrams.forget_flight(now),
            None => {}
        }
        Ok(())
    }

    fn use_keys(&mut self) {
        if let Some(keys) = self.handshake.take_keys() {
            self.datagrams.records.set_keys(keys);
        }
    }

    /// Goes on with what was received while the program had to decide.
    fn resume(&mut self, now: u64) -> Result<(), Error> {
        if !self.is_handshaking() {
            return Ok(());
        }
        // A server that waits for its first message has nothing to go on with, and only that
        // message needs the record's number.
        self.messages(0, now)?;
        if self.can_read_early() { self.early_records(now) } else { Ok(()) }
    }
}

impl fmt::Debug for DtlsConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DtlsConnection")
            .field("handshaking", &self.is_handshaking())
            .field("peer_closed", &self.peer_closed)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

const WARNING: u8 = 1;
const FATAL: u8 = 2;
