//! What a peer that talks nonsense makes of a handshake: the codes that MicroPython 1.26 with Mbed
//! TLS 3.6.6 gave for the same bytes.

mod support;

use micropython_ssl::context::{Context, Version};
use micropython_ssl::verify::Endpoint;
use support::pki::NOW;
use support::wire::{client, deliver, only, server};

const HANDSHAKE: u8 = 22;

fn record(content_type: u8, version: u16, body: &[u8]) -> Vec<u8> {
    [&[content_type][..], &version.to_be_bytes(), &(body.len() as u16).to_be_bytes(), body].concat()
}

fn handshake(message: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32).to_be_bytes();
    record(HANDSHAKE, 0x0303, &[&[message][..], &length[1..], body].concat())
}

fn client_hello(version: u16, suites: &[u8], compressions: &[u8]) -> Vec<u8> {
    let suites_length = (suites.len() as u16).to_be_bytes();
    // ecdsa_secp256r1_sha256, secp256r1, uncompressed points
    let extensions = b"\0\x16\0\x0d\0\x04\0\x02\x04\x03\0\x0a\0\x04\0\x02\0\x17\0\x0b\0\x02\x01\0";
    let parts = [&version.to_be_bytes()[..], &[0; 33], &suites_length, suites, &[compressions.len() as u8], compressions, extensions];
    handshake(1, &parts.concat())
}

fn server_hello(version: u16, suite: [u8; 2], rest: &[u8]) -> Vec<u8> {
    handshake(2, &[&version.to_be_bytes()[..], &[0; 33], &suite, rest].concat())
}

/// The code that a client or server fails with that receives these bytes and then nothing.
fn code(endpoint: Endpoint, bytes: &[u8]) -> Option<i32> {
    let context = only(Context::new(endpoint), Version::Tls12);
    context.set_time(NOW);
    context.verify().set_mode(0).unwrap();
    let mut stream = if endpoint == Endpoint::Client { client(&context) } else { server(&context) };
    let _ = stream.handshake();
    deliver(&mut stream, bytes);
    stream.received_eof();
    for _ in 0..4 {
        if let Err(error) = stream.handshake() {
            return error.exception().code;
        }
        let waiting = stream.to_send().len();
        stream.sent(waiting);
    }
    None
}

#[test]
fn clients_and_servers_fail_with_micropythons_codes() {
    const ECDSA: [u8; 2] = [0xc0, 0x2b];
    let hello = server_hello(0x0303, ECDSA, &[0]);
    let cases = [
        ("plain HTTP", Endpoint::Client, b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), -29184),
        ("plain HTTP", Endpoint::Server, b"GET / HTTP/1.1\r\n\r\n".to_vec(), -29184),
        ("SSH", Endpoint::Client, b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), -29184),
        ("nothing", Endpoint::Client, Vec::new(), -29312),
        ("a record that ends early", Endpoint::Client, vec![22, 3, 3, 0, 100, 2, 0], -29312),
        ("a record of 65,535 bytes", Endpoint::Client, [&[22, 3, 3, 0xff, 0xff][..], &[0; 100]].concat(), -28928),
        ("an empty record", Endpoint::Client, vec![22, 3, 3, 0, 0], -29184),
        ("an unknown content type", Endpoint::Client, record(99, 0x0303, b"abc"), -29184),
        ("an unknown version", Endpoint::Client, record(HANDSHAKE, 0x0505, b"abcd"), -29184),
        ("application data", Endpoint::Client, record(23, 0x0303, b"abc"), -30464),
        ("ChangeCipherSpec", Endpoint::Client, record(20, 0x0303, &[1]), -30464),
        ("a wrong ChangeCipherSpec", Endpoint::Client, record(20, 0x0303, &[2]), -29184),
        ("a fatal alert", Endpoint::Client, record(21, 0x0303, &[2, 40]), -30592),
        ("an alert about the version", Endpoint::Client, record(21, 0x0303, &[2, 70]), -28288),
        ("a warning, then nothing", Endpoint::Client, record(21, 0x0303, &[1, 90]), -29312),
        ("a ServerHello of TLS 1.1", Endpoint::Client, server_hello(0x0302, ECDSA, &[0]), -28288),
        ("a ServerHello that is cut short", Endpoint::Client, handshake(2, &[3, 3]), -29440),
        ("a ServerHello with bytes behind", Endpoint::Client, server_hello(0x0303, ECDSA, &[0; 6]), -29440),
        ("a certificate that is cut short", Endpoint::Client, [&hello[..], &handshake(11, b"\0\0\x05\0\0\x03ab")].concat(), -29440),
        ("a ClientHello of TLS 1.1", Endpoint::Server, client_hello(0x0302, &ECDSA, &[0]), -28288),
        ("a ClientHello of TLS 1.3 suites", Endpoint::Server, client_hello(0x0303, &[0x13, 0x01], &[0]), -28160),
        ("a ClientHello without a certificate to match", Endpoint::Server, client_hello(0x0303, &ECDSA, &[0]), -28160),
        ("a ClientHello that must be compressed", Endpoint::Server, client_hello(0x0303, &ECDSA, &[1]), -28160),
        ("ClientKeyExchange first", Endpoint::Server, handshake(16, &[0]), -30464),
    ];
    let wrong: Vec<_> = cases
        .iter()
        .map(|(name, endpoint, bytes, expected)| (name, endpoint, code(*endpoint, bytes), *expected))
        .filter(|(.., code, expected)| *code != Some(*expected))
        .map(|(name, endpoint, code, expected)| format!("{name} to a {endpoint:?}: {code:?} instead of {expected}"))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
