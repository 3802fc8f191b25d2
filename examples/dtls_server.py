# A DTLS server: answers many clients at the same time over one UDP socket, and keeps nothing for
# who has not shown its cookie.
#
#   dtls_server.py CERTIFICATE_FILE KEY_FILE [PORT]

import io
import select
import socket
import sys
import time
import tls

HELLO_VERIFY_REQUIRED = -0x6A80
MOST_CLIENTS = 100
QUIET_LIMIT = 60_000  # milliseconds after which a client is forgotten
TICK = 250  # lost datagrams are repeated when a connection is looked at


class Link(io.IOBase):
    # One client's share of the socket, as the stream of datagrams that wrap_socket wants.

    def __init__(self, sock, address):
        self.sock = sock
        self.address = address
        self.inbox = []

    def readinto(self, buf):
        if not self.inbox:
            return None
        datagram = self.inbox.pop(0)
        buf[: len(datagram)] = datagram
        return len(datagram)

    def write(self, buf):
        return self.sock.sendto(buf, self.address)

    def ioctl(self, request, arg):
        return 0


class Client:
    def __init__(self, context, sock, address, name):
        self.name = name
        self.link = Link(sock, address)
        self.stream = context.wrap_socket(self.link, server_side=True, do_handshake_on_connect=False, client_id=name)
        self.seen = time.ticks_ms()
        self.messages = 0

    def work(self):
        # Goes on with what arrived; false when the client is gone.
        try:
            while True:
                message = self.stream.recv(4096)
                if message is None:
                    return time.ticks_diff(time.ticks_ms(), self.seen) < QUIET_LIMIT
                if not message:
                    return False
                self.messages += 1
                self.stream.send(b"%d: %s" % (self.messages, message.upper()))
        except OSError as error:
            # Not a failure: the client has its cookie now, and begins anew with it.
            if error.errno != HELLO_VERIFY_REQUIRED:
                print("a client was lost:", error)
            return False


def main(certificate, key, port=4433):
    context = tls.SSLContext(tls.PROTOCOL_DTLS_SERVER)
    with open(certificate, "rb") as cert_file, open(key, "rb") as key_file:
        context.load_cert_chain(cert_file.read(), key_file.read())
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(socket.getaddrinfo("127.0.0.1", int(port))[0][-1])
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    clients = {}
    print("dtls://localhost:%s" % port)
    while True:
        if poller.poll(TICK):
            datagram, address = sock.recvfrom(16717)
            name = repr(address)
            if name not in clients and len(clients) < MOST_CLIENTS:
                clients[name] = Client(context, sock, address, name)
            if name in clients:
                clients[name].link.inbox.append(datagram)
                clients[name].seen = time.ticks_ms()
        for client in list(clients.values()):
            if not client.work():
                client.stream.close()
                del clients[client.name]


if len(sys.argv) < 3:
    print("usage: dtls_server.py CERTIFICATE_FILE KEY_FILE [PORT]")
    sys.exit(2)
main(*sys.argv[1:4])
