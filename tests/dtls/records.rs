//! Records that were not sent so: repeated, cut, changed, mixed, invented.

use std::collections::BTreeSet;

use micropython_ssl::error::Error;

use crate::edit::{self, ALERT, APPLICATION_DATA, HANDSHAKE};
use crate::world::*;

/// Both ends connected, and the contexts that keep them.
fn connected<R>(test: impl FnOnce(&mut World<'_>) -> R) -> R {
    let (client, server) = (EC.client(), EC.server());
    let mut world = World::new(&client, &server);
    world.run();
    world.assert_connected("to begin with");
    test(&mut world)
}

/// Lets one end write messages, and returns their datagrams instead of delivering them.
fn datagrams(world: &mut World<'_>, from: End, messages: &[&[u8]]) -> Vec<Vec<u8>> {
    messages
        .iter()
        .map(|message| {
            world.end(from).write(message).unwrap();
            world.end(from).take_datagram().unwrap()
        })
        .collect()
}

#[test]
fn every_datagram_that_was_ever_sent_comes_again() {
    connected(|world| {
        world.now += 1000;
        for old in world.sent.clone() {
            world.deliver(old.from.other(), old.bytes);
        }
        world.run();
        assert!(world.read_all(Client).is_empty() && world.read_all(Server).is_empty());
        world.assert_connected("after a replay of everything");
    });
}

#[test]
fn a_record_is_read_once_and_only_while_it_is_among_the_newest_64() {
    connected(|world| {
        let messages: Vec<Vec<u8>> = (0..100u8).map(|number| vec![number]).collect();
        let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let sent = datagrams(world, Client, &messages);
        let arrive = |world: &mut World<'_>, number: usize| {
            world.deliver(Server, sent[number].clone());
            world.read_all(Server)
        };
        assert_eq!(arrive(world, 70), [[70]]);
        for (number, is_read) in [(70, false), (69, true), (69, false), (7, true), (6, false), (0, false), (8, true), (7, false)] {
            assert_eq!(arrive(world, number).len(), usize::from(is_read), "{number}");
        }
        assert_eq!(arrive(world, 99), [[99]]);
        for (number, is_read) in [(36, true), (35, false), (70, false), (71, true)] {
            assert_eq!(arrive(world, number).len(), usize::from(is_read), "{number}");
        }
    });
}

#[test]
fn a_datagram_cut_at_any_byte_is_no_harm_to_the_whole_one() {
    for setup in [EC, Setup { mtu: 8000, ..RSA }] {
        let (client, server) = (setup.client(), setup.server());
        let mut world = World::new(&client, &server).with_fate(|datagram| {
            let cuts = (0..datagram.bytes.len()).step_by(if datagram.bytes.len() > 600 { 7 } else { 1 });
            let cut = cuts.map(|length| (LATENCY - 1, datagram.bytes[..length].to_vec()));
            cut.chain(datagram.arrives()).collect()
        });
        world.run();
        world.assert_connected("among cut datagrams");
    }
}

#[test]
fn a_bad_record_between_good_ones_is_skipped() {
    connected(|world| {
        let mut sent = datagrams(world, Client, &[b"one", b"two", b"three"]);
        let middle = sent[1].len() - 1;
        sent[1][middle] ^= 1;
        world.deliver(Server, sent.concat());
        assert_eq!(world.read_all(Server), [&b"one"[..], b"three"]);
    });
}

#[test]
fn no_bit_of_a_record_can_be_changed() {
    connected(|world| {
        let sent = datagrams(world, Server, &[b"the message"]).remove(0);
        for bit in 0..sent.len() * 8 {
            let mut changed = sent.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            world.deliver(Client, changed);
            assert!(world.read_all(Client).is_empty(), "bit {bit}");
        }
        assert!(world.outcome.is_empty());
        world.deliver(Client, sent);
        assert_eq!(world.read_all(Client), [b"the message"]);
    });
}

#[test]
fn the_longest_datagrams_are_taken_and_what_is_in_them_is_bounded() {
    connected(|world| {
        world.deliver(Client, vec![0xff; 65_507]);
        world.deliver(Client, vec![0x16; 65_507]);
        let empty_records: Vec<u8> = (0..5_000).flat_map(|number| edit::record(APPLICATION_DATA, 1, number, &[])).collect();
        world.deliver(Client, empty_records);
        assert!(world.outcome.is_empty());

        let sent = datagrams(world, Client, &vec![&[7; 4096][..]; 100]).concat();
        world.deliver(Server, sent);
        let read: usize = world.read_all(Server).iter().map(Vec::len).sum();
        assert!((16 * 4096..=64 * 1024).contains(&read), "{read}");
        world.assert_connected("after long datagrams");
    });
}

#[test]
fn records_of_other_epochs_kinds_and_versions_are_dropped() {
    connected(|world| {
        let mut stranger = Vec::new();
        for epoch in [0, 2, 3, 0xffff] {
            for typ in [0, 19, 20, ALERT, HANDSHAKE, APPLICATION_DATA, 24, 255] {
                stranger.extend(edit::record(typ, epoch, 9, b"\x02\x28 and more than an alert has"));
                stranger.extend(edit::record(typ, epoch, 10, b"\x02\x28"));
            }
        }
        let mut tls = edit::record(APPLICATION_DATA, 1, 9, b"x");
        tls[1..3].copy_from_slice(&[3, 3]);
        for to in [Client, Server] {
            world.deliver(to, stranger.clone());
            world.deliver(to, tls.clone());
        }
        assert!(world.outcome.is_empty(), "{:?}", world.outcome);
        world.assert_connected("after strange records");
    });
}

#[test]
fn data_in_the_clear_is_never_read() {
    let (client, server) = (EC.client(), EC.server());
    let mut world = World::new(&client, &server).with_fate(|datagram| {
        let invented = edit::record(APPLICATION_DATA, 0, 7, b"invented");
        vec![(LATENCY - 1, invented.clone()), (LATENCY, datagram.bytes.clone()), (LATENCY + 1, invented)]
    });
    world.run();
    assert!(world.read_all(Client).is_empty() && world.read_all(Server).is_empty());
    world.assert_connected("among invented data");
}

#[test]
fn data_that_overtakes_the_end_of_the_handshake_waits_for_it() {
    let (client, server) = (EC.client(), EC.server());
    let mut world = World::new(&client, &server).with_fate(|datagram| {
        datagram.arrives_after(if datagram.from == Server && datagram.records().contains(&(22, 1)) { 50 } else { 10 })
    });
    world.run_until(|world| !world.server.is_handshaking());
    world.server.write(b"early").unwrap();
    world.run_until(|world| world.now >= 5_000 + 60);
    assert!(world.client.is_handshaking());
    assert!(world.read_all(Client).is_empty());
    world.run();
    assert_eq!(world.read_all(Client), [b"early"]);
    world.assert_connected("after early data");
}

#[test]
fn no_number_protects_two_records() {
    for seed in 0..20 {
        let (client, server) = (EC.client(), EC.server());
        let mut dice = Dice(seed);
        let mut world =
            World::new(&client, &server).with_fate(move |datagram| if dice.roll(3) == 0 { datagram.is_lost() } else { datagram.arrives() });
        world.run();
        world.assert_connected(&format!("seed {seed}"));
        let mut seen = BTreeSet::new();
        for datagram in &world.sent {
            for record in records(&datagram.bytes) {
                let (epoch, number) = record[3..11].split_at(2);
                // A server's first numbers are its client's, in the clear.
                if epoch == [0, 1] || datagram.from == Client {
                    assert!(seen.insert((datagram.from, epoch.to_vec(), number.to_vec())), "seed {seed}: {number:?} twice");
                }
            }
        }
    }
}

#[test]
fn an_end_that_closes_is_heard_and_may_still_be_written_to() {
    connected(|world| {
        world.client.close_notify().unwrap();
        world.run();
        assert_eq!(world.server.read(&mut [0; 10]), Ok(micropython_ssl::stream::Read::Closed));
        assert_eq!(world.send(Server, b"last words"), [b"last words"]);
    });
}

#[test]
fn an_error_is_final_and_repeats() {
    let (mut client, server) = (EC.client(), EC.server());
    client.set_ciphers(["TLS-ECDHE-RSA-WITH-AES-128-GCM-SHA256"]).unwrap();
    let mut world = World::new(&client, &server);
    world.run();
    assert_eq!(world.outcome[&Server], Error::HandshakeFailure);
    assert_eq!(world.outcome[&Client], Error::AlertReceived(40));
    for end in [Client, Server] {
        let error = world.outcome[&end].clone();
        let connection = world.end(end);
        assert_eq!(connection.feed_datagram(&mut [0; 20], 0), Err(error.clone()));
        assert_eq!(connection.handle_timeout(1 << 40), Err(error.clone()));
        assert_eq!(connection.read(&mut [0]), Err(error.clone()));
        assert_eq!(connection.write(b"x"), Err(error.clone()));
        assert_eq!(connection.close_notify(), Err(error));
        assert_eq!(connection.next_timeout(0), None);
        assert!(connection.take_datagram().is_none());
    }
}
