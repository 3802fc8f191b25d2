//! Record protection as rustls wants it: thin adapters from its message types to `record.rs`.

use alloc::boxed::Box;
use alloc::vec;

use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, KeyBlockShape, MessageDecrypter, MessageEncrypter, OutboundOpaqueMessage,
    OutboundPlainMessage, PrefixedPayload, Tls12AeadAlgorithm, Tls13AeadAlgorithm, UnsupportedOperationError,
};
use rustls::{ConnectionTrafficSecrets, ContentType, Error, ProtocolVersion};

use super::aead::{Algorithm, AuthenticationFailed, NONCE_LEN};
use super::cbc;
use super::noted;
use super::record::{Tls12Record, Tls13Record, explicit_nonce_len};

/// Bytes that a record's plaintext may have (RFC 8446 section 5.1).
const MAX_PLAINTEXT: usize = 1 << 14;

impl From<AuthenticationFailed> for Error {
    fn from(_: AuthenticationFailed) -> Self {
        Self::DecryptError
    }
}

impl Tls13AeadAlgorithm for Algorithm {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Box::new(tls13_record(*self, &key, &iv))
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(tls13_record(*self, &key, &iv))
    }

    fn key_len(&self) -> usize {
        (*self).key_len()
    }

    fn extract_keys(&self, key: AeadKey, iv: Iv) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Ok(traffic_secrets(*self, key, iv))
    }
}

impl MessageEncrypter for Tls13Record {
    fn encrypt(&mut self, msg: OutboundPlainMessage<'_>, seq: u64) -> Result<OutboundOpaqueMessage, Error> {
        let len = self.encrypted_payload_len(msg.payload.len());
        let mut payload = PrefixedPayload::with_capacity(len);
        payload.extend_from_chunks(&msg.payload);
        noted::change(msg.typ, payload.as_mut());
        payload.extend_from_slice(&[u8::from(msg.typ)]);
        let tag = self.seal(seq, payload.as_mut());
        payload.extend_from_slice(&tag);
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
            // Not protected at all: alerts and ChangeCipherSpec that may be in the clear do not come here.
            return Err(Error::InappropriateMessage { expect_types: vec![ContentType::ApplicationData], got_type: msg.typ });
        }
        let len = self.open(seq, msg.version.into(), &mut msg.payload).inspect_err(|_| noted::undecryptable())?;
        msg.payload.truncate(len);
        let plain = msg.into_tls13_unpadded_message()?;
        if plain.payload.is_empty() && plain.typ != ContentType::ApplicationData {
            // RFC 8446 section 5.4
            return Err(Error::InappropriateMessage { expect_types: vec![ContentType::ApplicationData], got_type: plain.typ });
        }
        Ok(plain)
    }
}

impl Tls12AeadAlgorithm for Algorithm {
    fn encrypter(&self, key: AeadKey, iv: &[u8], extra: &[u8]) -> Box<dyn MessageEncrypter> {
        let iv = tls12_iv(iv, extra);
        Box::new(Tls12Record::aead(*self, key.as_ref(), iv.as_ref()))
    }

    fn decrypter(&self, key: AeadKey, iv: &[u8]) -> Box<dyn MessageDecrypter> {
        Box::new(Tls12Record::aead(*self, key.as_ref(), iv))
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        let explicit_nonce_len = explicit_nonce_len(*self);
        KeyBlockShape { enc_key_len: (*self).key_len(), fixed_iv_len: NONCE_LEN - explicit_nonce_len, explicit_nonce_len }
    }

    fn extract_keys(&self, key: AeadKey, iv: &[u8], explicit: &[u8]) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Ok(traffic_secrets(*self, key, tls12_iv(iv, explicit)))
    }
}

/// rustls cuts a key block into two keys and two IVs. The MAC keys and the cipher keys of a legacy suite follow each other
/// in the same way, and it has no IVs there (RFC 5246, section 6.3).
impl Tls12AeadAlgorithm for cbc::Algorithm {
    fn encrypter(&self, mac_key: AeadKey, key: &[u8], _: &[u8]) -> Box<dyn MessageEncrypter> {
        Box::new(Tls12Record::cbc(*self, mac_key.as_ref(), key))
    }

    fn decrypter(&self, mac_key: AeadKey, key: &[u8]) -> Box<dyn MessageDecrypter> {
        Box::new(Tls12Record::cbc(*self, mac_key.as_ref(), key))
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        KeyBlockShape { enc_key_len: self.mac_len(), fixed_iv_len: self.key_len(), explicit_nonce_len: 0 }
    }

    fn extract_keys(&self, _: AeadKey, _: &[u8], _: &[u8]) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Err(UnsupportedOperationError)
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
        noted::change(msg.typ, plaintext);
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
        let plaintext = self.open(seq, msg.typ.into(), msg.version.into(), &mut msg.payload)?;
        if plaintext.len() > MAX_PLAINTEXT {
            return Err(Error::PeerSentOversizedRecord);
        }
        Ok(msg.into_plain_message_range(plaintext))
    }
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
