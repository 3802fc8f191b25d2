# UDP: one socket beside another of the same program.

import select
import socket
import time
from harness import *

NOBODY = socket.getaddrinfo("127.0.0.1", 9)[0][-1]


def bound(blocking=True):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    address = bind(sock)
    sock.setblocking(blocking)
    return sock, address


def events(sock, wanted=select.POLLIN, timeout=2000):
    poller = select.poll()
    poller.register(sock, wanted)
    return [event for _, event in poller.poll(timeout)]


@situation
def nothing_has_come():
    sock, _ = bound(False)
    line("recv", sock.recv, 10)
    line("recvfrom", sock.recvfrom, 10)
    line("read", sock.read, 10)
    line("readinto", sock.readinto, bytearray(10))
    line("readline", sock.readline)
    line("poll for input", events, sock, select.POLLIN, 0)
    line("poll for both", events, sock, select.POLLIN | select.POLLOUT, 0)


@situation
def one_datagram():
    (a, _), (b, address) = bound(), bound(False)
    line("sendto", a.sendto, b"hello", address)
    line("poll", events, b)
    line("poll for both", events, b, select.POLLIN | select.POLLOUT)
    line("recvfrom", lambda: b.recvfrom(10)[0])
    line("recv", b.recv, 10)
    line("poll again", events, b, select.POLLIN, 0)


@situation
def the_sender():
    (a, here), (b, address) = bound(), bound()
    a.sendto(b"x", address)
    line("is told", lambda: socket.sockaddr(b.recvfrom(1)[1]) == socket.sockaddr(here))


@situation
def the_rest_of_a_datagram_is_lost():
    (a, _), (b, address) = bound(), bound(False)
    a.sendto(b"hello", address)
    a.sendto(b"world", address)
    events(b)
    line("recv", b.recv, 2)
    events(b)
    line("recv", b.recv, 10)
    line("recv", b.recv, 10)


@situation
def reads_join_datagrams():
    (a, _), (b, address) = bound(), bound(False)
    a.sendto(b"abc", address)
    a.sendto(b"defg", address)
    events(b)
    time.sleep(0.1)
    line("read", b.read, 10)


@situation
def readline_of_a_datagram():
    (a, _), (b, address) = bound(), bound(False)
    a.sendto(b"ab\ncd", address)
    events(b)
    line("readline", b.readline)


@situation
def an_empty_datagram():
    (a, _), (b, address) = bound(), bound(False)
    line("sendto", a.sendto, b"", address)
    line("poll", events, b)
    line("recvfrom", lambda: b.recvfrom(10)[0])
    line("recv", b.recv, 10)


@situation
def a_peek():
    (a, _), (b, address) = bound(), bound()
    a.sendto(b"hello", address)
    line("recv", b.recv, 2, socket.MSG_PEEK)
    line("recvfrom", lambda: b.recvfrom(10, socket.MSG_PEEK)[0])
    line("recv", b.recv, 10)


@situation
def one_call_does_not_wait():
    sock, _ = bound()
    line("recv", sock.recv, 10, socket.MSG_DONTWAIT)
    line("recvfrom", sock.recvfrom, 10, socket.MSG_DONTWAIT)


@situation
def unknown_flags():
    (a, _), (b, address) = bound(), bound()
    line("sendto", a.sendto, b"hello", 0, address)
    line("recv", b.recv, 10, 0)


@situation
def a_timeout():
    sock, _ = bound()
    sock.settimeout(0.05)
    line("read", sock.read, 1)
    line("readinto", sock.readinto, bytearray(1))
    line("recv", sock.recv, 1)
    line("recvfrom", sock.recvfrom, 1)


@situation
def connected():
    (a, _), (b, address) = bound(), bound(False)
    line("send before", a.send, b"x")
    line("write before", a.write, b"x")
    line("connect", a.connect, address)
    line("send", a.send, b"hello")
    line("write", a.write, b"again")
    events(b)
    line("recv", b.recv, 10)
    events(b)
    line("recv", b.recv, 10)


@situation
def a_connected_socket_hears_its_peer_only():
    (a, here), (b, there), (c, _) = bound(False), bound(), bound()
    a.connect(there)
    c.sendto(b"from another", here)
    b.sendto(b"from the peer", here)
    events(a)
    line("recv", a.recv, 20)
    line("recv", a.recv, 20)


@situation
def nobody_listens():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect(NOBODY)
    line("send", sock.send, b"x")
    time.sleep(0.1)
    sock.setblocking(False)
    line("send again", sock.send, b"x")
    time.sleep(0.1)
    line("recv", sock.recv, 1)


@situation
def nobody_listens_to_sendto():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line("sendto", sock.sendto, b"x", NOBODY)
    sock.setblocking(False)
    time.sleep(0.1)
    line("recv", sock.recv, 1)


@situation
def no_stream():
    sock, _ = bound(False)
    line("listen", sock.listen, 1)
    line("accept", sock.accept)


@situation
def bound_twice():
    sock, address = bound()
    line("bind again", sock.bind, address)
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line("bind another", other.bind, address)


@situations(("65507 bytes", 65507), ("65508 bytes", 65508), ("70000 bytes", 70000))
def a_large_datagram(size):
    (a, _), (b, address) = bound(), bound(False)
    line("sendto", a.sendto, bytes(size), address)
    line("recv", lambda: events(b, timeout=200) and len(b.recv(70000)))


@situation
def a_stranger_to_the_family():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    address = socket.getaddrinfo("::1", 9)[0][-1]
    line("sendto", sock.sendto, b"x", address)
    line("connect", sock.connect, address)
    line("bind", sock.bind, address)


@situation
def a_stream_of_another_family():
    sock = socket.socket()
    address = socket.getaddrinfo("::1", 9)[0][-1]
    line("connect", sock.connect, address)
    line("bind", sock.bind, address)


@situation
def a_stream_without_a_peer():
    sock = socket.socket()
    sock.setblocking(False)
    line("sendto", sock.sendto, b"x", NOBODY)
    line("send", sock.send, b"x")
    line("recv", sock.recv, 1)
    line("read", sock.read, 1)
    line("connect", sock.connect, NOBODY)
    line("again", lambda: events(sock, select.POLLOUT) and sock.connect(NOBODY))


@situation
def broadcasts():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line("allowed", sock.setsockopt, socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
