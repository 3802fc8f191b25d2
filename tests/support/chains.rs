//! Chains good and bad, with the verdict on each: ours, and mbedTLS' where it is another.

use std::sync::LazyLock;

use micropython_ssl::error::Error;
use micropython_ssl::verify::{Endpoint, VerifyFlags};

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
    /// For programs that compare verdicts: `code` is the OSError's number and `flags` mbedTLS' verify flags, both as mbedTLS has them.
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

/// A chain below `CA`: the leaf, then `count` intermediates called I1 (the leaf's issuer) to I*count*, each shaped by `shape`.
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

/// Every case.
pub fn all() -> &'static [Case] {
    static ALL: LazyLock<Vec<Case>> = LazyLock::new(make);
    &ALL
}

fn make() -> Vec<Case> {
    [trust(), authorities(), path_lengths(), dates(), strength(), uses(), forms(), hosts(), addresses(), combinations()].concat()
}

fn trust() -> Vec<Case> {
    let self_signed = || Cert::new("host", LEAF);
    let other_ca = || Cert::ca("CA", Key::P256(2)).sign(Key::P256(2));
    let mut between = through(1, |_, certificate| certificate);
    between.insert(1, Cert::ca("unrelated", Key::P256(5)).sign(Key::P256(5)));
    let mut with_root = through(1, |_, certificate| certificate);
    with_root.push(ca());
    let mut reversed = through(2, |_, certificate| certificate);
    reversed.swap(1, 2);
    let mut tampered = leaf().sign(CA);
    let at = tampered.windows(4).position(|window| window == b"host").unwrap();
    tampered[at..at + 4].copy_from_slice(b"Host");
    let mut with_trailer = self_signed().sign(LEAF);
    with_trailer.extend_from_slice(b"more");
    vec![
        Case::new("issued by an authority", [leaf().sign(CA)], [ca()]),
        Case::new("issued by one of several authorities", [leaf().sign(CA)], [Cert::ca("B", Key::P256(2)).sign(Key::P256(2)), ca()]),
        Case::new("issued through an intermediate", through(1, |_, certificate| certificate), [ca()]),
        Case::new("issued through three intermediates", through(3, |_, certificate| certificate), [ca()]),
        Case::new("issued through eight intermediates", through(8, |_, certificate| certificate), [ca()]),
        Case::new("issued through nine intermediates", through(9, |_, certificate| certificate), [ca()]).fails(unsigned_code(0x3000)),
        Case::new("an unrelated certificate in between", between, [ca()]),
        Case::new("the root sent as well", with_root, [ca()]),
        Case::new("intermediates sent upside down", reversed, [ca()]).flawed(UNTRUSTED),
        Case::new("an intermediate that is not sent", [through(1, |_, certificate| certificate)[0].clone()], [ca()]).flawed(UNTRUSTED),
        Case::new(
            "an intermediate as anchor, its root unknown",
            [through(1, |_, certificate| certificate)[0].clone()],
            [through(1, |_, certificate| certificate)[1].clone()],
        ),
        Case::new("issued by an unknown authority", [leaf().issued_by("B").sign(Key::P256(2))], [ca()]).flawed(UNTRUSTED),
        Case::new("issued by another authority of the same name", [leaf().sign(Key::P256(2))], [ca()]).flawed(UNTRUSTED),
        Case::new("issued by the second of two authorities of the same name", [leaf().sign(CA)], [other_ca(), ca()]),
        Case::new("the right key under the wrong issuer's name", [leaf().issued_by("B").sign(CA)], [ca()]).flawed(UNTRUSTED),
        Case::new("the leaf's signature is wrong", [forged(leaf().sign(CA))], [ca()]).flawed(UNTRUSTED),
        Case::new("the leaf was changed after signing", [tampered], [ca()]).flawed(UNTRUSTED),
        Case::new(
            "an intermediate's signature is wrong",
            through(2, |_, certificate| certificate)
                .into_iter()
                .enumerate()
                .map(|(at, der)| if at == 1 { forged(der) } else { der })
                .collect::<Vec<_>>(),
            [ca()],
        )
        .flawed(UNTRUSTED),
        Case::new(
            "the top intermediate's signature is wrong",
            through(2, |_, certificate| certificate)
                .into_iter()
                .enumerate()
                .map(|(at, der)| if at == 2 { forged(der) } else { der })
                .collect::<Vec<_>>(),
            [ca()],
        )
        .flawed(UNTRUSTED),
        Case::new("an anchor's own signature does not matter", [leaf().sign(CA)], [forged(ca())]),
        Case::new(
            "two intermediates that issued each other",
            [
                leaf().issued_by("A").sign(Key::P256(2)),
                Cert::ca("A", Key::P256(2)).issued_by("B").sign(Key::P256(3)),
                Cert::ca("B", Key::P256(3)).issued_by("A").sign(Key::P256(2)),
            ],
            [ca()],
        )
        .flawed(UNTRUSTED),
        Case::new(
            "the first of two intermediates of the same name is taken, right or not",
            [
                leaf().issued_by("I").sign(Key::P256(3)),
                Cert::ca("I", Key::P256(2)).issued_by("CA").sign(CA),
                Cert::ca("I", Key::P256(3)).issued_by("CA").sign(CA),
            ],
            [ca()],
        )
        .flawed(UNTRUSTED),
        Case::new(
            "of two intermediates of the same name the one that is valid now is taken",
            [
                leaf().issued_by("I").sign(Key::P256(3)),
                Cert::ca("I", Key::P256(3)).issued_by("CA").valid("200101000000Z", "210101000000Z").sign(CA),
                Cert::ca("I", Key::P256(3)).issued_by("CA").sign(CA),
            ],
            [ca()],
        ),
        Case::new("signed by itself and unknown", [self_signed().sign(LEAF)], [ca()]).flawed(UNTRUSTED),
        Case::new("signed by itself and listed", [self_signed().sign(LEAF)], [self_signed().sign(LEAF)]),
        Case::new("signed by itself, a CA, and listed", [Cert::ca("host", LEAF).sign(LEAF)], [Cert::ca("host", LEAF).sign(LEAF)]),
        Case::new("listed second", [self_signed().sign(LEAF)], [ca(), self_signed().sign(LEAF)]),
        Case::new("listed, its own signature wrong", [forged(self_signed().sign(LEAF))], [forged(self_signed().sign(LEAF))]),
        Case::new("listed, but issued by another", [leaf().sign(CA)], [leaf().sign(CA)]).flawed(UNTRUSTED),
        Case::new("listed, sent with bytes behind", [with_trailer], [self_signed().sign(LEAF)]),
        Case::new(
            "a listed CA's second certificate for the same key",
            [Cert::ca("host", LEAF).sign(LEAF)],
            [Cert::ca("host", LEAF).valid("190101000000Z", "400101000000Z").sign(LEAF)],
        ),
        Case::new(
            "a listed leaf's second certificate for the same key",
            [self_signed().sign(LEAF)],
            [self_signed().valid("190101000000Z", "400101000000Z").sign(LEAF)],
        )
        .flawed(UNTRUSTED),
        Case::new(
            "a listed name with another key",
            [Cert::ca("host", Key::P256(8)).sign(Key::P256(8))],
            [Cert::ca("host", LEAF).sign(LEAF)],
        )
        .flawed(UNTRUSTED),
        Case::new("no anchors", [leaf().sign(CA)], []).fails(Error::CaChainRequired),
        Case::new("issuer's name in another case", [leaf().issued_by("ca").sign(CA)], [ca()]),
        Case::new("issuer's name in another string type", [leaf_issued_by(&name_of(&[(3, 0x13, b"CA")]))], [ca()]),
        Case::new("issuer's name in a string type that is compared byte by byte", [leaf_issued_by(&name_of(&[(3, 0x14, b"CA")]))], [ca()])
            .flawed(UNTRUSTED),
        Case::new("issuer's name with an attribute more", [leaf_issued_by(&name_of(&[(3, 0x0c, b"CA"), (10, 0x0c, b"Org")]))], [ca()])
            .flawed(UNTRUSTED),
    ]
}

fn leaf_issued_by(issuer: &[u8]) -> Vec<u8> {
    let mut leaf = leaf();
    leaf.issuer = issuer.to_vec();
    leaf.sign(CA)
}

fn authorities() -> Vec<Case> {
    let version_1 = |mut certificate: Cert| {
        certificate.version = None;
        certificate.extensions.clear();
        certificate
    };
    let plain = |certificate: Cert| Cert { extensions: Vec::new(), ..certificate };
    let signing_leaf = Cert::new("site", Key::P256(4)).issued_by("CA").with(basic_constraints(false, None)).sign(CA);
    vec![
        Case::new("an intermediate that does not say that it is a CA", through(1, move |_, it| plain(it)), [ca()]).flawed(UNTRUSTED),
        Case::new(
            "an intermediate that says that it is none",
            through(1, move |_, it| plain(it).with(basic_constraints(false, None))),
            [ca()],
        )
        .flawed(UNTRUSTED),
        Case::new("another site's leaf as issuer", [leaf().issued_by("site").sign(Key::P256(4)), signing_leaf], [ca()]).flawed(UNTRUSTED),
        Case::new("an anchor that does not say that it is a CA", [leaf().sign(CA)], [Cert::new("CA", CA).sign(CA)]).flawed(UNTRUSTED),
        Case::new("an anchor of version 1", [leaf().sign(CA)], [version_1(Cert::ca("CA", CA)).sign(CA)]),
        Case::new("an intermediate of version 1", through(1, move |_, it| version_1(it)), [ca()]).flawed(UNTRUSTED),
        Case::new("an intermediate that may sign certificates", through(1, |_, it| it.with(key_usage(&[0x06]))), [ca()]),
        Case::new("an intermediate that may not sign certificates", through(1, |_, it| it.with(key_usage(&[0x82]))), [ca()])
            .flawed(UNTRUSTED),
        Case::new("an anchor that may not sign certificates", [leaf().sign(CA)], [Cert::ca("CA", CA).with(key_usage(&[0x80])).sign(CA)])
            .flawed(UNTRUSTED),
        Case::new("an intermediate that may only encipher", through(1, |_, it| it.with(key_usage(&[0x05]))), [ca()]).flawed(UNTRUSTED),
        Case::new("an intermediate for clients only", through(1, |_, it| it.with(ext_key_usage(&[2]))), [ca()]),
        Case::new("an intermediate with critical name constraints", through(1, |_, it| it.with(name_constraints(true))), [ca()])
            .fails(unsigned_code(0x2562)),
        Case::new(
            "an intermediate with name constraints that are not critical",
            through(1, |_, it| it.with(name_constraints(false))),
            [ca()],
        ),
        Case::new(
            "an intermediate with an unknown critical extension",
            through(1, |_, it| it.with(extension(&[0x2a, 3], true, &NULL))),
            [ca()],
        )
        .fails(unsigned_code(0x2562)),
    ]
}

/// Permits example.com only.
fn name_constraints(critical: bool) -> Vec<u8> {
    extension(&[0x55, 0x1d, 30], critical, &sequence(&[&der(0xa0, &sequence(&[&dns("example.com")]))]))
}

fn path_lengths() -> Vec<Case> {
    let limited = |limit: u8| move |certificate: Cert| Cert { extensions: vec![basic_constraints(true, Some(limit))], ..certificate };
    let root = |limit| limited(limit)(Cert::ca("CA", CA)).sign(CA);
    let on = |number: u8, limit: u8| move |at: u8, certificate: Cert| if at == number { limited(limit)(certificate) } else { certificate };
    let self_issued = [
        leaf().issued_by("I").sign(Key::P256(3)),
        Cert::ca("I", Key::P256(3)).sign(Key::P256(2)),
        Cert::ca("I", Key::P256(2)).issued_by("CA").with(key_usage(&[0x04])).sign(CA),
    ];
    vec![
        Case::new("a root of length 0 above a leaf", [leaf().sign(CA)], [root(0)]),
        Case::new("a root of length 0 above an intermediate", through(1, |_, it| it), [root(0)]).flawed(UNTRUSTED),
        Case::new("a root of length 1 above an intermediate", through(1, |_, it| it), [root(1)]),
        Case::new("a root of length 1 above two intermediates", through(2, |_, it| it), [root(1)]).flawed(UNTRUSTED),
        Case::new("an intermediate of length 0 above the leaf", through(2, on(1, 0)), [ca()]),
        Case::new("an intermediate of length 0 above another", through(2, on(2, 0)), [ca()]).flawed(UNTRUSTED),
        Case::new("an intermediate of length 1 above two others", through(3, on(3, 1)), [ca()]).flawed(UNTRUSTED),
        Case::new("an intermediate of length 2 above two others", through(3, on(3, 2)), [ca()]),
        Case::new("a self-issued intermediate does not count", self_issued, [root(1)]),
    ]
}

fn dates() -> Vec<Case> {
    const PAST: (&str, &str) = ("200101000000Z", "250101000000Z");
    const FUTURE: (&str, &str) = ("300101000000Z", "400101000000Z");
    /// 2040-01-01, the last second of validity of most certificates here.
    const LAST: u64 = 2_208_988_800;
    /// 2020-01-01, the first.
    const FIRST: u64 = 1_577_836_800;
    let valid = |certificate: Cert, (from, to): (&str, &str)| certificate.valid(from, to);
    let link = move |number: u8, dates| move |at: u8, certificate: Cert| if at == number { valid(certificate, dates) } else { certificate };
    let root = |dates| valid(Cert::ca("CA", CA), dates).sign(CA);
    vec![
        Case::new("an expired leaf", [valid(leaf(), PAST).sign(CA)], [ca()]).flawed(VerifyFlags::EXPIRED),
        Case::new("a leaf not yet valid", [valid(leaf(), FUTURE).sign(CA)], [ca()]).flawed(VerifyFlags::FUTURE),
        Case::new("an expired intermediate", through(2, link(1, PAST)), [ca()]).flawed(VerifyFlags::EXPIRED),
        Case::new("an expired top intermediate", through(2, link(2, PAST)), [ca()]).flawed(VerifyFlags::EXPIRED),
        Case::new("an intermediate not yet valid", through(2, link(1, FUTURE)), [ca()]).flawed(VerifyFlags::FUTURE),
        Case::new("an expired root", [leaf().sign(CA)], [root(PAST)]).flawed(VerifyFlags::EXPIRED),
        Case::new("a root not yet valid", [leaf().sign(CA)], [root(FUTURE)]).flawed(VerifyFlags::FUTURE),
        Case::new("an expired root and its successor", [leaf().sign(CA)], [root(PAST), ca()]),
        Case::new("an expired leaf under a root not yet valid", [valid(leaf(), PAST).sign(CA)], [root(FUTURE)])
            .flawed(VerifyFlags::EXPIRED | VerifyFlags::FUTURE),
        Case::new(
            "expired and listed",
            [valid(Cert::new("host", LEAF), PAST).sign(LEAF)],
            [valid(Cert::new("host", LEAF), PAST).sign(LEAF)],
        )
        .flawed(VerifyFlags::EXPIRED),
        Case::new("the last second of validity", [leaf().sign(CA)], [ca()]).at(LAST),
        Case::new("the second after", [leaf().sign(CA)], [ca()]).at(LAST + 1).flawed(VerifyFlags::EXPIRED),
        Case::new("the first second of validity", [leaf().sign(CA)], [ca()]).at(FIRST),
        Case::new("the second before", [leaf().sign(CA)], [ca()]).at(FIRST - 1).flawed(VerifyFlags::FUTURE),
        Case::new("no clock", [leaf().sign(CA)], [ca()]).at(0).flawed(VerifyFlags::FUTURE),
        Case::new("valid for ever", [valid(leaf(), ("19500101000000Z", "99991231235959Z")).sign(CA)], [ca()]),
        Case::new("ends before it begins", [valid(leaf(), ("300101000000Z", "250101000000Z")).sign(CA)], [ca()])
            .flawed(VerifyFlags::EXPIRED | VerifyFlags::FUTURE),
        Case::new("a date that does not exist", [valid(leaf(), ("200101000000Z", "400230000000Z")).sign(CA)], [ca()])
            .fails(unsigned_code(0x2400)),
    ]
}

fn strength() -> Vec<Case> {
    let with_key = |key| Cert::new("host", key).issued_by("CA").sign(CA);
    let under = |key: Key, hash| ([leaf().hash(hash).sign(key)], [Cert::ca("CA", key).sign(key)]);
    let case = |name, (sent, anchors): ([Vec<u8>; 1], [Vec<u8>; 1])| Case::new(name, sent, anchors);
    let weak_link = |number: u8| move |at: u8, certificate: Cert| if at == number { certificate.hash(Hash::Sha1) } else { certificate };
    let skipped = [leaf().sign(CA), Cert::ca("E", Key::Ed25519(2)).sign(Key::Ed25519(2))];
    let unknown_key = [leaf().sign(CA), Cert::ca("E", Key::Ed25519(2)).issued_by("CA").sign(CA)];
    vec![
        Case::new("an RSA key of 2048 bits", [with_key(Key::Rsa2048)], [ca()]),
        Case::new("an RSA key of 1024 bits", [with_key(Key::Rsa1024)], [ca()]).flawed(VerifyFlags::BAD_KEY),
        Case::new("an RSA key of 512 bits", [with_key(Key::Rsa512)], [ca()]).flawed(VerifyFlags::BAD_KEY),
        Case::new("a P-384 key", [with_key(Key::P384(3))], [ca()]),
        Case::new("a P-521 key", [with_key(Key::P521)], [ca()]),
        Case::new("a P-224 key", [with_key(Key::P224)], [ca()]).flawed(VerifyFlags::BAD_KEY),
        Case::new("a secp256k1 key", [with_key(Key::Secp256k1)], [ca()]).flawed(VerifyFlags::BAD_KEY),
        Case::new("an Ed25519 key", [with_key(Key::Ed25519(3))], [ca()])
            .flawed(VerifyFlags::BAD_PK | VerifyFlags::BAD_KEY)
            .but_mbedtls(Verdict::Fails(unsigned_code(0x3c80)), "it cannot read the key"),
        case("an RSA authority of 2048 bits", under(Key::Rsa2048, Hash::Sha256)),
        case("an RSA authority of 2048 bits, SHA-384", under(Key::Rsa2048, Hash::Sha384)),
        case("an RSA authority of 2048 bits, SHA-512", under(Key::Rsa2048, Hash::Sha512)),
        case("an RSA authority of 2048 bits, SHA-1", under(Key::Rsa2048, Hash::Sha1)).flawed(VerifyFlags::BAD_MD),
        case("an RSA authority of 1024 bits", under(Key::Rsa1024, Hash::Sha256)).flawed(VerifyFlags::BAD_KEY),
        case("a P-384 authority, SHA-256", under(Key::P384(3), Hash::Sha256)),
        case("a P-384 authority, SHA-384", under(Key::P384(3), Hash::Sha384)),
        case("a P-256 authority, SHA-384", under(CA, Hash::Sha384)),
        case("a P-256 authority, SHA-512", under(CA, Hash::Sha512)),
        case("a P-256 authority, SHA-1", under(CA, Hash::Sha1)).flawed(VerifyFlags::BAD_MD),
        Case::new("a wrong signature over SHA-1", [forged(leaf().hash(Hash::Sha1).sign(CA))], [ca()])
            .flawed(VerifyFlags::BAD_MD)
            .but_mbedtls(Verdict::Flawed(VerifyFlags::BAD_MD | UNTRUSTED), "it still checks signatures over weak hashes"),
        Case::new("an intermediate signed over SHA-1", through(2, weak_link(1)), [ca()]).flawed(VerifyFlags::BAD_MD),
        Case::new("an anchor signed over SHA-1 does not matter", [leaf().sign(CA)], [Cert::ca("CA", CA).hash(Hash::Sha1).sign(CA)]),
        Case::new(
            "signed over SHA-1 and listed",
            [Cert::new("host", LEAF).hash(Hash::Sha1).sign(LEAF)],
            [Cert::new("host", LEAF).hash(Hash::Sha1).sign(LEAF)],
        )
        .flawed(VerifyFlags::BAD_MD),
        Case::new(
            "an RSA-1024 key, listed",
            [Cert::new("host", Key::Rsa1024).sign(Key::Rsa1024)],
            [Cert::new("host", Key::Rsa1024).sign(Key::Rsa1024)],
        )
        .flawed(VerifyFlags::BAD_KEY),
        Case::new("an authority whose key is for ECDH", [leaf().sign(Key::P256(9))], [Cert::ca("CA", Key::Ecdh).sign(CA)])
            .flawed(UNTRUSTED),
        Case::new("a sent certificate of an unknown algorithm is passed over", skipped, [ca()]),
        Case::new("a sent certificate with an unknown key", unknown_key, [ca()]).fails(unsigned_code(0x3c80)),
    ]
}

fn uses() -> Vec<Case> {
    let for_use = |extension: Vec<u8>| [leaf().with(extension).sign(CA)];
    let any = || extension(&[0x55, 0x1d, 37], false, &sequence(&[&oid(&[0x55, 0x1d, 37, 0])]));
    let expired = |extension: Vec<u8>| [leaf().with(extension).valid("200101000000Z", "250101000000Z").sign(CA)];
    vec![
        Case::new("a server's leaf for servers", for_use(ext_key_usage(&[1])), [ca()]),
        Case::new("a server's leaf for both", for_use(ext_key_usage(&[2, 1])), [ca()]),
        Case::new("a server's leaf for any purpose", for_use(any()), [ca()]),
        Case::new("a server's leaf for clients", for_use(ext_key_usage(&[2])), [ca()]).fails(Error::BadCertificate),
        Case::new("a server's leaf for code signing", for_use(ext_key_usage(&[3])), [ca()]).fails(Error::BadCertificate),
        Case::new("a client's leaf for clients", for_use(ext_key_usage(&[2])), [ca()]).of_client(),
        Case::new("a client's leaf for servers", for_use(ext_key_usage(&[1])), [ca()]).of_client().fails(Error::BadCertificate),
        Case::new("a client's leaf without a purpose", [leaf().sign(CA)], [ca()]).of_client(),
        Case::new("a client nobody knows", [leaf().sign(Key::P256(2))], [ca()]).of_client().flawed(UNTRUSTED),
        Case::new("a client, no anchors", [leaf().sign(CA)], []).of_client().fails(Error::CaChainRequired),
        Case::new("a client checked by name", [leaf().sign(CA)], [ca()]).of_client().host("host"),
        Case::new("a client of another name", [leaf().sign(CA)], [ca()]).of_client().host("other").flawed(MISMATCH),
        Case::new("a leaf that may sign", for_use(key_usage(&[0x80])), [ca()]),
        Case::new("a leaf that may sign and encipher", for_use(key_usage(&[0xa0])), [ca()]),
        Case::new("a leaf that may only encipher keys", for_use(key_usage(&[0x20])), [ca()]).fails(Error::BadCertificate),
        Case::new("a leaf that may sign, enciphering only", for_use(key_usage(&[0x81])), [ca()]).fails(Error::BadCertificate),
        Case::new("a leaf that may sign, deciphering only", for_use(key_usage(&[0x80, 0x80])), [ca()]).fails(Error::BadCertificate),
        Case::new("a leaf that may nothing", for_use(key_usage(&[])), [ca()]).fails(Error::BadCertificate),
        Case::new("an expired leaf for clients", expired(ext_key_usage(&[2])), [ca()])
            .flawed(VerifyFlags::EXPIRED | VerifyFlags::EXT_KEY_USAGE),
        Case::new("an expired leaf that may not sign", expired(key_usage(&[0x20])), [ca()])
            .flawed(VerifyFlags::EXPIRED | VerifyFlags::KEY_USAGE),
        Case::new("a leaf for clients, no anchors", for_use(ext_key_usage(&[2])), []).fails(Error::CaChainRequired),
        Case::new("a leaf of a Netscape object signer", for_use(ns_cert_type(0x10)), [ca()]),
        Case::new("a CA as leaf", [leaf().with(basic_constraints(true, None)).sign(CA)], [ca()]),
    ]
}

fn ns_cert_type(bits: u8) -> Vec<u8> {
    extension(&[0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 0x01, 0x01], false, &bit_string(&[bits]))
}

fn forms() -> Vec<Case> {
    let with = |extension: Vec<u8>| [leaf().with(extension).sign(CA)];
    let san = |value: &[u8]| [leaf().with(extension(&[0x55, 0x1d, 17], false, value)).sign(CA)];
    let edited = |edit: fn(&mut Cert)| {
        let mut leaf = leaf();
        edit(&mut leaf);
        [leaf.sign(CA)]
    };
    let mismatched = {
        let tbs = leaf().tbs(CA);
        sequence(&[&tbs, &CA.signature_algorithm(Hash::Sha512), &bit_string(&CA.sign(Hash::Sha256, &tbs))])
    };
    let policies = |critical, policy: &[u8]| with(extension(&[0x55, 0x1d, 32], critical, &sequence(&[&sequence(&[&oid(policy)])])));
    vec![
        Case::new("version 1", edited(|leaf| leaf.version = None), [ca()]),
        Case::new("version 4", edited(|leaf| leaf.version = Some(3)), [ca()]).fails(unsigned_code(0x2580)),
        Case::new("a negative serial number", edited(|leaf| leaf.serial = integer(&[0x80])), [ca()]),
        Case::new("a serial number of 100 bytes", edited(|leaf| leaf.serial = integer(&[0x55; 100])), [ca()]),
        Case::new("a serial number that is no number", edited(|leaf| leaf.serial = der(0x0c, b"1")), [ca()]).fails(unsigned_code(0x22e2)),
        Case::new("an unknown extension", with(extension(&[0x2a, 3], false, &NULL)), [ca()]),
        Case::new("an unknown critical extension", with(extension(&[0x2a, 3], true, &NULL)), [ca()]).fails(unsigned_code(0x2562)),
        Case::new(
            "the same unknown extension twice",
            [leaf().with(extension(&[0x2a, 3], false, &NULL)).with(extension(&[0x2a, 3], false, &NULL)).sign(CA)],
            [ca()],
        ),
        Case::new("the same known extension twice", [leaf().with(key_usage(&[0x80])).with(key_usage(&[0x80])).sign(CA)], [ca()])
            .fails(unsigned_code(0x2500)),
        Case::new("two statements of the signature algorithm", [mismatched], [ca()]).fails(unsigned_code(0x2680)),
        Case::new("any policy, critical", policies(true, &[0x55, 0x1d, 32, 0]), [ca()]),
        Case::new("a policy", policies(false, &[0x2a, 3]), [ca()]),
        Case::new("a critical policy", policies(true, &[0x2a, 3]), [ca()]).fails(unsigned_code(0x2080)),
        Case::new("no policy at all", with(extension(&[0x55, 0x1d, 32], false, &sequence(&[]))), [ca()]).fails(unsigned_code(0x2566)),
        Case::new("no purpose at all", with(ext_key_usage(&[])), [ca()]).fails(unsigned_code(0x2564)),
        Case::new("no names in subjectAltName", san(&sequence(&[])), [ca()]).flawed(MISMATCH),
        Case::new("subjectAltName with bytes behind", san(&[sequence(&[&dns("host")]), vec![0]].concat()), [ca()])
            .fails(unsigned_code(0x2566)),
        Case::new("subjectAltName longer than its extension", san(&[0x30, 9, 0x82, 4, b'h', b'o', b's', b't']), [ca()])
            .fails(unsigned_code(0x2560)),
        Case::new("subjectAltName with a string instead of a name", san(&sequence(&[&der(0x0c, b"host")])), [ca()])
            .fails(unsigned_code(0x2562)),
        Case::new("an address of five bytes", san(&sequence(&[&ip(&[1, 2, 3, 4, 5])])), [ca()]).fails(unsigned_code(0x2800)),
        Case::new("basicConstraints with a number only", with(extension(&[0x55, 0x1d, 19], true, &sequence(&[&integer(&[1])]))), [ca()])
            .fails(unsigned_code(0x2562)),
        Case::new("basicConstraints with bytes behind", with(extension(&[0x55, 0x1d, 19], true, &[0x30, 3, 1, 1, 0xff, 0])), [ca()])
            .fails(unsigned_code(0x2500)),
        Case::new(
            "basicConstraints of a negative length",
            with(extension(&[0x55, 0x1d, 19], true, &sequence(&[&[1, 1, 0xff], &integer(&[0xff])]))),
            [ca()],
        )
        .fails(unsigned_code(0x2564)),
        Case::new(
            "a TRUE that is not ff",
            [leaf().sign(CA)],
            [Cert::new("CA", CA).with(extension(&[0x55, 0x1d, 19], true, &sequence(&[&[1, 1, 1]]))).sign(CA)],
        ),
        Case::new("no subject", edited(|leaf| leaf.subject = sequence(&[])), [ca()]).flawed(MISMATCH),
        Case::new("no subject, but a name", [Cert { subject: sequence(&[]), ..leaf().with(alt_names(&[dns("host")])) }.sign(CA)], [ca()]),
        Case::new("no issuer", edited(|leaf| leaf.issuer = sequence(&[])), [ca()]).fails(unsigned_code(0x23e0)),
        Case::new("a point that is none", edited(|leaf| *leaf.spki.last_mut().unwrap() ^= 1), [ca()]).fails(unsigned_code(0x4c80)),
        Case::new("a curve spelled out", edited(|leaf| leaf.spki = spelled_out_curve()), [ca()]).fails(unsigned_code(0x4e80)),
        Case::new(
            "an unknown curve",
            edited(|leaf| {
                leaf.spki = sequence(&[&sequence(&[&oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]), &oid(&[0x2a, 3])]), &bit_string(&[4; 65])])
            }),
            [ca()],
        )
        .fails(unsigned_code(0x3a00)),
        Case::new(
            "an RSA key with parameters",
            edited(|leaf| {
                leaf.spki = sequence(&[
                    &sequence(&[&oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]), &integer(&[1])]),
                    &bit_string(&Key::Rsa2048.public()),
                ])
            }),
            [ca()],
        )
        .fails(unsigned_code(0x3a80)),
        Case::new(
            "an RSA key that is no key",
            edited(|leaf| {
                leaf.spki = sequence(&[&sequence(&[&oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]), &NULL]), &bit_string(&[1, 2, 3])])
            }),
            [ca()],
        )
        .fails(unsigned_code(0x3b62)),
        Case::new("a leaf of a few bytes", [vec![0x30, 3, 2, 1, 0]], [ca()]).fails(Error::DecodeError),
        Case::new("a leaf that is text", [vec![b'x'; 200]], [ca()]).fails(unsigned_code(0x2180)),
        Case::new("an intermediate that is text", [leaf().sign(CA), vec![b'x'; 200]], [ca()]).fails(unsigned_code(0x2180)),
        Case::new("a certificate of 60,000 bytes", with(extension(&[0x2a, 3], false, &[0; 60_000])), [ca()]),
        Case::new(
            "a thousand names",
            [leaf_for(&(0..1000).map(|number| dns(format!("h{number}"))).chain([dns("host")]).collect::<Vec<_>>())],
            [ca()],
        ),
    ]
}

/// P-256 by its numbers (RFC 3279, section 2.3.5), as in attacks on implementations that take any base point.
fn spelled_out_curve() -> Vec<u8> {
    let field = sequence(&[&oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 1, 1]), &integer(&[&[0], &[0xff; 32][..]].concat())]);
    let curve = sequence(&[&der(4, &[1; 32]), &der(4, &[2; 32])]);
    let parameters = sequence(&[&integer(&[1]), &field, &curve, &der(4, &[4; 65]), &integer(&[&[0], &[0xff; 32][..]].concat())]);
    sequence(&[&sequence(&[&oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]), &parameters]), &bit_string(&LEAF.public())])
}

fn hosts() -> Vec<Case> {
    let by_name = |name, names: &[&str], host| Case::new(name, [leaf_for(&names.iter().map(dns).collect::<Vec<_>>())], [ca()]).host(host);
    let by_common_name = |name, common_name: &str, host| Case::new(name, [leaf_called(common_name)], [ca()]).host(host);
    let both = |alt: Vec<u8>| [leaf().with(alt_names(&[alt])).sign(CA)];
    let two_common_names = {
        let mut leaf = leaf();
        leaf.subject = name_of(&[(3, 0x0c, b"first"), (3, 0x0c, b"host")]);
        [leaf.sign(CA)]
    };
    let organization = {
        let mut leaf = leaf();
        leaf.subject = name_of(&[(10, 0x0c, b"host")]);
        [leaf.sign(CA)]
    };
    let wide_string = {
        let mut leaf = leaf();
        leaf.subject = name_of(&[(3, 0x1e, b"\0h\0o\0s\0t")]);
        [leaf.sign(CA)]
    };
    let email = der(0x81, b"host");
    let directory = der(0xa4, &name("host"));
    let uri = der(0x86, b"host");
    const LONG: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\
                        .ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd";
    vec![
        by_name("a name", &["host"], "host"),
        by_name("another name", &["other"], "host").flawed(MISMATCH),
        by_name("the second of two names", &["other", "host"], "host"),
        by_name("a name in another case", &["HoSt.Example"], "hOsT.eXAMPLE"),
        by_name("characters that differ like cases", &["h[st"], "h{st").flawed(MISMATCH),
        by_name("a longer name", &["hosts"], "host").flawed(MISMATCH),
        by_name("a shorter name", &["hos"], "host").flawed(MISMATCH),
        by_name("a name of 253 characters", &[LONG], LONG),
        by_name("a wildcard", &["*.example.com"], "a.example.com"),
        by_name("a wildcard in another case", &["*.EXAMPLE.com"], "a.example.COM"),
        by_name("a wildcard for the domain itself", &["*.example.com"], "example.com").flawed(MISMATCH),
        by_name("a wildcard for two labels", &["*.example.com"], "a.b.example.com").flawed(MISMATCH),
        by_name("a wildcard for an empty label", &["*.example.com"], ".example.com").flawed(MISMATCH),
        by_name("a wildcard for a suffix", &["*.example.com"], "a.badexample.com").flawed(MISMATCH),
        by_name("a wildcard above a top level", &["*.com"], "example.com"),
        by_name("a wildcard alone", &["*"], "host").flawed(MISMATCH),
        by_name("a wildcard and a dot", &["*."], "host.").flawed(MISMATCH),
        by_name("a wildcard in a label", &["h*.example.com"], "host.example.com").flawed(MISMATCH),
        by_name("a wildcard behind a label", &["a.*.com"], "a.example.com").flawed(MISMATCH),
        by_name("two wildcards", &["*.*.com"], "a.example.com").flawed(MISMATCH),
        by_name("two stars", &["**.example.com"], "a.example.com").flawed(MISMATCH),
        by_name("a wildcard as expected name", &["*.example.com"], "*.example.com"),
        by_name("a trailing dot expected", &["host"], "host.").flawed(MISMATCH),
        by_name("a trailing dot certified", &["host."], "host").flawed(MISMATCH),
        by_name("a trailing dot on both", &["host."], "host."),
        by_name("a leading dot certified", &[".example.com"], "a.example.com").flawed(MISMATCH),
        by_name("an internationalised name as its bytes", &["hôst"], "hôst"),
        by_name("an internationalised name in another case", &["hÔst"], "hôst").flawed(MISMATCH),
        by_name("nothing expected", &["host"], "").flawed(MISMATCH),
        by_name("nothing expected, nothing certified", &[""], "")
            .flawed(MISMATCH)
            .but_mbedtls(Verdict::Good, "an empty expected name matches nothing here"),
        by_name("a NUL in a name", &["host\0.evil.com"], "host").flawed(MISMATCH),
        by_name("a NUL at the end of a name", &["host\0"], "host").flawed(MISMATCH),
        by_name("a NUL in a wildcard", &["*.example.com\0.evil.com"], "a.example.com").flawed(MISMATCH),
        by_common_name("a common name", "host", "host"),
        by_common_name("a common name in another case", "HOST", "host"),
        by_common_name("another common name", "other", "host").flawed(MISMATCH),
        by_common_name("a wildcard as common name", "*.example.com", "a.example.com"),
        by_common_name("a NUL in a common name", "host\0.evil.com", "host").flawed(MISMATCH),
        by_common_name("a URL as common name", "https://host", "host").flawed(MISMATCH),
        Case::new("the second of two common names", two_common_names, [ca()]),
        Case::new("the host as organization", organization, [ca()]).flawed(MISMATCH),
        Case::new("a common name of two bytes a character", wide_string, [ca()]).flawed(MISMATCH),
        Case::new("another name beside the right common name", both(dns("other")), [ca()]).flawed(MISMATCH),
        Case::new("an address beside the right common name", both(ip(&[127, 0, 0, 1])), [ca()]).flawed(MISMATCH),
        Case::new("an e-mail address beside the right common name", both(email.clone()), [ca()]).flawed(MISMATCH),
        Case::new("an e-mail address that is the host", [leaf_for(&[email])], [ca()]).flawed(MISMATCH),
        Case::new("a directory name that is the host", [leaf_for(&[directory])], [ca()]).flawed(MISMATCH),
        Case::new("a URI that is the host", [leaf_for(&[uri])], [ca()])
            .flawed(MISMATCH)
            .but_mbedtls(Verdict::Good, "a URI names no host (RFC 9525, section 6.1)"),
        Case::new("an unknown kind of name", [leaf_for(&[der(0x8f, b"host"), dns("host")])], [ca()]),
    ]
}

fn addresses() -> Vec<Case> {
    let v6 = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1];
    let case = |name, san: Vec<u8>, host| Case::new(name, [leaf_for(&[san])], [ca()]).host(host);
    vec![
        case("an IPv4 address", ip(&[10, 0, 0, 1]), "10.0.0.1"),
        case("another IPv4 address", ip(&[10, 0, 0, 2]), "10.0.0.1").flawed(MISMATCH),
        case("an IPv4 address with leading zeros", ip(&[10, 0, 0, 1]), "10.0.0.01").flawed(MISMATCH),
        case("an IPv4 address of three numbers", ip(&[10, 0, 0, 1]), "10.0.1").flawed(MISMATCH),
        case("an IPv4 address as one number", ip(&[10, 0, 0, 1]), "167772161").flawed(MISMATCH),
        case("a number that is no byte", ip(&[10, 0, 0, 0]), "10.0.0.256").flawed(MISMATCH),
        case("an IPv4 address with a space", ip(&[10, 0, 0, 1]), "10.0.0.1 ").flawed(MISMATCH),
        case("an IPv6 address", ip(&v6), "2001:db8::1"),
        case("an IPv6 address in full", ip(&v6), "2001:0DB8:0:0:0:0:0:0001"),
        case("another IPv6 address", ip(&v6), "2001:db8::2").flawed(MISMATCH),
        case("an IPv6 address in brackets", ip(&v6), "[2001:db8::1]").flawed(MISMATCH),
        case("an IPv6 address with a zone", ip(&v6), "2001:db8::1%eth0").flawed(MISMATCH),
        case("an IPv4 address in IPv6", ip(&mapped), "::ffff:10.0.0.1"),
        case("an IPv4 address certified in IPv6", ip(&mapped), "10.0.0.1").flawed(MISMATCH),
        case("an IPv6 address certified in IPv4", ip(&[10, 0, 0, 1]), "::ffff:10.0.0.1").flawed(MISMATCH),
        case("an address as DNS name", dns("10.0.0.1"), "10.0.0.1"),
        case("an address in a DNS wildcard", dns("*.0.0.1"), "10.0.0.1")
            .flawed(MISMATCH)
            .but_mbedtls(Verdict::Good, "a wildcard stands for a label, and addresses have none"),
        case("a host whose letters are an address", ip(b"host"), "host").flawed(MISMATCH),
        Case::new("an address as common name", [leaf_called("10.0.0.1")], [ca()]).host("10.0.0.1"),
        Case::new("an address in a common name's wildcard", [leaf_called("*.0.0.1")], [ca()])
            .host("10.0.0.1")
            .flawed(MISMATCH)
            .but_mbedtls(Verdict::Good, "a wildcard stands for a label, and addresses have none"),
    ]
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
