//! A certificate with any serial number, subject and names: what it says is JSON, and it is for no
//! host that it does not name.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use micropython_ssl::error::{Error, VerifyFlags};
use micropython_ssl::verify::{CERT_REQUIRED, Endpoint, PeerVerifier, VerifySettings};
use micropython_ssl::x509::{Algorithms, Certificate};
use rustls_pki_types::{CertificateDer, UnixTime};

const ROOT: &[u8] = include_bytes!("../data/root.der");
/// What comes in place of the serial number, the names and the extensions is not ours.
const LEAF: &[u8] = include_bytes!("../data/leaf.der");
const NOW: u64 = 1_800_000_000; // 2027-01-15

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const EXTENSIONS: u8 = 0xa3;
/// subjectAltName, 2.5.29.17
const SUBJECT_ALT_NAME: &[u8] = &[0x06, 3, 0x55, 0x1d, 17];

/// The first byte says how to read the others, which are the name that is expected and the parts of
/// the certificate, each with its length before it.
pub(crate) fn run(input: &[u8]) {
    let Some((&what, mut rest)) = input.split_first() else { return };
    let mut part = || {
        let Some((&length, after)) = rest.split_first() else { return &[][..] };
        let (part, after) = after.split_at(after.len().min(length.into()));
        rest = after;
        part
    };
    let (expected, serial, subject) = (part(), part(), part());
    // The names are in parts or in one.
    let names: Vec<_> = if what & 1 == 0 {
        rest.to_vec()
    } else {
        std::iter::repeat_with(part).take_while(|name| !name.is_empty()).flat_map(named).collect()
    };
    let subject = if what & 2 == 0 { subject.to_vec() } else { attributes(subject) };
    let der = certificate(serial, &subject, (what & 4 == 0).then_some(&names));

    let Ok(leaf) = Certificate::parse(&der, Algorithms::Mbedtls) else { return };
    assert!(is_json(&leaf.to_json()), "{}", leaf.to_json());
    let verifier = PeerVerifier::new(settings().clone(), Endpoint::Client, Some(expected.to_vec()));
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(NOW));
    match verifier.verify_chain(&[CertificateDer::from(der.as_slice())], time) {
        Err(Error::Verification(flags)) if !flags.contains(VerifyFlags::CN_MISMATCH) => assert!(has(&der, expected), "{expected:?}"),
        Err(_) => {}
        Ok(()) => panic!("nobody signed this"),
    }
}

/// Whether the expected name, or a pattern for it, is somewhere in the certificate.
fn has(der: &[u8], expected: &[u8]) -> bool {
    let contains = |part: &[u8]| der.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part));
    let pattern = expected.iter().position(|byte| *byte == b'.').filter(|dot| *dot > 0).map(|dot| [b"*", &expected[dot..]].concat());
    let octets = std::str::from_utf8(expected).ok().and_then(|text| text.parse().ok()).map(|address| match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    });
    let is_address = octets.is_some();
    !expected.is_empty()
        && !expected.contains(&0)
        && (contains(expected)
            || octets.is_some_and(|octets| contains(&octets))
            || !is_address && pattern.is_some_and(|pattern| contains(&pattern)))
}

/// A general name: the first byte is its form.
fn named(part: &[u8]) -> Vec<u8> {
    const DIRECTORY_NAME: u8 = 4; // the only one that is constructed
    let form = part[0] % 9;
    element(if form == DIRECTORY_NAME { 0xa0 } else { 0x80 } + form, &part[1..])
}

/// Attributes of a subject: in each, two bytes say of which type and string it is and how long.
fn attributes(mut part: &[u8]) -> Vec<u8> {
    let mut sets = Vec::new();
    while let [typ, length, rest @ ..] = part {
        let (value, rest) = rest.split_at(rest.len().min((length & 31).into()));
        part = rest;
        let oid = element(0x06, &[0x55, 0x04, typ & 127]);
        let tag = [0x0c, 0x13, 0x14, 0x16, 0x1c, 0x1e, 0x03, 0x0c][usize::from(length >> 5)];
        let pair = element(SEQUENCE, &[oid, element(tag, value)].concat());
        // In a set of its own, or twice in one.
        sets.extend(element(SET, &pair.repeat(1 + usize::from(typ >> 7))));
    }
    element(SEQUENCE, &sets)
}

/// The leaf with these parts.
fn certificate(serial: &[u8], subject: &[u8], names: Option<&Vec<u8>>) -> Vec<u8> {
    let (tbs, after) = contents_and_rest(contents_and_rest(LEAF).0);
    let fields = elements(tbs);
    let [version, _, algorithm, issuer, validity, _, key, ..] = fields[..] else { unreachable!("of version 3") };
    let extension = names.map(|names| element(SEQUENCE, &[SUBJECT_ALT_NAME, &element(OCTET_STRING, &element(SEQUENCE, names))].concat()));
    let extensions = extension.map(|extension| element(EXTENSIONS, &element(SEQUENCE, &extension))).unwrap_or_default();
    let tbs = [version, &element(INTEGER, serial), algorithm, issuer, validity, subject, key, &extensions].concat();
    element(SEQUENCE, &[&element(SEQUENCE, &tbs), after].concat())
}

fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(contents.len()).expect("inputs are short").to_be_bytes();
    let mut bytes = match (high, low) {
        (0, ..128) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    bytes.extend_from_slice(contents);
    bytes
}

fn elements(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let rest = contents_and_rest(bytes).1;
        found.push(&bytes[..bytes.len() - rest.len()]);
        bytes = rest;
    }
    found
}

fn contents_and_rest(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (header, length) = match bytes[1] {
        length @ ..=127 => (2, length.into()),
        0x81 => (3, bytes[2].into()),
        _ => (4, u16::from_be_bytes([bytes[2], bytes[3]]).into()),
    };
    bytes[header..].split_at(length)
}

/// Whether a text is one value of JSON.
fn is_json(text: &str) -> bool {
    after_value(text).is_some_and(str::is_empty)
}

fn after_value(text: &str) -> Option<&str> {
    match text.as_bytes().first()? {
        b'[' => after_members(&text[1..], ']', after_value),
        b'{' => after_members(&text[1..], '}', |member| after_value(after_string(member)?.strip_prefix(':')?)),
        b'"' => after_string(text),
        _ => {
            let rest = text.trim_start_matches(|character: char| character.is_ascii_digit());
            (rest.len() < text.len()).then_some(rest)
        }
    }
}

fn after_members(text: &str, end: char, after_member: impl Fn(&str) -> Option<&str>) -> Option<&str> {
    if let Some(rest) = text.strip_prefix(end) {
        return Some(rest);
    }
    let mut rest = after_member(text)?;
    while let Some(next) = rest.strip_prefix(',') {
        rest = after_member(next)?;
    }
    rest.strip_prefix(end)
}

fn after_string(text: &str) -> Option<&str> {
    let mut rest = text.strip_prefix('"')?;
    loop {
        let mut characters = rest.chars();
        match characters.next()? {
            '"' => return Some(characters.as_str()),
            '\\' => match characters.next()? {
                '"' | '\\' => rest = characters.as_str(),
                'u' => {
                    let digits = rest.get(2..6)?;
                    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                        return None;
                    }
                    rest = &rest[6..];
                }
                _ => return None,
            },
            ..' ' => return None,
            _ => rest = characters.as_str(),
        }
    }
}

fn settings() -> &'static Arc<VerifySettings> {
    static SETTINGS: OnceLock<Arc<VerifySettings>> = OnceLock::new();
    SETTINGS.get_or_init(|| {
        let settings = VerifySettings::new(Endpoint::Client);
        settings.set_mode(CERT_REQUIRED).unwrap();
        settings.add_anchors(ROOT).unwrap();
        Arc::new(settings)
    })
}
