# A MicroPython program for any of the interpreters, which shakes hands or reads in some way. Prints
# the microseconds of CPU that its process took; of its first handshake, those that go by once it is
# connected.

import socket
import sys
import time
import tls
from cpu import cpu


def connected(address):
    raw = socket.socket()
    raw.connect(address)
    return raw


def connect(context, address):
    return secured(context, connected(address))


def secured(context, raw):
    stream = context.wrap_socket(raw, server_hostname="localhost")
    stream.read(1)  # the greeting
    return stream


def handshakes(context, address, count):
    for _ in range(count):
        connect(context, address).close()


BUFFER = bytearray(64 * 1024)
READERS = {
    "bulk": lambda stream, left: stream.readinto(BUFFER, min(left, len(BUFFER))),
    "read": lambda stream, left: len(stream.read(1)),
    "readline": lambda stream, left: len(stream.readline()),
}


def download(stream, amount, read):
    stream.write("%d\n" % amount)
    while amount:
        amount -= read(stream, amount)


def main(kind, port, cafile, warm_up, amount):
    warm_up, amount = int(warm_up), int(amount)
    address = socket.getaddrinfo("127.0.0.1", int(port))[0][-1]
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED
    if hasattr(context, "set_session_resumption"):
        context.set_session_resumption(False)  # a full handshake each time, as the reference does
    with open(cafile, "rb") as file:
        context.load_verify_locations(file.read())
    if kind == "first handshake":
        raw = connected(address)
        before = time.ticks_us()
        secured(context, raw)
        return time.ticks_diff(time.ticks_us(), before)
    if kind == "handshake":
        handshakes(context, address, warm_up)
        before = cpu()
        handshakes(context, address, amount)
        return cpu() - before
    stream = connect(context, address)
    download(stream, warm_up, READERS[kind])
    before = cpu()
    download(stream, amount, READERS[kind])
    return cpu() - before


print(main(*sys.argv[1:6]))
