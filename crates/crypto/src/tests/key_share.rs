//! A key share that was prepared goes to one handshake.

use rustls::Error;
use rustls::crypto::{ActiveKeyExchange, SupportedKxGroup};

use crate::groups::X25519MlKem768;
use crate::key_share::{prepare, take};
use crate::random::broken::without_entropy;

#[test]
fn the_next_exchange_starts_with_it_and_no_other_does() {
    prepare().unwrap();
    without_entropy(|| {
        let client = X25519MlKem768.start().unwrap();
        assert_eq!(X25519MlKem768.start().err(), Some(Error::FailedToGetRandomBytes));
        agrees(client);
    });
    assert_ne!(X25519MlKem768.start().unwrap().pub_key(), X25519MlKem768.start().unwrap().pub_key());
}

#[test]
fn one_is_kept() {
    prepare().unwrap();
    let first = take().unwrap();
    prepare().unwrap();
    prepare().unwrap();
    assert_ne!(take().unwrap().pub_key(), first.pub_key());
    assert!(take().is_none());
}

#[test]
fn a_server_takes_none() {
    let client = X25519MlKem768.start().unwrap();
    prepare().unwrap();
    let server = X25519MlKem768.start_and_complete(client.pub_key()).unwrap();
    assert!(!server.pub_key.ends_with(take().unwrap().hybrid_component().unwrap().1));
}

#[test]
fn without_entropy_there_is_none() {
    without_entropy(|| assert_eq!(prepare(), Err(Error::FailedToGetRandomBytes)));
    assert!(take().is_none());
}

/// The client's part is a good one, which a server answers.
fn agrees(client: Box<dyn ActiveKeyExchange>) {
    let share = client.pub_key().to_vec();
    let server = std::thread::spawn(move || X25519MlKem768.start_and_complete(&share).unwrap()).join().unwrap();
    assert_eq!(client.complete(&server.pub_key).unwrap().secret_bytes(), server.secret.secret_bytes());
}
