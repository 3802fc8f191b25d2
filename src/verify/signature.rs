//! Signatures over certificates and handshakes, checked by the crypto provider's algorithms.

use rustls::SignatureScheme;
use rustls_pki_types::SignatureVerificationAlgorithm;

use super::signature_cache::Check;
use crate::crypto::SIGNATURE_ALGORITHMS;
use crate::error::{Error, SignatureKind};
use crate::x509::{Certificate, KeyKind, PublicKey};

/// Whose rules a signature over a handshake follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// TLS 1.2 and DTLS 1.2: the hash is not tied to the curve (RFC 5246, section 7.4.1.4.1).
    Tls12,
    /// TLS 1.3: it is, and PKCS#1 v1.5 is not allowed (RFC 8446, section 4.2.3).
    Tls13,
}

/// Whether `parent` signed `child`.
///
/// A signature over a weak hash is treated as valid, because the chain is refused for `BAD_MD`
/// anyway. The reasons are then those that Mbed TLS gives.
pub(super) fn is_signed_by(child: &Certificate<'_>, parent: &PublicKey<'_>) -> bool {
    if child.signature_algorithm.has_weak_hash() {
        return true;
    }
    let (Some(signature_id), Some(key_id)) = (child.signature_algorithm.alg_id(), parent.alg_id()) else { return false };
    SIGNATURE_ALGORITHMS
        .all
        .iter()
        .find(|algorithm| algorithm.signature_alg_id() == signature_id && algorithm.public_key_alg_id() == key_id)
        .is_some_and(|algorithm| {
            let check = Check {
                key_algorithm: key_id.as_ref(),
                key: parent.bytes,
                signature_algorithm: signature_id.as_ref(),
                message: child.tbs,
                signature: child.signature,
            };
            check.is_good(|| algorithm.verify_signature(parent.bytes, child.tbs, child.signature).is_ok())
        })
}

/// Checks a signature over a handshake by a certificate's key.
pub(super) fn check(key: &PublicKey<'_>, scheme: SignatureScheme, message: &[u8], signature: &[u8], rules: Rules) -> Result<(), Error> {
    let algorithm = algorithm(key, scheme, rules).ok_or(Error::IllegalParameter)?;
    algorithm.verify_signature(key.bytes, message, signature).map_err(|_| {
        Error::HandshakeSignature(match key.kind {
            KeyKind::Rsa(_) => SignatureKind::Rsa,
            _ => SignatureKind::Ecc,
        })
    })
}

fn algorithm(key: &PublicKey<'_>, scheme: SignatureScheme, rules: Rules) -> Option<&'static dyn SignatureVerificationAlgorithm> {
    let id = key.alg_id()?;
    let (_, candidates) = SIGNATURE_ALGORITHMS.mapping.iter().find(|(offered, _)| *offered == scheme)?;
    let most = match rules {
        Rules::Tls12 => candidates.len(),
        Rules::Tls13 if is_pkcs1(scheme) => 0,
        Rules::Tls13 => 1,
    };
    candidates.iter().take(most).copied().find(|algorithm| algorithm.public_key_alg_id() == id)
}

fn is_pkcs1(scheme: SignatureScheme) -> bool {
    matches!(
        scheme,
        SignatureScheme::RSA_PKCS1_SHA1
            | SignatureScheme::RSA_PKCS1_SHA256
            | SignatureScheme::RSA_PKCS1_SHA384
            | SignatureScheme::RSA_PKCS1_SHA512
    )
}
