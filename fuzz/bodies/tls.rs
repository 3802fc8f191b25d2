//! A TLS client, a server and somebody between them who knows the keys and does as the input says:
//! nothing panics, everything ends, and where nobody forged anything, whoever reads data reads what
//! was written.

use std::collections::VecDeque;

use micropython_ssl::context::{Context, Version};
use micropython_ssl::stream::Step;
use micropython_ssl::tls::TlsStream;
use micropython_ssl::verify::{CERT_REQUIRED, Endpoint};

#[path = "../../tests/support/forge.rs"]
#[allow(dead_code, unreachable_pub)]
mod forge;

use forge::{SUITES, Secrets, records};

const CERTIFICATE: &[u8] = include_bytes!("../data/cert.pem");
const KEY: &[u8] = include_bytes!("../data/key.pem");
const NAME: &[u8] = b"device.test";
const KEY_OF_NAME: &[u8] = b"0123456789abcdef";
/// Protected as the last of [`SUITES`].
const PSK_SUITE: &str = "TLS-ECDHE-PSK-WITH-CHACHA20-POLY1305-SHA256";
/// Without ECDHE, and with another protection, so that nobody forges its records.
const PLAIN_PSK_SUITE: &str = "TLS-PSK-WITH-AES-128-GCM-SHA256";
const NOW: u64 = 1_800_000_000; // 2027-01-15
const WORDS: [&[u8]; 2] = [b"what the server writes", b"what the client writes"];
/// How many bytes of the input an action takes.
const ARGUMENTS: [usize; 8] = [0, 3, 2, 0, 1, 2, 4, 1];

/// The first byte says what both ends are set to; the others are actions with their arguments.
pub(crate) fn run(input: &[u8]) {
    let Some((&settings, actions)) = input.split_first() else { return };
    let mut world = World::new(settings);
    world.act(actions);
    world.end();
}

/// Both ends, and the records between them: index 0 is the client and what goes to it, 1 the
/// server.
struct World {
    ends: [TlsStream; 2],
    queues: [VecDeque<Vec<u8>>; 2],
    seen: Vec<Vec<u8>>,
    secrets: Secrets,
    version: Version,
    server_random: Vec<u8>,
    forged: bool,
}

impl World {
    fn new(settings: u8) -> Self {
        let psk = settings & 4 != 0;
        let version = if settings & 1 == 0 && !psk { Version::Tls13 } else { Version::Tls12 };
        let mutual = settings & 2 != 0;
        // With pre-shared keys: for one end both suites, so that certificates are agreed on.
        let certificates_too = match settings & 24 {
            8 => Some(Endpoint::Client),
            16 => Some(Endpoint::Server),
            _ => None,
        };
        let psk_suite = if settings & 24 == 24 { PLAIN_PSK_SUITE } else { PSK_SUITE };
        let [mut client, server] = [Endpoint::Client, Endpoint::Server].map(|endpoint| {
            let mut context = Context::new(endpoint);
            context.set_time(NOW);
            context.verify().add_anchors(CERTIFICATE).unwrap();
            if endpoint == Endpoint::Server || mutual {
                context.load_cert_chain(CERTIFICATE, KEY).unwrap();
            }
            if mutual {
                context.verify().set_mode(CERT_REQUIRED).unwrap();
            }
            context.set_versions(version, version).unwrap();
            let suites = SUITES.into_iter().filter(|suite| suite.starts_with("TLS1-3") == (version == Version::Tls13));
            if psk && certificates_too.is_none_or(|end| end == endpoint) {
                context.set_ciphers(suites.filter(|_| certificates_too.is_some()).chain([psk_suite])).unwrap();
                match endpoint {
                    Endpoint::Server if settings & 32 == 0 => context.ask_for_psks(),
                    _ => context.set_psk(NAME, KEY_OF_NAME).unwrap(),
                }
            } else {
                context.set_ciphers(suites).unwrap();
            }
            context
        });
        let secrets = Secrets::of(&mut client);
        let ends = [client.connect(Some(NAME), false), server.connect(None, true)].map(|connection| TlsStream::new(connection.unwrap()));
        let mut world =
            Self { ends, queues: Default::default(), seen: Vec::new(), secrets, version, server_random: Vec::new(), forged: false };
        world.settle(0);
        world
    }

    fn act(&mut self, mut input: &[u8]) {
        while let Some((&action, rest)) = input.split_first() {
            let to = usize::from(action >> 7);
            let (arguments, rest) = rest.split_at(rest.len().min(ARGUMENTS[usize::from(action & 7)]));
            input = rest;
            let number = arguments.iter().fold(0, |number, &byte| number << 8 | usize::from(byte));
            match action & 7 {
                // What came first arrives, whole, changed, cut, or not at all.
                0 => self.arrive(to, |_| {}),
                1 => self.arrive(to, |record| {
                    let at = (number >> 8) % record.len();
                    record[at] ^= number as u8 | 1;
                }),
                2 => self.arrive(to, |record| record.truncate(number % record.len())),
                3 => drop(self.queues[to].pop_front()),
                // A record arrives again, at either end.
                4 => {
                    if let Some(old) = self.seen.get(number % self.seen.len().max(1)).cloned() {
                        self.deliver(to, &old);
                    }
                }
                // What the input says arrives, as it is, or protected as the other end would.
                5 => {
                    let (invented, rest) = input.split_at(number.min(input.len()));
                    input = rest;
                    self.deliver(to, invented);
                }
                6 => {
                    let [which, content_type, seq, length] = std::array::from_fn(|at| arguments.get(at).copied().unwrap_or(0));
                    let (content, rest) = input.split_at(usize::from(length).min(input.len()));
                    input = rest;
                    self.forge(to, which, content_type, seq.into(), content);
                }
                // One end writes, or closes.
                _ if number == 0 => drop(self.ends[1 - to].close()),
                _ => _ = self.ends[1 - to].write(WORDS[to]),
            }
            self.settle(0);
            self.settle(1);
        }
    }

    fn arrive(&mut self, to: usize, change: impl FnOnce(&mut Vec<u8>)) {
        if let Some(mut record) = self.queues[to].pop_front() {
            change(&mut record);
            self.deliver(to, &record);
        }
    }

    fn deliver(&mut self, to: usize, bytes: &[u8]) {
        self.ends[to].receive_space(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.ends[to].received(bytes.len());
        self.settle(to);
    }

    fn forge(&mut self, to: usize, which: u8, content_type: u8, seq: u64, content: &[u8]) {
        let keys = match self.version {
            Version::Tls12 => self.secrets.tls12(&self.server_random).map(|[client, server]| if to == 1 { client } else { server }),
            Version::Tls13 => {
                let stage = if which & 1 == 0 { "TRAFFIC_SECRET_0" } else { "HANDSHAKE_TRAFFIC_SECRET" };
                self.secrets.tls13(&format!("{}_{stage}", ["SERVER", "CLIENT"][to]))
            }
        };
        if let Some(mut keys) = keys {
            self.forged = true;
            keys.seq = seq;
            (0..which >> 4).for_each(|_| keys.update());
            let record = keys.seal(content_type, content);
            self.deliver(to, &record);
        }
    }

    /// Lets one end do what it can.
    fn settle(&mut self, end: usize) {
        let mut data = [0; 64];
        for step in 0.. {
            assert!(step < 10_000, "it does not end");
            match self.ends[end].read(&mut data) {
                Ok(Step::Done(0) | Step::Receive) | Err(_) => break,
                Ok(Step::Done(count)) => assert!(self.forged || WORDS[end].repeat(2).windows(count).any(|words| words == &data[..count])),
                Ok(Step::Verify) => {
                    let known = self.ends[end].psk_identity() == Some(NAME);
                    _ = self.ends[end].provide_psk(known.then_some(KEY_OF_NAME));
                }
                Ok(_) => self.collect(end),
            }
        }
        self.collect(end);
    }

    fn collect(&mut self, from: usize) {
        let bytes = self.ends[from].to_send().to_vec();
        self.ends[from].sent(bytes.len());
        for record in records(&bytes) {
            if from == 1 && self.server_random.is_empty() && record.len() > 43 {
                self.server_random = record[11..43].to_vec();
            }
            self.seen.push(record.to_vec());
            self.queues[1 - from].push_back(record.to_vec());
        }
        self.seen.truncate(256);
        self.queues[1 - from].truncate(256);
    }

    /// The transport ends; so do both ends, and keep no memory.
    fn end(mut self) {
        for end in [0, 1] {
            self.ends[end].received_eof();
            self.settle(end);
            assert!(matches!(self.ends[end].read(&mut [0]), Ok(Step::Done(0)) | Err(_)));
            self.collect(end);
            assert!(self.ends[end].connection().peer_description().is_none_or(|text| text.starts_with('{')));
            assert!(self.ends[end].connection().buffered() < 100_000);
        }
    }
}
