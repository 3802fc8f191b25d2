//! Private keys and what they sign.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use der::{Reader, SliceReader};
use ed25519_dalek::Signer as _;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use rsa::traits::{PublicKeyParts, SignatureScheme as RsaPadding};
use rsa::{Pkcs1v15Sign, Pss};
use rustls::crypto::KeyProvider;
use rustls::sign::{Signer, SigningKey};
use rustls::{Error, SignatureAlgorithm, SignatureScheme};
use rustls_pki_types::PrivateKeyDer;
use sec1::{EcParameters, EcPrivateKey};
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::random::Entropy;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The bytes are no private key of a kind that this crate can sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidKey;

impl fmt::Display for InvalidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid private key")
    }
}

impl core::error::Error for InvalidKey {}

/// Reads a private key: RSA (PKCS#1, PKCS#8) from 512 bits up, ECDSA on P-256, P-384
/// or P-521 (SEC 1, PKCS#8), Ed25519 (PKCS#8).
///
/// A short RSA key is accepted because MicroPython accepts it; it offers only those schemes whose
/// padding fits into it.
///
/// # Errors
/// [`InvalidKey`] for anything else, and for RSA keys whose numbers do not belong together.
pub fn signing_key(der: &PrivateKeyDer<'_>) -> Result<Arc<dyn SigningKey>, InvalidKey> {
    let key = match der {
        PrivateKeyDer::Pkcs1(der) => rsa_pkcs1(der.secret_pkcs1_der())?,
        PrivateKeyDer::Sec1(der) => sec1(der.secret_sec1_der())?,
        PrivateKeyDer::Pkcs8(der) => pkcs8(der.secret_pkcs8_der())?,
        _ => return Err(InvalidKey),
    };
    Ok(Arc::new(LoadedKey(Arc::new(key))))
}

/// [`signing_key`] as rustls calls it.
#[derive(Debug)]
pub(crate) struct Keys;

impl KeyProvider for Keys {
    fn load_private_key(&self, key_der: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        signing_key(&key_der).map_err(|invalid| Error::General(invalid.to_string()))
    }
}

/// How an RSA key may sign, in order of preference.
pub(crate) static RSA_SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];

/// A private key; wiped when dropped.
enum PrivateKey {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
    Rsa(rsa::PrivateKey),
}

impl PrivateKey {
    /// The schemes that this key can sign with, in order of preference.
    fn schemes(&self) -> &'static [SignatureScheme] {
        match self {
            Self::P256(_) => &[SignatureScheme::ECDSA_NISTP256_SHA256],
            Self::P384(_) => &[SignatureScheme::ECDSA_NISTP384_SHA384],
            Self::P521(_) => &[SignatureScheme::ECDSA_NISTP521_SHA512],
            Self::Ed25519(_) => &[SignatureScheme::ED25519],
            Self::Rsa(_) => RSA_SCHEMES,
        }
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self {
            Self::P256(_) | Self::P384(_) | Self::P521(_) => SignatureAlgorithm::ECDSA,
            Self::Ed25519(_) => SignatureAlgorithm::ED25519,
            Self::Rsa(_) => SignatureAlgorithm::RSA,
        }
    }

    /// Whether the padding of `scheme` fits into this key.
    fn fits(&self, scheme: SignatureScheme) -> bool {
        let Self::Rsa(key) = self else { return true };
        rsa_bytes_needed(scheme).is_some_and(|needed| match scheme {
            // One bit of a PSS encoding must be free (RFC 8017 section 9.1.1).
            SignatureScheme::RSA_PSS_SHA256 | SignatureScheme::RSA_PSS_SHA384 | SignatureScheme::RSA_PSS_SHA512 => {
                (key.n().bit_width() as usize - 1).div_ceil(8) >= needed
            }
            _ => key.size() >= needed,
        })
    }

    /// Signs `message`: ECDSA and Ed25519 deterministically (RFC 6979, RFC 8032), RSA blinded.
    fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, Error> {
        match self {
            Self::P256(key) => ecdsa_sign::<p256::ecdsa::DerSignature>(key, &Sha256::digest(message)),
            Self::P384(key) => ecdsa_sign::<p384::ecdsa::DerSignature>(key, &Sha384::digest(message)),
            Self::P521(key) => ecdsa_sign::<p521::ecdsa::DerSignature>(key, &Sha512::digest(message)),
            Self::Ed25519(key) => Ok(key.sign(message).to_bytes().to_vec()),
            Self::Rsa(key) => rsa_sign(key, scheme, message),
        }
    }
}

/// A private key as rustls holds it.
struct LoadedKey(Arc<PrivateKey>);

impl SigningKey for LoadedKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let scheme = self.0.schemes().iter().copied().find(|scheme| offered.contains(scheme) && self.0.fits(*scheme))?;
        Some(Box::new(KeyWithScheme { key: Arc::clone(&self.0), scheme }))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }
}

impl fmt::Debug for LoadedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PrivateKey").field(&self.algorithm()).finish_non_exhaustive()
    }
}

/// A private key and the scheme that was agreed on.
struct KeyWithScheme {
    key: Arc<PrivateKey>,
    scheme: SignatureScheme,
}

impl Signer for KeyWithScheme {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.key.sign(self.scheme, message)
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}

impl fmt::Debug for KeyWithScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signer").field(&self.scheme).finish_non_exhaustive()
    }
}

fn pkcs8(der: &[u8]) -> Result<PrivateKey, InvalidKey> {
    let info = PrivateKeyInfoRef::try_from(der).map_err(|_| InvalidKey)?;
    match info.algorithm.oid {
        RSA => rsa_key(rsa::PrivateKey::try_from(info).map_err(|_| InvalidKey)?),
        EC => match info.algorithm.parameters_oid().map_err(|_| InvalidKey)? {
            P256 => p256(info),
            P384 => p384(info),
            P521 => p521(info),
            _ => Err(InvalidKey),
        },
        ED25519 => ed25519_dalek::SigningKey::try_from(info).map(PrivateKey::Ed25519).map_err(|_| InvalidKey),
        _ => Err(InvalidKey),
    }
}

/// Reads an `ECPrivateKey`, which has to name its curve (RFC 5915 section 3). Bytes after it are
/// ignored, as Mbed TLS ignores them; it refuses them after keys of other forms.
fn sec1(der: &[u8]) -> Result<PrivateKey, InvalidKey> {
    let key = SliceReader::new(der).and_then(|mut reader| reader.tlv_bytes()).map_err(|_| InvalidKey)?;
    let info = EcPrivateKey::try_from(key).map_err(|_| InvalidKey)?;
    match info.parameters.and_then(EcParameters::named_curve) {
        Some(P256) => p256(info),
        Some(P384) => p384(info),
        Some(P521) => p521(info),
        _ => Err(InvalidKey),
    }
}

fn p256(key: impl TryInto<p256::SecretKey>) -> Result<PrivateKey, InvalidKey> {
    let key = key.try_into().map_err(|_| InvalidKey)?;
    Ok(PrivateKey::P256(key.into()))
}

fn p384(key: impl TryInto<p384::SecretKey>) -> Result<PrivateKey, InvalidKey> {
    let key = key.try_into().map_err(|_| InvalidKey)?;
    Ok(PrivateKey::P384(key.into()))
}

fn p521(key: impl TryInto<p521::SecretKey>) -> Result<PrivateKey, InvalidKey> {
    let key = key.try_into().map_err(|_| InvalidKey)?;
    Ok(PrivateKey::P521(key.into()))
}

fn rsa_pkcs1(der: &[u8]) -> Result<PrivateKey, InvalidKey> {
    rsa_key(rsa::PrivateKey::from_pkcs1_der(der).map_err(|_| InvalidKey)?)
}

fn rsa_key(key: rsa::PrivateKey) -> Result<PrivateKey, InvalidKey> {
    const BITS: core::ops::RangeInclusive<u32> = 512..=rsa::PublicKey::MAX_SIZE as u32;
    if !BITS.contains(&key.n().bit_width()) {
        return Err(InvalidKey);
    }
    Ok(PrivateKey::Rsa(key))
}

/// Bytes of an encoded hash: PSS (RFC 8017 section 9.1.1) or PKCS#1 v1.5 (section 9.2).
fn rsa_bytes_needed(scheme: SignatureScheme) -> Option<usize> {
    // The salt is as long as the hash; 0x01 and 0xbc.
    const fn pss(hash: usize) -> usize {
        2 * hash + 2
    }
    // A DigestInfo without its hash has 19 bytes; 00 01, eight times ff at least, 00.
    const fn pkcs1(hash: usize) -> usize {
        hash + 19 + 11
    }
    Some(match scheme {
        SignatureScheme::RSA_PSS_SHA256 => pss(32),
        SignatureScheme::RSA_PSS_SHA384 => pss(48),
        SignatureScheme::RSA_PSS_SHA512 => pss(64),
        SignatureScheme::RSA_PKCS1_SHA256 => pkcs1(32),
        SignatureScheme::RSA_PKCS1_SHA384 => pkcs1(48),
        SignatureScheme::RSA_PKCS1_SHA512 => pkcs1(64),
        _ => return None,
    })
}

fn ecdsa_sign<S: AsRef<[u8]>>(key: &impl PrehashSigner<S>, hash: &[u8]) -> Result<Vec<u8>, Error> {
    let signature = key.sign_prehash(hash).map_err(|_| cannot_sign())?;
    Ok(signature.as_ref().to_vec())
}

fn rsa_sign(key: &rsa::PrivateKey, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, Error> {
    fn sign(key: &rsa::PrivateKey, padding: impl RsaPadding, hash: &[u8]) -> Result<Vec<u8>, Error> {
        key.sign_with_rng(&mut Entropy, padding, hash).map_err(|error| match error {
            rsa::Error::Rng => Error::FailedToGetRandomBytes,
            _ => cannot_sign(),
        })
    }

    match scheme {
        SignatureScheme::RSA_PSS_SHA256 => sign(key, Pss::<Sha256>::new(), &Sha256::digest(message)),
        SignatureScheme::RSA_PSS_SHA384 => sign(key, Pss::<Sha384>::new(), &Sha384::digest(message)),
        SignatureScheme::RSA_PSS_SHA512 => sign(key, Pss::<Sha512>::new(), &Sha512::digest(message)),
        SignatureScheme::RSA_PKCS1_SHA256 => sign(key, Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message)),
        SignatureScheme::RSA_PKCS1_SHA384 => sign(key, Pkcs1v15Sign::new::<Sha384>(), &Sha384::digest(message)),
        SignatureScheme::RSA_PKCS1_SHA512 => sign(key, Pkcs1v15Sign::new::<Sha512>(), &Sha512::digest(message)),
        _ => Err(cannot_sign()),
    }
}

fn cannot_sign() -> Error {
    Error::General("cannot sign".into())
}
