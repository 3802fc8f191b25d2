//! Certificates made with the openssl CLI, and a wire between two streams.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use micropython_ssl::context::{Context, Version};
use micropython_ssl::error::Error;
use micropython_ssl::stream::Step;
use micropython_ssl::tls::TlsStream;
use micropython_ssl::verify::Endpoint;

/// The name that every server certificate is for.
pub const NAME: &str = "localhost";

/// A CA and server certificates of several key types, in a directory of this process.
pub struct Pki {
    pub dir: PathBuf,
}

/// Key types to test with, as file name stems.
pub const KEYS: [&str; 5] = ["ec256", "ec384", "ec521", "rsa2048", "ed25519"];

pub fn pki() -> &'static Pki {
    static PKI: OnceLock<Pki> = OnceLock::new();
    PKI.get_or_init(|| {
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("pki-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let pki = Pki { dir };
        pki.openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -subj /CN=Test-CA -days 2");
        for (name, key) in [
            ("ec256", "ec -pkeyopt ec_paramgen_curve:P-256"),
            ("ec384", "ec -pkeyopt ec_paramgen_curve:P-384"),
            ("ec521", "ec -pkeyopt ec_paramgen_curve:P-521"),
            ("rsa2048", "rsa:2048"),
            ("ed25519", "ed25519"),
        ] {
            pki.issue(name, key, "subjectAltName=DNS:localhost,IP:127.0.0.1");
        }
        pki
    })
}

impl Pki {
    pub fn path(&self, file: &str) -> String {
        self.dir.join(file).to_str().unwrap().to_owned()
    }

    pub fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.dir.join(file)).unwrap()
    }

    /// A certificate `name.pem` with `name.key` and one extension, signed by the CA.
    pub fn issue(&self, name: &str, key: &str, extension: &str) {
        fs::write(
            self.dir.join(format!("{name}.cnf")),
            format!("[req]\ndistinguished_name=dn\nx509_extensions=ext\nprompt=no\n[dn]\nCN=localhost\n[ext]\nbasicConstraints=CA:FALSE\n{extension}\n"),
        )
        .unwrap();
        self.openssl(&format!(
            "req -x509 -newkey {key} -nodes -keyout {name}.key -out {name}.pem -days 2 -CA ca.pem -CAkey ca.key -config {name}.cnf"
        ));
    }

    fn openssl(&self, args: &str) {
        let output = Command::new("openssl").args(args.split(' ')).current_dir(&self.dir).output().expect("openssl is installed");
        assert!(output.status.success(), "openssl {args}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// The time, not before the certificates were made.
pub fn now() -> u64 {
    pki();
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A client that trusts the test CA.
pub fn client_context() -> Context {
    let context = Context::new(Endpoint::Client);
    context.set_time(now());
    context.verify().add_anchors(&pki().read("ca.pem")).unwrap();
    context
}

/// A client that suits the server's key: mbedTLS knows no Ed25519, so that CERT_REQUIRED refuses
/// it.
pub fn client_context_for(key: &str) -> Context {
    let context = client_context();
    if key == "ed25519" {
        context.verify().set_mode(1).unwrap();
    }
    context
}

/// A server with one of [`KEYS`].
pub fn server_context(key: &str) -> Context {
    let mut context = Context::new(Endpoint::Server);
    context.set_time(now());
    context.load_cert_chain(&pki().read(&format!("{key}.pem")), &pki().read(&format!("{key}.key"))).unwrap();
    context
}

pub fn only(mut context: Context, version: Version) -> Context {
    context.set_versions(version, version).unwrap();
    context
}

pub fn client(context: &Context) -> TlsStream {
    TlsStream::new(context.connect(Some(NAME.as_bytes()), false).unwrap())
}

pub fn server(context: &Context) -> TlsStream {
    TlsStream::new(context.connect(None, true).unwrap())
}

/// Moves what `from` has to send to `to`, cut into pieces of at most `piece` bytes; `to` works on
/// each as `react` says.
pub fn carry(from: &mut TlsStream, to: &mut TlsStream, piece: usize, mut react: impl FnMut(&mut TlsStream)) -> usize {
    let bytes = take(from);
    for part in bytes.chunks(piece) {
        deliver(to, part);
        react(to);
    }
    bytes.len()
}

pub fn deliver(to: &mut TlsStream, bytes: &[u8]) {
    to.receive_space(bytes.len())[..bytes.len()].copy_from_slice(bytes);
    to.received(bytes.len());
}

/// Completes the handshake of a pair over a wire that carries `piece` bytes at a time.
pub fn handshake(client: &mut TlsStream, server: &mut TlsStream, piece: usize) -> (Result<(), Error>, Result<(), Error>) {
    let mut results = [None, None];
    for _ in 0..20 {
        for (stream, result) in [&mut *client, &mut *server].into_iter().zip(&mut results) {
            settle(stream, result);
        }
        let (first, second) = results.split_at_mut(1);
        let moved = carry(client, server, piece, |server| settle(server, &mut second[0]))
            + carry(server, client, piece, |client| settle(client, &mut first[0]));
        if moved == 0 {
            break;
        }
    }
    let [client, server] = results.map(|result| result.unwrap_or(Err(Error::ConnEof)));
    (client, server)
}

/// Goes on with a handshake, as a program does whose callback refuses nobody.
fn settle(stream: &mut TlsStream, result: &mut Option<Result<(), Error>>) {
    while result.is_none() {
        let step = match stream.handshake() {
            Ok(Step::Verify) => stream.decide(Some(0)).map(|()| Step::Verify),
            other => other,
        };
        match step {
            Ok(Step::Done(_)) => *result = Some(Ok(())),
            Ok(Step::Send | Step::Receive) => return,
            Ok(Step::Verify) => {}
            Err(error) => *result = Some(Err(error)),
        }
    }
}

/// A pair after its handshake.
pub fn connected(client_context: &Context, server_context: &Context) -> (TlsStream, TlsStream) {
    let (mut client, mut server) = (client(client_context), server(server_context));
    let (ours, theirs) = handshake(&mut client, &mut server, usize::MAX);
    assert_eq!((ours, theirs), (Ok(()), Ok(())));
    (client, server)
}

/// Everything that can be read without receiving more; true at end of file.
pub fn read_available(stream: &mut TlsStream) -> Result<(Vec<u8>, bool), Error> {
    let (mut all, mut part) = (Vec::new(), vec![0; 5000]);
    loop {
        match stream.read(&mut part)? {
            Step::Done(0) => return Ok((all, true)),
            Step::Done(count) => all.extend_from_slice(&part[..count]),
            Step::Send | Step::Receive | Step::Verify => return Ok((all, false)),
        }
    }
}

/// Writes all of `data` and returns its ciphertext.
pub fn write(stream: &mut TlsStream, data: &[u8]) -> Vec<u8> {
    assert_eq!(stream.write(data), Ok(Step::Send));
    let bytes = take(stream);
    assert_eq!(stream.write(data), Ok(Step::Done(data.len())));
    bytes
}

/// What waits to be sent.
pub fn take(stream: &mut TlsStream) -> Vec<u8> {
    let bytes = stream.to_send().to_vec();
    stream.sent(bytes.len());
    bytes
}
