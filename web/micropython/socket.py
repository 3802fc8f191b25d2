# socket: TCP and UDP over the network channel (web/net). Streams behave as MicroPython's, because
# MicroPython's stream functions in C run on a raw stream. Each operation of the raw stream is one
# step.

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
)
from _arguments import as_int as _int
from _internal import checked as _checked
from _blocking import EDEADLK as _EDEADLK, would_block as _would_block
from _names import getaddrinfo, inet_ntop, inet_pton, sockaddr
from _names import pair as _pair, resolve as _resolve

AF_UNIX = 1
AF_INET = 2
AF_INET6 = 10
SOCK_STREAM = 1
SOCK_DGRAM = 2
SOCK_RAW = 3
SOL_SOCKET = 1
SO_REUSEADDR = 2
SO_ERROR = 4
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

# The numbers below these are types and protocols of Linux.
_SOCK_MAX = const(11)
_IPPROTO_MAX = const(263)

_EPERM = const(1)
_EINTR = const(4)
_EAGAIN = const(11)
_EINVAL = const(22)
_EPROTONOSUPPORT = const(93)
_ESOCKTNOSUPPORT = const(94)
_EAFNOSUPPORT = const(97)
_IOCTL_FLUSH = const(1)
_IOCTL_POLL = const(3)
_IOCTL_CLOSE = const(4)

_OPTIONS_OF_BYTES = (
    (SOL_SOCKET, SO_LINGER),
    (IPPROTO_IP, IP_ADD_MEMBERSHIP),
    (IPPROTO_IP, IP_DROP_MEMBERSHIP),
)

_stream = io.BytesIO.__dict__
_read = _stream["read"]
_readinto = _stream["readinto"]
_readline = _stream["readline"]
_write = _stream["write"]


# The buffer into which recv() receives before it knows the length. It is kept, because garbage is
# not collected while a synchronous program runs.
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
    # The stream's readiness changes only with events of the network channel. select relies on that.
    _evented = True

    def __init__(self, family=AF_INET, type=SOCK_STREAM, proto=0, fileno=None, *, _h=0):
        if fileno is not None:
            raise ValueError("a socket cannot be made of a number")
        if not _h:
            error = _kind_error(_int(family), _int(type), _int(proto))
            if error:
                raise OSError(error)
        self._h = _h or _check(_socket(family, type))
        self._af = family
        self._raw = _Raw(self._h)
        self._closed = False

    def __repr__(self):
        return "<socket %d>" % self.fileno()

    def fileno(self):
        # The socket's own number, which is not a file descriptor; -1 once it is closed.
        return -1 if self._closed else self._h

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def bind(self, address):
        host, port = _address(address, self._af)
        _check(_bind(self._h, host, port))

    def listen(self, backlog=2):
        _check(_listen(self._h, _int(backlog)))

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
        level, option = _int(level), _int(option)
        if (level, option) not in _OPTIONS_OF_BYTES and not isinstance(value, int):
            if len(memoryview(value)) < 4:
                raise OSError(_EINVAL)
            value = _unpack("i", value)[0]
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
        _check(_settimeout(self._h, 1 if seconds < 0 else int(seconds * 1000 + 0.999)))

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
        self._closed = True
        _close(self._h)


def _check(n, instead="asyncio's streams"):
    if n < 0:
        _checked(n)
        raise _would_block(instead) if n == -_EDEADLK else OSError(-n)
    return n


def _bytes(buf):
    return buf.encode() if isinstance(buf, str) else buf


# The host as a numeric address and the port.
def _address(address, af):
    host, port = _pair(address)
    if isinstance(host, (bytes, bytearray)):
        host = bytes(host).decode()
    if not 0 <= port <= 65535:
        raise OverflowError("port must be 0-65535")
    if host and _looks_like(host) == 0:
        host = _resolve(host, af)[0][1]
    elif host and _looks_like(host) != af:
        raise OSError(_EAFNOSUPPORT)
    return host, port


# The family of a numeric address, 0 of a name. It takes no memory, because sendto() calls it.
def _looks_like(host):
    if ":" in host:
        return AF_INET6
    for c in host:
        if c not in "0123456789.":
            return 0
    return AF_INET


# Linux's errno for a socket that is not supported, None for one that is.
def _kind_error(family, type, proto):
    if not 0 <= type < _SOCK_MAX:
        return _EINVAL
    if family not in (AF_INET, AF_INET6):
        return _EAFNOSUPPORT
    if not 0 <= proto < _IPPROTO_MAX:
        return _EINVAL
    if type == SOCK_RAW:
        return _EPERM if proto else _EPROTONOSUPPORT
    if type not in (SOCK_STREAM, SOCK_DGRAM):
        return _ESOCKTNOSUPPORT
    if proto not in (0, IPPROTO_TCP if type == SOCK_STREAM else IPPROTO_UDP):
        return _EPROTONOSUPPORT
