//! Public keys and signature algorithms.

use rustls_pki_types::{AlgorithmIdentifier, alg_id};

use super::asn1::{Algorithm, INTEGER, OID, Reader, SEQUENCE};
use super::{Field, ParseError, at};
use crypto::points::{is_p256_point, is_p384_point, is_p521_point};

/// Which algorithms certificates may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithms {
    /// Those of MicroPython's mbedTLS.
    Mbedtls,
    /// Those, and Ed25519 (RFC 8410).
    AndEd25519,
}

/// A public key in a certificate (SubjectPublicKeyInfo).
#[derive(Clone, Copy, Debug)]
pub struct PublicKey<'a> {
    /// What kind of key, and how strong.
    pub kind: KeyKind,
    /// The contents of the BIT STRING: RSAPublicKey, a curve point, 32 bytes.
    pub bytes: &'a [u8],
}

/// A kind of public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA with a modulus of so many bits.
    Rsa(usize),
    /// A point on a curve, for ECDSA.
    Ec(Curve),
    /// A point on a curve that may not be used for signatures (id-ecDH).
    Ecdh(Curve),
    /// Ed25519, which mbedTLS does not know.
    Ed25519,
}

/// The curves of MicroPython's mbedTLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// secp256r1
    P256,
    /// secp384r1
    P384,
    /// secp521r1
    P521,
    /// One that mbedTLS knows and takes for too weak: secp192r1, secp224r1, secp192k1, secp224k1,
    /// secp256k1.
    Weak,
}

/// How a certificate is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5
    Rsa(Hash),
    /// ECDSA
    Ecdsa(Hash),
    /// Ed25519, which mbedTLS does not know.
    Ed25519,
}

/// A hash that is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
    /// One that mbedTLS knows and takes for too weak: MD5, SHA-1, SHA-224.
    Weak,
}

impl<'a> PublicKey<'a> {
    /// Reads a SubjectPublicKeyInfo.
    pub(super) fn read(fields: &mut Reader<'a>, algorithms: Algorithms) -> Result<Self, ParseError> {
        let mut info = fields.inside(SEQUENCE).map_err(at(Field::KeyFormat))?;
        let algorithm = info.algorithm().map_err(at(Field::KeyAlgorithm))?;
        match algorithm.oid {
            RSA if !algorithm.has_no_parameters() => return Err(ParseError::new(Field::KeyAlgorithm, None)),
            RSA | EC | ECDH => {}
            ED25519 if algorithm.parameters.is_none() && algorithms == Algorithms::AndEd25519 => {}
            _ => return Err(ParseError::new(Field::UnknownKeyAlgorithm, None)),
        }
        let bytes = info.whole_bytes().map_err(at(Field::PublicKey))?;
        info.end().map_err(at(Field::PublicKey))?;
        let kind = match algorithm.oid {
            RSA => KeyKind::Rsa(modulus_bits(bytes)?),
            ED25519 => KeyKind::Ed25519,
            oid => {
                let curve = curve(&algorithm)?;
                curve.check_point(bytes)?;
                if oid == EC { KeyKind::Ec(curve) } else { KeyKind::Ecdh(curve) }
            }
        };
        Ok(Self { kind, bytes })
    }

    /// webpki's identifier for keys of this kind; None if they verify nothing here.
    pub fn alg_id(&self) -> Option<AlgorithmIdentifier> {
        Some(match self.kind {
            KeyKind::Rsa(_) => alg_id::RSA_ENCRYPTION,
            KeyKind::Ec(Curve::P256) => alg_id::ECDSA_P256,
            KeyKind::Ec(Curve::P384) => alg_id::ECDSA_P384,
            KeyKind::Ec(Curve::P521) => alg_id::ECDSA_P521,
            KeyKind::Ed25519 => alg_id::ED25519,
            KeyKind::Ec(Curve::Weak) | KeyKind::Ecdh(_) => return None,
        })
    }
}

impl SignatureAlgorithm {
    pub(super) fn read(algorithm: &Algorithm<'_>, algorithms: Algorithms) -> Result<Self, ParseError> {
        let known = match algorithm.oid {
            // Without parameters this is PSS with SHA-1. mbedTLS without PSS reads it as an unknown
            // hash, and refuses it with parameters.
            RSASSA_PSS if algorithm.has_no_parameters() => Self::Rsa(Hash::Weak),
            RSASSA_PSS => return Err(ParseError::new(Field::Algorithm, None)),
            ED25519 if algorithms == Algorithms::AndEd25519 => Self::Ed25519,
            SHA1_RSA_OIW => Self::Rsa(Hash::Weak),
            _ => match (algorithm.oid.strip_prefix(PKCS1), algorithm.oid.strip_prefix(ECDSA_SHA2)) {
                (Some([4 | 5 | 14]), _) => Self::Rsa(Hash::Weak),
                (Some([11]), _) => Self::Rsa(Hash::Sha256),
                (Some([12]), _) => Self::Rsa(Hash::Sha384),
                (Some([13]), _) => Self::Rsa(Hash::Sha512),
                (_, Some([1])) => Self::Ecdsa(Hash::Weak),
                (_, Some([2])) => Self::Ecdsa(Hash::Sha256),
                (_, Some([3])) => Self::Ecdsa(Hash::Sha384),
                (_, Some([4])) => Self::Ecdsa(Hash::Sha512),
                _ if algorithm.oid == ECDSA_SHA1 => Self::Ecdsa(Hash::Weak),
                _ => return Err(ParseError::new(Field::UnknownSignatureAlgorithm, None)),
            },
        };
        if algorithm.has_no_parameters() { Ok(known) } else { Err(ParseError::new(Field::Algorithm, None)) }
    }

    /// Whether mbedTLS' default profile takes the hash for too weak.
    pub fn has_weak_hash(self) -> bool {
        matches!(self, Self::Rsa(Hash::Weak) | Self::Ecdsa(Hash::Weak))
    }

    /// webpki's identifier; None for what cannot be verified here.
    pub fn alg_id(self) -> Option<AlgorithmIdentifier> {
        Some(match self {
            Self::Rsa(Hash::Sha256) => alg_id::RSA_PKCS1_SHA256,
            Self::Rsa(Hash::Sha384) => alg_id::RSA_PKCS1_SHA384,
            Self::Rsa(Hash::Sha512) => alg_id::RSA_PKCS1_SHA512,
            Self::Ecdsa(Hash::Sha256) => alg_id::ECDSA_SHA256,
            Self::Ecdsa(Hash::Sha384) => alg_id::ECDSA_SHA384,
            Self::Ecdsa(Hash::Sha512) => alg_id::ECDSA_SHA512,
            Self::Ed25519 => alg_id::ED25519,
            Self::Rsa(Hash::Weak) | Self::Ecdsa(Hash::Weak) => return None,
        })
    }
}

impl Curve {
    /// Whether the bytes are a point of the curve (SEC 1, section 2.3.4). Of curves that nothing is
    /// computed on only the form is checked.
    fn check_point(self, bytes: &[u8]) -> Result<(), ParseError> {
        let field = match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
            Self::Weak => return Ok(()),
        };
        let format = match bytes.first() {
            Some(0) => bytes.len() == 1,
            Some(2 | 3) => bytes.len() == 1 + field,
            Some(4) => bytes.len() == 1 + 2 * field,
            _ => false,
        };
        let is_point = match self {
            _ if !format => return Err(ParseError::new(Field::PointFormat, None)),
            Self::P256 => is_p256_point(bytes),
            Self::P384 => is_p384_point(bytes),
            Self::P521 => is_p521_point(bytes),
            Self::Weak => bytes.len() > 1,
        };
        if is_point { Ok(()) } else { Err(ParseError::new(Field::Point, None)) }
    }
}

/// rsaEncryption, 1.2.840.113549.1.1.1
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// pkcs-1, 1.2.840.113549.1.1
const PKCS1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
/// id-RSASSA-PSS, 1.2.840.113549.1.1.10
const RSASSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
/// sha1WithRSASignature of OIW, 1.3.14.3.2.29
const SHA1_RSA_OIW: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1d];
/// id-ecPublicKey, 1.2.840.10045.2.1
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// id-ecDH, 1.3.132.1.12
const ECDH: &[u8] = &[0x2b, 0x81, 0x04, 0x01, 0x0c];
/// ecdsa-with-SHA1, 1.2.840.10045.4.1
const ECDSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];
/// ecdsa-with-SHA2, 1.2.840.10045.4.3
const ECDSA_SHA2: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];
/// id-Ed25519, 1.3.101.112
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
/// 1.2.840.10045.3.1
const ANSI_CURVES: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01];
/// 1.3.132.0
const CERTICOM_CURVES: &[u8] = &[0x2b, 0x81, 0x04, 0x00];

fn curve(algorithm: &Algorithm<'_>) -> Result<Curve, ParseError> {
    let oid = match algorithm.parameters {
        Some((OID, oid)) => oid,
        // Curves are named; a curve spelled out is the way to certificates with a curve of the
        // attacker's choice.
        _ => return Err(ParseError::new(Field::SpelledOutCurve, None)),
    };
    match (oid.strip_prefix(ANSI_CURVES), oid.strip_prefix(CERTICOM_CURVES)) {
        (Some([7]), _) => Ok(Curve::P256),
        (Some([1]), _) => Ok(Curve::Weak),
        (_, Some([34])) => Ok(Curve::P384),
        (_, Some([35])) => Ok(Curve::P521),
        (_, Some([10 | 31 | 32 | 33])) => Ok(Curve::Weak),
        _ => Err(ParseError::new(Field::UnknownCurve, None)),
    }
}

/// The bits of the modulus in an RSAPublicKey (RFC 8017, appendix A.1.1).
fn modulus_bits(key: &[u8]) -> Result<usize, ParseError> {
    let invalid = ParseError::new(Field::PublicKey, None);
    let mut key = Reader::new(key);
    let mut numbers = key.inside(SEQUENCE).map_err(at(Field::PublicKey))?;
    if !key.is_empty() {
        return Err(invalid);
    }
    let modulus = numbers.element(INTEGER).map_err(at(Field::PublicKey))?;
    let exponent = numbers.element(INTEGER).map_err(at(Field::PublicKey))?;
    numbers.end().map_err(at(Field::PublicKey))?;
    let bits = bit_length(modulus);
    if bits < 128 || bit_length(exponent) < 2 || !is_odd(modulus) || !is_odd(exponent) {
        return Err(invalid);
    }
    Ok(bits)
}

/// mbedTLS reads these integers as unsigned.
fn bit_length(number: &[u8]) -> usize {
    match number.iter().position(|&byte| byte != 0) {
        Some(zeros) => (number.len() - zeros) * 8 - number[zeros].leading_zeros() as usize,
        None => 0,
    }
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|last| last & 1 == 1)
}
