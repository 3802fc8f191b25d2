//! DTLS 1.2 on the wire: the headers of records and of fragments of handshake messages (RFC 6347).

use alloc::vec::Vec;

use rustls::{ContentType, HandshakeType};

use crate::error::Error;
use crate::handshake::wire::{Reader, Writer};

/// DTLS 1.2
pub(super) const VERSION: u16 = 0xfefd;

/// Bytes in front of a record's fragment.
pub(super) const RECORD_HEADER: usize = 13;
/// Bytes in front of a handshake message, and of each of its fragments.
pub(super) const MESSAGE_HEADER: usize = 12;
/// The longest fragment of a record: 2^14 bytes and what protection may add (RFC 5246, section
/// 6.2.3).
const MAX_FRAGMENT: usize = (1 << 14) + 2048;

/// The header of a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecordHeader {
    pub(super) typ: ContentType,
    pub(super) version: u16,
    pub(super) epoch: u16,
    /// 48 bits
    pub(super) seq: u64,
}

impl RecordHeader {
    /// Takes one record off a datagram: its header, its fragment, the rest. `None` at the end and
    /// where nothing that follows can be a record.
    pub(super) fn split(datagram: &mut [u8]) -> Option<(Self, &mut [u8], &mut [u8])> {
        let (header, rest) = datagram.split_at_mut_checked(RECORD_HEADER)?;
        let mut reader = Reader(header);
        let (typ, version) = (reader.u8().ok()?, reader.u16().ok()?);
        let (epoch, seq) = (reader.u16().ok()?, reader.number(6).ok()?);
        let length = usize::from(reader.u16().ok()?);
        if version >> 8 != 0xfe || length > MAX_FRAGMENT {
            return None;
        }
        let (fragment, rest) = rest.split_at_mut_checked(length)?;
        Some((Self { typ: typ.into(), version, epoch, seq }, fragment, rest))
    }

    /// Epoch and number as one, which is how protection counts.
    pub(super) fn full_seq(&self) -> u64 {
        u64::from(self.epoch) << 48 | self.seq
    }

    pub(super) fn encode(&self, length: usize, out: &mut Vec<u8>) {
        out.push(self.typ.into());
        out.put(2, usize::from(self.version));
        out.extend_from_slice(&self.full_seq().to_be_bytes());
        out.put(2, length);
    }
}

/// The header of a fragment of a handshake message.
#[derive(Clone, Copy, Debug)]
pub(super) struct MessageHeader {
    pub(super) typ: HandshakeType,
    /// Of the whole message, without headers.
    pub(super) length: usize,
    pub(super) seq: u16,
    /// Of the fragment in the message.
    pub(super) offset: usize,
}

impl MessageHeader {
    /// Takes one fragment off a record: its header, its bytes, the rest.
    pub(super) fn split(record: &[u8]) -> Result<(Self, &[u8], &[u8]), Error> {
        let mut reader = Reader(record);
        let typ = reader.u8()?.into();
        let length = reader.number(3)? as usize;
        let seq = reader.u16()?;
        let offset = reader.number(3)? as usize;
        let fragment = reader.vector(3)?;
        if offset + fragment.len() > length {
            return Err(Error::DecodeError);
        }
        Ok((Self { typ, length, seq, offset }, fragment, reader.0))
    }

    pub(super) fn encode(&self, fragment: usize, out: &mut Vec<u8>) {
        out.push(self.typ.into());
        out.put(3, self.length);
        out.put(2, usize::from(self.seq));
        out.put(3, self.offset);
        out.put(3, fragment);
    }
}
