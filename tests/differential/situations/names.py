# Names and addresses: getaddrinfo(), inet_pton(), inet_ntop(), sockaddr().

import socket
from harness import *

STREAM = socket.SOCK_STREAM
DATAGRAM = socket.SOCK_DGRAM
RAW = socket.SOCK_RAW


def found(*args):
    try:
        return [entry[:4] + (socket.sockaddr(entry[4]),) for entry in socket.getaddrinfo(*args)]
    except OSError as error:
        # The unix port has the number in a text, other boards and MicroPython's documentation have
        # it as such.
        number = str(error.args[0])
        return "error " + number[number.index("-") :].rstrip("]")


@situations(
    ("a number", "127.0.0.1", 80),
    ("the stream", "127.0.0.1", 80, 0, STREAM),
    ("the datagram", "127.0.0.1", 80, 0, DATAGRAM),
    ("the raw one", "127.0.0.1", 80, 0, RAW),
    ("TCP", "127.0.0.1", 80, 0, 0, 6),
    ("UDP", "127.0.0.1", 80, 0, 0, 17),
    ("protocol 1", "127.0.0.1", 80, 0, 0, 1),
    ("protocol 99", "127.0.0.1", 80, 0, 0, 99),
    ("UDP as a stream", "127.0.0.1", 80, 0, STREAM, 17),
    ("TCP as a datagram", "127.0.0.1", 80, 0, DATAGRAM, 6),
    ("the raw one, protocol 1", "127.0.0.1", 80, 0, RAW, 1),
    ("type 7", "127.0.0.1", 80, 0, 7),
    ("IPv4", "127.0.0.1", 80, 2, STREAM),
    ("IPv4 as IPv6", "127.0.0.1", 80, 10, STREAM),
    ("IPv6", "::1", 80, 0, STREAM),
    ("all of IPv6", "::1", 80),
    ("IPv6 as IPv4", "::1", 80, 2, STREAM),
    ("family 99", "127.0.0.1", 80, 99, STREAM),
    ("family 1", "127.0.0.1", 80, 1, STREAM),
    ("a long form of IPv6", "0:0:0:0:0:0:0:1", 80, 0, STREAM),
    ("IPv4 in IPv6", "::ffff:1.2.3.4", 80, 0, STREAM),
    ("localhost", "localhost", 80, 2, STREAM),
    ("bytes as host", b"127.0.0.1", 80, 0, STREAM),
    ("a port as text", "127.0.0.1", "80", 0, STREAM),
    ("a port as bytes", "127.0.0.1", b"80", 0, STREAM),
    ("port 0", "127.0.0.1", 0, 0, STREAM),
    ("port 65536", "127.0.0.1", 65536, 0, STREAM),
    ("a negative port", "127.0.0.1", -1, 0, STREAM),
    ("port 65536 as text", "127.0.0.1", "65536", 0, STREAM),
    ("port None", "127.0.0.1", None, 0, STREAM),
    ("a port as a float", "127.0.0.1", 80.0, 0, STREAM),
    ("port True", "127.0.0.1", True, 0, STREAM),
    ("an empty port", "127.0.0.1", "", 0, STREAM),
    ("host None", None, 80),
    ("a number as host", 127, 80),
    ("a bytearray as host", bytearray(b"127.0.0.1"), 80),
    ("an empty host", "", 80, 0, STREAM),
    ("an unknown service", "127.0.0.1", "no-such-service", 0, STREAM),
    ("a numeric host is wanted", "127.0.0.1", 80, 0, STREAM, 0, 4),
    ("a numeric host is wanted, a name", "localhost", 80, 0, STREAM, 0, 4),
    ("a numeric service is wanted", "127.0.0.1", "80", 0, STREAM, 0, 0x400),
    ("a numeric service is wanted, a name", "127.0.0.1", "http", 0, STREAM, 0, 0x400),
    ("a canonical name", "127.0.0.1", 80, 0, 0, 0, 2),
    ("a canonical name of IPv6", "::1", 80, 0, STREAM, 0, 2),
    ("for a server", "127.0.0.1", 80, 0, STREAM, 0, 1),
    ("one argument", "127.0.0.1"),
    ("seven arguments", "127.0.0.1", 80, 0, 0, 0, 0, 0),
    ("an octet too many", "1.2.3.4.5", 80, 2, STREAM),
    ("an octet too large", "1.2.3.256", 80, 2, STREAM),
    ("a name with a space", "no such host", 80, 2, STREAM),
    ("a name that is too long", "x" * 300, 80, 2, STREAM),
    ("IPv6 in brackets", "[::1]", 80, 0, STREAM),
    ("IPv4 in brackets", "[127.0.0.1]", 80, 0, STREAM),
    ("an unknown zone", "::1%nowhere", 80, 0, STREAM),
)
def getaddrinfo(*args):
    line("found", found, *args)


@situations(
    ("IPv4", 2, "127.0.0.1"),
    ("all bits of IPv4", 2, "255.255.255.255"),
    ("IPv6", 10, "::1"),
    ("any of IPv6", 10, "::"),
    ("all of IPv6", 10, "1:2:3:4:5:6:7:8"),
    ("a gap", 10, "fe80::1:2"),
    ("IPv4 in IPv6", 10, "::ffff:1.2.3.4"),
    ("bytes", 2, b"127.0.0.1"),
    ("three numbers", 2, "127.0.1"),
    ("a zero in front", 2, "127.0.0.01"),
    ("a name", 2, "localhost"),
    ("nothing", 2, ""),
    ("IPv4 as IPv6", 10, "127.0.0.1"),
    ("IPv6 as IPv4", 2, "::1"),
    ("two gaps", 10, "1::2::3"),
    ("a zone", 10, "fe80::1%lo"),
    ("an unknown family", 99, "127.0.0.1"),
    ("family None", None, "127.0.0.1"),
    ("None", 2, None),
    ("a number", 2, 1),
    ("one argument", 2),
)
def inet_pton(*args):
    line("is", lambda: socket.inet_pton(*args))


@situations(
    ("IPv4", 2, b"\x7f\0\0\1"),
    ("IPv6", 10, bytes(15) + b"\1"),
    ("any of IPv6", 10, bytes(16)),
    ("no zeros", 10, bytes(range(16))),
    ("one zero", 10, b"\1\2\0\0" + bytes(range(1, 13))),
    ("two gaps", 10, b"\0\1" + bytes(4) + b"\0\1" + bytes(6) + b"\0\1"),
    ("IPv4 in IPv6", 10, bytes(10) + b"\xff\xff\1\2\3\4"),
    ("a bytearray", 2, bytearray(4)),
    ("more than four bytes", 2, bytes(8)),
    ("an unknown family", 99, bytes(4)),
    ("family None", None, bytes(4)),
    ("None", 2, None),
    ("a number", 2, 1),
    ("one argument", 2),
)
def inet_ntop(*args):
    line("is", lambda: socket.inet_ntop(*args))


@situation
def sockaddr():
    line("IPv4", lambda: socket.sockaddr(socket.getaddrinfo("1.2.3.4", 80)[0][-1]))
    line("IPv6", lambda: socket.sockaddr(socket.getaddrinfo("1::2", 443)[0][-1]))
    line("None", socket.sockaddr, None)
    line("a number", socket.sockaddr, 1)
    line("nothing", socket.sockaddr)


@situation
def the_address_of_a_peer():
    listener = socket.socket()
    port = socket.sockaddr(bind(listener))[2]
    listener.listen(1)
    client = socket.socket()
    client.connect(socket.getaddrinfo("localhost", str(port), socket.AF_INET, STREAM)[0][-1])
    sock, address = listener.accept()
    line("accept", lambda: socket.sockaddr(address)[:2])
