//! What a connection needs of a TLS library, and what both work with.

use alloc::vec::Vec;

use rustls::{AlertDescription, CipherSuite, HandshakeKind, NamedGroup, ProtocolVersion};
use rustls_pki_types::CertificateDer;

use crate::buffer::Buffer;
use crate::error::Error;
use crate::verify::{PeerVerifier, Secret};

/// What a connection needs of a TLS library: one end of a connection, without I/O.
pub(super) trait Library {
    /// Processes `incoming` until there is plaintext, the program has to decide about the peer, or
    /// nothing is left to do; then writes.
    ///
    /// Returns how much plaintext went to `out`.
    ///
    /// # Errors
    /// What ended the connection. Its alert is in `outgoing` then.
    fn advance(&mut self, incoming: &mut Buffer, work: Work<'_>) -> Result<usize, Error>;
    /// How many more bytes complete what is being received: the header of a record, or the record
    /// whose header is there.
    fn missing(&self, received: &[u8]) -> usize;
    /// A fatal alert as a record, for a peer that the library took for accepted. In TLS 1.3
    /// `secret` protects it.
    fn alert_record(&self, alert: AlertDescription, secret: Option<Secret>) -> Vec<u8>;
    /// Has the handshake still to be completed?
    fn is_handshaking(&self) -> bool;
    /// What was negotiated so far.
    fn facts(&self) -> Facts<'_>;

    /// The identity of a client whose pre-shared key the program has to provide.
    fn psk_identity(&self) -> Option<&[u8]> {
        None
    }

    /// Goes on with that key, or refuses the client.
    ///
    /// # Errors
    /// Why the client is refused. Its alert is in `outgoing` then.
    fn provide_psk(&mut self, _key: Option<&[u8]>, _outgoing: &mut Buffer) -> Result<(), Error> {
        Err(Error::BadInputData)
    }

    /// Nobody will provide the key any more.
    fn abandon_psk(&mut self) {}
}

pub(super) const RECORD_HEADER: usize = 5;

/// How many more bytes complete the last record in `received`, or its header.
pub(super) fn missing(mut received: &[u8]) -> usize {
    loop {
        let Some((header, body)) = received.split_at_checked(RECORD_HEADER) else {
            return RECORD_HEADER - received.len();
        };
        let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
        match body.get(length..) {
            Some([]) => return RECORD_HEADER,
            Some(next) => received = next,
            None => return length - body.len(),
        }
    }
}

/// What one call works with.
pub(super) struct Work<'a> {
    pub(super) outgoing: &'a mut Buffer,
    /// What does not fit into `out`.
    pub(super) plaintext: &'a mut Buffer,
    pub(super) out: &'a mut [u8],
    pub(super) write: Option<Write<'a>>,
    /// Who verifies the peer, as long as that can happen.
    pub(super) undecided: Option<&'a PeerVerifier>,
    /// Set to the length of `outgoing` when the program has to decide about the peer.
    pub(super) held: &'a mut Option<usize>,
    /// Set when close_notify comes.
    pub(super) peer_closed: &'a mut bool,
}

#[derive(Clone, Copy)]
pub(super) enum Write<'a> {
    Data(&'a [u8]),
    CloseNotify,
}

/// What a handshake came to; what is not known yet is missing.
pub(super) struct Facts<'a> {
    pub(super) suite: Option<CipherSuite>,
    pub(super) version: Option<ProtocolVersion>,
    pub(super) key_exchange_group: Option<NamedGroup>,
    pub(super) alpn_protocol: Option<&'a [u8]>,
    pub(super) kind: Option<HandshakeKind>,
    /// Those that were accepted.
    pub(super) peer_certificates: Option<&'a [CertificateDer<'static>]>,
}
