//! The cipher suites, the one that suits a machine without AES instructions first.

use rustls::crypto::KeyExchangeAlgorithm;
use rustls::crypto::tls12::PrfUsingHmac;
use rustls::crypto::tls13::HkdfUsingHmac;
use rustls::{CipherSuite, CipherSuiteCommon, SignatureScheme, SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite};

use super::aead::Algorithm;
use super::hash::{HMAC_SHA256, HMAC_SHA384, SHA256, SHA384};

/// All suites, in order of preference.
pub static ALL_CIPHER_SUITES: &[SupportedCipherSuite] = &[
    TLS13_CHACHA20_POLY1305_SHA256,
    TLS13_AES_128_GCM_SHA256,
    TLS13_AES_256_GCM_SHA384,
    TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
];

/// The AEAD of a TLS 1.2 suite, which rustls' own type of suite hides.
pub(crate) fn aead(suite: CipherSuite) -> Option<Algorithm> {
    use CipherSuite as Suite;
    Some(match suite {
        Suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 | Suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => {
            Algorithm::ChaCha20Poly1305
        }
        Suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 | Suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => Algorithm::Aes128Gcm,
        Suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 | Suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => Algorithm::Aes256Gcm,
        _ => return None,
    })
}

/// TLS_CHACHA20_POLY1305_SHA256 (RFC 8446).
pub static TLS13_CHACHA20_POLY1305_SHA256: SupportedCipherSuite = SupportedCipherSuite::Tls13(&Tls13CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
        hash_provider: &SHA256,
        confidentiality_limit: CHACHA20_RECORDS,
    },
    hkdf_provider: &HkdfUsingHmac(&HMAC_SHA256),
    aead_alg: &Algorithm::ChaCha20Poly1305,
    quic: None,
});

/// TLS_AES_128_GCM_SHA256 (RFC 8446).
pub static TLS13_AES_128_GCM_SHA256: SupportedCipherSuite = SupportedCipherSuite::Tls13(&Tls13CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS13_AES_128_GCM_SHA256,
        hash_provider: &SHA256,
        confidentiality_limit: AES_GCM_RECORDS,
    },
    hkdf_provider: &HkdfUsingHmac(&HMAC_SHA256),
    aead_alg: &Algorithm::Aes128Gcm,
    quic: None,
});

/// TLS_AES_256_GCM_SHA384 (RFC 8446).
pub static TLS13_AES_256_GCM_SHA384: SupportedCipherSuite = SupportedCipherSuite::Tls13(&Tls13CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS13_AES_256_GCM_SHA384,
        hash_provider: &SHA384,
        confidentiality_limit: AES_GCM_RECORDS,
    },
    hkdf_provider: &HkdfUsingHmac(&HMAC_SHA384),
    aead_alg: &Algorithm::Aes256Gcm,
    quic: None,
});

/// TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 (RFC 7905).
pub static TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: SupportedCipherSuite = SupportedCipherSuite::Tls12(&Tls12CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        hash_provider: &SHA256,
        confidentiality_limit: CHACHA20_RECORDS,
    },
    prf_provider: &PrfUsingHmac(&HMAC_SHA256),
    kx: KeyExchangeAlgorithm::ECDHE,
    sign: ECDSA_SCHEMES,
    aead_alg: &Algorithm::ChaCha20Poly1305,
});

/// TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 (RFC 7905).
pub static TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: SupportedCipherSuite = SupportedCipherSuite::Tls12(&Tls12CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        hash_provider: &SHA256,
        confidentiality_limit: CHACHA20_RECORDS,
    },
    prf_provider: &PrfUsingHmac(&HMAC_SHA256),
    kx: KeyExchangeAlgorithm::ECDHE,
    sign: RSA_SCHEMES,
    aead_alg: &Algorithm::ChaCha20Poly1305,
});

/// TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 (RFC 5289).
pub static TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: SupportedCipherSuite = SupportedCipherSuite::Tls12(&Tls12CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        hash_provider: &SHA256,
        confidentiality_limit: AES_GCM_RECORDS,
    },
    prf_provider: &PrfUsingHmac(&HMAC_SHA256),
    kx: KeyExchangeAlgorithm::ECDHE,
    sign: ECDSA_SCHEMES,
    aead_alg: &Algorithm::Aes128Gcm,
});

/// TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 (RFC 5289).
pub static TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: SupportedCipherSuite = SupportedCipherSuite::Tls12(&Tls12CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        hash_provider: &SHA256,
        confidentiality_limit: AES_GCM_RECORDS,
    },
    prf_provider: &PrfUsingHmac(&HMAC_SHA256),
    kx: KeyExchangeAlgorithm::ECDHE,
    sign: RSA_SCHEMES,
    aead_alg: &Algorithm::Aes128Gcm,
});

/// TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 (RFC 5289).
pub static TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: SupportedCipherSuite = SupportedCipherSuite::Tls12(&Tls12CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        hash_provider: &SHA384,
        confidentiality_limit: AES_GCM_RECORDS,
    },
    prf_provider: &PrfUsingHmac(&HMAC_SHA384),
    kx: KeyExchangeAlgorithm::ECDHE,
    sign: ECDSA_SCHEMES,
    aead_alg: &Algorithm::Aes256Gcm,
});

/// TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 (RFC 5289).
pub static TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: SupportedCipherSuite = SupportedCipherSuite::Tls12(&Tls12CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        hash_provider: &SHA384,
        confidentiality_limit: AES_GCM_RECORDS,
    },
    prf_provider: &PrfUsingHmac(&HMAC_SHA384),
    kx: KeyExchangeAlgorithm::ECDHE,
    sign: RSA_SCHEMES,
    aead_alg: &Algorithm::Aes256Gcm,
});

/// Full records under one AES-GCM key before an attacker's chance exceeds 2^-60
/// (RFC 8446 section 5.5, draft-irtf-cfrg-aead-limits).
const AES_GCM_RECORDS: u64 = 1 << 24;

/// ChaCha20-Poly1305 has no limit below the end of the sequence numbers.
const CHACHA20_RECORDS: u64 = u64::MAX;

/// How a server with a key on an elliptic curve may sign in TLS 1.2.
static ECDSA_SCHEMES: &[SignatureScheme] =
    &[SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::ECDSA_NISTP384_SHA384, SignatureScheme::ED25519];

/// How a server with an RSA key may sign in TLS 1.2.
static RSA_SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];
