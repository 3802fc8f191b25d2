//! Records of TLS 1.2 over a stream: in the clear until ChangeCipherSpec, then under the keys of
//! the handshake (RFC 5246, section 6.2).

use core::ops::Range;

use rustls::ContentType;

use super::super::RECORD_HEADER;
use crate::buffer::Buffer;
use crate::crypto::record::Tls12Record;
use crate::error::Error;
use crate::handshake::{Carrier, Keys};

/// The longest content of a record (RFC 5246, section 6.2.1).
pub(super) const MAX_CONTENT: usize = 1 << 14;
/// The longest fragment (RFC 5246, section 6.2.3).
const MAX_FRAGMENT: usize = MAX_CONTENT + 2048;

/// The header of a record.
pub(super) struct RecordHeader {
    pub(super) typ: ContentType,
    version: u16,
    pub(super) length: usize,
}

impl RecordHeader {
    /// The header that `received` begins with, once it is here. Until a version is agreed on, peers
    /// put various ones there.
    ///
    /// # Errors
    /// [`Error::InvalidRecord`] if it is none, [`Error::BadInputData`] if its fragment is longer
    /// than TLS allows.
    pub(super) fn peek(received: &[u8], is_agreed: bool) -> Result<Option<Self>, Error> {
        let Some(&[typ, major, minor, high, low]) = received.first_chunk() else { return Ok(None) };
        let header =
            Self { typ: typ.into(), version: u16::from_be_bytes([major, minor]), length: usize::from(u16::from_be_bytes([high, low])) };
        let is_ours = if is_agreed { header.version == Carrier::Stream.version() } else { major == 3 };
        if matches!(header.typ, ContentType::Unknown(_) | ContentType::Heartbeat) || !is_ours {
            return Err(Error::InvalidRecord);
        }
        if header.length > MAX_FRAGMENT { Err(Error::BadInputData) } else { Ok(Some(header)) }
    }
}

/// Both directions of a connection's records.
#[derive(Default)]
pub(super) struct Records {
    write: Half,
    read: Half,
}

/// One direction.
#[derive(Default)]
struct Half {
    /// What protects records now.
    key: Option<Tls12Record>,
    /// What will protect them after ChangeCipherSpec.
    next: Option<Tls12Record>,
    /// The number of the next record under the key.
    seq: u64,
    /// Records that one key may protect.
    limit: u64,
}

impl Records {
    /// Takes the keys that protect what follows ChangeCipherSpec.
    pub(super) fn set_keys(&mut self, keys: Keys) {
        self.write = Half { next: Some(keys.write), limit: keys.limit, ..Half::default() };
        self.read = Half { next: Some(keys.read), limit: u64::MAX, ..Half::default() };
    }

    /// Do keys protect what is received?
    pub(super) fn reads_protected(&self) -> bool {
        self.read.key.is_some()
    }

    /// The peer has changed to its keys. False if there are none that it could have changed to.
    pub(super) fn change_read(&mut self) -> bool {
        self.read.change()
    }

    /// Appends a record to `out`, with at most [`MAX_CONTENT`] bytes of content.
    ///
    /// # Errors
    /// [`Error::CounterWrapping`] when the key has protected as many records as it may.
    pub(super) fn seal(&mut self, typ: ContentType, content: &[u8], out: &mut Buffer) -> Result<(), Error> {
        let Half { key, seq, limit, .. } = &mut self.write;
        let Some(key) = key else {
            out.extend(&header(typ, content.len()));
            out.extend(content);
            if typ == ContentType::ChangeCipherSpec {
                self.write.change();
            }
            return Ok(());
        };
        if *seq >= *limit {
            return Err(Error::CounterWrapping);
        }
        let prefix = key.prefix(*seq).map_err(|_| Error::InternalError)?;
        out.extend(&header(typ, key.sealed_len(content.len())));
        out.extend(prefix.as_ref());
        let spare = out.spare(content.len());
        spare[..content.len()].copy_from_slice(content);
        let suffix = key.seal(&prefix, *seq, typ.into(), Carrier::Stream.version(), &mut spare[..content.len()]);
        out.fill(content.len());
        out.extend(suffix.as_ref());
        *seq += 1;
        Ok(())
    }

    /// Decrypts a fragment in place, if keys protect it: where its content is.
    ///
    /// # Errors
    /// [`Error::InvalidMac`] if it is not authentic, [`Error::InvalidRecord`] if it is too long.
    pub(super) fn open(&mut self, header: &RecordHeader, fragment: &mut [u8]) -> Result<Range<usize>, Error> {
        let Half { key, seq, .. } = &mut self.read;
        let content = match key {
            Some(key) => key.open(*seq, header.typ.into(), header.version, fragment).map_err(|_| Error::InvalidMac)?,
            None => 0..fragment.len(),
        };
        *seq += 1;
        if content.len() > MAX_CONTENT { Err(Error::InvalidRecord) } else { Ok(content) }
    }
}

impl Half {
    fn change(&mut self) -> bool {
        let next = self.next.take();
        let changes = next.is_some();
        if changes {
            (self.key, self.seq) = (next, 0);
        }
        changes
    }
}

fn header(typ: ContentType, length: usize) -> [u8; RECORD_HEADER] {
    let [major, minor] = Carrier::Stream.version().to_be_bytes();
    let [.., high, low] = length.to_be_bytes();
    [typ.into(), major, minor, high, low]
}
