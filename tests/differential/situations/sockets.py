# TLS over sockets of the network, both ends in one program, so nothing may wait.

import select
import socket
import ssl
import tls
from harness import *


BLOCK = bytes(4096)


def ready(sock, events=select.POLLIN):
    poller = select.poll()
    poller.register(sock, events)
    return [event for _, event in poller.poll(2000)]


def handshake(c, s):
    for _ in range(20):
        wrote = c.write(b"!")
        ready(s)
        heard = s.recv(1)
        if wrote and heard:
            return
        if not heard:
            ready(c)


def wrapped(**options):
    left, right = pair()
    c = client(**options).wrap_socket(left, server_hostname="localhost", do_handshake_on_connect=False)
    s = server().wrap_socket(right, server_side=True, do_handshake_on_connect=False)
    return c, s, left, right


@situation
def data():
    c, s, left, right = wrapped()
    handshake(c, s)
    line("write", c.write, b"hello")
    ready(s)
    line("read", s.recv, 10)
    line("nothing", s.recv, 10)
    line("poll", ready, s, select.POLLOUT)
    line("close", c.close)
    ready(s)
    line("end", s.read)
    line("again", s.read)
    line("close", s.close)


@situation
def a_closed_socket_is_wrapped():
    left, right = pair()
    left.close()
    line("blocking", lambda: client().wrap_socket(left, server_hostname="x"))
    c = client().wrap_socket(left, server_hostname="x", do_handshake_on_connect=False)
    line("write", c.write, b"x")
    line("again", c.read, 1)
    line("close", c.close)
    line("server", lambda: server().wrap_socket(left, server_side=True))


@situation
def a_socket_without_a_connection_is_wrapped():
    c = client().wrap_socket(socket.socket(), do_handshake_on_connect=False)
    line("write", c.write, b"x")
    line("again", c.read, 1)


@situation
def the_socket_is_closed_below():
    c, s, left, right = wrapped()
    handshake(c, s)
    left.close()
    line("read", c.read, 1)
    line("again", c.read, 1)
    line("write", c.write, b"x")
    line("close", c.close)


@situation
def the_socket_is_closed_with_the_stream():
    c, s, left, right = wrapped()
    handshake(c, s)
    c.close()
    line("read", left.read, 1)
    line("send", left.send, b"x")


@situation
def a_failed_wrap_leaves_the_socket():
    left, right = pair()
    right.send(b"HTTP/1.0 400 Bad Request\r\n\r\n")
    ready(left)
    line("wrap", lambda: client().wrap_socket(left))
    line("still open", left.send, b"x")
    line("required", lambda: client(tls.CERT_REQUIRED).wrap_socket(left))
    line("still open", left.send, b"x")


@situation
def the_peer_resets():
    c, s, left, right = wrapped()
    handshake(c, s)
    left.setsockopt(socket.SOL_SOCKET, 13, b"\1\0\0\0\0\0\0\0")
    left.close()
    ready(s)
    line("read", s.read, 1)
    line("again", s.read, 1)
    line("write", s.write, b"x")


@situation
def the_peer_resets_in_the_handshake():
    left, right = pair()
    s = server().wrap_socket(right, server_side=True, do_handshake_on_connect=False)
    left.setsockopt(socket.SOL_SOCKET, 13, b"\1\0\0\0\0\0\0\0")
    left.close()
    ready(right)
    line("read", s.read, 1)
    line("again", s.read, 1)


@situation
def a_timeout():
    c, s, left, right = wrapped()
    handshake(c, s)
    left.settimeout(0.05)
    line("read", c.read, 1)
    line("again", c.read, 1)
    line("write", c.write, b"x")


@situation
def a_timeout_in_the_handshake():
    left, right = pair()
    left.settimeout(0.05)
    line("wrap", lambda: client().wrap_socket(left))
    c = client().wrap_socket(left, do_handshake_on_connect=False)
    line("write", c.write, b"x")
    line("again", c.read, 1)


@situation
def the_peer_does_not_read():
    # Neither writes nor close() may wait for it.
    c, s, left, right = wrapped()
    handshake(c, s)
    written = 0
    for _ in range(20000):
        count = c.write(BLOCK)
        if not count:
            break
        written += count
    show("it was full", count is None)
    show("some was written", written > 4096)
    line("close", c.close)


@situation
def a_blocking_socket_that_is_full_can_be_closed():
    c, s, left, right = wrapped()
    handshake(c, s)
    for _ in range(20000):
        if not c.write(BLOCK):
            break
    left.setblocking(True)
    line("close", c.close)


@situation
def options_go_through():
    c, s, left, right = wrapped()
    line("setblocking", c.setblocking, False)
    line("settimeout", lambda: c.settimeout(1))
    line("fileno", lambda: c.fileno())
