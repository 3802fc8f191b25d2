# Reads of few bytes, in all forms and one after another, from records that have more.

import select
from harness import *

TEXT = b"first line\nsecond\n\n" + bytes(range(32, 127)) * 3 + b"\nlast, without an end"


def readable(sock):
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    return [event for _, event in poller.poll(0)]


def into(read, size):
    buf = bytearray(size)
    count = read(buf)
    return count, bytes(buf)


def reading():
    # A client that has read the first byte of a record, its server, and the client's transport.
    c, s, left, _ = connected()
    s.write(TEXT)
    line("read(1)", c.read, 1)
    return c, s, left


FORMS = (
    ("read(1)", lambda c: c.read(1)),
    ("recv(2)", lambda c: c.recv(2)),
    ("readline()", lambda c: c.readline()),
    ("readinto 3", lambda c: into(c.readinto, 3)),
    ("recv_into 1", lambda c: into(c.recv_into, 1)),
    ("readline(4)", lambda c: c.readline(4)),
    ("read(True)", lambda c: c.read(True)),
    ("read(70)", lambda c: c.read(70)),
    ("recv(64)", lambda c: c.recv(64)),
    ("readinto 200", lambda c: into(c.readinto, 200)),
    ("recv(1000)", lambda c: c.recv(1000)),
    ("read()", lambda c: c.read()),
)


def after(form, polled):
    # This form between others, and to the end of what is there.
    c, s, _, _ = connected()
    for part in (TEXT, b"ab", TEXT):
        s.write(part)
    for name, other in FORMS[:7]:
        line(name, other, c)
        if polled:
            line("readable", readable, c)
        line("this", form, c)
    for _ in range(4):
        line("this", form, c)
        line("readable", readable, c)
    line("the rest", c.read)
    line("this", form, c)
    line("readable", readable, c)


@situations(*FORMS)
def between_others(form):
    after(form, False)


@situations(*FORMS)
def between_others_and_polls(form):
    after(form, True)


@situations(*FORMS)
def to_the_end(form):
    c, s, left, right = connected()
    s.write(TEXT)
    s.close()
    for _ in range(3):
        line("read(1)", c.read, 1)
        line("this", form, c)
        line("readable", readable, c)


@situations(*FORMS)
def after_a_write_failed(form):
    c, s, left = reading()
    line("readline", c.readline)
    left.write_as = lambda buf: -5
    line("write", c.write, b"x")
    line("readable", readable, c)
    line("this", form, c)
    line("this", form, c)


@situations(*FORMS)
def after_a_write_raised(form):
    c, s, left = reading()
    left.write_as = lambda buf: 1 // 0
    line("write", c.write, b"x")
    line("readable", readable, c)
    line("this", form, c)


@situations(*FORMS)
def after_a_write_waits(form):
    c, s, left = reading()
    left.room = 0
    line("write", c.write, b"x")
    line("this", form, c)
    line("readable", readable, c)
    left.room = None
    line("write", c.write, b"x")
    line("read(1)", c.read, 1)
    line("heard", s.recv, 100)


@situations(*FORMS)
def after_close(form):
    c, s, _ = reading()
    c.close()
    line("readable", readable, c)
    line("this", form, c)
    line("this", form, c)


@situations(*FORMS)
def before_nonsense(form):
    c, s, left = reading()
    left.inbox += b"nonsense" * 4
    line("readable", readable, c)
    line("this", form, c)
    line("recv(1)", c.recv, 1)
    line("recv", c.recv, 1000)
    line("recv", c.recv, 1000)
    line("read(1)", c.read, 1)


@situations(*FORMS)
def of_two_connections_in_turn(form):
    c, s, _, _ = connected()
    d, t, _, _ = connected()
    for _ in range(2):
        s.write(TEXT)
        t.write(TEXT.upper())
    for _ in range(4):
        line("read(1)", c.read, 1)
        line("read(1)", d.read, 1)
        line("this", form, c)
        line("that", form, d)
    c.close()
    line("that", form, d)
    e, u, _, _ = connected()
    u.write(b"another line\nand more")
    line("read(1)", e.read, 1)
    line("that", form, d)
    line("third", form, e)


@situation
def answers_between():
    c, s, _, _ = connected()
    s.write(TEXT)
    for size in (1, 2, 63, 64, 65, 1):
        line("read %d" % size, c.read, size)
        line("write", c.write, b"more")
        line("heard", s.read, 4)
        s.write(b"%d, " % size)
    line("the rest", c.read)


@situation
def a_long_record_byte_by_byte():
    c, s, _, _ = connected()
    data = bytes([i * 7 & 255 for i in range(3000)])
    s.write(data)
    got = b"".join([c.read(1) for _ in range(1500)]) + b"".join([c.recv(3) for _ in range(300)])
    show("as sent", got == data[: len(got)])
    line("the rest", lambda: c.read() == data[len(got) :])


@situation
def lines_longer_than_what_is_shown():
    c, s, _, _ = connected()
    for size in (1, 62, 63, 64, 65, 255, 256, 257, 511, 512, 513, 2000):
        s.write(b"x" * size + b"\n" + b"y" * size)
        s.write(b"\n")
    for _ in range(25):
        line("readline", lambda: (c.readline() or b"").replace(b"x", b"").replace(b"y", b""))


@situations(*[(repr(size), size) for size in (0, -2, None, "1", b"1", [1], (), 1.0, True)])
def of_odd_lengths(size):
    for name in ("read", "recv"):
        c, s, _, _ = connected()
        s.write(TEXT)
        line("first, " + name, getattr(c, name), size)
        line("read(1)", c.read, 1)
        line(name, getattr(c, name), size)
        line("with one more", getattr(c, name), 1, 2)
        line("read(1)", c.read, 1)
