# A small MQTT 3.1.1 client over TLS: quality of service 0, one message at a time.

import socket
import ssl
import struct


class Client:
    def __init__(self, name, host, port=8883, cafile=None):
        self.name = name
        self.host = host
        self.port = port
        self.cafile = cafile
        self.stream = None

    def connect(self, keepalive=60):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self.cafile:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cafile=self.cafile)
        sock = socket.socket()
        sock.connect(socket.getaddrinfo(self.host, self.port)[0][-1])
        self.stream = context.wrap_socket(sock, server_hostname=self.host)
        self._send(0x10, _text("MQTT"), b"\x04\x02", struct.pack(">H", keepalive), _text(self.name))
        kind, body = self._receive()
        if kind != 0x20 or body[1]:
            raise OSError("the broker refused: %d" % body[1])

    def publish(self, topic, message):
        self._send(0x30, _text(topic), message.encode() if isinstance(message, str) else message)

    def subscribe(self, topic):
        self._send(0x82, b"\x00\x01", _text(topic), b"\x00")
        kind, body = self._receive()
        if kind != 0x90 or body[2] == 0x80:
            raise OSError("the broker refuses the subscription")

    # Waits for a message: its topic and its text.
    def wait(self):
        while True:
            kind, body = self._receive()
            if kind & 0xF0 == 0x30:
                size = struct.unpack(">H", body)[0]
                return body[2 : 2 + size].decode(), body[2 + size :].decode()

    def disconnect(self):
        self._send(0xE0)
        self.stream.close()

    def _send(self, kind, *parts):
        body = b"".join(parts)
        size = len(body)
        head = bytearray((kind,))
        while True:
            size, digit = size >> 7, size & 127
            head.append(digit | 128 if size else digit)
            if not size:
                break
        self.stream.write(bytes(head) + body)

    def _receive(self):
        head = self.stream.read(1)
        if not head:
            raise OSError("the broker closed the connection")
        size = shift = 0
        while True:
            digit = self.stream.read(1)[0]
            size |= (digit & 127) << shift
            shift += 7
            if not digit & 128:
                return head[0], self.stream.read(size)


def _text(text):
    return struct.pack(">H", len(text)) + text.encode()
