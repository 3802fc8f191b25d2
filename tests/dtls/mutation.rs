//! Handshakes among datagrams that are nearly right: nothing panics, nothing hangs, and who is
//! connected is connected to the right peer.

use micropython_ssl::verify::CERT_REQUIRED;

use crate::support::pki::Key;
use crate::world::*;

#[test]
fn mutated_datagrams_in_every_state() {
    let setups = [EC, Setup { mtu: 200, client_key: Some(Key::P256(3)), client_auth: CERT_REQUIRED, ..EC }];
    let (mut connected, mut failed) = (0, 0);
    for setup in setups {
        let (client, server) = (setup.client(), setup.server());
        for seed in 0..150 {
            let mut dice = Dice(seed);
            let mut seen: Vec<Vec<u8>> = Vec::new();
            let mut world = World::new(&client, &server).with_fate(|datagram| {
                seen.push(datagram.bytes.clone());
                let mutants = (0..dice.roll(4)).map(|_| mutant(&seen, &mut dice)).collect::<Vec<_>>();
                let original = if dice.roll(8) == 0 { datagram.is_lost() } else { datagram.arrives() };
                mutants.into_iter().map(|bytes| (LATENCY - 1 + dice.roll(3), bytes)).chain(original).collect()
            });
            world.run();
            if world.is_connected() {
                world.read_all(Client);
                world.read_all(Server);
                world.assert_connected(&format!("{setup:?} seed {seed}"));
                connected += 1;
            } else {
                assert!(!world.outcome.is_empty(), "{setup:?} seed {seed}: neither connected nor failed");
                failed += 1;
            }
        }
    }
    // Both ways out are taken, or this tests little.
    assert!(connected > 10 && failed > 10, "{connected} connected, {failed} failed");
}

/// Something that nearly is one of the datagrams that were seen.
fn mutant(seen: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let pick = |dice: &mut Dice| seen[dice.roll(seen.len() as u64) as usize].clone();
    let mut bytes = pick(dice);
    for _ in 0..=dice.roll(3) {
        if bytes.is_empty() {
            return bytes;
        }
        let at = dice.roll(bytes.len() as u64) as usize;
        match dice.roll(8) {
            0 => bytes[at] ^= 1 << dice.roll(8),
            1 => bytes[at] = dice.roll(256) as u8,
            2 => bytes.truncate(at),
            3 => bytes.extend(pick(dice)),
            4 => drop(bytes.splice(at..at, pick(dice))),
            // The headers, where a byte means most.
            5 => bytes[at % 25] = dice.roll(256) as u8,
            6 => bytes[at % 25] ^= 1,
            _ => drop(bytes.drain(at..(at + 1 + dice.roll(20) as usize).min(bytes.len()))),
        }
    }
    bytes
}
