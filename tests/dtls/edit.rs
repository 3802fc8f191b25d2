//! Takes datagrams of a handshake apart and puts together others, as somebody on the way can.

use crate::world::{Datagram, records};

pub const CLIENT_HELLO: u8 = 1;
pub const SERVER_HELLO: u8 = 2;
pub const HELLO_VERIFY_REQUEST: u8 = 3;
pub const CERTIFICATE: u8 = 11;
pub const SERVER_KEY_EXCHANGE: u8 = 12;
pub const CERTIFICATE_REQUEST: u8 = 13;
pub const SERVER_HELLO_DONE: u8 = 14;
pub const CERTIFICATE_VERIFY: u8 = 15;
pub const CLIENT_KEY_EXCHANGE: u8 = 16;
pub const FINISHED: u8 = 20;

pub const ALERT: u8 = 21;
pub const HANDSHAKE: u8 = 22;
pub const APPLICATION_DATA: u8 = 23;

/// What a datagram says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A handshake message in the clear, in one fragment.
    Message { typ: u8, seq: u16, body: Vec<u8> },
    /// Any other record, also a fragment's.
    Record(Vec<u8>),
}

impl Part {
    pub fn typ(&self) -> Option<u8> {
        match self {
            Self::Message { typ, .. } => Some(*typ),
            Self::Record(_) => None,
        }
    }
}

/// What `datagram` says.
pub fn parts(datagram: &[u8]) -> Vec<Part> {
    records(datagram)
        .into_iter()
        .map(|record| {
            if record[0] != HANDSHAKE || record[3..5] != [0, 0] {
                return Part::Record(record.to_vec());
            }
            let message = &record[13..];
            if message.len() != 12 + usize::from(message[2]) * 256 + usize::from(message[3]) {
                return Part::Record(record.to_vec());
            }
            Part::Message { typ: message[0], seq: u16::from_be_bytes([message[4], message[5]]), body: message[12..].to_vec() }
        })
        .collect()
}

/// A datagram that says `parts`, with record numbers from `number` on.
pub fn datagram(parts: &[Part], number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (part, number) in parts.iter().zip(number..) {
        match part {
            Part::Message { typ, seq, body } => bytes.extend(record(HANDSHAKE, 0, number, &fragment(*typ, *seq, body.len(), 0, body))),
            Part::Record(record) => bytes.extend_from_slice(record),
        }
    }
    bytes
}

/// A record of any kind.
pub fn record(typ: u8, epoch: u16, number: u64, content: &[u8]) -> Vec<u8> {
    let number = (u64::from(epoch) << 48 | number).to_be_bytes();
    [&[typ, 0xfe, 0xfd], &number[..], &u16::try_from(content.len()).unwrap().to_be_bytes(), content].concat()
}

/// A fragment of a handshake message of `length` bytes.
pub fn fragment(typ: u8, seq: u16, length: usize, offset: usize, bytes: &[u8]) -> Vec<u8> {
    let three = |number: usize| u32::try_from(number).unwrap().to_be_bytes()[1..].to_vec();
    [&[typ], &three(length)[..], &seq.to_be_bytes(), &three(offset), &three(bytes.len()), bytes].concat()
}

/// The same datagram after `change` has changed what it says. Messages that follow others are
/// numbered anew.
pub fn edited(original: &Datagram, change: impl FnOnce(&mut Vec<Part>)) -> Vec<u8> {
    let mut parts = parts(&original.bytes);
    let first = parts.iter().find_map(|part| if let Part::Message { seq, .. } = part { Some(*seq) } else { None });
    change(&mut parts);
    let mut next = first.unwrap_or(0);
    for part in &mut parts {
        if let Part::Message { seq, .. } = part {
            *seq = next;
            next += 1;
        }
    }
    datagram(&parts, u64::from(original.bytes[10]))
}

/// The same datagram with the body of its message `wanted` changed, if it has one.
pub fn with_body(original: &Datagram, wanted: u8, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    edited(original, |parts| {
        for part in parts {
            match part {
                Part::Message { typ, body, .. } if *typ == wanted => return change(body),
                _ => {}
            }
        }
    })
}

/// Does the datagram have this handshake message, in the clear?
pub fn has(datagram: &Datagram, typ: u8) -> bool {
    parts(&datagram.bytes).iter().any(|part| part.typ() == Some(typ))
}

/// The body of the first message of this type that was sent.
pub fn body_of(sent: &[Datagram], wanted: u8) -> Vec<u8> {
    let found = sent.iter().flat_map(|datagram| parts(&datagram.bytes)).find_map(|part| match part {
        Part::Message { typ, body, .. } if typ == wanted => Some(body),
        _ => None,
    });
    found.expect("the message was sent")
}
