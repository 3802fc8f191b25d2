# select: MicroPython's own poll object, which checks its streams once, in a loop that waits for
# network events. A stream that is not ours may become ready without an event. While such a stream
# is registered, the loop checks every few milliseconds.

from _patches import look_once as _poll
from sys import stdin
from utime import ticks_ms, ticks_diff, ticks_add
from micropython import const
from _internal import checked as _checked
from _mpnet import seen as _seen, wait as _wait
from _blocking import EDEADLK, would_block

POLLIN = 1
POLLOUT = 4
POLLERR = 8
POLLHUP = 16

_INTERVAL = const(10)
# Functions given to micropython.schedule() run between the waits.
_LONGEST = const(100)
# The longest difference of ticks: three days.
_FOREVER = const(0xFFFFFFF)


# True for streams whose readiness changes only when something happens on the network channel.
def _evented(stream):
    return getattr(stream, "_evented", False) or stream is stdin


class poll:
    def __init__(self):
        self._poll = _poll()
        self._poll.ipoll(0)  # only the first call takes memory
        self._others = set()
        self._first = None
        self._stop = StopIteration()

    def register(self, stream, eventmask=POLLIN | POLLOUT):
        self._poll.register(stream, eventmask)
        if not _evented(stream):
            self._others.add(id(stream))

    def modify(self, stream, eventmask):
        self._poll.modify(stream, eventmask)

    def unregister(self, stream):
        self._poll.unregister(stream)
        self._others.discard(id(stream))

    # Whether a registered stream sends no event when it becomes ready.
    def others(self):
        return bool(self._others)

    def poll(self, timeout=-1, flags=0):
        self._first = self._ready(timeout, flags)
        if self._first is None:
            return []
        return [(event[0], event[1]) for event in self]

    def ipoll(self, timeout=-1, flags=0):
        self._first = self._ready(timeout, flags)
        return () if self._first is None else self

    def __iter__(self):
        return self

    def __next__(self):
        event = self.next()
        if event is None:
            self._stop.__traceback__ = None
            raise self._stop
        return event

    # The next event of ipoll(), None after the last one: exceptions are slow, in WebAssembly most
    # of all.
    def next(self):
        event = self._first
        if event is None:
            return next(self._poll, None)
        self._first = None
        return event

    # Waits until a stream is ready; the first event, or None when the time is over.
    def _ready(self, timeout, flags):
        if timeout is None:
            timeout = -1
        longest = _INTERVAL if self._others else _LONGEST
        end = ticks_add(ticks_ms(), min(timeout, _FOREVER)) if timeout > 0 else 0
        while True:
            seen = _seen()
            event = next(self._poll.ipoll(0, flags), None)
            if event is not None:
                return event
            rest = longest
            if timeout >= 0:
                rest = min(rest, ticks_diff(end, ticks_ms()) if timeout > 0 else 0)
                if rest <= 0:
                    return None
            if _checked(_wait(seen, rest)) == -EDEADLK:
                raise would_block("asyncio, or look with a timeout of 0")


def select(rlist, wlist, xlist, timeout=None):
    p = poll()
    masks = {}
    for streams, mask in ((rlist, POLLIN), (wlist, POLLOUT), (xlist, POLLERR | POLLHUP)):
        for stream in streams:
            masks[id(stream)] = masks.get(id(stream), 0) | mask
    for streams in (rlist, wlist, xlist):
        for stream in streams:
            p.register(stream, masks[id(stream)])
    ready = {}
    for event in p.ipoll(-1 if timeout is None else int(timeout * 1000)):
        ready[id(event[0])] = event[1]
    return (
        [s for s in rlist if ready.get(id(s), 0) & POLLIN],
        [s for s in wlist if ready.get(id(s), 0) & POLLOUT],
        [s for s in xlist if ready.get(id(s), 0) & ~(POLLIN | POLLOUT)],
    )
