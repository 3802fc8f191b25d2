//! The vector instructions of wasm that the cores use, as its specification defines them, on any
//! machine.

#![expect(non_camel_case_types, unreachable_pub, reason = "these have the names of core::arch::wasm32")]
#![expect(unsafe_code, reason = "the load and the store are unsafe in core::arch::wasm32")]

#[derive(Clone, Copy)]
pub struct v128([u8; 16]);

macro_rules! lanes {
    ($($make:ident, $splat:ident: [$lane:ident; $count:literal], [$($name:ident),*];)*) => {
        $(
            pub const fn $make($($name: $lane),*) -> v128 {
                let lanes = [$($name),*];
                let mut bytes = [0; 16];
                let mut at = 0;
                while at < 16 {
                    bytes[at] = lanes[at * $count / 16].to_le_bytes()[at % (16 / $count)];
                    at += 1;
                }
                v128(bytes)
            }

            #[allow(unused)]
            pub fn $splat(lane: $lane) -> v128 {
                $make($({ _ = stringify!($name); lane }),*)
            }

            impl From<v128> for [$lane; $count] {
                fn from(vector: v128) -> Self {
                    core::array::from_fn(|lane| $lane::from_le_bytes(vector.0.as_chunks().0[lane]))
                }
            }

            impl From<[$lane; $count]> for v128 {
                fn from(lanes: [$lane; $count]) -> Self {
                    let mut bytes = [0; 16];
                    for (bytes, lane) in bytes.as_chunks_mut().0.iter_mut().zip(lanes) {
                        *bytes = lane.to_le_bytes();
                    }
                    v128(bytes)
                }
            }
        )*
    };
}

lanes! {
    u8x16, u8x16_splat: [u8; 16], [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p];
    u16x8, u16x8_splat: [u16; 8], [a, b, c, d, e, f, g, h];
    u32x4, u32x4_splat: [u32; 4], [a, b, c, d];
    u64x2, u64x2_splat: [u64; 2], [a, b];
}

/// Lane by lane.
fn zip<L: Copy, const N: usize>(a: v128, b: v128, f: impl Fn(L, L) -> L) -> v128
where
    [L; N]: From<v128> + Into<v128>,
{
    let (a, b) = (<[L; N]>::from(a), <[L; N]>::from(b));
    core::array::from_fn(|lane| f(a[lane], b[lane])).into()
}

fn map<L: Copy, const N: usize>(a: v128, f: impl Fn(L) -> L) -> v128
where
    [L; N]: From<v128> + Into<v128>,
{
    zip(a, a, |lane, _| f(lane))
}

/// Lanes of the second vector count on from those of the first.
fn shuffle<L: Copy, const N: usize>(a: v128, b: v128, lanes: [usize; N]) -> v128
where
    [L; N]: From<v128> + Into<v128>,
{
    let (a, b) = (<[L; N]>::from(a), <[L; N]>::from(b));
    lanes.map(|lane| if lane < N { a[lane] } else { b[lane - N] }).into()
}

/// All bits at once. Most instructions are of this kind, and Miri takes long for each step.
fn bits(a: v128, b: v128, f: impl Fn(u128, u128) -> u128) -> v128 {
    v128(f(u128::from_ne_bytes(a.0), u128::from_ne_bytes(b.0)).to_ne_bytes())
}

pub fn v128_xor(a: v128, b: v128) -> v128 {
    bits(a, b, |a, b| a ^ b)
}

pub fn v128_and(a: v128, b: v128) -> v128 {
    bits(a, b, |a, b| a & b)
}

pub fn v128_or(a: v128, b: v128) -> v128 {
    bits(a, b, |a, b| a | b)
}

pub fn v128_any_true(a: v128) -> bool {
    a.0 != [0; 16]
}

/// # Safety
/// Sixteen bytes have to be readable there.
pub unsafe fn v128_load(from: *const v128) -> v128 {
    unsafe { from.read_unaligned() }
}

/// # Safety
/// Sixteen bytes have to be writable there.
pub unsafe fn v128_store(to: *mut v128, vector: v128) {
    unsafe { to.write_unaligned(vector) }
}

pub fn i32x4_add(a: v128, b: v128) -> v128 {
    zip::<u32, 4>(a, b, u32::wrapping_add)
}

pub fn i8x16_add(a: v128, b: v128) -> v128 {
    zip::<u8, 16>(a, b, u8::wrapping_add)
}

pub fn u8x16_eq(a: v128, b: v128) -> v128 {
    zip::<u8, 16>(a, b, |a, b| if a == b { 0xff } else { 0 })
}

/// Shifts take the number of bits modulo that of a lane.
pub fn u16x8_shl(a: v128, bits: u32) -> v128 {
    map::<u16, 8>(a, |lane| lane.wrapping_shl(bits))
}

pub fn u16x8_shr(a: v128, bits: u32) -> v128 {
    map::<u16, 8>(a, |lane| lane.wrapping_shr(bits))
}

pub fn u32x4_shl(a: v128, bits: u32) -> v128 {
    map::<u32, 4>(a, |lane| lane.wrapping_shl(bits))
}

pub fn u32x4_shr(a: v128, bits: u32) -> v128 {
    map::<u32, 4>(a, |lane| lane.wrapping_shr(bits))
}

pub fn u64x2_shl(a: v128, bits: u32) -> v128 {
    map::<u64, 2>(a, |lane| lane.wrapping_shl(bits))
}

pub fn u64x2_shr(a: v128, bits: u32) -> v128 {
    map::<u64, 2>(a, |lane| lane.wrapping_shr(bits))
}

pub fn u32x4_extract_lane<const N: usize>(a: v128) -> u32 {
    <[u32; 4]>::from(a)[N]
}

pub fn u32x4_replace_lane<const N: usize>(a: v128, lane: u32) -> v128 {
    let mut lanes = <[u32; 4]>::from(a);
    lanes[N] = lane;
    lanes.into()
}

/// An index that is too large gives zero.
pub fn i8x16_swizzle(a: v128, indices: v128) -> v128 {
    map::<u8, 16>(indices, |index| a.0.get(usize::from(index)).copied().unwrap_or(0))
}

#[rustfmt::skip]
pub fn i8x16_shuffle<
    const A: usize, const B: usize, const C: usize, const D: usize, const E: usize, const F: usize, const G: usize, const H: usize,
    const I: usize, const J: usize, const K: usize, const L: usize, const M: usize, const N: usize, const O: usize, const P: usize,
>(a: v128, b: v128) -> v128 {
    shuffle::<u8, 16>(a, b, [A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P])
}

#[rustfmt::skip]
pub fn i16x8_shuffle<
    const A: usize, const B: usize, const C: usize, const D: usize, const E: usize, const F: usize, const G: usize, const H: usize,
>(a: v128, b: v128) -> v128 {
    shuffle::<u16, 8>(a, b, [A, B, C, D, E, F, G, H])
}

pub fn i32x4_shuffle<const A: usize, const B: usize, const C: usize, const D: usize>(a: v128, b: v128) -> v128 {
    shuffle::<u32, 4>(a, b, [A, B, C, D])
}

pub fn i64x2_shuffle<const A: usize, const B: usize>(a: v128, b: v128) -> v128 {
    shuffle::<u64, 2>(a, b, [A, B])
}
