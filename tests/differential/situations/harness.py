# What situations are written with. A situation prints "= name" and then a line for each thing that
# a program can see.

import gc
import io
import socket
import sys
import tls

# Only between situations: finalisers would make it unpredictable what transports see.
gc.disable()

names = set()


def situation(action):
    # A decorator: runs the function at once, under its name.
    _run(action.__name__, action)


def situations(*cases):
    # A decorator: runs the function for each (name, arguments...).
    def run(action):
        for case in cases:
            _run(action.__name__ + ", " + case[0], lambda: action(*case[1:]))

    return run


def _run(name, action):
    assert name not in names, name
    names.add(name)
    print("= " + name)
    result = _outcome(action)
    if result != "None":
        print("  " + result)
    gc.collect()


def _outcome(action, *args, **options):
    try:
        return repr(action(*args, **options))
    except Exception as error:
        return raised(error)


def raised(error):
    return type(error).__name__ + repr(error.args)


def line(label, action, *args, **options):
    # One line: what a call returned, or what it raised.
    print("  %s: %s" % (label, _outcome(action, *args, **options)))


def show(label, value):
    print("  %s: %r" % (label, value))


def bind(sock):
    # Binds a socket to a port that is free; its address. Programs that run at the same time are
    # given ports of their own, below those that systems choose.
    first = int(sys.argv[1]) if len(sys.argv) > 1 else 20000
    for port in range(first, first + 400):
        address = socket.getaddrinfo("127.0.0.1", port)[0][-1]
        try:
            sock.bind(address)
            return address
        except OSError:
            pass


def listening():
    # A listener, and its address.
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    address = bind(listener)
    listener.listen(1)
    return listener, address


def pair():
    # Both ends of a connection. They do not wait.
    listener, address = listening()
    left = socket.socket()
    left.connect(address)
    right, _ = listener.accept()
    listener.close()
    left.setblocking(False)
    right.setblocking(False)
    return left, right


def data(name):
    with open(name, "rb") as file:
        return file.read()


def client(mode=tls.CERT_NONE, ca=None, cert=None):
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = mode
    if ca:
        context.load_verify_locations(data(ca + ".der"))
    if cert:
        context.load_cert_chain(data(cert + ".der"), data(cert + ".key.der"))
    return context


def server(cert="server", mode=tls.CERT_NONE, ca=None):
    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    if cert:
        context.load_cert_chain(data(cert + ".der"), data(cert + ".key.der"))
    context.verify_mode = mode
    if ca:
        context.load_verify_locations(data(ca + ".der"))
    return context


class End(io.IOBase):
    # One end of a wire in memory; a stream that never waits. What happens to it can be changed by
    # assigning to its attributes.

    def __init__(self):
        self.inbox = b""
        self.peer = None
        self.ended = False  # nothing will come any more
        self.room = None  # how many bytes can be written; None: any
        self.read_as = None  # called instead of reading
        self.write_as = None  # called instead of writing
        self.before_read = None  # called when there is nothing to read
        self.requests = []  # ioctl requests
        self.ready = None  # what a poll is answered; None: as it is
        self.wrote = 0

    def readinto(self, buf):
        if self.read_as:
            return self.read_as(buf)
        if not self.inbox and self.before_read:
            self.before_read()
        if not self.inbox:
            return 0 if self.ended else None
        count = min(len(buf), len(self.inbox))
        buf[:count] = self.inbox[:count]
        self.inbox = self.inbox[count:]
        return count

    def write(self, buf):
        if self.write_as:
            return self.write_as(buf)
        count = len(buf)
        if self.room is not None:
            count = min(count, self.room)
            if count == 0:
                return None
            self.room -= count
        self.peer.inbox += bytes(buf[:count])
        self.wrote += count
        return count

    def ioctl(self, request, arg):
        try:
            self.requests.append((request, arg))
        except MemoryError:  # a finaliser
            return 0
        if request == 3:
            if self.ready is not None:
                return self.ready
            readable = arg & 1 if self.inbox or self.ended else 0
            writable = arg & 4 if self.room != 0 else 0
            return readable | writable
        if request == 4:
            self.peer.ended = True
        return 0

    def setblocking(self, flag):
        return ("setblocking", flag)


def wire():
    left, right = End(), End()
    left.peer, right.peer = right, left
    return left, right


def deferred(client_context=None, server_context=None, hostname="localhost"):
    # Client and server that have not begun, and their ends of the wire.
    left, right = wire()
    c = (client_context or client()).wrap_socket(left, server_hostname=hostname, do_handshake_on_connect=False)
    s = (server_context or server()).wrap_socket(right, server_side=True, do_handshake_on_connect=False)
    return c, s, left, right


def connected(*contexts, hostname="localhost"):
    # Client and server after their handshake, in which the client has said "!" and the server "?".
    c, s, left, right = deferred(*contexts, hostname=hostname)
    written = heard = None
    for _ in range(8):
        written = written or c.write(b"!")
        heard = heard or s.recv(1)
    assert heard == b"!"
    s.write(b"?")
    assert c.recv(1) == b"?"
    return c, s, left, right


class Side:
    # An end that is stepped until it is done or fails; then every step is another attempt.

    def __init__(self, name, step, *args):
        self.name = name
        self.step = step
        self.args = args
        self.result = None

    def go(self):
        if self.result is None:
            try:
                result = self.step(*self.args)
                if result is not None:
                    self.result = repr(result)
            except Exception as error:
                self.result = raised(error)


def play(c, s, turns=8):
    # Lets client and server shake hands; prints what becomes of each, and of a second attempt. True
    # if they did.
    sides = [Side("client", c.write, b"!"), Side("server", s.recv, 1)]
    for _ in range(turns):
        for side in sides:
            side.go()
    for side in sides:
        print("  %s: %s" % (side.name, side.result))
    again = [Side("client again", c.recv, 1), Side("server again", s.write, b"?")]
    for side in reversed(again):
        side.go()
    for side in again:
        print("  %s: %s" % (side.name, side.result))
    return sides[0].result == "1"
