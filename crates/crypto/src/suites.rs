//! The cipher suites, the one that suits a machine without AES instructions first.

use rustls::crypto::KeyExchangeAlgorithm;
use rustls::crypto::tls12::PrfUsingHmac;
use rustls::crypto::tls13::HkdfUsingHmac;
use rustls::{CipherSuite, CipherSuiteCommon, SignatureScheme, SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite};

use ciphers::aead::Algorithm;
use ciphers::cbc;

use super::adapters::Tls13Protection;
use super::hash::{HMAC_SHA256, HMAC_SHA384, SHA256, SHA384};
use super::record::Protection;

/// The suites of connections whose program names none, in order of preference.
pub static DEFAULT_CIPHER_SUITES: &[SupportedCipherSuite] = &[
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

/// The suites for peers that have no better one, which a program has to name. In MicroPython's
/// order.
pub static LEGACY_CIPHER_SUITES: &[SupportedCipherSuite] = &[
    SupportedCipherSuite::Tls12(&CBC[0]),
    SupportedCipherSuite::Tls12(&CBC[1]),
    SupportedCipherSuite::Tls12(&CBC[2]),
    SupportedCipherSuite::Tls12(&CBC[3]),
    SupportedCipherSuite::Tls12(&CBC[4]),
    SupportedCipherSuite::Tls12(&CBC[5]),
];

/// The suites with a pre-shared key, which only the engine's own handshake knows. Those with ECDHE
/// come first, because they keep what was said before the key got known (RFC 5489); then those that
/// MicroPython has, in its order but for CBC, which a program has to name.
pub static PSK_CIPHER_SUITES: [Tls12CipherSuite; 8] = [
    // RFC 7905 and RFC 8442.
    psk(CipherSuite::TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256, CHACHA20_RECORDS, &Protection::Aead(Algorithm::ChaCha20Poly1305)),
    psk(TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256, AES_GCM_RECORDS, &Protection::Aead(Algorithm::Aes128Gcm)),
    psk_sha384(TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384),
    // RFC 5487.
    psk_sha384(CipherSuite::TLS_PSK_WITH_AES_256_GCM_SHA384),
    psk(CipherSuite::TLS_PSK_WITH_AES_128_GCM_SHA256, AES_GCM_RECORDS, &Protection::Aead(Algorithm::Aes128Gcm)),
    // RFC 4279 and, with SHA-256, RFC 5487.
    psk(CipherSuite::TLS_PSK_WITH_AES_256_CBC_SHA, AES_GCM_RECORDS, &Protection::Cbc(cbc::Algorithm::Aes256Sha1)),
    psk(CipherSuite::TLS_PSK_WITH_AES_128_CBC_SHA256, AES_GCM_RECORDS, &Protection::Cbc(cbc::Algorithm::Aes128Sha256)),
    psk(CipherSuite::TLS_PSK_WITH_AES_128_CBC_SHA, AES_GCM_RECORDS, &Protection::Cbc(cbc::Algorithm::Aes128Sha1)),
];

/// How many of them connections use whose program names none.
pub const DEFAULT_PSK_CIPHER_SUITES: usize = 5;

/// RFC 8442; rustls has no name for it.
pub const TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256: CipherSuite = CipherSuite::Unknown(0xd001);
/// RFC 8442; rustls has no name for it.
pub const TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384: CipherSuite = CipherSuite::Unknown(0xd002);

/// Is this a suite with a pre-shared key?
pub fn is_psk(suite: CipherSuite) -> bool {
    PSK_CIPHER_SUITES.iter().any(|psk| psk.common.suite == suite)
}

/// The protection of a TLS 1.2 suite, which rustls' own type of suite hides.
pub fn protection(suite: CipherSuite) -> Option<Protection> {
    use CipherSuite as Suite;
    Some(match suite {
        Suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 | Suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => {
            Protection::Aead(Algorithm::ChaCha20Poly1305)
        }
        Suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 | Suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => {
            Protection::Aead(Algorithm::Aes128Gcm)
        }
        Suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 | Suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => {
            Protection::Aead(Algorithm::Aes256Gcm)
        }
        Suite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA | Suite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA => {
            Protection::Cbc(cbc::Algorithm::Aes128Sha1)
        }
        Suite::TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA | Suite::TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA => {
            Protection::Cbc(cbc::Algorithm::Aes256Sha1)
        }
        Suite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 | Suite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256 => {
            Protection::Cbc(cbc::Algorithm::Aes128Sha256)
        }
        Suite::TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256 => Protection::Aead(Algorithm::ChaCha20Poly1305),
        TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256 | Suite::TLS_PSK_WITH_AES_128_GCM_SHA256 => Protection::Aead(Algorithm::Aes128Gcm),
        TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384 | Suite::TLS_PSK_WITH_AES_256_GCM_SHA384 => Protection::Aead(Algorithm::Aes256Gcm),
        Suite::TLS_PSK_WITH_AES_256_CBC_SHA => Protection::Cbc(cbc::Algorithm::Aes256Sha1),
        Suite::TLS_PSK_WITH_AES_128_CBC_SHA256 => Protection::Cbc(cbc::Algorithm::Aes128Sha256),
        Suite::TLS_PSK_WITH_AES_128_CBC_SHA => Protection::Cbc(cbc::Algorithm::Aes128Sha1),
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
    aead_alg: &Tls13Protection(Algorithm::ChaCha20Poly1305),
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
    aead_alg: &Tls13Protection(Algorithm::Aes128Gcm),
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
    aead_alg: &Tls13Protection(Algorithm::Aes256Gcm),
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
    aead_alg: &Protection::Aead(Algorithm::ChaCha20Poly1305),
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
    aead_alg: &Protection::Aead(Algorithm::ChaCha20Poly1305),
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
    aead_alg: &Protection::Aead(Algorithm::Aes128Gcm),
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
    aead_alg: &Protection::Aead(Algorithm::Aes128Gcm),
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
    aead_alg: &Protection::Aead(Algorithm::Aes256Gcm),
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
    aead_alg: &Protection::Aead(Algorithm::Aes256Gcm),
});

/// RFC 4492 and, with SHA-256, RFC 5289.
static CBC: [Tls12CipherSuite; 6] = [
    cbc(CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, ECDSA_SCHEMES, &Protection::Cbc(cbc::Algorithm::Aes256Sha1)),
    cbc(CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, RSA_SCHEMES, &Protection::Cbc(cbc::Algorithm::Aes256Sha1)),
    cbc(CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, ECDSA_SCHEMES, &Protection::Cbc(cbc::Algorithm::Aes128Sha256)),
    cbc(CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256, RSA_SCHEMES, &Protection::Cbc(cbc::Algorithm::Aes128Sha256)),
    cbc(CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, ECDSA_SCHEMES, &Protection::Cbc(cbc::Algorithm::Aes128Sha1)),
    cbc(CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, RSA_SCHEMES, &Protection::Cbc(cbc::Algorithm::Aes128Sha1)),
];

/// That of TLS 1.2 for suites that name none (RFC 5246, section 5).
const PRF: &PrfUsingHmac<'static> = &PrfUsingHmac(&HMAC_SHA256);

const fn cbc(suite: CipherSuite, sign: &'static [SignatureScheme], protection: &'static Protection) -> Tls12CipherSuite {
    Tls12CipherSuite {
        common: CipherSuiteCommon { suite, hash_provider: &SHA256, confidentiality_limit: AES_GCM_RECORDS },
        prf_provider: PRF,
        kx: KeyExchangeAlgorithm::ECDHE,
        sign,
        aead_alg: protection,
    }
}

/// rustls has no name for this key exchange, and does not see it.
const fn psk(suite: CipherSuite, confidentiality_limit: u64, protection: &'static Protection) -> Tls12CipherSuite {
    Tls12CipherSuite {
        common: CipherSuiteCommon { suite, hash_provider: &SHA256, confidentiality_limit },
        prf_provider: PRF,
        kx: KeyExchangeAlgorithm::ECDHE,
        sign: &[],
        aead_alg: protection,
    }
}

const PRF_SHA384: &PrfUsingHmac<'static> = &PrfUsingHmac(&HMAC_SHA384);

const fn psk_sha384(suite: CipherSuite) -> Tls12CipherSuite {
    Tls12CipherSuite {
        common: CipherSuiteCommon { suite, hash_provider: &SHA384, confidentiality_limit: AES_GCM_RECORDS },
        prf_provider: PRF_SHA384,
        kx: KeyExchangeAlgorithm::ECDHE,
        sign: &[],
        aead_alg: &Protection::Aead(Algorithm::Aes256Gcm),
    }
}

/// Full records under one AES-GCM key before an attacker's chance exceeds 2^-60 (RFC 8446 section
/// 5.5, draft-irtf-cfrg-aead-limits). AES-CBC has the same limit, from the same birthday bound.
const AES_GCM_RECORDS: u64 = 1 << 24;

/// ChaCha20-Poly1305 has no limit below the end of the sequence numbers.
const CHACHA20_RECORDS: u64 = u64::MAX;

/// How a server with a key on an elliptic curve may sign in TLS 1.2.
static ECDSA_SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::ED25519,
];

/// How a server with an RSA key may sign in TLS 1.2.
static RSA_SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];
