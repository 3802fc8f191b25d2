//! What version 3 adds to certificates (RFC 5280, section 4.2).

use super::asn1::{CONSTRUCTED, CONTEXT, OCTET_STRING, OID, Reader, SEQUENCE};
use super::constraints::NameConstraints;
use super::general_name::{DIRECTORY_NAME, DNS_NAME, EMAIL, GeneralName, IP_ADDRESS, OTHER_NAME, REGISTERED_ID, TAG_NUMBER, URI};
use super::name::Name;
use super::{Field, Malformed, ParseError, at};

/// The extensions of a certificate that decide something; those that mbedTLS only parses are
/// checked for their form.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extensions<'a> {
    /// basicConstraints: whether this is a CA.
    pub is_ca: bool,
    /// basicConstraints: how many CA certificates may be between this one and a leaf.
    pub max_path_length: Option<u32>,
    /// keyUsage: bit n of the extension is bit `7 - n % 8` of byte `n / 8`, the first byte lowest.
    pub key_usage: Option<u32>,
    /// extKeyUsage: the contents of the sequence of OIDs.
    ext_key_usage: Option<&'a [u8]>,
    /// subjectAltName: the contents of the sequence of names.
    subject_alt_name: Option<&'a [u8]>,
    /// nameConstraints that are not critical. Mbed TLS passes them over, and refuses certificates
    /// with critical ones.
    pub name_constraints: Option<NameConstraints<'a>>,
}

impl<'a> Extensions<'a> {
    /// Reads the rest of a TBSCertificate of version 3.
    pub(super) fn read(fields: &mut Reader<'a>) -> Result<Self, ParseError> {
        let mut found = Self::default();
        if fields.is_empty() {
            return Ok(found);
        }
        let mut explicit = fields.inside(CONSTRUCTED + 3).map_err(malformed)?;
        let mut list = explicit.only(SEQUENCE).map_err(malformed)?;
        let mut seen = 0u16;
        while !list.is_empty() {
            let mut extension = list.inside(SEQUENCE).map_err(malformed)?;
            let oid = extension.element(OID).map_err(malformed)?;
            let critical = if extension.peek() == Some(super::asn1::BOOLEAN) { extension.boolean().map_err(malformed)? } else { false };
            let value = extension.element(OCTET_STRING).map_err(malformed)?;
            extension.end().map_err(malformed)?;
            let Some(kind) = Kind::of(oid) else {
                if critical {
                    return Err(malformed(Malformed::UnexpectedTag));
                }
                if oid == NAME_CONSTRAINTS {
                    found.name_constraints = Some(NameConstraints::new(value));
                }
                continue;
            };
            if seen & kind.bit() != 0 {
                return Err(INVALID);
            }
            seen |= kind.bit();
            found.take(kind, critical, value)?;
        }
        Ok(found)
    }

    /// Whether there is a subjectAltName, of whatever names.
    pub fn has_subject_alt_name(&self) -> bool {
        self.subject_alt_name.is_some()
    }

    /// The subjectAltNames in their order; none if there is no such extension.
    pub fn subject_alt_names(&self) -> impl Iterator<Item = GeneralName<'a>> + use<'a> {
        elements(self.subject_alt_name).map(|(tag, value)| match tag & TAG_NUMBER {
            DNS_NAME => GeneralName::Dns(value),
            IP_ADDRESS => GeneralName::Ip(value),
            EMAIL => GeneralName::Email(value),
            URI => GeneralName::Uri(value),
            DIRECTORY_NAME => directory_name(value).map_or(GeneralName::Other, GeneralName::Directory),
            REGISTERED_ID => GeneralName::Id(value),
            _ => GeneralName::Other,
        })
    }

    /// Whether the key may be used for all of `usage`: always, if the certificate does not say. One
    /// that may only encipher or only decipher may do nothing else.
    pub fn allows_key_usage(&self, usage: u32) -> bool {
        self.key_usage.is_none_or(|allowed| allowed & (ENCIPHER_ONLY | DECIPHER_ONLY | usage) == usage)
    }

    /// Whether the certificate may be used for `purpose`: always, if it does not say.
    pub fn allows_purpose(&self, purpose: &[u8]) -> bool {
        self.ext_key_usage.is_none() || elements(self.ext_key_usage).any(|(_, oid)| oid == purpose || oid == ANY_PURPOSE)
    }

    fn take(&mut self, kind: Kind, critical: bool, value: &'a [u8]) -> Result<(), ParseError> {
        let mut reader = Reader::new(value);
        match kind {
            Kind::BasicConstraints => (self.is_ca, self.max_path_length) = basic_constraints(&mut reader)?,
            Kind::KeyUsage => {
                let bytes = reader.bits().map_err(malformed)?;
                self.key_usage = Some(bytes.iter().take(4).rev().fold(0, |usage, &byte| usage << 8 | u32::from(byte)));
            }
            Kind::ExtKeyUsage => self.ext_key_usage = Some(purposes(&mut reader)?),
            Kind::SubjectAltName => {
                let names = reader.only(SEQUENCE).map_err(malformed)?;
                general_names(names)?;
                self.subject_alt_name = Some(names.rest());
            }
            Kind::SubjectKeyIdentifier => {
                reader.only(OCTET_STRING).map_err(malformed)?;
            }
            Kind::AuthorityKeyIdentifier => authority_key_identifier(&mut reader)?,
            Kind::NsCertType => {
                if reader.bits().map_err(malformed)?.len() > 1 {
                    return Err(malformed(Malformed::InvalidLength));
                }
            }
            Kind::CertificatePolicies => {
                if policies(&mut reader)? == Policies::Some && critical {
                    return Err(ParseError::new(Field::CriticalPolicy, None));
                }
            }
        }
        Ok(())
    }
}

/// keyUsage digitalSignature
pub const DIGITAL_SIGNATURE: u32 = 0x80;
/// keyUsage keyCertSign
pub const KEY_CERT_SIGN: u32 = 0x04;
/// keyUsage encipherOnly
const ENCIPHER_ONLY: u32 = 0x01;
/// keyUsage decipherOnly
const DECIPHER_ONLY: u32 = 0x8000;
/// id-kp-serverAuth, 1.3.6.1.5.5.7.3.1
pub const SERVER_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
/// id-kp-clientAuth, 1.3.6.1.5.5.7.3.2
pub const CLIENT_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];
/// anyExtendedKeyUsage, 2.5.29.37.0
const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 0x25, 0x00];
/// anyPolicy, 2.5.29.32.0
const ANY_POLICY: &[u8] = &[0x55, 0x1d, 0x20, 0x00];
/// id-on-hardwareModuleName, 1.3.6.1.5.5.7.8.4
const HARDWARE_MODULE_NAME: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x04];

/// nameConstraints, 2.5.29.30
const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x1e];

const TAG_CLASS: u8 = 0xc0;

const INVALID: ParseError = ParseError { field: Field::Extensions, cause: None };

fn malformed(cause: Malformed) -> ParseError {
    at(Field::Extensions)(cause)
}

/// The extensions that mbedTLS knows; any other is ignored or, if critical, refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    BasicConstraints,
    KeyUsage,
    ExtKeyUsage,
    SubjectAltName,
    SubjectKeyIdentifier,
    AuthorityKeyIdentifier,
    NsCertType,
    CertificatePolicies,
}

impl Kind {
    fn of(oid: &[u8]) -> Option<Self> {
        /// netscape-cert-type, 2.16.840.1.113730.1.1
        const NS_CERT_TYPE: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 0x01, 0x01];
        Some(match oid {
            [0x55, 0x1d, 14] => Self::SubjectKeyIdentifier,
            [0x55, 0x1d, 15] => Self::KeyUsage,
            [0x55, 0x1d, 17] => Self::SubjectAltName,
            [0x55, 0x1d, 19] => Self::BasicConstraints,
            [0x55, 0x1d, 32] => Self::CertificatePolicies,
            [0x55, 0x1d, 35] => Self::AuthorityKeyIdentifier,
            [0x55, 0x1d, 37] => Self::ExtKeyUsage,
            NS_CERT_TYPE => Self::NsCertType,
            _ => return None,
        })
    }

    fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// cA and pathLenConstraint.
fn basic_constraints(reader: &mut Reader<'_>) -> Result<(bool, Option<u32>), ParseError> {
    let mut fields = reader.inside(SEQUENCE).map_err(malformed)?;
    if fields.is_empty() && reader.is_empty() {
        return Ok((false, None));
    }
    if !reader.is_empty() {
        return Err(INVALID);
    }
    let is_ca = fields.boolean().map_err(malformed)?;
    if fields.is_empty() {
        return Ok((is_ca, None));
    }
    let max_path_length = fields.integer().map_err(malformed)?;
    fields.end().map_err(malformed)?;
    if max_path_length == i32::MAX as u32 {
        return Err(malformed(Malformed::InvalidLength));
    }
    Ok((is_ca, Some(max_path_length)))
}

/// The contents of an ExtKeyUsageSyntax, which must not be empty.
fn purposes<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], ParseError> {
    let mut list = reader.only(SEQUENCE).map_err(malformed)?;
    let contents = list.rest();
    if contents.is_empty() {
        return Err(malformed(Malformed::InvalidLength));
    }
    while !list.is_empty() {
        list.element(OID).map_err(malformed)?;
    }
    Ok(contents)
}

fn general_names(mut names: Reader<'_>) -> Result<(), ParseError> {
    while !names.is_empty() {
        let (tag, value) = names.any().map_err(malformed)?;
        if tag & TAG_CLASS != CONTEXT {
            return Err(malformed(Malformed::UnexpectedTag));
        }
        match tag & TAG_NUMBER {
            OTHER_NAME => other_name(Reader::new(value))?,
            DIRECTORY_NAME => {
                directory_name(value)?;
            }
            IP_ADDRESS if !matches!(value.len(), 4 | 16) => return Err(ParseError::new(Field::IpAddress, None)),
            _ => {}
        }
    }
    Ok(())
}

fn directory_name(value: &[u8]) -> Result<Name<'_>, ParseError> {
    Name::parse(Reader::new(value).element(SEQUENCE).map_err(at(Field::DirectoryName))?)
}

/// Only the form of a hardware module's name (RFC 4108) is known.
fn other_name(mut name: Reader<'_>) -> Result<(), ParseError> {
    if name.element(OID).map_err(malformed)? != HARDWARE_MODULE_NAME {
        return Ok(());
    }
    let mut explicit = name.only(CONSTRUCTED).map_err(malformed)?;
    let mut fields = explicit.only(SEQUENCE).map_err(malformed)?;
    fields.element(OID).map_err(malformed)?;
    fields.only(OCTET_STRING).map_err(malformed)?;
    Ok(())
}

fn authority_key_identifier(reader: &mut Reader<'_>) -> Result<(), ParseError> {
    let mut fields = reader.only(SEQUENCE).map_err(malformed)?;
    // All fields are optional (RFC 5280, section 4.2.1.1), but Mbed TLS wants one.
    if fields.is_empty() {
        return Err(malformed(Malformed::OutOfData));
    }
    fields.optional(CONTEXT).map_err(malformed)?;
    if !fields.is_empty() {
        general_names(fields.inside(CONSTRUCTED + 1).map_err(malformed)?)?;
        fields.element(CONTEXT + 2).map_err(malformed)?;
    }
    fields.end().map_err(malformed)
}

/// What certificatePolicies come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policies {
    /// anyPolicy only
    Any,
    /// Policies that mbedTLS cannot enforce.
    Some,
}

fn policies(reader: &mut Reader<'_>) -> Result<Policies, ParseError> {
    let mut list = reader.only(SEQUENCE).map_err(malformed)?;
    if list.is_empty() {
        return Err(malformed(Malformed::LengthMismatch));
    }
    let mut all = Policies::Any;
    while !list.is_empty() {
        let mut policy = list.inside(SEQUENCE).map_err(malformed)?;
        if policy.element(OID).map_err(malformed)? != ANY_POLICY {
            all = Policies::Some;
        }
        if !policy.is_empty() {
            policy.only(SEQUENCE).map_err(malformed)?;
        }
    }
    Ok(all)
}

/// The elements of contents that were checked.
fn elements<'a>(contents: Option<&'a [u8]>) -> impl Iterator<Item = (u8, &'a [u8])> + use<'a> {
    let mut reader = Reader::new(contents.unwrap_or_default());
    core::iter::from_fn(move || reader.any().ok())
}
