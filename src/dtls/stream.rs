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
use crate::stream::{Step, Stream};

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

    /// How many milliseconds an operation waits for a datagram. The shell then calls the operation
    /// again, with or without a datagram, and the operation retransmits what is due. None: it waits
    /// without end. 0: `deadline`, at which the whole operation has to end, has passed; the
    /// transport has failed with ETIMEDOUT.
    pub fn wait(&self, now: u64, deadline: Option<u64>) -> Option<u64> {
        match deadline.map(|deadline| deadline.saturating_sub(now)) {
            Some(0) => Some(0),
            left => left.into_iter().chain(self.connection.next_timeout(now).map(|due| due.max(1))).min(),
        }
    }
}
