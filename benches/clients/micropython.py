# A MicroPython program with our ssl module, reading with readinto. Prints the microseconds of CPU that its process took.

import socket
import ssl
import sys

from js import process


def cpu():
    usage = process.cpuUsage()
    return usage.user + usage.system


def open(context, address):
    raw = socket.socket()
    raw.connect(address)
    stream = context.wrap_socket(raw, server_hostname="localhost")
    stream.read(1)  # the greeting
    return stream


def handshakes(context, address, count):
    for _ in range(count):
        open(context, address).close()


def download(stream, amount, buffer):
    stream.write("%d\n" % amount)
    while amount:
        amount -= stream.readinto(buffer, min(amount, len(buffer)))


def main(kind, port, cafile, warm_up, amount):
    warm_up, amount = int(warm_up), int(amount)
    address = socket.getaddrinfo("127.0.0.1", int(port))[0][-1]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_session_resumption(False)  # a full handshake each time, as the reference does
    context.load_verify_locations(cafile=cafile)
    if kind == "handshake":
        handshakes(context, address, warm_up)
        before = cpu()
        handshakes(context, address, amount)
        return cpu() - before
    stream = open(context, address)
    buffer = bytearray(64 * 1024)
    download(stream, warm_up, buffer)
    before = cpu()
    download(stream, amount, buffer)
    return cpu() - before


print(main(*sys.argv[1:6]))
