//! Who is let in: chains, names and dates as a client and a server see them.

mod support;

use std::sync::Arc;
use std::time::Duration;

use micropython_ssl::error::{Error, SignatureKind, VerifyFlags};
use micropython_ssl::verify::{CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED, Endpoint, PeerVerifier, Rules, VerifySettings};
use micropython_ssl::x509::{Algorithms, Certificate};
use rustls::{AlertDescription, SignatureScheme};
use rustls_pki_types::{CertificateDer, UnixTime};
use support::chains::{self, Case, Verdict};
use support::pki::*;
use support::random_chains;

#[test]
fn every_chain_gets_its_verdict() {
    let wrong: Vec<_> = chains::all()
        .iter()
        .filter_map(|case| {
            let verdict = verdict(case);
            (verdict != case.ours).then(|| format!("{}: {verdict:?} instead of {:?}", case.name, case.ours))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn optional_lets_in_every_chain_that_can_be_read() {
    for case in chains::all() {
        let expected = match &case.ours {
            Verdict::Fails(error @ (Error::PeerCertificate(_) | Error::DecodeError)) => Err(error.clone()),
            _ => Ok(()),
        };
        assert_eq!(verify(case, CERT_OPTIONAL), expected, "{}", case.name);
    }
}

#[test]
fn none_lets_in_every_chain_that_can_be_read_and_asks_no_callback() {
    const FATAL: i32 = -0x3000;
    for case in chains::all() {
        let expected = match &case.ours {
            Verdict::Fails(error @ (Error::PeerCertificate(_) | Error::DecodeError)) if *error != Error::PeerCertificate(FATAL) => {
                Err(error.clone())
            }
            _ => Ok(()),
        };
        let verifier = Setup::of(case).mode(CERT_NONE).deciding().verifier();
        assert_eq!(verifier.verify_chain(&sent(case), now(case)), expected, "{}", case.name);
        assert!(!verifier.is_undecided() && verifier.chain().is_empty(), "{}", case.name);
    }
}

#[test]
fn numbers_that_are_no_mode_require_a_verified_peer_but_no_anchors() {
    let good = case("issued by an authority");
    let bad = case("issued by an unknown authority");
    let without = case("no anchors");
    for mode in [3, 7, -1, 255, 256, 257, 258] {
        assert_eq!(verify(&good, mode), Ok(()));
        assert_eq!(verify(&bad, mode), Err(Error::Verification(VerifyFlags::NOT_TRUSTED)));
        assert_eq!(verify(&without, mode), Err(Error::Verification(VerifyFlags::NOT_TRUSTED)));
    }
    assert_eq!(verify(&bad, 256), Err(Error::Verification(VerifyFlags::NOT_TRUSTED)), "its low byte would be CERT_NONE");
    assert_eq!(VerifySettings::new(Endpoint::Client).mode(), CERT_REQUIRED);
    assert_eq!(VerifySettings::new(Endpoint::Server).mode(), CERT_NONE);
}

#[test]
fn settings_count_as_they_are_when_the_peer_is_verified() {
    let case = case("issued by an authority");
    let settings = Arc::new(VerifySettings::new(Endpoint::Client));
    let verifier = PeerVerifier::new(settings.clone(), Endpoint::Client, Some(b"host".to_vec()));
    assert_eq!(verifier.verify_chain(&sent(&case), now(&case)), Err(Error::CaChainRequired));
    settings.set_mode(CERT_NONE).unwrap();
    assert_eq!(verifier.verify_chain(&sent(&case), now(&case)), Ok(()));
    settings.set_mode(CERT_REQUIRED).unwrap();
    settings.add_anchors(&case.anchors[0]).unwrap();
    assert_eq!(verifier.verify_chain(&sent(&case), now(&case)), Ok(()));
}

#[test]
fn a_client_that_requires_verification_must_know_a_name_by_then() {
    let case = Case { host: None, ..case("issued by an authority") };
    assert_eq!(verify(&case, CERT_REQUIRED), Err(Error::VerificationWithoutHostname));
    assert_eq!(verify(&case, CERT_OPTIONAL), Ok(()));
}

#[test]
fn trust_anchors_accumulate_from_der_and_pem() {
    let authority = |name: &str, key| Cert::ca(name, key).sign(key);
    let (a, b, c) = (authority("A", Key::P256(1)), authority("B", Key::P256(2)), authority("C", Key::P384(3)));
    let settings = Arc::new(VerifySettings::new(Endpoint::Client));
    settings.add_anchors(&a).unwrap();
    settings.add_anchors(format!("{}text\n{}", pem("CERTIFICATE", &b), pem("CERTIFICATE", &c)).as_bytes()).unwrap();
    for (issuer, key) in [("A", Key::P256(1)), ("B", Key::P256(2)), ("C", Key::P384(3))] {
        let leaf = Cert::new("host", Key::P256(9)).issued_by(issuer).sign(key);
        let verifier = PeerVerifier::new(settings.clone(), Endpoint::Client, Some(b"host".to_vec()));
        assert_eq!(verifier.verify_chain(&[CertificateDer::from(leaf)], at(NOW)), Ok(()), "{issuer}");
    }
}

#[test]
fn what_mbedtls_cannot_read_is_no_trust_anchor_and_spoils_its_bundle() {
    let settings = VerifySettings::new(Endpoint::Client);
    let good = Cert::ca("A", Key::P256(1)).sign(Key::P256(1));
    let ed25519 = Cert::ca("E", Key::Ed25519(1)).sign(Key::Ed25519(1));
    let constrained = Cert::ca("N", Key::P256(1)).with(extension(&[0x55, 0x1d, 30], true, &sequence(&[]))).sign(Key::P256(1));
    for bad in [&b"!"[..], b"", &ed25519, &constrained, &good[..good.len() - 1]] {
        assert_eq!(settings.add_anchors(bad), Err(Error::InvalidCert));
        assert_eq!(settings.add_anchors((pem("CERTIFICATE", &good) + &pem("CERTIFICATE", bad)).as_bytes()), Err(Error::InvalidCert));
    }
    let verifier = PeerVerifier::new(Arc::new(settings), Endpoint::Client, Some(b"A".to_vec()));
    assert_eq!(verifier.verify_chain(&[CertificateDer::from(good)], at(NOW)), Err(Error::CaChainRequired), "none was added");
}

#[test]
fn an_authority_vouches_only_for_the_names_that_its_constraints_permit() {
    const PERMITTED: u8 = 0xa0;
    const EXCLUDED: u8 = 0xa1;
    let directory = |common_name| der(0xa4, &name(common_name));
    type Constraint<'a> = (u8, Vec<u8>, &'a str, &'a [Vec<u8>], bool);
    let cases: [Constraint; 20] = [
        (PERMITTED, dns("example.com"), "", &[dns("example.com")], true),
        (PERMITTED, dns("example.com"), "", &[dns("a.EXAMPLE.com")], true),
        (PERMITTED, dns("example.com"), "", &[dns("an-example.com")], false),
        (PERMITTED, dns("example.com"), "", &[dns("example.com"), dns("evil.org")], false),
        (PERMITTED, dns("example.com"), "", &[dns("*.example.com")], true),
        (PERMITTED, dns(".example.com"), "", &[dns("a.example.com")], true),
        (PERMITTED, dns(".example.com"), "", &[dns("example.com")], false),
        (PERMITTED, dns(""), "", &[dns("anything.org")], true),
        (PERMITTED, dns("example.com"), "", &[ip(&[10, 0, 0, 1])], true),
        (PERMITTED, ip(&[10, 0, 0, 0, 255, 0, 0, 0]), "", &[ip(&[10, 1, 2, 3])], true),
        (PERMITTED, ip(&[10, 0, 0, 0, 255, 0, 0, 0]), "", &[ip(&[11, 1, 2, 3])], false),
        (PERMITTED, ip(&[10, 0, 0, 0, 255, 0, 0]), "", &[ip(&[10, 1, 2, 3])], false),
        (PERMITTED, dns("example.com"), "evil.org", &[], false),
        (PERMITTED, dns("example.com"), "a.example.com", &[], true),
        (PERMITTED, directory("Peter"), "Peter", &[dns("host")], true),
        (PERMITTED, directory("Peter"), "Paul", &[dns("host")], false),
        (EXCLUDED, dns("example.com"), "", &[dns("a.example.com")], false),
        (EXCLUDED, dns("example.com"), "", &[dns("evil.org")], true),
        (EXCLUDED, ip(&[0, 0, 0, 0, 0, 0, 0, 0]), "", &[ip(&[1, 2, 3, 4])], false),
        (EXCLUDED, dns(""), "", &[dns("anything.org")], false),
    ];
    for (index, (kind, subtree, subject, names, allowed)) in cases.iter().enumerate() {
        let value = sequence(&[&der(*kind, &sequence(&[subtree]))]);
        let mut leaf = Cert::new(if subject.is_empty() { "leaf" } else { subject }, Key::P256(9)).issued_by("CA");
        if !names.is_empty() {
            leaf = leaf.with(alt_names(names));
        }
        assert_eq!(is_vouched_for(&value, &[leaf.sign(Key::P256(1))]), *allowed, "case {index}");
    }
    let below = Cert::new("leaf", Key::P256(9)).with(alt_names(&[dns("evil.org")])).issued_by("Between").sign(Key::P256(2));
    let between = Cert::ca("Between", Key::P256(2)).issued_by("CA").sign(Key::P256(1));
    let value = sequence(&[&der(PERMITTED, &sequence(&[&dns("example.com")]))]);
    assert!(!is_vouched_for(&value, &[below, between]), "also through another authority");
    let leaf = Cert::new("leaf", Key::P256(9)).with(alt_names(&[dns("host")])).issued_by("CA").sign(Key::P256(1));
    assert!(!is_vouched_for(b"!", &[leaf]), "constraints that cannot be read permit nothing");
}

/// Whether a chain is trusted if the authority has these name constraints, not critical. For which
/// host it is not asked.
fn is_vouched_for(constraints: &[u8], sent: &[Vec<u8>]) -> bool {
    let authority = Cert::ca("CA", Key::P256(1)).with(extension(&[0x55, 0x1d, 30], false, constraints)).sign(Key::P256(1));
    let settings = VerifySettings::new(Endpoint::Client);
    settings.add_anchors(&authority).unwrap();
    let verifier = PeerVerifier::new(Arc::new(settings), Endpoint::Client, Some(b"?".to_vec()));
    let sent: Vec<_> = sent.iter().map(|der| CertificateDer::from(der.clone())).collect();
    match verifier.verify_chain(&sent, at(NOW)) {
        Err(Error::Verification(flags)) => !flags.contains(VerifyFlags::NOT_TRUSTED),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_callback_sees_the_chain_from_the_top_down() {
    for (name, from_sent, from_anchors) in [
        ("issued by an authority", &[0][..], &[0][..]),
        ("issued through three intermediates", &[0, 1, 2, 3], &[0]),
        ("an unrelated certificate in between", &[0, 2], &[0]),
        ("the root sent as well", &[0, 1], &[0]),
        ("signed by itself and listed", &[0], &[]),
        ("issued by an unknown authority", &[0], &[]),
        ("no anchors", &[0], &[]),
    ] {
        let case = case(name);
        let chain = from_sent.iter().map(|&at| &case.sent[at]).chain(from_anchors.iter().map(|&at| &case.anchors[at]));
        let expected: Vec<_> = chain.cloned().zip(0..).collect::<Vec<_>>().into_iter().rev().collect();
        let verifier = Setup::of(&case).deciding().verifier();
        assert_eq!(verifier.verify_chain(&sent(&case), now(&case)), Ok(()), "{name}");
        assert_eq!(verifier.chain().into_iter().map(|link| (link.der, link.depth)).collect::<Vec<_>>(), expected, "{name}");
    }
}

#[test]
fn the_callback_sees_what_was_sent_where_nothing_is_trusted() {
    let case = Case { anchors: Vec::new(), ..case("issued through an intermediate") };
    let verifier = Setup::of(&case).mode(CERT_OPTIONAL).deciding().verifier();
    assert_eq!(verifier.verify_chain(&sent(&case), now(&case)), Ok(()));
    assert_eq!(verifier.chain().iter().map(|link| link.depth).collect::<Vec<_>>(), [1, 0]);
    assert_eq!(verifier.decide(Some(0)), Ok(()));
}

#[test]
fn a_callback_that_accepts_does_not_change_the_verdict() {
    let case = case("an expired leaf");
    assert_eq!(decided(&case, CERT_REQUIRED, Some(0)), Err(Error::Verification(VerifyFlags::EXPIRED)));
}

#[test]
fn a_callback_that_refuses_ends_it_in_every_mode_that_asks_it() {
    let case = case("issued by an authority");
    for mode in [CERT_OPTIONAL, CERT_REQUIRED, 7] {
        for number in [1, 5, -1, -9984, -31232, i32::MIN] {
            assert_eq!(decided(&case, mode, Some(number)), Err(Error::Callback(number)));
        }
        assert_eq!(decided(&case, mode, None), Err(Error::CallbackRaised));
    }
}

#[test]
fn missing_anchors_outweigh_a_callbacks_number_but_not_its_exception() {
    let case = case("no anchors");
    assert_eq!(decided(&case, CERT_REQUIRED, Some(5)), Err(Error::CaChainRequired));
    assert_eq!(decided(&case, CERT_REQUIRED, Some(0)), Err(Error::CaChainRequired));
    assert_eq!(decided(&case, CERT_REQUIRED, None), Err(Error::CallbackRaised));
}

#[test]
fn settings_that_change_while_the_program_decides_do_not_change_the_verdict() {
    let case = case("issued by an authority");
    let settings = Arc::new(VerifySettings::new(Endpoint::Client));
    settings.add_anchors(&case.anchors[0]).unwrap();
    settings.set_callback(true);
    let verifier = PeerVerifier::new(settings.clone(), Endpoint::Client, Some(b"other".to_vec()));
    assert_eq!(verifier.verify_chain(&sent(&case), now(&case)), Ok(()));
    settings.set_callback(false);
    settings.set_mode(CERT_NONE).unwrap();
    assert_eq!(verifier.decide(Some(0)), Err(Error::Verification(VerifyFlags::CN_MISMATCH)));
    assert_eq!(verifier.decide(Some(0)), Err(Error::BadInputData), "there is nothing to decide any more");
}

#[test]
fn the_mode_says_whether_names_are_checked_until_the_program_does() {
    for endpoint in [Endpoint::Client, Endpoint::Server] {
        let settings = VerifySettings::new(endpoint);
        for (mode, checks) in [(CERT_NONE, false), (CERT_OPTIONAL, false), (CERT_REQUIRED, true), (7, true)] {
            settings.set_mode(mode).unwrap();
            assert_eq!(settings.check_hostname(), checks, "{mode}");
        }
        settings.set_mode(CERT_NONE).unwrap();
        settings.set_check_hostname(true);
        assert_eq!((settings.check_hostname(), settings.mode()), (true, CERT_REQUIRED));
        for mode in [CERT_NONE, CERT_OPTIONAL] {
            assert_eq!(settings.set_mode(mode), Err(Error::CheckHostname));
            assert_eq!(settings.mode(), CERT_REQUIRED);
        }
        settings.set_check_hostname(false);
        assert_eq!((settings.check_hostname(), settings.mode()), (false, CERT_REQUIRED));
        assert_eq!(settings.set_mode(CERT_NONE), Ok(()));
    }
}

#[test]
fn without_check_hostname_any_name_passes_and_nothing_else() {
    for (name, expected) in [
        ("another name", Ok(())),
        ("issued by an authority", Ok(())),
        ("issued by an unknown authority", Err(Error::Verification(VerifyFlags::NOT_TRUSTED))),
        ("an expired leaf", Err(Error::Verification(VerifyFlags::EXPIRED))),
        ("no anchors", Err(Error::CaChainRequired)),
    ] {
        let case = case(name);
        for host in [case.host, None] {
            let mut setup = Setup::of(&case);
            setup.settings.set_check_hostname(false);
            setup.host = host;
            assert_eq!(setup.verifier().verify_chain(&sent(&case), now(&case)), expected, "{name}, {host:?}");
        }
    }
}

#[test]
fn who_asks_for_check_hostname_later_is_not_connected_without_a_name() {
    let case = case("issued by an authority");
    for (endpoint, mode) in [(Endpoint::Client, CERT_REQUIRED), (Endpoint::Client, 7), (Endpoint::Server, CERT_REQUIRED)] {
        let mut setup = Setup::of(&case).mode(mode);
        (setup.host, setup.endpoint) = (None, endpoint);
        setup.settings.set_check_hostname(true);
        let expected = Err(Error::VerificationWithoutHostname);
        assert_eq!(setup.verifier().verify_chain(&sent(&case), now(&case)), expected, "{endpoint:?} {mode}");
    }
}

#[test]
fn a_certificate_is_described_where_its_peer_was_verified() {
    let case = case("issued by an authority");
    let certificates = sent(&case);
    let description = |mode, verdict| {
        let verifier = Setup::of(&case).mode(mode).deciding().verifier();
        verifier.verify_chain(&certificates, now(&case)).unwrap();
        let undecided = verifier.is_undecided().then(|| (verifier.description(&certificates), verifier.decide(verdict).is_ok()));
        (undecided, verifier.description(&certificates).map(|json| json.contains("commonName")))
    };
    let nothing = Some("{}".to_owned());
    assert_eq!(description(CERT_REQUIRED, Some(0)), (Some((nothing.clone(), true)), Some(true)));
    assert_eq!(description(CERT_REQUIRED, Some(1)), (Some((nothing.clone(), false)), Some(false)));
    assert_eq!(description(CERT_OPTIONAL, Some(0)), (Some((nothing, true)), Some(false)));
    assert_eq!(description(CERT_NONE, Some(0)), (None, Some(false)));
    assert_eq!(Setup::of(&case).verifier().description(&[]), None);
}

#[test]
fn each_flaw_has_the_alert_that_mbedtls_sends() {
    for (name, alert) in [
        ("issued by an unknown authority", AlertDescription::UnknownCA),
        ("an expired leaf", AlertDescription::CertificateExpired),
        ("a leaf not yet valid", AlertDescription::CertificateUnknown),
        ("another name", AlertDescription::BadCertificate),
        ("an RSA key of 1024 bits", AlertDescription::UnsupportedCertificate),
        ("a server's leaf for clients", AlertDescription::UnsupportedCertificate),
        ("an unknown critical extension", AlertDescription::BadCertificate),
        ("issued through nine intermediates", AlertDescription::AccessDenied),
        ("no anchors", AlertDescription::UnknownCA),
    ] {
        let case = case(name);
        let verifier = Setup::of(&case).verifier();
        let error = verifier.verify_chain(&sent(&case), now(&case)).unwrap_err();
        assert_eq!(error.alert(), Some(alert), "{name}");
    }
}

#[test]
fn a_server_asks_for_a_certificate_unless_told_not_to_and_insists_only_if_required() {
    for (mode, offers, insists) in [(CERT_NONE, false, false), (CERT_OPTIONAL, true, false), (CERT_REQUIRED, true, true), (7, true, true)] {
        let settings = VerifySettings::new(Endpoint::Server);
        settings.set_mode(mode).unwrap();
        let verifier = PeerVerifier::new(Arc::new(settings), Endpoint::Server, None);
        assert_eq!(verifier.offer_client_auth(), offers, "{mode}");
        assert_eq!(verifier.client_auth_mandatory(), insists, "{mode}");
    }
}

#[test]
fn handshake_signatures_hold_for_the_leafs_key_and_nothing_else() {
    let message = b"what was said so far";
    for (key, scheme, hash) in [
        (Key::P256(3), SignatureScheme::ECDSA_NISTP256_SHA256, Hash::Sha256),
        (Key::P384(3), SignatureScheme::ECDSA_NISTP384_SHA384, Hash::Sha384),
        (Key::Ed25519(3), SignatureScheme::ED25519, Hash::Sha256),
        (Key::Rsa2048, SignatureScheme::RSA_PKCS1_SHA256, Hash::Sha256),
        (Key::Rsa1024, SignatureScheme::RSA_PKCS1_SHA512, Hash::Sha512),
    ] {
        // Version 1: webpki would not read it.
        let leaf = CertificateDer::from(Cert { version: None, ..Cert::new("host", key) }.sign(key));
        let settings = Arc::new(VerifySettings::new(Endpoint::Client));
        let check = |message: &[u8], signature: &[u8], rules| {
            PeerVerifier::new(settings.clone(), Endpoint::Client, None).verify_signature(&leaf, scheme, message, signature, rules)
        };
        let signature = key.sign(hash, message);
        let kind = if matches!(key, Key::Rsa2048 | Key::Rsa1024) { SignatureKind::Rsa } else { SignatureKind::Ecc };
        assert_eq!(check(message, &signature, Rules::Tls12), Ok(()), "{key:?}");
        assert_eq!(check(b"something else", &signature, Rules::Tls12), Err(Error::HandshakeSignature(kind)), "{key:?}");
        assert_eq!(check(message, &signature[1..], Rules::Tls12), Err(Error::HandshakeSignature(kind)), "{key:?}");
        assert_eq!(check(message, &[], Rules::Tls12), Err(Error::HandshakeSignature(kind)), "{key:?}");
        let in_tls13 = if kind == SignatureKind::Rsa { Err(Error::IllegalParameter) } else { Ok(()) };
        assert_eq!(check(message, &signature, Rules::Tls13), in_tls13, "{key:?}: PKCS#1 v1.5 is not for TLS 1.3");
    }
}

#[test]
fn only_tls13_ties_the_hash_to_the_curve() {
    let leaf = CertificateDer::from(Cert::new("host", Key::P256(3)).sign(Key::P256(3)));
    let signature = Key::P256(3).sign(Hash::Sha384, b"message");
    let check = |scheme, rules| {
        let verifier = PeerVerifier::new(Arc::new(VerifySettings::new(Endpoint::Client)), Endpoint::Client, None);
        verifier.verify_signature(&leaf, scheme, b"message", &signature, rules)
    };
    assert_eq!(check(SignatureScheme::ECDSA_NISTP384_SHA384, Rules::Tls12), Ok(()));
    assert_eq!(check(SignatureScheme::ECDSA_NISTP384_SHA384, Rules::Tls13), Err(Error::IllegalParameter));
    for foreign in
        [SignatureScheme::RSA_PSS_SHA256, SignatureScheme::ED25519, SignatureScheme::ECDSA_SHA1_Legacy, SignatureScheme::Unknown(0x1234)]
    {
        assert_eq!(check(foreign, Rules::Tls12), Err(Error::IllegalParameter), "{foreign:?}");
    }
}

#[test]
fn a_peer_that_sends_no_certificate_is_refused() {
    let settings = Arc::new(VerifySettings::new(Endpoint::Server));
    let verifier = PeerVerifier::new(settings, Endpoint::Server, None);
    assert_eq!(verifier.verify_chain(&[], at(NOW)), Err(Error::NoClientCertificate));
}

#[test]
fn a_certificate_cut_anywhere_cannot_be_read() {
    for der in samples() {
        for length in 0..der.len() {
            assert!(Certificate::parse(&der[..length], Algorithms::AndEd25519).is_err(), "{length} of {} bytes", der.len());
        }
    }
}

#[test]
fn a_leaf_changed_anywhere_is_refused() {
    let case = case("a wildcard");
    let leaf = &case.sent[0];
    for at in 0..leaf.len() {
        for change in [0x01, 0x20, 0x80, 0xff] {
            let mut changed = leaf.clone();
            changed[at] ^= change;
            let case = Case { sent: vec![changed], ..case.clone() };
            assert!(verify(&case, CERT_REQUIRED).is_err(), "byte {at} changed by {change:#x}");
        }
    }
}

#[test]
fn nonsense_is_refused_whatever_it_looks_like() {
    let mut nested = vec![0x05, 0x00];
    for _ in 0..10_000 {
        nested = der(0x30, &nested);
    }
    let empty_elements = der(0x30, &[0x30, 0].repeat(30_000));
    let long_lengths = [&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff][..], &[0x30; 200]].concat();
    let indefinite = [&[0x30, 0x80][..], &[0x30; 200]].concat();
    let too_long_a_length = [&[0x30, 0x85, 0, 0, 0, 0, 1][..], &[0x30; 200]].concat();
    for nonsense in [nested, empty_elements, long_lengths, indefinite, too_long_a_length, vec![0; 65_535], vec![0xff; 65_535]] {
        let case = Case { sent: vec![nonsense], ..case("issued by an authority") };
        assert!(matches!(verify(&case, CERT_NONE), Err(Error::PeerCertificate(_))));
    }
}

/// Writes what the suite `verdicts` compares with mbedTLS into the directory that `CHAINS_DIR`
/// names: for every chain and 300 random ones a directory with `sent.N.der`, `anchor.N.der` and
/// `case.json`; changed certificates in `certificates.bin`, each after its length, and what reading
/// them comes to in `certificates.json`. `CHAINS_SEED` chooses what is random.
#[test]
#[ignore = "writes files for the suite verdicts, which runs it"]
fn export_chains() {
    let directory = std::path::PathBuf::from(std::env::var_os("CHAINS_DIR").expect("CHAINS_DIR names where to write"));
    let seed = std::env::var("CHAINS_SEED").map_or(1, |seed| seed.parse().expect("CHAINS_SEED is a number"));
    let random = random_chains::random(seed, 300).into_iter().map(|case| Case { ours: verdict(&case), ..case });
    for (number, case) in chains::all().iter().cloned().chain(random).enumerate() {
        let directory = directory.join(format!("{number:03}"));
        std::fs::create_dir_all(&directory).unwrap();
        for (kind, certificates) in [("sent", &case.sent), ("anchor", &case.anchors)] {
            for (at, der) in certificates.iter().enumerate() {
                std::fs::write(directory.join(format!("{kind}.{at}.der")), der).unwrap();
            }
        }
        std::fs::write(directory.join("case.json"), case.to_json()).unwrap();
    }
    let changed = random_chains::changed(seed, &samples(), 5000);
    let framed: Vec<u8> = changed.iter().flat_map(|der| [&(der.len() as u32).to_be_bytes()[..], der].concat()).collect();
    let codes: Vec<_> =
        changed.iter().map(|der| Certificate::parse(der, Algorithms::Mbedtls).map_or_else(|error| error.code(), |_| 0)).collect();
    std::fs::write(directory.join("certificates.bin"), framed).unwrap();
    std::fs::write(directory.join("certificates.json"), format!("{codes:?}\n")).unwrap();
}

/// A verifier for a case, `CERT_REQUIRED` unless said otherwise.
struct Setup {
    settings: VerifySettings,
    endpoint: Endpoint,
    host: Option<&'static str>,
}

impl Setup {
    fn of(case: &Case) -> Self {
        let settings = VerifySettings::new(case.endpoint);
        settings.set_mode(CERT_REQUIRED).unwrap();
        for anchor in &case.anchors {
            settings.add_anchors(anchor).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        }
        Self { settings, endpoint: case.endpoint, host: case.host }
    }

    fn mode(self, mode: i32) -> Self {
        self.settings.set_mode(mode).unwrap();
        self
    }

    fn deciding(self) -> Self {
        self.settings.set_callback(true);
        self
    }

    fn verifier(self) -> PeerVerifier {
        PeerVerifier::new(Arc::new(self.settings), self.endpoint, self.host.map(|host| host.as_bytes().to_vec()))
    }
}

fn verify(case: &Case, mode: i32) -> Result<(), Error> {
    Setup::of(case).mode(mode).verifier().verify_chain(&sent(case), now(case))
}

/// What a case comes to with this verdict of the program.
fn decided(case: &Case, mode: i32, verdict: Option<i32>) -> Result<(), Error> {
    let verifier = Setup::of(case).mode(mode).deciding().verifier();
    verifier.verify_chain(&sent(case), now(case))?;
    verifier.decide(verdict)
}

fn verdict(case: &Case) -> Verdict {
    match verify(case, CERT_REQUIRED) {
        Ok(()) => Verdict::Good,
        Err(Error::Verification(flags)) => Verdict::Flawed(flags),
        Err(error) => Verdict::Fails(error),
    }
}

fn case(name: &str) -> Case {
    chains::all().iter().find(|case| case.name == name).cloned().unwrap_or_else(|| panic!("no case is called {name:?}"))
}

fn sent(case: &Case) -> Vec<CertificateDer<'static>> {
    case.sent.iter().map(|der| CertificateDer::from(der.clone())).collect()
}

fn now(case: &Case) -> UnixTime {
    at(case.now)
}

fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

/// Certificates of several kinds.
fn samples() -> Vec<Vec<u8>> {
    let rich = Cert::ca("host", Key::P256(1)).with(key_usage(&[0x84])).with(ext_key_usage(&[1, 2])).with(alt_names(&[
        dns("host"),
        ip(&[10, 0, 0, 1]),
        der(0xa4, &name("directory")),
        der(0x86, b"https://host"),
    ]));
    vec![
        rich.sign(Key::P256(1)),
        Cert::new("host", Key::Rsa2048).sign(Key::Rsa2048),
        Cert::new("host", Key::Ed25519(1)).sign(Key::Ed25519(1)),
    ]
}
