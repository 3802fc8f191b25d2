//! Two ends and a network between them that does what a test says, on a clock of its own.

use std::collections::BTreeMap;

use micropython_ssl::context::Context;
use micropython_ssl::dtls::DtlsConnection;
use micropython_ssl::error::Error;
use micropython_ssl::stream::Read;
use micropython_ssl::verify::{CERT_NONE, Endpoint};

use crate::support::pki::{self, Cert, Key};

pub use End::{Client, Server};

/// What both ends are made from.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    pub server_key: Key,
    /// The client's certificate, if it has one.
    pub client_key: Option<Key>,
    /// `verify_mode` of the server.
    pub client_auth: i32,
    pub mtu: usize,
    /// The only suite, if it is not left to the engine.
    pub suite: Option<&'static str>,
}

/// An ECDSA server and a client without a certificate.
pub const EC: Setup = Setup { server_key: Key::P256(1), client_key: None, client_auth: CERT_NONE, mtu: 1200, suite: None };
pub const RSA: Setup = Setup { server_key: Key::Rsa2048, ..EC };

/// The name that the server's certificate is for.
pub const NAME: &str = "device.test";
/// Who the client is for the cookie.
pub const CLIENT_ID: &[u8] = b"('192.0.2.1', 4711)";

/// Who signed everything.
pub const CA: Key = Key::P256(7);

impl Setup {
    pub fn client(self) -> Context {
        let mut context = Context::new(Endpoint::Client);
        context.set_time(pki::NOW);
        context.verify().add_anchors(&Cert::ca("Test CA", CA).sign(CA)).unwrap();
        context.set_dtls_mtu(self.mtu).unwrap();
        if let Some(key) = self.client_key {
            context.load_cert_chain(&chain("client", key), &key.private()).unwrap();
        }
        self.restrict(&mut context);
        context
    }

    pub fn server(self) -> Context {
        let mut context = Context::new(Endpoint::Server);
        context.set_time(pki::NOW);
        context.verify().set_mode(self.client_auth).unwrap();
        context.verify().add_anchors(&Cert::ca("Test CA", CA).sign(CA)).unwrap();
        context.set_dtls_mtu(self.mtu).unwrap();
        context.load_cert_chain(&chain(NAME, self.server_key), &self.server_key.private()).unwrap();
        self.restrict(&mut context);
        context
    }

    fn restrict(self, context: &mut Context) {
        if let Some(name) = self.suite {
            context.set_ciphers([name]).unwrap();
        }
    }
}

/// A leaf and its intermediate CA, so that a server's flight is longer than a datagram.
pub fn chain(name: &str, key: Key) -> Vec<u8> {
    let between = Key::P256(8);
    let leaf = Cert::new(name, key).issued_by("Between").with(pki::alt_names(&[pki::dns(name)])).sign(between);
    let intermediate = Cert::ca("Between", between).issued_by("Test CA").sign(CA);
    [pki::pem("CERTIFICATE", &leaf), pki::pem("CERTIFICATE", &intermediate)].concat().into_bytes()
}

/// One end of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    Client,
    Server,
}

impl End {
    pub fn other(self) -> Self {
        match self {
            Client => Server,
            Server => Client,
        }
    }
}

/// A datagram on its way.
#[derive(Clone, Debug)]
pub struct Datagram {
    pub from: End,
    /// How many this end sent before.
    pub index: usize,
    pub sent: u64,
    pub bytes: Vec<u8>,
}

/// What becomes of a datagram: what arrives, each after so many milliseconds.
pub type Fate = Vec<(u64, Vec<u8>)>;

/// How long a datagram takes.
pub const LATENCY: u64 = 10;

impl Datagram {
    pub fn arrives(&self) -> Fate {
        vec![(LATENCY, self.bytes.clone())]
    }

    pub fn arrives_after(&self, milliseconds: u64) -> Fate {
        vec![(milliseconds, self.bytes.clone())]
    }

    pub fn is_lost(&self) -> Fate {
        vec![]
    }

    /// Content types and epochs of its records.
    pub fn records(&self) -> Vec<(u8, u16)> {
        records(&self.bytes).into_iter().map(|record| (record[0], u16::from_be_bytes([record[3], record[4]]))).collect()
    }
}

/// Cuts a datagram into its records, headers included.
pub fn records(mut datagram: &[u8]) -> Vec<&[u8]> {
    let mut all = Vec::new();
    while datagram.len() >= 13 {
        let length = 13 + usize::from(u16::from_be_bytes([datagram[11], datagram[12]]));
        let (record, rest) = datagram.split_at(length);
        all.push(record);
        datagram = rest;
    }
    assert!(datagram.is_empty(), "what is sent is whole records");
    all
}

/// Both ends and what is between them. A server that asked for a cookie is replaced by the next one
/// of its context, as programs do.
pub struct World<'a> {
    pub client: DtlsConnection,
    pub server: DtlsConnection,
    server_context: &'a Context,
    fate: Box<dyn FnMut(&Datagram) -> Fate + 'a>,
    pub now: u64,
    /// Everything that was sent.
    pub sent: Vec<Datagram>,
    on_the_way: BTreeMap<(u64, usize), (End, Vec<u8>)>,
    arrivals: usize,
    /// Servers that ended by asking for a cookie.
    pub cookies: usize,
    pub outcome: BTreeMap<End, Error>,
}

impl<'a> World<'a> {
    pub fn new(client: &Context, server: &'a Context) -> Self {
        Self {
            client: client.connect_datagram(Some(NAME.as_bytes()), false, None).unwrap(),
            server: listen(server),
            server_context: server,
            fate: Box::new(Datagram::arrives),
            now: 5_000,
            sent: Vec::new(),
            on_the_way: BTreeMap::new(),
            arrivals: 0,
            cookies: 0,
            outcome: BTreeMap::new(),
        }
    }

    pub fn with_fate(mut self, fate: impl FnMut(&Datagram) -> Fate + 'a) -> Self {
        self.fate = Box::new(fate);
        self
    }

    pub fn end(&mut self, end: End) -> &mut DtlsConnection {
        match end {
            Client => &mut self.client,
            Server => &mut self.server,
        }
    }

    /// Lets time pass until nothing happens any more.
    pub fn run(&mut self) {
        self.run_until(|_| false);
    }

    /// Lets time pass until `stop` or until nothing happens any more.
    pub fn run_until(&mut self, mut stop: impl FnMut(&mut Self) -> bool) {
        for _ in 0..10_000 {
            for end in [Client, Server] {
                let now = self.now;
                let result = self.end(end).handle_timeout(now);
                self.note(end, result);
                self.collect(end);
            }
            if stop(self) {
                return;
            }
            let arrival = self.on_the_way.keys().next().map(|(at, _)| *at);
            let timeouts = [&self.client, &self.server].map(|end| end.next_timeout(self.now).map(|wait| self.now + wait));
            let Some(next) = timeouts.into_iter().chain([arrival]).flatten().min() else { return };
            self.now = self.now.max(next);
            while let Some(first) = self.on_the_way.first_entry().filter(|first| first.key().0 <= self.now) {
                let (to, bytes) = first.remove();
                self.deliver(to, bytes);
            }
        }
        panic!("the network never came to rest");
    }

    /// Hands a datagram to one end, now.
    pub fn deliver(&mut self, to: End, mut bytes: Vec<u8>) {
        let now = self.now;
        let result = self.end(to).feed_datagram(&mut bytes, now);
        self.collect(to);
        if result == Err(Error::HelloVerifyRequired) {
            self.cookies += 1;
            self.server = listen(self.server_context);
        } else {
            self.note(to, result);
        }
    }

    fn note(&mut self, end: End, result: Result<(), Error>) {
        if let Err(error) = result {
            self.outcome.entry(end).or_insert(error);
        }
    }

    fn collect(&mut self, from: End) {
        while let Some(bytes) = self.end(from).take_datagram() {
            let index = self.sent.iter().filter(|datagram| datagram.from == from).count();
            let datagram = Datagram { from, index, sent: self.now, bytes };
            for (delay, bytes) in (self.fate)(&datagram) {
                self.arrivals += 1;
                self.on_the_way.insert((self.now + delay, self.arrivals), (from.other(), bytes));
            }
            self.sent.push(datagram);
        }
    }

    pub fn is_connected(&self) -> bool {
        self.outcome.is_empty() && !self.client.is_handshaking() && !self.server.is_handshaking()
    }

    pub fn count(&self, from: End) -> usize {
        self.sent.iter().filter(|datagram| datagram.from == from).count()
    }

    /// Asserts that both ends are connected to each other: they agree, and data goes both ways,
    /// whole.
    pub fn assert_connected(&mut self, what: &str) {
        assert!(self.is_connected(), "{what}: {:?}, client {:?}, server {:?}", self.outcome, self.client, self.server);
        assert_eq!(self.client.negotiated(), self.server.negotiated(), "{what}");
        self.fate = Box::new(Datagram::arrives);
        for (from, message) in [(Client, b"ping".as_slice()), (Server, b"pong, and more")] {
            assert_eq!(self.send(from, message), [message], "{what}");
        }
    }

    /// Sends a message, and returns what the other end reads after all that is on the way has
    /// arrived.
    pub fn send(&mut self, from: End, message: &[u8]) -> Vec<Vec<u8>> {
        self.end(from).write(message).unwrap();
        self.run();
        self.read_all(from.other())
    }

    pub fn read_all(&mut self, end: End) -> Vec<Vec<u8>> {
        let mut messages = Vec::new();
        let mut buffer = [0; 1 << 14];
        while let Ok(Read::Data(count)) = self.end(end).read(&mut buffer) {
            messages.push(buffer[..count].to_vec());
        }
        messages
    }
}

/// A server that waits for one client.
pub fn listen(context: &Context) -> DtlsConnection {
    context.connect_datagram(None, true, Some(CLIENT_ID)).unwrap()
}

/// Numbers that look random and are the same every time (splitmix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % below
    }
}
