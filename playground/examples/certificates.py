# Looks at a server's certificates: verify_callback sees the chain, getpeercert() the server's own.
# "Connections" shows what is in them.

import binascii
import hashlib
import socket
import tls

HOST, PORT = "example.com", 443


def look(certificate, depth):
    digest = binascii.hexlify(hashlib.sha256(certificate).digest()).decode()
    print("  depth %d: %4d bytes, sha256 %s…" % (depth, len(certificate), digest[:32]))
    return 0


context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
with open("/certs/roots.pem") as roots:
    context.load_verify_locations(roots.read())
context.verify_callback = look

sock = socket.socket()
sock.connect(socket.getaddrinfo(HOST, PORT)[0][-1])
print("the chain of", HOST)
stream = context.wrap_socket(sock, server_hostname=HOST)
print("verified,", *stream.cipher())
print("its own certificate has", len(stream.getpeercert(True)), "bytes")
stream.close()
