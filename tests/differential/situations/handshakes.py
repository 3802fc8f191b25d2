# Handshakes that fail: on either side, at each step, by what arrives and by what does not.

import tls
from harness import *

RECORDS = (
    ("HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    ("an HTTP request", b"GET / HTTP/1.0\r\n\r\n"),
    ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n"),
    ("zeroes", bytes(40)),
    ("ones", b"\xff" * 40),
    ("text", b"fooba"),
    ("a record of type 25", b"\x19\x03\x03\0\1\0"),
    ("a record of type 0", b"\0\x03\x03\0\1\0"),
    ("an impossible length", b"\x16\x03\x03\xff\xff"),
    ("length 16385 + 2048", b"\x16\x03\x03\x48\x01" + bytes(64)),
    ("an empty handshake record", b"\x16\x03\x03\0\0"),
    ("an empty alert", b"\x15\x03\x03\0\0"),
    ("version 2.0", b"\x16\x02\x00\0\1\0"),
    ("version 3.0", b"\x16\x03\x00\0\4\0\0\0\0"),
    ("version 3.5", b"\x16\x03\x05\0\4\0\0\0\0"),
    ("version 4.0", b"\x16\x04\x00\0\4\0\0\0\0"),
    ("application data", b"\x17\x03\x03\0\5hello"),
    ("ChangeCipherSpec", b"\x14\x03\x03\0\1\1"),
    ("a hello request", b"\x16\x03\x03\0\4\0\0\0\0"),
    ("an unknown handshake message", b"\x16\x03\x03\0\4\x63\0\0\0"),
    ("Finished", b"\x16\x03\x03\0\x10\x14\0\0\x0c" + bytes(12)),
    ("an empty Certificate", b"\x16\x03\x03\0\4\x0b\0\0\0"),
    ("a handshake message of 16 MB", b"\x16\x03\x03\0\4\2\xff\xff\xff"),
    ("an alert of one byte", b"\x15\x03\x03\0\1\2"),
    ("an alert of three bytes", b"\x15\x03\x03\0\3\2\x28\0"),
    ("an alert of level 3", b"\x15\x03\x03\0\2\3\x28"),
)


def alone(step, end, record, *args):
    # Sends a record to an end that waits for the answer or the hello; prints what becomes of it.
    end.inbox += record
    end.ended = True
    side = Side("", step, *args)
    for _ in range(4):
        side.go()
    print("  first: %s" % side.result)
    side.result = None
    side.go()
    print("  second: %s" % side.result)


@situations(*RECORDS)
def client_receives(record):
    c, _, left, right = deferred()
    c.write(b"!")
    alone(c.write, left, record, b"!")
    line("alerted", lambda: alert(right.inbox))


@situations(*RECORDS)
def server_receives(record):
    _, s, left, right = deferred()
    alone(s.recv, right, record, 1)
    line("alerted", lambda: alert(left.inbox))


def alert(sent):
    # The alert at the end of what was sent in the clear: its level and number.
    found = None
    while len(sent) >= 5:
        length = sent[3] << 8 | sent[4]
        if sent[0] == 21 and length == 2:
            found = (sent[5], sent[6])
        sent = sent[5 + length :]
    return found


ALERTS = (0, 10, 20, 21, 22, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 70, 71, 80, 86, 90, 100, 109, 110, 112, 113, 115, 116, 120, 255)


@situations(*[(str(number), number) for number in ALERTS])
def fatal_alert(number):
    record = bytes([21, 3, 3, 0, 2, 2, number])
    c, _, left, _ = deferred()
    c.write(b"!")
    alone(c.write, left, record, b"!")
    _, s, _, right = deferred()
    alone(s.recv, right, record, 1)


@situations(*[(str(number), number) for number in (0, 40, 41, 90, 100, 112)])
def warning_alert(number):
    record = bytes([21, 3, 3, 0, 2, 1, number])
    c, s, left, right = deferred()
    c.write(b"!")
    left.inbox += record
    play(c, s)
    if number:
        c, s, left, right = deferred()
        right.inbox += record
        play(c, s)


@situations(("client", True), ("server", False))
def close_notify_in_the_handshake(to_client):
    record = bytes([21, 3, 3, 0, 2, 1, 0])
    c, s, left, right = deferred()
    if to_client:
        c.write(b"!")
        left.inbox += record
        line("write", c.write, b"!")
        line("again", c.write, b"!")
        line("read", c.read, 1)
    else:
        right.inbox += record
        line("read", s.recv, 1)
        line("again", s.recv, 1)
        line("write", s.write, b"!")


@situations(("client", True), ("server", False))
def blocking_handshake_meets_close_notify(of_client):
    left, right = wire()
    left.inbox = bytes([21, 3, 3, 0, 2, 1, 0])
    context = client() if of_client else server()
    line("wrap", lambda: context.wrap_socket(left))
    show("requests", left.requests)


# How far a handshake goes before the transport ends: in how many bytes that the client or the
# server could send.
CUTS = (0, 1, 4, 5, 6, 9, 50, 90)


@situations(*[(str(count), count) for count in CUTS])
def client_is_cut_off_after(count):
    c, s, left, right = deferred()
    left.room = count
    c.write(b"!")
    right.ended = True
    side = Side("server", s.recv, 1)
    for _ in range(3):
        side.go()
    print("  server: %s" % side.result)
    side.result = None
    side.go()
    print("  again: %s" % side.result)


@situations(*[(str(count), count) for count in CUTS + (100, 300, 600)])
def server_is_cut_off_after(count):
    c, s, left, right = deferred()
    c.write(b"!")
    right.room = count
    s.recv(1)
    left.ended = True
    side = Side("client", c.write, b"!")
    for _ in range(3):
        side.go()
    print("  client: %s" % side.result)
    side.result = None
    side.go()
    print("  again: %s" % side.result)
    line("close", c.close)


@situations(("client", True), ("server", False))
def peer_goes_before_it_says_anything(of_client):
    left, right = wire()
    left.ended = True
    context = client() if of_client else server()
    line("wrap", lambda: context.wrap_socket(left))
    show("requests", left.requests)
    left, right = wire()
    left.ended = True
    tls_socket = context.wrap_socket(left, do_handshake_on_connect=False)
    line("read", tls_socket.read, 1)
    line("read again", tls_socket.read, 1)
    line("write", tls_socket.write, b"!")
    line("close", tls_socket.close)
    show("requests", left.requests)
    line("read after close", tls_socket.read, 1)


@situation
def client_goes_after_the_hello():
    c, s, left, right = deferred()
    c.write(b"!")
    c.close()
    side = Side("server", s.recv, 1)
    for _ in range(4):
        side.go()
    print("  server: %s" % side.result)


@situation
def server_goes_after_its_flight():
    c, s, left, right = deferred()
    c.write(b"!")
    s.recv(1)
    s.close()
    side = Side("client", c.write, b"!")
    for _ in range(4):
        side.go()
    print("  client: %s" % side.result)
    line("read", c.read)


def flip(end, at):
    end.inbox = end.inbox[:at] + bytes([end.inbox[at] ^ 1]) + end.inbox[at + 1 :]


@situations(*[(str(at), at) for at in (0, 1, 2, 4, 5, 8, 9, 10, 20, 43, 44)])
def a_bit_of_the_client_hello_is_changed(at):
    c, s, left, right = deferred()
    c.write(b"!")
    flip(right, at)
    right.ended = True
    side = Side("server", s.recv, 1)
    for _ in range(4):
        side.go()
    print("  server: %s" % side.result)


@situations(("the type", 0), ("the version", 2), ("the message's type", 5), ("the hello's version", 9), ("the random", 20))
def a_bit_of_the_server_hello_is_changed(at):
    c, s, left, right = deferred()
    c.write(b"!")
    s.recv(1)
    flip(left, at)
    left.ended = True
    side = Side("client", c.write, b"!")
    for _ in range(4):
        side.go()
    print("  client: %s" % side.result)
    line("alerted", lambda: alert(right.inbox))


@situation
def server_without_a_certificate():
    play(*deferred(client(), server(None))[:2])


@situation
def two_clients():
    left, right = wire()
    a = client().wrap_socket(left, do_handshake_on_connect=False)
    b = client().wrap_socket(right, do_handshake_on_connect=False)
    play(a, b)


@situation
def two_servers():
    left, right = wire()
    a = server().wrap_socket(left, do_handshake_on_connect=False)
    b = server().wrap_socket(right, do_handshake_on_connect=False)
    play(a, b, 3)


@situation
def client_context_as_server_side():
    left, right = wire()
    a = client().wrap_socket(left, server_side=True, do_handshake_on_connect=False)
    b = server().wrap_socket(right, do_handshake_on_connect=False)
    play(a, b)


@situation
def one_byte_at_a_time():
    c, s, left, right = deferred()

    def slowly(end):
        def read(buf):
            if not end.inbox:
                return None
            buf[0] = end.inbox[0]
            end.inbox = end.inbox[1:]
            return 1

        return read

    left.read_as, right.read_as = slowly(left), slowly(right)
    play(c, s)


@situation
def a_few_bytes_written_at_a_time():
    c, s, left, right = deferred()

    def written(end):
        def write(buf):
            count = min(7, len(buf))
            end.peer.inbox += bytes(buf[:count])
            return count

        return write

    left.write_as, right.write_as = written(left), written(right)
    play(c, s)


@situation
def blocking_handshakes():
    # The client's transport lets the server work where it would wait.
    left, right = wire()
    s = server().wrap_socket(right, do_handshake_on_connect=False)
    left.before_read = lambda: s.recv(1)
    c = client(tls.CERT_REQUIRED, "ca").wrap_socket(left, server_hostname="localhost")
    show("client", repr(c))
    line("write", c.write, b"x")
    line("read", s.recv, 1)
    line("cipher", c.cipher)
