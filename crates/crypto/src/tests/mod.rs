//! The cryptography against published vectors, and against itself in both roles.

mod hash;
mod key_share;
mod kx;
mod record;
mod sign;
mod verify;

/// Bytes from hexadecimal digits; whatever is no digit separates.
fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}
