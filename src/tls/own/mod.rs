//! TLS 1.2 by the engine's own [`handshake`](crate::handshake), in the place of a library that
//! lacks its key exchange: pre-shared keys.

mod record;

use alloc::vec::Vec;
use core::mem;

use rustls::{AlertDescription, ContentType, HandshakeKind, HandshakeType, ProtocolVersion};

use super::alert_record::alert_record;
use super::{Facts, Library, RECORD_HEADER, Work, Write, missing};
use crate::buffer::Buffer;
use crate::error::Error;
use crate::handshake::{Carrier, Config, Handshake, Message, Part};
use crate::verify::Secret;
use record::{MAX_CONTENT, RecordHeader, Records};

/// One end of a connection.
pub(super) struct Own {
    handshake: Handshake,
    records: Records,
    /// The beginning of a handshake message, and what came while the program had to decide.
    messages: Vec<u8>,
    refused_renegotiation: bool,
    /// Records in a row that brought nothing.
    fruitless: usize,
}

impl Library for Own {
    fn advance(&mut self, incoming: &mut Buffer, mut work: Work<'_>) -> Result<usize, Error> {
        let result = match work.write.take() {
            Some(Write::Data(data)) => self.write(data, work.outgoing).map(|()| 0),
            Some(Write::CloseNotify) => self.send_alert(WARNING, AlertDescription::CloseNotify, work.outgoing).map(|()| 0),
            None => self.receive(incoming, &mut work),
        };
        if let Err(error) = &result {
            self.report(error, work.outgoing);
        } else if self.handshake.is_undecided() {
            work.held.get_or_insert(work.outgoing.len());
        }
        result
    }

    fn missing(&self, received: &[u8]) -> usize {
        missing(received)
    }

    fn alert_record(&self, alert: AlertDescription, _secret: Option<Secret>) -> Vec<u8> {
        alert_record(alert, None, None)
    }

    fn is_handshaking(&self) -> bool {
        !self.handshake.is_done()
    }

    fn facts(&self) -> Facts<'_> {
        let suite = self.handshake.suite();
        Facts {
            suite,
            version: suite.map(|_| ProtocolVersion::TLSv1_2),
            key_exchange_group: self.handshake.group(),
            alpn_protocol: None,
            kind: self.handshake.is_done().then_some(HandshakeKind::Full),
            peer_certificates: Some(self.handshake.peer_certificates()),
        }
    }

    fn psk_identity(&self) -> Option<&[u8]> {
        self.handshake.psk_identity()
    }

    fn provide_psk(&mut self, key: Option<&[u8]>, outgoing: &mut Buffer) -> Result<(), Error> {
        let provided = self.handshake.provide_psk(key);
        match &provided {
            Ok(()) => self.use_keys(),
            Err(error) => self.report(error, outgoing),
        }
        provided
    }

    fn abandon_psk(&mut self) {
        self.handshake.abandon_decision();
    }
}

impl Own {
    /// One end that has sent and received nothing.
    pub(super) fn new(config: Config) -> Self {
        Self {
            handshake: Handshake::new(config, Carrier::Stream),
            records: Records::default(),
            messages: Vec::new(),
            refused_renegotiation: false,
            fruitless: 0,
        }
    }

    /// Goes on with the handshake, up to the first record with data for the program: how much of it
    /// went to where it is read.
    fn receive(&mut self, incoming: &mut Buffer, work: &mut Work<'_>) -> Result<usize, Error> {
        self.handshake.start()?;
        self.send_said(work.outgoing)?;
        self.take_messages(work.outgoing)?;
        while !self.handshake.is_undecided() {
            let Some(header) = RecordHeader::peek(incoming.filled(), self.handshake.suite().is_some())? else { break };
            let used = RECORD_HEADER + header.length;
            let Some(fragment) = incoming.filled_mut().get_mut(RECORD_HEADER..used) else { break };
            let content = self.records.open(&header, fragment)?;
            let content = fragment.get(content).unwrap_or_default();
            let has_data = header.typ == ContentType::ApplicationData && !content.is_empty();
            let delivered = match header.typ {
                ContentType::ApplicationData => self.deliver(content, work)?,
                _ => self.content(header.typ, content, work).map(|()| 0)?,
            };
            // What follows close_notify is ignored (RFC 5246, section 7.2.1).
            incoming.consume(if *work.peer_closed { usize::MAX } else { used });
            if has_data {
                self.fruitless = 0;
                return Ok(delivered);
            }
            self.fruitless += 1;
            if self.fruitless == MOST_FRUITLESS {
                return Err(Error::UnexpectedMessage);
            }
        }
        Ok(0)
    }

    /// Hands data to the program; what does not fit is kept.
    fn deliver(&mut self, data: &[u8], work: &mut Work<'_>) -> Result<usize, Error> {
        if !self.handshake.is_done() {
            return Err(Error::UnexpectedMessage);
        }
        let (fits, rest) = data.split_at(data.len().min(work.out.len()));
        work.out[..fits.len()].copy_from_slice(fits);
        if !rest.is_empty() {
            work.plaintext.extend(rest);
        }
        Ok(fits.len())
    }

    fn content(&mut self, typ: ContentType, content: &[u8], work: &mut Work<'_>) -> Result<(), Error> {
        match typ {
            ContentType::Alert => *work.peer_closed |= alert(content)?,
            ContentType::Handshake if !content.is_empty() => {
                self.messages.extend_from_slice(content);
                self.take_messages(work.outgoing)?;
            }
            ContentType::ChangeCipherSpec if content == [1] => self.change_cipher_spec()?,
            _ => return Err(Error::UnexpectedMessage),
        }
        Ok(())
    }

    fn write(&mut self, data: &[u8], outgoing: &mut Buffer) -> Result<(), Error> {
        data.chunks(MAX_CONTENT).try_for_each(|content| self.records.seal(ContentType::ApplicationData, content, outgoing))
    }

    /// Sends the alert of an error that ended the connection, if it has one.
    fn report(&mut self, error: &Error, outgoing: &mut Buffer) {
        self.handshake.abandon_decision();
        if let Some(alert) = error.alert() {
            // The error at hand is the one to report.
            _ = self.send_alert(FATAL, alert, outgoing);
        }
    }

    /// Takes the messages that are complete, up to one after which the program has to decide.
    fn take_messages(&mut self, outgoing: &mut Buffer) -> Result<(), Error> {
        let mut taken = 0;
        while !self.handshake.is_undecided() {
            let Some((&[typ, high, middle, low], rest)) = self.messages[taken..].split_first_chunk() else { break };
            let length = u32::from_be_bytes([0, high, middle, low]) as usize;
            if length > MAX_MESSAGE {
                return Err(Error::DecodeError);
            }
            let Some(body) = rest.get(..length) else { break };
            let message = Message::new(Carrier::Stream, typ.into(), 0, body);
            taken += MESSAGE_HEADER + length;
            self.message(&message, outgoing)?;
        }
        // Once, because a record may carry thousands of messages.
        self.messages.drain(..taken);
        Ok(())
    }

    fn message(&mut self, message: &Message, outgoing: &mut Buffer) -> Result<(), Error> {
        match message.typ() {
            HandshakeType::HelloRequest | HandshakeType::ClientHello if self.handshake.is_done() => {
                return self.refuse_renegotiation(outgoing);
            }
            // The handshake that it asks for is under way (RFC 5246, section 7.4.1.1).
            HandshakeType::HelloRequest if !self.handshake.is_server() => return Ok(()),
            // Finished is what the new keys protect first.
            typ if (typ == HandshakeType::Finished) != self.records.reads_protected() => return Err(Error::UnexpectedMessage),
            _ => {}
        }
        self.handshake.message(message)?;
        self.use_keys();
        self.send_said(outgoing)
    }

    /// The peer wants a new handshake: the first time, an alert answers that there will be none.
    fn refuse_renegotiation(&mut self, outgoing: &mut Buffer) -> Result<(), Error> {
        if mem::replace(&mut self.refused_renegotiation, true) {
            return Ok(());
        }
        self.send_alert(WARNING, AlertDescription::NoRenegotiation, outgoing)
    }

    fn change_cipher_spec(&mut self) -> Result<(), Error> {
        let may = self.handshake.awaits_finished() && self.messages.is_empty();
        if may && self.records.change_read() { Ok(()) } else { Err(Error::UnexpectedMessage) }
    }

    fn use_keys(&mut self) {
        if let Some(keys) = self.handshake.take_keys() {
            self.records.set_keys(keys);
        }
    }

    fn send_said(&mut self, outgoing: &mut Buffer) -> Result<(), Error> {
        let Some((parts, _)) = self.handshake.take_flight() else { return Ok(()) };
        for part in parts {
            match part {
                Part::Message(message, _) => {
                    for content in message.bytes.chunks(MAX_CONTENT) {
                        self.records.seal(ContentType::Handshake, content, outgoing)?;
                    }
                }
                Part::ChangeCipherSpec => self.records.seal(ContentType::ChangeCipherSpec, &[1], outgoing)?,
            }
        }
        Ok(())
    }

    fn send_alert(&mut self, level: u8, alert: AlertDescription, outgoing: &mut Buffer) -> Result<(), Error> {
        self.records.seal(ContentType::Alert, &[level, alert.into()], outgoing)
    }
}

/// Does this alert end the peer's side?
///
/// # Errors
/// [`Error::AlertReceived`] for one that ends the connection.
fn alert(content: &[u8]) -> Result<bool, Error> {
    let &[level, alert] = content else { return Err(Error::DecodeError) };
    match AlertDescription::from(alert) {
        AlertDescription::CloseNotify => Ok(true),
        _ if level == FATAL => Err(Error::AlertReceived(alert)),
        _ => Ok(false),
    }
}

const WARNING: u8 = 1;
const FATAL: u8 = 2;

/// Records of one end that may follow each other without data for the program. A handshake has
/// fewer, unless its messages are cut small.
const MOST_FRUITLESS: usize = 4096;
/// Bytes in front of a handshake message.
const MESSAGE_HEADER: usize = 4;
/// The longest handshake message: more than any certificate chain in use.
const MAX_MESSAGE: usize = 32 * 1024;
