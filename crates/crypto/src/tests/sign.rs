//! Private keys of every format, and what they sign.

use std::sync::Arc;

use rustls::crypto::KeyProvider;
use rustls::sign::SigningKey;
use rustls::{Error, SignatureAlgorithm, SignatureScheme};
use rustls_pki_types::{PrivateKeyDer, SignatureVerificationAlgorithm};

use super::hex;
use crate::SIGNATURE_ALGORITHMS;
use crate::random::broken::without_entropy;
use crate::sign::{InvalidKey, Keys, signing_key};

#[test]
fn a_key_of_every_format_signs_what_its_public_key_verifies() {
    for key in KEYS {
        for der in key.formats {
            let signing_key = load(der).unwrap();
            assert_eq!(signing_key.algorithm(), key.algorithm);
            let mut schemes = vec![];
            for (scheme, algorithms) in SIGNATURE_ALGORITHMS.mapping {
                let Some(signer) = signing_key.choose_scheme(&[*scheme]) else {
                    continue;
                };
                assert_eq!(signer.scheme(), *scheme);
                let signature = signer.sign(b"message").unwrap();
                assert!(verifies(algorithms, key.public, b"message", &signature));
                assert!(!verifies(algorithms, key.public, b"massage", &signature));
                schemes.push(*scheme);
            }
            assert_eq!(schemes, key.schemes, "{:?}", key.algorithm);
        }
    }
}

#[test]
fn nothing_in_common_gives_no_signer() {
    for key in KEYS {
        let signing_key = load(&key.formats[0]).unwrap();
        assert!(signing_key.choose_scheme(&[]).is_none());
        let foreign = [SignatureScheme::ED448, SignatureScheme::RSA_PKCS1_SHA1];
        assert!(signing_key.choose_scheme(&foreign).is_none());
    }
}

#[test]
fn rsa_prefers_pss() {
    let key = load(&KEYS[0].formats[0]).unwrap();
    let signer = key
        .choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA512, SignatureScheme::RSA_PKCS1_SHA256, SignatureScheme::RSA_PSS_SHA384])
        .unwrap();
    assert_eq!(signer.scheme(), SignatureScheme::RSA_PSS_SHA384);
}

#[test]
fn rsa_and_ed25519_sign_as_openssl_does() {
    for (der, scheme, expected) in [
        (
            Der::Pkcs1(include_bytes!("keys/rsa2048.pkcs1.der")),
            SignatureScheme::RSA_PKCS1_SHA256,
            &include_bytes!("keys/rsa2048.sha256.sig")[..],
        ),
        (Der::Pkcs1(include_bytes!("keys/rsa512.pkcs1.der")), SignatureScheme::RSA_PKCS1_SHA256, include_bytes!("keys/rsa512.sha256.sig")),
        (Der::Pkcs8(include_bytes!("keys/ed25519.pkcs8.der")), SignatureScheme::ED25519, include_bytes!("keys/ed25519.sig")),
    ] {
        let signer = load(&der).unwrap().choose_scheme(&[scheme]).unwrap();
        assert_eq!(signer.sign(b"message").unwrap(), expected, "{scheme:?}");
    }
}

/// RFC 6979 appendices A.2.5, A.2.6 and A.2.7, message "sample".
#[test]
fn ecdsa_signs_deterministically() {
    let p256 = sec1(&hex("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"), &hex(P256));
    let p384 = sec1(
        &hex("6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D8
             96D5724E4C70A825F872C9EA60D2EDF5"),
        &hex(P384),
    );
    let p521 = sec1(
        &hex("00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75CAA896EB32F1F47C70855836A6D16FCC
             1466F6D8FBEC67DB89EC0C08B0E996B83538"),
        &hex(P521),
    );
    for (der, scheme, signature) in [
        (
            p256,
            SignatureScheme::ECDSA_NISTP256_SHA256,
            "30 46
             02 21 00 EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716
             02 21 00 F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
        ),
        (
            p384,
            SignatureScheme::ECDSA_NISTP384_SHA384,
            "30 66
             02 31 00 94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C
                      81A648152E44ACF96E36DD1E80FABE46
             02 31 00 99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94F
                      A329C145786E679E7B82C71A38628AC8",
        ),
        (
            p521,
            SignatureScheme::ECDSA_NISTP521_SHA512,
            "30 81 87
             02 42 00 C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F174E25A1EE9017B5D450606ADD152B
                      534931D7D4E8455CC91F9B15BF05EC36E377FA
             02 41 617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF282623EAA63E5B5C0723D8B8C37FF0777B
                   1A20F8CCB1DCCC43997F1EE0E44DA4A67A",
        ),
    ] {
        let key = signing_key(&PrivateKeyDer::Sec1(der.into())).unwrap();
        let signer = key.choose_scheme(&[scheme]).unwrap();
        assert_eq!(signer.sign(b"sample").unwrap(), hex(signature));
    }
}

#[test]
fn sec1_has_to_name_its_curve() {
    for len in [32, 48, 66] {
        let der = sequence(&[&[2, 1, 1, 4, len as u8][..], &vec![1; len]].concat());
        assert_eq!(signing_key(&PrivateKeyDer::Sec1(der.into())).err(), Some(InvalidKey));
    }
}

/// As in Mbed TLS.
#[test]
fn bytes_after_a_key_are_ignored_in_sec1_only() {
    for key in KEYS {
        for der in key.formats {
            let followed = [der.bytes(), &[0]].concat();
            assert_eq!(load(der.with(&followed)).is_ok(), matches!(der, Der::Sec1(_)));
        }
    }
}

#[test]
fn keys_of_other_kinds_are_invalid() {
    for der in [
        Der::Sec1(include_bytes!("keys/secp256k1.sec1.der")),
        Der::Pkcs8(include_bytes!("keys/secp256k1.pkcs8.der")),
        Der::Pkcs8(include_bytes!("keys/x25519.pkcs8.der")),
        Der::Pkcs8(include_bytes!("keys/encrypted.pkcs8.der")),
        Der::Pkcs8(include_bytes!("keys/rsa2048.pkcs1.der")),
        Der::Pkcs1(include_bytes!("keys/rsa2048.pkcs8.der")),
        Der::Pkcs1(include_bytes!("keys/rsa2048.public.der")),
        Der::Sec1(include_bytes!("keys/p256.pkcs8.der")),
        Der::Pkcs1(b""),
        Der::Pkcs8(b"not a key"),
    ] {
        assert_eq!(load(&der).err(), Some(InvalidKey));
    }
}

#[test]
fn scalars_outside_the_group_are_invalid() {
    for (len, curve) in [(32, P256), (48, P384), (66, P521)] {
        for scalar in [vec![0; len], vec![0xff; len], vec![1; len + 1]] {
            let der = sec1(&scalar, &hex(curve));
            assert_eq!(signing_key(&PrivateKeyDer::Sec1(der.into())).err(), Some(InvalidKey));
        }
    }
}

#[test]
fn truncated_keys_are_invalid() {
    for key in KEYS {
        for der in key.formats {
            for len in 0..der.bytes().len() {
                assert_eq!(load(der.with(&der.bytes()[..len])).err(), Some(InvalidKey));
            }
        }
    }
}

/// A damaged key may still be a key, but whatever it is, there is no panic.
#[test]
fn damaged_keys_are_invalid_or_sign() {
    for key in KEYS {
        for der in key.formats {
            if der.bytes().len() > 400 {
                continue;
            }
            for byte in 0..der.bytes().len() {
                for change in [0x01, 0x80, 0xff] {
                    let mut damaged = der.bytes().to_vec();
                    damaged[byte] ^= change;
                    if let Ok(loaded) = load(der.with(&damaged)) {
                        let signer = loaded.choose_scheme(key.schemes).unwrap();
                        let _ = signer.sign(b"message");
                    }
                }
            }
        }
    }
}

#[test]
fn without_entropy_rsa_does_not_sign() {
    let key = load(&KEYS[0].formats[0]).unwrap();
    for scheme in KEYS[0].schemes {
        let signer = key.choose_scheme(&[*scheme]).unwrap();
        assert_eq!(without_entropy(|| signer.sign(b"message")), Err(Error::FailedToGetRandomBytes));
    }
}

#[test]
fn rustls_gets_keys_and_errors_too() {
    let der = PrivateKeyDer::Pkcs8((&include_bytes!("keys/p256.pkcs8.der")[..]).into());
    assert!(Keys.load_private_key(der).is_ok());
    let der = PrivateKeyDer::Pkcs8((&b"nothing"[..]).into());
    assert_eq!(Keys.load_private_key(der).err(), Some(Error::General("invalid private key".into())));
}

#[test]
fn debug_output_says_nothing_secret() {
    let key = load(&KEYS[2].formats[0]).unwrap();
    assert_eq!(format!("{key:?}"), "PrivateKey(RSA, ..)");
    let signer = key.choose_scheme(KEYS[2].schemes).unwrap();
    assert_eq!(format!("{signer:?}"), "Signer(RSA_PKCS1_SHA256, ..)");
}

/// The curves' object identifiers in DER.
const P256: &str = "06 08 2A 86 48 CE 3D 03 01 07";
const P384: &str = "06 05 2B 81 04 00 22";
const P521: &str = "06 05 2B 81 04 00 23";

struct Key {
    algorithm: SignatureAlgorithm,
    formats: &'static [Der],
    public: &'static [u8],
    schemes: &'static [SignatureScheme],
}

#[derive(Clone, Copy)]
enum Der {
    Pkcs1(&'static [u8]),
    Pkcs8(&'static [u8]),
    Sec1(&'static [u8]),
}

const KEYS: &[Key] = &[
    Key {
        algorithm: SignatureAlgorithm::RSA,
        formats: &[Der::Pkcs1(include_bytes!("keys/rsa2048.pkcs1.der")), Der::Pkcs8(include_bytes!("keys/rsa2048.pkcs8.der"))],
        public: include_bytes!("keys/rsa2048.public.der"),
        schemes: &[
            SignatureScheme::RSA_PSS_SHA256,
            SignatureScheme::RSA_PSS_SHA384,
            SignatureScheme::RSA_PSS_SHA512,
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureScheme::RSA_PKCS1_SHA512,
        ],
    },
    Key {
        algorithm: SignatureAlgorithm::RSA,
        formats: &[Der::Pkcs1(include_bytes!("keys/rsa1024.pkcs1.der")), Der::Pkcs8(include_bytes!("keys/rsa1024.pkcs8.der"))],
        public: include_bytes!("keys/rsa1024.public.der"),
        // PSS with SHA-512 needs 130 bytes.
        schemes: &[
            SignatureScheme::RSA_PSS_SHA256,
            SignatureScheme::RSA_PSS_SHA384,
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureScheme::RSA_PKCS1_SHA512,
        ],
    },
    Key {
        algorithm: SignatureAlgorithm::RSA,
        formats: &[Der::Pkcs1(include_bytes!("keys/rsa512.pkcs1.der")), Der::Pkcs8(include_bytes!("keys/rsa512.pkcs8.der"))],
        public: include_bytes!("keys/rsa512.public.der"),
        schemes: &[SignatureScheme::RSA_PKCS1_SHA256],
    },
    Key {
        algorithm: SignatureAlgorithm::ECDSA,
        formats: &[Der::Sec1(include_bytes!("keys/p256.sec1.der")), Der::Pkcs8(include_bytes!("keys/p256.pkcs8.der"))],
        public: include_bytes!("keys/p256.public.der"),
        schemes: &[SignatureScheme::ECDSA_NISTP256_SHA256],
    },
    Key {
        algorithm: SignatureAlgorithm::ECDSA,
        formats: &[Der::Sec1(include_bytes!("keys/p384.sec1.der")), Der::Pkcs8(include_bytes!("keys/p384.pkcs8.der"))],
        public: include_bytes!("keys/p384.public.der"),
        schemes: &[SignatureScheme::ECDSA_NISTP384_SHA384],
    },
    Key {
        algorithm: SignatureAlgorithm::ECDSA,
        formats: &[Der::Sec1(include_bytes!("keys/p521.sec1.der")), Der::Pkcs8(include_bytes!("keys/p521.pkcs8.der"))],
        public: include_bytes!("keys/p521.public.der"),
        schemes: &[SignatureScheme::ECDSA_NISTP521_SHA512],
    },
    Key {
        algorithm: SignatureAlgorithm::ED25519,
        formats: &[Der::Pkcs8(include_bytes!("keys/ed25519.pkcs8.der"))],
        public: include_bytes!("keys/ed25519.public.der"),
        schemes: &[SignatureScheme::ED25519],
    },
];

impl Der {
    fn bytes(&self) -> &'static [u8] {
        match self {
            Self::Pkcs1(der) | Self::Pkcs8(der) | Self::Sec1(der) => der,
        }
    }

    /// Other bytes in the same format.
    fn with<'a>(&self, bytes: &'a [u8]) -> PrivateKeyDer<'a> {
        match self {
            Self::Pkcs1(_) => PrivateKeyDer::Pkcs1(bytes.into()),
            Self::Pkcs8(_) => PrivateKeyDer::Pkcs8(bytes.into()),
            Self::Sec1(_) => PrivateKeyDer::Sec1(bytes.into()),
        }
    }
}

impl<'a> From<&'a Der> for PrivateKeyDer<'a> {
    fn from(der: &'a Der) -> Self {
        der.with(der.bytes())
    }
}

fn load<'a>(der: impl Into<PrivateKeyDer<'a>>) -> Result<Arc<dyn SigningKey>, InvalidKey> {
    signing_key(&der.into())
}

fn verifies(algorithms: &[&dyn SignatureVerificationAlgorithm], public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    algorithms.iter().any(|algorithm| algorithm.verify_signature(public, message, signature).is_ok())
}

/// ECPrivateKey (RFC 5915) with a named curve.
fn sec1(scalar: &[u8], curve: &[u8]) -> Vec<u8> {
    let scalar_header = [2, 1, 1, 4, scalar.len() as u8];
    let curve_header = [0xa0, curve.len() as u8];
    sequence(&[&scalar_header[..], scalar, &curve_header, curve].concat())
}

fn sequence(body: &[u8]) -> Vec<u8> {
    [&[0x30, body.len() as u8][..], body].concat()
}
