# Transports written in Python that do odd things, and TLS as the transport of TLS.

import io
import tls
from harness import *


class Mine(Exception):
    pass


ERRORS = (
    ("ValueError", ValueError("x")),
    ("OSError 5", OSError(5)),
    ("OSError 104", OSError(104)),
    ("OSError 11", OSError(11)),
    ("OSError 115", OSError(115)),
    ("OSError with a text", OSError("text")),
    ("OSError of TLS", OSError(-28928, "text")),
    ("own", Mine(1)),
    ("EOFError", EOFError()),
)


def raising(error, times=1):
    left = [times]

    def act(buf):
        if left[0]:
            left[0] -= 1
            raise error
        return None

    return act


@situations(*ERRORS)
def read_raises(error):
    c, s, left, right = connected()
    s.write(b"abc")
    left.read_as = raising(error)
    line("read", c.read, 3)
    left.read_as = None
    line("read again", c.read, 3)
    line("write", c.write, b"xyz")
    line("peer", s.read, 3)


@situations(*ERRORS)
def write_raises(error):
    c, s, left, right = connected()
    left.write_as = raising(error)
    line("write", c.write, b"abc")
    left.write_as = None
    line("write again", c.write, b"abc")
    line("peer", s.recv, 10)
    s.write(b"xyz")
    line("read", c.read, 3)


@situations(*ERRORS)
def read_raises_in_the_handshake(error):
    c, s, left, right = deferred()
    left.read_as = raising(error)
    line("write", c.write, b"!")
    left.read_as = None
    play(c, s)


@situations(*ERRORS)
def write_raises_in_the_handshake(error):
    c, s, left, right = deferred()
    left.write_as = raising(error)
    line("write", c.write, b"!")
    left.write_as = None
    play(c, s)


@situations(*ERRORS)
def blocking_wrap_over_a_transport_that_raises(error):
    if error.args and error.args[0] in (11, 115):
        return
    for attribute in ("read_as", "write_as"):
        for make in (client, server):
            left, right = wire()
            setattr(left, attribute, raising(error, 100))
            left.ended = True
            line("%s %s" % (attribute, make.__name__), lambda: repr(make().wrap_socket(left)))
            show("requests", left.requests)


NUMBERS = (
    ("None", None), ("-1", -1), ("-5", -5), ("-9", -9), ("-11", -11), ("-32", -32), ("-104", -104), ("-110", -110), ("-115", -115), ("-255", -255),
    ("a str", "x"), ("a float", 1.5), ("False", False),
)


@situations(*NUMBERS)
def read_returns(number):
    c, s, left, right = connected()
    s.write(b"abc")
    left.read_as = lambda buf: number
    line("read", c.read, 3)
    left.read_as = None
    line("read again", c.read, 3)
    line("write", c.write, b"xyz")
    line("peer", s.recv, 3)


@situations(*[case for case in NUMBERS if case[0] not in ("False",)])
def write_returns(number):
    c, s, left, right = connected()
    left.write_as = lambda buf: number
    line("write", c.write, b"abc")
    left.write_as = None
    line("write again", c.write, b"abc")
    line("peer", s.recv, 10)
    s.write(b"xyz")
    line("read", c.read, 3)


@situations(*[case for case in NUMBERS if case[0] not in ("None", "-11", "-115", "False")])
def handshake_over_a_transport_that_returns(number):
    for attribute in ("read_as", "write_as"):
        c, s, left, right = deferred()
        setattr(left, attribute, lambda buf: number)
        line(attribute, c.write, b"!")
        line("again", c.write, b"!")
        line("close", c.close)
        show("requests", left.requests)


@situation
def transport_without_readinto():
    class OnlyWrite(io.IOBase):
        def write(self, buf):
            return len(buf)

        def ioctl(self, request, arg):
            return 0

    class OnlyRead(io.IOBase):
        def readinto(self, buf):
            return None

        def ioctl(self, request, arg):
            return 0

    c = client().wrap_socket(OnlyWrite(), do_handshake_on_connect=False)
    line("only write", c.write, b"x")
    c = client().wrap_socket(OnlyRead(), do_handshake_on_connect=False)
    line("only read", c.write, b"x")

    class NoIoctl(io.IOBase):
        def readinto(self, buf):
            return None

        def write(self, buf):
            return len(buf)

    c = client().wrap_socket(NoIoctl(), do_handshake_on_connect=False)
    line("no ioctl", c.write, b"x")
    line("close", c.close)


@situation
def the_buffers_are_bytearrays():
    kinds = set()
    c, s, left, right = deferred()

    def read(buf):
        kinds.add(type(buf).__name__)
        return None

    left.read_as = read
    c.write(b"!")
    show("kinds", kinds)


@situation
def reads_are_not_ahead():
    # Nothing behind the record that is being read may be taken from the transport.
    c, s, left, right = connected()
    s.write(b"abc")
    left.inbox += b"plain"
    line("read", c.read, 3)
    show("left", left.inbox)


def tunnel(inner_contexts=(None, None)):
    # TLS over TLS: the inner pair's wire is the outer connection.
    c, s, left, right = connected()
    inner_c = (inner_contexts[0] or client()).wrap_socket(c, server_hostname="localhost", do_handshake_on_connect=False)
    inner_s = (inner_contexts[1] or server()).wrap_socket(s, server_side=True, do_handshake_on_connect=False)
    return inner_c, inner_s, c, s, left, right


@situation
def tls_over_tls():
    c, s, outer_c, outer_s, left, right = tunnel()
    play(c, s)
    line("write", c.write, b"abcdef" * 1000)
    line("read", lambda: s.read(6000) == b"abcdef" * 1000)
    line("write", s.write, b"xyz")
    line("read", c.read, 3)
    line("cipher", c.cipher)


@situation
def tls_over_tls_over_tls():
    a, b, c, d, _, _ = tunnel()
    play(a, b)
    x = client().wrap_socket(a, server_hostname="localhost", do_handshake_on_connect=False)
    y = server().wrap_socket(b, server_side=True, do_handshake_on_connect=False)
    play(x, y)
    line("write", x.write, b"deep" * 3000)
    line("read", lambda: y.read(12000) == b"deep" * 3000)


@situation
def verified_tls_over_tls():
    c, s, *_ = tunnel((client(tls.CERT_REQUIRED, "ca"), server("expired")))
    play(c, s)


@situation
def tls_over_tls_without_room():
    c, s, outer_c, outer_s, left, right = tunnel()
    play(c, s)
    left.room = 10
    line("write", c.write, b"waits")
    left.room = None
    line("write", c.write, b"waits")
    line("read", s.read, 5)


@situation
def tls_over_tls_ends():
    c, s, outer_c, outer_s, left, right = tunnel()
    play(c, s)
    line("close", s.close)
    line("outer is closed", outer_s.write, b"x")
    line("read", c.read)
    line("read outside", outer_c.read)


@situation
def the_outer_connection_fails():
    c, s, outer_c, outer_s, left, right = tunnel()
    play(c, s)
    left.inbox = bytes(20)
    line("read", c.read, 1)
    line("again", c.read, 1)
    line("outside", outer_c.read, 1)


@situation
def setblocking_through_two():
    c, s, *_ = tunnel()
    line("setblocking", c.setblocking, False)


@situation
def a_connection_is_used_by_its_own_transport():
    # Another connection is used while one reads and writes.
    other_c, other_s, _, _ = connected()

    class Busy(End):
        def readinto(self, buf):
            other_c.write(b"busy reading")
            other_s.read(12)
            return End.readinto(self, buf)

        def write(self, buf):
            other_c.write(b"busy writing")
            other_s.read(12)
            return End.write(self, buf)

    left, right = Busy(), Busy()
    left.peer, right.peer = right, left
    c = client().wrap_socket(left, do_handshake_on_connect=False)
    s = server().wrap_socket(right, do_handshake_on_connect=False)
    play(c, s)
    line("write", c.write, b"hello" * 1000)
    line("read", lambda: s.read(5000) == b"hello" * 1000)
