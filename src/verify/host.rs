//! Whether a certificate is for a host.

use core::net::IpAddr;

use crate::x509::{Certificate, GeneralName};

/// Whether the certificate is for `expected`, a DNS name or an IP address as text.
///
/// If there is a subjectAltName, it alone decides, even if it has other kinds of names only.
/// Otherwise the common names decide. ASCII case is ignored; the first label of a certificate's
/// name may be `*`. Nothing else is normalised: no trailing dot, no IDNA.
pub(super) fn matches(certificate: &Certificate<'_>, expected: &[u8]) -> bool {
    if expected.is_empty() || expected.contains(&0) {
        return false;
    }
    let address = core::str::from_utf8(expected).ok().and_then(|text| text.parse::<IpAddr>().ok());
    let matches = |name: &[u8]| name.eq_ignore_ascii_case(expected) || (address.is_none() && matches_wildcard(name, expected));
    if !certificate.extensions.has_subject_alt_name() {
        return certificate.subject.common_names().any(matches);
    }
    certificate.extensions.subject_alt_names().any(|name| match name {
        GeneralName::Dns(name) => matches(name),
        GeneralName::Ip(bytes) => match address {
            Some(IpAddr::V4(address)) => bytes == address.octets(),
            Some(IpAddr::V6(address)) => bytes == address.octets(),
            None => false,
        },
        _ => false,
    })
}

/// `*` stands for one label that is not empty.
fn matches_wildcard(pattern: &[u8], name: &[u8]) -> bool {
    let Some(suffix @ [b'.', _, ..]) = pattern.strip_prefix(b"*") else { return false };
    match name.iter().position(|&byte| byte == b'.') {
        None | Some(0) => false,
        Some(dot) => name[dot..].eq_ignore_ascii_case(suffix),
    }
}
