//! Chains put together at random from few names and keys, so that many almost fit: for comparison
//! with another verifier.

use micropython_ssl::verify::{Endpoint, VerifySettings};

use super::chains::{Case, Verdict};
use super::pki::*;

/// `count` chains; the same for the same seed. Their verdicts are for the caller to find out.
pub fn random(seed: u64, count: usize) -> Vec<Case> {
    let mut dice = Dice(seed);
    (0..count).map(|_| case(&mut dice)).collect()
}

/// `count` certificates that differ from one of `originals` in a few bytes.
pub fn changed(seed: u64, originals: &[Vec<u8>], count: usize) -> Vec<Vec<u8>> {
    const LIKELY: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 0x0c, 0x13, 0x30, 0x31, 0x80, 0x82, 0xa0, 0xa3, 0xff];
    let mut dice = Dice(seed);
    let change = |dice: &mut Dice, der: &mut Vec<u8>| {
        let at = dice.below(der.len());
        match dice.below(5) {
            0 => der[at] ^= 1 << dice.below(8),
            1 => der[at] = dice.pick(&LIKELY),
            2 => der.insert(at, dice.pick(&LIKELY)),
            3 => drop(der.remove(at)),
            _ => der.truncate(at.max(1)),
        }
    };
    (0..count)
        .map(|_| {
            let mut der = originals[dice.below(originals.len())].clone();
            for _ in 0..=dice.below(3) {
                change(&mut dice, &mut der);
            }
            der
        })
        .collect()
}

fn case(dice: &mut Dice) -> Case {
    let length = 1 + dice.below(5);
    // Mostly a proper path, in which each certificate is issued by the next.
    let path: Vec<(&str, Key)> = (0..=length).map(|_| (dice.pick(&NAMES), dice.pick(&KEYS))).collect();
    let mut chain: Vec<Vec<u8>> = (0..=length).map(|at| certificate(dice, at, &path)).collect();
    let root = chain.pop().unwrap();
    if dice.one_in(6) && chain.len() > 2 {
        let (a, b) = (1 + dice.below(chain.len() - 1), 1 + dice.below(chain.len() - 1));
        chain.swap(a, b);
    }
    let mut anchors = Vec::new();
    for _ in 0..dice.below(3) {
        let at = dice.below(path.len());
        anchors.push(certificate(dice, at, &path));
    }
    if !dice.one_in(8) {
        anchors.push(root.clone());
    }
    if dice.one_in(6) {
        anchors.push(chain[dice.below(chain.len())].clone());
    }
    if dice.one_in(4) {
        chain.push(root);
    }
    anchors.retain(|der| VerifySettings::new(Endpoint::Client).add_anchors(der).is_ok());
    let (endpoint, host) = if dice.one_in(4) { (Endpoint::Server, None) } else { (Endpoint::Client, Some("host")) };
    Case { name: "random", endpoint, host, now: NOW, sent: chain, anchors, ours: Verdict::Good, mbedtls: None }
}

fn certificate(dice: &mut Dice, at: usize, path: &[(&str, Key)]) -> Vec<u8> {
    let (subject, key) = path[at];
    let (issuer, signer) = *path.get(at + 1).unwrap_or(&path[at]);
    let mut certificate = Cert::new(if at == 0 && dice.one_in(2) { "host" } else { subject }, key).issued_by(issuer);
    let ca = if at == 0 { dice.one_in(6) } else { !dice.one_in(12) };
    if ca || dice.one_in(3) {
        let limit = if dice.one_in(4) { Some(dice.below(4) as u8) } else { None };
        certificate.extensions.push(basic_constraints(ca, limit.filter(|_| ca)));
    }
    if dice.one_in(5) {
        let bits = dice.pick(&[&[0x04][..], &[0x84], &[0x80], &[0x06], &[0x05], &[0x84, 0x80], &[]]);
        certificate.extensions.push(key_usage(bits));
    }
    if dice.one_in(5) {
        certificate.extensions.push(ext_key_usage(dice.pick(&[&[1][..], &[2], &[1, 2], &[3]])));
    }
    if dice.one_in(3) {
        certificate.extensions.push(alt_names(&[dns(dice.pick(&["host", "*", "other", "HOST"]))]));
    }
    if dice.one_in(12) {
        certificate = certificate.valid("200101000000Z", "250101000000Z");
    }
    if dice.one_in(16) {
        certificate = certificate.valid("300101000000Z", "400101000000Z");
    }
    if dice.one_in(20) {
        certificate.version = None;
        certificate.extensions.clear();
    }
    if dice.one_in(16) {
        certificate.hash = Hash::Sha512;
    }
    if dice.one_in(16) {
        certificate.extensions.push(extension(&[0x2a, 3], dice.one_in(8), &NULL));
    }
    let signer = if dice.one_in(14) { dice.pick(&KEYS) } else { signer };
    let mut der = certificate.sign(signer);
    if dice.one_in(24) {
        *der.last_mut().unwrap() ^= 1;
    }
    der
}

const NAMES: [&str; 4] = ["A", "B", "C", "host"];
const KEYS: [Key; 5] = [Key::P256(1), Key::P256(2), Key::P256(3), Key::P384(4), Key::Rsa1024];

/// splitmix64
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % limit as u64) as usize
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }
}
