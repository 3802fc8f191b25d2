//! Handshakes and data with OpenSSL and GnuTLS over loopback, in both roles.

use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use micropython_ssl::context::Context;
use micropython_ssl::dtls::DtlsStream;
use micropython_ssl::error::Error;
use micropython_ssl::stream::Step;
use micropython_ssl::verify::CERT_REQUIRED;

use crate::support::pki::{Cert, Key, pem};
use crate::support::psk::{self, IDENTITY, KEY_HEX, psk_client, psk_server};
use crate::world::*;

const PATIENCE: Duration = Duration::from_secs(20);
const BOTH: Setup = Setup { client_key: Some(Key::P256(3)), client_auth: CERT_REQUIRED, ..EC };

#[test]
fn openssl_servers() {
    if !is_installed("openssl", "version") {
        return;
    }
    let suites = ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"];
    for suite in suites {
        openssl_server(EC, &["-cipher", suite]);
    }
    openssl_server(EC, &["-listen"]);
    openssl_server(EC, &["-listen", "-mtu", "256"]);
    openssl_server(EC, &["-curves", "P-384"]);
    openssl_server(EC, &["-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256:@SECLEVEL=0", "-sigalgs", "ECDSA+SHA384"]);
    openssl_server(Setup { server_key: Key::P384(1), ..EC }, &[]);
    openssl_server(RSA, &["-listen"]);
    openssl_server(RSA, &["-mtu", "256", "-sigalgs", "RSA+SHA256"]);
    openssl_server(Setup { server_key: Key::Rsa2048, ..BOTH }, &["-Verify", "3", "-verify_return_error"]);
    openssl_server(BOTH, &["-listen", "-mtu", "256", "-Verify", "3", "-verify_return_error"]);
}

#[test]
fn openssl_clients() {
    if !is_installed("openssl", "version") {
        return;
    }
    let suites = ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"];
    for suite in suites {
        openssl_client(EC, &["-cipher", suite]);
    }
    openssl_client(EC, &["-mtu", "256"]);
    openssl_client(Setup { server_key: Key::P384(1), ..EC }, &["-curves", "P-384"]);
    openssl_client(RSA, &[]);
    openssl_client(RSA, &["-mtu", "256", "-sigalgs", "RSA+SHA512"]);
    openssl_client(BOTH, &[]);
    openssl_client(Setup { client_key: Some(Key::Rsa2048), mtu: 256, ..BOTH }, &["-mtu", "256"]);
}

#[test]
fn openssl_with_legacy_suites() {
    if !is_installed("openssl", "version") {
        return;
    }
    for (theirs, ours) in [
        ("ECDHE-ECDSA-AES256-SHA", "TLS-ECDHE-ECDSA-WITH-AES-256-CBC-SHA"),
        ("ECDHE-ECDSA-AES128-SHA256", "TLS-ECDHE-ECDSA-WITH-AES-128-CBC-SHA256"),
        ("ECDHE-RSA-AES128-SHA", "TLS-ECDHE-RSA-WITH-AES-128-CBC-SHA"),
    ] {
        let setup = Setup { suite: Some(ours), ..if ours.contains("RSA") { RSA } else { EC } };
        openssl_server(setup, &["-cipher", theirs]);
        openssl_client(setup, &["-cipher", theirs]);
    }
}

#[test]
fn gnutls_servers() {
    if !is_installed("gnutls-serv", "--version") {
        return;
    }
    for priority in ["NORMAL", "NORMAL:%NO_SESSION_HASH", "NORMAL:-CIPHER-ALL:+CHACHA20-POLY1305", "NORMAL:-CIPHER-ALL:+AES-128-GCM"] {
        gnutls_server(EC, priority, &["--disable-client-cert"]);
    }
    gnutls_server(RSA, "NORMAL", &["--disable-client-cert"]);
    gnutls_server(RSA, "NORMAL", &["--disable-client-cert", "--mtu=400"]);
    gnutls_server(BOTH, "NORMAL", &["--require-client-cert", "--verify-client-cert"]);
}

#[test]
fn gnutls_clients() {
    if !is_installed("gnutls-cli", "--version") {
        return;
    }
    for priority in ["NORMAL", "NORMAL:%NO_SESSION_HASH", "NORMAL:-CIPHER-ALL:+CHACHA20-POLY1305", "NORMAL:-CIPHER-ALL:+AES-256-GCM"] {
        gnutls_client(EC, priority, &[]);
    }
    gnutls_client(RSA, "NORMAL", &[]);
    gnutls_client(RSA, "NORMAL", &["--mtu=400"]);
    gnutls_client(BOTH, "NORMAL", &[]);
}

#[test]
fn pre_shared_keys_with_openssl() {
    if !is_installed("openssl", "version") {
        return;
    }
    for suite in ["ECDHE-PSK-CHACHA20-POLY1305", "PSK-AES256-GCM-SHA384", "PSK-AES128-GCM-SHA256"] {
        let what = format!("openssl with {suite}");
        let options = ["-dtls1_2", "-psk_identity", IDENTITY, "-psk", KEY_HEX, "-cipher", suite];
        let port = free_port().to_string();
        let mut peer = Peer::start("openssl", ["s_server", "-accept", &port, "-nocert"].iter().chain(&options));
        peer.expect("ACCEPT", &what);
        let mut shell = Shell::connect(&psk_client(), port.parse().unwrap());
        shell.write(b"ping from us\n", &what);
        peer.expect("ping from us", &what);
        peer.input.write_all(b"and from openssl\n").unwrap();
        assert_eq!(shell.read(&what), b"and from openssl\n", "{what}");

        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = socket.local_addr().unwrap().to_string();
        let mut peer = Peer::start("openssl", ["s_client", "-connect", &address].iter().chain(&options));
        let mut shell = Shell::accept(&psk_server(), socket, &what);
        peer.input.write_all(b"ping from openssl\n").unwrap();
        assert_eq!(shell.read(&what), b"ping from openssl\n", "{what}");
        shell.write(b"and from us\n", &what);
        peer.expect("and from us", &what);
    }
}

#[test]
fn pre_shared_keys_with_gnutls() {
    if !is_installed("gnutls-serv", "--version") {
        return;
    }
    let keys = file("keys.psk", &format!("{IDENTITY}:{KEY_HEX}\n"));
    for (exchange, cipher) in [("ECDHE-PSK", "CHACHA20-POLY1305"), ("PSK", "AES-128-GCM"), ("PSK", "AES-256-GCM")] {
        let what = format!("gnutls with {exchange} and {cipher}");
        let priority = format!("--priority=NORMAL:-KX-ALL:+{exchange}:-CIPHER-ALL:+{cipher}");
        let port = free_port();
        let (port_option, passwords) = (format!("--port={port}"), format!("--pskpasswd={keys}"));
        let mut peer = Peer::start("gnutls-serv", ["--udp", "--echo", &port_option, &passwords, &priority].iter());
        peer.expect("UDP Echo Server listening on IPv4", &what);
        let mut shell = Shell::connect(&psk_client(), port);
        shell.write(b"ping", &what);
        assert_eq!(shell.read(&what), b"ping", "{what}");
        if exchange == "ECDHE-PSK" {
            // gnutls-cli 3.7 crashes after this handshake, also with gnutls-serv.
            continue;
        }

        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = format!("--port={}", socket.local_addr().unwrap().port());
        let (identity, key) = (format!("--pskusername={IDENTITY}"), format!("--pskkey={KEY_HEX}"));
        let mut peer = Peer::start("gnutls-cli", ["--udp", &port, &identity, &key, &priority, "127.0.0.1"].iter());
        let mut shell = Shell::accept(&psk_server(), socket, &what);
        peer.input.write_all(b"ping from gnutls\n").unwrap();
        assert_eq!(shell.read(&what), b"ping from gnutls\n", "{what}");
        shell.write(b"and from us\n", &what);
        peer.expect("and from us", &what);
    }
}

#[test]
fn renegotiation_is_refused_in_words() {
    if !is_installed("openssl", "version") {
        return;
    }
    let what = "openssl s_client that renegotiates";
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let mut peer = Peer::start("openssl", ["s_client", "-dtls1_2", "-connect", &address].iter());
    let mut shell = Shell::accept(&EC.server(), socket, what);
    peer.expect("Verify return code", what);
    peer.input.write_all(b"R\n").unwrap();
    peer.expect("RENEGOTIATING", what);
    // OpenSSL takes the refusal for the end, and says so.
    assert_eq!(shell.drive(|stream, now| stream.read(&mut [0; 100], now)), Err(Error::AlertReceived(40)));
    peer.expect("no renegotiation", what);
}

fn openssl_server(setup: Setup, options: &[&str]) {
    let what = format!("openssl s_server {options:?}, {setup:?}");
    let port = free_port().to_string();
    let files = Files::of(NAME, setup.server_key);
    let arguments = ["s_server", "-dtls1_2", "-accept", &port, "-cert", &files.leaf, "-key", &files.key, "-cert_chain", &files.chain];
    let mut peer = Peer::start("openssl", arguments.iter().chain(&["-CAfile", &Files::ca()]).chain(options));
    peer.expect("ACCEPT", &what);
    let mut shell = Shell::connect(&setup.client(), port.parse().unwrap());
    shell.write(b"ping from us\n", &what);
    peer.expect("ping from us", &what);
    peer.input.write_all(b"and from openssl\n").unwrap();
    assert_eq!(shell.read(&what), b"and from openssl\n", "{what}");
}

fn openssl_client(setup: Setup, options: &[&str]) {
    let what = format!("openssl s_client {options:?}, {setup:?}");
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let ca = Files::ca();
    let mut arguments: Vec<String> =
        ["s_client", "-dtls1_2", "-connect", &address, "-CAfile", &ca, "-verify_return_error"].map(str::to_owned).to_vec();
    if let Some(key) = setup.client_key {
        let files = Files::of("client", key);
        arguments.extend(["-cert".into(), files.leaf, "-key".into(), files.key, "-cert_chain".into(), files.chain]);
    }
    let mut peer = Peer::start("openssl", arguments.iter().map(String::as_str).chain(options.iter().copied()));
    let mut shell = Shell::accept(&setup.server(), socket, &what);
    peer.input.write_all(b"ping from openssl\n").unwrap();
    assert_eq!(shell.read(&what), b"ping from openssl\n", "{what}");
    shell.write(b"and from us\n", &what);
    peer.expect("and from us", &what);
    peer.expect("Verify return code: 0", &what);
}

fn gnutls_server(setup: Setup, priority: &str, options: &[&str]) {
    let what = format!("gnutls-serv {priority} {options:?}, {setup:?}");
    let port = free_port();
    let files = Files::of(NAME, setup.server_key);
    let port_option = format!("--port={port}");
    let (certificate, key) = (format!("--x509certfile={}", files.bundle), format!("--x509keyfile={}", files.key));
    let (ca, priority) = (format!("--x509cafile={}", Files::ca()), format!("--priority={priority}"));
    let arguments = ["--udp", "--echo", &port_option, &certificate, &key, &ca, &priority];
    let mut peer = Peer::start("gnutls-serv", arguments.iter().chain(options));
    peer.expect("UDP Echo Server listening on IPv4", &what);
    let mut shell = Shell::connect(&setup.client(), port);
    for message in [&b"ping"[..], &[b'x'; 200]] {
        shell.write(message, &what);
        assert_eq!(shell.read(&what), message, "{what}");
    }
}

fn gnutls_client(setup: Setup, priority: &str, options: &[&str]) {
    let what = format!("gnutls-cli {priority} {options:?}, {setup:?}");
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = format!("--port={}", socket.local_addr().unwrap().port());
    let (ca, priority) = (format!("--x509cafile={}", Files::ca()), format!("--priority={priority}"));
    let host = format!("--verify-hostname={NAME}");
    let mut arguments = vec!["--udp".into(), port, ca, priority, host];
    if let Some(key) = setup.client_key {
        let files = Files::of("client", key);
        arguments.extend([format!("--x509certfile={}", files.bundle), format!("--x509keyfile={}", files.key)]);
    }
    arguments.extend(options.iter().map(|option| (*option).to_owned()));
    arguments.push("127.0.0.1".into());
    let mut peer = Peer::start("gnutls-cli", arguments.iter().map(String::as_str));
    let mut shell = Shell::accept(&setup.server(), socket, &what);
    peer.expect("Handshake was completed", &what);
    peer.input.write_all(b"ping from gnutls\n").unwrap();
    assert_eq!(shell.read(&what), b"ping from gnutls\n", "{what}");
    shell.write(b"and from us\n", &what);
    peer.expect("and from us", &what);
}

/// Whether a peer is there; says so if it is not.
fn is_installed(program: &str, version: &str) -> bool {
    let found =
        Command::new(program).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if !found {
        println!("skipped: {program} is not installed");
    }
    found
}

fn free_port() -> u16 {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Certificates and keys as files.
struct Files {
    leaf: String,
    chain: String,
    bundle: String,
    key: String,
}

impl Files {
    fn of(name: &str, key: Key) -> Self {
        let bundle = String::from_utf8(chain(name, key)).unwrap();
        let second = bundle.rfind("-----BEGIN").unwrap();
        let label = if matches!(key, Key::Rsa2048) { "RSA PRIVATE KEY" } else { "EC PRIVATE KEY" };
        let file = |kind: &str, content: &str| file(&format!("{name}-{key:?}-{kind}.pem"), content);
        Self {
            leaf: file("leaf", &bundle[..second]),
            chain: file("chain", &bundle[second..]),
            bundle: file("bundle", &bundle),
            key: file("key", &pem(label, &key.private())),
        }
    }

    fn ca() -> String {
        file("ca.pem", &pem("CERTIFICATE", &Cert::ca("Test CA", CA).sign(CA)))
    }
}

fn file(name: &str, content: &str) -> String {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    let directory = DIRECTORY.get_or_init(|| {
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("dtls-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        directory
    });
    let path = directory.join(name);
    // Written once and then only read, because tests run side by side.
    if !path.exists() {
        let fresh = directory.join(format!("{name}-{:?}", thread::current().id()));
        fs::write(&fresh, content).unwrap();
        fs::rename(&fresh, &path).unwrap();
    }
    path.to_str().unwrap().to_owned()
}

/// Another implementation's command.
struct Peer {
    child: Child,
    input: std::process::ChildStdin,
    output: Arc<Mutex<String>>,
}

impl Peer {
    fn start(program: &str, arguments: impl Iterator<Item = impl AsRef<std::ffi::OsStr>>) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let output = Arc::new(Mutex::new(String::new()));
        collect(child.stdout.take().unwrap(), output.clone());
        collect(child.stderr.take().unwrap(), output.clone());
        Self { input: child.stdin.take().unwrap(), child, output }
    }

    fn expect(&mut self, text: &str, what: &str) {
        let started = Instant::now();
        while !self.output.lock().unwrap().contains(text) {
            assert!(started.elapsed() < PATIENCE, "{what}: no {text:?} in:\n{}", self.output.lock().unwrap());
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        _ = self.child.kill();
        _ = self.child.wait();
        if thread::panicking() {
            println!("{}", self.output.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        }
    }
}

fn collect(mut from: impl std::io::Read + Send + 'static, to: Arc<Mutex<String>>) {
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            to.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    });
}

/// A stream over a real socket, as a shell that can wait drives it.
struct Shell {
    socket: UdpSocket,
    stream: DtlsStream,
    started: Instant,
}

impl Shell {
    fn connect(context: &Context, port: u16) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        let stream = DtlsStream::new(context.connect_datagram(Some(NAME.as_bytes()), false, None).unwrap());
        Self { socket, stream, started: Instant::now() }
    }

    /// Serves the first client that comes, as MicroPython programs do: again after it was sent its
    /// cookie.
    fn accept(context: &Context, socket: UdpSocket, what: &str) -> Self {
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let client: SocketAddr = socket.peek_from(&mut [0]).unwrap_or_else(|error| panic!("{what}: {error}")).1;
        socket.connect(client).unwrap();
        let started = Instant::now();
        let mut socket = Some(socket);
        loop {
            let connection = context.connect_datagram(None, true, Some(client.to_string().as_bytes())).unwrap();
            let mut shell = Self { socket: socket.take().unwrap(), stream: DtlsStream::new(connection), started };
            match shell.drive(|stream, now| stream.handshake(now)) {
                Ok(_) => return shell,
                Err(Error::HelloVerifyRequired) => socket = Some(shell.socket),
                Err(error) => panic!("{what}: {error}"),
            }
        }
    }

    fn write(&mut self, data: &[u8], what: &str) {
        assert_eq!(self.drive(|stream, now| stream.write(data, now)), Ok(data.len()), "{what}");
    }

    fn read(&mut self, what: &str) -> Vec<u8> {
        let mut buffer = [0; 4096];
        let count = self.drive(|stream, now| stream.read(&mut buffer, now)).unwrap_or_else(|error| panic!("{what}: {error}"));
        buffer[..count].to_vec()
    }

    fn drive(&mut self, mut operation: impl FnMut(&mut DtlsStream, u64) -> Result<Step, Error>) -> Result<usize, Error> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            let now = self.started.elapsed().as_millis() as u64;
            let step = operation(&mut self.stream, now);
            match step {
                Ok(Step::Done(count)) => return Ok(count),
                Ok(Step::Receive) => {
                    let wait = self.stream.wait(now, Some(now + 1000)).unwrap();
                    self.socket.set_read_timeout(Some(Duration::from_millis(wait))).unwrap();
                    if let Ok(count) = self.socket.recv(self.stream.receive_space(1 << 16)) {
                        self.stream.received(count);
                    }
                }
                Ok(Step::Verify) => psk::answer(&mut self.stream)?,
                Ok(Step::Send) | Err(_) => {
                    while !self.stream.to_send().is_empty() {
                        // Nobody may be listening yet, or any more.
                        _ = self.socket.send(self.stream.to_send());
                        self.stream.sent();
                    }
                    step?;
                }
            }
        }
        Err(Error::Transport(110))
    }
}
