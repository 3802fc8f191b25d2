# A MicroPython program that makes HTTPS requests, each over a connection of its own. Prints the
# median of the milliseconds that one takes.

import socket
import sys
import time
import tls

LINES = (b"GET / HTTP/1.0\r\n", b"Host: localhost\r\n", b"User-Agent: bench\r\n", b"\r\n")


def request(context, address, writes):
    raw = socket.socket()
    raw.connect(address)
    stream = context.wrap_socket(raw, server_hostname="localhost")
    for data in writes:
        stream.write(data)
    answer = stream.read()
    stream.close()
    if not answer.endswith(b"hello\n"):
        raise OSError(answer)


def main(port, cafile, handshake, writes, count):
    address = socket.getaddrinfo("127.0.0.1", int(port))[0][-1]
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    if handshake == "full":
        context.set_session_resumption(False)
    with open(cafile, "rb") as file:
        context.load_verify_locations(file.read())
    writes = LINES if writes == "several" else (b"".join(LINES),)
    times = []
    for _ in range(int(count)):
        before = time.ticks_us()
        request(context, address, writes)
        times.append(time.ticks_diff(time.ticks_us(), before))
    times.sort()
    return times[len(times) // 2] / 1000


print(main(*sys.argv[1:6]))
