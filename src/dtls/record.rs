//! Protection of records: epoch 0 in the clear, epoch 1 under the keys of the handshake; replays
//! are seen here (RFC 6347, section 4.1).

use alloc::vec::Vec;
use core::ops::Range;

use rustls::ContentType;

use super::wire::{RECORD_HEADER, RecordHeader, VERSION};
use crate::error::Error;
use crate::handshake::Keys;

/// Both directions of a connection's records.
#[derive(Default)]
pub(super) struct Records {
    /// The next number to write, one a epoch.
    next_seq: [u64; 2],
    keys: Option<Keys>,
    window: ReplayWindow,
    forged: u64,
}

impl Records {
    /// Epoch 1 begins, in both directions: from now on it can be read and written.
    pub(super) fn set_keys(&mut self, keys: Keys) {
        self.keys = Some(keys);
    }

    pub(super) fn has_keys(&self) -> bool {
        self.keys.is_some()
    }

    /// The next record of epoch 0 gets this number: a server goes on from its client's (RFC 6347,
    /// section 4.2.1).
    pub(super) fn continue_from(&mut self, seq: u64) {
        self.next_seq[0] = seq;
    }

    /// The number that the next record of epoch 0 gets.
    pub(super) fn next_in_the_clear(&self) -> u64 {
        self.next_seq[0]
    }

    /// Bytes that a record has beside its content at most.
    pub(super) fn overhead(&self, epoch: u16) -> usize {
        RECORD_HEADER + self.keys_of(epoch).map_or(0, |keys| keys.write.overhead())
    }

    /// Appends a record to `out`. Every record gets a new number, also that of a retransmission.
    ///
    /// # Errors
    /// [`Error::CounterWrapping`] when the numbers are used up, or the records that one key may
    /// protect.
    pub(super) fn seal(&mut self, typ: ContentType, epoch: u16, content: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let next = &mut self.next_seq[usize::from(epoch != 0)];
        let header = RecordHeader { typ, version: VERSION, epoch, seq: *next };
        let keys = self.keys.as_ref().filter(|_| epoch != 0);
        if header.seq >= keys.map_or(MAX_SEQ, |keys| keys.limit.min(MAX_SEQ)) {
            return Err(Error::CounterWrapping);
        }
        *next += 1;
        let Some(Keys { write, .. }) = keys else {
            header.encode(content.len(), out);
            out.extend_from_slice(content);
            return Ok(());
        };
        let prefix = write.prefix(header.full_seq()).map_err(|_| Error::InternalError)?;
        header.encode(write.sealed_len(content.len()), out);
        out.extend_from_slice(prefix.as_ref());
        let start = out.len();
        out.extend_from_slice(content);
        let suffix = write.seal(&prefix, header.full_seq(), typ.into(), VERSION, &mut out[start..]);
        out.extend_from_slice(suffix.as_ref());
        Ok(())
    }

    /// Decrypts a record of epoch 1 in place: where its content is, or `None` if it must be dropped
    /// because it is forged, repeated, too old or too long.
    ///
    /// # Errors
    /// [`Error::InvalidMac`] after so many forgeries that one may soon succeed.
    pub(super) fn open(&mut self, header: &RecordHeader, fragment: &mut [u8]) -> Result<Option<Range<usize>>, Error> {
        let Some(keys) = self.keys_of(header.epoch) else { return Ok(None) };
        if self.window.contains(header.seq) || fragment.len() > MAX_FRAGMENT {
            return Ok(None);
        }
        match keys.read.open(header.full_seq(), header.typ.into(), header.version, fragment) {
            Ok(content) => {
                self.window.add(header.seq);
                Ok(Some(content).filter(|content| content.len() <= MAX_CONTENT))
            }
            Err(_) => {
                self.forged += 1;
                if self.forged < MAX_FORGED { Ok(None) } else { Err(Error::InvalidMac) }
            }
        }
    }

    fn keys_of(&self, epoch: u16) -> Option<&Keys> {
        self.keys.as_ref().filter(|_| epoch == 1)
    }
}

/// Record numbers have 48 bits.
const MAX_SEQ: u64 = 1 << 48;
/// RFC 5246, section 6.2.1
const MAX_CONTENT: usize = 1 << 14;
/// RFC 5246, section 6.2.3
const MAX_FRAGMENT: usize = MAX_CONTENT + 2048;
/// RFC 9147, section 4.5.3
const MAX_FORGED: u64 = 1 << 36;

/// The numbers of the newest 64 records that were authentic.
#[derive(Default)]
struct ReplayWindow {
    /// One more than the newest number, 0 before the first record.
    end: u64,
    /// Bit n: the record `end - 1 - n` was seen.
    seen: u64,
}

impl ReplayWindow {
    /// Was the record seen, or is it too old to tell?
    fn contains(&self, seq: u64) -> bool {
        match self.end.checked_sub(seq + 1) {
            None => false,
            Some(age) => age >= u64::from(u64::BITS) || self.seen >> age & 1 != 0,
        }
    }

    fn add(&mut self, seq: u64) {
        match self.end.checked_sub(seq + 1) {
            None => {
                let step = seq + 1 - self.end;
                self.seen = u32::try_from(step).ok().and_then(|step| self.seen.checked_shl(step)).unwrap_or(0) | 1;
                self.end = seq + 1;
            }
            Some(age) => self.seen |= u32::try_from(age).ok().and_then(|age| 1u64.checked_shl(age)).unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::aead::Algorithm;
    use crate::crypto::record::Tls12Record;

    fn records(limit: u64) -> Records {
        let half = || Tls12Record::aead(Algorithm::Aes128Gcm, &[1; 16], &[2; 4]);
        Records { keys: Some(Keys { write: half(), read: half(), limit }), ..Records::default() }
    }

    fn seal(records: &mut Records, epoch: u16) -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        records.seal(ContentType::ApplicationData, epoch, b"content", &mut out).map(|()| out)
    }

    #[test]
    fn keys_protect_as_many_records_as_they_may_and_no_more() {
        let mut records = records(3);
        for _ in 0..3 {
            seal(&mut records, 1).unwrap();
        }
        assert_eq!(seal(&mut records, 1), Err(Error::CounterWrapping));
        assert_eq!(seal(&mut records, 1), Err(Error::CounterWrapping));
        assert!(seal(&mut records, 0).is_ok());
    }

    #[test]
    fn numbers_end_at_48_bits_in_both_epochs() {
        let mut records = records(u64::MAX);
        records.next_seq = [MAX_SEQ - 2; 2];
        for epoch in [0, 1] {
            for last in [0xfe, 0xff] {
                let record = seal(&mut records, epoch).unwrap();
                assert_eq!(record[3..11], [0, epoch as u8, 0xff, 0xff, 0xff, 0xff, 0xff, last]);
            }
            assert_eq!(seal(&mut records, epoch), Err(Error::CounterWrapping));
        }
    }

    #[test]
    fn the_last_numbers_are_read_like_any_other() {
        let mut records = records(u64::MAX);
        records.next_seq[1] = MAX_SEQ - 1;
        let mut sealed = seal(&mut records, 1).unwrap();
        let (header, fragment, _) = RecordHeader::split(&mut sealed).unwrap();
        let mut copy = fragment.to_vec();
        let content = records.open(&header, fragment).unwrap().unwrap();
        assert_eq!(&fragment[content], b"content");
        assert!(records.open(&header, &mut copy).unwrap().is_none());
    }

    #[test]
    fn a_continued_number_of_the_clients_may_be_the_last() {
        let mut records = Records::default();
        records.continue_from(MAX_SEQ - 1);
        assert!(seal(&mut records, 0).is_ok());
        assert_eq!(seal(&mut records, 0), Err(Error::CounterWrapping));
    }

    #[test]
    fn a_record_is_new_once_and_until_64_newer_ones_came() {
        let mut window = ReplayWindow::default();
        assert!(!window.contains(0) && !window.contains(1000));
        window.add(1000);
        for (seq, dropped) in [(1000, true), (1001, false), (999, false), (937, false), (936, true), (0, true)] {
            assert_eq!(window.contains(seq), dropped, "{seq}");
        }
        window.add(937);
        assert!(window.contains(937));
        window.add(1001);
        assert!(window.contains(1000) && window.contains(1001) && window.contains(937) && !window.contains(938));
    }

    #[test]
    fn a_jump_of_any_width_forgets_what_is_too_old() {
        for step in [1, 63, 64, 65, 1 << 32, (1 << 48) - 11] {
            let mut window = ReplayWindow::default();
            window.add(10);
            window.add(10 + step);
            assert!(window.contains(10) && window.contains(10 + step), "{step}");
            assert_eq!(window.contains(9), step > 62, "{step}");
            assert!(!window.contains(11 + step));
        }
    }
}
