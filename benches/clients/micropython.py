# A MicroPython program that reads with readinto, for any of the interpreters. Prints the microseconds of CPU that its process took.

import socket
import sys
import tls
from cpu import cpu


def connect(context, address):
    raw = socket.socket()
    raw.connect(address)
    stream = context.wrap_socket(raw, server_hostname="localhost")
    stream.read(1)  # the greeting
    return stream


def handshakes(context, address, count):
    for _ in range(count):
        connect(context, address).close()


def download(stream, amount, buffer):
    stream.write("%d\n" % amount)
    while amount:
        amount -= stream.readinto(buffer, min(amount, len(buffer)))


def main(kind, port, cafile, warm_up, amount):
    warm_up, amount = int(warm_up), int(amount)
    address = socket.getaddrinfo("127.0.0.1", int(port))[0][-1]
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED
    if hasattr(context, "set_session_resumption"):
        context.set_session_resumption(False)  # a full handshake each time, as the reference does
    with open(cafile, "rb") as file:
        context.load_verify_locations(file.read())
    if kind == "handshake":
        handshakes(context, address, warm_up)
        before = cpu()
        handshakes(context, address, amount)
        return cpu() - before
    stream = connect(context, address)
    buffer = bytearray(64 * 1024)
    download(stream, warm_up, buffer)
    before = cpu()
    download(stream, amount, buffer)
    return cpu() - before


print(main(*sys.argv[1:6]))
