# The plaintext of a connection as a stream, over the engine (see web/bridge.js for `_mptls`).
#
# MicroPython's stream functions make reads and writes out of raw reads and raw writes, which are
# the engine's. A call into the engine takes as long as copying many bytes. Small reads therefore
# fill a cache, and later small reads take their bytes from it. The cache never has more than the
# rest of a record. web/plaintext_cache.js fills it.

import io
import uctypes
import _mptls
from _arguments import as_int as _int
from _failure import blocked as _blocked

# MBEDTLS_SSL_OUT_CONTENT_LEN: the most that one send() takes.
_MAX_SEND = 4096
# The longest datagram that mbedTLS reads. One is sent whole or not at all.
MAX_DATAGRAM = 16717

_stream = io.BytesIO.__dict__
_stream_read = _stream["read"]
_stream_readinto = _stream["readinto"]
_stream_readline = _stream["readline"]
_stream_write = _stream["write"]

_js_read = _mptls.read
_js_read_record = _mptls.read_record
_js_read_line = _mptls.read_line
_js_write = _mptls.write
_address = uctypes.addressof

# The buffer for a line or a part of it.
_line = memoryview(bytearray(256))
_line_address = _address(_line)

_CACHE_LENGTH = _mptls.CACHE_LENGTH
# The position of a stream over an empty cache.
_EMPTY = _CACHE_LENGTH + 1
# The longest read that is answered from the cache.
_SMALL = 64
# A set, because a look-up is the fastest way to recognise such a length.
_SMALL_LENGTHS = set(range(1, _SMALL + 1))

_nothing = io.BytesIO()
_nothing.seek(_EMPTY)
# Caches of connections that are closed, for the next ones.
_spare = []

_TO_END = object()


def _taking(read):
    # A method that reads up to a length. It reads from the cache if that has all of it.
    def take_or_read(self, _length=_TO_END, *more):
        try:
            small = _length in _SMALL_LENGTHS and not more
        except TypeError:
            small = False  # its type has no hash
        if small:
            data = self._raw.take(_length)
            if len(data) == _length:
                return data
            self._raw.back(len(data))
        elif _length is _TO_END:
            return _stream_read(self._raw)
        return read(self, _length, *more)

    return take_or_read


class Plaintext(io.IOBase):
    def __init__(self, tls, datagram):
        self._tls = tls
        self._datagram = datagram
        self._raw = _Raw(tls, not datagram)
        self._once = _Once(self._raw, MAX_DATAGRAM if datagram else _MAX_SEND)

    @_taking
    def read(self, *args):
        return _stream_read(self._raw, *args)

    @_taking
    def recv(self, *args):
        self._once.more = True
        return _stream_read(self._once, _int(args[0]), *args[1:])

    def readinto(self, *args):
        return _stream_readinto(self._raw, *args)

    def recv_into(self, *args):
        return _stream_readinto(self._raw, *args)

    def readline(self, *args):
        if not args:
            line = self._raw.take_line()
            if line and line[-1] == 10:
                return line
            self._raw.back(len(line))
        # As MicroPython's readline(): every byte is a read of its own, and the type of the limit is
        # not checked.
        elif len(args) > 1 or type(args[0]) is not int or self._datagram:
            return _stream_readline(self._raw, *args)
        left = args[0] if args else -1
        pieces = []
        while left:
            count = self._raw.read(_js_read_line, _line_address, len(_line) if left < 0 else min(len(_line), left), True)
            if count is None:
                if not pieces:
                    return None
                break
            pieces.append(bytes(_line[:count]))
            if count == 0 or _line[count - 1] == 10:
                break
            left -= count if left > 0 else 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def write(self, *args):
        return _stream_write(self._raw, *args)

    def sendall(self, *args):
        return _stream_write(self._raw, *args)

    def send(self, *args):
        self._once.more = True
        return _stream_write(self._once, *args)


class _Raw(io.IOBase):
    # Reads and writes for callers that repeat them until all bytes are moved.

    def __init__(self, tls, caches):
        self.tls = tls
        self._caches = caches
        self._cache_in(_nothing, 0)

    def _cache_in(self, cached, address):
        # The cache as a stream over its memory. The stream's position tells the engine which bytes
        # Python has read. An interrupt arrives in a call of JavaScript and is raised at the next
        # jump. So it is never raised between reading bytes here and counting them.
        self._cached = cached
        self._address = address
        self.take = cached.read
        self.take_line = cached.readline
        self.position = cached.tell
        self._take_into = cached.readinto
        self._seek = cached.seek

    def readinto(self, buf):
        size = len(buf)
        if size <= _SMALL:
            count = self._take_into(buf)
            if count == size:
                return count
            self.back(count)
        return self.read(_js_read, _address(buf), size, size <= _SMALL)

    def write(self, buf):
        return self.write_up_to(buf, len(buf))

    def back(self, count):
        # The cache had too few bytes. They are read again, together with those that follow.
        if count:
            self._seek(self.position() - count)

    def read(self, js_read, address, size, caches):
        # Calls one operation of the engine, which also fills the cache. None if it would block.
        if not (caches and self._caches):
            count = js_read(self.tls, address, size, self._empty_cache(), 0)
            return count if count >= 0 else _blocked(count)
        if self._address == 0:
            self._cache_in(*(_spare.pop() if _spare else _new_cache()))
        count = js_read(self.tls, address, size, self._empty_cache(), self._address)
        if count < 0:
            return _blocked(count)
        self._seek(_CACHE_LENGTH - (count >> 16))
        return count & 0xFFFF

    def write_up_to(self, buf, size):
        count = _js_write(self.tls, _address(buf), size, self._empty_cache())
        return count if count >= 0 else _blocked(count)

    def end(self):
        # The connection is closed: its cache is free for another one.
        self._caches = False
        if self._address:
            self._empty_cache()
            _spare.append((self._cached, self._address))
            self._cache_in(_nothing, 0)

    def _empty_cache(self):
        # The position up to which the cache was read. The cache is empty from now on.
        position = self.position()
        self._seek(_EMPTY)
        return position


class _Once(io.IOBase):
    # The same for recv() and send(), which make one attempt. A second attempt returns "would
    # block".

    def __init__(self, raw, limit):
        self._raw = raw
        self._limit = limit
        self.more = True

    def readinto(self, buf):
        if self.more:
            self.more = False
            return self._raw.read(_js_read_record, _address(buf), len(buf), len(buf) <= _SMALL)

    def write(self, buf):
        if self.more:
            self.more = False
            return self._raw.write_up_to(buf, min(len(buf), self._limit))


def _new_cache():
    memory = bytes(_CACHE_LENGTH)
    cached = io.BytesIO(memory)
    cached.seek(_EMPTY)
    return cached, _address(memory)
