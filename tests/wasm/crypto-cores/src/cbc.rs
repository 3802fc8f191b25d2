//! The legacy protection of records: AES in CBC mode against RustCrypto's, and traced runs over
//! records good and bad.

use hmac::{EagerHash, Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha384};

use ciphers::cbc::{Algorithm, Cbc, HEADER_LEN};
use ciphers::parameters::BLOCK_LEN;
use ciphers::rustcrypto;

use crate::random::Random;
use crate::{simd, trace};

#[unsafe(export_name = "test: agree with RustCrypto in CBC mode")]
extern "C" fn differential() {
    let mut random = Random(1);
    for key_len in [16, 32] {
        for blocks in (0..=40).chain([1000]) {
            let key = random.bytes(key_len);
            let iv = random.bytes(BLOCK_LEN).try_into().unwrap();
            let plaintext = random.bytes(blocks * BLOCK_LEN);
            let mut ours = plaintext.clone();
            let mut theirs = plaintext.clone();
            simd::AesCbc::new(&key).encrypt(&iv, ours.as_chunks_mut().0);
            rustcrypto::AesCbc::new(&key).encrypt(&iv, theirs.as_chunks_mut().0);
            assert_eq!(ours, theirs, "{key_len} bytes of key, {blocks} blocks");
            simd::AesCbc::new(&key).decrypt(&iv, ours.as_chunks_mut().0);
            assert_eq!(ours, plaintext, "{key_len} bytes of key, {blocks} blocks");
        }
    }
}

#[unsafe(export_name = "test: open legacy records with every padding, and none that was changed")]
extern "C" fn records() {
    let mut random = Random(2);
    for algorithm in ALGORITHMS {
        for blocks in [2, 3, 4, 16, 17, 18, 40].into_iter().filter(|blocks| blocks * BLOCK_LEN > algorithm.mac_len()) {
            for padding in 0..=longest_padding(algorithm, blocks) {
                for flaw in FLAWS {
                    let mut record = Record::new(&mut random, algorithm, blocks, padding, flaw);
                    let opened = record.cbc.open(header, &mut record.fragment);
                    match flaw {
                        Flaw::None => assert_eq!(record.fragment[opened.unwrap()], record.plaintext),
                        _ => assert!(opened.is_err(), "{algorithm:?}, {blocks} blocks, {padding} of padding, {flaw:?}"),
                    }
                }
            }
        }
    }
}

/// How many algorithms there are.
#[unsafe(no_mangle)]
pub extern "C" fn legacy_algorithms() -> usize {
    ALGORITHMS.len()
}

/// Judges a record of so many blocks. `seed` decides on its keys and contents, on the length of its
/// padding and what is wrong with it.
#[unsafe(no_mangle)]
pub extern "C" fn trace_legacy_record(algorithm: usize, blocks: usize, seed: u32) {
    let record = Record::random(&mut Random(seed.into()), algorithm, blocks, seed.into());
    // Where the heap has room depends on what was made there before.
    let mut memory = [0; MAX_TRACED];
    let fragment = &mut memory[..record.fragment.len()];
    fragment.copy_from_slice(&record.fragment);
    let good = trace::traced(|| record.judge(fragment));
    assert_eq!(good, matches!(flaw(seed.into()), Flaw::None), "{:?}", flaw(seed.into()));
}

/// Bytes of the longest record.
const MAX_TRACED: usize = 2048;

pub const ALGORITHMS: [Algorithm; 4] = [Algorithm::Aes128Sha1, Algorithm::Aes256Sha1, Algorithm::Aes128Sha256, Algorithm::Aes256Sha384];

/// What may be wrong with a record.
#[derive(Debug, Clone, Copy)]
enum Flaw {
    None,
    /// A byte of the padding but for the last one, or of the MAC if there is none.
    Padding,
    /// The last byte: more padding than fits, or the most that a byte can tell of.
    PaddingLength,
    Mac,
    Plaintext,
    /// Bytes that mean nothing.
    Everything,
}

const FLAWS: [Flaw; 6] = [Flaw::None, Flaw::Padding, Flaw::PaddingLength, Flaw::Mac, Flaw::Plaintext, Flaw::Everything];

fn flaw(seed: u64) -> Flaw {
    FLAWS[(seed % FLAWS.len() as u64) as usize]
}

pub struct Record {
    cbc: Cbc,
    plaintext: Vec<u8>,
    pub fragment: Vec<u8>,
}

impl Record {
    /// One of so many blocks; `seed` decides on what is wrong with it.
    pub fn random(random: &mut Random, algorithm: usize, blocks: usize, seed: u64) -> Self {
        let algorithm = ALGORITHMS[algorithm];
        let padding = random.below(longest_padding(algorithm, blocks) + 1);
        Self::new(random, algorithm, blocks, padding, flaw(seed))
    }

    /// Whether a copy of the fragment is good. Decrypts it.
    pub fn judge(&self, fragment: &mut [u8]) -> bool {
        self.cbc.judge(header, fragment).unwrap().0 != 0
    }

    fn new(random: &mut Random, algorithm: Algorithm, blocks: usize, padding: usize, flaw: Flaw) -> Self {
        let (mac_key, key) = (random.bytes(algorithm.mac_len()), random.bytes(algorithm.key_len()));
        let len = blocks * BLOCK_LEN;
        let mac_at = len - 1 - padding - algorithm.mac_len();
        let plaintext = random.bytes(mac_at);
        let mac = match algorithm {
            Algorithm::Aes128Sha1 | Algorithm::Aes256Sha1 => hmac::<Sha1>(&mac_key, &plaintext),
            Algorithm::Aes128Sha256 => hmac::<Sha256>(&mac_key, &plaintext),
            Algorithm::Aes256Sha384 => hmac::<Sha384>(&mac_key, &plaintext),
        };
        let mut data = [&plaintext[..], &mac, &vec![padding as u8; padding + 1]].concat();
        match flaw {
            Flaw::None => {}
            Flaw::Padding => data[len - 2 - random.below(padding.max(1))] ^= 1,
            Flaw::PaddingLength => data[len - 1] = if padding == 255 { 0 } else { 255.min(len - algorithm.mac_len()) as u8 },
            Flaw::Mac => data[mac_at + random.below(algorithm.mac_len())] ^= 0x10,
            Flaw::Plaintext => data[random.below(mac_at.max(1))] ^= 0x80,
            Flaw::Everything => data = random.bytes(len),
        }
        let iv: [u8; BLOCK_LEN] = random.bytes(BLOCK_LEN).try_into().unwrap();
        simd::AesCbc::new(&key).encrypt(&iv, data.as_chunks_mut().0);
        Self { cbc: Cbc::new(algorithm, &mac_key, &key), plaintext, fragment: [&iv[..], &data].concat() }
    }
}

fn longest_padding(algorithm: Algorithm, blocks: usize) -> usize {
    255.min(blocks * BLOCK_LEN - algorithm.mac_len() - 1)
}

fn header(len: usize) -> [u8; HEADER_LEN] {
    let [.., high, low] = len.to_be_bytes();
    [0, 0, 0, 0, 0, 0, 0, 5, 23, 3, 3, high, low]
}

fn hmac<D: EagerHash>(key: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut hmac = Hmac::<D>::new_from_slice(key).unwrap();
    hmac.update(&header(plaintext.len()));
    hmac.update(plaintext);
    hmac.finalize().into_bytes().to_vec()
}
