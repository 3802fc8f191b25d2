//! From fragments, in any order and more than once, to handshake messages in their order (RFC 6347,
//! section 4.2.3).

use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::wire::MessageHeader;
use crate::handshake::{Carrier, Message};

/// The messages that are being received, of bounded size.
#[derive(Default)]
pub(super) struct Reassembly {
    /// Number of the message that comes next.
    next: u16,
    /// That message and those after it, as far as they were begun.
    messages: VecDeque<Option<Partial>>,
}

impl Reassembly {
    /// Number of the message that comes next.
    pub(super) fn next_seq(&self) -> u16 {
        self.next
    }

    /// Forgets what was received; the message `seq` comes next.
    pub(super) fn restart(&mut self, seq: u16) {
        *self = Self { next: seq, messages: VecDeque::new() };
    }

    /// Takes a fragment, or drops it: of a message that is complete or too far ahead, of one that
    /// is longer than `longest`, of one that contradicts an earlier fragment's header, or because
    /// too much is waiting already.
    pub(super) fn add(&mut self, header: &MessageHeader, fragment: &[u8], longest: usize) {
        let Some(ahead) = header.seq.checked_sub(self.next).map(usize::from) else { return };
        if ahead >= MAX_AHEAD || header.length > longest || ahead > 0 && self.waiting() + header.length > MAX_WAITING {
            return;
        }
        if self.messages.len() <= ahead {
            self.messages.resize_with(ahead + 1, || None);
        }
        if let Some(slot) = self.messages.get_mut(ahead) {
            slot.get_or_insert_with(|| Partial::new(header)).add(header, fragment);
        }
    }

    /// The next message, if it is complete.
    pub(super) fn pop(&mut self) -> Option<Message> {
        if !self.messages.front()?.as_ref()?.is_complete() {
            return None;
        }
        self.next = self.next.checked_add(1)?;
        self.messages.pop_front().flatten().map(|partial| partial.message)
    }

    fn waiting(&self) -> usize {
        self.messages.iter().flatten().map(|partial| partial.message.bytes.len()).sum()
    }
}

/// Messages that may be begun before an earlier one is complete; a flight has fewer.
const MAX_AHEAD: usize = 8;
/// Bytes of messages that wait for an earlier one.
const MAX_WAITING: usize = 64 * 1024;
/// Gaps that a message may have; a fragment that would make more comes again.
const MAX_RANGES: usize = 256;

struct Partial {
    message: Message,
    length: usize,
    /// What was received of the body: sorted, apart from each other.
    received: Vec<Range<usize>>,
}

impl Partial {
    fn new(header: &MessageHeader) -> Self {
        Self {
            message: Message::new(Carrier::Datagrams, header.typ, header.seq, &vec![0; header.length]),
            length: header.length,
            received: Vec::new(),
        }
    }

    fn add(&mut self, header: &MessageHeader, fragment: &[u8]) {
        let range = header.offset..header.offset + fragment.len();
        if header.length != self.length || header.typ != self.message.typ() || range.is_empty() && self.length > 0 {
            return;
        }
        let place = self.message.body_mut().get_mut(range.clone());
        let (Some(place), Some(received)) = (place, with_range(&self.received, range)) else { return };
        place.copy_from_slice(fragment);
        self.received = received;
    }

    fn is_complete(&self) -> bool {
        matches!(self.received.as_slice(), [whole] if *whole == (0..self.length))
    }
}

/// `ranges` and `new` with what touches joined; `None` if they are too many.
fn with_range(ranges: &[Range<usize>], mut new: Range<usize>) -> Option<Vec<Range<usize>>> {
    let mut joined = Vec::with_capacity(ranges.len() + 1);
    for range in ranges {
        if range.end < new.start || new.end < range.start {
            joined.push(range.clone());
        } else {
            new = range.start.min(new.start)..range.end.max(new.end);
        }
    }
    joined.insert(joined.partition_point(|range| range.start < new.start), new);
    (joined.len() <= MAX_RANGES).then_some(joined)
}

#[cfg(test)]
mod tests {
    use rustls::HandshakeType;

    use super::*;

    const BODY: &[u8] = b"the body of a handshake message";

    fn header(seq: u16, length: usize, offset: usize) -> MessageHeader {
        MessageHeader { typ: HandshakeType::Certificate, length, seq, offset }
    }

    fn add(reassembly: &mut Reassembly, range: Range<usize>) {
        reassembly.add(&header(0, BODY.len(), range.start), &BODY[range], 100);
    }

    #[test]
    fn fragments_of_every_size_in_any_order_make_the_message() {
        for size in 1..=BODY.len() {
            for (first, step) in [(0, 1), (1, 2), (5, 7)] {
                let mut reassembly = Reassembly::default();
                let count = BODY.len().div_ceil(size);
                for turn in 0..count * step {
                    let start = (first + turn * step) % count * size;
                    add(&mut reassembly, start..BODY.len().min(start + size));
                }
                for start in (0..BODY.len()).step_by(size).rev() {
                    add(&mut reassembly, start..BODY.len().min(start + size));
                }
                let message = reassembly.pop().expect("complete");
                assert_eq!(message.body(), BODY);
                assert_eq!(message.typ(), HandshakeType::Certificate);
                assert!(reassembly.pop().is_none());
            }
        }
    }

    #[test]
    fn a_message_with_a_gap_is_not_given_out() {
        for gap in 0..BODY.len() {
            let mut reassembly = Reassembly::default();
            add(&mut reassembly, 0..gap);
            add(&mut reassembly, gap + 1..BODY.len());
            assert!(reassembly.pop().is_none(), "{gap}");
            add(&mut reassembly, gap..gap + 1);
            assert_eq!(reassembly.pop().expect("complete").body(), BODY);
        }
    }

    #[test]
    fn overlaps_and_empty_fragments_do_no_harm() {
        let mut reassembly = Reassembly::default();
        for range in [0..0, 3..9, 5..20, 4..6, 31..31, 0..4, 19..31] {
            assert!(reassembly.pop().is_none());
            add(&mut reassembly, range);
        }
        assert_eq!(reassembly.pop().expect("complete").body(), BODY);
        reassembly.add(&header(1, 0, 0), &[], 100);
        assert_eq!(reassembly.pop().expect("an empty message is complete").body(), b"");
    }

    #[test]
    fn headers_that_contradict_the_first_fragment_are_dropped() {
        let mut reassembly = Reassembly::default();
        add(&mut reassembly, 0..10);
        reassembly.add(&header(0, 40, 10), &[1; 30], 100);
        reassembly.add(&MessageHeader { typ: HandshakeType::Finished, ..header(0, BODY.len(), 10) }, &BODY[10..], 100);
        assert!(reassembly.pop().is_none());
        add(&mut reassembly, 10..BODY.len());
        assert_eq!(reassembly.pop().expect("complete").body(), BODY);
    }

    #[test]
    fn messages_wait_for_their_turn_and_only_so_many_do() {
        let mut reassembly = Reassembly::default();
        for seq in (0..20).rev() {
            reassembly.add(&header(seq, 1, 0), &[seq as u8], 100);
        }
        let order: Vec<u8> = std::iter::from_fn(|| reassembly.pop()).map(|message| message.body()[0]).collect();
        assert_eq!(order, [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(reassembly.next_seq(), 8);
    }

    #[test]
    fn what_waits_is_bounded_but_never_keeps_the_next_message_out() {
        let mut reassembly = Reassembly::default();
        for seq in 1..8 {
            reassembly.add(&header(seq, 30_000, 0), &[0; 1], 32_768);
        }
        assert!(reassembly.waiting() < 3 * 30_100);
        reassembly.add(&header(0, 32_768, 0), &vec![7; 32_768], 32_768);
        assert_eq!(reassembly.pop().expect("complete").body().len(), 32_768);
        reassembly.add(&header(1, 32_769, 0), &[0; 1], 32_768);
        assert!(reassembly.pop().is_none());
    }

    #[test]
    fn after_the_last_number_nothing_is_given_out() {
        let mut reassembly = Reassembly::default();
        reassembly.restart(u16::MAX);
        reassembly.add(&header(u16::MAX, 0, 0), &[], 100);
        assert!(reassembly.pop().is_none());
    }
}
