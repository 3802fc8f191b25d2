//! The verdict on a certificate chain: one bit for each thing found wrong, named and worded as
//! mbedTLS does.

use alloc::string::String;
use core::fmt;
use core::ops::{BitOr, BitOrAssign};

/// Everything that was found wrong with a certificate chain. Empty means that the chain is good.
///
/// The bits are those of mbedTLS' `MBEDTLS_X509_BADCERT_*`, so a verdict can be compared with
/// mbedTLS' own.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct VerifyFlags(u32);

impl VerifyFlags {
    /// Nothing wrong.
    pub const NONE: Self = Self(0);
    /// A certificate's validity has ended.
    pub const EXPIRED: Self = Self(0x01);
    /// The leaf is not valid for the expected name.
    pub const CN_MISMATCH: Self = Self(0x04);
    /// No path of good signatures to a trusted certificate.
    pub const NOT_TRUSTED: Self = Self(0x08);
    /// The peer sent no certificate.
    pub const MISSING: Self = Self(0x40);
    /// A certificate's validity has not begun.
    pub const FUTURE: Self = Self(0x200);
    /// The leaf's keyUsage does not allow what it was used for.
    pub const KEY_USAGE: Self = Self(0x800);
    /// The leaf's extKeyUsage does not allow what it was used for.
    pub const EXT_KEY_USAGE: Self = Self(0x1000);
    /// A certificate is signed with a hash that is too weak.
    pub const BAD_MD: Self = Self(0x4000);
    /// A key or signature algorithm that is not allowed.
    pub const BAD_PK: Self = Self(0x8000);
    /// A key that is too short or on a curve that is not allowed.
    pub const BAD_KEY: Self = Self(0x1_0000);

    /// mbedTLS' number for these flags.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether nothing is wrong.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `other` is set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The text that MicroPython puts into its ValueError: each line as `"\n" + text + "\n"`, in
    /// mbedTLS' order.
    ///
    /// None when MicroPython's 256-byte buffer cannot hold it (it then raises the bare -9984) or
    /// when nothing is wrong.
    pub fn text(self) -> Option<String> {
        let mut text = String::new();
        for &(bit, line) in TEXTS {
            if self.0 & bit != 0 {
                text.push('\n');
                text.push_str(line);
                text.push('\n');
            }
        }
        (!text.is_empty() && text.len() < 256).then_some(text)
    }
}

impl BitOr for VerifyFlags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for VerifyFlags {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl fmt::Debug for VerifyFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyFlags({:#x})", self.0)
    }
}

/// mbedTLS' wording and printing order (`mbedtls_x509_crt_verify_info`); programs and MicroPython's
/// tests compare them.
const TEXTS: &[(u32, &str)] = &[
    (0x01, "The certificate validity has expired"),
    (0x04, "The certificate Common Name (CN) does not match with the expected CN"),
    (0x08, "The certificate is not correctly signed by the trusted CA"),
    (0x40, "Certificate was missing"),
    (0x200, "The certificate validity starts in the future"),
    (0x800, "Usage does not match the keyUsage extension"),
    (0x1000, "Usage does not match the extendedKeyUsage extension"),
    (0x4000, "The certificate is signed with an unacceptable hash."),
    (0x8000, "The certificate is signed with an unacceptable PK alg (eg RSA vs ECDSA)."),
    (0x1_0000, "The certificate is signed with an unacceptable key (eg bad curve, RSA too short)."),
];
