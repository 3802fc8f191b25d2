//! Keys and certificates in the forms that `load_cert_chain` and `load_verify_locations` take.

mod support;

use micropython_ssl::crypto::SIGNATURE_ALGORITHMS;
use micropython_ssl::error::Error;
use micropython_ssl::identity::{Identity, parse_certificates, parse_private_key};
use rustls::SignatureScheme;
use support::pki::*;

const KEYS: [(Key, SignatureScheme); 6] = [
    (Key::P256(1), SignatureScheme::ECDSA_NISTP256_SHA256),
    (Key::P384(1), SignatureScheme::ECDSA_NISTP384_SHA384),
    (Key::Ed25519(1), SignatureScheme::ED25519),
    (Key::Rsa2048, SignatureScheme::RSA_PKCS1_SHA256),
    (Key::Rsa1024, SignatureScheme::RSA_PKCS1_SHA256),
    (Key::Rsa512, SignatureScheme::RSA_PKCS1_SHA256),
];

#[test]
fn every_form_of_a_key_signs_as_that_key() {
    for (key, scheme) in KEYS {
        for (form, data) in forms(key) {
            let parsed = parse_private_key(&data).unwrap_or_else(|error| panic!("{key:?} as {form}: {error}"));
            if key == Key::Rsa512 {
                continue; // Too short to sign a SHA-256.
            }
            let signature = parsed.choose_scheme(&[scheme]).expect("a signer").sign(b"message").unwrap();
            let (_, algorithms) = SIGNATURE_ALGORITHMS.mapping.iter().find(|(offered, _)| *offered == scheme).unwrap();
            assert!(algorithms[0].verify_signature(&key.public(), b"message", &signature).is_ok(), "{key:?} as {form}");
        }
    }
}

#[test]
fn what_is_no_key_is_refused() {
    let good = Key::P256(1).private();
    let encrypted = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    let encrypted_pkcs8 = sequence(&[&sequence(&[&oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13]), &NULL]), &der(4, &[0; 48])]);
    for (what, data) in [
        ("nothing", Vec::new()),
        ("text", b"!".to_vec()),
        ("a certificate", certificate()),
        ("a certificate in PEM", pem("CERTIFICATE", &certificate()).into_bytes()),
        ("a public key", Key::P256(1).spki()),
        ("a public key in PEM", pem("PUBLIC KEY", &Key::P256(1).spki()).into_bytes()),
        ("a PKCS#8 key with bytes behind", [&Key::P256(1).pkcs8()[..], &[0]].concat()),
        ("a PKCS#1 key with bytes behind", [&Key::Rsa1024.private()[..], &[0]].concat()),
        ("an encrypted key in PEM", encrypted.into()),
        ("an encrypted PKCS#8 key", encrypted_pkcs8.clone()),
        ("an encrypted PKCS#8 key in PEM", pem("ENCRYPTED PRIVATE KEY", &encrypted_pkcs8).into_bytes()),
        ("an EC key under an RSA label", pem("RSA PRIVATE KEY", &good).into_bytes()),
        ("a PKCS#8 key under an EC label", pem("EC PRIVATE KEY", &Key::P256(1).pkcs8()).into_bytes()),
        ("a scalar of zero", sequence(&[&integer(&[1]), &der(4, &[0; 32]), &der(0xa0, &oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]))])),
        ("another point than the scalar's", swapped_public_key()),
    ] {
        assert_eq!(parse_private_key(&data).err(), Some(Error::InvalidKey), "{what}");
    }
}

#[test]
fn a_key_or_certificate_cut_anywhere_is_refused() {
    for (key, _) in KEYS {
        for data in [key.private(), key.pkcs8()] {
            for length in (0..data.len()).step_by(if data.len() > 300 { 7 } else { 1 }) {
                assert_eq!(parse_private_key(&data[..length]).err(), Some(Error::InvalidKey), "{length} bytes of {key:?}");
            }
        }
    }
    for data in [certificate(), pem("CERTIFICATE", &certificate()).into_bytes()] {
        let complete = data.len() - usize::from(data.ends_with(b"\n"));
        for length in 0..complete {
            assert_eq!(parse_certificates(&data[..length]).err(), Some(Error::InvalidCert), "{length} bytes");
        }
    }
}

#[test]
fn changed_keys_never_panic() {
    for (key, _) in KEYS {
        let data = key.pkcs8();
        for at in (0..data.len()).step_by(if data.len() > 300 { 29 } else { 1 }) {
            for change in [0x01, 0x80, 0xff] {
                let mut changed = data.clone();
                changed[at] ^= change;
                let _ = parse_private_key(&changed);
            }
        }
    }
}

#[test]
fn of_der_the_first_certificate_counts() {
    let one = certificate();
    assert_eq!(ders(&one), std::slice::from_ref(&one));
    assert_eq!(ders(&[&one[..], &one[..]].concat()), std::slice::from_ref(&one));
    assert_eq!(ders(&[&one[..], b"anything"].concat()), [one]);
}

#[test]
fn of_pem_every_certificate_counts() {
    let (leaf, ca) = (certificate(), Cert::ca("CA", Key::P384(1)).sign(Key::P384(1)));
    let (leaf_pem, ca_pem) = (pem("CERTIFICATE", &leaf), pem("CERTIFICATE", &ca));
    let both = vec![leaf.clone(), ca];
    for (form, text) in [
        ("in a row", format!("{leaf_pem}{ca_pem}")),
        ("with text around", format!("Subject: host\n{leaf_pem}\nSubject: CA\n{ca_pem}\nend\n")),
        ("with a key between", format!("{leaf_pem}{}{ca_pem}", pem("PRIVATE KEY", &Key::P256(1).pkcs8()))),
        ("with Windows' line ends", format!("{leaf_pem}{ca_pem}").replace('\n', "\r\n")),
        ("with spaces at line ends", format!("{leaf_pem}{ca_pem}").replace('\n', "  \n").replace("-----  \n", "-----\n")),
        ("with empty lines", format!("{leaf_pem}{ca_pem}").replace('\n', "\n\n")),
        ("behind a byte order mark", format!("\u{feff}{leaf_pem}{ca_pem}")),
        ("with a NUL behind", format!("{leaf_pem}{ca_pem}\0")),
        ("without the last line end", format!("{leaf_pem}{ca_pem}").trim_end().to_owned()),
    ] {
        assert_eq!(ders(text.as_bytes()), both, "{form}");
    }
    assert_eq!(ders(format!("{leaf_pem}\0{ca_pem}").as_bytes()), [leaf], "a NUL ends the text");
}

#[test]
fn what_is_no_certificate_is_refused() {
    let good = pem("CERTIFICATE", &certificate());
    for (what, data) in [
        ("nothing", String::new()),
        ("text", "!".to_owned()),
        ("an empty block", pem("CERTIFICATE", &[])),
        ("a key", pem("PRIVATE KEY", &Key::P256(1).pkcs8())),
        ("another label", pem("X509 CERTIFICATE", &certificate())),
        ("a label in small letters", good.to_lowercase()),
        ("no end", good.replace("-----END CERTIFICATE-----", "")),
        ("the end first", format!("-----END CERTIFICATE-----\n{good}")),
        ("no line end behind the label", good.replacen("-----\n", "-----", 1)),
        ("indented lines", good.replace('\n', "\n  ")),
        ("a space in a line", good.replacen("MI", "M I", 1)),
        ("a character that is no digit", good.replacen("MI", "M!", 1)),
        ("a digit of another alphabet", good.replacen("MI", "M\u{ff29}", 1)),
        ("a missing digit", good.replacen("MI", "M", 1)),
        ("padding in the middle", good.replacen("MI", "M=", 1)),
        ("a good one and a bad one", format!("{good}{}", pem("CERTIFICATE", b"bad"))),
        ("a bad one and a good one", format!("{}{good}", pem("CERTIFICATE", b"bad"))),
    ] {
        assert_eq!(parse_certificates(data.as_bytes()).err(), Some(Error::InvalidCert), "{what}");
    }
}

#[test]
fn an_identity_reads_its_key_first_and_does_not_compare() {
    let certificate = certificate();
    assert_eq!(Identity::parse(b"!", b"!").err(), Some(Error::InvalidKey));
    assert_eq!(Identity::parse(b"!", &Key::P256(7).private()).err(), Some(Error::InvalidCert));
    let identity = Identity::parse(&certificate, &Key::Rsa512.private()).unwrap();
    assert_eq!(identity.into_certified_key().cert, [certificate.into()]);
}

#[test]
fn an_ed25519_certificate_can_be_an_identity() {
    let certificate = Cert::new("host", Key::Ed25519(1)).sign(Key::Ed25519(1));
    assert!(Identity::parse(&certificate, &Key::Ed25519(1).pkcs8()).is_ok());
}

/// The forms of a key: its own and PKCS#8, in DER and PEM.
fn forms(key: Key) -> Vec<(&'static str, Vec<u8>)> {
    let own = match key {
        Key::P256(_) | Key::P384(_) => Some("EC PRIVATE KEY"),
        Key::Ed25519(_) => None,
        _ => Some("RSA PRIVATE KEY"),
    };
    let pkcs8 = pem("PRIVATE KEY", &key.pkcs8());
    let mut forms = vec![
        ("PKCS#8", key.pkcs8()),
        ("PKCS#8 in PEM", pkcs8.clone().into_bytes()),
        ("PKCS#8 in PEM behind its certificate", (pem("CERTIFICATE", &certificate()) + &pkcs8).into_bytes()),
    ];
    if let Some(label) = own {
        let text = pem(label, &key.private());
        forms.push(("its own form", key.private()));
        forms.push(("its own form in PEM", text.clone().into_bytes()));
        forms.push(("its own form in PEM with Windows' line ends", text.replace('\n', "\r\n").into_bytes()));
        forms.push(("its own form in PEM behind parameters", (pem("EC PARAMETERS", &oid(&[0x2a, 3])) + &text).into_bytes()));
    }
    forms
}

fn certificate() -> Vec<u8> {
    Cert::new("host", Key::P256(1)).sign(Key::P256(1))
}

fn ders(data: &[u8]) -> Vec<Vec<u8>> {
    parse_certificates(data).unwrap().iter().map(|der| der.to_vec()).collect()
}

/// A SEC 1 key whose public key is another's.
fn swapped_public_key() -> Vec<u8> {
    let (own, other) = (Key::P256(1).public(), Key::P256(2).public());
    let mut key = Key::P256(1).private();
    let at = key.windows(own.len()).position(|window| window == own).unwrap();
    key[at..at + other.len()].copy_from_slice(&other);
    key
}
