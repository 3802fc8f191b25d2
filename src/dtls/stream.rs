//! MicroPython's raw stream over a DTLS connection: the rules of [`Stream`], for datagrams.
//!
//! ```text
//! loop {
//!     match stream.read(out, now)? {
//!         Step::Done(n)  => return n,
//!         Step::Send     => send the datagram stream.to_send(), then stream.sent()
//!         Step::Receive  => wait for stream.wait(now, deadline) milliseconds; 0: return ETIMEDOUT
//!                           a datagram came: receive it to stream.receive_space(), then stream.received(n)
//!         Step::Verify   => ask the program about the peer, as for TLS
//!     }
//! }                         // a transport that answers with an errno: stream.stopped(errno, direction), then return the error, or None
//! ```
//! After an error an alert or a HelloVerifyRequest may wait in [`to_send`](Stream::to_send); the
//! shell sends it before it raises.
//!
//! One write is one datagram, and one read is a datagram or the rest of one. Each call retransmits
//! what is due.

use super::connection::DtlsConnection;
use crate::error::Error;
use crate::stream::{MAX_SEND, Protocol, Read, Step, Stream};
use crate::verify::PeerVerifier;

/// A readable and writable end of a DTLS connection. Times are in milliseconds of any
/// monotonic clock.
pub type DtlsStream = Stream<DtlsConnection>;

impl DtlsStream {
    /// Completes the handshake.
    ///
    /// # Errors
    /// As [`handshake_at`](Self::handshake_at). [`Error::HelloVerifyRequired`] on a server whose
    /// client has to come back with its cookie.
    pub fn handshake(&mut self, now: u64) -> Result<Step, Error> {
        self.handshake_at(now)
    }

    /// Reads what is there of one datagram, up to the length of `out`.
    ///
    /// # Errors
    /// As [`read_at`](Self::read_at).
    pub fn read(&mut self, out: &mut [u8], now: u64) -> Result<Step, Error> {
        self.read_at(out, now)
    }

    /// Sends all of `data` in one datagram.
    ///
    /// # Errors
    /// As [`write_at`](Self::write_at); [`Error::BadInputData`], remembered, for more than 4096
    /// bytes.
    pub fn write(&mut self, data: &[u8], now: u64) -> Result<Step, Error> {
        self.write_at(data, now)
    }

    /// The datagram that waits to be sent was sent.
    pub fn sent(&mut self) {
        self.connection.take_datagram();
    }

    /// Room for a received datagram, at least `wanted` bytes.
    pub fn receive_space(&mut self, wanted: usize) -> &mut [u8] {
        self.connection.receive_space(wanted)
    }

    /// A datagram is in the first `count` bytes of [`receive_space`](Self::receive_space); an empty
    /// one has no effect.
    pub fn received(&mut self, count: usize) {
        self.connection.received(count);
    }

    /// The transport has ended, as only a program's own can.
    pub fn received_eof(&mut self) {
        self.connection.received_eof();
    }

    /// How many milliseconds an operation waits for a datagram before it is called again, with or
    /// without one. It then sends what has to be sent again. None: without end. 0: the program's
    /// time for the whole operation, which ends at `deadline`, is over; the transport has failed
    /// with ETIMEDOUT.
    pub fn wait(&self, now: u64, deadline: Option<u64>) -> Option<u64> {
        match deadline.map(|deadline| deadline.saturating_sub(now)) {
            Some(0) => Some(0),
            left => left.into_iter().chain(self.connection.next_timeout(now).map(|due| due.max(1))).min(),
        }
    }
}

impl Protocol for DtlsConnection {
    type Now = u64;

    fn handshake(&mut self, now: u64) -> Result<bool, Error> {
        self.advance(now)?;
        if self.to_send().is_none() && self.has_ended_early() {
            return Err(Error::ConnEof);
        }
        Ok(!self.is_handshaking())
    }

    fn read(&mut self, out: &mut [u8], now: u64) -> Result<Read, Error> {
        // An error that this meets comes out of the read, behind the data that came before it.
        _ = self.advance(now);
        if out.is_empty() { Ok(Read::Data(0)) } else { self.read(out) }
    }

    fn write(&mut self, data: &[u8], now: u64) -> Result<(), Error> {
        self.advance(now)?;
        if data.len() > MAX_SEND { Err(Error::BadInputData) } else { self.write(data) }
    }

    fn close_notify(&mut self) -> Result<(), Error> {
        self.close_notify()
    }

    fn is_handshaking(&self) -> bool {
        self.is_handshaking()
    }

    fn has_plaintext(&mut self) -> bool {
        DtlsConnection::has_plaintext(self)
    }

    fn to_send(&self) -> &[u8] {
        self.to_send().unwrap_or_default()
    }

    fn discard_outgoing(&mut self) {
        self.discard_outgoing();
    }

    fn release(&mut self) {
        self.release();
    }

    fn verifier(&self) -> &PeerVerifier {
        self.verifier()
    }

    fn is_undecided(&self) -> bool {
        self.is_undecided()
    }

    fn abandon_decision(&mut self) {
        self.abandon_decision();
    }

    fn psk_identity(&self) -> Option<&[u8]> {
        self.psk_identity()
    }

    fn provide_psk(&mut self, key: Option<&[u8]>) -> Result<(), Error> {
        self.provide_psk(key)
    }

    fn decide(&mut self, verdict: Option<i32>) -> Result<(), Error> {
        self.decide(verdict)
    }
}
