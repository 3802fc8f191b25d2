//! DTLS 1.2 on the wire: what stands in front of records and handshake messages (RFC 6347), and how their contents are read and written.

use alloc::vec::Vec;

use rustls::{ContentType, HandshakeType};

use crate::error::Error;

/// DTLS 1.2
pub(super) const VERSION: u16 = 0xfefd;

/// Bytes in front of a record's fragment.
pub(super) const RECORD_HEADER: usize = 13;
/// Bytes in front of a handshake message, and of each of its fragments.
pub(super) const MESSAGE_HEADER: usize = 12;
/// The longest fragment of a record: 2^14 bytes and what protection may add (RFC 5246, section 6.2.3).
const MAX_FRAGMENT: usize = (1 << 14) + 2048;

/// What stands in front of a record's fragment.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecordHeader {
    pub(super) typ: ContentType,
    pub(super) version: u16,
    pub(super) epoch: u16,
    /// 48 bits
    pub(super) seq: u64,
}

impl RecordHeader {
    /// Takes one record off a datagram: its header, its fragment, the rest. `None` at the end and where nothing that follows can be a record.
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

/// What stands in front of a fragment of a handshake message.
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

/// What is left to decode.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (bytes, rest) = self.0.split_at_checked(count).ok_or(Error::DecodeError)?;
        self.0 = rest;
        Ok(bytes)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        self.bytes(N)?.try_into().map_err(|_| Error::DecodeError)
    }

    /// A number of `width` bytes, at most 8.
    pub(super) fn number(&mut self, width: usize) -> Result<u64, Error> {
        Ok(self.bytes(width)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    pub(super) fn u8(&mut self) -> Result<u8, Error> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Error> {
        self.array().map(u16::from_be_bytes)
    }

    /// Bytes behind their length, which has `width` bytes.
    pub(super) fn vector(&mut self, width: usize) -> Result<&'a [u8], Error> {
        let length = self.number(width)? as usize;
        self.bytes(length)
    }

    /// Two-byte values behind their length.
    pub(super) fn list<T: From<u16>>(&mut self) -> Result<Vec<T>, Error> {
        let values = self.vector(2)?.chunks(2).map(|value| Ok(T::from(Reader(value).u16()?)));
        values.collect()
    }

    pub(super) fn whole_list<T: From<u16>>(mut self) -> Result<Vec<T>, Error> {
        let list = self.list()?;
        self.end(list)
    }

    /// `value`, if nothing is left.
    pub(super) fn end<T>(&self, value: T) -> Result<T, Error> {
        if self.0.is_empty() { Ok(value) } else { Err(Error::DecodeError) }
    }
}

/// Encoding, behind what is there. Lengths are of what this engine builds itself and fit their fields.
pub(super) trait Writer {
    fn put(&mut self, width: usize, number: usize);
    fn vector(&mut self, width: usize, content: impl FnOnce(&mut Self));
    fn list<T: Into<u16>>(&mut self, values: impl IntoIterator<Item = T>);
    fn extension(&mut self, typ: u16, content: impl FnOnce(&mut Self));
}

impl Writer for Vec<u8> {
    fn put(&mut self, width: usize, number: usize) {
        let bytes = (number as u64).to_be_bytes();
        self.extend_from_slice(&bytes[bytes.len() - width..]);
    }

    fn vector(&mut self, width: usize, content: impl FnOnce(&mut Self)) {
        let start = self.len();
        self.put(width, 0);
        content(self);
        let length = (self.len() - start - width) as u64;
        let bytes = length.to_be_bytes();
        self[start..start + width].copy_from_slice(&bytes[bytes.len() - width..]);
    }

    fn list<T: Into<u16>>(&mut self, values: impl IntoIterator<Item = T>) {
        self.vector(2, |out| {
            for value in values {
                out.put(2, usize::from(value.into()));
            }
        });
    }

    fn extension(&mut self, typ: u16, content: impl FnOnce(&mut Self)) {
        self.put(2, usize::from(typ));
        self.vector(2, content);
    }
}
