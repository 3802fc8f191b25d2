//! Names that a certificate is for, or speaks of (RFC 5280, section 4.2.1.6).

use super::name::Name;

/// A subjectAltName.
#[derive(Clone, Copy, Debug)]
pub enum GeneralName<'a> {
    /// dNSName
    Dns(&'a [u8]),
    /// iPAddress, of 4 or 16 bytes
    Ip(&'a [u8]),
    /// rfc822Name
    Email(&'a [u8]),
    /// uniformResourceIdentifier
    Uri(&'a [u8]),
    /// directoryName
    Directory(Name<'a>),
    /// registeredID: the contents of the OID
    Id(&'a [u8]),
    /// A name of another form.
    Other,
}

/// The bits of a tag that are the form of a name.
pub(super) const TAG_NUMBER: u8 = 0x1f;
pub(super) const OTHER_NAME: u8 = 0;
pub(super) const EMAIL: u8 = 1;
pub(super) const DNS_NAME: u8 = 2;
pub(super) const DIRECTORY_NAME: u8 = 4;
pub(super) const URI: u8 = 6;
pub(super) const IP_ADDRESS: u8 = 7;
pub(super) const REGISTERED_ID: u8 = 8;
