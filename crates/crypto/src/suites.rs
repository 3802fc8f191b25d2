//! The cipher suites, the one that suits a machine without AES instructions first.

use rustls::crypto::KeyExchangeAlgorithm;
use rustls::crypto::tls12::PrfUsingHmac;
use rustls::crypto::tls13::HkdfUsingHmac;
use rustls::{CipherSuite, CipherSuiteCommon, SignatureScheme, SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite};

use ciphers::aead::Algorithm::{Aes128Gcm, Aes256Gcm, ChaCha20Poly1305};
use ciphers::cbc::Algorithm::{Aes128Sha1, Aes128Sha256, Aes256Sha1, Aes256Sha384};

use super::adapters::Tls13Protection;
use super::hash::{HMAC_SHA256, HMAC_SHA384, SHA256, SHA384};
use super::record::Protection::{self, Aead, Cbc};
use super::sign::RSA_SCHEMES;

/// The suites of connections whose program names none, in order of preference.
pub static DEFAULT_CIPHER_SUITES: &[SupportedCipherSuite] = &[
    SupportedCipherSuite::Tls13(&TLS13[0]),
    SupportedCipherSuite::Tls13(&TLS13[1]),
    SupportedCipherSuite::Tls13(&TLS13[2]),
    SupportedCipherSuite::Tls12(&TLS12[0].0),
    SupportedCipherSuite::Tls12(&TLS12[1].0),
    SupportedCipherSuite::Tls12(&TLS12[2].0),
    SupportedCipherSuite::Tls12(&TLS12[3].0),
    SupportedCipherSuite::Tls12(&TLS12[4].0),
    SupportedCipherSuite::Tls12(&TLS12[5].0),
];

/// The suites for peers that have no better one, which a program has to name. In MicroPython's
/// order.
pub static LEGACY_CIPHER_SUITES: &[SupportedCipherSuite] = &[
    SupportedCipherSuite::Tls12(&TLS12[6].0),
    SupportedCipherSuite::Tls12(&TLS12[7].0),
    SupportedCipherSuite::Tls12(&TLS12[8].0),
    SupportedCipherSuite::Tls12(&TLS12[9].0),
    SupportedCipherSuite::Tls12(&TLS12[10].0),
    SupportedCipherSuite::Tls12(&TLS12[11].0),
];

/// The suites with a pre-shared key, which only the engine's own handshake knows. Those with ECDHE
/// come first, because they protect what was sent before the key got known (RFC 5489). Then come
/// those that MicroPython has, in its order but for CBC, which a program has to name.
pub static PSK_CIPHER_SUITES: &[SupportedCipherSuite] = &[
    SupportedCipherSuite::Tls12(&PSK[0].0),
    SupportedCipherSuite::Tls12(&PSK[1].0),
    SupportedCipherSuite::Tls12(&PSK[2].0),
    SupportedCipherSuite::Tls12(&PSK[3].0),
    SupportedCipherSuite::Tls12(&PSK[4].0),
    SupportedCipherSuite::Tls12(&PSK[5].0),
    SupportedCipherSuite::Tls12(&PSK[6].0),
    SupportedCipherSuite::Tls12(&PSK[7].0),
    SupportedCipherSuite::Tls12(&PSK[8].0),
];

/// How many of them connections use whose program names none.
pub const DEFAULT_PSK_CIPHER_SUITES: usize = 5;

/// RFC 8442; rustls has no name for it.
pub const TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256: CipherSuite = CipherSuite::Unknown(0xd001);
/// RFC 8442; rustls has no name for it.
pub const TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384: CipherSuite = CipherSuite::Unknown(0xd002);

/// Is this a suite with a pre-shared key?
pub fn is_psk(suite: CipherSuite) -> bool {
    PSK.iter().any(|(known, _)| known.common.suite == suite)
}

/// The protection of a TLS 1.2 suite, which rustls' own type of suite hides.
pub fn protection(suite: CipherSuite) -> Option<Protection> {
    TLS12.iter().chain(&PSK).find(|(known, _)| known.common.suite == suite).map(|(_, protection)| **protection)
}

/// RFC 8446, appendix B.4
static TLS13: [Tls13CipherSuite; 3] = [
    tls13(CipherSuite::TLS13_CHACHA20_POLY1305_SHA256, &Tls13Protection(ChaCha20Poly1305)),
    tls13(CipherSuite::TLS13_AES_128_GCM_SHA256, &Tls13Protection(Aes128Gcm)),
    tls13(CipherSuite::TLS13_AES_256_GCM_SHA384, &Tls13Protection(Aes256Gcm)),
];

/// RFC 7905, RFC 5289, RFC 4492
static TLS12: [(Tls12CipherSuite, &Protection); 12] = [
    tls12(CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, ECDSA_SCHEMES, &Aead(ChaCha20Poly1305)),
    tls12(CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, RSA_SCHEMES, &Aead(ChaCha20Poly1305)),
    tls12(CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, ECDSA_SCHEMES, &Aead(Aes128Gcm)),
    tls12(CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, RSA_SCHEMES, &Aead(Aes128Gcm)),
    tls12(CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, ECDSA_SCHEMES, &Aead(Aes256Gcm)),
    tls12(CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, RSA_SCHEMES, &Aead(Aes256Gcm)),
    tls12(CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, ECDSA_SCHEMES, &Cbc(Aes256Sha1)),
    tls12(CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, RSA_SCHEMES, &Cbc(Aes256Sha1)),
    tls12(CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, ECDSA_SCHEMES, &Cbc(Aes128Sha256)),
    tls12(CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256, RSA_SCHEMES, &Cbc(Aes128Sha256)),
    tls12(CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, ECDSA_SCHEMES, &Cbc(Aes128Sha1)),
    tls12(CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, RSA_SCHEMES, &Cbc(Aes128Sha1)),
];

/// RFC 7905 and RFC 8442; RFC 5487; RFC 4279
static PSK: [(Tls12CipherSuite, &Protection); 9] = [
    psk(CipherSuite::TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256, &Aead(ChaCha20Poly1305)),
    psk(TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256, &Aead(Aes128Gcm)),
    psk(TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384, &Aead(Aes256Gcm)),
    psk(CipherSuite::TLS_PSK_WITH_AES_256_GCM_SHA384, &Aead(Aes256Gcm)),
    psk(CipherSuite::TLS_PSK_WITH_AES_128_GCM_SHA256, &Aead(Aes128Gcm)),
    psk(CipherSuite::TLS_PSK_WITH_AES_256_CBC_SHA384, &Cbc(Aes256Sha384)),
    psk(CipherSuite::TLS_PSK_WITH_AES_256_CBC_SHA, &Cbc(Aes256Sha1)),
    psk(CipherSuite::TLS_PSK_WITH_AES_128_CBC_SHA256, &Cbc(Aes128Sha256)),
    psk(CipherSuite::TLS_PSK_WITH_AES_128_CBC_SHA, &Cbc(Aes128Sha1)),
];

const fn tls13(suite: CipherSuite, protection: &'static Tls13Protection) -> Tls13CipherSuite {
    Tls13CipherSuite {
        common: common(suite, Aead(protection.0)),
        hkdf_provider: match protection.0 {
            Aes256Gcm => HKDF_SHA384,
            ChaCha20Poly1305 | Aes128Gcm => HKDF_SHA256,
        },
        aead_alg: protection,
        quic: None,
    }
}

const fn tls12(
    suite: CipherSuite,
    sign: &'static [SignatureScheme],
    protection: &'static Protection,
) -> (Tls12CipherSuite, &'static Protection) {
    let suite = Tls12CipherSuite {
        common: common(suite, *protection),
        // That of SHA-256 also for suites that name none (RFC 5246, section 5).
        prf_provider: match protection {
            Aead(Aes256Gcm) | Cbc(Aes256Sha384) => PRF_SHA384,
            _ => PRF_SHA256,
        },
        kx: KeyExchangeAlgorithm::ECDHE,
        sign,
        aead_alg: protection,
    };
    (suite, protection)
}

/// rustls has no name for this key exchange, and does not see it.
const fn psk(suite: CipherSuite, protection: &'static Protection) -> (Tls12CipherSuite, &'static Protection) {
    tls12(suite, &[], protection)
}

const fn common(suite: CipherSuite, protection: Protection) -> CipherSuiteCommon {
    CipherSuiteCommon {
        suite,
        hash_provider: match protection {
            Aead(Aes256Gcm) | Cbc(Aes256Sha384) => &SHA384,
            _ => &SHA256,
        },
        confidentiality_limit: match protection {
            Aead(ChaCha20Poly1305) => CHACHA20_RECORDS,
            _ => AES_RECORDS,
        },
    }
}

const HKDF_SHA256: &HkdfUsingHmac<'static> = &HkdfUsingHmac(&HMAC_SHA256);
const HKDF_SHA384: &HkdfUsingHmac<'static> = &HkdfUsingHmac(&HMAC_SHA384);
const PRF_SHA256: &PrfUsingHmac<'static> = &PrfUsingHmac(&HMAC_SHA256);
const PRF_SHA384: &PrfUsingHmac<'static> = &PrfUsingHmac(&HMAC_SHA384);

/// Full records under one AES-GCM key before an attacker's chance exceeds 2^-60 (RFC 8446 section
/// 5.5, draft-irtf-cfrg-aead-limits). AES-CBC has the same limit, from the same birthday bound.
const AES_RECORDS: u64 = 1 << 24;

/// ChaCha20-Poly1305 has no limit below the end of the sequence numbers.
const CHACHA20_RECORDS: u64 = u64::MAX;

/// How a server with a key on an elliptic curve may sign in TLS 1.2.
static ECDSA_SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::ED25519,
];
