//! A certificate authority for tests: writes any certificate, also ones that no authority would.
//!
//! Everything is computed from fixed seeds, so that a failure is the same every time.

use std::sync::OnceLock;

use p256::ecdsa::signature::hazmat::PrehashSigner;
use rsa::pkcs1::{EncodeRsaPrivateKey, EncodeRsaPublicKey};
use rsa::rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest, Sha256, Sha384, Sha512};

pub use super::forge::hex;

/// Seconds since 1970 of 2026-01-01, when the tests take place.
pub const NOW: u64 = 1_767_225_600;

/// A private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// P-256; keys with different numbers differ.
    P256(u8),
    P384(u8),
    Ed25519(u8),
    Rsa2048,
    Rsa1024,
    Rsa512,
    /// Public keys only (the base point of the curve): they cannot sign.
    P521(u8),
    P224,
    Secp256k1,
    /// P-256, but for ECDH only.
    Ecdh,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// A certificate to be: change what should differ, then [`sign`](Self::sign).
#[derive(Clone, Debug)]
pub struct Cert {
    /// None leaves the field out, which means version 1.
    pub version: Option<u8>,
    pub serial: Vec<u8>,
    pub hash: Hash,
    pub issuer: Vec<u8>,
    pub subject: Vec<u8>,
    pub not_before: Vec<u8>,
    pub not_after: Vec<u8>,
    pub spki: Vec<u8>,
    pub extensions: Vec<Vec<u8>>,
}

impl Cert {
    /// A certificate for `key` in the name `CN=subject`, valid from 2020 to 2040, without
    /// extensions, issued by itself.
    pub fn new(subject: &str, key: Key) -> Self {
        Self {
            version: Some(2),
            serial: integer(&[1]),
            hash: Hash::Sha256,
            issuer: name(subject),
            subject: name(subject),
            not_before: time("200101000000Z"),
            not_after: time("400101000000Z"),
            spki: key.spki(),
            extensions: Vec::new(),
        }
    }

    /// A CA's certificate.
    pub fn ca(subject: &str, key: Key) -> Self {
        Self::new(subject, key).with(basic_constraints(true, None))
    }

    pub fn with(mut self, extension: Vec<u8>) -> Self {
        self.extensions.push(extension);
        self
    }

    pub fn issued_by(mut self, issuer: &str) -> Self {
        self.issuer = name(issuer);
        self
    }

    pub fn valid(mut self, from: &str, to: &str) -> Self {
        (self.not_before, self.not_after) = (time(from), time(to));
        self
    }

    pub fn hash(mut self, hash: Hash) -> Self {
        self.hash = hash;
        self
    }

    /// What is signed.
    pub fn tbs(&self, signer: Key) -> Vec<u8> {
        let version = self.version.map(|version| der(0xa0, &integer(&[version]))).unwrap_or_default();
        let extensions = if self.extensions.is_empty() {
            Vec::new()
        } else {
            der(0xa3, &sequence(&self.extensions.iter().map(Vec::as_slice).collect::<Vec<_>>()))
        };
        sequence(&[
            &version,
            &self.serial,
            &signer.signature_algorithm(self.hash),
            &self.issuer,
            &sequence(&[&self.not_before, &self.not_after]),
            &self.subject,
            &self.spki,
            &extensions,
        ])
    }

    pub fn sign(&self, signer: Key) -> Vec<u8> {
        let tbs = self.tbs(signer);
        let signature = signer.sign(self.hash, &tbs);
        sequence(&[&tbs, &signer.signature_algorithm(self.hash), &bit_string(&signature)])
    }
}

impl Key {
    /// SubjectPublicKeyInfo
    pub fn spki(self) -> Vec<u8> {
        let ec = |curve: &[u8], point: &[u8]| sequence(&[&sequence(&[&oid(EC), &oid(curve)]), &bit_string(point)]);
        match self {
            Self::P256(_) => ec(P256, &self.public()),
            Self::P384(_) => ec(P384, &self.public()),
            Self::P521(_) => ec(P521, &self.public()),
            Self::P224 => ec(&[0x2b, 0x81, 4, 0, 33], &hex(P224_BASE)),
            Self::Secp256k1 => ec(&[0x2b, 0x81, 4, 0, 10], &hex(SECP256K1_BASE)),
            Self::Ecdh => sequence(&[&sequence(&[&oid(&[0x2b, 0x81, 4, 1, 12]), &oid(P256)]), &bit_string(&Self::P256(9).public())]),
            Self::Ed25519(_) => sequence(&[&sequence(&[&oid(ED25519)]), &bit_string(&self.public())]),
            Self::Rsa2048 | Self::Rsa1024 | Self::Rsa512 => sequence(&[&sequence(&[&oid(RSA), &NULL]), &bit_string(&self.public())]),
        }
    }

    /// The contents of the public key's BIT STRING.
    pub fn public(self) -> Vec<u8> {
        match self {
            Self::P256(seed) => p256_key(seed).verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Self::P384(seed) => p384_key(seed).verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Self::P521(seed) => p521_key(seed).verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Self::Ed25519(seed) => ed25519_key(seed).verifying_key().to_bytes().to_vec(),
            _ => self.rsa().to_public_key().to_pkcs1_der().unwrap().as_bytes().to_vec(),
        }
    }

    /// The private key in its own form: SEC 1, PKCS#1, or (Ed25519) PKCS#8.
    pub fn private(self) -> Vec<u8> {
        let sec1 = |curve: &[u8], scalar: &[u8]| {
            sequence(&[&integer(&[1]), &der(0x04, scalar), &der(0xa0, &oid(curve)), &der(0xa1, &bit_string(&self.public()))])
        };
        match self {
            Self::P256(seed) => sec1(P256, &[seed; 32]),
            Self::P384(seed) => sec1(P384, &[seed; 48]),
            Self::P521(seed) => sec1(P521, &p521_scalar(seed)),
            Self::Ed25519(_) => self.pkcs8(),
            _ => self.rsa().to_pkcs1_der().unwrap().as_bytes().to_vec(),
        }
    }

    /// The private key in PKCS#8.
    pub fn pkcs8(self) -> Vec<u8> {
        let info = |algorithm: &[u8], key: &[u8]| sequence(&[&integer(&[0]), algorithm, &der(0x04, key)]);
        match self {
            Self::P256(_) => info(&sequence(&[&oid(EC), &oid(P256)]), &self.private()),
            Self::P384(_) => info(&sequence(&[&oid(EC), &oid(P384)]), &self.private()),
            Self::P521(_) => info(&sequence(&[&oid(EC), &oid(P521)]), &self.private()),
            Self::Ed25519(seed) => info(&sequence(&[&oid(ED25519)]), &der(0x04, &[seed; 32])),
            _ => info(&sequence(&[&oid(RSA), &NULL]), &self.private()),
        }
    }

    pub fn sign(self, hash: Hash, message: &[u8]) -> Vec<u8> {
        let digest = hash.digest(message);
        match self {
            Self::P256(seed) => {
                let signature: p256::ecdsa::Signature = p256_key(seed).sign_prehash(&digest).unwrap();
                signature.to_der().as_bytes().to_vec()
            }
            Self::P384(seed) => {
                let signature: p384::ecdsa::Signature = p384_key(seed).sign_prehash(&digest).unwrap();
                signature.to_der().as_bytes().to_vec()
            }
            Self::P521(seed) => {
                let signature: p521::ecdsa::Signature = p521_key(seed).sign_prehash(&digest).unwrap();
                signature.to_der().as_bytes().to_vec()
            }
            Self::Ed25519(seed) => {
                use ed25519_dalek::Signer;
                ed25519_key(seed).sign(message).to_bytes().to_vec()
            }
            _ => {
                let info = sequence(&[&sequence(&[&oid(hash.oid()), &NULL]), &der(0x04, &digest)]);
                self.rsa().sign(rsa::Pkcs1v15Sign::new_unprefixed(), &info).unwrap()
            }
        }
    }

    /// AlgorithmIdentifier of this key's signatures.
    pub fn signature_algorithm(self, hash: Hash) -> Vec<u8> {
        match self {
            Self::Ed25519(_) => sequence(&[&oid(ED25519)]),
            Self::Rsa2048 | Self::Rsa1024 | Self::Rsa512 => {
                let number = match hash {
                    Hash::Sha1 => 5,
                    Hash::Sha256 => 11,
                    Hash::Sha384 => 12,
                    Hash::Sha512 => 13,
                };
                sequence(&[&oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, number]), &NULL])
            }
            _ => sequence(&[&oid(match hash {
                Hash::Sha1 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1],
                Hash::Sha256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2],
                Hash::Sha384 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3],
                Hash::Sha512 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4],
            })]),
        }
    }

    fn rsa(self) -> &'static rsa::PrivateKey {
        static KEYS: [OnceLock<rsa::PrivateKey>; 3] = [const { OnceLock::new() }; 3];
        let (key, bits) = match self {
            Self::Rsa512 => (&KEYS[0], 512),
            Self::Rsa1024 => (&KEYS[1], 1024),
            Self::Rsa2048 => (&KEYS[2], 2048),
            other => panic!("{other:?} has no private key"),
        };
        key.get_or_init(|| rsa::PrivateKey::new_unchecked(&mut Seeded(bits as u64), bits).unwrap())
    }
}

impl Hash {
    fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => sha1_smol::Sha1::from(message).digest().bytes().to_vec(),
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }

    fn oid(self) -> &'static [u8] {
        match self {
            Self::Sha1 => &[0x2b, 14, 3, 2, 26],
            Self::Sha256 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1],
            Self::Sha384 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2],
            Self::Sha512 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3],
        }
    }
}

pub fn basic_constraints(ca: bool, path_length: Option<u8>) -> Vec<u8> {
    let ca = if ca { vec![1, 1, 0xff] } else { Vec::new() };
    let path_length = path_length.map(|length| integer(&[length])).unwrap_or_default();
    extension(&[0x55, 0x1d, 19], true, &sequence(&[&ca, &path_length]))
}

/// keyUsage from the bytes of its BIT STRING.
pub fn key_usage(bits: &[u8]) -> Vec<u8> {
    extension(&[0x55, 0x1d, 15], true, &bit_string(bits))
}

/// extKeyUsage from the last arcs of id-kp: 1 is serverAuth, 2 clientAuth.
pub fn ext_key_usage(purposes: &[u8]) -> Vec<u8> {
    let purposes: Vec<_> = purposes.iter().map(|&last| oid(&[0x2b, 6, 1, 5, 5, 7, 3, last])).collect();
    extension(&[0x55, 0x1d, 37], false, &sequence(&purposes.iter().map(Vec::as_slice).collect::<Vec<_>>()))
}

/// subjectAltName from encoded names.
pub fn alt_names(names: &[Vec<u8>]) -> Vec<u8> {
    extension(&[0x55, 0x1d, 17], false, &sequence(&names.iter().map(Vec::as_slice).collect::<Vec<_>>()))
}

pub fn dns(name: impl AsRef<[u8]>) -> Vec<u8> {
    der(0x82, name.as_ref())
}

pub fn ip(address: &[u8]) -> Vec<u8> {
    der(0x87, address)
}

pub fn extension(id: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { vec![1, 1, 0xff] } else { Vec::new() };
    sequence(&[&oid(id), &critical, &der(0x04, value)])
}

/// `CN=common_name`, UTF8String.
pub fn name(common_name: impl AsRef<[u8]>) -> Vec<u8> {
    name_of(&[(3, 0x0c, common_name.as_ref())])
}

/// A name from attributes (last arc of id-at, tag, value), each in a set of its own.
pub fn name_of(attributes: &[(u8, u8, &[u8])]) -> Vec<u8> {
    let sets: Vec<_> =
        attributes.iter().map(|(id, tag, value)| der(0x31, &sequence(&[&oid(&[0x55, 4, *id]), &der(*tag, value)]))).collect();
    sequence(&sets.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

pub fn time(utc_time: &str) -> Vec<u8> {
    der(if utc_time.len() == 13 { 0x17 } else { 0x18 }, utc_time.as_bytes())
}

pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    der(0x30, &parts.concat())
}

pub fn integer(number: &[u8]) -> Vec<u8> {
    der(0x02, number)
}

pub fn oid(arcs: &[u8]) -> Vec<u8> {
    der(0x06, arcs)
}

pub fn bit_string(bytes: &[u8]) -> Vec<u8> {
    der(0x03, &[&[0], bytes].concat())
}

pub fn der(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len().to_be_bytes();
    let length = &length[length.iter().position(|&byte| byte != 0).unwrap_or(length.len() - 1)..];
    let mut encoded = vec![tag];
    match contents.len() {
        short @ 0..128 => encoded.push(short as u8),
        _ => {
            encoded.push(0x80 | length.len() as u8);
            encoded.extend_from_slice(length);
        }
    }
    encoded.extend_from_slice(contents);
    encoded
}

/// RFC 7468
pub fn pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in der.chunks(48) {
        for group in line.chunks(3) {
            let bits = group.iter().fold(0u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - group.len()));
            for digit in 0..4 {
                let value = (bits >> (18 - 6 * digit) & 63) as usize;
                text.push(if digit > group.len() { '=' } else { BASE64[value] as char });
            }
        }
        text.push('\n');
    }
    text + &format!("-----END {label}-----\n")
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
pub const NULL: [u8; 2] = [5, 0];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const P384: &[u8] = &[0x2b, 0x81, 4, 0, 34];
const P521: &[u8] = &[0x2b, 0x81, 4, 0, 35];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

const P224_BASE: &str =
    "04b70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21bd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34";
const SECP256K1_BASE: &str = "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798\
    483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";

fn p256_key(seed: u8) -> p256::ecdsa::SigningKey {
    p256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap()
}

fn p384_key(seed: u8) -> p384::ecdsa::SigningKey {
    p384::ecdsa::SigningKey::from_slice(&[seed; 48]).unwrap()
}

fn p521_key(seed: u8) -> p521::ecdsa::SigningKey {
    p521::ecdsa::SigningKey::from_slice(&p521_scalar(seed)).unwrap()
}

/// Its highest byte is 0, so that it is below the group's order.
fn p521_scalar(seed: u8) -> [u8; 66] {
    let mut scalar = [seed; 66];
    scalar[0] = 0;
    scalar
}

fn ed25519_key(seed: u8) -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[seed; 32])
}

/// Numbers that look random and are the same every time (splitmix64).
struct Seeded(u64);

impl TryRng for Seeded {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.try_next_u64().map(|number| number as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(mixed ^ mixed >> 31)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in bytes.chunks_mut(8) {
            let number = self.try_next_u64()?.to_le_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Seeded {}
