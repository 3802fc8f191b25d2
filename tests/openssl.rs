//! Our engine and OpenSSL's command line tools, in both roles and both versions.

mod support;

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use micropython_ssl::ciphers;
use micropython_ssl::context::Version;
use micropython_ssl::error::Error;
use support::psk::{IDENTITY, KEY_HEX, psk_client, psk_server};
use support::tcp::Wire;
use support::wire::*;

const VERSIONS: [(Version, &str); 2] = [(Version::Tls12, "-tls1_2"), (Version::Tls13, "-tls1_3")];

#[test]
fn downloads_from_s_server_with_every_key_type() {
    let data = lines(2 << 20);
    std::fs::write(pki().dir.join("download"), &data).unwrap();
    for key in KEYS {
        for (_, version) in VERSIONS {
            // -HTTP sends a file as it is.
            let peer = s_server(key, &["-HTTP", version]);
            let mut wire = Wire::new(client(&client_context_for(key)), peer.connect());
            wire.write_all(b"GET /download HTTP/1.0\r\n\r\n");
            assert_eq!(wire.read_exactly(data.len()), data, "{key} {version}");
            assert_eq!(wire.drive(|stream| stream.read(&mut [0])), Ok(0));
        }
    }
}

#[test]
fn uploads_to_s_server() {
    let data = lines(2 << 20);
    for (_, version) in VERSIONS {
        let mut peer = s_server("ec256", &["-quiet", version]);
        let mut wire = Wire::new(client(&client_context()), peer.connect());
        wire.write_all(&data);
        wire.close();
        // Held open until now: s_server ends when its input does.
        let mut got = vec![0; data.len()];
        peer.child.stdout.take().unwrap().read_exact(&mut got).unwrap();
        assert_eq!(got, data);
    }
}

#[test]
fn hello_retry_request() {
    for (theirs, ours) in [("P-384", "secp384r1"), ("P-521", "secp521r1")] {
        let peer = s_server("ec256", &["-quiet", "-groups", theirs]);
        let mut wire = Wire::new(client(&client_context()), peer.connect());
        wire.handshake();
        assert_eq!(format!("{:?}", wire.stream.connection().handshake_kind().unwrap()), "FullWithHelloRetryRequest");
        assert_eq!(format!("{:?}", wire.stream.connection().key_exchange_group().unwrap()), ours);
    }
}

/// The session's cipher suite has SHA-384, that of our client and server SHA-256. Our server
/// refuses a client that offers such a session and withdraws it after a HelloRetryRequest.
#[test]
fn a_session_of_another_server_of_the_same_name_does_not_hinder() {
    let context = client_context();
    let mut peer = s_server("ec256", &["-quiet", "-groups", "X25519", "-ciphersuites", "TLS_AES_256_GCM_SHA384"]);
    let mut wire = Wire::new(client(&context), peer.connect());
    wire.handshake();
    peer.child.stdin.take().unwrap().write_all(b"the tickets came before this\n").unwrap();
    wire.read_exactly(29);
    let (mut ours, mut theirs) = (client(&context), server(&server_context("ec256")));
    assert_eq!(support::wire::handshake(&mut ours, &mut theirs, usize::MAX), (Ok(()), Ok(())));
    assert_eq!(format!("{:?}", ours.connection().handshake_kind().unwrap()), "Full");
}

#[test]
fn key_updates_asked_for_by_the_peer_are_answered() {
    let mut peer = s_server("ec256", &["-tls1_3"]);
    let mut wire = Wire::new(client(&client_context()), peer.connect());
    let mut stdin = peer.child.stdin.take().unwrap();
    let mut stdout = BufReader::new(peer.child.stdout.take().unwrap());
    wire.handshake();
    for round in 0..3 {
        let line = format!("round {round}\n");
        // K: update our keys and ask for the peer's.
        stdin.write_all(b"K\n").unwrap();
        // s_server takes a command only at the start of what it reads at once.
        thread::sleep(Duration::from_millis(100));
        stdin.write_all(line.as_bytes()).unwrap();
        assert_eq!(wire.read_exactly(line.len()), line.as_bytes());
        wire.write_all(b"answer\n");
        while !line_of(&mut stdout).contains("answer") {}
    }
}

#[test]
fn serves_s_client_with_every_key_type() {
    let data = lines(1 << 20);
    for key in KEYS {
        for (_, version) in VERSIONS {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let mut peer = s_client(&listener, &["-quiet", version]);
            let (socket, _) = listener.accept().unwrap();
            let mut wire = Wire::new(server(&server_context(key)), socket);
            let mut stdin = peer.stdin.take().unwrap();
            stdin.write_all(b"hello server\n").unwrap();
            assert_eq!(wire.read_exactly(13), b"hello server\n");
            let mut stdout = peer.stdout.take().unwrap();
            let reader = thread::spawn(move || {
                let mut got = Vec::new();
                stdout.read_to_end(&mut got).unwrap();
                got
            });
            wire.write_all(&data);
            wire.close();
            assert_eq!(reader.join().unwrap(), data, "{key} {version}");
            drop(stdin);
            _ = peer.wait();
        }
    }
}

/// MicroPython's own example of a server has such a key, and a board serves TLS 1.2 with it.
#[test]
fn a_server_whose_rsa_key_is_too_short_for_tls_1_3_serves_tls_1_2() {
    pki().issue("rsa512", "rsa:512", "subjectAltName=DNS:localhost");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut peer = s_client(&listener, &["-quiet", "-cipher", "DEFAULT@SECLEVEL=0"]);
    let (socket, _) = listener.accept().unwrap();
    let mut wire = Wire::new(server(&server_context("rsa512")), socket);
    peer.stdin.take().unwrap().write_all(b"hello server\n").unwrap();
    assert_eq!(wire.read_exactly(13), b"hello server\n");
    let (_, negotiated) = wire.stream.connection().negotiated().unwrap();
    assert_eq!(ciphers::version_name(negotiated), "TLSv1.2");
    wire.close();
    _ = peer.wait();

    let careless = client_context();
    careless.verify().set_mode(0).unwrap();
    let (mut ours, mut theirs) = (client(&careless), server(&server_context("rsa512")));
    assert_eq!(support::wire::handshake(&mut ours, &mut theirs, usize::MAX), (Ok(()), Ok(())));
}

/// OpenSSL's name, and ours.
const LEGACY: [(&str, &str); 6] = [
    ("ECDHE-ECDSA-AES256-SHA", "TLS-ECDHE-ECDSA-WITH-AES-256-CBC-SHA"),
    ("ECDHE-RSA-AES256-SHA", "TLS-ECDHE-RSA-WITH-AES-256-CBC-SHA"),
    ("ECDHE-ECDSA-AES128-SHA256", "TLS-ECDHE-ECDSA-WITH-AES-128-CBC-SHA256"),
    ("ECDHE-RSA-AES128-SHA256", "TLS-ECDHE-RSA-WITH-AES-128-CBC-SHA256"),
    ("ECDHE-ECDSA-AES128-SHA", "TLS-ECDHE-ECDSA-WITH-AES-128-CBC-SHA"),
    ("ECDHE-RSA-AES128-SHA", "TLS-ECDHE-RSA-WITH-AES-128-CBC-SHA"),
];

#[test]
fn speaks_legacy_suites_with_s_server() {
    let data = lines(200_000);
    std::fs::write(pki().dir.join("legacy"), &data).unwrap();
    for (theirs, ours) in LEGACY {
        let key = if ours.contains("RSA") { "rsa2048" } else { "ec256" };
        let peer = s_server(key, &["-HTTP", "-tls1_2", "-cipher", theirs]);
        let mut context = client_context();
        context.set_ciphers([ours]).unwrap();
        let mut wire = Wire::new(client(&context), peer.connect());
        wire.write_all(b"GET /legacy HTTP/1.0\r\n\r\n");
        assert_eq!(wire.read_exactly(data.len()), data, "{ours}");
        assert_eq!(ciphers::name(wire.stream.connection().negotiated().unwrap().0), Some(ours));
    }
}

#[test]
fn speaks_legacy_suites_with_s_client() {
    for (theirs, ours) in LEGACY {
        let mut context = server_context(if ours.contains("RSA") { "rsa2048" } else { "ec256" });
        context.set_ciphers([ours]).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = s_client(&listener, &["-quiet", "-tls1_2", "-cipher", theirs]);
        let (socket, _) = listener.accept().unwrap();
        let mut wire = Wire::new(server(&context), socket);
        // Records of every length up to where all paddings have been.
        let mut stdin = peer.stdin.take().unwrap();
        let mut stdout = BufReader::new(peer.stdout.take().unwrap());
        for length in 1..40 {
            let line = format!("{}\n", "x".repeat(length));
            stdin.write_all(line.as_bytes()).unwrap();
            assert_eq!(wire.read_exactly(line.len()), line.as_bytes(), "{ours}");
            wire.write_all(line.as_bytes());
            assert_eq!(line_of(&mut stdout), line, "{ours}");
        }
        wire.close();
        drop(stdin);
        _ = peer.wait();
    }
}

/// OpenSSL's name, and ours.
const PSK: [(&str, &str); 7] = [
    ("ECDHE-PSK-CHACHA20-POLY1305", "TLS-ECDHE-PSK-WITH-CHACHA20-POLY1305-SHA256"),
    ("PSK-AES256-GCM-SHA384", "TLS-PSK-WITH-AES-256-GCM-SHA384"),
    ("PSK-AES128-GCM-SHA256", "TLS-PSK-WITH-AES-128-GCM-SHA256"),
    ("PSK-AES256-CBC-SHA384", "TLS-PSK-WITH-AES-256-CBC-SHA384"),
    ("PSK-AES256-CBC-SHA", "TLS-PSK-WITH-AES-256-CBC-SHA"),
    ("PSK-AES128-CBC-SHA256", "TLS-PSK-WITH-AES-128-CBC-SHA256"),
    ("PSK-AES128-CBC-SHA", "TLS-PSK-WITH-AES-128-CBC-SHA"),
];

#[test]
fn pre_shared_keys_with_s_server() {
    let data = lines(200_000);
    std::fs::write(pki().dir.join("psk"), &data).unwrap();
    for (theirs, ours) in PSK {
        for hint in [&[][..], &["-psk_hint", "kitchen"]] {
            let options = ["-HTTP", "-tls1_2", "-nocert", "-psk_identity", IDENTITY, "-psk", KEY_HEX, "-cipher", theirs];
            let peer = s_server("ec256", &[&options, hint].concat());
            let mut context = psk_client();
            context.set_ciphers([ours]).unwrap();
            let mut wire = Wire::new(client(&context), peer.connect());
            wire.write_all(b"GET /psk HTTP/1.0\r\n\r\n");
            assert_eq!(wire.read_exactly(data.len()), data, "{ours}");
            assert_eq!(ciphers::name(wire.stream.connection().negotiated().unwrap().0), Some(ours));
        }
    }
}

#[test]
fn pre_shared_keys_with_s_client() {
    for (theirs, ours) in PSK {
        let mut context = psk_server();
        context.set_ciphers([ours]).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let options = ["-quiet", "-tls1_2", "-psk_identity", IDENTITY, "-psk", KEY_HEX, "-cipher", theirs];
        let mut peer = s_client(&listener, &options);
        let (socket, _) = listener.accept().unwrap();
        let mut wire = Wire::new(server(&context), socket);
        let mut stdin = peer.stdin.take().unwrap();
        let mut stdout = BufReader::new(peer.stdout.take().unwrap());
        stdin.write_all(b"hello server\n").unwrap();
        assert_eq!(wire.read_exactly(13), b"hello server\n", "{ours}");
        wire.write_all(b"hello client\n");
        assert_eq!(line_of(&mut stdout), "hello client\n", "{ours}");
        wire.close();
        drop(stdin);
        _ = peer.wait();
    }
}

#[test]
fn a_wrong_pre_shared_key_of_s_client_ends_the_handshake_on_both_sides() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut peer = s_client(&listener, &["-quiet", "-tls1_2", "-psk_identity", IDENTITY, "-psk", "00"]);
    let (socket, _) = listener.accept().unwrap();
    let mut wire = Wire::new(server(&psk_server()), socket);
    assert_eq!(wire.try_handshake(), Err(Error::InvalidMac));
    assert!(!peer.wait().unwrap().success());
}

#[test]
fn s_client_refuses_a_server_that_it_does_not_trust() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut peer = s_client(&listener, &["-quiet", "-verify_return_error", "-verify_hostname", "example.com"]);
    let (socket, _) = listener.accept().unwrap();
    let mut wire = Wire::new(server(&server_context("ec256")), socket);
    let error = wire.try_handshake().unwrap_err();
    assert_eq!(error.exception().code, Some(-30592));
    _ = peer.wait();
}

fn line_of(stdout: &mut impl BufRead) -> String {
    let mut line = String::new();
    assert_ne!(stdout.read_line(&mut line).unwrap(), 0, "the peer ended");
    line
}

fn lines(length: usize) -> Vec<u8> {
    // No line starts with a letter that openssl's tools take as a command.
    (0..).flat_map(|number| format!("-{number}\n").into_bytes()).take(length).collect()
}

struct Peer {
    child: Child,
    port: u16,
}

impl Peer {
    fn connect(&self) -> TcpStream {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            match TcpStream::connect(("127.0.0.1", self.port)) {
                Ok(socket) => return socket,
                Err(error) => assert!(Instant::now() < deadline, "s_server does not listen: {error}"),
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn s_server(key: &str, options: &[&str]) -> Peer {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let pki = pki();
    let child = openssl("s_server")
        .args(["-accept", &format!("127.0.0.1:{port}"), "-naccept", "1"])
        .args(["-cert", &pki.path(&format!("{key}.pem")), "-key", &pki.path(&format!("{key}.key"))])
        .args(options)
        .current_dir(&pki.dir)
        .spawn()
        .unwrap();
    Peer { child, port }
}

fn s_client(listener: &TcpListener, options: &[&str]) -> Child {
    openssl("s_client")
        .args(["-connect", &listener.local_addr().unwrap().to_string(), "-servername", NAME])
        .args(["-CAfile", &pki().path("ca.pem"), "-verify_return_error"])
        .args(options)
        .spawn()
        .unwrap()
}

fn openssl(tool: &str) -> Command {
    let mut command = Command::new("openssl");
    command.arg(tool).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}
