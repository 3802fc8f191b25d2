//! From the leaf to an anchor: who issued whom, who may, and when.

use micropython_ssl::error::Error;
use micropython_ssl::error::VerifyFlags;

use super::super::pki::*;
use super::{CA, Case, LEAF, UNTRUSTED, Verdict, ca, forged, leaf, through, unsigned_code};

pub(super) fn trust() -> Vec<Case> {
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

pub(super) fn authorities() -> Vec<Case> {
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
        )
        .flawed(UNTRUSTED)
        .but_mbedtls(Verdict::Good, "it honours them only where they are critical, by refusing"),
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

pub(super) fn path_lengths() -> Vec<Case> {
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

pub(super) fn dates() -> Vec<Case> {
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
