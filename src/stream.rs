//! MicroPython's raw stream over a connection: what a read or write of an `SSLSocket` does next, decided without doing it.
//!
//! An operation is called again and again until it is [`Step::Done`] or an error; between the calls the shell does what the step asks for:
//!
//! ```text
//! loop {
//!     match stream.read(out)? {
//!         Step::Done(n)  => return n,
//!         Step::Send     => send stream.to_send(),          then stream.sent(n)
//!         Step::Receive  => receive to stream.receive_space(), then stream.received(n), or stream.received_eof()
//!     }                     // a transport that would block: stream.blocked(direction), then return None
//! }                         // a transport that failed:      return stream.transport_failed(errno)
//! ```
//! After an error an alert may wait in [`to_send`](Stream::to_send); the shell tries to send it once before it raises.

use crate::connection::{Connection, Read};
use crate::error::Error;
use crate::latch::Latch;

/// A readable and writable end of a TLS connection with MicroPython's rules: a fatal error is latched and repeated, the end of the transport
/// is the end of the file, and a poll asks the transport for what the last operation waited for.
#[derive(Debug)]
pub struct Stream {
    connection: Connection,
    latch: Latch,
    /// What the running or last operation does.
    operation: Direction,
    /// Set when the last operation needs the transport in the *other* direction first: a read that must send, a write that must receive.
    detour: Option<Direction>,
    /// Plaintext of a write whose ciphertext could not be sent yet: the retried write counts it, as mbedTLS does.
    accepted: usize,
}

/// What must happen before an operation can go on, or how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send what [`Stream::to_send`] holds, then call again.
    Send,
    /// Receive ciphertext, then call again.
    Receive,
    /// The operation is complete with this many bytes; 0 for a read is end of file.
    Done(usize),
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Ciphertext from the peer.
    Read,
    /// Room for ciphertext.
    Write,
}

/// How a poll is answered: first by asking the transport, unless `ask` is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poll {
    /// Events that are ready whatever the transport says.
    pub ready: u32,
    /// Events to ask the transport for; its answer goes through [`Stream::polled`].
    pub ask: u32,
}

/// Poll events as MicroPython numbers them.
pub mod event {
    /// Readable.
    pub const READ: u32 = 1;
    /// Writable.
    pub const WRITE: u32 = 4;
    /// Closed or failed: nothing to wait for.
    pub const INVALID: u32 = 0x20;
}

/// The most plaintext that one `send()` takes: `MBEDTLS_SSL_OUT_CONTENT_LEN` of MicroPython's ports.
pub const MAX_SEND: usize = 4096;

impl Stream {
    /// A stream over a new connection.
    pub fn new(connection: Connection) -> Self {
        Self { connection, latch: Latch::default(), operation: Direction::Read, detour: None, accepted: 0 }
    }

    /// The connection below, for what it negotiated.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Completes the handshake.
    ///
    /// # Errors
    /// Any error of the handshake; it is latched.
    pub fn handshake(&mut self) -> Result<Step, Error> {
        self.begin(self.operation)?;
        let step = self.shake_hands();
        self.latch.keep(step)
    }

    /// Begins a read or a write, which do this themselves: completes the handshake. What it waits for, if it does.
    ///
    /// For shells whose memory for plaintext is shared: only here does the program's verify callback run, which may use other connections.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn prepare(&mut self, operation: Direction) -> Result<Option<Step>, Error> {
        self.begin(operation)?;
        if !self.connection.is_handshaking() {
            return Ok(None);
        }
        match self.shake_hands() {
            Ok(Step::Done(_)) => Ok(None),
            Ok(waiting) => Ok(Some(waiting)),
            // To a reader it is the end of the file, as in MicroPython.
            Err(Error::PeerCloseNotify) if operation == Direction::Read => Ok(Some(Step::Done(0))),
            Err(error) => Err(self.latch.fail(error)),
        }
    }

    /// Reads what is there of one record, up to the length of `out`.
    ///
    /// # Errors
    /// [`Error::BadInputData`] after close, the latched error, or a new one, which is latched.
    pub fn read(&mut self, out: &mut [u8]) -> Result<Step, Error> {
        self.read_by(|connection| connection.read(out))
    }

    /// Reads what is there of a line, with its newline, up to the length of `out`: for shells that would otherwise read byte by byte.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_line(&mut self, out: &mut [u8]) -> Result<Step, Error> {
        self.read_by(|connection| connection.read_line(out))
    }

    /// The first `count` bytes of the connection's [`plaintext`](Connection::plaintext) were read there: for shells that show it to programs which
    /// read it byte by byte, until the next operation begins.
    pub fn consume_plaintext(&mut self, count: usize) {
        self.connection.consume_plaintext(count);
    }

    fn read_by(&mut self, read: impl FnOnce(&mut Connection) -> Result<Read, Error>) -> Result<Step, Error> {
        if let Some(waiting) = self.prepare(Direction::Read)? {
            return Ok(waiting);
        }
        let read = read(&mut self.connection);
        Ok(match self.latch.keep(read)? {
            Read::Data(count) => Step::Done(count),
            // What the peer waits for must go out first: our part of a handshake, the answer to a key update. A write that waits does not hold up reads:
            // the peer may read only when it was read.
            _ if !self.to_send().is_empty() && self.accepted == 0 => Step::Send,
            Read::Closed => Step::Done(0),
            Read::Blocked => Step::Receive,
        })
    }

    /// Encrypts and sends all of `data`; the shell bounds it ([`MAX_SEND`] for a `send()`).
    ///
    /// When the transport would block after the data was encrypted, the program is told nothing was written; its retry with the same data is
    /// completed without encrypting anything again (mbedTLS' rule).
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn write(&mut self, data: &[u8]) -> Result<Step, Error> {
        if let Some(waiting) = self.prepare(Direction::Write)? {
            return Ok(waiting);
        }
        if self.to_send().is_empty() && self.accepted == 0 && !data.is_empty() {
            let written = self.connection.write(data);
            self.latch.keep(written)?;
            self.accepted = data.len();
        }
        Ok(if self.to_send().is_empty() { Step::Done(core::mem::take(&mut self.accepted).min(data.len())) } else { Step::Send })
    }

    /// Ciphertext that waits to be sent.
    pub fn to_send(&self) -> &[u8] {
        self.connection.to_send()
    }

    /// The first `count` bytes of [`to_send`](Self::to_send) were sent.
    pub fn sent(&mut self, count: usize) {
        self.connection.sent(count);
    }

    /// Room for received ciphertext, at least `wanted` bytes.
    pub fn receive_space(&mut self, wanted: usize) -> &mut [u8] {
        self.connection.receive_space(wanted)
    }

    /// The first `count` bytes of [`receive_space`](Self::receive_space) were received.
    pub fn received(&mut self, count: usize) {
        self.connection.received(count);
    }

    /// The transport has ended.
    pub fn received_eof(&mut self) {
        self.connection.received_eof();
    }

    /// The transport would have blocked in this direction; the operation is given up for now and the program gets None.
    pub fn blocked(&mut self, direction: Direction) {
        self.connection.release();
        self.detour = Some(direction).filter(|direction| *direction != self.operation);
    }

    /// The transport failed: the error to raise, which is latched.
    pub fn transport_failed(&mut self, errno: i32) -> Error {
        self.connection.discard_outgoing();
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

    fn shake_hands(&mut self) -> Result<Step, Error> {
        let complete = self.connection.handshake()?;
        Ok(if !self.to_send().is_empty() {
            Step::Send
        } else if complete {
            Step::Done(0)
        } else {
            Step::Receive
        })
    }

    fn begin(&mut self, operation: Direction) -> Result<(), Error> {
        self.operation = operation;
        self.detour = None;
        self.latch.check()
    }
}

impl Direction {
    pub(crate) fn event(self) -> u32 {
        match self {
            Self::Read => event::READ,
            Self::Write => event::WRITE,
        }
    }
}
