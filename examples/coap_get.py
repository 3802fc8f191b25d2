# Fetches resources of a device by CoAP over DTLS (RFC 7252) with a pre-shared key.
#
#   coap_get.py HOST PORT IDENTITY KEY PATH...
#
# Whoever has the key is trusted: there are no certificates. A server for it comes with libcoap:
# coap-server-openssl -k KEY -h HINT

import os
import select
import socket
import sys
import tls

CONFIRMABLE = 0x40  # version 1
GET = 0x01
CONTENT = 0x45  # 2.05
URI_PATH = 11
PAYLOAD = 0xFF


def option(delta, value):
    # Both numbers in four bits, where they fit, or 13 and another byte.
    nibbles, rest = 0, b""
    for number in (delta, len(value)):
        if number > 12:
            rest += bytes([number - 13])
            number = 13
        nibbles = nibbles << 4 | number
    return bytes([nibbles]) + rest + value


def get(number, token, path):
    message = bytes([CONFIRMABLE | len(token), GET, number >> 8, number & 0xFF]) + token
    delta = URI_PATH
    for part in path.strip("/").split("/"):
        message += option(delta, part.encode())
        delta = 0
    return message


def field(message, at, number):
    # A number of an option, and what comes behind it.
    if number == 13:
        return message[at] + 13, at + 1
    if number == 14:
        return (message[at] << 8 | message[at + 1]) + 269, at + 2
    return number, at


def payload(message):
    at = 4 + (message[0] & 0x0F)
    while at < len(message) and message[at] != PAYLOAD:
        first = message[at]
        _, at = field(message, at + 1, first >> 4)
        length, at = field(message, at, first & 0x0F)
        at += length
    return message[at + 1 :]


def ask(stream, poller, message, token):
    # UDP may lose it: it is sent again, as CoAP wants it.
    for _ in range(5):
        stream.send(message)
        while poller.poll(2000):
            answer = stream.recv(4096)
            if answer and answer[4 : 4 + len(token)] == token:
                return answer
    raise OSError("no answer")


def main(host, port, identity, key, *paths):
    context = tls.SSLContext(tls.PROTOCOL_DTLS_CLIENT)
    context.verify_mode = tls.CERT_NONE  # the key proves who the device is
    context.psk_identity = identity
    context.psk_key = key.encode()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect(socket.getaddrinfo(host, int(port))[0][-1])
    stream = context.wrap_socket(sock)
    print("connected by", *stream.cipher())
    poller = select.poll()
    poller.register(stream, select.POLLIN)
    for number, path in enumerate(paths):
        token = os.urandom(4)
        answer = ask(stream, poller, get(number, token, path), token)
        code = "%d.%02d" % (answer[1] >> 5, answer[1] & 0x1F)
        print(path, code, payload(answer).decode() if answer[1] == CONTENT else "")
    stream.close()


if len(sys.argv) < 6:
    print("usage: coap_get.py HOST PORT IDENTITY KEY PATH...")
    sys.exit(2)
main(*sys.argv[1:])
