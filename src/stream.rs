//! MicroPython's raw stream over a connection: what a read or write of an `SSLSocket` does next,
//! decided without doing it.
//!
//! An operation is called again and again until it is [`Step::Done`] or an error; between the calls
//! the shell does what the step asks for:
//!
//! ```text
//! loop {
//!     match stream.read(out)? {
//!         Step::Done(n)  => return n,
//!         Step::Send     => send stream.to_send(),          then stream.sent(n)
//!         Step::Receive  => receive to stream.receive_space(), then stream.received(n), or stream.received_eof()
//!         Step::Verify   => ask the program about stream.chain(), then stream.decide(verdict)?; or for the key of
//!                           stream.psk_identity(), then stream.provide_psk(key)?
//!     }
//! }                         // a transport that answers with an errno: stream.stopped(errno, direction), then return the error, or None
//! ```
//! After an error an alert may wait in [`to_send`](Stream::to_send); the shell tries to send it
//! once before it raises.
//!
//! The rules are the same for TLS and DTLS. What differs, how bytes and datagrams are handed over,
//! is in `tls/stream.rs` and `dtls/stream.rs`.

mod state;

use alloc::vec::Vec;
use core::mem;

use crate::error::Error;
use crate::room;
use crate::verify::{ChainLink, PeerVerifier};

pub use state::State;

/// A readable and writable end of a connection with MicroPython's rules: a fatal error is
/// remembered and repeated, the end of the transport is the end of the file, and a poll asks the
/// transport for what the last operation waited for.
#[derive(Debug)]
pub struct Stream<P> {
    pub(crate) connection: P,
    /// What the running or last operation does.
    operation: Direction,
    /// Set when the last operation needs the transport in the *other* direction first: a read that
    /// must send, a write that must receive.
    detour: Option<Direction>,
    /// Plaintext of a write whose ciphertext could not be sent yet: the retried write counts it, as
    /// mbedTLS does.
    accepted: usize,
}

/// A connection that a [`Stream`] can be made of.
pub trait Protocol {
    /// The time that operations get: none for TLS, milliseconds for DTLS.
    type Now: Copy;

    /// Whether the connection and its stream have failed, and by what.
    fn state(&self) -> &State;
    /// [`state`](Self::state), for changes to it.
    fn state_mut(&mut self) -> &mut State;

    /// Goes on with the handshake; true when it is complete on this side.
    ///
    /// # Errors
    /// What ended the connection.
    fn handshake(&mut self, now: Self::Now) -> Result<bool, Error>;
    /// Reads what is there of one record.
    ///
    /// # Errors
    /// As [`handshake`](Self::handshake).
    fn read(&mut self, out: &mut [u8], now: Self::Now) -> Result<Read, Error>;
    /// Encrypts all of `data` to [`to_send`](Self::to_send).
    ///
    /// # Errors
    /// As [`handshake`](Self::handshake).
    fn write(&mut self, data: &[u8], now: Self::Now) -> Result<(), Error>;
    /// Queues close_notify, once the handshake is complete.
    ///
    /// # Errors
    /// As [`handshake`](Self::handshake).
    fn close_notify(&mut self) -> Result<(), Error>;
    /// Has the handshake still to be completed? It has while a decision is open.
    fn is_handshaking(&self) -> bool;
    /// Would a read return something without receiving?
    fn has_plaintext(&mut self) -> bool;
    /// What waits to be sent: a stream's bytes, or one datagram. Nothing while a decision is open.
    fn to_send(&self) -> &[u8];
    /// Nothing can be sent any more.
    fn discard_outgoing(&mut self);
    /// Room for received ciphertext, or a datagram: at least `wanted` bytes, at least one.
    fn receive_space(&mut self, wanted: usize) -> &mut [u8];
    /// The first `count` bytes of [`receive_space`](Self::receive_space) were received; an empty
    /// datagram has no effect.
    fn received(&mut self, count: usize);
    /// The transport has ended. UDP has no end; a program's own transport may have one.
    fn received_eof(&mut self);
    /// Nothing will be received for a while: gives room back that was made for it.
    fn release(&mut self);
    /// Who verifies the peer.
    fn verifier(&self) -> &PeerVerifier;
    /// Has the program to decide about the peer?
    fn is_undecided(&self) -> bool {
        self.verifier().is_undecided()
    }
    /// There is nothing to decide any more.
    fn abandon_decision(&mut self) {
        self.verifier().abandon_decision();
    }
    /// The identity of a client whose pre-shared key the program has to provide.
    fn psk_identity(&self) -> Option<&[u8]>;
    /// Goes on with that key, or refuses the client.
    ///
    /// # Errors
    /// [`Error::UnknownIdentity`] without a key, and with one that cannot be used.
    fn provide_psk(&mut self, key: Option<&[u8]>) -> Result<(), Error>;
    /// Goes on after the program's decision, or refuses the peer: what waits to be sent is replaced
    /// by an alert.
    ///
    /// # Errors
    /// As [`PeerVerifier::decide`].
    fn decide(&mut self, verdict: Option<i32>) -> Result<(), Error>;
}

/// What must happen before an operation can go on, or how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send what [`Stream::to_send`] holds, then call again.
    Send,
    /// Receive ciphertext, then call again.
    Receive,
    /// Ask the program about the peer, then call again: if there is a [`Stream::psk_identity`], for
    /// its key, for [`Stream::provide_psk`]; otherwise about [`Stream::chain`], for
    /// [`Stream::decide`].
    Verify,
    /// The operation is complete with this many bytes; 0 for a read is end of file.
    Done(usize),
}

/// What a read came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// This many bytes of plaintext were written to the caller's buffer, at least one unless the
    /// buffer was empty.
    Data(usize),
    /// The peer has ended its side: it sent close_notify, or its transport ended after the
    /// handshake.
    Closed,
    /// More ciphertext must be received first.
    Blocked,
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
    /// Events that are ready whatever the transport answers.
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

/// The most plaintext that one `send()` takes: `MBEDTLS_SSL_OUT_CONTENT_LEN` of MicroPython's
/// ports.
pub const MAX_SEND: usize = 4096;

/// The errnos of a transport that would block, as Linux numbers them.
const EINTR: i32 = 4;
const EAGAIN: i32 = 11;

impl<P: Protocol> Stream<P> {
    /// A stream over a new connection.
    pub fn new(connection: P) -> Self {
        Self { connection, operation: Direction::Read, detour: None, accepted: 0 }
    }

    /// The connection below, for what it negotiated.
    pub fn connection(&self) -> &P {
        &self.connection
    }

    /// Has the handshake still to be completed? When it has not, what ends it may wait in
    /// [`to_send`](Self::to_send) for a write, whose data it then goes with.
    pub fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// Completes the handshake, and sends what ends it.
    ///
    /// # Errors
    /// Any error of the handshake; it is remembered. [`Error::AllocFailed`] is not: where there is
    /// no [room](crate::room), nothing has happened.
    pub fn handshake_at(&mut self, now: P::Now) -> Result<Step, Error> {
        self.begin(self.operation)?;
        let step = self.shake_hands(now);
        self.raise(step)
    }

    /// Reads what is there of one record, up to the length of `out`.
    ///
    /// # Errors
    /// [`Error::BadInputData`] after close, the remembered error, or a new one, which is
    /// remembered.
    pub fn read_at(&mut self, out: &mut [u8], now: P::Now) -> Result<Step, Error> {
        self.read_by(now, |connection| connection.read(out, now))
    }

    /// Encrypts and sends all of `data`; the shell bounds it ([`MAX_SEND`] for a `send()`).
    ///
    /// When the transport would block after the data was encrypted, the write returns as if nothing
    /// was written; its retry with the same data is completed without encrypting anything again
    /// (mbedTLS' rule).
    ///
    /// # Errors
    /// As [`read_at`](Self::read_at).
    pub fn write_at(&mut self, data: &[u8], now: P::Now) -> Result<Step, Error> {
        if let Some(waiting) = self.prepare(Direction::Write, now)? {
            return Ok(waiting);
        }
        if self.accepted == 0 && !data.is_empty() {
            let written = self.connection.write(data, now);
            self.raise(written)?;
            self.accepted = data.len();
        }
        Ok(if self.to_send().is_empty() { Step::Done(mem::take(&mut self.accepted).min(data.len())) } else { Step::Send })
    }

    /// Ends a write whose ciphertext waits in [`to_send`](Self::to_send), which the shell sends
    /// later: how many bytes the program has written.
    pub fn defer(&mut self) -> usize {
        mem::take(&mut self.accepted)
    }

    /// Was the data of a write encrypted, and waits to be sent? Then the next write does not look
    /// at the bytes that it is given.
    pub fn has_accepted(&self) -> bool {
        self.accepted > 0
    }

    /// Ciphertext, or the datagram, that waits to be sent; nothing while a decision is open.
    pub fn to_send(&self) -> &[u8] {
        self.connection.to_send()
    }

    /// Room for received ciphertext, or a datagram: at least `wanted` bytes, at least one.
    pub fn receive_space(&mut self, wanted: usize) -> &mut [u8] {
        self.connection.receive_space(wanted)
    }

    /// The first `count` bytes of [`receive_space`](Self::receive_space) were received; an empty
    /// datagram has no effect.
    pub fn received(&mut self, count: usize) {
        self.connection.received(count);
    }

    /// The transport has ended. UDP has no end; a program's own transport may have one.
    pub fn received_eof(&mut self) {
        self.connection.received_eof();
    }

    /// The transport answered with this errno in this direction: the error to raise, which is
    /// remembered. None if the transport would have blocked; then the operation is given up for now
    /// and the program gets None.
    pub fn stopped(&mut self, errno: i32, direction: Direction) -> Option<Error> {
        match errno {
            EINTR | EAGAIN => {
                self.blocked(direction);
                None
            }
            _ => Some(self.transport_failed(errno)),
        }
    }

    /// The transport would have blocked in this direction; the operation is given up for now and
    /// the program gets None.
    pub fn blocked(&mut self, direction: Direction) {
        self.connection.release();
        self.detour = Some(direction).filter(|direction| *direction != self.operation);
    }

    /// The transport failed: the error to raise, which is remembered.
    pub fn transport_failed(&mut self, errno: i32) -> Error {
        self.connection.discard_outgoing();
        self.connection.abandon_decision();
        self.connection.state_mut().transport_failed(errno)
    }

    /// The peer's chain that the program has to decide about, from the top to the leaf; empty if
    /// there is nothing to decide.
    pub fn chain(&self) -> Vec<ChainLink> {
        self.connection.verifier().chain()
    }

    /// The program's decision about [`chain`](Self::chain): 0 if its callback refused no
    /// certificate, the number with which it refused one, or nothing if it raised an exception. The
    /// connection goes on, or an alert waits in [`to_send`](Self::to_send).
    ///
    /// # Errors
    /// Why the peer is refused, which is remembered: by the program, or by what verification came
    /// to. [`Error::BadInputData`] if there is nothing to decide; that is not remembered.
    pub fn decide(&mut self, verdict: Option<i32>) -> Result<(), Error> {
        if !self.connection.verifier().is_undecided() {
            return Err(Error::BadInputData);
        }
        let decided = self.connection.decide(verdict);
        self.raise(decided)
    }

    /// The identity of a client whose pre-shared key the program has to provide; None if there is
    /// no such question.
    pub fn psk_identity(&self) -> Option<&[u8]> {
        self.connection.psk_identity()
    }

    /// The key of [`psk_identity`](Self::psk_identity), 1 to 48 bytes, or None if the program
    /// refuses the client.
    ///
    /// # Errors
    /// [`Error::UnknownIdentity`], which is remembered, without a key and with one that cannot be
    /// used. [`Error::BadInputData`] if there is no such question; that is not remembered.
    pub fn provide_psk(&mut self, key: Option<&[u8]>) -> Result<(), Error> {
        if self.connection.psk_identity().is_none() {
            return Err(Error::BadInputData);
        }
        let provided = self.connection.provide_psk(key);
        self.raise(provided)
    }

    /// Answers a poll for the events in `wanted`.
    pub fn poll(&mut self, wanted: u32) -> Poll {
        if !self.connection.state().is_open() {
            return Poll { ready: event::INVALID, ask: 0 };
        }
        if room::check(0).is_err() {
            // What was received cannot be looked at; a read or a write says why.
            return Poll { ready: wanted & (event::READ | event::WRITE), ask: 0 };
        }
        let was_sent = self.connection.to_send().is_empty();
        let has_plaintext = wanted & event::READ != 0 && self.connection.has_plaintext();
        if self.connection.is_undecided() {
            // Reads and writes go on with the decision, and need nothing of the transport for it.
            return Poll { ready: wanted & (event::READ | event::WRITE), ask: 0 };
        }
        let ready = if has_plaintext { event::READ } else { 0 };
        if ready == wanted {
            return Poll { ready, ask: 0 };
        }
        if was_sent && !self.connection.to_send().is_empty() {
            // The look at what was received queued an answer to the peer: the next read sends it.
            self.operation = Direction::Read;
            self.detour = Some(Direction::Write);
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

    /// Closes the stream: every later read and write is [`closed_error`](Self::closed_error).
    /// close_notify then waits in [`to_send`](Self::to_send) if the peer can be sent to; nothing
    /// does where a decision was open. False if it was closed before.
    pub fn close(&mut self) -> bool {
        if self.connection.is_undecided() {
            self.connection.discard_outgoing();
            self.connection.abandon_decision();
        } else {
            self.end_writing();
        }
        self.connection.state_mut().close()
    }

    /// Queues close_notify, which then waits in [`to_send`](Self::to_send) if the peer can be sent
    /// to. Reading goes on (RFC 8446, section 6.1).
    pub fn end_writing(&mut self) {
        if self.connection.state().is_open() {
            // A connection that fails here is ended all the same.
            _ = self.connection.close_notify();
        }
    }

    /// What every operation fails with once the stream is closed: the error that it had remembered,
    /// or [`Error::BadInputData`].
    pub fn closed_error(&self) -> Error {
        self.connection.state().error()
    }

    /// Why the last operation failed.
    pub fn failure(&self) -> Option<&Error> {
        self.connection.state().raised()
    }

    pub(crate) fn read_by(&mut self, now: P::Now, read: impl FnOnce(&mut P) -> Result<Read, Error>) -> Result<Step, Error> {
        if let Some(waiting) = self.prepare(Direction::Read, now)? {
            return Ok(waiting);
        }
        let read = read(&mut self.connection);
        Ok(match self.raise(read)? {
            Read::Data(count) => Step::Done(count),
            // What the peer waits for must go out first: our part of a handshake, the answer to a
            // key update. A write that waits does not hold up reads: the peer may read only when it
            // was read.
            _ if !self.to_send().is_empty() && self.accepted == 0 => Step::Send,
            Read::Closed => Step::Done(0),
            Read::Blocked => Step::Receive,
        })
    }

    /// Begins a read or a write: completes the handshake. What it waits for, if it does.
    fn prepare(&mut self, operation: Direction, now: P::Now) -> Result<Option<Step>, Error> {
        self.begin(operation)?;
        if !self.connection.is_handshaking() {
            return Ok(None);
        }
        match self.shake_hands(now) {
            Ok(Step::Done(_)) => Ok(None),
            // What ends the handshake goes out with what is written: a peer's delayed ACK of the
            // one would hold up the other.
            Ok(Step::Send) if operation == Direction::Write && !self.is_handshaking() => Ok(None),
            Ok(waiting) => Ok(Some(waiting)),
            // To a reader it is the end of the file, as in MicroPython.
            Err(Error::PeerCloseNotify) if operation == Direction::Read => Ok(Some(Step::Done(0))),
            Err(error) => self.raise(Err(error)),
        }
    }

    fn shake_hands(&mut self, now: P::Now) -> Result<Step, Error> {
        let complete = self.connection.handshake(now)?;
        Ok(if self.connection.is_undecided() {
            Step::Verify
        } else if !self.to_send().is_empty() {
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
        let state = self.connection.state_mut();
        state.begin()?;
        room::check(0).map_err(|error| state.pass(error))
    }

    fn raise<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        self.connection.state_mut().raise(result)
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
