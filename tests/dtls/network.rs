//! What a network does to a handshake: it loses, repeats, delays and swaps datagrams, and carries
//! short ones only.

use std::time::Instant;

use micropython_ssl::ciphers;
use micropython_ssl::error::Error;
use micropython_ssl::verify::{CERT_OPTIONAL, CERT_REQUIRED};

use crate::support::pki::Key;
use crate::world::*;

const SETUPS: [Setup; 5] = [
    EC,
    RSA,
    Setup { client_auth: CERT_OPTIONAL, ..EC },
    Setup { client_auth: CERT_OPTIONAL, client_key: Some(Key::P256(3)), ..RSA },
    Setup { client_auth: CERT_REQUIRED, client_key: Some(Key::Rsa2048), ..EC },
];

#[test]
fn a_handshake_takes_three_round_trips_and_no_second_try() {
    for setup in SETUPS {
        let (client, server) = (setup.client(), setup.server());
        let mut world = World::new(&client, &server);
        world.run();
        assert_eq!(world.now, 5_000 + 6 * LATENCY, "{setup:?}");
        assert_eq!(world.cookies, 1);
        assert_eq!(world.server.peer_certificates().is_empty(), setup.client_key.is_none());
        assert_eq!(world.client.peer_certificates().len(), 2);
        world.assert_connected("an undisturbed handshake");
    }
}

#[test]
fn every_key_type_works_on_both_sides() {
    for key in [Key::P256(1), Key::P384(1), Key::Rsa2048] {
        let setup = Setup { server_key: key, client_key: Some(key), client_auth: CERT_REQUIRED, ..EC };
        let (client, server) = (setup.client(), setup.server());
        let mut world = World::new(&client, &server);
        world.run();
        world.assert_connected(&format!("{key:?}"));
    }
}

#[test]
fn every_suite_is_negotiated_when_it_is_the_only_one() {
    for name in ciphers::supported().filter(|name| !name.starts_with("TLS1-3") && !name.contains("PSK")) {
        let setup = Setup { suite: Some(name), ..if name.contains("RSA") { RSA } else { EC } };
        let (client, server) = (setup.client(), setup.server());
        let mut world = World::new(&client, &server);
        world.run();
        world.assert_connected(name);
        let (suite, version) = world.client.negotiated().unwrap();
        assert_eq!((ciphers::name(suite), ciphers::version_name(version)), (Some(name), "DTLSv1.2"));
    }
}

/// Runs a handshake for every datagram of an undisturbed one, with `trouble` happening to that
/// datagram.
fn at_every_datagram(trouble: impl Fn(&Datagram) -> Fate) {
    for setup in SETUPS {
        let (client, server) = (setup.client(), setup.server());
        let mut calm = World::new(&client, &server);
        calm.run();
        for from in [Client, Server] {
            for index in 0..calm.count(from) {
                let what = format!("{setup:?}, datagram {index} from {from:?}");
                let is_it = |datagram: &Datagram| datagram.from == from && datagram.index == index;
                let mut world =
                    World::new(&client, &server).with_fate(|datagram| if is_it(datagram) { trouble(datagram) } else { datagram.arrives() });
                world.run();
                assert!(world.now < 5_000 + 3_500, "{what}: took {} ms", world.now - 5_000);
                world.assert_connected(&what);
            }
        }
    }
}

#[test]
fn any_datagram_may_be_lost() {
    at_every_datagram(Datagram::is_lost);
}

#[test]
fn any_datagram_may_come_twice() {
    at_every_datagram(|datagram| vec![(LATENCY, datagram.bytes.clone()), (LATENCY, datagram.bytes.clone())]);
}

#[test]
fn any_datagram_may_come_again_much_later() {
    at_every_datagram(|datagram| vec![(LATENCY, datagram.bytes.clone()), (700, datagram.bytes.clone())]);
}

#[test]
fn any_datagram_may_come_late() {
    for delay in [15, 200, 1500] {
        at_every_datagram(|datagram| datagram.arrives_after(delay));
    }
}

#[test]
fn any_record_may_arrive_alone_and_out_of_order() {
    at_every_datagram(|datagram| {
        let records = records(&datagram.bytes);
        let count = records.len() as u64;
        records.into_iter().zip(0..).map(|(record, index)| (LATENCY + count - index, record.to_vec())).collect()
    });
}

#[test]
fn a_lost_last_flight_is_repeated_when_the_client_asks_again() {
    let (client, server) = (EC.client(), EC.server());
    let mut lost = 0;
    let mut world = World::new(&client, &server).with_fate(|datagram| {
        let is_last_flight = datagram.from == Server && datagram.records().contains(&(22, 1));
        lost += usize::from(is_last_flight && lost < 3);
        if is_last_flight && lost < 3 { datagram.is_lost() } else { datagram.arrives() }
    });
    world.run();
    assert_eq!(world.now, 5_000 + 1000 + 2000 + 6 * LATENCY);
    world.assert_connected("after two lost last flights");
}

#[test]
fn change_cipher_spec_may_be_lost_come_early_or_twice() {
    for (copies, delay) in [(0, 0), (1, 1), (2, LATENCY), (1, 500)] {
        let (client, server) = (EC.client(), EC.server());
        let mut world = World::new(&client, &server).with_fate(|datagram| {
            records(&datagram.bytes)
                .into_iter()
                .flat_map(|record| if record[0] == 20 { vec![(delay, record.to_vec()); copies] } else { vec![(LATENCY, record.to_vec())] })
                .collect()
        });
        world.run();
        assert_eq!(world.now.min(5_000 + 6 * LATENCY), 5_000 + 6 * LATENCY);
        world.assert_connected(&format!("{copies} copies after {delay} ms"));
    }
}

#[test]
fn every_mtu_from_64_to_1500() {
    for mtu in 64..=1500 {
        // All that are odd in some way, and a sample of the rest.
        if mtu > 300 && mtu % 37 != 0 {
            continue;
        }
        let setup = Setup { mtu, client_key: Some(Key::P256(3)), client_auth: CERT_REQUIRED, ..EC };
        let (client, server) = (setup.client(), setup.server());
        let mut world = World::new(&client, &server);
        world.run();
        let is_hello = |datagram: &Datagram| datagram.bytes[13] == 1;
        for datagram in world.sent.iter().filter(|datagram| !is_hello(datagram)) {
            assert!(datagram.bytes.len() <= mtu, "{} bytes at mtu {mtu}", datagram.bytes.len());
        }
        assert_eq!(world.now, 5_000 + 6 * LATENCY, "{mtu}");
        world.assert_connected(&format!("mtu {mtu}"));
    }
}

#[test]
fn fragments_may_arrive_in_reverse() {
    for mtu in [64, 100, 256] {
        let setup = Setup { mtu, client_auth: CERT_REQUIRED, client_key: Some(Key::Rsa2048), ..RSA };
        let (client, server) = (setup.client(), setup.server());
        let mut world =
            World::new(&client, &server).with_fate(|datagram| datagram.arrives_after(LATENCY + 500 - (datagram.index as u64).min(499)));
        world.run();
        world.assert_connected(&format!("reversed at mtu {mtu}"));
    }
}

#[test]
fn a_path_that_swallows_long_datagrams_is_found_out() {
    let (client, server) = (RSA.client(), RSA.server());
    let mut world =
        World::new(&client, &server).with_fate(|datagram| if datagram.bytes.len() > 600 { datagram.is_lost() } else { datagram.arrives() });
    world.run();
    world.assert_connected("over a path of 600 bytes");
    assert!(world.now < 5_000 + 10_000);
}

#[test]
fn random_trouble_with_seeds() {
    let (client, server) = (EC.client(), EC.server());
    for seed in 0..100 {
        let mut dice = Dice(seed);
        let mut world = World::new(&client, &server).with_fate(move |datagram| trouble(datagram, &mut dice, 30));
        world.run();
        world.assert_connected(&format!("seed {seed}"));
    }
}

/// 3,000 handshakes on a bad network; prints what they cost.
///
/// A flight and its answer come through one time in 0.64, and a client tries seven times: some
/// handshakes in a thousand end as a timeout, on any implementation with the RFC's timers. Anything
/// else is a fault.
#[test]
fn three_thousand_handshakes_at_20_percent_loss() {
    let (client, server) = (EC.client(), EC.server());
    let (started, mut times, mut datagrams, mut cookies, mut timeouts) = (Instant::now(), Vec::new(), 0, 0, 0);
    for seed in 0..3000 {
        let mut dice = Dice(seed);
        let mut world = World::new(&client, &server).with_fate(move |datagram| trouble(datagram, &mut dice, 20));
        world.run_until(|world| world.is_connected());
        datagrams += world.sent.len();
        cookies += world.cookies;
        if world.outcome.values().any(|error| *error == Error::Timeout) {
            assert!(world.sent.iter().filter(|datagram| datagram.from == Client).count() > 7, "seed {seed}");
            timeouts += 1;
            continue;
        }
        times.push(world.now - 5_000);
        world.run();
        world.assert_connected(&format!("seed {seed}"));
    }
    assert!(timeouts <= 15, "{timeouts} timeouts");
    times.sort_unstable();
    println!(
        "3000 handshakes in {:.1} s: {timeouts} timeouts; median {} ms, 99 % {} ms, longest {} ms; {:.1} datagrams and {:.2} cookies each",
        started.elapsed().as_secs_f64(),
        times[times.len() / 2],
        times[times.len() * 99 / 100],
        times[times.len() - 1],
        datagrams as f64 / 3000.0,
        f64::from(u32::try_from(cookies).unwrap()) / 3000.0,
    );
}

/// Loses so many of a hundred datagrams, and repeats, delays and swaps others.
fn trouble(datagram: &Datagram, dice: &mut Dice, loss: u64) -> Fate {
    if dice.roll(100) < loss {
        return datagram.is_lost();
    }
    let copies = if dice.roll(10) == 0 { 2 } else { 1 };
    (0..copies).map(|_| (LATENCY + dice.roll(40), datagram.bytes.clone())).collect()
}

#[test]
fn without_an_answer_the_hello_goes_out_after_1_3_7_seconds_and_so_on_and_then_it_is_a_timeout() {
    let (client, server) = (EC.client(), EC.server());
    let mut world = World::new(&client, &server).with_fate(Datagram::is_lost);
    world.run();
    let sent: Vec<u64> = world.sent.iter().map(|datagram| (datagram.sent - 5_000) / 1000).collect();
    assert_eq!(sent, [0, 1, 3, 7, 15, 31, 63]);
    assert_eq!(world.outcome[&Client], Error::Timeout);
    assert_eq!(world.outcome[&Client].exception().code, Some(-26624));
    assert_eq!(world.now, 5_000 + 123_000);
    assert_eq!(world.client.handle_timeout(1 << 40), Err(Error::Timeout));
}

#[test]
fn a_clock_that_is_set_back_delays_a_handshake_and_does_not_stop_it() {
    let (client, server) = (EC.client(), EC.server());
    let mut world = World::new(&client, &server)
        .with_fate(|datagram| if datagram.from == Client && datagram.index == 0 { datagram.is_lost() } else { datagram.arrives() });
    world.run_until(|world| !world.sent.is_empty());
    world.now = 100;
    world.run();
    world.assert_connected("on a clock that was set back");
    assert!(world.now < 1200 + 6 * LATENCY, "{}", world.now);
}

#[test]
fn a_client_that_is_refused_hears_why_even_if_the_first_word_is_lost() {
    let setup = Setup { client_auth: CERT_REQUIRED, ..EC };
    let (client, server) = (setup.client(), setup.server());
    let mut world = World::new(&client, &server);
    world.run();
    assert_eq!(world.outcome[&Server], Error::NoClientCertificate);
    assert_eq!(world.outcome[&Client], Error::AlertReceived(40));
    assert_eq!(world.server.failure().unwrap().exception().code, Some(-29824));
}

#[test]
fn whoever_copies_a_datagram_gets_few_answers() {
    let (client, server) = (EC.client(), EC.server());
    let mut world = World::new(&client, &server).with_fate(|datagram| {
        let hello_with_cookie = datagram.from == Client && datagram.index == 1;
        // Somebody sends the hello again, two thousand times in ten seconds, and the client hears
        // nothing.
        let copies = if hello_with_cookie { 2_000 } else { 1 };
        if datagram.from == Server && datagram.bytes[13] != 3 {
            return datagram.is_lost();
        }
        (0..copies).map(|copy| (LATENCY + 5 * copy, datagram.bytes.clone())).collect()
    });
    world.run_until(|world| world.now > 5_000 + 11_000);
    assert!(world.count(Server) <= 1 + 2 * (1 + 16 + 4), "{}", world.count(Server));
}
