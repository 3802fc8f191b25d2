//! From a leaf to a trusted certificate, as mbedTLS goes: the flaws of every step are gathered, and
//! the walk goes on.

use alloc::vec::Vec;

use super::anchors::{Anchor, Anchors};
use super::signature;
use crate::error::VerifyFlags;
use crate::x509::{Certificate, Curve, KEY_CERT_SIGN, KeyKind, SignatureAlgorithm};

/// A certificate of the chain that was found, and what is wrong with it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link<'a> {
    pub(super) der: &'a [u8],
    pub(super) flags: VerifyFlags,
    /// Its last second of validity, since 1970.
    pub(super) not_after: i64,
}

/// More certificates between leaf and anchor than mbedTLS has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// Builds a chain from `sent[0]` over further sent certificates to one of `anchors`, leaf first.
///
/// From each certificate it jumps to an anchor if one fits, else to the first certificate sent
/// later that fits. A leaf that is itself an anchor and self-issued is the whole chain.
pub(super) fn build<'a>(sent: &[Certificate<'a>], anchors: &'a Anchors, now: i64) -> Result<Vec<Link<'a>>, TooLong> {
    let mut links = Vec::new();
    let mut below = Vec::new(); // what the next certificate vouches for
    let mut self_issued = 0;
    let mut position = 0;
    while let Some(child) = sent.get(position) {
        let mut link = Link { der: child.raw, flags: dates(child, now) | algorithms(child), not_after: child.not_after };
        if links.is_empty() && is_pinned(child, anchors) {
            links.push(link);
            break;
        }
        let search = Search { child, issuer: child.issuer.canonical(), between: links.len() - self_issued, now };
        below.push(child);
        if let Some((anchor, certificate)) = search.anchor(anchors) {
            link.flags |= constraints(&certificate, &below);
            link.flags |= key(certificate.public_key.kind);
            links.push(link);
            links.push(Link { der: anchor.der(), flags: dates(&certificate, now), not_after: certificate.not_after });
            break;
        }
        let Some(offset) = search.sent(&sent[position + 1..]) else {
            link.flags |= VerifyFlags::NOT_TRUSTED;
            links.push(link);
            break;
        };
        position += 1 + offset;
        let parent = &sent[position];
        if !signature::is_signed_by(child, &parent.public_key) {
            link.flags |= VerifyFlags::NOT_TRUSTED;
        }
        link.flags |= constraints(parent, &below);
        link.flags |= key(parent.public_key.kind);
        if !links.is_empty() && child.is_self_issued() {
            self_issued += 1;
        }
        links.push(link);
        if links.len() > MAX_INTERMEDIATES {
            return Err(TooLong);
        }
    }
    Ok(links)
}

/// The flaws of a key by mbedTLS' default profile.
pub(super) fn key(kind: KeyKind) -> VerifyFlags {
    match kind {
        KeyKind::Rsa(2048..) | KeyKind::Ec(Curve::P256 | Curve::P384 | Curve::P521) => VerifyFlags::NONE,
        KeyKind::Ecdh(Curve::P256 | Curve::P384 | Curve::P521) => VerifyFlags::NONE,
        _ => VerifyFlags::BAD_KEY,
    }
}

/// `MBEDTLS_X509_MAX_INTERMEDIATE_CA`
const MAX_INTERMEDIATES: usize = 8;

fn dates(certificate: &Certificate<'_>, now: i64) -> VerifyFlags {
    let mut flags = VerifyFlags::NONE;
    if certificate.not_after < now {
        flags |= VerifyFlags::EXPIRED;
    }
    if certificate.not_before > now {
        flags |= VerifyFlags::FUTURE;
    }
    flags
}

fn algorithms(certificate: &Certificate<'_>) -> VerifyFlags {
    let mut flags = VerifyFlags::NONE;
    if certificate.signature_algorithm.has_weak_hash() {
        flags |= VerifyFlags::BAD_MD;
    }
    if certificate.signature_algorithm == SignatureAlgorithm::Ed25519 || certificate.public_key.kind == KeyKind::Ed25519 {
        flags |= VerifyFlags::BAD_PK;
    }
    flags
}

/// The flaws of certificates by the name constraints of an authority above them, leaf first.
fn constraints(authority: &Certificate<'_>, below: &[&Certificate<'_>]) -> VerifyFlags {
    let Some(constraints) = authority.extensions.name_constraints else { return VerifyFlags::NONE };
    let mut constrained = below.iter().enumerate().filter(|(index, certificate)| *index == 0 || !certificate.is_self_issued());
    if constrained.all(|(_, certificate)| constraints.permit(certificate)) { VerifyFlags::NONE } else { VerifyFlags::NOT_TRUSTED }
}

/// Self-issued, and the very bytes of an anchor. That it signed itself need not be checked: nothing
/// is concluded from it.
fn is_pinned(leaf: &Certificate<'_>, anchors: &Anchors) -> bool {
    anchors.iter().any(|anchor| anchor.der() == leaf.raw) && leaf.is_self_issued()
}

/// The search for the certificate that signed another.
struct Search<'s, 'a> {
    child: &'s Certificate<'a>,
    issuer: Vec<u8>,
    /// CA certificates below the parent that count against its path length: not self-issued ones.
    between: usize,
    now: i64,
}

impl Search<'_, '_> {
    /// The first anchor that signed the child, preferably one that is valid now.
    fn anchor<'c>(&self, anchors: &'c Anchors) -> Option<(&'c Anchor, Certificate<'c>)> {
        let fits = anchors
            .iter()
            .filter(|anchor| anchor.subject == self.issuer)
            .filter_map(|anchor| Some((anchor, anchor.certificate()?)))
            .filter(|(_, parent)| self.may_sign(parent, parent.version < 3) && signature::is_signed_by(self.child, &parent.public_key));
        prefer(fits, |(_, parent)| dates(parent, self.now).is_empty())
    }

    /// The index of the first sent certificate that may have signed the child, preferably one that
    /// is valid now. Whether it did is not asked, so that a wrong signature is reported and nobody
    /// makes us check many.
    fn sent(&self, later: &[Certificate<'_>]) -> Option<usize> {
        let fits = later.iter().enumerate().filter(|(_, parent)| self.may_sign(parent, false) && parent.subject.canonical() == self.issuer);
        prefer(fits, |(_, parent)| dates(parent, self.now).is_empty()).map(|(index, _)| index)
    }

    /// Whether its extensions let `parent` sign the child. Trusted certificates older than version
    /// 3 cannot say that they are CAs.
    fn may_sign(&self, parent: &Certificate<'_>, trusted_and_old: bool) -> bool {
        let extensions = &parent.extensions;
        (trusted_and_old || (extensions.is_ca && extensions.allows_key_usage(KEY_CERT_SIGN)))
            && extensions.max_path_length.is_none_or(|most| self.between <= most as usize)
    }
}

/// The first item that passes, else the first.
fn prefer<T>(items: impl Iterator<Item = T>, passes: impl Fn(&T) -> bool) -> Option<T> {
    let mut first = None;
    for item in items {
        if passes(&item) {
            return Some(item);
        }
        first = first.or(Some(item));
    }
    first
}
