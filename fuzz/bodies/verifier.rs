//! Chains that a peer sends, made from a good one: nothing panics, and no leaf is taken that the
//! authority has not signed.

use std::sync::{Arc, OnceLock};

use micropython_ssl::verify::{CERT_REQUIRED, Endpoint, PeerVerifier, VerifySettings};
use micropython_ssl::x509::{Algorithms, Certificate};
use rustls_pki_types::{CertificateDer, UnixTime};

const ROOT: &[u8] = include_bytes!("../data/root.der");
const MIDDLE: &[u8] = include_bytes!("../data/middle.der");
const LEAF: &[u8] = include_bytes!("../data/leaf.der");
const NOW: u64 = 1_800_000_000; // 2027-01-15
const ACTION: usize = 4;

/// Actions of four bytes: what to do, where (two bytes), and a byte for it.
pub(crate) fn run(input: &[u8]) {
    let mut chain = vec![LEAF.to_vec(), MIDDLE.to_vec()];
    for action in input.chunks_exact(ACTION) {
        let count = chain.len();
        let [what, high, low, byte] = action.try_into().unwrap();
        let certificate = &mut chain[usize::from(what >> 4) % count];
        let at = usize::from(u16::from_be_bytes([high, low])) % certificate.len().max(1);
        match what & 15 {
            0..8 if !certificate.is_empty() => certificate[at] = byte,
            8 => certificate.insert(at, byte),
            9 if !certificate.is_empty() => drop(certificate.remove(at)),
            10 => certificate.truncate(at),
            11 if count < 12 => chain.push(ROOT.to_vec()),
            12 if count < 12 => {
                let copy = certificate.clone();
                chain.push(copy);
            }
            13 => chain.swap(0, usize::from(byte) % count),
            _ => {}
        }
    }
    let sent: Vec<_> = chain.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(NOW));
    let verifier = PeerVerifier::new(settings().clone(), Endpoint::Client, Some(b"device.test".to_vec()));
    if verifier.verify_chain(&sent, time).is_ok() {
        assert_eq!(signed(&chain[0]), signed(LEAF), "a leaf that nobody signed");
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

fn signed(certificate: &[u8]) -> Option<Vec<u8>> {
    Some(Certificate::parse(certificate, Algorithms::Mbedtls).ok()?.tbs.to_vec())
}
