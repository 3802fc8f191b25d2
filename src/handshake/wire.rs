//! How the contents of records and handshake messages are read and written.

use alloc::vec::Vec;

use crate::error::Error;

/// What is left to decode.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (bytes, rest) = self.0.split_at_checked(count).ok_or(Error::DecodeError)?;
        self.0 = rest;
        Ok(bytes)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        self.bytes(N)?.try_into().map_err(|_| Error::DecodeError)
    }

    /// A number of `width` bytes, at most 8.
    pub(crate) fn number(&mut self, width: usize) -> Result<u64, Error> {
        Ok(self.bytes(width)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Error> {
        self.array().map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Error> {
        self.array().map(u16::from_be_bytes)
    }

    /// Bytes behind their length, which has `width` bytes.
    pub(crate) fn vector(&mut self, width: usize) -> Result<&'a [u8], Error> {
        let length = self.number(width)? as usize;
        self.bytes(length)
    }

    /// Two-byte values behind their length.
    pub(crate) fn list<T: From<u16>>(&mut self) -> Result<Vec<T>, Error> {
        let values = self.vector(2)?.chunks(2).map(|value| Ok(T::from(Reader(value).u16()?)));
        values.collect()
    }

    pub(crate) fn whole_list<T: From<u16>>(mut self) -> Result<Vec<T>, Error> {
        let list = self.list()?;
        self.end(list)
    }

    /// `value`, if nothing is left.
    pub(crate) fn end<T>(&self, value: T) -> Result<T, Error> {
        if self.0.is_empty() { Ok(value) } else { Err(Error::DecodeError) }
    }
}

/// Encoding, behind what is there. Lengths are of what this engine builds itself and fit their
/// fields.
pub(crate) trait Writer {
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
