//! Records as no honest peer sends them, protected with the keys of a connection that its key log
//! tells.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use chacha20poly1305::aead::inout::InOutBuf;
use chacha20poly1305::{AeadInOut, ChaCha20Poly1305, KeyInit};
use hmac::{Hmac, Mac};
use micropython_ssl::context::{Context, Version};
use micropython_ssl::key_log::KeyLog;
use sha2::Sha256;

pub const CHANGE_CIPHER_SPEC: u8 = 20;
pub const ALERT: u8 = 21;
pub const HANDSHAKE: u8 = 22;
pub const APPLICATION_DATA: u8 = 23;

/// The only suites that [`Keys`] knows.
pub const SUITES: [&str; 2] = ["TLS1-3-CHACHA20-POLY1305-SHA256", "TLS-ECDHE-ECDSA-WITH-CHACHA20-POLY1305-SHA256"];

/// Bytes from their hexadecimal digits.
pub fn hex(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// A record in the clear.
pub fn record(content_type: u8, content: &[u8]) -> Vec<u8> {
    [&[content_type, 3, 3][..], &(content.len() as u16).to_be_bytes(), content].concat()
}

/// A handshake message.
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &(body.len() as u32).to_be_bytes()[1..], body].concat()
}

/// The records at the start of `bytes`.
pub fn records(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut all = Vec::new();
    while let [_, _, _, high, low, ..] = *bytes {
        let Some((record, rest)) = bytes.split_at_checked(5 + usize::from(u16::from_be_bytes([high, low]))) else { break };
        all.push(record);
        bytes = rest;
    }
    all
}

/// What the key log of a context has told.
#[derive(Clone)]
pub struct Secrets(Arc<KeyLog>, Arc<Mutex<HashMap<String, Vec<u8>>>>);

impl Secrets {
    pub fn of(context: &mut Context) -> Self {
        context.set_key_log(true);
        Self(context.key_log().clone(), Arc::default())
    }

    pub fn get(&self, label: &str) -> Option<Vec<u8>> {
        let mut told = self.1.lock().unwrap();
        for line in self.0.take().lines() {
            let mut words = line.split(' ');
            let (label, random, secret) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
            told.insert("random".into(), hex(random));
            told.insert(label.into(), hex(secret));
        }
        told.get(label).cloned()
    }

    /// The keys of TLS 1.3 that this secret makes, once it is known.
    pub fn tls13(&self, label: &str) -> Option<Keys> {
        Some(Keys::tls13(self.get(label)?))
    }

    /// The keys of the client and of the server in TLS 1.2.
    pub fn tls12(&self, server_random: &[u8]) -> Option<[Keys; 2]> {
        let master = self.get("CLIENT_RANDOM")?;
        let seed = [&b"key expansion"[..], server_random, &self.get("random")?].concat();
        let (mut block, mut a) = (Vec::new(), seed.clone());
        while block.len() < 88 {
            a = hmac(&master, &[&a]);
            block.extend(hmac(&master, &[&a, &seed]));
        }
        Some([Keys::new(Version::Tls12, &block[..32], &block[64..76]), Keys::new(Version::Tls12, &block[32..64], &block[76..88])])
    }
}

/// HKDF-Expand-Label without a context (RFC 8446, section 7.1)
fn expand(secret: &[u8], label: &str, length: usize) -> Vec<u8> {
    let label = format!("tls13 {label}");
    let info = [&(length as u16).to_be_bytes()[..], &[label.len() as u8], label.as_bytes(), &[0, 1]].concat();
    hmac(secret, &[&info])[..length].to_vec()
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

/// Protects records in one direction, or takes the protection off.
#[derive(Clone)]
pub struct Keys {
    pub version: Version,
    /// What TLS 1.3 makes the next keys of.
    secret: Vec<u8>,
    cipher: ChaCha20Poly1305,
    iv: [u8; 12],
    /// The number of the next record.
    pub seq: u64,
}

impl Keys {
    fn new(version: Version, key: &[u8], iv: &[u8]) -> Self {
        Self { version, secret: Vec::new(), cipher: ChaCha20Poly1305::new_from_slice(key).unwrap(), iv: iv.try_into().unwrap(), seq: 0 }
    }

    fn tls13(secret: Vec<u8>) -> Self {
        Self { secret: secret.clone(), ..Self::new(Version::Tls13, &expand(&secret, "key", 32), &expand(&secret, "iv", 12)) }
    }

    /// The keys after a key update.
    pub fn update(&mut self) {
        *self = Self::tls13(expand(&self.secret, "traffic upd", 32));
    }

    /// The next record, as it should be.
    pub fn seal(&mut self, content_type: u8, content: &[u8]) -> Vec<u8> {
        match self.version {
            Version::Tls12 => self.seal_under([content_type, 3, 3], content),
            Version::Tls13 => self.seal_under([APPLICATION_DATA, 3, 3], &[content, &[content_type]].concat()),
        }
    }

    /// The next record with this header and what is encrypted in it, whatever that is.
    pub fn seal_under(&mut self, header: [u8; 3], inner: &[u8]) -> Vec<u8> {
        let length = ((inner.len() + 16) as u16).to_be_bytes();
        let mut sealed = inner.to_vec();
        let tag = self
            .cipher
            .encrypt_inout_detached(&self.nonce().into(), &self.associated(header, inner.len()), InOutBuf::from(&mut sealed[..]))
            .unwrap();
        self.seq += 1;
        [&header[..], &length, &sealed, &tag].concat()
    }

    /// Content type and content of a record, if it is the next; tries some numbers.
    pub fn open(&self, record: &[u8]) -> Option<(u8, Vec<u8>)> {
        let (header, rest) = record.split_first_chunk::<5>()?;
        let (sealed, tag) = rest.split_last_chunk::<16>()?;
        for seq in 0..50 {
            let keys = Self { seq, ..self.clone() };
            let mut content = sealed.to_vec();
            let associated = keys.associated([header[0], header[1], header[2]], sealed.len());
            let opened =
                keys.cipher.decrypt_inout_detached(&keys.nonce().into(), &associated, InOutBuf::from(&mut content[..]), &(*tag).into());
            if opened.is_ok() {
                let content_type = if self.version == Version::Tls13 { content.pop()? } else { header[0] };
                return Some((content_type, content));
            }
        }
        None
    }

    fn nonce(&self) -> [u8; 12] {
        let mut nonce = self.iv;
        nonce[4..].iter_mut().zip(self.seq.to_be_bytes()).for_each(|(byte, seq)| *byte ^= seq);
        nonce
    }

    fn associated(&self, header: [u8; 3], inner: usize) -> Vec<u8> {
        match self.version {
            Version::Tls12 => [&self.seq.to_be_bytes()[..], &header, &(inner as u16).to_be_bytes()].concat(),
            Version::Tls13 => [&header[..], &((inner + 16) as u16).to_be_bytes()].concat(),
        }
    }
}
