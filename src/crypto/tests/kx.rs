//! Key exchange in both roles.

use rustls::crypto::SupportedKxGroup;
use rustls::{Error, NamedGroup, PeerMisbehaved, ProtocolVersion};

use crate::crypto::kx::ALL_KX_GROUPS;
use crate::crypto::random::broken::without_entropy;

#[test]
fn client_and_server_get_the_same_secret() {
    for group in ALL_KX_GROUPS {
        let client = group.start().unwrap();
        let server = group.start_and_complete(client.pub_key()).unwrap();
        assert_eq!(server.group, group.name());
        assert_eq!(client.group(), group.name());
        let secret = client.complete(&server.pub_key).unwrap();
        assert_eq!(
            secret.secret_bytes(),
            server.secret.secret_bytes(),
            "{group:?}"
        );
        assert!(secret.secret_bytes().iter().any(|byte| *byte != 0));
    }
}

#[test]
fn two_exchanges_share_nothing() {
    for group in ALL_KX_GROUPS {
        let first = group.start().unwrap();
        let second = group.start().unwrap();
        assert_ne!(first.pub_key(), second.pub_key(), "{group:?}");
    }
}

#[test]
fn hybrid_shares_and_secret_have_the_sizes_of_the_draft() {
    let group = hybrid();
    let client = group.start().unwrap();
    assert_eq!(client.pub_key().len(), 1184 + 32);
    let server = group.start_and_complete(client.pub_key()).unwrap();
    assert_eq!(server.pub_key.len(), 1088 + 32);
    assert_eq!(server.secret.secret_bytes().len(), 32 + 32);
}

#[test]
fn hybrid_is_for_tls13_only() {
    assert!(hybrid().usable_for_version(ProtocolVersion::TLSv1_3));
    assert!(!hybrid().usable_for_version(ProtocolVersion::TLSv1_2));
}

#[test]
fn classical_server_finishes_with_the_classical_half_of_a_hybrid_share() {
    let client = hybrid().start().unwrap();
    let (group, share) = client.hybrid_component().unwrap();
    assert_eq!(group, NamedGroup::X25519);
    assert!(client.pub_key().ends_with(share));
    let x25519 = find(NamedGroup::X25519);
    let server = x25519.start_and_complete(share).unwrap();
    let secret = client.complete_hybrid_component(&server.pub_key).unwrap();
    assert_eq!(secret.secret_bytes(), server.secret.secret_bytes());
}

#[test]
fn shares_of_wrong_length_are_refused_in_both_roles() {
    for group in ALL_KX_GROUPS {
        let client_share = group.start().unwrap().pub_key().to_vec();
        let server_share = group.start_and_complete(&client_share).unwrap().pub_key;
        for len in 0..client_share.len() {
            assert_refused(
                group.start_and_complete(&client_share[..len]).err(),
                group,
                len,
            );
        }
        let too_long = [&client_share[..], &[0]].concat();
        assert_refused(
            group.start_and_complete(&too_long).err(),
            group,
            too_long.len(),
        );

        // A client answers once only, so each length costs a key pair: a sample is enough.
        for len in (0..server_share.len()).step_by(31) {
            let client = group.start().unwrap();
            assert_refused(client.complete(&server_share[..len]).err(), group, len);
        }
        let too_long = [&server_share[..], &[0]].concat();
        let client = group.start().unwrap();
        assert_refused(client.complete(&too_long).err(), group, too_long.len());
    }
}

#[test]
fn points_of_small_order_are_refused() {
    for low in [[0; 32], {
        let mut one = [0; 32];
        one[0] = 1;
        one
    }] {
        let x25519 = find(NamedGroup::X25519);
        assert_refused(x25519.start().unwrap().complete(&low).err(), &x25519, 32);

        let mut share = hybrid().start().unwrap().pub_key().to_vec();
        share[1184..].copy_from_slice(&low);
        assert_refused(hybrid().start_and_complete(&share).err(), &hybrid(), 32);

        let client = hybrid().start().unwrap();
        assert_refused(client.complete_hybrid_component(&low).err(), &hybrid(), 32);
    }
}

#[test]
fn encapsulation_key_with_a_coefficient_outside_the_field_is_refused() {
    let mut share = hybrid().start().unwrap().pub_key().to_vec();
    // Twelve bits of ones are 4095, and the field has 3329 elements (FIPS 203 section 7.2).
    share[..2].copy_from_slice(&[0xff, 0xff]);
    assert_refused(hybrid().start_and_complete(&share).err(), &hybrid(), 0);
}

#[test]
fn compressed_points_and_points_off_the_curve_are_refused() {
    for name in [NamedGroup::secp256r1, NamedGroup::secp384r1] {
        let group = find(name);
        let share = group.start().unwrap().pub_key().to_vec();
        let coordinate = (share.len() - 1) / 2;

        let mut compressed = share[..=coordinate].to_vec();
        compressed[0] = 2 + (share[share.len() - 1] & 1);
        assert_refused(group.start_and_complete(&compressed).err(), &group, 0);

        let mut off_curve = share.clone();
        *off_curve.last_mut().unwrap() ^= 1;
        assert_refused(group.start_and_complete(&off_curve).err(), &group, 1);

        let infinity = [0];
        assert_refused(group.start_and_complete(&infinity).err(), &group, 2);
    }
}

#[test]
fn without_entropy_no_exchange_starts() {
    for group in ALL_KX_GROUPS {
        let share = group.start().unwrap().pub_key().to_vec();
        without_entropy(|| {
            assert_eq!(group.start().err(), Some(Error::FailedToGetRandomBytes));
            assert_eq!(
                group.start_and_complete(&share).err(),
                Some(Error::FailedToGetRandomBytes)
            );
        });
    }
}

fn hybrid() -> &'static dyn SupportedKxGroup {
    find(NamedGroup::X25519MLKEM768)
}

fn find(name: NamedGroup) -> &'static dyn SupportedKxGroup {
    *ALL_KX_GROUPS
        .iter()
        .find(|group| group.name() == name)
        .unwrap()
}

fn assert_refused(error: Option<Error>, group: &dyn core::fmt::Debug, what: usize) {
    assert_eq!(
        error,
        Some(PeerMisbehaved::InvalidKeyShare.into()),
        "{group:?} {what}"
    );
}
