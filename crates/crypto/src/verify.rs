//! Verification of signatures in certificates and handshakes.
//!
//! The code that verifies certificates decides how long a key has to be. RSA keys from 512 bits
//! are computed with here.

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::pkcs8::AssociatedOid;
use rsa::traits::SignatureScheme as RsaPadding;
use rsa::{BoxedUint, Pkcs1v15Sign, Pss, pkcs1};
use rustls::SignatureScheme;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use sha2::digest::{Digest, FixedOutputReset};
use sha2::{Sha256, Sha384, Sha512};

/// Every signature algorithm that this crate verifies, and the TLS schemes that it stands for.
///
/// TLS 1.2 does not tie the hash to the curve (RFC 5246 section 7.4.1.4.1), TLS 1.3 does and
/// takes the first entry of a scheme only (RFC 8446 section 4.2.3).
pub static SIGNATURE_ALGORITHMS: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[
        ECDSA_P256_SHA256,
        ECDSA_P256_SHA384,
        ECDSA_P256_SHA512,
        ECDSA_P384_SHA256,
        ECDSA_P384_SHA384,
        ECDSA_P384_SHA512,
        ECDSA_P521_SHA256,
        ECDSA_P521_SHA384,
        ECDSA_P521_SHA512,
        ED25519,
        RSA_PSS_SHA256,
        RSA_PSS_SHA384,
        RSA_PSS_SHA512,
        RSA_PKCS1_SHA256,
        RSA_PKCS1_SHA384,
        RSA_PKCS1_SHA512,
    ],
    mapping: &[
        (SignatureScheme::ECDSA_NISTP256_SHA256, &[ECDSA_P256_SHA256, ECDSA_P384_SHA256, ECDSA_P521_SHA256]),
        (SignatureScheme::ECDSA_NISTP384_SHA384, &[ECDSA_P384_SHA384, ECDSA_P256_SHA384, ECDSA_P521_SHA384]),
        (SignatureScheme::ECDSA_NISTP521_SHA512, &[ECDSA_P521_SHA512, ECDSA_P256_SHA512, ECDSA_P384_SHA512]),
        (SignatureScheme::ED25519, &[ED25519]),
        (SignatureScheme::RSA_PSS_SHA256, &[RSA_PSS_SHA256]),
        (SignatureScheme::RSA_PSS_SHA384, &[RSA_PSS_SHA384]),
        (SignatureScheme::RSA_PSS_SHA512, &[RSA_PSS_SHA512]),
        (SignatureScheme::RSA_PKCS1_SHA256, &[RSA_PKCS1_SHA256]),
        (SignatureScheme::RSA_PKCS1_SHA384, &[RSA_PKCS1_SHA384]),
        (SignatureScheme::RSA_PKCS1_SHA512, &[RSA_PKCS1_SHA512]),
    ],
};

/// ECDSA with P-256 and SHA-256.
pub static ECDSA_P256_SHA256: &dyn SignatureVerificationAlgorithm =
    &Algorithm { verify: ecdsa_p256::<Sha256>, public_key: alg_id::ECDSA_P256, signature: alg_id::ECDSA_SHA256 };

/// ECDSA with P-256 and SHA-384.
pub static ECDSA_P256_SHA384: &dyn SignatureVerificationAlgorithm =
    &Algorithm { verify: ecdsa_p256::<Sha384>, public_key: alg_id::ECDSA_P256, signature: alg_id::ECDSA_SHA384 };

/// ECDSA with P-256 and SHA-512.
pub static ECDSA_P256_SHA512: &dyn SignatureVerificationAlgorithm =
    &Algorithm { verify: ecdsa_p256::<Sha512>, public_key: alg_id::ECDSA_P256, signature: alg_id::ECDSA_SHA512 };

/// ECDSA with P-384 and SHA-256.
pub static ECDSA_P384_SHA256: &dyn SignatureVerificationAlgorithm =
    &Algorithm { verify: ecdsa_p384::<Sha256>, public_key: alg_id::ECDSA_P384, signature: alg_id::ECDSA_SHA256 };

/// ECDSA with P-384 and SHA-384.
pub static ECDSA_P384_SHA384: &dyn SignatureVerificationAlgorithm =
    &Algorithm { verify: ecdsa_p384::<Sha384>, public_key: alg_id::ECDSA_P384, signature: alg_id::ECDSA_SHA384 };

/// ECDSA with P-384 and SHA-512.
pub static ECDSA_P384_SHA512: &dyn SignatureVerificationAlgorithm =
    &Algorithm { verify: ecdsa_p384::<Sha512>, public_key: alg_id::ECDSA_P384, signature: alg_id::ECDSA_SHA512 };

/// ECDSA with P-521 and SHA-256.
pub static ECDSA_P521_SHA256: &dyn SignatureVerificationAlgorithm =
    &Algorithm { verify: ecdsa_p521::<Sha256>, public_key: alg_id::ECDSA_P521, signature: alg_id::ECDSA_SHA256 };

/// ECDSA with P-521 and SHA-384.
pub static ECDSA_P521_SHA384: &dyn SignatureVerificationAlgorithm =
    &Algorithm { verify: ecdsa_p521::<Sha384>, public_key: alg_id::ECDSA_P521, signature: alg_id::ECDSA_SHA384 };

/// ECDSA with P-521 and SHA-512.
pub static ECDSA_P521_SHA512: &dyn SignatureVerificationAlgorithm =
    &Algorithm { verify: ecdsa_p521::<Sha512>, public_key: alg_id::ECDSA_P521, signature: alg_id::ECDSA_SHA512 };

/// Ed25519 (RFC 8032).
pub static ED25519: &dyn SignatureVerificationAlgorithm =
    &Algorithm { verify: ed25519, public_key: alg_id::ED25519, signature: alg_id::ED25519 };

/// RSASSA-PSS with SHA-256 and a salt as long as the hash.
pub static RSA_PSS_SHA256: &dyn SignatureVerificationAlgorithm =
    &Algorithm { verify: rsa_pss::<Sha256>, public_key: alg_id::RSA_ENCRYPTION, signature: alg_id::RSA_PSS_SHA256 };

/// RSASSA-PSS with SHA-384 and a salt as long as the hash.
pub static RSA_PSS_SHA384: &dyn SignatureVerificationAlgorithm =
    &Algorithm { verify: rsa_pss::<Sha384>, public_key: alg_id::RSA_ENCRYPTION, signature: alg_id::RSA_PSS_SHA384 };

/// RSASSA-PSS with SHA-512 and a salt as long as the hash.
pub static RSA_PSS_SHA512: &dyn SignatureVerificationAlgorithm =
    &Algorithm { verify: rsa_pss::<Sha512>, public_key: alg_id::RSA_ENCRYPTION, signature: alg_id::RSA_PSS_SHA512 };

/// RSASSA-PKCS1-v1_5 with SHA-256.
pub static RSA_PKCS1_SHA256: &dyn SignatureVerificationAlgorithm =
    &Algorithm { verify: rsa_pkcs1::<Sha256>, public_key: alg_id::RSA_ENCRYPTION, signature: alg_id::RSA_PKCS1_SHA256 };

/// RSASSA-PKCS1-v1_5 with SHA-384.
pub static RSA_PKCS1_SHA384: &dyn SignatureVerificationAlgorithm =
    &Algorithm { verify: rsa_pkcs1::<Sha384>, public_key: alg_id::RSA_ENCRYPTION, signature: alg_id::RSA_PKCS1_SHA384 };

/// RSASSA-PKCS1-v1_5 with SHA-512.
pub static RSA_PKCS1_SHA512: &dyn SignatureVerificationAlgorithm =
    &Algorithm { verify: rsa_pkcs1::<Sha512>, public_key: alg_id::RSA_ENCRYPTION, signature: alg_id::RSA_PKCS1_SHA512 };

/// Bits that an RSA modulus may have.
const RSA_BITS: core::ops::RangeInclusive<usize> = 512..=rsa::PublicKey::MAX_SIZE;

/// One way to verify, and the identifiers that X.509 knows it by.
#[derive(Debug)]
struct Algorithm {
    verify: Verify,
    public_key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
}

/// Takes public key, message and signature; `None` when the signature does not hold.
type Verify = fn(&[u8], &[u8], &[u8]) -> Option<()>;

impl SignatureVerificationAlgorithm for Algorithm {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        (self.verify)(public_key, message, signature).ok_or(InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.public_key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

/// Verifies over one curve; the crates of the curves have no type in common that says it more
/// briefly.
macro_rules! ecdsa {
    ($name:ident, $curve:ident) => {
        fn $name<D: Digest>(public_key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
            let key = $curve::ecdsa::VerifyingKey::from_sec1_bytes(public_key).ok()?;
            let signature = $curve::ecdsa::Signature::from_der(signature).ok()?;
            key.verify_prehash(&D::digest(message), &signature).ok()
        }
    };
}

ecdsa!(ecdsa_p256, p256);
ecdsa!(ecdsa_p384, p384);
ecdsa!(ecdsa_p521, p521);

fn ed25519(public_key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
    let key = ed25519_dalek::VerifyingKey::try_from(public_key).ok()?;
    let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
    key.verify_strict(message, &signature).ok()
}

fn rsa_pkcs1<D>(public_key: &[u8], message: &[u8], signature: &[u8]) -> Option<()>
where
    D: Digest + AssociatedOid,
{
    rsa(public_key, Pkcs1v15Sign::new::<D>(), &D::digest(message), signature)
}

fn rsa_pss<D>(public_key: &[u8], message: &[u8], signature: &[u8]) -> Option<()>
where
    D: Digest + FixedOutputReset,
{
    rsa(public_key, Pss::<D>::new(), &D::digest(message), signature)
}

fn rsa(public_key: &[u8], padding: impl RsaPadding, hash: &[u8], signature: &[u8]) -> Option<()> {
    let key = pkcs1::RsaPublicKeyRef::try_from(public_key).ok()?;
    let n = unsigned(key.modulus.as_bytes())?;
    let e = unsigned(key.public_exponent.as_bytes())?;
    let key = rsa::PublicKey::new_with_size_limits(n, e, RSA_BITS).ok()?;
    key.verify(padding, hash, signature).ok()
}

fn unsigned(big_endian: &[u8]) -> Option<BoxedUint> {
    let bits = u32::try_from(big_endian.len()).ok()?.checked_mul(8)?;
    BoxedUint::from_be_slice(big_endian, bits).ok()
}
