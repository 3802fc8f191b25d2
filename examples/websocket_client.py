# Talks to a server over a WebSocket with TLS (RFC 6455).
#
#   websocket_client.py wss://HOST[:PORT]/PATH TEXT... [--ca FILE]

import binascii
import hashlib
import os
import socket
import ssl
import sys

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class WebSocket:
    def __init__(self, host, port, path, context):
        sock = socket.socket()
        sock.connect(socket.getaddrinfo(host, port, socket.AF_INET)[0][-1])
        self.stream = context.wrap_socket(sock, server_hostname=host)
        key = binascii.b2a_base64(os.urandom(16)).strip()
        self.stream.write(
            b"GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n" % (path.encode(), host.encode(), key)
        )
        if self.stream.readline().split()[1:2] != [b"101"]:
            raise OSError("the server opens no WebSocket at %s" % path)
        accept = None
        while True:
            name, _, value = self.stream.readline().strip().partition(b":")
            if not name:
                break
            if name.lower() == b"sec-websocket-accept":
                accept = value.strip()
        if accept != binascii.b2a_base64(hashlib.sha1(key + GUID).digest()).strip():
            raise OSError("the server's answer belongs to another request")

    def send(self, data, kind=TEXT):
        length = len(data)
        if length < 126:
            head = bytes([0x80 | kind, 0x80 | length])
        else:
            head = bytes([0x80 | kind, 0x80 | 127]) + length.to_bytes(8, "big")
        mask = os.urandom(4)
        self.stream.write(head + mask + bytes(byte ^ mask[i & 3] for i, byte in enumerate(data)))

    # The next message; None when the server has closed.
    def receive(self):
        message = b""
        while True:
            first, length = self.exactly(2)
            if length > 125:
                length = int.from_bytes(self.exactly(2 if length == 126 else 8), "big")
            data = self.exactly(length)
            kind = first & 15
            if kind == CLOSE:
                return None
            if kind == PING:
                self.send(data, PONG)
            elif kind != PONG:
                message += data
                if first & 0x80:
                    return message

    def exactly(self, length):
        data = self.stream.read(length)
        if len(data) < length:
            raise OSError("the server is gone")
        return data

    def close(self):
        self.send(b"", CLOSE)
        self.stream.close()


def main(args):
    ca = None
    if "--ca" in args:
        at = args.index("--ca")
        ca = args[at + 1]
        args = args[:at] + args[at + 2 :]
    context = ssl.create_default_context(cafile=ca)
    address, *texts = args
    host, _, path = address[len("wss://") :].partition("/")
    host, _, port = host.partition(":")
    client = WebSocket(host, int(port or 443), "/" + path, context)
    for text in texts:
        client.send(text.encode())
        print(client.receive().decode())
    client.close()


main(sys.argv[1:])
