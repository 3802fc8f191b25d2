//! A reader of DER that accepts what mbedTLS accepts: lengths in more bytes than needed, any
//! non-zero byte as TRUE, non-minimal integers. Rejecting those would refuse certificates that work
//! on a board. The exact bytes are what signatures are checked over, so nothing is re-encoded.

/// What is wrong with an encoding, as the mbedTLS code of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Malformed {
    /// The data ends inside an element.
    OutOfData = -0x60,
    /// Another element than the expected one.
    UnexpectedTag = -0x62,
    /// A length that cannot be, or does not fit the type.
    InvalidLength = -0x64,
    /// An element is longer or shorter than what it contains.
    LengthMismatch = -0x66,
    /// Contents that the type does not allow.
    InvalidData = -0x68,
}

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const IA5_STRING: u8 = 0x16;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const UNIVERSAL_STRING: u8 = 0x1c;
pub(crate) const BMP_STRING: u8 = 0x1e;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
/// Class bits of `[n]`; the number is added.
pub(crate) const CONTEXT: u8 = 0x80;
/// Class and form bits of `[n]` around other elements; the number is added.
pub(crate) const CONSTRUCTED: u8 = 0xa0;

/// An AlgorithmIdentifier (RFC 5280, section 4.1.1.2): the OID's contents and the parameters as tag
/// and contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Algorithm<'a> {
    pub(crate) oid: &'a [u8],
    pub(crate) parameters: Option<(u8, &'a [u8])>,
}

impl Algorithm<'_> {
    /// Whether the parameters are absent or NULL.
    pub(crate) fn has_no_parameters(&self) -> bool {
        matches!(self.parameters, None | Some((NULL | 0, [])))
    }
}

/// What is left to read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tag of the next element.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The contents of the next element, which must have this tag.
    pub(crate) fn element(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        match self.peek() {
            None => Err(Malformed::OutOfData),
            Some(found) if found != tag => Err(Malformed::UnexpectedTag),
            Some(_) => self.any().map(|(_, contents)| contents),
        }
    }

    /// As [`element`](Self::element), as something to read.
    pub(crate) fn inside(&mut self, tag: u8) -> Result<Self, Malformed> {
        self.element(tag).map(Self)
    }

    /// As [`inside`](Self::inside), of what must be the only element.
    pub(crate) fn only(&mut self, tag: u8) -> Result<Self, Malformed> {
        let inside = self.inside(tag)?;
        self.end()?;
        Ok(inside)
    }

    /// The next element if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Malformed> {
        if self.peek() == Some(tag) { self.element(tag).map(Some) } else { Ok(None) }
    }

    /// Tag and contents of the next element.
    pub(crate) fn any(&mut self) -> Result<(u8, &'a [u8]), Malformed> {
        let (&tag, rest) = self.0.split_first().ok_or(Malformed::OutOfData)?;
        let (&first, rest) = rest.split_first().ok_or(Malformed::OutOfData)?;
        let (length, rest) = match usize::from(first) {
            short @ 0..=0x7f => (short, rest),
            long => {
                let count = long & 0x7f;
                if !(1..=4).contains(&count) {
                    return Err(Malformed::InvalidLength);
                }
                let (bytes, rest) = rest.split_at_checked(count).ok_or(Malformed::OutOfData)?;
                let length = bytes.iter().fold(0u32, |length, &byte| length << 8 | u32::from(byte));
                (usize::try_from(length).map_err(|_| Malformed::OutOfData)?, rest)
            }
        };
        let (contents, rest) = rest.split_at_checked(length).ok_or(Malformed::OutOfData)?;
        self.0 = rest;
        Ok((tag, contents))
    }

    /// Nothing may be left.
    pub(crate) fn end(&self) -> Result<(), Malformed> {
        if self.is_empty() { Ok(()) } else { Err(Malformed::LengthMismatch) }
    }

    /// A BOOLEAN.
    pub(crate) fn boolean(&mut self) -> Result<bool, Malformed> {
        match self.element(BOOLEAN)? {
            [value] => Ok(*value != 0),
            _ => Err(Malformed::InvalidLength),
        }
    }

    /// An INTEGER from 0 to 2^31 - 1.
    pub(crate) fn integer(&mut self) -> Result<u32, Malformed> {
        let contents = self.element(INTEGER)?;
        match contents.first() {
            None | Some(0x80..) => return Err(Malformed::InvalidLength),
            Some(_) => {}
        }
        let mut value = 0u32;
        for &byte in contents {
            if value >> 23 != 0 {
                return Err(Malformed::InvalidLength);
            }
            value = value << 8 | u32::from(byte);
        }
        Ok(value)
    }

    /// The bytes of a BIT STRING that must be the only element; trailing unused bits are left in.
    pub(crate) fn bits(&mut self) -> Result<&'a [u8], Malformed> {
        let contents = self.element(BIT_STRING)?;
        let (&unused, bits) = contents.split_first().ok_or(Malformed::OutOfData)?;
        if unused > 7 {
            return Err(Malformed::InvalidLength);
        }
        self.end()?;
        Ok(bits)
    }

    /// The bytes of a BIT STRING without unused bits.
    pub(crate) fn whole_bytes(&mut self) -> Result<&'a [u8], Malformed> {
        match self.element(BIT_STRING)?.split_first() {
            Some((0, bytes)) => Ok(bytes),
            _ => Err(Malformed::InvalidData),
        }
    }

    /// An AlgorithmIdentifier.
    pub(crate) fn algorithm(&mut self) -> Result<Algorithm<'a>, Malformed> {
        let mut inside = self.inside(SEQUENCE)?;
        let oid = inside.element(OID)?;
        let parameters = if inside.is_empty() { None } else { Some(inside.any()?) };
        inside.end()?;
        Ok(Algorithm { oid, parameters })
    }
}
