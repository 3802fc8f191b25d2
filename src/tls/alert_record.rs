//! An alert as a record, for a peer that the program refuses: rustls takes that peer for accepted
//! and sends none.

use alloc::vec::Vec;

use rustls::crypto::cipher::{AeadKey, Iv, OutboundPlainMessage};
use rustls::crypto::tls13::{OkmBlock, expand};
use rustls::{AlertDescription, ContentType, ProtocolVersion, SupportedCipherSuite, Tls13CipherSuite};
use zeroize::Zeroizing;

use crate::verify::Secret;

/// The fatal `alert`. In TLS 1.3 the first record under `secret` protects it. In TLS 1.2 nothing
/// does: the peer reads alerts in plaintext until it has our ChangeCipherSpec (RFC 5246, section
/// 7.2).
pub(crate) fn alert_record(alert: AlertDescription, suite: Option<SupportedCipherSuite>, secret: Option<Secret>) -> Vec<u8> {
    let content = [FATAL, alert.into()];
    let protected = suite.and_then(|suite| suite.tls13()).zip(secret).and_then(|(suite, secret)| protect(content, suite, &secret));
    protected.unwrap_or_else(|| [&PLAINTEXT_HEADER[..], &content].concat())
}

const FATAL: u8 = 2;
/// alert(21), version 3.3, 2 bytes
const PLAINTEXT_HEADER: [u8; 5] = [21, 3, 3, 0, 2];

/// RFC 8446, sections 5.2 and 7.3.
fn protect(content: [u8; 2], suite: &Tls13CipherSuite, secret: &[u8]) -> Option<Vec<u8>> {
    let expander = suite.hkdf_provider.expander_for_okm(&OkmBlock::new(secret));
    let key_len = suite.aead_alg.key_len();
    let mut key = Zeroizing::new([0; 32]);
    expander.expand_slice(&[&label(key_len, b"key")], key.get_mut(..key_len)?).ok()?;
    let iv: [u8; 12] = expand(&*expander, &[&label(12, b"iv")]);
    let message = OutboundPlainMessage { typ: ContentType::Alert, version: ProtocolVersion::TLSv1_2, payload: content.as_slice().into() };
    let record = suite.aead_alg.encrypter(AeadKey::from(*key), Iv::from(iv)).encrypt(message, 0).ok()?;
    Some(record.encode())
}

/// HkdfLabel with an empty context.
fn label(length: usize, name: &[u8]) -> Vec<u8> {
    const PREFIX: &[u8] = b"tls13 ";
    let lengths = [0, length as u8, (PREFIX.len() + name.len()) as u8];
    [&lengths, PREFIX, name, &[0]].concat()
}
