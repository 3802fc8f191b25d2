# Sockets of TCP, both ends in one program, so nothing may wait.

import array
import json
import select
import socket
import time
from harness import *

TEXT = b"first\nsecond\n\nlast"
DATA = b"0123456789"
BLOCK = bytes(16384)
NOWHERE = socket.getaddrinfo("127.0.0.1", 0)[0][-1]


def events(sock, wanted=select.POLLIN | select.POLLOUT, timeout=2000):
    poller = select.poll()
    poller.register(sock, wanted)
    return [event for _, event in poller.poll(timeout)]


def heard(text, more):
    # A socket that was sent this text, and its peer. Unless there is more to come the peer has
    # closed, and the socket waits for the end.
    left, right = pair()
    if text:
        assert right.write(text) == len(text)
        events(left, select.POLLIN)
    if not more:
        right.close()
        left.setblocking(True)
    return left, right


@situations(
    ("read(3)", lambda c: c.read(3)),
    ("read(0)", lambda c: c.read(0)),
    ("read(100)", lambda c: c.read(100)),
    ("read()", lambda c: c.read()),
    ("read(-1)", lambda c: c.read(-1)),
    ("read(None)", lambda c: c.read(None)),
    ("readline()", lambda c: c.readline()),
    ("readline(3)", lambda c: c.readline(3)),
    ("readline(0)", lambda c: c.readline(0)),
    ("recv(3)", lambda c: c.recv(3)),
    ("recv(0)", lambda c: c.recv(0)),
    ("recv(100)", lambda c: c.recv(100)),
    ("recv(-1)", lambda c: c.recv(-1)),
    ("recv(3, MSG_PEEK)", lambda c: c.recv(3, socket.MSG_PEEK)),
    ("recv(0, MSG_PEEK)", lambda c: c.recv(0, socket.MSG_PEEK)),
    ("recvfrom(3)", lambda c: c.recvfrom(3)[0]),
    ("recvfrom(0)", lambda c: c.recvfrom(0)[0]),
    ("recvfrom(3, MSG_PEEK)", lambda c: c.recvfrom(3, socket.MSG_PEEK)[0]),
)
def reading(call):
    for text in (TEXT, b"x", b""):
        for more in (True, False):
            c, s = heard(text, more)
            for _ in range(4):
                line("%d %s" % (len(text), more), call, c)
            c.close()
            s.close()


@situation
def reading_without_waiting():
    c, s = heard(TEXT, True)
    c.setblocking(True)
    line("peek", c.recv, 6, socket.MSG_DONTWAIT | socket.MSG_PEEK)
    line("recv", c.recv, 100, socket.MSG_DONTWAIT)
    line("recv again", c.recv, 1, socket.MSG_DONTWAIT)
    line("recv nothing", c.recv, 0, socket.MSG_DONTWAIT)
    line("peek again", c.recv, 1, socket.MSG_DONTWAIT | socket.MSG_PEEK)


@situations(
    ("all", lambda c, b: c.readinto(b)),
    ("3", lambda c, b: c.readinto(b, 3)),
    ("0", lambda c, b: c.readinto(b, 0)),
    ("-1", lambda c, b: c.readinto(b, -1)),
    ("100", lambda c, b: c.readinto(b, 100)),
    ("a memoryview", lambda c, b: c.readinto(memoryview(b)[2:5])),
    ("an empty memoryview", lambda c, b: c.readinto(memoryview(b)[2:2])),
    ("an array", lambda c, b: c.readinto(array.array("H", [0, 0]))),
)
def reading_into(call):
    for text in (TEXT, b""):
        for more in (True, False):
            c, s = heard(text, more)
            buf = bytearray(8)
            for _ in range(3):
                line("%d %s" % (len(text), more), call, c, buf)
                show("buffer", buf)
            c.close()
            s.close()


@situations(
    ("bytes", lambda w: w(DATA)),
    ("str of two bytes each", lambda w: w("\xfc\u20ac")),
    ("a bytearray", lambda w: w(bytearray(DATA))),
    ("a memoryview", lambda w: w(memoryview(DATA)[2:5])),
    ("nothing", lambda w: w(b"")),
    ("a list", lambda w: w([1])),
    ("an array", lambda w: w(array.array("H", [1, 2]))),
    ("a memoryview of an array", lambda w: w(memoryview(array.array("I", [1, 2]))[1:])),
)
def writing(call):
    for name in ("write", "send"):
        c, s = pair()
        line(name, call, getattr(c, name))
        c.close()
        s.setblocking(True)
        line("heard", s.read, 100)
        s.close()


@situations(
    ("3 of them", lambda c: c.write(DATA, 3)),
    ("0 of them", lambda c: c.write(DATA, 0)),
    ("-1 of them", lambda c: c.write(DATA, -1)),
    ("100 of them", lambda c: c.write(DATA, 100)),
    ("3 from 2", lambda c: c.write(DATA, 2, 3)),
    ("3 from 100", lambda c: c.write(DATA, 100, 3)),
    ("MSG_DONTWAIT", lambda c: c.send(DATA, socket.MSG_DONTWAIT)),
    ("sendto", lambda c: c.sendto(DATA, NOWHERE)),
    ("sendto, with flags", lambda c: c.sendto(DATA, 0, NOWHERE)),
    ("print", lambda c: print("a", 1, file=c)),
    ("json", lambda c: json.dump([1, "b"], c)),
)
def writing_in_other_forms(call):
    c, s = pair()
    line("call", call, c)
    c.close()
    s.setblocking(True)
    line("heard", s.read, 100)
    s.close()


@situation
def new_connections_are_written_to():
    for _ in range(50):
        listener, address = listening()
        c = socket.socket()
        c.connect(address)
        s, _ = listener.accept()
        listener.close()
        s.setblocking(False)
        assert s.write(b"x") == 1
        c.close()
        s.close()


@situation
def calls_in_the_wrong_state():
    listener, address = listening()
    line("listen again", listener.listen, 3)
    line("listen 0", listener.listen, 0)
    line("listen -1", listener.listen, -1)
    line("bind a listener", listener.bind, NOWHERE)
    line("connect a listener", listener.connect, address)
    line("read a listener", listener.read, 1)
    line("recv a listener", listener.recv, 1)
    line("write a listener", listener.write, b"x")
    line("send a listener", listener.send, b"x")
    c = socket.socket()
    line("connect", c.connect, address)
    line("connect again", c.connect, address)
    line("bind a connection", c.bind, NOWHERE)
    line("listen at a connection", c.listen, 1)
    line("accept at a connection", c.accept)
    s, _ = listener.accept()
    line("connect what was accepted", s.connect, address)
    s.close()
    events(c, select.POLLIN)
    line("connect after the end", c.connect, address)


@situation
def connecting_without_waiting():
    listener, address = listening()
    c = socket.socket()
    c.setblocking(False)
    line("connect", c.connect, address)
    line("events", events, c)
    line("read", c.read, 1)
    line("connect", c.connect, address)
    line("again", c.connect, address)
    line("recv", c.recv, 1)
    line("write", c.write, b"x")


def nobody_at():
    listener, address = listening()
    listener.close()
    return address


@situation
def a_refused_connection():
    address = nobody_at()
    c = socket.socket()
    line("connect", c.connect, address)
    line("events", events, c)
    line("read", c.read, 1)
    line("recv", c.recv, 1)
    line("write", c.write, b"x")
    line("connect again", c.connect, address)


@situation
def a_connection_that_is_refused_later():
    address = nobody_at()
    c = socket.socket()
    c.setblocking(False)
    line("connect", c.connect, address)
    line("events", events, c)
    line("events again", events, c)
    line("read", c.read, 1)
    line("events then", events, c)
    line("read again", c.read, 1)
    line("write", c.write, b"x")
    line("connect again", c.connect, address)


@situation
def connecting_again():
    address = nobody_at()
    blocking, other = socket.socket(), socket.socket()
    line("refused", blocking.connect, address)
    other.setblocking(False)
    line("begun", other.connect, address)
    line("events", events, other)
    line("refused later", other.connect, address)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(address)
    listener.listen(2)
    line("connect", blocking.connect, address)
    line("write", blocking.write, b"x")
    line("begun again", other.connect, address)
    line("events again", events, other)
    line("connected", other.connect, address)


@situation
def polls_of_a_listener():
    listener, address = listening()
    line("nobody waits", events, listener, select.POLLIN | select.POLLOUT, 20)
    c = socket.socket()
    c.connect(address)
    line("one waits", events, listener)
    line("again", events, listener)
    listener.accept()
    line("accepted", events, listener, select.POLLIN, 20)
    listener.setblocking(False)
    line("accept", listener.accept)


VALUES = (float("nan"), float("inf"), -float("inf"), -1, -0.001, -0.5, 0.9999999, 1e10, 1e20, 1e300, 0.0, 1e-9, 1e-6, 2**31, "1")


@situations(*[(repr(value), value) for value in VALUES])
def timeout(value):
    c, s = pair()
    line("settimeout", c.settimeout, value)
    s.write(b"x")
    events(c, select.POLLIN)
    line("read", c.read, 1)


@situation
def a_full_connection():
    c, s = pair()
    idle = 0
    while idle < 10:
        idle = 0 if c.write(BLOCK) else idle + 1
        time.sleep_ms(20 if idle else 0)
    line("write", c.write, b"x")
    line("send", c.send, b"x")
    line("events", events, c, select.POLLIN | select.POLLOUT, 20)
