//! X25519MLKEM768: ML-KEM-768 (FIPS 203) and X25519 together (draft-ietf-tls-ecdhe-mlkem).
//!
//! Every value on the wire, and the secret, is the ML-KEM part followed by the X25519 part.

use alloc::boxed::Box;
use alloc::vec::Vec;

use ml_kem::array::Array;
use ml_kem::ml_kem_768::{Ciphertext, DecapsulationKey, EncapsulationKey};
use ml_kem::{B32, Decapsulate, KeyExport, Seed};
use rustls::crypto::{ActiveKeyExchange, CompletedKeyExchange, SharedSecret};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::{Error, NamedGroup};
use zeroize::Zeroize;

use super::kx::{X25519KeyPair, invalid_key_share};
use super::random;

/// Bytes of an ML-KEM-768 encapsulation key.
const ENCAPSULATION_KEY_LEN: usize = 1184;

/// Bytes of an ML-KEM-768 ciphertext.
const CIPHERTEXT_LEN: usize = 1088;

/// A client that waits for the server's share.
pub(super) struct Client {
    decapsulation_key: DecapsulationKey,
    x25519: X25519KeyPair,
    share: Vec<u8>,
}

impl Client {
    /// One with fresh keys.
    ///
    /// # Errors
    /// [`Error::FailedToGetRandomBytes`].
    pub(super) fn generate() -> Result<Box<Self>, Error> {
        let mut seed = Seed::default();
        random::fill(&mut seed)?;
        let client = Box::new(Self::new(seed, X25519KeyPair::generate()?));
        seed.zeroize();
        Ok(client)
    }

    /// Takes the randomness of ML-KEM's key generation, 64 bytes, and the X25519 key pair.
    pub(super) fn new(seed: Seed, x25519: X25519KeyPair) -> Self {
        let decapsulation_key = DecapsulationKey::from_seed(seed);
        let mut share = Vec::with_capacity(ENCAPSULATION_KEY_LEN + X25519KeyPair::LEN);
        share.extend_from_slice(&decapsulation_key.encapsulation_key().to_bytes());
        share.extend_from_slice(x25519.public());
        Self { decapsulation_key, x25519, share }
    }
}

impl ActiveKeyExchange for Client {
    fn complete(self: Box<Self>, peer_pub_key: &[u8]) -> Result<SharedSecret, Error> {
        let (ciphertext, peer_x25519) = peer_pub_key.split_first_chunk::<CIPHERTEXT_LEN>().ok_or_else(invalid_key_share)?;
        let x25519_secret = self.x25519.agree(peer_x25519)?;
        let ciphertext: Ciphertext = Array(*ciphertext);
        let mut ml_kem_secret = self.decapsulation_key.decapsulate(&ciphertext);
        let secret = join(&ml_kem_secret, x25519_secret.as_bytes());
        ml_kem_secret.zeroize();
        Ok(secret)
    }

    /// X25519 alone, sent beside the hybrid, so that a classical server needs no second try.
    fn hybrid_component(&self) -> Option<(NamedGroup, &[u8])> {
        Some((NamedGroup::X25519, self.x25519.public()))
    }

    fn complete_hybrid_component(self: Box<Self>, peer_pub_key: &[u8]) -> Result<SharedSecret, Error> {
        let shared = self.x25519.agree(peer_pub_key)?;
        Ok(SharedSecret::from(&shared.as_bytes()[..]))
    }

    fn pub_key(&self) -> &[u8] {
        &self.share
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }
}

/// Answers a client's share. `message` is the randomness of ML-KEM's encapsulation.
///
/// # Errors
/// When the share is not a valid one.
pub(super) fn respond(client_share: &[u8], message: &B32, x25519: &X25519KeyPair) -> Result<CompletedKeyExchange, Error> {
    let (client_key, client_x25519) = client_share.split_first_chunk::<ENCAPSULATION_KEY_LEN>().ok_or_else(invalid_key_share)?;
    let client_key = EncapsulationKey::new(&Array(*client_key)).map_err(|_| invalid_key_share())?;
    let x25519_secret = x25519.agree(client_x25519)?;
    let (ciphertext, mut ml_kem_secret) = client_key.encapsulate_deterministic(message);

    let mut share = Vec::with_capacity(CIPHERTEXT_LEN + X25519KeyPair::LEN);
    share.extend_from_slice(&ciphertext);
    share.extend_from_slice(x25519.public());
    let secret = join(&ml_kem_secret, x25519_secret.as_bytes());
    ml_kem_secret.zeroize();
    Ok(CompletedKeyExchange { group: NamedGroup::X25519MLKEM768, pub_key: share, secret })
}

fn join(ml_kem: &[u8], x25519: &[u8]) -> SharedSecret {
    let mut secret = Vec::with_capacity(ml_kem.len() + x25519.len());
    secret.extend_from_slice(ml_kem);
    secret.extend_from_slice(x25519);
    // Takes the allocation over and wipes it when dropped.
    SharedSecret::from(secret)
}
