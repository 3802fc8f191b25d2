//! Bytes in words of memory: the canonical ABI passes eight at a time.

use alloc::vec;
use alloc::vec::Vec;
use core::slice;

const WORD: usize = size_of::<u64>();

/// Words that have room for so many bytes.
pub(crate) fn of(bytes: usize) -> Vec<u64> {
    vec![0; count(bytes)]
}

/// How many words have room for so many bytes.
pub(crate) fn count(bytes: usize) -> usize {
    bytes.div_ceil(WORD)
}

/// The first `length` bytes of the words, or all if there are fewer.
pub(crate) fn bytes(words: &[u64], length: usize) -> &[u8] {
    // SAFETY: the words are initialised, a byte needs no alignment, and WebAssembly is
    // little-endian.
    let bytes = unsafe { slice::from_raw_parts(words.as_ptr().cast(), WORD * words.len()) };
    bytes.get(..length).unwrap_or(bytes)
}

/// All bytes of the words.
pub(crate) fn bytes_mut(words: &mut [u64]) -> &mut [u8] {
    // SAFETY: as above, and every value of the bytes is one of the words.
    unsafe { slice::from_raw_parts_mut(words.as_mut_ptr().cast(), WORD * words.len()) }
}
