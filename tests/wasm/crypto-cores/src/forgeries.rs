//! Messages that are not authentic.

use crate::aead::ALGORITHMS;
use crate::random::Random;
use ciphers::parameters::AuthenticationFailed;

/// Lengths with every way that a message can end, for both ciphers.
const LENS: [usize; 9] = [1, 16, 96, 100, 192, 200, 448, 700, 1200];

#[unsafe(export_name = "test: refuse a tag with any bit flipped")]
extern "C" fn tags() {
    for_each_message(7, |open, message| {
        for bit in 0..128 {
            let mut forged = message.clone();
            forged.tag[bit / 8] ^= 1 << (bit % 8);
            open(forged, &format!("bit {bit} of the tag"));
        }
    });
}

#[unsafe(export_name = "test: refuse a message that was changed anywhere")]
extern "C" fn contents() {
    for_each_message(8, |open, message| {
        for i in 0..message.ciphertext.len() {
            let mut forged = message.clone();
            forged.ciphertext[i] ^= 1 << (i % 8);
            open(forged, &format!("byte {i} of the ciphertext"));
        }
        for i in 0..message.aad.len() {
            let mut forged = message.clone();
            forged.aad[i] ^= 0x80;
            open(forged, &format!("byte {i} of the associated data"));
        }
        for i in 0..message.nonce.len() {
            let mut forged = message.clone();
            forged.nonce[i] ^= 1;
            open(forged, &format!("byte {i} of the nonce"));
        }
    });
}

#[unsafe(export_name = "test: refuse a message that was cut or moved")]
extern "C" fn boundaries() {
    for_each_message(9, |open, message| {
        let mut forged = message.clone();
        forged.ciphertext.pop();
        open(forged, "without its last byte");

        let mut forged = message.clone();
        forged.ciphertext.push(0);
        open(forged, "with a zero after its end");

        let mut forged = message.clone();
        forged.aad.push(0);
        open(forged, "with a zero after the associated data");

        let mut forged = message.clone();
        let first = forged.ciphertext.remove(0);
        forged.aad.push(first);
        open(forged, "with a byte moved to the associated data");
    });
}

#[derive(Clone)]
struct Message {
    nonce: [u8; 12],
    aad: Vec<u8>,
    ciphertext: Vec<u8>,
    tag: [u8; 16],
}

/// Gives `forge` authentic messages, and a function that asserts that a forgery is refused and that
/// none of it is decrypted.
fn for_each_message(seed: u64, forge: impl Fn(&dyn Fn(Message, &str), &Message)) {
    let mut random = Random(seed);
    for algorithm in &ALGORITHMS {
        for len in LENS {
            let cipher = (algorithm.simd)(&random.bytes(algorithm.key_len));
            let plaintext = random.bytes(len);
            let mut message = Message { nonce: random.nonce(), aad: random.bytes(13), ciphertext: plaintext.clone(), tag: [0; 16] };
            message.tag = cipher.seal(&message.nonce, &message.aad, &mut message.ciphertext);
            let open = |forged: Message, what: &str| {
                let mut buf = forged.ciphertext;
                let opened = cipher.open(&forged.nonce, &forged.aad, &mut buf, &forged.tag);
                let context = || format!("{}, {len} bytes, {what}", algorithm.name);
                assert_eq!(opened, Err(AuthenticationFailed), "{}", context());
                let shown = buf.iter().zip(&plaintext).filter(|(a, b)| a == b).count();
                assert!(len < 16 || shown < len / 4, "{}: {shown} bytes of plaintext", context());
            };
            forge(&open, &message);
        }
    }
}
