# Prints the rows of a query to a PostgreSQL server, over TLS, with a password by SCRAM-SHA-256.
#
#   postgres_row.py HOST PORT USER PASSWORD DATABASE QUERY [CA_FILE]

import binascii
import hashlib
import os
import socket
import ssl
import struct
import sys

SSL_REQUEST = 80877103
VERSION_3 = 196608
AUTHENTICATED, SASL, SASL_CONTINUE, SASL_FINAL = 0, 10, 11, 12


class Connection:
    def __init__(self, host, port, context):
        sock = socket.socket()
        sock.connect(socket.getaddrinfo(host, port, socket.AF_INET)[0][-1])
        sock.write(struct.pack(">ii", 8, SSL_REQUEST))
        if sock.read(1) != b"S":
            raise OSError("the server speaks no TLS")
        self.stream = context.wrap_socket(sock, server_hostname=host)

    def log_in(self, user, password, database):
        words = ("user", user, "database", database, "")
        body = struct.pack(">i", VERSION_3) + b"".join(word.encode() + b"\0" for word in words)
        self.stream.write(struct.pack(">i", len(body) + 4) + body)
        scram = Scram(password)
        for kind, body in self.messages():
            code = struct.unpack(">i", body)[0] if kind == b"R" else None
            if code == SASL:
                first = scram.first()
                self.send(b"p", b"SCRAM-SHA-256\0" + struct.pack(">i", len(first)) + first)
            elif code == SASL_CONTINUE:
                self.send(b"p", scram.answer(body[4:]))
            elif code == SASL_FINAL:
                scram.check(body[4:])
            elif code not in (AUTHENTICATED, None):
                raise OSError("the server wants another kind of password: %d" % code)

    # The rows, as texts; None is SQL's NULL.
    def query(self, text):
        self.send(b"Q", text.encode() + b"\0")
        for kind, body in self.messages():
            if kind == b"D":
                yield row(body)

    # What the server sends until it is ready for a query.
    def messages(self):
        while True:
            kind, length = struct.unpack(">si", self.exactly(5))
            body = self.exactly(length - 4)
            if kind == b"E":
                raise OSError("the server says: " + error(body))
            if kind == b"Z":
                return
            yield kind, body

    def send(self, kind, body):
        self.stream.write(kind + struct.pack(">i", len(body) + 4) + body)

    def exactly(self, length):
        data = self.stream.read(length)
        if len(data) < length:
            raise OSError("the server is gone")
        return data

    def close(self):
        self.send(b"X", b"")
        self.stream.close()


# RFC 5802 and RFC 7677. The server proves that it knows the password, too.
class Scram:
    def __init__(self, password):
        self.password = password.encode()
        self.begin = b"n=,r=" + binascii.b2a_base64(os.urandom(18)).strip()

    def first(self):
        return b"n,," + self.begin

    def answer(self, challenge):
        fields = attributes(challenge)
        if not fields[b"r"].startswith(attributes(self.begin)[b"r"]):
            raise OSError("the server's challenge belongs to another client")
        salted = stretch(self.password, binascii.a2b_base64(fields[b"s"]), int(fields[b"i"]))
        end = b"c=biws,r=" + fields[b"r"]
        said = self.begin + b"," + challenge + b"," + end
        key = hmac(salted, b"Client Key")
        proof = xor(key, hmac(sha256(key), said))
        self.expected = hmac(hmac(salted, b"Server Key"), said)
        return end + b",p=" + binascii.b2a_base64(proof).strip()

    def check(self, final):
        if binascii.a2b_base64(attributes(final)[b"v"]) != self.expected:
            raise OSError("the server does not know the password")


def attributes(message):
    return dict((part[:1], part[2:]) for part in message.split(b","))


def stretch(password, salt, rounds):
    block = total = hmac(password, salt + b"\0\0\0\1")
    for _ in range(rounds - 1):
        block = hmac(password, block)
        total = xor(total, block)
    return total


def hmac(key, message):
    key = key if len(key) <= 64 else sha256(key)
    key += bytes(64 - len(key))
    inner = sha256(bytes(byte ^ 0x36 for byte in key) + message)
    return sha256(bytes(byte ^ 0x5C for byte in key) + inner)


def sha256(data):
    return hashlib.sha256(data).digest()


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def row(body):
    values = []
    at = 2
    for _ in range(struct.unpack(">h", body)[0]):
        length = struct.unpack_from(">i", body, at)[0]
        at += 4
        values.append(None if length < 0 else body[at : at + length].decode())
        at += max(length, 0)
    return values


def error(body):
    fields = dict((field[:1], field[1:].decode()) for field in body.split(b"\0"))
    return "%s (%s)" % (fields[b"M"], fields[b"C"])


def main(host, port, user, password, database, query, ca=None):
    connection = Connection(host, int(port), ssl.create_default_context(cafile=ca))
    connection.log_in(user, password, database)
    for values in connection.query(query):
        print(*values)
    connection.close()


if not 7 <= len(sys.argv) <= 8:
    print("usage: postgres_row.py HOST PORT USER PASSWORD DATABASE QUERY [CA_FILE]")
    sys.exit(2)
main(*sys.argv[1:])
