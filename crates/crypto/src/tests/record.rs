//! Records: what rustls hands in comes out again, in place; nothing else does.

use rustls::crypto::cipher::{
    InboundOpaqueMessage, MessageDecrypter, MessageEncrypter, OutboundChunks, OutboundPlainMessage, Tls12AeadAlgorithm,
};
use rustls::{ContentType, Error, PeerMisbehaved, ProtocolVersion};

use super::hex;
use crate::aead::Algorithm;
use crate::cbc;
use crate::random::broken::without_entropy;
use crate::record::{Protection, Tls12Record, Tls13Record};

/// RFC 8448 section 3, the client's application data.
#[test]
fn tls13_record_of_rfc8448() {
    let record = Tls13Record::new(
        Algorithm::Aes128Gcm,
        &hex("17 42 2d da 59 6e d5 d9 ac d8 90 e3 c6 3f 50 51"),
        hex("5b 78 92 3d ee 08 57 90 33 e5 23 d9").try_into().unwrap(),
    );
    let plaintext: Vec<u8> = (0..50).collect();
    let sealed = encrypt(Box::new(record), ProtocolVersion::TLSv1_3, &[&plaintext], 0);
    assert_eq!(
        sealed,
        hex("17 03 03 00 43 a2 3f 70 54 b6 2c 94 d0 af fa fe 82 28 ba 55 cb ef ac ea 42 f9 14 aa 66 bc ab 3f
             2b 98 19 a8 a5 b4 6b 39 5b d5 4a 9a 20 44 1e 2b 62 97 4e 1f 5a 62 92 a2 97 70 14 bd 1e 3d ea e6
             3a ee bb 21 69 49 15 e4")
    );
}

/// RFC 5288 section 3 and RFC 5246 section 6.2.3.3, by hand.
#[test]
fn tls12_gcm_record_carries_the_nonce_it_was_sealed_with() {
    let key = [7; 16];
    let iv = [1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0x0a, 0];
    let seq = 0x0506;
    let record = Tls12Record::aead(Algorithm::Aes128Gcm, &key, &iv);
    let sealed = encrypt(Box::new(record), ProtocolVersion::TLSv1_2, &[b"hello"], seq);

    let explicit = [0, 0, 0, 0, 0, 0, 0x0f, 0x06];
    let nonce = [1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0x0f, 0x06];
    let aad = [0, 0, 0, 0, 0, 0, 5, 6, 23, 3, 3, 0, 5];
    let mut ciphertext = *b"hello";
    let tag = Algorithm::Aes128Gcm.cipher(&key).seal_in_place(&nonce, &aad, &mut ciphertext);
    let header = [23, 3, 3, 0, 8 + 5 + 16];
    assert_eq!(sealed, [&header[..], &explicit, &ciphertext, &tag].concat());
}

/// RFC 7905 section 2, by hand.
#[test]
fn tls12_chacha20_record_carries_no_nonce() {
    let key = [7; 32];
    let iv = [1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0x0a, 0];
    let record = Tls12Record::aead(Algorithm::ChaCha20Poly1305, &key, &iv);
    let sealed = encrypt(Box::new(record), ProtocolVersion::TLSv1_2, &[b"hello"], 0x0506);

    let nonce = [1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0x0f, 0x06];
    let aad = [0, 0, 0, 0, 0, 0, 5, 6, 23, 3, 3, 0, 5];
    let mut ciphertext = *b"hello";
    let tag = Algorithm::ChaCha20Poly1305.cipher(&key).seal_in_place(&nonce, &aad, &mut ciphertext);
    let header = [23, 3, 3, 0, 5 + 16];
    assert_eq!(sealed, [&header[..], &ciphertext, &tag].concat());
}

#[test]
fn records_of_every_kind_open_again_in_place() {
    for kind in KINDS {
        for len in [0, 1, 15, 16, 17, 100, 1 << 14] {
            let plaintext = vec![b'x'; len];
            let (start, end) = plaintext.split_at(len / 3);
            let mut sealed = encrypt(kind.encrypter(), kind.version, &[start, end], 9);
            assert_eq!(sealed.len(), 5 + kind.encrypter().encrypted_payload_len(len));
            let fragment = sealed[5..].as_mut_ptr_range();
            let msg = inbound(&mut sealed);
            let opened = kind.decrypter().decrypt(msg, 9).unwrap();
            assert_eq!(opened.payload, plaintext, "{kind:?} {len}");
            assert_eq!(opened.typ, ContentType::ApplicationData);
            assert_eq!(opened.version, kind.version);
            let opened = opened.payload.as_ptr_range();
            assert!(fragment.start.cast_const() <= opened.start);
            assert!(opened.end <= fragment.end.cast_const());
        }
    }
}

#[test]
fn truncated_records_are_refused() {
    for kind in KINDS {
        let sealed = encrypt(kind.encrypter(), kind.version, &[b"some plaintext"], 0);
        for len in 5..sealed.len() {
            let mut truncated = sealed[..len].to_vec();
            assert_refused(kind, inbound(&mut truncated), 0, len);
        }
    }
}

#[test]
fn forged_records_are_refused() {
    for kind in KINDS {
        let sealed = encrypt(kind.encrypter(), kind.version, &[b"some plaintext"], 0);
        for byte in 5..sealed.len() {
            let mut forged = sealed.clone();
            forged[byte] ^= 1;
            assert_refused(kind, inbound(&mut forged), 0, byte);
        }
        assert_refused(kind, inbound(&mut sealed.clone()), 1, 0);
        let mut longer = [&sealed[..], &[0]].concat();
        assert_refused(kind, inbound(&mut longer), 0, usize::MAX);
    }
}

#[test]
fn tls12_header_is_authentic_too() {
    for kind in KINDS {
        if kind.version != ProtocolVersion::TLSv1_2 {
            continue;
        }
        let sealed = encrypt(kind.encrypter(), kind.version, &[b"some plaintext"], 0);
        let mut handshake = sealed.clone();
        handshake[0] = ContentType::Handshake.into();
        assert_refused(kind, inbound(&mut handshake), 0, 0);
        let mut tls11 = sealed;
        tls11[2] = 2;
        assert_refused(kind, inbound(&mut tls11), 0, 2);
    }
}

#[test]
fn oversized_records_are_refused_even_when_authentic() {
    for kind in KINDS {
        let plaintext = vec![0x17; (1 << 14) + 1];
        let mut sealed = encrypt(kind.encrypter(), kind.version, &[&plaintext], 0);
        let error = kind.decrypter().decrypt(inbound(&mut sealed), 0).err();
        assert_eq!(error, Some(Error::PeerSentOversizedRecord), "{kind:?}");
    }
}

#[test]
fn tls13_padding_is_removed_and_nothing_but_padding_is_refused() {
    let seal = |inner: &[u8]| {
        let mut fragment = inner.to_vec();
        let tag = tls13(Algorithm::ChaCha20Poly1305).seal(0, &mut fragment);
        [&[23, 3, 3, 0, 0][..], &fragment, &tag].concat()
    };
    let mut padded = seal(b"hello\x16\0\0\0");
    let opened = tls13(Algorithm::ChaCha20Poly1305).decrypt(inbound(&mut padded), 0).unwrap();
    assert_eq!(opened.payload, b"hello");
    assert_eq!(opened.typ, ContentType::Handshake);

    for nothing in [&b""[..], b"\0\0\0"] {
        let mut sealed = seal(nothing);
        let error = tls13(Algorithm::ChaCha20Poly1305).decrypt(inbound(&mut sealed), 0).err();
        assert_eq!(error, Some(PeerMisbehaved::IllegalTlsInnerPlaintext.into()));
    }
}

#[test]
fn key_block_has_the_shape_of_the_rfcs() {
    for (algorithm, key, fixed, explicit) in
        [(Algorithm::ChaCha20Poly1305, 32, 12, 0), (Algorithm::Aes128Gcm, 16, 4, 8), (Algorithm::Aes256Gcm, 32, 4, 8)]
    {
        let shape = Protection::Aead(algorithm).key_block_shape();
        assert_eq!(shape.enc_key_len, key);
        assert_eq!(shape.fixed_iv_len, fixed);
        assert_eq!(shape.explicit_nonce_len, explicit);
    }
}

/// RFC 5246, appendix C: MAC keys, then cipher keys, and no IVs.
#[test]
fn key_block_of_legacy_suites_has_four_keys() {
    for (algorithm, mac_key, key) in [
        (cbc::Algorithm::Aes128Sha1, 20, 16),
        (cbc::Algorithm::Aes256Sha1, 20, 32),
        (cbc::Algorithm::Aes128Sha256, 32, 16),
        (cbc::Algorithm::Aes256Sha384, 48, 32),
    ] {
        let shape = Protection::Cbc(algorithm).key_block_shape();
        assert_eq!((shape.enc_key_len, shape.fixed_iv_len, shape.explicit_nonce_len), (mac_key, key, 0));
    }
}

#[test]
fn legacy_records_begin_with_an_iv_that_is_never_the_same() {
    let kind = KINDS[6];
    let sealed = || encrypt(kind.encrypter(), kind.version, &[b"hello"], 0)[5..21].to_vec();
    assert_ne!(sealed(), sealed());
    let mut encrypter = kind.encrypter();
    let msg = OutboundPlainMessage { typ: ContentType::ApplicationData, version: kind.version, payload: OutboundChunks::Single(b"hello") };
    assert_eq!(without_entropy(|| encrypter.encrypt(msg, 0)).err(), Some(Error::FailedToGetRandomBytes));
}

#[derive(Debug, Clone, Copy)]
struct Kind {
    version: ProtocolVersion,
    protection: Protection,
}

const KINDS: [Kind; 10] = {
    const fn aead(version: ProtocolVersion, algorithm: Algorithm) -> Kind {
        Kind { version, protection: Protection::Aead(algorithm) }
    }
    const fn cbc(algorithm: cbc::Algorithm) -> Kind {
        Kind { version: ProtocolVersion::TLSv1_2, protection: Protection::Cbc(algorithm) }
    }
    [
        aead(ProtocolVersion::TLSv1_3, Algorithm::ChaCha20Poly1305),
        aead(ProtocolVersion::TLSv1_3, Algorithm::Aes128Gcm),
        aead(ProtocolVersion::TLSv1_3, Algorithm::Aes256Gcm),
        aead(ProtocolVersion::TLSv1_2, Algorithm::ChaCha20Poly1305),
        aead(ProtocolVersion::TLSv1_2, Algorithm::Aes128Gcm),
        aead(ProtocolVersion::TLSv1_2, Algorithm::Aes256Gcm),
        cbc(cbc::Algorithm::Aes128Sha1),
        cbc(cbc::Algorithm::Aes256Sha1),
        cbc(cbc::Algorithm::Aes128Sha256),
        cbc(cbc::Algorithm::Aes256Sha384),
    ]
};

impl Kind {
    fn encrypter(self) -> Box<dyn MessageEncrypter> {
        match (self.version, self.protection) {
            (ProtocolVersion::TLSv1_3, Protection::Aead(algorithm)) => Box::new(tls13(algorithm)),
            _ => Box::new(tls12(self.protection)),
        }
    }

    fn decrypter(self) -> Box<dyn MessageDecrypter> {
        match (self.version, self.protection) {
            (ProtocolVersion::TLSv1_3, Protection::Aead(algorithm)) => Box::new(tls13(algorithm)),
            _ => Box::new(tls12(self.protection)),
        }
    }
}

fn tls13(algorithm: Algorithm) -> Tls13Record {
    Tls13Record::new(algorithm, &vec![5; algorithm.key_len()], [6; 12])
}

fn tls12(protection: Protection) -> Tls12Record {
    match protection {
        Protection::Aead(algorithm) => Tls12Record::aead(algorithm, &vec![5; algorithm.key_len()], &[6; 12]),
        Protection::Cbc(algorithm) => Tls12Record::new(protection, &vec![5; algorithm.mac_len()], &vec![6; algorithm.key_len()]),
    }
}

/// A whole application data record with its header.
fn encrypt(mut encrypter: Box<dyn MessageEncrypter>, version: ProtocolVersion, chunks: &[&[u8]], seq: u64) -> Vec<u8> {
    let msg = OutboundPlainMessage { typ: ContentType::ApplicationData, version, payload: OutboundChunks::new(chunks) };
    encrypter.encrypt(msg, seq).unwrap().encode()
}

fn inbound(record: &mut [u8]) -> InboundOpaqueMessage<'_> {
    let (header, payload) = record.split_at_mut(5);
    InboundOpaqueMessage::new(ContentType::from(header[0]), ProtocolVersion::from(u16::from_be_bytes([header[1], header[2]])), payload)
}

fn assert_refused(kind: Kind, msg: InboundOpaqueMessage<'_>, seq: u64, what: usize) {
    let error = kind.decrypter().decrypt(msg, seq).err();
    assert_eq!(error, Some(Error::DecryptError), "{kind:?} {what}");
}
