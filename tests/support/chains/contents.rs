//! What certificates contain: keys, algorithms, uses, and forms that are wrong.

use micropython_ssl::error::Error;
use micropython_ssl::error::VerifyFlags;

use super::super::pki::*;
use super::{CA, Case, LEAF, MISMATCH, UNTRUSTED, Verdict, ca, forged, leaf, leaf_for, through, unsigned_code};

pub(super) fn strength() -> Vec<Case> {
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
        Case::new("a P-521 key", [with_key(Key::P521(3))], [ca()]),
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
        case("a P-521 authority, SHA-256", under(Key::P521(3), Hash::Sha256)),
        case("a P-521 authority, SHA-512", under(Key::P521(3), Hash::Sha512)),
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

pub(super) fn uses() -> Vec<Case> {
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

pub(super) fn forms() -> Vec<Case> {
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
        Case::new("an empty authorityKeyIdentifier", with(extension(&[0x55, 0x1d, 35], false, &sequence(&[]))), [ca()])
            .fails(unsigned_code(0x2560)),
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
            .fails(unsigned_code(0x2562))
            .but_mbedtls(Verdict::Good, "before 3.6.7 it takes the number for cA, which is dangerous"),
        Case::new("basicConstraints with bytes behind", with(extension(&[0x55, 0x1d, 19], true, &[0x30, 3, 1, 1, 0xff, 0])), [ca()])
            .fails(unsigned_code(0x2500))
            .but_mbedtls(Verdict::Fails(unsigned_code(0x2562)), "before 3.6.7 it reads on behind the sequence"),
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

/// P-256 by its numbers (RFC 3279, section 2.3.5), as in attacks on implementations that take any
/// base point.
fn spelled_out_curve() -> Vec<u8> {
    let field = sequence(&[&oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 1, 1]), &integer(&[&[0], &[0xff; 32][..]].concat())]);
    let curve = sequence(&[&der(4, &[1; 32]), &der(4, &[2; 32])]);
    let parameters = sequence(&[&integer(&[1]), &field, &curve, &der(4, &[4; 65]), &integer(&[&[0], &[0xff; 32][..]].concat())]);
    sequence(&[&sequence(&[&oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]), &parameters]), &bit_string(&LEAF.public())])
}
