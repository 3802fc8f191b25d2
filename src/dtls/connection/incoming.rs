//! What is in a datagram that was received: records, and in them alerts, data and fragments of
//! handshake messages.

use alloc::vec::Vec;
use core::mem;

use rustls::{AlertDescription, ContentType, HandshakeType};

use super::super::wire::{MESSAGE_HEADER, MessageHeader, RecordHeader, VERSION};
use super::{DtlsConnection, FATAL, WARNING};
use crate::error::Error;

impl DtlsConnection {
    pub(super) fn datagram(&mut self, datagram: &mut [u8], now: u64) -> Result<(), Error> {
        let mut rest = datagram;
        while let Some((header, fragment, next)) = RecordHeader::split(rest) {
            rest = next;
            self.record(&header, fragment, now)?;
            if self.can_read_early() {
                self.early_records(now)?;
            }
        }
        Ok(())
    }

    fn record(&mut self, header: &RecordHeader, fragment: &mut [u8], now: u64) -> Result<(), Error> {
        // Until a version is agreed on, peers put various ones here.
        if self.handshake.suite().is_some() && header.version != VERSION {
            return Ok(());
        }
        match header.epoch {
            // After the handshake everything is protected.
            0 if self.is_handshaking() => self.content(header, fragment, now),
            1 if self.must_wait(header.typ) => {
                self.keep_early(header, fragment);
                Ok(())
            }
            1 => match self.datagrams.records.open(header, fragment)? {
                Some(content) => self.content(header, fragment.get(content).unwrap_or_default(), now),
                // Mbed TLS ends the handshake too: the keys differ, and waiting would not help.
                None if header.typ == ContentType::Handshake && self.handshake.proves_psk() => Err(Error::InvalidMac),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Takes the content of a record that is authentic, or that nothing protects yet.
    fn content(&mut self, header: &RecordHeader, content: &[u8], now: u64) -> Result<(), Error> {
        match header.typ {
            ContentType::Handshake => self.handshake_record(header, content, now),
            ContentType::Alert => self.alert(content),
            ContentType::ApplicationData if header.epoch == 1 => {
                // A peer sends data only if it has our last flight.
                self.datagrams.forget_flight(now);
                self.application_data(content);
                Ok(())
            }
            // ChangeCipherSpec needs no answer: the epoch of the next record shows it as well.
            _ => Ok(()),
        }
    }

    fn handshake_record(&mut self, header: &RecordHeader, mut content: &[u8], now: u64) -> Result<(), Error> {
        while !content.is_empty() {
            let Ok((message, fragment, rest)) = MessageHeader::split(content) else { return Ok(()) };
            content = rest;
            self.fragment(header, &message, fragment, now)?;
        }
        Ok(())
    }

    fn fragment(&mut self, record: &RecordHeader, header: &MessageHeader, fragment: &[u8], now: u64) -> Result<(), Error> {
        let is_whole = fragment.len() == header.length;
        let is_last = header.offset + fragment.len() == header.length;
        if !self.is_handshaking() && matches!(header.typ, HandshakeType::HelloRequest | HandshakeType::ClientHello) {
            return self.refuse_renegotiation();
        }
        // Finished is what the new keys protect first; all else comes before them.
        if (header.typ == HandshakeType::Finished) != (record.epoch == 1) || header.typ == HandshakeType::HelloRequest {
            return Ok(());
        }
        let mut longest = MAX_MESSAGE;
        if !self.handshake.is_server() && header.typ == HandshakeType::HelloVerifyRequest {
            return if is_whole { self.hello_verify(header.seq, fragment, record.seq, now) } else { Ok(()) };
        }
        if self.is_listening() {
            if header.typ != HandshakeType::ClientHello {
                return Ok(());
            }
            // The client that sends a hello now is the one to answer. The hello's number depends on
            // what other connections have answered.
            if header.seq != self.reassembly.next_seq() {
                self.reassembly.restart(header.seq);
            }
            longest = MAX_HELLO;
        }
        if header.seq < self.reassembly.next_seq() {
            return if is_last { self.datagrams.received_again(header.seq, now) } else { Ok(()) };
        }
        self.reassembly.add(header, fragment, longest);
        self.messages(record.seq, now)
    }

    /// Takes the messages that are complete, up to one after which the program has to decide. The
    /// last record that was received is `record_seq`.
    pub(super) fn messages(&mut self, record_seq: u64, now: u64) -> Result<(), Error> {
        while !self.handshake.is_undecided() {
            let Some(message) = self.reassembly.pop() else { break };
            if self.is_listening() && !self.accepts(&message, record_seq, now)? {
                continue;
            }
            self.handshake.message(&message)?;
            self.send_flight(Some(message.seq()), now)?;
        }
        Ok(())
    }

    /// The peer wants a new handshake: the first time, an alert answers that there will be none.
    fn refuse_renegotiation(&mut self) -> Result<(), Error> {
        if mem::replace(&mut self.refused_renegotiation, true) {
            return Ok(());
        }
        self.datagrams.send_alert(WARNING, AlertDescription::NoRenegotiation)
    }

    fn alert(&mut self, content: &[u8]) -> Result<(), Error> {
        let &[level, alert] = content else { return Ok(()) };
        match AlertDescription::from(alert) {
            // Before a client shows its cookie, anybody can have sent the alert.
            _ if self.is_listening() => Ok(()),
            AlertDescription::CloseNotify if self.is_handshaking() => Err(Error::PeerCloseNotify),
            AlertDescription::CloseNotify => {
                self.peer_closed = true;
                Ok(())
            }
            _ if level == FATAL => Err(Error::AlertReceived(alert)),
            _ => Ok(()),
        }
    }

    fn application_data(&mut self, data: &[u8]) {
        let waiting: usize = self.received.iter().map(Vec::len).sum();
        if !self.peer_closed && !data.is_empty() && self.received.len() < MAX_RECORDS && waiting + data.len() <= MAX_RECEIVED {
            self.received.push_back(data.to_vec());
        }
    }

    /// Is this a record of epoch 1 that comes too early: before the keys, or data before the end of
    /// the handshake?
    fn must_wait(&self, typ: ContentType) -> bool {
        !self.datagrams.records.has_keys() || typ == ContentType::ApplicationData && self.is_handshaking()
    }

    fn keep_early(&mut self, header: &RecordHeader, fragment: &[u8]) {
        if self.early.len() < MAX_EARLY && fragment.len() <= MAX_EARLY_LENGTH && !self.is_listening() {
            let mut record = Vec::new();
            header.encode(fragment.len(), &mut record);
            record.extend_from_slice(fragment);
            self.early.push(record);
        }
    }

    fn is_listening(&self) -> bool {
        self.handshake.is_server() && self.handshake.is_at_hello()
    }

    pub(super) fn can_read_early(&self) -> bool {
        !self.early.is_empty() && self.datagrams.records.has_keys()
    }

    pub(super) fn early_records(&mut self, now: u64) -> Result<(), Error> {
        for mut record in mem::take(&mut self.early) {
            if let Some((header, fragment, _)) = RecordHeader::split(&mut record) {
                self.record(&header, fragment, now)?;
            }
        }
        Ok(())
    }
}

/// The longest handshake message that is put together: more than any certificate chain in use.
const MAX_MESSAGE: usize = 32 * 1024;
/// The longest ClientHello, because anybody can send one.
const MAX_HELLO: usize = 4096 - MESSAGE_HEADER;
/// Records that may wait for keys, and how long each may be.
const MAX_EARLY: usize = 4;
const MAX_EARLY_LENGTH: usize = 4096 + 256;
/// Records and bytes that wait to be read; a datagram has no more.
const MAX_RECORDS: usize = 2048;
const MAX_RECEIVED: usize = 64 * 1024;
