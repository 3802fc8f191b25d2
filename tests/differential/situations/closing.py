# close(), what is remembered over it, and who closes the transport.

import io
import tls
from harness import *

USES = (
    ("read", lambda c: c.read(1)),
    ("read()", lambda c: c.read()),
    ("read(0)", lambda c: c.read(0)),
    ("readinto", lambda c: c.readinto(bytearray(1))),
    ("readline", lambda c: c.readline()),
    ("recv", lambda c: c.recv(1)),
    ("recv_into", lambda c: c.recv_into(bytearray(1))),
    ("write", lambda c: c.write(b"x")),
    ("write nothing", lambda c: c.write(b"")),
    ("send", lambda c: c.send(b"x")),
    ("sendall", lambda c: c.sendall(b"x")),
    ("close", lambda c: c.close()),
    ("del", lambda c: c.__del__()),
    ("getpeercert", lambda c: c.getpeercert(True)),
)


@situations(*USES)
def use_after_close(use):
    c, s, left, right = connected()
    s.write(b"abc")
    line("close", c.close)
    line("first", use, c)
    line("second", use, c)
    show("requests", left.requests)


@situations(*USES)
def use_after_an_error(use):
    c, s, left, right = connected()
    left.inbox = bytes(20)
    line("read", c.read, 1)
    line("first", use, c)
    line("second", use, c)
    line("close", c.close)
    line("closed", use, c)
    show("requests", left.requests)


@situations(*[case for case in USES if case[0] != "getpeercert"])
def use_after_a_refused_peer(use):
    c, s, left, right = deferred(client(tls.CERT_REQUIRED, "ca"), server("unknown"))
    play(c, s)
    line("first", use, c)
    line("close", c.close)
    line("closed", use, c)


@situations(*[case for case in USES if case[0] not in ("getpeercert",)])
def use_of_a_new_socket_after_close(use):
    left, right = wire()
    c = client().wrap_socket(left, do_handshake_on_connect=False)
    line("close", c.close)
    line("use", use, c)
    show("sent", right.inbox)


@situation
def close_twice():
    c, s, left, right = connected()
    for _ in range(3):
        line("close", c.close)
        line("del", c.__del__)
    show("requests", left.requests)
    line("peer", s.read)


@situation
def close_in_the_handshake():
    c, s, left, right = deferred()
    c.write(b"!")
    sent = left.wrote
    line("close", c.close)
    show("sent more", left.wrote - sent)
    show("requests", left.requests)
    line("peer", s.read, 1)
    line("peer", s.read, 1)


@situation
def close_sends_nothing():
    c, s, left, right = connected()
    sent = left.wrote
    c.close()
    show("sent more", left.wrote - sent)


@situation
def close_with_a_write_that_waits():
    c, s, left, right = connected()
    left.room = 3
    line("write", c.write, b"abc")
    left.room = None
    line("close", c.close)
    line("peer", s.read, 10)
    line("write", c.write, b"abc")


@situation
def close_after_end_in_the_handshake():
    c, s, left, right = deferred()
    left.ended = True
    line("write", c.write, b"!")
    line("close", c.close)
    show("requests", left.requests)


@situations(("error", OSError(5)), ("exception", ValueError("close")))
def the_transport_does_not_close(error):
    class Stubborn(End):
        def ioctl(self, request, arg):
            if request == 4:
                raise error
            return End.ioctl(self, request, arg)

    stubborn, other = Stubborn(), End()
    stubborn.peer, other.peer = other, stubborn
    c = client().wrap_socket(stubborn, do_handshake_on_connect=False)
    line("close", c.close)
    line("again", c.close)
    line("write", c.write, b"x")


@situation
def the_transport_is_closed_first():
    c, s, left, right = connected()
    left.ended = True
    right.ended = True
    line("read", c.read)
    line("close", c.close)


@situation
def one_side_closes_while_the_other_writes():
    c, s, left, right = connected()
    c.close()
    line("write", s.write, b"abc")
    line("read", s.read)
    line("write", s.write, b"abc")
    line("close", s.close)


@situation
def setblocking_goes_to_the_transport():
    c, s, left, right = connected()
    line("True", c.setblocking, True)
    line("5", c.setblocking, 5)
    line("None", c.setblocking, None)
    line("BytesIO", lambda: client().wrap_socket(io.BytesIO(), do_handshake_on_connect=False).setblocking(True))


@situation
def contexts_are_deleted_twice():
    context = client()
    line("del", context.__del__)
    line("again", context.__del__)


@situation
def contexts_live_as_long_as_their_sockets():
    c, s, left, right = connected()
    line("write", c.write, b"abc")
    line("read", s.read, 3)


@situation
def many_sockets_of_one_context():
    c_context, s_context = client(), server()
    for _ in range(10):
        c, s, _, _ = connected(c_context, s_context)
        c.close()
        s.close()
    show("done", True)
