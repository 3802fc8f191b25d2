//! A key share made ahead goes to one handshake.

use rustls::Error;
use rustls::crypto::{ActiveKeyExchange, SupportedKxGroup};

use crate::context::{Context, Version};
use crate::crypto::ahead::{prepare, take};
use crate::crypto::hybrid::X25519MlKem768;
use crate::crypto::random::broken::without_entropy;
use crate::verify::Endpoint;

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

#[test]
fn only_clients_that_may_speak_tls13_make_one() {
    let made_by = |context: Context| {
        context.prepare_key_share();
        take().is_some()
    };
    let made = |endpoint, lowest, highest| {
        let mut context = Context::new(endpoint);
        context.set_versions(lowest, highest).unwrap();
        made_by(context)
    };
    assert!(made(Endpoint::Client, Version::Tls12, Version::Tls13));
    assert!(made(Endpoint::Client, Version::Tls13, Version::Tls13));
    assert!(!made(Endpoint::Client, Version::Tls12, Version::Tls12));
    assert!(!made(Endpoint::Server, Version::Tls12, Version::Tls13));

    let mut with_suites_of_tls12 = Context::new(Endpoint::Client);
    with_suites_of_tls12.set_ciphers(["TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256"]).unwrap();
    assert!(!made_by(with_suites_of_tls12));
}

/// The client's part is a good one, which a server answers.
fn agrees(client: Box<dyn ActiveKeyExchange>) {
    let share = client.pub_key().to_vec();
    let server = std::thread::spawn(move || X25519MlKem768.start_and_complete(&share).unwrap()).join().unwrap();
    assert_eq!(client.complete(&server.pub_key).unwrap().secret_bytes(), server.secret.secret_bytes());
}
