//! The last flight of handshake messages that this side sent, kept to be retransmitted: how it is
//! packed into datagrams, and when it is sent again (RFC 6347, section 4.2.4).

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use rustls::{ContentType, HandshakeType};

use super::record::Records;
use super::wire::{MESSAGE_HEADER, MessageHeader};
use crate::error::Error;
use crate::handshake::{Message, Part};

/// A flight: what is sent together and answered together.
#[derive(Default)]
pub(super) struct Flight(pub(super) Vec<Part>);

impl Flight {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.0 = Vec::new();
    }

    /// Seals everything into datagrams of at most `mtu` bytes, in new records.
    ///
    /// A ClientHello is never cut, whatever the MTU: servers that keep no state before the cookie
    /// cannot put it together.
    ///
    /// # Errors
    /// As [`Records::seal`].
    pub(super) fn pack(&self, records: &mut Records, mtu: usize, out: &mut VecDeque<Vec<u8>>) -> Result<(), Error> {
        let mut datagram = Vec::new();
        for part in &self.0 {
            match part {
                Part::ChangeCipherSpec => {
                    if datagram.len() + records.overhead(0) + 1 > mtu {
                        flush(&mut datagram, out);
                    }
                    records.seal(ContentType::ChangeCipherSpec, 0, &[1], &mut datagram)?;
                }
                Part::Message(message, protected) => pack_message(message, u16::from(*protected), records, mtu, &mut datagram, out)?,
            }
        }
        flush(&mut datagram, out);
        Ok(())
    }
}

fn pack_message(
    message: &Message,
    epoch: u16,
    records: &mut Records,
    mtu: usize,
    datagram: &mut Vec<u8>,
    out: &mut VecDeque<Vec<u8>>,
) -> Result<(), Error> {
    let overhead = records.overhead(epoch) + MESSAGE_HEADER;
    let body = message.body();
    let mut offset = 0;
    let mut content = Vec::new();
    loop {
        let left = body.len() - offset;
        let mut room = mtu.saturating_sub(datagram.len() + overhead);
        if room < left.min(WORTH_SENDING) || datagram.len() + overhead > mtu {
            flush(datagram, out);
            room = mtu.saturating_sub(overhead).max(1);
        }
        if message.typ() == HandshakeType::ClientHello {
            room = left;
        }
        let fragment = &body[offset..offset + left.min(room)];
        content.clear();
        MessageHeader { typ: message.typ(), length: body.len(), seq: message.seq(), offset }.encode(fragment.len(), &mut content);
        content.extend_from_slice(fragment);
        records.seal(ContentType::Handshake, epoch, &content, datagram)?;
        offset += fragment.len();
        if offset == body.len() {
            return Ok(());
        }
    }
}

fn flush(datagram: &mut Vec<u8>, out: &mut VecDeque<Vec<u8>>) {
    if !datagram.is_empty() {
        out.push_back(core::mem::take(datagram));
    }
}

/// A datagram that has less room left than this is not worth a fragment's headers.
const WORTH_SENDING: usize = 32;

/// When to retransmit a flight, in milliseconds of the caller's clock: after a second, then after
/// twice as long as before, up to a minute.
#[derive(Default)]
pub(super) struct Timer {
    running: Option<Running>,
    /// When the flight was last sent.
    sent: Option<u64>,
    /// How often it was sent because the peer repeated its own.
    repeated: u32,
}

#[derive(Clone, Copy)]
struct Running {
    since: u64,
    interval: u64,
}

/// What to do about the last flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing yet.
    Wait,
    /// The flight must be sent again.
    Repeat,
    /// The peer has not answered for too long.
    GiveUp,
}

impl Timer {
    /// A flight was sent that needs an answer.
    pub(super) fn start(&mut self, now: u64) {
        *self = Self { running: Some(Running { since: now, interval: FIRST_INTERVAL }), sent: Some(now), repeated: 0 };
    }

    /// No answer is needed any more.
    pub(super) fn stop(&mut self, now: u64) {
        *self = Self { running: None, sent: Some(now), repeated: 0 };
    }

    /// Is an answer waited for?
    pub(super) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// What is due at `now`; if it is a repetition, the timer runs on for the next one.
    pub(super) fn due(&mut self, now: u64) -> Due {
        let Some(running) = &mut self.running else { return Due::Wait };
        // A clock that was set back must not stop the handshake.
        running.since = running.since.min(now);
        if now - running.since < running.interval {
            return Due::Wait;
        }
        if running.interval >= LAST_INTERVAL {
            return Due::GiveUp;
        }
        *running = Running { since: now, interval: LAST_INTERVAL.min(2 * running.interval) };
        self.sent = Some(now);
        Due::Repeat
    }

    /// May the flight be sent again because the peer repeated its own? It is limited in rate and
    /// number: otherwise an attacker who copies datagrams could flood the peer with flights. If it
    /// may, the timer begins its interval anew.
    pub(super) fn may_repeat(&mut self, now: u64) -> bool {
        let since = self.sent.unwrap_or(0).min(now);
        let may = now - since >= REPEAT_INTERVAL && self.repeated < MAX_REPEATED;
        self.repeated += u32::from(may);
        self.sent = Some(if may { now } else { since });
        if let Some(running) = self.running.as_mut().filter(|_| may) {
            running.since = now;
        }
        may
    }

    /// Milliseconds until something is due.
    pub(super) fn remaining(&self, now: u64) -> Option<u64> {
        let Running { since, interval } = self.running?;
        Some(interval - interval.min(now.saturating_sub(since)))
    }

    /// Was the flight repeated so often that its datagrams may be too long for the path?
    pub(super) fn suspects_mtu(&self) -> bool {
        self.running.is_some_and(|running| running.interval > 2 * FIRST_INTERVAL)
    }
}

/// mbedTLS' defaults, which are RFC 6347's (section 4.2.4.1).
const FIRST_INTERVAL: u64 = 1000;
const LAST_INTERVAL: u64 = 60_000;
/// The shortest time between two such flights: less than any peer's first interval, more than a
/// copied datagram needs to arrive.
const REPEAT_INTERVAL: u64 = 100;
/// More than any peer repeats a flight before it gives up.
const MAX_REPEATED: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flight_is_repeated_after_1_2_4_seconds_up_to_a_minute_and_then_given_up() {
        let mut timer = Timer::default();
        assert_eq!((timer.due(5), timer.remaining(5)), (Due::Wait, None));
        timer.start(5);
        let mut now = 5;
        for seconds in [1, 2, 4, 8, 16, 32] {
            assert_eq!(timer.remaining(now), Some(seconds * 1000));
            assert_eq!(timer.due(now + seconds * 1000 - 1), Due::Wait);
            now += seconds * 1000;
            assert_eq!(timer.due(now), Due::Repeat);
            assert_eq!(timer.due(now), Due::Wait);
        }
        assert_eq!(timer.due(now + 59_999), Due::Wait);
        assert_eq!(timer.due(now + 60_000), Due::GiveUp);
    }

    #[test]
    fn a_clock_that_is_set_back_delays_a_flight_by_one_interval() {
        let mut timer = Timer::default();
        timer.start(1_000_000);
        assert_eq!(timer.due(10), Due::Wait);
        assert_eq!(timer.remaining(10), Some(1000));
        assert_eq!(timer.due(1009), Due::Wait);
        assert_eq!(timer.due(1010), Due::Repeat);
    }

    #[test]
    fn copies_of_a_datagram_do_not_each_repeat_the_flight() {
        let mut timer = Timer::default();
        timer.start(1000);
        let repeated: Vec<u64> = (1000..1400).filter(|now| timer.may_repeat(*now)).collect();
        assert_eq!(repeated, [1100, 1200, 1300]);
        assert!(!timer.may_repeat(50));
        assert!(timer.may_repeat(150));
        let repeated = (1..100).filter(|second| timer.may_repeat(second * 1000)).count();
        assert_eq!(repeated, 16 - 4);
    }
}
