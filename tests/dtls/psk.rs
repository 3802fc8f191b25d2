//! Pre-shared keys over datagrams: as `tests/psk.rs` has them for TLS.

use micropython_ssl::ciphers;
use micropython_ssl::context::Context;
use micropython_ssl::error::Error;

use crate::support::psk::{IDENTITY, KEY, psk_client, psk_server};
use crate::world::{Client, Datagram, Server, World};

const UNKNOWN_PSK_IDENTITY: u8 = 115;
const BAD_RECORD_MAC: u8 = 20;

/// Lets time pass, with a program at the server that answers with `key`.
fn run(world: &mut World<'_>, key: Option<&[u8]>) {
    for _ in 0..20 {
        world.run_until(|world| world.server.psk_identity().is_some());
        if world.server.psk_identity().is_none() {
            return;
        }
        assert_eq!(world.server.psk_identity(), Some(IDENTITY.as_bytes()));
        if let Err(error) = world.server.provide_psk(key) {
            world.outcome.insert(Server, error);
        }
    }
    panic!("the server asks without end");
}

fn contexts(suite: &str) -> (Context, Context) {
    let (mut client, mut server) = (psk_client(), psk_server());
    client.set_ciphers([suite]).unwrap();
    server.set_ciphers([suite]).unwrap();
    (client, server)
}

#[test]
fn every_suite_carries_data_both_ways() {
    for suite in ciphers::supported().filter(|name| name.contains("PSK")) {
        let (client, server) = contexts(suite);
        let mut world = World::new(&client, &server);
        run(&mut world, Some(KEY));
        world.assert_connected(suite);
        assert_eq!(world.cookies, 1, "{suite}");
        assert_eq!(ciphers::name(world.client.negotiated().unwrap().0), Some(suite));
    }
}

#[test]
fn any_lost_or_repeated_datagram_is_made_up_for() {
    for suite in ["TLS-PSK-WITH-AES-128-GCM-SHA256", "TLS-ECDHE-PSK-WITH-CHACHA20-POLY1305-SHA256"] {
        let (client, server) = contexts(suite);
        for from in [Client, Server] {
            for index in 0..4 {
                for fate in [Datagram::is_lost, |datagram: &Datagram| [datagram.arrives(), datagram.arrives_after(500)].concat()] {
                    let mut world = World::new(&client, &server).with_fate(|datagram| {
                        if datagram.from == from && datagram.index == index { fate(datagram) } else { datagram.arrives() }
                    });
                    run(&mut world, Some(KEY));
                    world.assert_connected(&format!("{suite}, {from:?} {index}"));
                }
            }
        }
    }
}

#[test]
fn nothing_is_sent_while_the_program_looks_for_the_key() {
    let (client, server) = (psk_client(), psk_server());
    let mut world = World::new(&client, &server);
    world.run_until(|world| world.server.psk_identity().is_some());
    let sent = world.count(Server);
    world.now += 10_000;
    assert_eq!(world.server.handle_timeout(world.now), Ok(()));
    assert_eq!(world.server.next_timeout(world.now), None);
    assert_eq!((world.server.to_send(), world.count(Server)), (None, sent));
    run(&mut world, Some(KEY));
    world.assert_connected("after a while");
}

#[test]
fn an_unknown_identity_and_a_wrong_key_end_the_handshake_on_both_sides() {
    for (key, alert, error) in [
        (None, UNKNOWN_PSK_IDENTITY, Error::UnknownIdentity),
        (Some(&[][..]), UNKNOWN_PSK_IDENTITY, Error::UnknownIdentity),
        (Some(b"another key"), BAD_RECORD_MAC, Error::InvalidMac),
    ] {
        let (client, server) = (psk_client(), psk_server());
        let mut world = World::new(&client, &server);
        run(&mut world, key);
        assert_eq!(world.outcome.get(&Client), Some(&Error::AlertReceived(alert)));
        assert_eq!(world.outcome.get(&Server), Some(&error));
        assert!(world.now < 6_000, "nobody waits");
    }
}
