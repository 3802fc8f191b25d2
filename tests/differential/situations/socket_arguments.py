# The arguments of socket.socket, its methods and the module's names.

import select
import socket
from harness import *


def made(*args, **options):
    # What becomes of a constructor: "a socket", or what it raised.
    sock = socket.socket(*args, **options)
    sock.close()
    return "a socket"


def tcp():
    return socket.socket()


def udp():
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


@situations(
    ("none",),
    ("the family", 2),
    ("IPv6", 10),
    ("a stream", 2, 1),
    ("TCP", 2, 1, 6),
    ("a datagram", 2, 2),
    ("UDP", 2, 2, 17),
    ("UDP over IPv6", 10, 2, 17),
    ("any protocol", 2, 2, 0),
    ("a raw socket without a protocol", 2, 3),
    ("family None", None),
    ("family as text", "2"),
    ("family as a float", 2.0),
    ("family True", True),
    ("family 0", 0),
    ("family 99", 99),
    ("a negative family", -1),
    ("type None", 2, None),
    ("type as text", 2, "1"),
    ("type as a float", 2, 1.0),
    ("type 0", 2, 0),
    ("type 4", 2, 4),
    ("type 5", 2, 5),
    ("type 7", 2, 7),
    ("type 16", 2, 16),
    ("type 123456", 2, 123456),
    ("a negative type", 2, -1),
    ("protocol None", 2, 1, None),
    ("protocol as text", 2, 1, "x"),
    ("protocol as a float", 2, 1, 6.0),
    ("UDP as a stream", 2, 1, 17),
    ("TCP as a datagram", 2, 2, 6),
    ("protocol 99", 2, 1, 99),
    ("protocol 999", 2, 1, 999),
    ("a negative protocol", 2, 1, -1),
    ("an unknown family and type", 99, 99),
    ("an unknown type and protocol", 2, 7, 99),
    ("four", 2, 1, 0, None),
)
def constructor(*args):
    line("socket", made, *args)


@situation
def constructor_with_keywords():
    line("family", lambda: made(family=2))
    line("type", lambda: made(2, type=1))
    line("all", lambda: made(family=10, type=2, proto=17))


@situations(
    ("bind, None", "bind", None),
    ("bind, a number", "bind", 80),
    ("bind, no argument", "bind"),
    ("bind, two arguments", "bind", "127.0.0.1", 0),
    ("connect, None", "connect", None),
    ("connect, a number", "connect", 80),
    ("connect, no argument", "connect"),
    ("listen, None", "listen", None),
    ("listen, text", "listen", "x"),
    ("listen, a float", "listen", 1.5),
    ("listen, two arguments", "listen", 1, 2),
    ("accept, an argument", "accept", 1),
    ("accept, before listen", "accept"),
    ("recv, no argument", "recv"),
    ("recv, not connected", "recv", 1),
    ("send, no argument", "send"),
    ("send, a number", "send", 1),
    ("send, None", "send", None),
    ("send, not connected", "send", b"x"),
    ("sendto, one argument", "sendto", b"x"),
    ("sendto, a number", "sendto", 1, b""),
    ("sendto, None as the address", "sendto", b"x", None),
    ("setsockopt, two arguments", "setsockopt", 1, 2),
    ("setsockopt, five arguments", "setsockopt", 1, 2, 3, 4),
    ("setsockopt, text as option", "setsockopt", 1, "x", 1),
    ("setsockopt, None as option", "setsockopt", 1, None, 1),
    ("setsockopt, None as value", "setsockopt", 1, 2, None),
    ("setsockopt, a float as value", "setsockopt", 1, 2, 1.0),
    ("setsockopt, True as value", "setsockopt", 1, 2, True),
    ("setsockopt, REUSEADDR", "setsockopt", 1, 2, 1),
    ("setsockopt, REUSEADDR, bytes", "setsockopt", 1, 2, b"\1\0\0\0"),
    ("setsockopt, REUSEADDR, a bytearray", "setsockopt", 1, 2, bytearray(b"\1\0\0\0")),
    ("setsockopt, REUSEADDR, eight bytes", "setsockopt", 1, 2, b"\1\0\0\0\0\0\0\0"),
    ("setsockopt, REUSEADDR, three bytes", "setsockopt", 1, 2, b"\1\0\0"),
    ("setsockopt, REUSEADDR, no bytes", "setsockopt", 1, 2, b""),
    ("setsockopt, KEEPALIVE", "setsockopt", 1, 9, 1),
    ("setsockopt, KEEPALIVE, bytes", "setsockopt", 1, 9, b"\1\0\0\0"),
    ("setsockopt, ERROR", "setsockopt", 1, 4, 1),
    ("setsockopt, an unknown option", "setsockopt", 1, 9999, 1),
    ("setsockopt, an unknown level", "setsockopt", 9999, 2, 1),
    ("setsockopt, LINGER, a number", "setsockopt", 1, 13, 1),
    ("settimeout, no argument", "settimeout"),
    ("settimeout, None", "settimeout", None),
    ("settimeout, 0", "settimeout", 0),
    ("settimeout, a float", "settimeout", 0.5),
    ("settimeout, a negative number", "settimeout", -1),
    ("settimeout, text", "settimeout", "x"),
    ("settimeout, True", "settimeout", True),
    ("setblocking, no argument", "setblocking"),
    ("setblocking, None", "setblocking", None),
    ("setblocking, text", "setblocking", "x"),
    ("read, text", "read", "x"),
    ("readinto, bytes", "readinto", b"x"),
    ("readinto, None", "readinto", None),
    ("readline, two arguments", "readline", 1, 2),
    ("write, None", "write", None),
    ("write, a number", "write", 1),
    ("close, an argument", "close", 1),
    ("fileno, an argument", "fileno", 1),
    ("makefile, four arguments", "makefile", "rb", 0, None, None),
)
def method(name, *args):
    sock = tcp()
    sock.setblocking(False)
    line(name, lambda: getattr(sock, name)(*args))
    sock.close()


@situations(
    ("bind", "bind", socket.getaddrinfo("127.0.0.1", 0)[0][-1]),
    ("connect", "connect", socket.getaddrinfo("127.0.0.1", 1)[0][-1]),
    ("listen", "listen", 1),
    ("accept", "accept"),
    ("recv", "recv", 1),
    ("recvfrom", "recvfrom", 1),
    ("send", "send", b"x"),
    ("sendto", "sendto", b"x", socket.getaddrinfo("127.0.0.1", 1)[0][-1]),
    ("setsockopt", "setsockopt", 1, 2, 1),
    ("settimeout", "settimeout", 1),
    ("settimeout None", "settimeout", None),
    ("setblocking", "setblocking", True),
    ("read", "read", 1),
    ("readinto", "readinto", bytearray(1)),
    ("readline", "readline"),
    ("write", "write", b"x"),
    ("close", "close"),
)
def after_close(name, *args):
    for kind, make in (("TCP", tcp), ("UDP", udp)):
        sock = make()
        sock.close()
        line(kind, lambda: getattr(sock, name)(*args))


@situation
def the_number_of_a_socket():
    first, second = tcp(), udp()
    line("is a number", lambda: type(first.fileno()))
    line("above those of the terminal", lambda: first.fileno() > 2)
    line("is its own", lambda: first.fileno() != second.fileno())
    line("stays", lambda: first.fileno() == first.fileno())


@situations(*[(name, name) for name in (
    "AF_UNIX AF_INET AF_INET6 SOCK_STREAM SOCK_DGRAM SOCK_RAW MSG_DONTROUTE MSG_DONTWAIT MSG_PEEK SOL_SOCKET SO_BROADCAST "
    "SO_ERROR SO_KEEPALIVE SO_LINGER SO_REUSEADDR").split()])
def constant(name):
    line("value", lambda: getattr(socket, name))


@situation
def names_of_the_module():
    for name in ("socket", "getaddrinfo", "inet_pton", "inet_ntop", "sockaddr"):
        show(name, hasattr(socket, name))
    for name in ("gaierror", "error", "gethostbyname", "create_connection", "inet_aton", "timeout", "socketpair"):
        show(name, hasattr(socket, name))


@situation
def methods_of_a_socket():
    sock = tcp()
    for name in (
        "fileno makefile read readinto readline write connect bind listen accept recv recvfrom send sendto setsockopt "
        "setblocking settimeout close").split():
        show(name, hasattr(sock, name))
    for name in ("getpeername", "getsockname", "getsockopt", "shutdown", "detach", "gettimeout", "family", "readlines"):
        show(name, hasattr(sock, name))


@situation
def poll_arguments():
    poller = select.poll()
    sock = tcp()
    line("register None", poller.register, None)
    line("register text", poller.register, "x")
    line("register without an argument", poller.register)
    line("register, text as events", poller.register, sock, "x")
    line("modify what is unknown", poller.modify, sock, 1)
    line("unregister what is unknown", poller.unregister, sock)
    line("register", poller.register, sock)
    line("again", poller.register, sock, select.POLLIN)
    line("modify", poller.modify, sock, select.POLLOUT)
    line("modify without events", poller.modify, sock)
    line("modify, text", poller.modify, sock, "x")
    line("poll, text", poller.poll, "x")
    poller = select.poll()  # without what the failures above have left
    poller.register(sock, 0)
    line("poll", lambda: [event for _, event in poller.poll(0)])
    line("ipoll", lambda: [event for _, event in poller.ipoll(0)])
    line("unregister", poller.unregister, sock)
    for name in ("POLLIN", "POLLOUT", "POLLERR", "POLLHUP", "POLLNVAL", "POLLPRI", "epoll", "poll"):
        line(name, lambda: getattr(select, name) if name.startswith("POLL") else hasattr(select, name))


@situation
def polls_of_a_closed_socket():
    sock = tcp()
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    sock.close()
    line("events", lambda: [event for _, event in poller.poll(100)])


@situation
def polls_of_a_new_socket():
    for label, make in (("TCP", tcp), ("UDP", udp)):
        poller = select.poll()
        poller.register(make(), select.POLLIN | select.POLLOUT)
        line(label, lambda: [event for _, event in poller.poll(100)])
