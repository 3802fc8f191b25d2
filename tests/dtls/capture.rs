//! What Wireshark makes of handshakes and data.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use micropython_ssl::verify::CERT_REQUIRED;

use crate::support::pki::Key;
use crate::world::*;

const PORT: u16 = 4433;

#[test]
fn wireshark_finds_nothing_malformed_and_reads_the_data_with_the_key_log() {
    if !Command::new("tshark").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
        println!("skipped: tshark is not installed");
        return;
    }
    let mutual = Setup { client_key: Some(Key::P256(3)), client_auth: CERT_REQUIRED, ..EC };
    let suites = ["CHACHA20-POLY1305-SHA256", "AES-128-GCM-SHA256", "AES-256-GCM-SHA384"];
    for (setup, suite, is_lossy) in [
        (EC, suites[0], false),
        (RSA, suites[1], false),
        (mutual, suites[2], false),
        (Setup { mtu: 200, ..mutual }, suites[1], false),
        // Wireshark reports fragments that it sees twice, so the messages are whole where some are
        // repeated.
        (Setup { mtu: 9000, ..mutual }, suites[2], true),
    ] {
        let (mut client, server) = (setup.client(), setup.server());
        let kind = if setup.server_key == Key::Rsa2048 { "RSA" } else { "ECDSA" };
        client.set_ciphers([format!("TLS-ECDHE-{kind}-WITH-{suite}").as_str()]).unwrap();
        client.set_key_log(true);
        let mut world = World::new(&client, &server).with_fate(move |datagram| {
            let is_lost = is_lossy && datagram.from == Client && datagram.index == 2;
            if is_lost { datagram.is_lost() } else { datagram.arrives() }
        });
        world.run();
        world.send(Client, b"a question of the client's");
        world.send(Server, b"an answer of the server's");
        world.client.close_notify().unwrap();
        world.run();

        let name = format!("{suite}-{}", setup.mtu);
        let said = dissect(&name, &capture(&world.sent), &client.key_log().take());
        for wrong in ["Malformed", "Expert Info (Error", "Expert Info (Warning", "[Dissector bug", "Unknown Record", "Ignored"] {
            assert!(!said.contains(wrong), "{name}: {wrong} in\n{said}");
        }
        for message in ["Client Hello", "Hello Verify Request", "Server Hello Done", "Client Key Exchange", "Alert"] {
            assert!(said.contains(message), "{name}: no {message} in\n{said}");
        }
        if suite.starts_with("CHACHA20") {
            continue; // Wireshark 4.0 leaves the epoch out of ChaCha20's nonces in DTLS, against RFC 7905, and decrypts nothing.
        }
        // The data of both sides, as Wireshark prints decrypted bytes.
        let hex = |text: &[u8]| text.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        for text in [&b"a question of the client's"[..], b"an answer of the server's"] {
            assert!(said.contains(&hex(text)), "{name}: data not read in\n{said}");
        }
    }
}

fn dissect(name: &str, capture: &[u8], secrets: &str) -> String {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let path = |kind: &str| directory.join(format!("dtls-{name}-{}.{kind}", std::process::id()));
    fs::write(path("pcap"), capture).unwrap();
    fs::write(path("keys"), secrets).unwrap();
    let output = Command::new("tshark")
        .args(["-n", "-V", "-d", &format!("udp.port=={PORT},dtls"), "-o", &format!("tls.keylog_file:{}", path("keys").display()), "-r"])
        .arg(path("pcap"))
        .output()
        .unwrap();
    for kind in ["pcap", "keys"] {
        fs::remove_file(path(kind)).unwrap();
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A pcap file of IPv4 packets.
fn capture(sent: &[Datagram]) -> Vec<u8> {
    const RAW_IP: u32 = 101;
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4, 0x0002_0004_u32.rotate_left(16), 0, 0, 65_535, RAW_IP] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    for datagram in sent {
        let (from, to) = if datagram.from == Client { (1, 2) } else { (2, 1) };
        let (source, target) = if datagram.from == Client { (50_000, PORT) } else { (PORT, 50_000) };
        let length = u16::try_from(28 + datagram.bytes.len()).unwrap();
        let mut packet = vec![0x45, 0];
        packet.extend_from_slice(&length.to_be_bytes());
        packet.extend_from_slice(&[0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, from, 192, 0, 2, to]);
        for half in [source, target, length - 20, 0] {
            packet.extend_from_slice(&half.to_be_bytes());
        }
        packet.extend_from_slice(&datagram.bytes);
        let (seconds, micros) = (datagram.sent / 1000, datagram.sent % 1000 * 1000);
        for word in [seconds as u32, micros as u32, u32::from(length), u32::from(length)] {
            file.extend_from_slice(&word.to_le_bytes());
        }
        file.extend_from_slice(&packet);
    }
    file
}
