# Publishes a message by MQTT 3.1.1 and prints it when it comes back. The client shows a certificate
# and asks for a protocol by ALPN, as AWS IoT wants it on port 443.
#
#   mqtt_client.py HOST PORT CA_FILE CERTIFICATE_FILE KEY_FILE TOPIC MESSAGE [ALPN]

import socket
import ssl
import sys

CONNECT, CONNACK, PUBLISH, SUBSCRIBE, SUBACK, DISCONNECT = 0x10, 0x20, 0x30, 0x82, 0x90, 0xE0
KEEP_ALIVE = 60  # seconds


def text(value):
    data = value.encode()
    return len(data).to_bytes(2, "big") + data


class Client:
    def __init__(self, stream, name):
        self.stream = stream
        self.send(CONNECT, text("MQTT") + bytes([4, 2]) + KEEP_ALIVE.to_bytes(2, "big") + text(name))
        kind, answer = self.receive()
        if kind != CONNACK or answer[1] != 0:
            raise OSError("the broker refuses the client: %d" % answer[1])

    def subscribe(self, topic):
        self.send(SUBSCRIBE, b"\x00\x01" + text(topic) + b"\x00")
        kind, answer = self.receive()
        if kind != SUBACK or answer[2] > 2:
            raise OSError("the broker refuses the topic %s" % topic)

    def publish(self, topic, message):
        self.send(PUBLISH, text(topic) + message.encode())

    def next_message(self):
        while True:
            kind, body = self.receive()
            if kind & 0xF0 == PUBLISH:
                length = int.from_bytes(body[:2], "big")
                return body[2 : 2 + length].decode(), body[2 + length :].decode()

    def close(self):
        self.send(DISCONNECT, b"")
        self.stream.close()

    def send(self, kind, body):
        packet = bytearray([kind])
        length = len(body)
        while length > 127:
            packet.append(length & 127 | 128)
            length >>= 7
        packet.append(length)
        self.stream.write(packet + body)

    def receive(self):
        kind = self.exactly(1)[0]
        length = shift = 0
        while True:
            byte = self.exactly(1)[0]
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return kind, self.exactly(length)

    def exactly(self, length):
        data = self.stream.read(length)
        if len(data) < length:
            raise OSError("the broker is gone")
        return data


def main(host, port, ca, certificate, key, topic, message, protocol=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cafile=ca)
    context.load_cert_chain(certificate, key)
    if protocol:
        context.set_alpn_protocols([protocol])
    sock = socket.socket()
    sock.connect(socket.getaddrinfo(host, int(port), socket.AF_INET)[0][-1])
    stream = context.wrap_socket(sock, server_hostname=host)
    print("ALPN:", stream.selected_alpn_protocol())
    client = Client(stream, "example")
    client.subscribe(topic)
    client.publish(topic, message)
    print("%s: %s" % client.next_message())
    client.close()


main(*sys.argv[1:])
