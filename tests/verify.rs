//! Who is let in: chains, names and dates as a client and a server see them.

mod support;

use micropython_ssl::error::Error;
use micropython_ssl::verify::{Endpoint, PeerVerifier, VerifyFlags, VerifySettings};
use rustls_pki_types::{CertificateDer, UnixTime};
use support::pki::*;

#[test]
fn smoke() {
    let ca = Cert::ca("CA", Key::P256(1)).sign(Key::P256(1));
    for (key, hash) in
        [(Key::P256(1), Hash::Sha256), (Key::P256(1), Hash::Sha512), (Key::P384(2), Hash::Sha384), (Key::Rsa2048, Hash::Sha256)]
    {
        let ca = Cert::ca("CA", key).sign(key);
        let leaf = Cert::new("host", Key::P256(3)).issued_by("CA").hash(hash).sign(key);
        let settings = std::sync::Arc::new(VerifySettings::new(Endpoint::Client));
        settings.add_anchors(&ca).unwrap();
        let verifier = PeerVerifier::new(settings, Endpoint::Client, Some(b"host".to_vec()));
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(NOW));
        assert_eq!(verifier.verify_chain(&[CertificateDer::from(leaf.clone())], now), Ok(()), "{key:?}");
    }
    let settings = std::sync::Arc::new(VerifySettings::new(Endpoint::Client));
    settings.add_anchors(&ca).unwrap();
    let leaf = Cert::new("host", Key::P256(3)).issued_by("CA").sign(Key::P256(2));
    let verifier = PeerVerifier::new(settings, Endpoint::Client, Some(b"other".to_vec()));
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(NOW));
    assert_eq!(
        verifier.verify_chain(&[CertificateDer::from(leaf)], now),
        Err(Error::Verification(VerifyFlags::NOT_TRUSTED | VerifyFlags::CN_MISMATCH))
    );
}
