//! The connection as one that a [`Stream`](crate::stream::Stream) can be made of.

use core::mem;

use super::DtlsConnection;
use crate::error::Error;
use crate::stream::{MAX_SEND, Protocol, Read, State};
use crate::verify::PeerVerifier;

impl Protocol for DtlsConnection {
    type Now = u64;

    fn state(&self) -> &State {
        &self.state
    }

    fn state_mut(&mut self) -> &mut State {
        &mut self.state
    }

    fn handshake(&mut self, now: u64) -> Result<bool, Error> {
        self.advance(now)?;
        let has_ended_early = self.ended && self.is_handshaking() && !self.is_undecided();
        if has_ended_early && self.datagrams.outgoing.is_empty() {
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
        !self.received.is_empty() || self.peer_closed
    }

    fn to_send(&self) -> &[u8] {
        self.to_send().unwrap_or_default()
    }

    fn discard_outgoing(&mut self) {
        self.datagrams.outgoing.clear();
    }

    fn receive_space(&mut self, wanted: usize) -> &mut [u8] {
        self.incoming.spare(wanted.max(1))
    }

    fn received(&mut self, count: usize) {
        self.incoming.fill(count);
    }

    fn received_eof(&mut self) {
        self.ended = true;
    }

    fn release(&mut self) {
        self.incoming.release();
    }

    fn verifier(&self) -> &PeerVerifier {
        self.handshake.verifier()
    }

    fn is_undecided(&self) -> bool {
        self.handshake.is_undecided()
    }

    fn abandon_decision(&mut self) {
        self.handshake.abandon_decision();
    }

    /// The connection goes on when it gets the time next, with what was received.
    fn decide(&mut self, verdict: Option<i32>) -> Result<(), Error> {
        let decided = self.verifier().decide(verdict);
        if decided.is_err() {
            self.datagrams.outgoing.clear();
        }
        self.remember(decided)
    }

    fn psk_identity(&self) -> Option<&[u8]> {
        self.psk_identity()
    }

    fn provide_psk(&mut self, key: Option<&[u8]>) -> Result<(), Error> {
        self.provide_psk(key)
    }
}

impl DtlsConnection {
    /// Takes the datagram that was received, and sends what is due.
    fn advance(&mut self, now: u64) -> Result<(), Error> {
        let mut incoming = mem::take(&mut self.incoming);
        let fed = if incoming.is_empty() { Ok(()) } else { self.feed_datagram(incoming.filled_mut(), now) };
        incoming.consume(usize::MAX);
        incoming.release();
        fed.and_then(|()| self.handle_timeout(now))
    }
}
