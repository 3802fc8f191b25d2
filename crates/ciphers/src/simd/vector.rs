//! Sixteen bytes at a time: the vector type of the cores.

use core::ops::{BitAnd, BitXor, BitXorAssign};

use super::instructions::*;

/// A `v128` with the operators that the intrinsics do not give it.
#[derive(Clone, Copy)]
pub(super) struct Vector(pub(super) v128);

impl Vector {
    pub(super) const ZERO: Self = Self(u64x2(0, 0));

    /// Sixteen bytes from memory, at any address.
    #[inline(always)]
    pub(super) fn load(bytes: &[u8; 16]) -> Self {
        #[expect(unsafe_code, reason = "the load intrinsic takes a raw pointer")]
        // SAFETY: the reference covers sixteen readable bytes; a vector load takes any alignment.
        unsafe {
            Self(v128_load(bytes.as_ptr().cast()))
        }
    }

    /// Writes the vector to memory, at any address.
    #[inline(always)]
    pub(super) fn store(self, bytes: &mut [u8; 16]) {
        #[expect(unsafe_code, reason = "the store intrinsic takes a raw pointer")]
        // SAFETY: the reference covers sixteen writable bytes; a vector store takes any alignment.
        unsafe {
            v128_store(bytes.as_mut_ptr().cast(), self.0);
        }
    }

    /// XORs the vector into sixteen bytes of memory.
    #[inline(always)]
    pub(super) fn xor_into(self, bytes: &mut [u8; 16]) {
        (Self::load(bytes) ^ self).store(bytes);
    }

    /// The same byte in every lane.
    #[inline(always)]
    pub(super) fn splat(byte: u8) -> Self {
        Self(u8x16_splat(byte))
    }

    /// Lane `i` of the result is lane `indices[i]` of `self`. Every index has to be below sixteen.
    ///
    /// With this guarantee the relaxed instruction gives the same result in every engine, and x86
    /// needs one instruction instead of two. Either takes a time that does not depend on the
    /// indices.
    #[inline(always)]
    pub(super) fn swizzle(self, indices: Self) -> Self {
        #[cfg(target_feature = "relaxed-simd")]
        return Self(i8x16_relaxed_swizzle(self.0, indices.0));
        #[cfg(not(target_feature = "relaxed-simd"))]
        Self(i8x16_swizzle(self.0, indices.0))
    }

    /// Whether two vectors are the same, in constant time.
    pub(super) fn equals(self, other: Self) -> bool {
        !v128_any_true(v128_xor(self.0, other.0))
    }
}

impl BitXor for Vector {
    type Output = Self;

    #[inline(always)]
    fn bitxor(self, other: Self) -> Self {
        Self(v128_xor(self.0, other.0))
    }
}

impl BitXorAssign for Vector {
    #[inline(always)]
    fn bitxor_assign(&mut self, other: Self) {
        *self = *self ^ other;
    }
}

impl BitAnd for Vector {
    type Output = Self;

    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        Self(v128_and(self.0, other.0))
    }
}

/// An array from an expression of the index, without a loop at any optimisation level: the cores'
/// arrays have to end up in registers, and the crate is compiled for size.
macro_rules! unrolled {
    ($i:ident in 0..4 => $e:expr) => {
        unrolled!(@ $i $e, 0 1 2 3)
    };
    ($i:ident in 0..8 => $e:expr) => {
        unrolled!(@ $i $e, 0 1 2 3 4 5 6 7)
    };
    ($i:ident in 0..16 => $e:expr) => {
        unrolled!(@ $i $e, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    };
    (@ $i:ident $e:expr, $($n:literal)*) => {
        [$({
            const $i: usize = $n;
            $e
        }),*]
    };
}
pub(super) use unrolled;

/// Zeroes an array that held secrets, and makes the compiler keep the writes.
#[inline(always)]
pub(super) fn wipe<T: Copy, const N: usize>(secret: &mut [T; N], zero: T) {
    *secret = [zero; N];
    zeroize::optimization_barrier(secret);
}

/// XORs a key stream into `data`, which is not longer.
pub(super) fn xor(data: &mut [u8], stream: &[u8]) {
    let (blocks, rest) = data.as_chunks_mut();
    let (stream_blocks, stream_rest) = stream.as_chunks();
    let mut streams = stream_blocks.iter();
    for (block, stream) in blocks.iter_mut().zip(&mut streams) {
        Vector::load(stream).xor_into(block);
    }
    let stream_rest = streams.next().map_or(stream_rest, |block| block.as_slice());
    for (byte, stream) in rest.iter_mut().zip(stream_rest) {
        *byte ^= stream;
    }
}
