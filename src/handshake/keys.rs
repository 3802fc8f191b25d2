//! From a key exchange to what protects records and proves that both sides saw the same handshake
//! (RFC 5246, RFC 7627).

use alloc::vec::Vec;

use rustls::crypto::cipher::KeyBlockShape;
use rustls::crypto::hash;
use rustls::{KeyLog, Tls12CipherSuite};
use zeroize::Zeroizing;

use super::message::Message;
use super::psk::KeyExchange;
use crate::crypto::record::{Protection, Tls12Record};
use crate::crypto::suites;
use crate::verify::Endpoint;

/// NSS Key Log Format
const CLIENT_RANDOM: &str = "CLIENT_RANDOM";

/// Two keys for MACs and two for ciphers have the most.
const MAX_KEY_BLOCK: usize = 2 * (48 + 32);

/// Bytes of a Finished message.
pub(super) const VERIFY_DATA: usize = 12;

/// The random numbers of both hellos.
#[derive(Clone)]
pub(super) struct Randoms {
    pub(super) client: [u8; 32],
    pub(super) server: [u8; 32],
}

impl Randoms {
    pub(super) fn client_first(&self) -> [u8; 64] {
        concat(&self.client, &self.server)
    }

    fn server_first(&self) -> [u8; 64] {
        concat(&self.server, &self.client)
    }
}

/// What was agreed on with the hellos.
#[derive(Clone)]
pub(super) struct Agreement {
    pub(super) suite: &'static Tls12CipherSuite,
    pub(super) exchange: KeyExchange,
    pub(super) protection: Protection,
    pub(super) randoms: Randoms,
    pub(super) extended_master_secret: bool,
}

/// What protects the records of one connection.
pub(crate) struct Keys {
    pub(crate) write: Tls12Record,
    pub(crate) read: Tls12Record,
    /// Records that one key may protect.
    pub(crate) limit: u64,
}

/// The master secret of a handshake; wiped when dropped.
pub(super) struct Secrets {
    agreement: Agreement,
    master: Zeroizing<[u8; 48]>,
}

impl Secrets {
    /// From the premaster secret. `transcript` ends with the ClientKeyExchange.
    pub(super) fn derive(agreement: Agreement, premaster: &[u8], transcript: &Transcript) -> Self {
        let mut master = Zeroizing::new([0; 48]);
        let hash = transcript.hash(agreement.suite);
        let randoms = agreement.randoms.client_first();
        let (label, seed): (&[u8], &[u8]) = match agreement.extended_master_secret {
            true => (b"extended master secret", hash.as_ref()),
            false => (b"master secret", &randoms),
        };
        agreement.suite.prf_provider.for_secret(&mut *master, premaster, label, seed);
        Self { agreement, master }
    }

    /// The keys of records, for this endpoint.
    pub(super) fn keys(&self, endpoint: Endpoint) -> Keys {
        let Agreement { suite, protection, ref randoms, .. } = self.agreement;
        let KeyBlockShape { enc_key_len: first, fixed_iv_len: second, .. } = suite.aead_alg.key_block_shape();
        let mut block = Zeroizing::new([0; MAX_KEY_BLOCK]);
        suite.prf_provider.for_secret(&mut block[..2 * (first + second)], &*self.master, b"key expansion", &randoms.server_first());
        let (firsts, seconds) = block.split_at(2 * first);
        let client = Tls12Record::new(protection, &firsts[..first], &seconds[..second]);
        let server = Tls12Record::new(protection, &firsts[first..], &seconds[second..2 * second]);
        let (write, read) = match endpoint {
            Endpoint::Client => (client, server),
            Endpoint::Server => (server, client),
        };
        Keys { write, read, limit: suite.common.confidentiality_limit }
    }

    /// The verify_data of the Finished message of `endpoint`, after a handshake whose hash is
    /// `transcript`'s.
    pub(super) fn verify_data(&self, endpoint: Endpoint, transcript: hash::Output) -> [u8; VERIFY_DATA] {
        let label: &[u8] = match endpoint {
            Endpoint::Client => b"client finished",
            Endpoint::Server => b"server finished",
        };
        let mut data = [0; VERIFY_DATA];
        self.agreement.suite.prf_provider.for_secret(&mut data, &*self.master, label, transcript.as_ref());
        data
    }

    /// Logs the master secret for programs that decrypt captures.
    pub(super) fn log(&self, key_log: &dyn KeyLog) {
        if key_log.will_log(CLIENT_RANDOM) {
            key_log.log(CLIENT_RANDOM, &self.agreement.randoms.client, &*self.master);
        }
    }

    pub(super) fn agreement(&self) -> &Agreement {
        &self.agreement
    }
}

/// All messages of a handshake so far, but for the first ClientHello and the HelloVerifyRequest
/// (RFC 6347, section 4.2.1).
#[derive(Default)]
pub(super) struct Transcript {
    bytes: Vec<u8>,
    /// Where the last message begins.
    last: usize,
}

impl Transcript {
    pub(super) fn add(&mut self, message: &Message) {
        self.last = self.bytes.len();
        self.bytes.extend_from_slice(&message.bytes);
    }

    /// The messages before the last one, which is about them.
    pub(super) fn before_last(&self) -> &[u8] {
        self.bytes.get(..self.last).unwrap_or_default()
    }

    /// All messages.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn hash(&self, suite: &Tls12CipherSuite) -> hash::Output {
        suite.common.hash_provider.hash(&self.bytes)
    }

    pub(super) fn hash_before_last(&self, suite: &Tls12CipherSuite) -> hash::Output {
        suite.common.hash_provider.hash(self.before_last())
    }

    /// Forgets everything and gives the memory back.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// The protection that the suite's records need; `None` if it is not one for this handshake.
pub(super) fn protection(suite: &Tls12CipherSuite) -> Option<Protection> {
    suites::protection(suite.common.suite)
}

fn concat(first: &[u8; 32], second: &[u8; 32]) -> [u8; 64] {
    let mut both = [0; 64];
    both[..32].copy_from_slice(first);
    both[32..].copy_from_slice(second);
    both
}
