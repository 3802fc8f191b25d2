# Fetches a page over HTTPS, and shows what secured the connection.
#
#   https_get.py https://example.org/ [ca.pem]
#
# The server's certificate is verified against the authority in the file; without a file it is not
# verified.

import binascii
import hashlib
import socket
import ssl
import sys


def connect(host, port, cafile=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if cafile:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cafile=cafile)
    raw = socket.socket()
    raw.connect(socket.getaddrinfo(host, port)[0][-1])
    try:
        return context.wrap_socket(raw, server_hostname=host)
    except:
        raw.close()
        raise


def get(stream, host, path):
    stream.write("GET %s HTTP/1.0\r\nHost: %s\r\n\r\n" % (path, host))
    status = stream.readline().decode().strip()
    while stream.readline() not in (b"\r\n", b""):
        pass  # headers
    return status, stream.read()


def main(url, cafile=None):
    scheme, _, address, path = (url.split("/", 3) + [""])[:4]
    if scheme != "https:":
        raise ValueError("not an https address: " + url)
    host, _, port = address.partition(":")
    stream = connect(host, int(port or 443), cafile)
    suite, protocol = stream.cipher()
    fingerprint = binascii.hexlify(hashlib.sha256(stream.getpeercert(True)).digest()).decode()
    print("protocol    ", protocol)
    print("cipher suite", suite)
    print("peer        ", host, "verified" if cafile else "NOT verified")
    print("certificate ", "sha256", fingerprint)
    status, body = get(stream, host, "/" + path)
    stream.close()
    print("status      ", status)
    print()
    print(body.decode())


if len(sys.argv) < 2:
    print("usage: https_get.py https://HOST[:PORT]/[PATH] [CA_FILE]")
    sys.exit(2)
main(*sys.argv[1:3])
