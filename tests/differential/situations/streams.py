# Reads and writes in all forms, with and without waiting, up to the end.

from harness import *

TEXT = b"first\nsecond\n\nlast"


def heard(text=TEXT, more=False):
    # A client that was sent this text, and its peer; the transport has ended unless there is more
    # to come.
    c, s, left, right = connected()
    if text:
        s.write(text)
    left.ended = not more
    return c, s, left, right


@situations(
    ("read(3)", lambda c: c.read(3)),
    ("read(0)", lambda c: c.read(0)),
    ("read(100)", lambda c: c.read(100)),
    ("read()", lambda c: c.read()),
    ("read(-1)", lambda c: c.read(-1)),
    ("read(-2)", lambda c: c.read(-2)),
    ("read(None)", lambda c: c.read(None)),
    ("readline()", lambda c: c.readline()),
    ("readline(3)", lambda c: c.readline(3)),
    ("readline(0)", lambda c: c.readline(0)),
    ("readline(-1)", lambda c: c.readline(-1)),
    ("recv(3)", lambda c: c.recv(3)),
    ("recv(0)", lambda c: c.recv(0)),
    ("recv(100)", lambda c: c.recv(100)),
    ("recv(-1)", lambda c: c.recv(-1)),
)
def reading(call):
    for text in (TEXT, b"x", b""):
        for more in (True, False):
            c = heard(text, more)[0]
            for _ in range(5):
                line("%d %s" % (len(text), more), call, c)


@situations(
    ("all", lambda c, b: c.readinto(b)),
    ("3", lambda c, b: c.readinto(b, 3)),
    ("0", lambda c, b: c.readinto(b, 0)),
    ("-1", lambda c, b: c.readinto(b, -1)),
    ("100", lambda c, b: c.readinto(b, 100)),
    ("a memoryview", lambda c, b: c.readinto(memoryview(b)[2:5])),
    ("recv_into all", lambda c, b: c.recv_into(b)),
    ("recv_into 3", lambda c, b: c.recv_into(b, 3)),
    ("recv_into 100", lambda c, b: c.recv_into(b, 100)),
)
def reading_into(call):
    for text in (TEXT, b""):
        for more in (True, False):
            c = heard(text, more)[0]
            buf = bytearray(8)
            for _ in range(4):
                line("%d %s" % (len(text), more), call, c, buf)
                show("buffer", buf)


@situations(("bytes", b"ab"), ("bytes, empty", b""), ("read-only memoryview", memoryview(b"abcd")), ("an empty bytearray", bytearray(0)))
def reading_into_odd_buffers(buf):
    if isinstance(buf, bytearray):
        c = heard()[0]
        line("readinto", c.readinto, buf)
        line("recv_into", c.recv_into, buf)


DATA = b"0123456789"


@situations(
    ("bytes", lambda w: w(DATA)),
    ("str", lambda w: w("hello")),
    ("str of two bytes each", lambda w: w("\xfc\u20ac")),
    ("bytearray", lambda w: w(bytearray(DATA))),
    ("memoryview", lambda w: w(memoryview(DATA)[2:5])),
    ("nothing", lambda w: w(b"")),
    ("an empty str", lambda w: w("")),
    ("a list", lambda w: w([1])),
    ("an int", lambda w: w(1)),
    ("None", lambda w: w(None)),
    ("3 of them", lambda w: w(DATA, 3)),
    ("0 of them", lambda w: w(DATA, 0)),
    ("-1 of them", lambda w: w(DATA, -1)),
    ("100 of them", lambda w: w(DATA, 100)),
    ("3 from 2", lambda w: w(DATA, 2, 3)),
    ("100 from 2", lambda w: w(DATA, 2, 100)),
    ("3 from 100", lambda w: w(DATA, 100, 3)),
    ("3 from -1", lambda w: w(DATA, -1, 3)),
    ("a str as count", lambda w: w(DATA, "x")),
    ("an array", lambda w: w(__import__("array").array("H", [1, 2]))),
)
def writing(call):
    for name in ("write", "sendall", "send"):
        c, s, _, _ = connected()
        line(name, call, getattr(c, name))
        line("heard", s.recv, 100)


@situations(*[(str(size), size) for size in (1, 4095, 4096, 4097, 8192, 10000, 16384, 16385, 40000)])
def length(size):
    for name in ("write", "send", "sendall"):
        c, s, _, right = connected()
        line(name, getattr(c, name), bytes(size))
        right.ended = True
        line("heard", lambda: len(s.read()))


@situations(*[(str(size), size) for size in (1, 4096, 16384, 20000)])
def one_recv_of(size):
    c, s, _, _ = connected()
    for name in ("write", "send"):
        getattr(s, name)(bytes(size))
        line(name, lambda: len(c.recv(100000)))
        while c.recv(100000):
            pass


@situation
def a_record_is_read_in_parts():
    c, s, _, _ = connected()
    s.write(b"abcdef")
    s.write(b"ghi")
    for size in (1, 2, 100, 2, 100, 100):
        line("recv", c.recv, size)
    s.write(b"abcdef")
    s.write(b"ghi")
    for size in (1, 7, 100):
        line("read", c.read, size)


@situation
def a_write_fails_before_the_rest_of_a_record_is_read():
    c, s, left, _ = connected()
    s.write(b"abcdef")
    line("recv", c.recv, 2)
    left.write_as = lambda buf: -5
    line("write", c.write, b"x")
    line("recv", c.recv, 2)
    line("recv", c.recv, 2)


@situation
def a_write_waits_before_the_rest_of_a_record_is_read():
    c, s, left, _ = connected()
    s.write(b"abcdef")
    line("recv", c.recv, 2)
    left.room = 0
    line("write", c.write, b"x")
    line("recv", c.recv, 2)
    left.room = None
    line("write", c.write, b"x")
    line("recv", c.recv, 100)
    line("heard", s.recv, 100)


@situation
def nonsense_comes_before_the_rest_of_a_record_is_read():
    c, s, left, _ = connected()
    s.write(b"abcdef")
    line("recv", c.recv, 2)
    left.inbox += b"nonsense" * 4
    line("recv", c.recv, 2)
    line("recv", c.recv, 100)
    line("recv", c.recv, 100)


@situation
def a_stream_is_closed_before_the_rest_of_a_record_is_read():
    c, s, _, _ = connected()
    s.write(b"abcdef")
    line("recv", c.recv, 2)
    c.close()
    line("recv", c.recv, 2)


@situation
def lines_in_parts():
    c, s, _, _ = connected()
    for part in (b"one", b" line\nand", b"\n", b"\n", b"rest"):
        s.write(part)
        line("readline", c.readline)
        line("readline", c.readline)
    line("readline", c.readline, 2)
    line("readline", c.readline, 200)


@situation
def nothing_is_there():
    c, s, _, _ = connected()
    for _ in range(2):
        line("read(5)", c.read, 5)
        line("read()", c.read)
        line("readline()", c.readline)
        line("readinto", c.readinto, bytearray(3))
        line("recv", c.recv, 5)
        line("recv_into", c.recv_into, bytearray(3))


@situation
def less_is_there():
    c, s, _, _ = connected()
    s.write(b"abc")
    line("read(5)", c.read, 5)
    s.write(b"abc")
    line("read()", c.read)
    s.write(b"abc")
    line("readline()", c.readline)
    s.write(b"abc")
    buf = bytearray(5)
    line("readinto", c.readinto, buf)
    show("buffer", buf)
    s.write(b"abc")
    line("recv", c.recv, 5)


@situation
def the_end():
    c, s, left, _ = connected()
    s.write(b"bye")
    s.close()
    line("read", c.read)
    for _ in range(2):
        line("read(5)", c.read, 5)
        line("read()", c.read)
        line("readline()", c.readline)
        line("readinto", c.readinto, bytearray(3))
        line("recv", c.recv, 5)
    line("write", c.write, b"x")


@situation
def the_end_inside_a_record():
    c, s, left, right = connected()
    s.write(b"truncated")
    left.inbox = left.inbox[:-3]
    left.ended = True
    line("read", c.read, 100)
    line("read", c.read, 100)
    line("recv", c.recv, 100)


@situation
def the_end_inside_a_header():
    c, s, left, right = connected()
    s.write(b"truncated")
    left.inbox = left.inbox[:3]
    left.ended = True
    line("read", c.read, 100)
    line("recv", c.recv, 100)


@situations(*[(name, name) for name in ("write", "send", "sendall")])
def no_room(name):
    c, s, left, right = connected()
    left.room = 0
    line("full", getattr(c, name), b"abc")
    line("again", getattr(c, name), b"abc")
    left.room = None
    line("room", getattr(c, name), b"abc")
    line("heard", s.recv, 10)
    line("once more", getattr(c, name), b"de")
    line("heard", s.recv, 10)


@situations(*[(str(room), room) for room in (1, 5, 20, 100, 4000, 4125, 4126, 5000, 8250)])
def little_room(room):
    c, s, left, right = connected()
    left.room = room
    line("write", c.write, bytes(10000))
    left.room = None
    line("heard", lambda: len(s.read(20000) or b""))


@situation
def a_read_while_a_write_waits():
    c, s, left, right = connected()
    left.room = 3
    line("write", c.write, b"waits")
    s.write(b"meanwhile")
    line("read", c.read, 9)
    left.room = None
    line("write", c.write, b"waits")
    line("heard", s.recv, 10)
    line("heard", s.recv, 10)


@situation
def another_write_after_one_that_waits():
    c, s, left, right = connected()
    left.room = 3
    line("write", c.write, b"waits")
    left.room = None
    line("write", c.write, b"xy")
    line("heard", s.recv, 10)
    line("heard", s.recv, 10)


@situations(("the type", 0, 1), ("the version", 2, 1), ("the length", 4, 1), ("the nonce", 5, 1), ("the text", 14, 1), ("the tag", -1, 1), ("the type to 25", 0, 14))
def a_changed_record(at, bits):
    c, s, left, right = connected()
    s.write(b"unchanged")
    at = at % len(left.inbox)
    left.inbox = left.inbox[:at] + bytes([left.inbox[at] ^ bits]) + left.inbox[at + 1 :]
    left.ended = True
    line("read", c.recv, 100)
    line("again", c.recv, 100)
    line("write", c.write, b"x")
    line("peer", s.recv, 100)
    line("peer again", s.recv, 100)


@situation
def a_record_twice():
    c, s, left, right = connected()
    s.write(b"once")
    left.inbox += left.inbox
    line("read", c.recv, 100)
    line("again", c.recv, 100)


@situations(
    ("HTTP", b"HTTP/1.0 400 Bad Request\r\n\r\n"),
    ("an alert in the clear", b"\x15\x03\x03\0\2\2\x28"),
    ("a warning in the clear", b"\x15\x03\x03\0\2\1\x5a"),
    ("close_notify in the clear", b"\x15\x03\x03\0\2\1\0"),
    ("an impossible length", b"\x17\x03\x03\xff\xff"),
    ("a short record", b"\x17\x03\x03\0\3abc"),
    ("an empty record", b"\x17\x03\x03\0\0"),
    ("a hello", b"\x16\x03\x03\0\4\0\0\0\0"),
    ("ChangeCipherSpec", b"\x14\x03\x03\0\1\1"),
)
def rubbish(record):
    c, s, left, right = connected()
    left.inbox = record
    left.ended = True
    line("read", c.recv, 100)
    line("again", c.recv, 100)
    line("write", c.write, b"x")


@situation
def print_and_json_write_to_it():
    import json

    c, s, _, _ = connected()
    print("hello", 5, file=c)
    line("heard", s.readline)
    json.dump({"a": [1, None]}, c)
    line("heard", s.recv, 100)
    s.write(b'{"b": 2}')
    line("load", json.load, c)
