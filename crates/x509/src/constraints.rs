//! Name constraints (RFC 5280, section 4.2.1.10): for which names an authority may vouch.

use super::asn1::{CONSTRUCTED, Reader, SEQUENCE};
use super::general_name::{DIRECTORY_NAME, DNS_NAME, IP_ADDRESS, TAG_NUMBER};
use super::{Certificate, GeneralName, Name};

/// A NameConstraints extension: its constraints of hosts' names, addresses and subjects. Names of
/// other forms identify nobody here.
#[derive(Clone, Copy, Debug)]
pub struct NameConstraints<'a>(&'a [u8]);

/// A name that a certificate is for.
#[derive(Clone, Copy)]
enum Constrained<'a> {
    Dns(&'a [u8]),
    Ip(&'a [u8]),
    Directory(Name<'a>),
}

impl<'a> NameConstraints<'a> {
    pub(super) fn new(value: &'a [u8]) -> Self {
        Self(value)
    }

    /// Whether all names of a certificate are permitted and none is excluded. Constraints that
    /// cannot be read permit nothing.
    pub fn permit(&self, certificate: &Certificate<'_>) -> bool {
        let Ok((permitted, excluded)) = self.subtrees() else { return false };
        names(certificate).all(|name| {
            let mut of_its_form = elements(permitted).filter(|subtree| name.has_form_of(subtree)).peekable();
            let is_permitted = of_its_form.peek().is_none() || of_its_form.any(|subtree| name.is_within(&subtree));
            is_permitted && !elements(excluded).any(|subtree| name.is_within(&subtree))
        })
    }

    /// The contents of permittedSubtrees and excludedSubtrees.
    fn subtrees(&self) -> Result<(&'a [u8], &'a [u8]), super::Malformed> {
        let mut fields = Reader::new(self.0).only(SEQUENCE)?;
        let mut lists: [&[u8]; 2] = [&[], &[]];
        for (number, list) in (0..).zip(&mut lists) {
            if fields.peek() == Some(CONSTRUCTED + number) {
                let mut subtrees = fields.inside(CONSTRUCTED + number)?;
                *list = subtrees.rest();
                while !subtrees.is_empty() {
                    subtrees.inside(SEQUENCE)?.any()?;
                }
            }
        }
        fields.end()?;
        Ok((lists[0], lists[1]))
    }
}

impl Constrained<'_> {
    fn form(&self) -> u8 {
        match self {
            Self::Dns(_) => DNS_NAME,
            Self::Ip(_) => IP_ADDRESS,
            Self::Directory(_) => DIRECTORY_NAME,
        }
    }

    fn has_form_of(&self, (tag, _): &(u8, &[u8])) -> bool {
        *tag & TAG_NUMBER == self.form()
    }

    fn is_within(&self, subtree: &(u8, &[u8])) -> bool {
        self.has_form_of(subtree)
            && match self {
                Self::Dns(name) => is_domain_within(name, subtree.1),
                Self::Ip(address) => is_address_within(address, subtree.1),
                Self::Directory(name) => is_subject_within(name, subtree.1),
            }
    }
}

/// The subjectAltNames of a certificate, and its subject. If there are no subjectAltNames, the
/// common names too, because they are compared with hosts' names then.
fn names<'a>(certificate: &Certificate<'a>) -> impl Iterator<Item = Constrained<'a>> + use<'a> {
    let extensions = certificate.extensions;
    let subject = certificate.subject;
    let common = subject.common_names().filter(move |_| !extensions.has_subject_alt_name()).map(Constrained::Dns);
    let alternative = extensions.subject_alt_names().filter_map(|name| match name {
        GeneralName::Dns(name) => Some(Constrained::Dns(name)),
        GeneralName::Ip(address) => Some(Constrained::Ip(address)),
        _ => None,
    });
    common.chain(alternative).chain((!subject.is_empty()).then_some(Constrained::Directory(subject)))
}

/// The domain itself, or one below it. One with a dot in front means those below it only.
fn is_domain_within(name: &[u8], domain: &[u8]) -> bool {
    let Some(start) = name.len().checked_sub(domain.len()) else { return false };
    let below = start > 0 && (name[start - 1] == b'.' || domain.first() == Some(&b'.'));
    name[start..].eq_ignore_ascii_case(domain) && (start == 0 || domain.is_empty() || below)
}

/// A network is an address and a mask.
fn is_address_within(address: &[u8], network: &[u8]) -> bool {
    network.len() == 2 * address.len() && {
        let (base, mask) = network.split_at(address.len());
        address.iter().zip(base).zip(mask).all(|((byte, base), mask)| byte & mask == base & mask)
    }
}

fn is_subject_within(subject: &Name<'_>, directory: &[u8]) -> bool {
    let Ok(contents) = Reader::new(directory).element(SEQUENCE) else { return false };
    contents.is_empty() || Name::parse(contents).is_ok_and(|base| subject.canonical().starts_with(&base.canonical()))
}

/// The bases of subtrees whose form was checked.
fn elements(subtrees: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut reader = Reader::new(subtrees);
    core::iter::from_fn(move || reader.inside(SEQUENCE).ok()?.any().ok())
}
