//! Gives rustls what was received: one record at a time, after the checks that rustls does not
//! make.
//!
//! | what | why here |
//! |---|---|
//! | headers: content type, version, length | rustls allows all records 2^14 + 2048 bytes, and has one alert for all that is wrong |
//! | ChangeCipherSpec in TLS 1.3 | rustls takes a wrong one for a message that cannot be decoded |
//! | `legacy_version` 3.0 | rustls ignores it where there are `supported_versions` |
//! | records that bring no data | rustls counts some kinds of them, not tickets |
//! | 0-RTT data that is skipped | rustls leaves it in the buffer and counts it again each time |

use rustls::{Error, InvalidMessage, PeerIncompatible, PeerMisbehaved, ProtocolVersion};

/// How many of the received bytes rustls has been given, and what was in them.
#[derive(Debug, Default)]
pub(super) struct Gate {
    given: usize,
    /// rustls has done what it can with what it was given.
    wants_more: bool,
    /// Has the peer's ChangeCipherSpec passed? What follows it in TLS 1.2 is encrypted.
    changed_cipher: bool,
    /// Has the first handshake record passed?
    greeted: bool,
    /// Has close_notify come in the clear?
    closed: bool,
    /// Records after the handshake since the last that brought data.
    fruitless: usize,
}

/// Where a connection is.
#[derive(Clone, Copy)]
pub(super) struct Stage {
    pub(super) is_server: bool,
    pub(super) is_handshaking: bool,
    pub(super) version: Option<ProtocolVersion>,
}

/// TLSPlaintext (RFC 8446, section 5.1; RFC 5246, section 6.2.1)
const MOST_PLAIN: usize = 1 << 14;
/// TLSCiphertext (RFC 8446, section 5.2)
const MOST_TLS13: usize = (1 << 14) + 256;
/// TLSCiphertext (RFC 5246, section 6.2.3)
const MOST_TLS12: usize = (1 << 14) + 2048;
/// More key updates and tickets than any peer sends between data.
const MOST_FRUITLESS: usize = 128;

const HEADER: usize = 5;
/// warning(1), close_notify(0)
const CLOSE_NOTIFY: [u8; 2] = [1, 0];
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
/// The first number that is no content type here.
const HEARTBEAT: u8 = 24;

impl Gate {
    /// How many bytes from the start of `received` rustls is given now, and whether there is more
    /// behind them.
    ///
    /// # Errors
    /// What is wrong with the record that would be next.
    pub(super) fn open(&mut self, received: &[u8], stage: Stage) -> Result<(usize, bool), Error> {
        if self.given == 0 || self.wants_more {
            self.wants_more = false;
            let Some(record) = next(&received[self.given..]) else { return Ok((self.given, false)) };
            self.check(record, stage)?;
            match record {
                Record::Whole(record) => self.given += record.len(),
                Record::Header(_) => return Ok((self.given, false)),
            }
        }
        Ok((self.given, next(&received[self.given..]).is_some()))
    }

    /// rustls needs no more of the first `count` bytes.
    pub(super) fn consumed(&mut self, count: usize) {
        self.given = self.given.saturating_sub(count);
    }

    /// rustls has done what it can.
    pub(super) fn wants_more(&mut self) {
        self.wants_more = true;
    }

    /// There was data.
    pub(super) fn was_fruitful(&mut self) {
        self.fruitless = 0;
    }

    /// rustls has ignored the record that it was given last. The result is its length.
    pub(super) fn skip(&mut self) -> usize {
        core::mem::take(&mut self.given)
    }

    /// What comes after the records that rustls was given.
    pub(super) fn behind<'a>(&self, received: &'a [u8]) -> &'a [u8] {
        &received[self.given..]
    }

    /// Has close_notify come in the clear?
    pub(super) fn saw_close_notify(&self) -> bool {
        self.closed
    }

    fn check(&mut self, record: Record<'_>, Stage { is_server, is_handshaking, version }: Stage) -> Result<(), Error> {
        let is_tls13 = version == Some(ProtocolVersion::TLSv1_3);
        let Header { kind, version: legacy_version, length } = record.header();
        let most = match kind {
            ..CHANGE_CIPHER_SPEC | HEARTBEAT.. => return Err(InvalidMessage::InvalidContentType.into()),
            APPLICATION_DATA if is_tls13 => MOST_TLS13,
            _ if self.changed_cipher && !is_tls13 => MOST_TLS12,
            _ => MOST_PLAIN,
        };
        if legacy_version[0] != 3 {
            return Err(InvalidMessage::UnknownProtocolVersion.into());
        }
        if length == 0 && kind != APPLICATION_DATA {
            return Err(InvalidMessage::InvalidEmptyPayload.into());
        }
        if length >= MOST_TLS12 {
            return Err(InvalidMessage::MessageTooLarge.into());
        } else if length > most {
            return Err(Error::PeerSentOversizedRecord);
        }
        let Record::Whole(record) = record else { return Ok(()) };
        let fragment = &record[HEADER..];
        if kind == CHANGE_CIPHER_SPEC {
            if fragment != [1] && is_tls13 {
                return Err(PeerMisbehaved::IllegalMiddleboxChangeCipherSpec.into());
            }
            self.changed_cipher = true;
        }
        // No encrypted record is that short.
        self.closed |= kind == ALERT && fragment == CLOSE_NOTIFY;
        if kind == HANDSHAKE && !self.greeted {
            self.greeted = true;
            // ClientHello, its length, legacy_version (RFC 8446, appendix D.5)
            if is_server && matches!(fragment, [1, _, _, _, 0..3, _, ..] | [1, _, _, _, 3, 0, ..]) {
                return Err(PeerIncompatible::Tls12NotOffered.into());
            }
        }
        if !is_handshaking {
            self.fruitless += 1;
            if self.fruitless > MOST_FRUITLESS {
                return Err(PeerMisbehaved::TooManyKeyUpdateRequests.into());
            }
        }
        Ok(())
    }
}

/// A record at the start of what was received.
#[derive(Clone, Copy)]
enum Record<'a> {
    Whole(&'a [u8]),
    Header([u8; HEADER]),
}

/// The header of a record.
struct Header {
    kind: u8,
    version: [u8; 2],
    length: usize,
}

impl Record<'_> {
    fn header(self) -> Header {
        let [kind, major, minor, high, low] = match self {
            Self::Whole(record) => [record[0], record[1], record[2], record[3], record[4]],
            Self::Header(header) => header,
        };
        Header { kind, version: [major, minor], length: usize::from(u16::from_be_bytes([high, low])) }
    }
}

fn next(received: &[u8]) -> Option<Record<'_>> {
    let header = *received.first_chunk()?;
    let Header { length, .. } = Record::Header(header).header();
    Some(received.get(..HEADER + length).map_or(Record::Header(header), Record::Whole))
}
