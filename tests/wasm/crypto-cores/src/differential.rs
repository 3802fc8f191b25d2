//! The cores against RustCrypto's crates.

use crate::aead::ALGORITHMS;
use crate::random::Random;

#[unsafe(export_name = "test: agree with RustCrypto at every length up to 1024 bytes")]
extern "C" fn lengths() {
    compare(1, (0..=1024).map(|len| Case { len, aad_len: len % 20, offset: 0 }));
}

#[unsafe(export_name = "test: agree with RustCrypto at random lengths up to 64 KiB")]
extern "C" fn long() {
    let mut random = Random(2);
    compare(3, (0..40).map(|_| Case { len: random.below(65537), aad_len: random.below(300), offset: random.below(16) }));
}

#[unsafe(export_name = "test: agree with RustCrypto at every alignment")]
extern "C" fn alignments() {
    let lens = [1, 16, 100, 192, 256, 448, 513, 1500];
    compare(4, (0..16).flat_map(|offset| lens.map(|len| Case { len, aad_len: 13, offset })));
}

#[unsafe(export_name = "test: agree with RustCrypto for associated data of every length up to 64 bytes")]
extern "C" fn associated_data() {
    let lens = [0, 1, 15, 96, 208, 240, 300, 1000];
    compare(5, (0..=64).flat_map(|aad_len| lens.map(|len| Case { len, aad_len, offset: 0 })));
}

#[unsafe(export_name = "test: agree with RustCrypto for associated data that fill many groups of blocks")]
extern "C" fn long_associated_data() {
    let aad_lens = [239, 240, 255, 256, 257, 511, 512, 513, 1024, 5000];
    compare(6, aad_lens.into_iter().flat_map(|aad_len| [0, 1, 16, 250, 2000].map(|len| Case { len, aad_len, offset: 0 })));
}

/// A message of `len` bytes which begins `offset` bytes after an address that is divisible by 16,
/// and its associated data.
#[derive(Debug, Clone, Copy)]
struct Case {
    len: usize,
    aad_len: usize,
    offset: usize,
}

/// Seals and opens every case with both implementations of every cipher, each with a key and a
/// nonce of its own.
fn compare(seed: u64, cases: impl Iterator<Item = Case>) {
    let mut random = Random(seed);
    for case in cases {
        for algorithm in &ALGORITHMS {
            let key = random.bytes(algorithm.key_len);
            let (ours, theirs) = ((algorithm.simd)(&key), (algorithm.rustcrypto)(&key));
            let nonce = random.nonce();
            let aad = random.bytes(case.aad_len);
            let plaintext = random.bytes(case.len);

            let mut memory = vec![0xee; case.len + 48];
            let start = memory.as_ptr().align_offset(16) + case.offset;
            let buf = start..start + case.len;
            memory[buf.clone()].copy_from_slice(&plaintext);
            let tag = ours.seal(&nonce, &aad, &mut memory[buf.clone()]);

            let mut expected = plaintext.clone();
            let expected_tag = theirs.seal(&nonce, &aad, &mut expected);
            let name = algorithm.name;
            assert_eq!(memory[buf.clone()], expected, "{name} {case:?}: ciphertext");
            assert_eq!(tag, expected_tag, "{name} {case:?}: tag");

            let opened = ours.open(&nonce, &aad, &mut memory[buf.clone()], &tag);
            assert_eq!(opened, Ok(()), "{name} {case:?}");
            assert_eq!(memory[buf.clone()], plaintext, "{name} {case:?}: opened");
            let untouched = memory[..buf.start].iter().chain(&memory[buf.end..]).all(|byte| *byte == 0xee);
            assert!(untouched, "{name} {case:?}: wrote outside of the buffer");
        }
    }
}
