# Sends messages over DTLS, each in a datagram, and prints the answers.
#
#   dtls_client.py HOST PORT CA_FILE MESSAGE...
#
# Data may get lost, as with UDP: what was not answered in a second is sent again.

import select
import socket
import sys
import tls


def ask(stream, poller, message):
    for _ in range(5):
        stream.send(message)
        if poller.poll(1000):
            return stream.recv(4096)
    raise OSError("no answer")


def main(host, port, cafile, *messages):
    context = tls.SSLContext(tls.PROTOCOL_DTLS_CLIENT)
    with open(cafile, "rb") as file:
        context.load_verify_locations(file.read())
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect(socket.getaddrinfo(host, int(port))[0][-1])
    stream = context.wrap_socket(sock, server_hostname=host)
    print("connected by", *stream.cipher())
    poller = select.poll()
    poller.register(stream, select.POLLIN)
    for message in messages:
        print(ask(stream, poller, message.encode()).decode())
    stream.close()


if len(sys.argv) < 4:
    print("usage: dtls_client.py HOST PORT CA_FILE MESSAGE...")
    sys.exit(2)
main(*sys.argv[1:])
