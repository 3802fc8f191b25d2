//! MicroPython's raw stream over a TLS connection: the rules of [`Stream`], for bytes.

use super::Connection;
use crate::error::Error;
use crate::stream::{Protocol, Read, Step, Stream};
use crate::verify::PeerVerifier;

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

    fn is_undecided(&self) -> bool {
        self.verifier.is_undecided() || self.psk_identity().is_some()
    }

    fn abandon_decision(&mut self) {
        self.verifier.abandon_decision();
        self.library.abandon_psk();
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
