//! A whole handshake message, with the header under which it is hashed.

use alloc::vec::Vec;

use rustls::HandshakeType;

use super::wire::Writer;

/// What carries the messages of a handshake. It decides what they look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// TLS 1.2, RFC 5246.
    Stream,
    /// DTLS 1.2, RFC 6347.
    Datagrams,
}

impl Carrier {
    /// The version of the protocol, as hellos and records carry it.
    pub(crate) fn version(self) -> u16 {
        match self {
            Self::Stream => 0x0303,
            Self::Datagrams => 0xfefd,
        }
    }

    /// May a client that sends this version be answered with ours? The numbers of DTLS go down.
    pub(super) fn covers(self, version: u16) -> bool {
        match self {
            Self::Stream => version >= self.version() && version >> 8 == 3,
            Self::Datagrams => version <= self.version() && version >> 8 == 0xfe,
        }
    }

    /// Bytes in front of a message.
    fn header(self) -> usize {
        match self {
            Self::Stream => 4,
            Self::Datagrams => 12,
        }
    }
}

/// A whole handshake message. Of datagrams it has the header that it would have if it came in one
/// fragment.
pub(crate) struct Message {
    pub(crate) bytes: Vec<u8>,
    carrier: Carrier,
    typ: HandshakeType,
    seq: u16,
}

impl Message {
    /// The message `body`. Only datagrams number messages.
    pub(crate) fn new(carrier: Carrier, typ: HandshakeType, seq: u16, body: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(carrier.header() + body.len());
        bytes.push(typ.into());
        bytes.put(3, body.len());
        if carrier == Carrier::Datagrams {
            bytes.put(2, usize::from(seq));
            bytes.put(3, 0);
            bytes.put(3, body.len());
        }
        bytes.extend_from_slice(body);
        Self { bytes, carrier, typ, seq }
    }

    pub(crate) fn typ(&self) -> HandshakeType {
        self.typ
    }

    pub(crate) fn seq(&self) -> u16 {
        self.seq
    }

    pub(crate) fn body(&self) -> &[u8] {
        self.bytes.get(self.carrier.header()..).unwrap_or_default()
    }

    pub(crate) fn body_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.carrier.header()..).unwrap_or_default()
    }
}
