# A small HTTPS server that tells its visitors what secured their connection.
#
#   https_server.py CERTIFICATE_FILE KEY_FILE [PORT]

import socket
import ssl
import sys


def answer(stream):
    request = stream.readline().decode().split()
    while stream.readline() not in (b"\r\n", b""):
        pass  # headers
    if len(request) != 3 or request[0] != "GET":
        stream.write("HTTP/1.0 405 Method Not Allowed\r\n\r\n")
        return
    suite, protocol = stream.cipher()
    body = "%s came over %s with %s.\n" % (request[1], protocol, suite)
    stream.write("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body))
    stream.write(body)


def main(certificate, key, port=8443):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(socket.getaddrinfo("127.0.0.1", int(port))[0][-1])
    listener.listen(5)
    print("https://localhost:%s/" % port)
    while True:
        raw, _ = listener.accept()
        raw.settimeout(10)
        stream = raw
        try:
            stream = context.wrap_socket(raw, server_side=True)
            answer(stream)
        except OSError as error:
            print("a visitor was lost:", error)
        finally:
            stream.close()


if len(sys.argv) < 3:
    print("usage: https_server.py CERTIFICATE_FILE KEY_FILE [PORT]")
    sys.exit(2)
main(*sys.argv[1:4])
