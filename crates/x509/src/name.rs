//! Distinguished names (RFC 5280, section 4.1.2.4), compared as mbedTLS compares them.

use alloc::vec::Vec;

use super::asn1::{BMP_STRING, IA5_STRING, OID, PRINTABLE_STRING, Reader, SEQUENCE, SET, UNIVERSAL_STRING, UTF8_STRING};
use super::{Field, Malformed, ParseError, at};

/// A distinguished name whose encoding was checked.
#[derive(Clone, Copy, Debug)]
pub struct Name<'a>(&'a [u8]);

/// One `type=value` of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attribute<'a> {
    pub(super) oid: &'a [u8],
    pub(super) tag: u8,
    pub(super) value: &'a [u8],
    /// Whether another attribute of the same set follows.
    pub(super) merged: bool,
}

impl<'a> Name<'a> {
    /// Checks the contents of an RDNSequence. An empty one is no name.
    pub(super) fn parse(contents: &'a [u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(contents);
        loop {
            let mut set = reader.inside(SET).map_err(at(Field::Name))?;
            loop {
                attribute(&mut set)?;
                if set.is_empty() {
                    break;
                }
            }
            if reader.is_empty() {
                return Ok(Self(contents));
            }
        }
    }

    /// The name without attributes, which subjects may have.
    pub(super) const EMPTY: Name<'static> = Name(&[]);

    /// Whether it has no attributes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values of the name's common names, in whatever string type.
    pub fn common_names(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.attributes().filter(|attribute| attribute.oid == COMMON_NAME).map(|attribute| attribute.value)
    }

    /// Bytes that are equal for two names if and only if mbedTLS takes the names for equal: it
    /// ignores the case of ASCII letters in, and the difference between, UTF8String and
    /// PrintableString, and nothing else.
    pub fn canonical(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len());
        let mut push = |part: &[u8]| {
            bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend_from_slice(part);
        };
        for Attribute { oid, tag, value, merged } in self.attributes() {
            push(oid);
            match tag {
                UTF8_STRING | PRINTABLE_STRING => {
                    push(&[UTF8_STRING, u8::from(merged)]);
                    push(&value.to_ascii_lowercase());
                }
                _ => {
                    push(&[tag, u8::from(merged)]);
                    push(value);
                }
            }
        }
        bytes
    }

    pub(super) fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        let mut sets = Reader::new(self.0);
        let mut set = Reader::new(&[]);
        core::iter::from_fn(move || {
            if set.is_empty() {
                set = sets.inside(SET).ok()?;
            }
            attribute(&mut set).ok()
        })
    }
}

/// id-at-commonName, 2.5.4.3
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// The string types that mbedTLS takes in names: BIT STRING, UTF8String, PrintableString,
/// T61String, IA5String, UniversalString, BMPString.
const STRINGS: [u8; 7] = [0x03, UTF8_STRING, PRINTABLE_STRING, 0x14, IA5_STRING, UNIVERSAL_STRING, BMP_STRING];

fn attribute<'a>(set: &mut Reader<'a>) -> Result<Attribute<'a>, ParseError> {
    let mut pair = set.inside(SEQUENCE).map_err(at(Field::Name))?;
    let oid = pair.element(OID).map_err(at(Field::Name))?;
    match pair.peek() {
        None => return Err(ParseError::new(Field::Name, Some(Malformed::OutOfData))),
        Some(tag) if !STRINGS.contains(&tag) => return Err(ParseError::new(Field::Name, Some(Malformed::UnexpectedTag))),
        Some(_) => {}
    }
    let (tag, value) = pair.any().map_err(at(Field::Name))?;
    pair.end().map_err(at(Field::Name))?;
    Ok(Attribute { oid, tag, value, merged: !set.is_empty() })
}
