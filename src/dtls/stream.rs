//! MicroPython's raw stream over a DTLS connection: [`Stream`](crate::stream::Stream)'s rules, for datagrams.
//!
//! ```text
//! loop {
//!     match stream.read(out, now)? {
//!         Step::Done(n)  => return n,
//!         Step::Send     => send the datagram stream.to_send(), then stream.sent()
//!         Step::Receive  => receive a datagram to stream.receive_space(), then stream.received(n);
//!                           nothing for stream.next_timeout(now) milliseconds: go on
//!     }                     // a transport that would block: stream.blocked(direction), then return None
//! }                         // a transport that failed:      return stream.transport_failed(errno)
//! ```
//! After an error an alert or a HelloVerifyRequest may wait in [`to_send`](DtlsStream::to_send); the shell sends it before it raises.

use core::{fmt, mem};

use super::connection::DtlsConnection;
use crate::buffer::Buffer;
use crate::connection::Read;
use crate::error::Error;
use crate::latch::Latch;
use crate::stream::{Direction, MAX_SEND, Poll, Step, event};

/// A readable and writable end of a DTLS connection with MicroPython's rules: one write is one datagram, one read is (the rest of) one, a fatal
/// error is latched and repeated, and what is lost is repeated whenever something is called.
pub struct DtlsStream {
    connection: DtlsConnection,
    incoming: Buffer,
    /// The transport has ended; real datagram sockets never do.
    ended: bool,
    latch: Latch,
    operation: Direction,
    /// Set when the last operation needs the transport in the *other* direction first.
    detour: Option<Direction>,
    /// Plaintext of a write whose datagram could not be sent yet: the retried write counts it, as mbedTLS does.
    accepted: usize,
}

impl DtlsStream {
    /// A stream over a new connection.
    pub fn new(connection: DtlsConnection) -> Self {
        Self {
            connection,
            incoming: Buffer::default(),
            ended: false,
            latch: Latch::default(),
            operation: Direction::Read,
            detour: None,
            accepted: 0,
        }
    }

    /// The connection below, for what it negotiated.
    pub fn connection(&self) -> &DtlsConnection {
        &self.connection
    }

    /// Completes the handshake. `now` is in milliseconds, here and below.
    ///
    /// # Errors
    /// Any error of the handshake; it is latched. [`Error::HelloVerifyRequired`] on a server whose client has to come back with its cookie.
    pub fn handshake(&mut self, now: u64) -> Result<Step, Error> {
        self.begin(self.operation)?;
        let advanced = self.advance(now);
        self.latch.keep(advanced)?;
        Ok(if !self.to_send().is_empty() {
            Step::Send
        } else if self.connection.is_handshaking() {
            self.receive()?
        } else {
            Step::Done(0)
        })
    }

    /// Begins a read or a write, which do this themselves: completes the handshake. What it waits for, if it does.
    ///
    /// As [`Stream::prepare`](crate::stream::Stream::prepare): only here does the program's verify callback run.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn prepare(&mut self, operation: Direction, now: u64) -> Result<Option<Step>, Error> {
        self.begin(operation)?;
        if !self.connection.is_handshaking() {
            return Ok(None);
        }
        let step = self.handshake(now)?;
        Ok(Some(step).filter(|step| !matches!(step, Step::Done(_))))
    }

    /// Reads what is there of one datagram, up to the length of `out`.
    ///
    /// # Errors
    /// [`Error::BadInputData`] after close, the latched error, or a new one, which is latched.
    pub fn read(&mut self, out: &mut [u8], now: u64) -> Result<Step, Error> {
        if let Some(waiting) = self.prepare(Direction::Read, now)? {
            return Ok(waiting);
        }
        // An error that this meets comes out of the read, behind the data that came before it.
        _ = self.advance(now);
        let read = if out.is_empty() { Ok(Read::Data(0)) } else { self.connection.read(out) };
        Ok(match self.latch.keep(read)? {
            Read::Data(count) => Step::Done(count),
            // What the peer waits for must go out first.
            _ if !self.to_send().is_empty() => Step::Send,
            Read::Closed => Step::Done(0),
            Read::Blocked => self.receive()?,
        })
    }

    /// Sends all of `data` in one datagram.
    ///
    /// When the transport would block after the data was encrypted, the program is told nothing was written; its retry with the same data is
    /// completed without encrypting anything again (mbedTLS' rule).
    ///
    /// # Errors
    /// As [`read`](Self::read); [`Error::BadInputData`], latched, for more than 4096 bytes.
    pub fn write(&mut self, data: &[u8], now: u64) -> Result<Step, Error> {
        if let Some(waiting) = self.prepare(Direction::Write, now)? {
            return Ok(waiting);
        }
        let advanced = self.advance(now);
        self.latch.keep(advanced)?;
        if self.to_send().is_empty() && self.accepted == 0 && !data.is_empty() {
            let written = if data.len() > MAX_SEND { Err(Error::BadInputData) } else { self.connection.write(data) };
            self.latch.keep(written)?;
            self.accepted = data.len();
        }
        Ok(if self.to_send().is_empty() { Step::Done(mem::take(&mut self.accepted).min(data.len())) } else { Step::Send })
    }

    /// The datagram that waits to be sent; empty if there is none.
    pub fn to_send(&self) -> &[u8] {
        self.connection.to_send().unwrap_or_default()
    }

    /// That datagram was sent.
    pub fn sent(&mut self) {
        self.connection.take_datagram();
    }

    /// Room for a received datagram, at least `wanted` bytes.
    pub fn receive_space(&mut self, wanted: usize) -> &mut [u8] {
        self.incoming.spare(wanted.max(1))
    }

    /// A datagram is in the first `count` bytes of [`receive_space`](Self::receive_space); an empty one says nothing.
    pub fn received(&mut self, count: usize) {
        self.incoming.fill(count);
    }

    /// The transport has ended, as only a program's own can.
    pub fn received_eof(&mut self) {
        self.ended = true;
    }

    /// Milliseconds from `now` after which an operation that waits to receive should be called again.
    pub fn next_timeout(&self, now: u64) -> Option<u64> {
        self.connection.next_timeout(now)
    }

    /// The transport would have blocked in this direction; the operation is given up for now and the program gets None.
    pub fn blocked(&mut self, direction: Direction) {
        self.incoming.release();
        self.detour = Some(direction).filter(|direction| *direction != self.operation);
    }

    /// The transport failed: the error to raise, which is latched.
    pub fn transport_failed(&mut self, errno: i32) -> Error {
        self.latch.fail(Error::Transport(errno))
    }

    /// Refuses the peer after its chain was verified, for a shell that cannot ask the program meanwhile: nothing that waits is sent but an alert.
    /// Returns the error to raise, which is latched: [`Error::Callback`] or [`Error::CallbackRaised`].
    pub fn refuse_peer(&mut self, reason: Error) -> Error {
        let error = self.connection.refuse_peer(reason);
        self.latch.fail(error)
    }

    /// Answers a poll for the events in `wanted`.
    pub fn poll(&mut self, wanted: u32) -> Poll {
        if !self.latch.is_open() {
            return Poll { ready: event::INVALID, ask: 0 };
        }
        let ready = if wanted & event::READ != 0 && self.connection.has_plaintext() { event::READ } else { 0 };
        if ready == wanted {
            return Poll { ready, ask: 0 };
        }
        let ask = match self.detour {
            Some(direction) => wanted & !(event::READ | event::WRITE) | direction.event(),
            None => wanted,
        };
        Poll { ready, ask }
    }

    /// The answer to a poll for `wanted`, given what the transport answered to [`Poll::ask`].
    pub fn polled(&self, wanted: u32, transport: u32) -> u32 {
        match self.detour {
            Some(direction) if transport & direction.event() != 0 => transport | wanted,
            _ => transport,
        }
    }

    /// Closes the stream: every later read and write is [`closed_error`](Self::closed_error). close_notify then waits in
    /// [`to_send`](Self::to_send) if the peer can be told. False if it was closed before.
    pub fn close(&mut self) -> bool {
        if self.latch.is_open() {
            // A connection that fails here is closed all the same.
            _ = self.connection.close_notify();
        }
        self.latch.close()
    }

    /// What every operation fails with once the stream is closed: the error that it had remembered, or [`Error::BadInputData`].
    pub fn closed_error(&self) -> Error {
        self.latch.error()
    }

    fn begin(&mut self, operation: Direction) -> Result<(), Error> {
        self.operation = operation;
        self.detour = None;
        self.latch.check()
    }

    /// Takes the datagram that was received, and sends what time has come for.
    fn advance(&mut self, now: u64) -> Result<(), Error> {
        let fed = match self.incoming.is_empty() {
            true => Ok(()),
            false => self.connection.feed_datagram(self.incoming.filled_mut(), now),
        };
        self.incoming.consume(usize::MAX);
        self.incoming.release();
        fed.and_then(|()| self.connection.handle_timeout(now))
    }

    /// Nothing can go on without another datagram.
    fn receive(&mut self) -> Result<Step, Error> {
        match (self.ended, self.connection.is_handshaking()) {
            (false, _) => Ok(Step::Receive),
            (true, true) => self.latch.keep(Err(Error::ConnEof)),
            (true, false) => Ok(Step::Done(0)),
        }
    }
}

impl fmt::Debug for DtlsStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DtlsStream").field("connection", &self.connection).field("latch", &self.latch).finish_non_exhaustive()
    }
}
