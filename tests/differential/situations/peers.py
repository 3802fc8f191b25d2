# Exchanges between two interpreters over the network: `peers.py server PORT` listens,
# `peers.py client PORT` connects to it for one exchange after the other. Each side prints what it
# sees.

import socket
import sys
from harness import client, line, raised, server, show

# Name, the client's context, the server's, the name that the client asks for.
EXCHANGES = (
    ("plain", lambda: client(), lambda: server(), "localhost"),
    ("verified", lambda: client(2, "ca"), lambda: server(), "localhost"),
    ("RSA", lambda: client(2, "ca"), lambda: server("rsa2048"), "localhost"),
    ("P-384", lambda: client(2, "ca"), lambda: server("p384"), "localhost"),
    ("both verify", lambda: client(2, "ca", "client"), lambda: server("server", 2, "ca"), "localhost"),
    ("an RSA client", lambda: client(2, "ca", "rsa2048"), lambda: server("server", 2, "ca"), "localhost"),
    ("another name", lambda: client(2, "ca"), lambda: server(), "example.org"),
    ("no name", lambda: client(2, "ca"), lambda: server(), None),
    ("unknown server", lambda: client(2, "ca"), lambda: server("unknown"), "localhost"),
    ("expired server", lambda: client(2, "ca"), lambda: server("expired"), "localhost"),
    ("no certificate", lambda: client(), lambda: server(None), "localhost"),
    ("client without a certificate", lambda: client(2, "ca"), lambda: server("server", 2, "ca"), "localhost"),
    ("unknown client", lambda: client(2, "ca", "unknown"), lambda: server("server", 2, "ca"), "localhost"),
    ("nothing in common", lambda: suites(client(), "256-GCM-SHA384"), lambda: suites(server(), "128-GCM-SHA256"), "localhost"),
    ("AES-256", lambda: suites(client(), "256-GCM-SHA384"), lambda: server(), "localhost"),
    ("AES-128", lambda: client(), lambda: suites(server(), "128-GCM-SHA256"), "localhost"),
)


def suites(context, aes):
    context.set_ciphers(["TLS-ECDHE-ECDSA-WITH-AES-" + aes])
    return context


def talk(stream, first):
    # A line and 100000 bytes each way, then the end.
    block = bytes(range(250)) * 400
    for speaking in (first, not first):
        if speaking:
            line("write", stream.write, b"hello\n")
            line("write", stream.write, block)
        else:
            line("readline", stream.readline)
            line("read", lambda: stream.read(len(block)) == block)
    if first:
        line("close", stream.close)
    else:
        line("end", stream.read)
        line("close", stream.close)


def exchange(sock, context, **options):
    sock.settimeout(20)
    try:
        stream = context.wrap_socket(sock, **options)
    except Exception as error:
        print("  wrap: " + raised(error))
        linger(sock)
        return
    certificate = stream.getpeercert(True)
    show("peer", certificate and len(certificate) > 100)
    talk(stream, "server_side" not in options)


def linger(sock):
    # Leaves the other side time to read why, before a reset takes it away.
    sock.settimeout(0.3)
    try:
        sock.read()
    except OSError:
        pass


def serve(port):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(socket.getaddrinfo("127.0.0.1", port)[0][-1])
    listener.listen(1)
    print("listening")
    for name, _, context, _ in EXCHANGES:
        sock, _ = listener.accept()
        print("= server, " + name)
        exchange(sock, context(), server_side=True)
        sock.close()


def connect(port):
    for name, context, _, hostname in EXCHANGES:
        sock = socket.socket()
        sock.connect(socket.getaddrinfo("127.0.0.1", port)[0][-1])
        print("= client, " + name)
        exchange(sock, context(), server_hostname=hostname)
        sock.close()


(serve if sys.argv[1] == "server" else connect)(int(sys.argv[2]))
