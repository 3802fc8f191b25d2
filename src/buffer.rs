//! A byte queue that is filled and drained in place.

use alloc::vec::Vec;
use core::mem;
use core::ops::Range;

/// Bytes that arrived and were not consumed yet, contiguous, with room to receive more behind them.
///
/// An empty queue gives its memory to the next one that needs some ([`release`](Self::release)), so
/// that idle connections hold none and busy ones do not allocate.
#[derive(Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    filled: Range<usize>,
}

impl Buffer {
    pub(crate) fn len(&self) -> usize {
        self.filled.len()
    }

    /// Memory that is held, in bytes.
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.filled.is_empty()
    }

    pub(crate) fn filled(&self) -> &[u8] {
        &self.bytes[self.filled.clone()]
    }

    pub(crate) fn filled_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.filled.clone()]
    }

    /// Room for at least `wanted` bytes behind the filled part: moves the filled part to the front
    /// or grows only when it must.
    pub(crate) fn spare(&mut self, wanted: usize) -> &mut [u8] {
        if self.bytes.is_empty() {
            self.bytes = SPARE.take();
        }
        if self.bytes.len() - self.filled.end < wanted {
            self.bytes.copy_within(self.filled.clone(), 0);
            self.filled = 0..self.filled.len();
            if self.bytes.len() - self.filled.end < wanted {
                self.bytes.resize(self.filled.end + wanted, 0);
            }
        }
        &mut self.bytes[self.filled.end..]
    }

    /// Adds the first `count` bytes of what [`spare`](Self::spare) returned; a larger count is cut
    /// to that room.
    pub(crate) fn fill(&mut self, count: usize) {
        self.filled.end = self.bytes.len().min(self.filled.end.saturating_add(count));
    }

    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.spare(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.fill(bytes.len());
    }

    /// Drops `count` bytes from the front; a larger count empties the queue.
    pub(crate) fn consume(&mut self, count: usize) {
        self.filled.start = self.filled.end.min(self.filled.start.saturating_add(count));
        if self.filled.is_empty() {
            self.filled = 0..0;
        }
    }

    /// Drops all but the first `count` bytes.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.filled.end = self.filled.end.min(self.filled.start + count);
    }

    /// Moves as many bytes as fit to `out`.
    pub(crate) fn drain_into(&mut self, out: &mut [u8]) -> usize {
        let count = self.len().min(out.len());
        out[..count].copy_from_slice(&self.filled()[..count]);
        self.consume(count);
        count
    }

    /// Gives the memory back when nothing is queued.
    pub(crate) fn release(&mut self) {
        if self.is_empty() {
            let bytes = mem::take(self).bytes;
            SPARE.with_borrow_mut(|spare| {
                if bytes.len() > spare.len() && bytes.len() <= KEPT {
                    *spare = bytes;
                }
            });
        }
    }
}

/// The longest memory that is kept for the next queue, in bytes.
const KEPT: usize = 128 * 1024;

local::local! {
    static SPARE: Vec<u8> = Vec::new();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_in_order() {
        let mut buffer = Buffer::default();
        let mut out = Vec::new();
        for round in 0..100u8 {
            buffer.extend(&[round; 7]);
            let mut part = [0; 5];
            let count = buffer.drain_into(&mut part);
            out.extend_from_slice(&part[..count]);
        }
        out.extend_from_slice(buffer.filled());
        let expected: Vec<u8> = (0..100u8).flat_map(|round| [round; 7]).collect();
        assert_eq!(out, expected);
    }

    #[test]
    fn counts_beyond_the_room_are_cut() {
        let mut buffer = Buffer::default();
        buffer.spare(10);
        buffer.fill(usize::MAX);
        assert_eq!(buffer.len(), 10);
        buffer.consume(usize::MAX);
        assert!(buffer.is_empty());
        buffer.release();
        assert!(buffer.bytes.is_empty());
    }

    #[test]
    fn memory_passes_from_one_queue_to_the_next() {
        let mut first = Buffer::default();
        first.extend(&[1; 1000]);
        first.consume(1000);
        first.release();
        let mut second = Buffer::default();
        assert!(second.spare(1).len() >= 1000);
        assert!(second.is_empty());
    }
}
