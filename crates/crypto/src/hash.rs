//! SHA-256 and SHA-384, and HMAC over them, as rustls wants them (FIPS 180-4, RFC 2104).

use alloc::boxed::Box;
use core::marker::PhantomData;

use hmac::{EagerHash, Hmac, KeyInit, Mac};
use rustls::crypto::hash::{Context, Hash, HashAlgorithm, Output};
use rustls::crypto::hmac::{Key, Tag};
use sha2::{Digest, Sha256, Sha384};

/// SHA-256.
pub static SHA256: Sha2<Sha256> = Sha2::new(HashAlgorithm::SHA256);

/// SHA-384.
pub static SHA384: Sha2<Sha384> = Sha2::new(HashAlgorithm::SHA384);

/// HMAC-SHA-256.
pub static HMAC_SHA256: HmacSha2<Sha256> = HmacSha2(PhantomData);

/// HMAC-SHA-384.
pub static HMAC_SHA384: HmacSha2<Sha384> = HmacSha2(PhantomData);

/// One of the SHA-2 hash functions.
pub struct Sha2<D>(HashAlgorithm, PhantomData<D>);

impl<D> Sha2<D> {
    const fn new(algorithm: HashAlgorithm) -> Self {
        Self(algorithm, PhantomData)
    }
}

impl<D: Digest + Clone + Send + Sync + 'static> Hash for Sha2<D> {
    fn start(&self) -> Box<dyn Context> {
        Box::new(Running(D::new()))
    }

    fn hash(&self, data: &[u8]) -> Output {
        Output::new(&D::digest(data))
    }

    fn output_len(&self) -> usize {
        <D as Digest>::output_size()
    }

    fn algorithm(&self) -> HashAlgorithm {
        self.0
    }
}

/// HMAC over one of the SHA-2 hash functions.
pub struct HmacSha2<D>(PhantomData<D>);

impl<D> rustls::crypto::hmac::Hmac for HmacSha2<D>
where
    D: EagerHash + Digest + Send + Sync + 'static,
    Hmac<D>: Clone + Send + Sync,
{
    fn with_key(&self, key: &[u8]) -> Box<dyn Key> {
        let hmac = Hmac::<D>::new_from_slice(key).expect("HMAC takes keys of every length");
        Box::new(HmacKey(hmac))
    }

    fn hash_output_len(&self) -> usize {
        <D as Digest>::output_size()
    }
}

/// A hash that has seen some of its input.
struct Running<D>(D);

impl<D: Digest + Clone + Send + Sync + 'static> Context for Running<D> {
    fn fork_finish(&self) -> Output {
        Output::new(&self.0.clone().finalize())
    }

    fn fork(&self) -> Box<dyn Context> {
        Box::new(Running(self.0.clone()))
    }

    fn finish(self: Box<Self>) -> Output {
        Output::new(&self.0.finalize())
    }

    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
}

/// HMAC with the key already absorbed.
struct HmacKey<D: EagerHash>(Hmac<D>);

impl<D> Key for HmacKey<D>
where
    D: EagerHash + Digest + Send + Sync,
    Hmac<D>: Clone + Send + Sync,
{
    fn sign_concat(&self, first: &[u8], middle: &[&[u8]], last: &[u8]) -> Tag {
        let mut hmac = self.0.clone();
        hmac.update(first);
        for part in middle {
            hmac.update(part);
        }
        hmac.update(last);
        Tag::new(&hmac.finalize().into_bytes())
    }

    fn tag_len(&self) -> usize {
        <D as Digest>::output_size()
    }
}
