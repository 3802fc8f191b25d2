# socket: TCP and UDP over the network channel (web/net).
# Streams behave as MicroPython's: the generic stream functions of C run on a raw stream whose operations are single steps.

import uio as io
from uctypes import addressof
from ustruct import unpack as _unpack
from micropython import const
from _mpnet import (
    socket as _socket,
    bind as _bind,
    listen as _listen,
    opening as _opening,
    accept as _accept,
    connect as _connect,
    close as _close,
    poll as _poll,
    recv as _recv,
    send as _send,
    sendto as _sendto,
    peer_host as _peer_host,
    peer_port as _peer_port,
    settimeout as _settimeout,
    setsockopt as _setsockopt,
    lookup as _lookup,
    found_host as _found_host,
    found_family as _found_family,
)
from _internal import checked as _checked
from _blocking import EDEADLK as _EDEADLK, would_block as _would_block

AF_INET = 2
AF_INET6 = 10
SOCK_STREAM = 1
SOCK_DGRAM = 2
SOCK_RAW = 3
SOL_SOCKET = 1
SO_REUSEADDR = 2
SO_BROADCAST = 6
SO_SNDBUF = 7
SO_RCVBUF = 8
SO_KEEPALIVE = 9
SO_LINGER = 13
IPPROTO_IP = 0
IPPROTO_TCP = 6
IPPROTO_UDP = 17
IP_TTL = 2
IP_MULTICAST_TTL = 33
IP_MULTICAST_LOOP = 34
IP_ADD_MEMBERSHIP = 35
IP_DROP_MEMBERSHIP = 36
TCP_NODELAY = 1
MSG_PEEK = 2
MSG_DONTWAIT = 0x40

_EINTR = const(4)
_EAGAIN = const(11)
_EINVAL = const(22)
_IOCTL_FLUSH = const(1)
_IOCTL_POLL = const(3)
_IOCTL_CLOSE = const(4)

_stream = io.BytesIO.__dict__
_read = _stream["read"]
_readinto = _stream["readinto"]
_readline = _stream["readline"]
_write = _stream["write"]


# What recv() receives into before it knows how much comes: kept, because nothing is collected while a synchronous program runs.
_spare = None


class _Raw(io.IOBase):
    def __init__(self, handle):
        self.h = handle

    def readinto(self, buf):
        while True:
            n = _recv(self.h, addressof(buf), len(buf), 0)
            if n >= 0:
                return n
            if n == -_EAGAIN:
                return None
            if n != -_EINTR:
                _check(n)

    def write(self, buf):
        while True:
            n = _send(self.h, addressof(buf), len(buf))
            if n >= 0:
                return n
            if n == -_EAGAIN:
                return None
            if n != -_EINTR:
                _check(n)

    def ioctl(self, request, arg):
        if request == _IOCTL_POLL:
            return _poll(self.h, arg)
        if request == _IOCTL_CLOSE:
            return _close(self.h)
        if request == _IOCTL_FLUSH:
            return 0
        return -_EINVAL


class socket(io.IOBase):
    # Its readiness changes by events of the network channel only; select relies on that.
    _evented = True

    def __init__(self, af=AF_INET, type=SOCK_STREAM, proto=0, *, _h=0):
        self._h = _h or _check(_socket(af, type))
        self._af = af
        self._raw = _Raw(self._h)

    def __repr__(self):
        return "<socket %d>" % self._h

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def bind(self, address):
        host, port = _address(address, self._af)
        _check(_bind(self._h, host, port))

    def listen(self, backlog=2):
        _check(_listen(self._h, backlog))

    # For asyncio.start_server().
    async def _opening(self):
        promise = _opening(self._h)
        if promise is not None:
            _check(await promise)

    def accept(self):
        while True:
            h = _accept(self._h)
            if h != -_EINTR:
                break
        _check(h, "asyncio.start_server()")
        return socket(self._af, _h=h), (_peer_host(h), _peer_port(h))

    def connect(self, address):
        host, port = _address(address, self._af)
        while True:
            n = _connect(self._h, host, port)
            if n != -_EINTR:
                break
        _check(n, "asyncio.open_connection()")

    def send(self, buf, flags=0):
        buf = _bytes(buf)
        while True:
            n = _send(self._h, addressof(buf), len(buf))
            if n != -_EINTR:
                return _check(n)

    def sendall(self, buf, flags=0):
        buf = _bytes(buf)
        sent = 0
        size = len(buf)
        at = addressof(buf)
        while sent < size:
            n = _send(self._h, at + sent, size - sent)
            if n != -_EINTR:
                sent += _check(n)

    def sendto(self, buf, flags, address=None):
        if address is None:
            address = flags
        buf = _bytes(buf)
        host, port = _address(address, self._af)
        while True:
            n = _sendto(self._h, addressof(buf), len(buf), host, port)
            if n != -_EINTR:
                return _check(n)

    def recv(self, size, flags=0):
        global _spare
        view = _spare
        _spare = None
        if view is None or len(view) < size:
            view = memoryview(bytearray(size))
        try:
            return bytes(view[: self.recv_into(view, size, flags)])
        finally:
            _spare = view

    def recv_into(self, buf, size=None, flags=0):
        if size is None:
            size = len(buf)
        if size > len(buf):
            raise ValueError("buffer too small")
        while True:
            n = _recv(self._h, addressof(buf), size, flags)
            if n != -_EINTR:
                return _check(n)

    def recvfrom(self, size, flags=0):
        data = self.recv(size, flags)
        return data, (_peer_host(self._h), _peer_port(self._h))

    def setsockopt(self, level, option, value):
        if isinstance(value, int):
            _check(_setsockopt(self._h, level, option, value, None, None))
        elif (level, option) == (SOL_SOCKET, SO_LINGER):
            on, seconds = _unpack("ii", value)
            _check(_setsockopt(self._h, level, option, seconds if on else -1, None, None))
        else:
            group = ".".join(str(b) for b in value[:4])
            local = ".".join(str(b) for b in value[4:8])
            _check(_setsockopt(self._h, level, option, 0, group, local))

    def settimeout(self, seconds):
        if seconds is None:
            _check(_settimeout(self._h, -1))
            return
        if seconds < 0:
            raise ValueError("timeout must not be negative")
        _check(_settimeout(self._h, int(seconds * 1000 + 0.999)))

    def setblocking(self, flag):
        _check(_settimeout(self._h, -1 if flag else 0))

    def makefile(self, mode="rb", bufsize=0):
        return self

    def read(self, n=-1):
        return _read(self._raw, n)

    def readinto(self, buf, *args):
        return _readinto(self._raw, buf, *args)

    def readline(self, n=-1):
        return _readline(self._raw, n)

    def write(self, buf, *args):
        return _write(self._raw, buf, *args)

    def ioctl(self, request, arg):
        return self._raw.ioctl(request, arg)

    def close(self):
        _close(self._h)


def getaddrinfo(host, port, af=0, type=0, proto=0, flags=0):
    port = int(port)
    if isinstance(host, (bytes, bytearray)):
        host = bytes(host).decode()
    while True:
        n = _lookup(host, af)
        if n != -_EINTR:
            break
    if n < 0:
        _checked(n)
        raise OSError(n, "name or service not known" if n == -2 else "temporary failure in name resolution")
    type = type or SOCK_STREAM
    proto = proto or (IPPROTO_UDP if type == SOCK_DGRAM else IPPROTO_TCP)
    found = [(_found_family(i), type, proto, "", (_found_host(i), port)) for i in range(n)]
    # IPv4 first: programs take the first entry and a socket of the default family.
    found.sort(key=lambda entry: entry[0])
    return found


def _check(n, instead="asyncio's streams"):
    if n < 0:
        _checked(n)
        raise _would_block(instead) if n == -_EDEADLK else OSError(-n)
    return n


def _bytes(buf):
    return buf.encode() if isinstance(buf, str) else buf


# The host as a numeric address and the port.
def _address(address, af):
    if not isinstance(address, (tuple, list)):
        raise TypeError("address must be a tuple of host and port")
    host, port = address[0], address[1]
    if isinstance(host, (bytes, bytearray)):
        host = bytes(host).decode()
    if not 0 <= port <= 65535:
        raise OverflowError("port must be 0-65535")
    for c in host:
        if c not in "0123456789.":
            if ":" not in host:
                host = getaddrinfo(host, port, af)[0][4][0]
            break
    return host, port
