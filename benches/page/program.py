# What is measured of a program in a page: a download in MB/s, or round trips in microseconds, the
# median and the 95th percentile.

import json
import socket
import ssl
import sys
import time


def now():
    return time.ticks_us()


def connect(security, port):
    sock = socket.socket()
    sock.connect(("127.0.0.1", port))
    if security == "tcp":
        return sock
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cafile="/ca.pem")
    return context.wrap_socket(sock, server_hostname="localhost")


def download(stream, amount):
    stream.write("%d\n" % amount)
    view = memoryview(bytearray(16 * 1024))
    while amount:
        amount -= stream.readinto(view[: min(amount, len(view))])


def round_trips(stream, count):
    answer = bytearray(64)
    times = []
    for _ in range(count):
        begin = now()
        stream.write(b"64\n")
        stream.readinto(answer)
        times.append(time.ticks_diff(now(), begin))
    times.sort()
    return [times[count // 2], times[count * 95 // 100]]


kind, security, port, amount = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
stream = connect(security, port)
if kind == "download":
    download(stream, amount // 4)
    begin = now()
    download(stream, amount)
    result = amount / time.ticks_diff(now(), begin)
else:
    round_trips(stream, 20)
    result = round_trips(stream, amount)
print(json.dumps(result))
