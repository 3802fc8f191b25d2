# What a poll says, and what it asks of the transport.

import select
import tls
from harness import *


def poll(sock, events=select.POLLIN | select.POLLOUT):
    poller = select.poll()
    poller.register(sock, events)
    return [event for _, event in poller.poll(0)]


def look(label, sock, end):
    # A poll for each kind of event: what it says, and the requests that reach the transport.
    for name, events in (("in", select.POLLIN), ("out", select.POLLOUT), ("both", select.POLLIN | select.POLLOUT)):
        end.requests = []
        line("%s, %s" % (label, name), poll, sock, events)
        show("asked", end.requests)


@situation
def before_and_in_the_handshake():
    c, s, left, right = deferred()
    look("new client", c, left)
    look("new server", s, right)
    c.write(b"!")
    look("client waits", c, left)
    look("server has a hello", s, right)
    s.recv(1)
    look("client has an answer", c, left)
    look("server waits", s, right)
    c.write(b"!")
    look("client has finished", c, left)
    s.recv(1)
    look("server has finished", s, right)
    look("client has an answer", c, left)
    c.write(b"!")
    look("client has written", c, left)
    look("server has data", s, right)


@situation
def data():
    c, s, left, right = connected()
    look("idle", c, left)
    s.write(b"abc")
    look("a record", c, left)
    c.recv(1)
    look("a part was read", c, left)
    c.recv(2)
    look("all was read", c, left)
    s.write(b"a")
    s.write(b"b")
    c.recv(1)
    look("another record", c, left)


@situation
def full_transport():
    c, s, left, right = connected()
    left.room = 0
    look("full", c, left)
    line("write", c.write, b"x")
    look("a write waits", c, left)
    line("read", c.recv, 1)
    look("after a read", c, left)
    left.room = None
    look("room", c, left)
    line("write", c.write, b"x")


@situation
def a_handshake_waits_to_write():
    c, s, left, right = deferred()
    left.room = 10
    line("read", c.recv, 1)
    look("a read waits to write", c, left)
    line("write", c.write, b"!")
    look("a write waits to write", c, left)
    left.room = None
    look("room", c, left)
    line("read", c.recv, 1)
    look("a read waits to read", c, left)
    line("write", c.write, b"!")
    look("a write waits to read", c, left)


@situations(*[(str(ready), ready) for ready in (0, 1, 4, 5, 8, 16, 32, 24, 64)])
def the_transport_says(ready):
    c, s, left, right = connected()
    left.ready = ready
    look("idle", c, left)
    s.write(b"abc")
    c.recv(1)
    look("data", c, left)
    c, s, left, right = deferred()
    c.write(b"!")
    left.ready = ready
    look("handshake", c, left)


@situation
def end_of_the_transport():
    c, s, left, right = connected()
    s.close()
    look("ended", c, left)
    line("read", c.recv, 1)
    look("end was read", c, left)
    c.close()
    look("closed", c, left)


@situation
def an_error():
    c, s, left, right = connected()
    left.inbox = bytes(20)
    look("rubbish", c, left)
    line("read", c.recv, 1)
    look("failed", c, left)
    c.close()
    look("closed", c, left)


@situation
def a_failed_handshake():
    c, s, left, right = deferred(client(tls.CERT_REQUIRED, "ca"), server("unknown"))
    play(c, s)
    look("client", c, left)
    look("server", s, right)


@situation
def a_closed_socket():
    c, s, left, right = connected()
    s.write(b"abc")
    c.recv(1)
    c.close()
    look("closed", c, left)


@situations(("raises", ValueError("poll")), ("OSError", OSError(9)))
def poll_of_the_transport(error):
    class Other(End):
        def ioctl(self, request, arg):
            if request == 3:
                raise error
            return 0

    other = Other()
    other.peer = End()
    c = client().wrap_socket(other, do_handshake_on_connect=False)
    line("poll", poll, c)
    line("again", poll, c)
    line("write", c.write, b"x")


@situations(*[(str(answer), answer) for answer in (-1, -9, -11, 256)])
def poll_answered_with(answer):
    c, s, left, right = connected()
    left.ready = answer
    line("poll", poll, c)
    line("write", c.write, b"x")
