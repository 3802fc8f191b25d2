//! Classical key exchange: X25519 (RFC 7748), ECDH on P-256, P-384 and P-521 (RFC 8446 section
//! 4.2.8.2).

use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;

use p256::NistP256;
use p256::elliptic_curve::sec1::{FromSec1Point, ModulusSize, Sec1Point, ToSec1Point};
use p256::elliptic_curve::{AffinePoint, Curve, CurveArithmetic, FieldBytesSize, Generate, PublicKey, SecretKey};
use p384::NistP384;
use p521::NistP521;
use rustls::crypto::{ActiveKeyExchange, SharedSecret, SupportedKxGroup};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::{Error, NamedGroup, PeerMisbehaved};
use x25519_dalek::{PublicKey as X25519PublicKey, StaticSecret};
use zeroize::Zeroize;

use super::random::{self, Entropy};

/// Diffie-Hellman on Curve25519.
#[derive(Debug)]
pub struct X25519;

/// ECDH on P-256.
pub static SECP256R1: Ecdh<NistP256> = Ecdh::new(NamedGroup::secp256r1);

/// ECDH on P-384.
pub static SECP384R1: Ecdh<NistP384> = Ecdh::new(NamedGroup::secp384r1);

/// ECDH on P-521.
pub static SECP521R1: Ecdh<NistP521> = Ecdh::new(NamedGroup::secp521r1);

/// ECDH on one of the NIST curves.
pub struct Ecdh<C>(NamedGroup, PhantomData<C>);

impl<C> Ecdh<C> {
    const fn new(name: NamedGroup) -> Self {
        Self(name, PhantomData)
    }
}

impl<C> fmt::Debug for Ecdh<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl SupportedKxGroup for X25519 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        Ok(Box::new(X25519KeyPair::generate()?))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

/// An ephemeral key pair on Curve25519.
pub(super) struct X25519KeyPair {
    secret: StaticSecret,
    public: X25519PublicKey,
}

impl X25519KeyPair {
    /// Bytes of a public key, and of a shared secret.
    pub(super) const LEN: usize = 32;

    /// A fresh key pair.
    ///
    /// # Errors
    /// [`Error::FailedToGetRandomBytes`].
    pub(super) fn generate() -> Result<Self, Error> {
        let mut secret = [0; Self::LEN];
        random::fill(&mut secret)?;
        let pair = Self::from_secret(secret);
        secret.zeroize();
        Ok(pair)
    }

    /// The key pair of a secret key, which is 32 random bytes.
    pub(super) fn from_secret(secret: [u8; Self::LEN]) -> Self {
        let secret = StaticSecret::from(secret);
        let public = X25519PublicKey::from(&secret);
        Self { secret, public }
    }

    /// The public key.
    pub(super) fn public(&self) -> &[u8; Self::LEN] {
        self.public.as_bytes()
    }

    /// The secret shared with the owner of `peer`.
    ///
    /// # Errors
    /// When `peer` is no public key, or one of small order (RFC 8446 section 7.4.2).
    pub(super) fn agree(&self, peer: &[u8]) -> Result<x25519_dalek::SharedSecret, Error> {
        let peer: [u8; Self::LEN] = peer.try_into().map_err(|_| invalid_key_share())?;
        let shared = self.secret.diffie_hellman(&X25519PublicKey::from(peer));
        if !shared.was_contributory() {
            return Err(invalid_key_share());
        }
        Ok(shared)
    }
}

impl ActiveKeyExchange for X25519KeyPair {
    fn complete(self: Box<Self>, peer_pub_key: &[u8]) -> Result<SharedSecret, Error> {
        let shared = self.agree(peer_pub_key)?;
        Ok(SharedSecret::from(&shared.as_bytes()[..]))
    }

    fn pub_key(&self) -> &[u8] {
        self.public()
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

impl<C> SupportedKxGroup for Ecdh<C>
where
    C: CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let secret = SecretKey::<C>::try_generate_from_rng(&mut Entropy).map_err(|_| Error::FailedToGetRandomBytes)?;
        let public = secret.public_key().to_sec1_point(false);
        Ok(Box::new(EcdhKeyPair { group: self.0, secret, public }))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        self.0
    }
}

/// An ephemeral key pair on a NIST curve.
struct EcdhKeyPair<C: Curve>
where
    FieldBytesSize<C>: ModulusSize,
{
    group: NamedGroup,
    secret: SecretKey<C>,
    public: Sec1Point<C>,
}

impl<C> ActiveKeyExchange for EcdhKeyPair<C>
where
    C: CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    fn complete(self: Box<Self>, peer_pub_key: &[u8]) -> Result<SharedSecret, Error> {
        agree(&self.secret, peer_pub_key)
    }

    fn pub_key(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn group(&self) -> NamedGroup {
        self.group
    }
}

/// The x coordinate that both ends share, given the peer's uncompressed point.
///
/// # Errors
/// When `peer` is no such point; other encodings are not for TLS (RFC 8422 section 5.4.1,
/// RFC 8446 section 4.2.8.2).
pub(super) fn agree<C>(secret: &SecretKey<C>, peer: &[u8]) -> Result<SharedSecret, Error>
where
    C: CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    const UNCOMPRESSED: u8 = 4;
    if peer.first() != Some(&UNCOMPRESSED) {
        return Err(invalid_key_share());
    }
    let peer = PublicKey::<C>::from_sec1_bytes(peer).map_err(|_| invalid_key_share())?;
    let shared = secret.diffie_hellman(&peer);
    Ok(SharedSecret::from(&shared.raw_secret_bytes()[..]))
}

/// The error for bytes that are no public key.
pub(super) fn invalid_key_share() -> Error {
    PeerMisbehaved::InvalidKeyShare.into()
}
