//! MicroPython's raw stream over a TLS connection: the rules of [`Stream`], for bytes.

use super::Connection;
use crate::error::Error;
use crate::stream::{Step, Stream};

/// A readable and writable end of a TLS connection.
pub type TlsStream = Stream<Connection>;

impl TlsStream {
    /// Completes the handshake.
    ///
    /// # Errors
    /// As [`handshake_at`](Self::handshake_at).
    pub fn handshake(&mut self) -> Result<Step, Error> {
        self.handshake_at(())
    }

    /// Reads what is there of one record, up to the length of `out`.
    ///
    /// # Errors
    /// As [`read_at`](Self::read_at).
    pub fn read(&mut self, out: &mut [u8]) -> Result<Step, Error> {
        self.read_at(out, ())
    }

    /// Reads what is there of a line, with its newline, up to the length of `out`: for shells that
    /// would otherwise read byte by byte.
    ///
    /// # Errors
    /// As [`read_at`](Self::read_at).
    pub fn read_line(&mut self, out: &mut [u8]) -> Result<Step, Error> {
        self.read_by((), |connection| connection.read_line(out))
    }

    /// Encrypts and sends all of `data`.
    ///
    /// # Errors
    /// As [`write_at`](Self::write_at).
    pub fn write(&mut self, data: &[u8]) -> Result<Step, Error> {
        self.write_at(data, ())
    }

    /// The first `count` bytes of the connection's [`plaintext`](Connection::plaintext) were read
    /// there: for shells that show it to programs which read it byte by byte, until the next
    /// operation begins.
    pub fn consume_plaintext(&mut self, count: usize) {
        self.connection.consume_plaintext(count);
    }

    /// The first `count` bytes of [`to_send`](Self::to_send) were sent.
    pub fn sent(&mut self, count: usize) {
        self.connection.sent(count);
    }
}
