//! PEM (RFC 7468) as mbedTLS reads it.

use alloc::format;
use alloc::vec::Vec;

use zeroize::Zeroizing;

/// A block of PEM.
pub(super) struct Block<'a> {
    body: &'a [u8],
    /// What follows the block.
    pub(super) rest: &'a [u8],
}

/// The part of `data` that can be PEM: MicroPython hands mbedTLS a C string, which ends at a NUL.
pub(super) fn text(data: &[u8]) -> &[u8] {
    data.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// The first block with this label. There is none if its first END is not behind its first BEGIN,
/// or no line ends after BEGIN.
pub(super) fn find<'a>(text: &'a [u8], label: &str) -> Option<Block<'a>> {
    let begin = format!("-----BEGIN {label}-----");
    let end = format!("-----END {label}-----");
    let start = position(text, begin.as_bytes())?;
    let stop = position(text, end.as_bytes())?;
    let body = text.get(start + begin.len()..stop)?;
    let body = skip(skip(body, b' '), b'\r').strip_prefix(b"\n")?;
    let rest = text.get(stop + end.len()..)?;
    Some(Block { body, rest })
}

impl Block<'_> {
    /// The decoded body; None if it is empty, encrypted or not base64 (RFC 4648, section 4): full
    /// groups of four, white space only at the ends of lines.
    pub(super) fn decode(&self) -> Option<Zeroizing<Vec<u8>>> {
        let mut decoded = Zeroizing::new(Vec::with_capacity(self.body.len() / 4 * 3 + 3));
        let (mut group, mut count, mut padding) = (0u32, 0, 0);
        for line in self.body.split_inclusive(|&byte| byte == b'\n') {
            let line = line.strip_suffix(b"\r\n").or(line.strip_suffix(b"\n")).unwrap_or(line);
            let end = line.iter().rposition(|&byte| byte != b' ').map_or(0, |last| last + 1);
            for &byte in line.get(..end)? {
                let value = match (byte, padding) {
                    (b'=', _) => {
                        padding += 1;
                        0
                    }
                    (_, 0) => digit(byte)?,
                    _ => return None,
                };
                group = group << 6 | value;
                count += 1;
                if count == 4 {
                    let [_, bytes @ ..] = group.to_be_bytes();
                    decoded.extend_from_slice(bytes.get(..3usize.checked_sub(padding).filter(|&length| length > 0)?)?);
                    (group, count) = (0, 0);
                }
            }
        }
        (count == 0 && !decoded.is_empty()).then_some(decoded)
    }
}

fn position(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

fn skip(text: &[u8], byte: u8) -> &[u8] {
    text.strip_prefix(&[byte]).unwrap_or(text)
}

/// The value of a base64 digit. The digits of a private key are secret: which one it is decides
/// neither branches nor addresses.
fn digit(byte: u8) -> Option<u32> {
    let byte = i16::from(byte);
    let range = |first: u8, last: u8, value: i16| {
        let (first, last) = (i16::from(first), i16::from(last));
        let inside = ((first - 1 - byte) & (byte - 1 - last)) >> 8;
        inside & (byte - first + value + 1)
    };
    let value = range(b'A', b'Z', 0) | range(b'a', b'z', 26) | range(b'0', b'9', 52) | range(b'+', b'+', 62) | range(b'/', b'/', 63);
    u32::try_from(value - 1).ok()
}
