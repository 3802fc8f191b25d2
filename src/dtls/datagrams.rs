//! What this side sends and when it sends it again: the last flight, alerts, data, each in records
//! in datagrams.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use rustls::{AlertDescription, ContentType, HandshakeType};

use super::flight::{Due, Flight, Timer};
use super::record::Records;
use crate::error::Error;
use crate::handshake::{Answer, Carrier, Message, Part};

/// The records of a connection, and the datagrams that wait to be sent.
pub(super) struct Datagrams {
    pub(super) records: Records,
    pub(super) outgoing: VecDeque<Vec<u8>>,
    flight: Flight,
    timer: Timer,
    /// The epoch of what is sent next, beside flights.
    epoch: u16,
    /// The last message of the peer's flight that ours answers: if it comes again, ours was lost.
    answered: Option<u16>,
    /// The longest datagram of a handshake, in bytes.
    mtu: usize,
}

impl Datagrams {
    pub(super) fn new(mtu: usize) -> Self {
        Self {
            records: Records::default(),
            outgoing: VecDeque::new(),
            flight: Flight::default(),
            timer: Timer::default(),
            epoch: 0,
            answered: None,
            mtu,
        }
    }

    /// Sends a flight that answers the peer's message `answered`, in place of the one before it.
    ///
    /// # Errors
    /// As [`Records::seal`].
    pub(super) fn send_flight(&mut self, parts: Vec<Part>, answer: Answer, answered: Option<u16>, now: u64) -> Result<(), Error> {
        self.epoch = u16::from(parts.iter().any(|part| matches!(part, Part::ChangeCipherSpec)));
        self.flight = Flight(parts);
        self.answered = answered;
        match answer {
            Answer::Flight => self.timer.start(now),
            Answer::Nothing => self.timer.stop(now),
        }
        self.pack()
    }

    /// Sends a message that is not retransmitted, because the peer asks again.
    pub(super) fn send_once(&mut self, typ: HandshakeType, seq: u16, body: &[u8]) -> Result<(), Error> {
        let flight = Flight(Vec::from([Part::Message(Message::new(Carrier::Datagrams, typ, seq, body), false)]));
        flight.pack(&mut self.records, self.mtu, &mut self.outgoing)
    }

    /// Sends an alert in a datagram of its own.
    pub(super) fn send_alert(&mut self, level: u8, alert: AlertDescription) -> Result<(), Error> {
        self.send_record(ContentType::Alert, &[level, alert.into()])
    }

    /// Sends a record in a datagram of its own.
    pub(super) fn send_record(&mut self, typ: ContentType, content: &[u8]) -> Result<(), Error> {
        let mut datagram = Vec::with_capacity(content.len() + self.records.overhead(self.epoch));
        self.records.seal(typ, self.epoch, content, &mut datagram)?;
        self.outgoing.push_back(datagram);
        Ok(())
    }

    /// Retransmits the flight if that is due.
    ///
    /// # Errors
    /// [`Error::Timeout`] if it was retransmitted for too long.
    pub(super) fn handle_timeout(&mut self, now: u64) -> Result<(), Error> {
        match self.timer.due(now) {
            Due::Wait => Ok(()),
            Due::Repeat => self.pack(),
            Due::GiveUp => Err(Error::Timeout),
        }
    }

    pub(super) fn next_timeout(&self, now: u64) -> Option<u64> {
        self.timer.remaining(now)
    }

    /// The peer sent its message `seq` again: retransmits the flight that answered it.
    pub(super) fn received_again(&mut self, seq: u16, now: u64) -> Result<(), Error> {
        if self.answered == Some(seq) && !self.flight.is_empty() && self.timer.may_repeat(now) { self.pack() } else { Ok(()) }
    }

    /// The server has asked again for the cookie that the last hello carries: retransmits that
    /// hello.
    pub(super) fn retransmit_hello(&mut self, now: u64) -> Result<(), Error> {
        if !self.flight.is_empty() && self.answered.is_none() && self.timer.may_repeat(now) { self.pack() } else { Ok(()) }
    }

    /// The peer has the last flight: it is not sent again.
    pub(super) fn forget_flight(&mut self, now: u64) {
        self.timer.stop(now);
        self.flight.clear();
        self.answered = None;
    }

    fn pack(&mut self) -> Result<(), Error> {
        if self.timer.is_running() {
            // An earlier retransmission that still waits has the same messages.
            self.outgoing.clear();
        } else if !self.outgoing.is_empty() {
            // Data may wait there. The peer asks again.
            return Ok(());
        }
        let mtu = if self.timer.suspects_mtu() { self.mtu.min(CAUTIOUS_MTU) } else { self.mtu };
        self.flight.pack(&mut self.records, mtu, &mut self.outgoing)
    }
}

/// What passes everywhere: IPv4's 576 bytes without headers; mbedTLS falls back to it as well.
const CAUTIOUS_MTU: usize = 508;
