//! Chains good and bad, with the verdict on each: ours, and mbedTLS' where it is another.

mod contents;
mod names;
mod paths;

use std::sync::LazyLock;

use micropython_ssl::error::{Error, VerifyFlags};
use micropython_ssl::verify::Endpoint;

use super::pki::*;

/// What a verifier makes of a chain in `CERT_REQUIRED`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Good,
    /// Refused for these reasons.
    Flawed(VerifyFlags),
    /// Refused with this error.
    Fails(Error),
}

/// A peer to be verified.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: &'static str,
    /// The verifying side.
    pub endpoint: Endpoint,
    pub host: Option<&'static str>,
    pub now: u64,
    /// What the peer sends, leaf first.
    pub sent: Vec<Vec<u8>>,
    pub anchors: Vec<Vec<u8>>,
    pub ours: Verdict,
    /// mbedTLS' verdict if it is not ours, and why it is not.
    pub mbedtls: Option<(Verdict, &'static str)>,
}

impl Case {
    fn new(name: &'static str, sent: impl Into<Vec<Vec<u8>>>, anchors: impl Into<Vec<Vec<u8>>>) -> Self {
        let (sent, anchors) = (sent.into(), anchors.into());
        Self { name, endpoint: Endpoint::Client, host: Some("host"), now: NOW, sent, anchors, ours: Verdict::Good, mbedtls: None }
    }

    fn host(mut self, host: &'static str) -> Self {
        self.host = Some(host);
        self
    }

    fn at(mut self, now: u64) -> Self {
        self.now = now;
        self
    }

    /// As a server sees a client.
    fn of_client(mut self) -> Self {
        (self.endpoint, self.host) = (Endpoint::Server, None);
        self
    }

    fn flawed(mut self, flags: VerifyFlags) -> Self {
        self.ours = Verdict::Flawed(flags);
        self
    }

    fn fails(mut self, error: Error) -> Self {
        self.ours = Verdict::Fails(error);
        self
    }

    fn but_mbedtls(mut self, verdict: Verdict, why: &'static str) -> Self {
        self.mbedtls = Some((verdict, why));
        self
    }
}

impl Case {
    /// For programs that compare verdicts: `code` is the OSError's number and `flags` mbedTLS'
    /// verify flags, both as mbedTLS has them.
    pub fn to_json(&self) -> String {
        let theirs = self.mbedtls.as_ref().map_or(&self.ours, |(verdict, _)| verdict);
        let host = self.host.map_or("null".to_owned(), |host| format!("{host:?}"));
        let side = if self.endpoint == Endpoint::Client { "client" } else { "server" };
        let (ours, theirs) = (self.ours.to_json(), theirs.to_json());
        let why = self.mbedtls.as_ref().map_or("null".to_owned(), |(_, why)| format!("{why:?}"));
        let Self { name, now, .. } = self;
        format!(
            "{{\"name\": {name:?}, \"side\": \"{side}\", \"host\": {host}, \"now\": {now}, \"ours\": {ours}, \"mbedtls\": {theirs}, \"why\": {why}}}\n"
        )
    }
}

impl Verdict {
    fn to_json(&self) -> String {
        let (code, flags) = match self {
            Self::Good => (0, 0),
            Self::Flawed(flags) => (-0x2700, flags.bits()),
            Self::Fails(Error::PeerCertificate(code)) => (*code, 0),
            Self::Fails(error) => (error.exception().code.unwrap_or_default(), 0),
        };
        format!("{{\"code\": {code}, \"flags\": {flags}}}")
    }
}

/// Every case.
pub fn all() -> &'static [Case] {
    static ALL: LazyLock<Vec<Case>> = LazyLock::new(make);
    &ALL
}

fn make() -> Vec<Case> {
    [
        paths::trust(),
        paths::authorities(),
        paths::path_lengths(),
        paths::dates(),
        contents::strength(),
        contents::uses(),
        contents::forms(),
        names::hosts(),
        names::addresses(),
        combinations(),
    ]
    .concat()
}

const UNTRUSTED: VerifyFlags = VerifyFlags::NOT_TRUSTED;
const MISMATCH: VerifyFlags = VerifyFlags::CN_MISMATCH;

/// The authority of most cases.
const CA: Key = Key::P256(1);
/// The leaf's key in most cases.
const LEAF: Key = Key::P256(9);

fn ca() -> Vec<u8> {
    Cert::ca("CA", CA).sign(CA)
}

/// A leaf for `host`, issued by the authority.
fn leaf() -> Cert {
    Cert::new("host", LEAF).issued_by("CA")
}

/// A leaf with these subjectAltNames and a common name that never matches.
fn leaf_for(names: &[Vec<u8>]) -> Vec<u8> {
    let mut leaf = leaf().with(alt_names(names));
    leaf.subject = name("no host");
    leaf.sign(CA)
}

/// A leaf with this common name and no subjectAltName.
fn leaf_called(common_name: impl AsRef<[u8]>) -> Vec<u8> {
    let mut leaf = leaf();
    leaf.subject = name(common_name);
    leaf.sign(CA)
}

/// A chain below `CA`: the leaf, then `count` intermediates called I1 (the leaf's issuer) to
/// I*count*, each shaped by `shape`.
fn through(count: u8, shape: impl Fn(u8, Cert) -> Cert) -> Vec<Vec<u8>> {
    let key = |number: u8| if number > count { CA } else { Key::P256(100 + number) };
    let called = |number: u8| if number > count { "CA".to_owned() } else { format!("I{number}") };
    let mut chain = vec![leaf().issued_by(&called(1)).sign(key(1))];
    for number in 1..=count {
        let intermediate = Cert::ca(&called(number), key(number)).issued_by(&called(number + 1));
        chain.push(shape(number, intermediate).sign(key(number + 1)));
    }
    chain
}

/// Spoils the signature at the end of a certificate, leaving its form right.
fn forged(mut certificate: Vec<u8>) -> Vec<u8> {
    *certificate.last_mut().unwrap() ^= 1;
    certificate
}

fn unsigned_code(code: i32) -> Error {
    Error::PeerCertificate(-code)
}

fn combinations() -> Vec<Case> {
    let past = ("200101000000Z", "250101000000Z");
    let everything = Cert::new("other", Key::Rsa1024).issued_by("B").hash(Hash::Sha1).valid(past.0, past.1).sign(Key::P256(2));
    vec![
        Case::new("expired and of another name", [leaf().valid(past.0, past.1).sign(CA)], [ca()])
            .host("other")
            .flawed(VerifyFlags::EXPIRED | MISMATCH),
        Case::new("unknown and of another name", [leaf().sign(Key::P256(2))], [ca()]).host("other").flawed(UNTRUSTED | MISMATCH),
        Case::new("expired, unknown and of another name", [leaf().valid(past.0, past.1).sign(Key::P256(2))], [ca()])
            .host("other")
            .flawed(VerifyFlags::EXPIRED | UNTRUSTED | MISMATCH),
        Case::new("listed, but of another name", [Cert::new("host", LEAF).sign(LEAF)], [Cert::new("host", LEAF).sign(LEAF)])
            .host("other")
            .flawed(MISMATCH),
        Case::new("everything at once", [everything], [ca()])
            .flawed(VerifyFlags::EXPIRED | MISMATCH | UNTRUSTED | VerifyFlags::BAD_MD | VerifyFlags::BAD_KEY),
    ]
}
