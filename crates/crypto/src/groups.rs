//! The key exchange groups, as rustls wants them.

use alloc::boxed::Box;

use ml_kem::B32;
use rustls::crypto::{ActiveKeyExchange, CompletedKeyExchange, SupportedKxGroup};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::{Error, NamedGroup, ProtocolVersion};
use zeroize::Zeroize;

use super::kx::{SECP256R1, SECP384R1, SECP521R1, X25519, X25519KeyPair};
use super::{hybrid, key_share, random};

/// The key exchange groups, in order of preference.
pub static ALL_KX_GROUPS: &[&dyn SupportedKxGroup] = &[&X25519MlKem768, &X25519, &SECP256R1, &SECP384R1, &SECP521R1];

/// The hybrid of ML-KEM-768 and X25519.
#[derive(Debug)]
pub(crate) struct X25519MlKem768;

impl SupportedKxGroup for X25519MlKem768 {
    /// The client's part.
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        Ok(key_share::take_or_make()?)
    }

    /// The server's part, which depends on the client's.
    fn start_and_complete(&self, peer_pub_key: &[u8]) -> Result<CompletedKeyExchange, Error> {
        let mut message = B32::default();
        random::fill(&mut message)?;
        let completed = hybrid::respond(peer_pub_key, &message, &X25519KeyPair::generate()?);
        message.zeroize();
        completed
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }

    fn usable_for_version(&self, version: ProtocolVersion) -> bool {
        version == ProtocolVersion::TLSv1_3
    }
}
