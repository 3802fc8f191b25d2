//! X.509 certificates (RFC 5280) as mbedTLS sees them: what it reads is read, what it refuses is
//! refused, with its codes.
//!
//! A [`Certificate`] borrows the encoding it was read from. Reading checks the form only; whom to
//! trust is for the engine's `verify`.

#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

mod algorithm;
mod asn1;
mod constraints;
mod description;
mod extensions;
mod general_name;
mod name;
mod time;

pub use algorithm::{Algorithms, Curve, Hash, KeyKind, PublicKey, SignatureAlgorithm};
pub use asn1::Malformed;
pub use constraints::NameConstraints;
pub use extensions::Extensions;
pub use name::Name;

pub use extensions::{CLIENT_AUTH, DIGITAL_SIGNATURE, KEY_CERT_SIGN, SERVER_AUTH};
pub use general_name::GeneralName;

use asn1::{CONSTRUCTED, INTEGER, Reader, SEQUENCE};

/// A certificate that was read.
#[derive(Clone, Debug)]
pub struct Certificate<'a> {
    /// The whole encoding, without what followed it.
    pub raw: &'a [u8],
    /// What is signed.
    pub tbs: &'a [u8],
    /// 1, 2 or 3.
    pub version: u32,
    /// The contents of its serial number, a signed integer.
    pub serial: &'a [u8],
    /// How it is signed.
    pub signature_algorithm: SignatureAlgorithm,
    /// The contents of the signature's BIT STRING.
    pub signature: &'a [u8],
    /// Who signed it.
    pub issuer: Name<'a>,
    /// Whose it is.
    pub subject: Name<'a>,
    /// First second of validity, since 1970, UTC.
    pub not_before: i64,
    /// Last second of validity, since 1970, UTC.
    pub not_after: i64,
    /// The key that it certifies.
    pub public_key: PublicKey<'a>,
    /// What version 3 adds.
    pub extensions: Extensions<'a>,
}

/// Why bytes are no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseError {
    field: Field,
    cause: Option<Malformed>,
}

/// Part of a certificate, as the mbedTLS code for an error in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Field {
    /// A directoryName among the subjectAltNames. For it mbedTLS' code lacks the part of the
    /// certificate.
    DirectoryName = 0,
    /// `X509_FEATURE_UNAVAILABLE`: a critical policy.
    CriticalPolicy = -0x2080,
    /// `X509_INVALID_FORMAT`
    Format = -0x2180,
    /// `X509_INVALID_VERSION`
    Version = -0x2200,
    /// `X509_INVALID_SERIAL`
    Serial = -0x2280,
    /// `X509_INVALID_ALG`
    Algorithm = -0x2300,
    /// `X509_INVALID_NAME`
    Name = -0x2380,
    /// `X509_INVALID_DATE`
    Date = -0x2400,
    /// `X509_INVALID_SIGNATURE`
    Signature = -0x2480,
    /// `X509_INVALID_EXTENSIONS`
    Extensions = -0x2500,
    /// `X509_UNKNOWN_VERSION`
    UnknownVersion = -0x2580,
    /// `X509_UNKNOWN_SIG_ALG`
    UnknownSignatureAlgorithm = -0x2600,
    /// `X509_SIG_MISMATCH`: the two statements of the signature algorithm differ.
    SignatureMismatch = -0x2680,
    /// `X509_BAD_INPUT_DATA`: an iPAddress that is neither IPv4 nor IPv6.
    IpAddress = -0x2800,
    /// `PK_UNKNOWN_NAMED_CURVE`
    UnknownCurve = -0x3a00,
    /// `PK_INVALID_ALG`
    KeyAlgorithm = -0x3a80,
    /// `PK_INVALID_PUBKEY`
    PublicKey = -0x3b00,
    /// `PK_UNKNOWN_PK_ALG`
    UnknownKeyAlgorithm = -0x3c80,
    /// `PK_KEY_INVALID_FORMAT`
    KeyFormat = -0x3d00,
    /// `ECP_INVALID_KEY`: a point that is not on its curve.
    Point = -0x4c80,
    /// `ECP_FEATURE_UNAVAILABLE`: a curve that is spelled out instead of named.
    SpelledOutCurve = -0x4e80,
    /// `ECP_BAD_INPUT_DATA`: the encoding of no point.
    PointFormat = -0x4f80,
}

impl<'a> Certificate<'a> {
    /// Reads the certificate that `der` starts with, if all its algorithms are among `algorithms`;
    /// what follows it is ignored, as in mbedTLS.
    ///
    /// # Errors
    /// [`ParseError`] for what mbedTLS refuses to read, among it every critical extension that it
    /// does not know.
    pub fn parse(der: &'a [u8], algorithms: Algorithms) -> Result<Self, ParseError> {
        let mut after = Reader::new(der);
        let mut certificate = after.inside(SEQUENCE).map_err(|_| ParseError::new(Field::Format, None))?;
        let raw = &der[..der.len() - after.rest().len()];

        let before = certificate.rest();
        let mut fields = certificate.inside(SEQUENCE).map_err(at(Field::Format))?;
        let tbs = &before[..before.len() - certificate.rest().len()];

        let version = version(&mut fields)?;
        let serial = serial(&mut fields)?;
        let algorithm = fields.algorithm().map_err(at(Field::Algorithm))?;
        if version > 2 {
            return Err(ParseError::new(Field::UnknownVersion, None));
        }
        let version = version + 1;
        let signature_algorithm = SignatureAlgorithm::read(&algorithm, algorithms)?;

        let issuer = Name::parse(fields.element(SEQUENCE).map_err(at(Field::Format))?)?;
        let mut validity = fields.inside(SEQUENCE).map_err(at(Field::Date))?;
        let (not_before, not_after) = (time::time(&mut validity)?, time::time(&mut validity)?);
        validity.end().map_err(at(Field::Date))?;
        let subject = match fields.element(SEQUENCE).map_err(at(Field::Format))? {
            [] => Name::EMPTY,
            contents => Name::parse(contents)?,
        };
        let public_key = PublicKey::read(&mut fields, algorithms)?;

        if version >= 2 {
            fields.optional(CONSTRUCTED + 1).map_err(at(Field::Format))?;
            fields.optional(CONSTRUCTED + 2).map_err(at(Field::Format))?;
        }
        let extensions = if version == 3 { Extensions::read(&mut fields)? } else { Extensions::default() };
        fields.end().map_err(at(Field::Format))?;

        if certificate.algorithm().map_err(at(Field::Algorithm))? != algorithm {
            return Err(ParseError::new(Field::SignatureMismatch, None));
        }
        let signature = certificate.whole_bytes().map_err(at(Field::Signature))?;
        certificate.end().map_err(at(Field::Format))?;

        Ok(Self {
            raw,
            tbs,
            version,
            serial,
            signature_algorithm,
            signature,
            issuer,
            subject,
            not_before,
            not_after,
            public_key,
            extensions,
        })
    }

    /// Whether issuer and subject are the same.
    pub fn is_self_issued(&self) -> bool {
        self.issuer.canonical() == self.subject.canonical()
    }
}

impl ParseError {
    pub(crate) fn new(field: Field, cause: Option<Malformed>) -> Self {
        Self { field, cause }
    }

    /// Where in the certificate.
    pub fn field(&self) -> Field {
        self.field
    }

    /// mbedTLS' code: the field's, with the encoding error's added.
    pub fn code(&self) -> i32 {
        // A missing OID in its tables is a low-level code of its own.
        const OID_NOT_FOUND: i32 = -0x2e;
        let cause = match (self.field, self.cause) {
            (Field::UnknownSignatureAlgorithm, None) => OID_NOT_FOUND,
            (_, cause) => cause.map_or(0, |cause| cause as i32),
        };
        self.field as i32 + cause
    }
}

/// Places an encoding error in a field.
fn at(field: Field) -> impl Fn(Malformed) -> ParseError {
    move |cause| ParseError::new(field, Some(cause))
}

fn version(fields: &mut Reader<'_>) -> Result<u32, ParseError> {
    if fields.is_empty() {
        return Err(at(Field::Format)(Malformed::OutOfData));
    }
    let Some(explicit) = fields.optional(CONSTRUCTED).map_err(at(Field::Format))? else { return Ok(0) };
    let mut explicit = Reader::new(explicit);
    let version = explicit.integer().map_err(at(Field::Version))?;
    explicit.end().map_err(at(Field::Version))?;
    Ok(version)
}

/// The serial number only describes the certificate, there being no revocation lists.
fn serial<'a>(fields: &mut Reader<'a>) -> Result<&'a [u8], ParseError> {
    /// What mbedTLS also takes for a serial number's tag.
    const CONTEXT_2: u8 = 0x82;
    match fields.peek() {
        Some(INTEGER | CONTEXT_2) => fields.any().map(|(_, serial)| serial),
        Some(_) => Err(Malformed::UnexpectedTag),
        None => Err(Malformed::OutOfData),
    }
    .map_err(at(Field::Serial))
}
