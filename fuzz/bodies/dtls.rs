//! A DTLS client, a server and somebody between them who does as the input says: nothing panics,
//! and whoever reads data reads what was written.

use std::collections::VecDeque;
use std::sync::OnceLock;

use micropython_ssl::context::Context;
use micropython_ssl::dtls::DtlsConnection;
use micropython_ssl::error::Error;
use micropython_ssl::stream::Read;
use micropython_ssl::verify::{CERT_REQUIRED, Endpoint};

const CERTIFICATE: &[u8] = include_bytes!("../data/cert.pem");
const KEY: &[u8] = include_bytes!("../data/key.pem");
const NAME: &[u8] = b"device.test";
const KEY_OF_NAME: &[u8] = b"0123456789abcdef";
const PSK_SUITES: [&str; 2] = ["TLS-ECDHE-PSK-WITH-CHACHA20-POLY1305-SHA256", "TLS-PSK-WITH-AES-128-GCM-SHA256"];
const NOW: u64 = 1_800_000_000; // 2027-01-15

/// The first byte says what both ends are set to; the others are actions with their arguments.
pub(crate) fn run(input: &[u8]) {
    let Some((&settings, actions)) = input.split_first() else { return };
    World::new(settings).act(actions);
}

/// Both ends, and the datagrams between them: index 0 is what goes to the client, 1 to the server.
struct World {
    ends: [DtlsConnection; 2],
    server: &'static Context,
    queues: [VecDeque<Vec<u8>>; 2],
    seen: Vec<Vec<u8>>,
    now: u64,
}

const WORDS: [&[u8]; 2] = [b"what the server writes", b"what the client writes"];

impl World {
    fn new(settings: u8) -> Self {
        let [client, server] = contexts(settings);
        let ends = [client.connect_datagram(Some(NAME), false, None).unwrap(), listen(server)];
        Self { ends, server, queues: Default::default(), seen: Vec::new(), now: 10_000 }
    }

    fn act(&mut self, mut input: &[u8]) {
        self.collect();
        while let Some((&action, rest)) = input.split_first() {
            let to = usize::from(action >> 7);
            let (arguments, rest) = rest.split_at(rest.len().min(ARGUMENTS[usize::from(action & 7)]));
            input = rest;
            let number = arguments.iter().fold(0, |number, &byte| number << 8 | usize::from(byte));
            match action & 7 {
                // What came first arrives, whole, changed, cut, or not at all.
                0 => self.arrive(to, |_| {}),
                1 => self.arrive(to, |datagram| {
                    let at = (number >> 8) % datagram.len();
                    datagram[at] ^= number as u8 | 1;
                }),
                2 => self.arrive(to, |datagram| datagram.truncate(number % datagram.len())),
                3 => drop(self.queues[to].pop_front()),
                // Something arrives again, at either end, or with something else behind it.
                4 => {
                    if let Some(old) = self.seen.get(number % self.seen.len().max(1)).cloned() {
                        self.deliver(to, old);
                    }
                }
                5 => {
                    let datagram = [self.queues[to].pop_front(), self.queues[to].pop_back()].into_iter().flatten().flatten().collect();
                    self.deliver(to, datagram);
                }
                // What the input says arrives.
                6 => {
                    let (invented, rest) = input.split_at(number.min(input.len()));
                    input = rest;
                    self.deliver(to, invented.to_vec());
                }
                _ => {
                    self.now += 1 << (number % 17);
                    self.collect();
                    // Before the end of a handshake, and after a failure, there is nothing to
                    // write.
                    _ = self.ends[1 - to].write(WORDS[to]);
                }
            }
            self.collect();
        }
    }

    fn arrive(&mut self, to: usize, change: impl FnOnce(&mut Vec<u8>)) {
        if let Some(mut datagram) = self.queues[to].pop_front() {
            change(&mut datagram);
            self.deliver(to, datagram);
        }
    }

    fn deliver(&mut self, to: usize, mut datagram: Vec<u8>) {
        let result = self.ends[to].feed_datagram(&mut datagram, self.now);
        self.collect();
        if result == Err(Error::HelloVerifyRequired) {
            self.ends[1] = listen(self.server);
        }
        if let Some(known) = self.ends[to].psk_identity().map(|identity| identity == NAME) {
            _ = self.ends[to].provide_psk(known.then_some(KEY_OF_NAME));
        }
        let mut data = [0; 64];
        while let Ok(Read::Data(count)) = self.ends[to].read(&mut data) {
            assert_eq!(&data[..count], WORDS[to]);
        }
    }

    fn collect(&mut self) {
        for from in [0, 1] {
            _ = self.ends[from].handle_timeout(self.now);
            while let Some(datagram) = self.ends[from].take_datagram() {
                self.seen.push(datagram.clone());
                self.queues[1 - from].push_back(datagram);
            }
            self.queues[from].truncate(64);
        }
        self.seen.truncate(256);
    }
}

/// How many bytes of the input an action takes.
const ARGUMENTS: [usize; 8] = [0, 3, 2, 0, 1, 0, 2, 1];

fn listen(server: &Context) -> DtlsConnection {
    server.connect_datagram(None, true, Some(b"client")).unwrap()
}

/// The client's and the server's: to make them takes longer than most handshakes.
fn contexts(settings: u8) -> &'static [Context; 2] {
    static CONTEXTS: [OnceLock<[Context; 2]>; 16] = [const { OnceLock::new() }; 16];
    let settings = settings % 16;
    CONTEXTS[usize::from(settings)].get_or_init(|| [Endpoint::Client, Endpoint::Server].map(|endpoint| context(endpoint, settings)))
}

fn context(endpoint: Endpoint, settings: u8) -> Context {
    let (mutual, psk) = (settings & 1 != 0, settings & 2 != 0);
    let mut context = Context::new(endpoint);
    context.set_time(NOW);
    context.set_dtls_mtu(if mutual { 300 } else { 1200 }).unwrap();
    context.verify().add_anchors(CERTIFICATE).unwrap();
    context.load_cert_chain(CERTIFICATE, KEY).unwrap();
    if mutual {
        context.verify().set_mode(CERT_REQUIRED).unwrap();
    }
    if psk {
        context.set_ciphers([PSK_SUITES[usize::from(settings >> 2 & 1)]]).unwrap();
        match endpoint {
            Endpoint::Server if settings & 8 == 0 => context.ask_for_psks(),
            _ => context.set_psk(NAME, KEY_OF_NAME).unwrap(),
        }
    }
    context
}
