//! Record protection as rustls wants it: thin adapters from its message types to `record.rs`.

use alloc::boxed::Box;
use alloc::vec;

use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, KeyBlockShape, MessageDecrypter, MessageEncrypter, OutboundOpaqueMessage,
    OutboundPlainMessage, PrefixedPayload, Tls12AeadAlgorithm, Tls13AeadAlgorithm, UnsupportedOperationError,
};
use rustls::{ConnectionTrafficSecrets, ContentType, Error, ProtocolVersion};

use ciphers::aead::Algorithm;
use ciphers::parameters::{AuthenticationFailed, NONCE_LEN};

use super::bypass;
use super::record::{Protection, Tls12Record, Tls13Record, explicit_nonce_len};

/// Bytes that a record's plaintext may have (RFC 8446 section 5.1).
const MAX_PLAINTEXT: usize = 1 << 14;

/// What a suite of TLS 1.3 protects records with.
pub(crate) struct Tls13Protection(pub(crate) Algorithm);

impl Tls13AeadAlgorithm for Tls13Protection {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Box::new(tls13_record(self.0, &key, &iv))
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(tls13_record(self.0, &key, &iv))
    }

    fn key_len(&self) -> usize {
        self.0.key_len()
    }

    fn extract_keys(&self, key: AeadKey, iv: Iv) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Ok(traffic_secrets(self.0, key, iv))
    }
}

impl MessageEncrypter for Tls13Record {
    fn encrypt(&mut self, msg: OutboundPlainMessage<'_>, seq: u64) -> Result<OutboundOpaqueMessage, Error> {
        let len = self.encrypted_payload_len(msg.payload.len());
        let mut payload = PrefixedPayload::with_capacity(len);
        payload.extend_from_chunks(&msg.payload);
        bypass::replace_alert(msg.typ, payload.as_mut());
        payload.extend_from_slice(&[u8::from(msg.typ)]);
        let tag = self.seal(seq, payload.as_mut());
        payload.extend_from_slice(&tag);
        bypass::report_encrypted(msg.typ, payload.as_ref());
        Ok(OutboundOpaqueMessage::new(
            ContentType::ApplicationData,
            // The record says TLS 1.2 (RFC 8446 section 5.2).
            ProtocolVersion::TLSv1_2,
            payload,
        ))
    }

    fn encrypted_payload_len(&self, payload_len: usize) -> usize {
        payload_len + size_of::<u8>() + Self::OVERHEAD
    }
}

impl MessageDecrypter for Tls13Record {
    fn decrypt<'a>(&mut self, mut msg: InboundOpaqueMessage<'a>, seq: u64) -> Result<InboundPlainMessage<'a>, Error> {
        if msg.typ != ContentType::ApplicationData {
            // Not protected at all: alerts and ChangeCipherSpec that may be in the clear do not
            // come here.
            return Err(Error::InappropriateMessage { expect_types: vec![ContentType::ApplicationData], got_type: msg.typ });
        }
        let opened = self.open(seq, msg.version.into(), &mut msg.payload);
        let len = opened.inspect_err(|_| bypass::report_undecryptable()).map_err(decrypt_error)?;
        msg.payload.truncate(len);
        let plain = msg.into_tls13_unpadded_message()?;
        if plain.payload.is_empty() && plain.typ != ContentType::ApplicationData {
            // RFC 8446 section 5.4
            return Err(Error::InappropriateMessage { expect_types: vec![ContentType::ApplicationData], got_type: plain.typ });
        }
        Ok(plain)
    }
}

/// rustls cuts a key block into two keys and two IVs. The MAC keys and the cipher keys of a suite
/// with CBC follow each other in the same way, and it has no IVs there (RFC 5246, section 6.3).
impl Tls12AeadAlgorithm for Protection {
    fn encrypter(&self, key: AeadKey, iv: &[u8], extra: &[u8]) -> Box<dyn MessageEncrypter> {
        Box::new(match self {
            Self::Aead(_) => Tls12Record::new(*self, key.as_ref(), tls12_iv(iv, extra).as_ref()),
            Self::Cbc(_) => Tls12Record::new(*self, key.as_ref(), iv),
        })
    }

    fn decrypter(&self, key: AeadKey, iv: &[u8]) -> Box<dyn MessageDecrypter> {
        Box::new(Tls12Record::new(*self, key.as_ref(), iv))
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        match self {
            Self::Aead(algorithm) => {
                let explicit_nonce_len = explicit_nonce_len(*algorithm);
                KeyBlockShape { enc_key_len: algorithm.key_len(), fixed_iv_len: NONCE_LEN - explicit_nonce_len, explicit_nonce_len }
            }
            Self::Cbc(algorithm) => {
                KeyBlockShape { enc_key_len: algorithm.mac_len(), fixed_iv_len: algorithm.key_len(), explicit_nonce_len: 0 }
            }
        }
    }

    fn extract_keys(&self, key: AeadKey, iv: &[u8], explicit: &[u8]) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        match self {
            Self::Aead(algorithm) => Ok(traffic_secrets(*algorithm, key, tls12_iv(iv, explicit))),
            Self::Cbc(_) => Err(UnsupportedOperationError),
        }
    }
}

impl MessageEncrypter for Tls12Record {
    fn encrypt(&mut self, msg: OutboundPlainMessage<'_>, seq: u64) -> Result<OutboundOpaqueMessage, Error> {
        let prefix = self.prefix(seq)?;
        let len = self.encrypted_payload_len(msg.payload.len());
        let mut payload = PrefixedPayload::with_capacity(len);
        payload.extend_from_slice(prefix.as_ref());
        payload.extend_from_chunks(&msg.payload);
        let plaintext = &mut payload.as_mut()[prefix.as_ref().len()..];
        bypass::replace_alert(msg.typ, plaintext);
        let suffix = self.seal(&prefix, seq, msg.typ.into(), msg.version.into(), plaintext);
        payload.extend_from_slice(suffix.as_ref());
        Ok(OutboundOpaqueMessage::new(msg.typ, msg.version, payload))
    }

    fn encrypted_payload_len(&self, payload_len: usize) -> usize {
        self.sealed_len(payload_len)
    }
}

impl MessageDecrypter for Tls12Record {
    fn decrypt<'a>(&mut self, mut msg: InboundOpaqueMessage<'a>, seq: u64) -> Result<InboundPlainMessage<'a>, Error> {
        let plaintext = self.open(seq, msg.typ.into(), msg.version.into(), &mut msg.payload).map_err(decrypt_error)?;
        if plaintext.len() > MAX_PLAINTEXT {
            return Err(Error::PeerSentOversizedRecord);
        }
        Ok(msg.into_plain_message_range(plaintext))
    }
}

fn decrypt_error(_: AuthenticationFailed) -> Error {
    Error::DecryptError
}

fn tls13_record(algorithm: Algorithm, key: &AeadKey, iv: &Iv) -> Tls13Record {
    let mut bytes = [0; NONCE_LEN];
    bytes.copy_from_slice(iv.as_ref());
    // rustls cannot make a shorter key outside of itself.
    Tls13Record::new(algorithm, &key.as_ref()[..algorithm.key_len()], bytes)
}

/// The fixed part of a TLS 1.2 nonce, then where the explicit part starts to count from.
fn tls12_iv(fixed: &[u8], explicit: &[u8]) -> Iv {
    let mut iv = [0; NONCE_LEN];
    for (iv, byte) in iv.iter_mut().zip(fixed.iter().chain(explicit)) {
        *iv = *byte;
    }
    Iv::from(iv)
}

fn traffic_secrets(algorithm: Algorithm, key: AeadKey, iv: Iv) -> ConnectionTrafficSecrets {
    match algorithm {
        Algorithm::ChaCha20Poly1305 => ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv },
        Algorithm::Aes128Gcm => ConnectionTrafficSecrets::Aes128Gcm { key, iv },
        Algorithm::Aes256Gcm => ConnectionTrafficSecrets::Aes256Gcm { key, iv },
    }
}
