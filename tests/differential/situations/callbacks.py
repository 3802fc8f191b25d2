# verify_callback: when it is called, with what, what its answer does, and what else it may do.

import tls
from harness import *


KNOWN = {}
for name in ("server", "ca", "intermediate", "chained", "unknown", "unknown_ca", "selfsigned", "expired", "client", "self_ca"):
    KNOWN[data(name + ".der")] = name


def watched(context, answer=lambda: 0):
    def callback(cert, depth):
        print("  called: %s %s %s" % (type(cert).__name__, KNOWN.get(bytes(cert)), depth))
        return answer()

    context.verify_callback = callback
    return context


@situations(*[(name, name) for name in ("server", "chained.pem", "unknown", "selfsigned", "expired", "self_ca")])
def order(name):
    for mode in (0, 1, 2):
        for ca in (None, "ca"):
            print("  mode %d, %s" % (mode, ca))
            if name == "chained.pem":
                context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(data("chained.chain.pem"), data("chained.key.pem"))
            else:
                context = server(name)
            play(*deferred(watched(client(mode, ca)), context)[:2])


@situation
def order_for_a_trusted_leaf():
    play(*deferred(watched(client(2, "self_ca")), server("self_ca"))[:2])


@situation
def of_a_server():
    play(*deferred(client(cert="client"), watched(server("server", 2, "ca")))[:2])


ANSWERS = (
    ("0", 0), ("1", 1), ("5", 5), ("255", 255), ("-1", -1), ("-2", -2), ("-110", -110), ("-255", -255), ("-256", -256), ("-9984", -9984),
    ("-10240", -10240), ("-16000", -16000), ("-28928", -28928), ("-32512", -32512), ("True", True), ("False", False), ("None", None), ("a str", "x"),
    ("a float", 1.0), ("an empty str", ""),
)


@situations(*ANSWERS)
def answer_of_a_client(answer):
    left, right = wire()
    s = server().wrap_socket(right, do_handshake_on_connect=False)
    side = Side("peer", s.recv, 1)
    left.before_read = side.go
    context = client(2, "ca")
    context.verify_callback = lambda cert, depth: answer
    line("wrap", lambda: repr(context.wrap_socket(left, server_hostname="localhost")))
    for _ in range(3):
        side.go()
    print("  peer: %s" % side.result)


@situations(*[case for case in ANSWERS if case[0] not in ("1", "5", "255", "True")])
def answer_of_a_deferred_client(answer):
    context = client(2, "ca")
    context.verify_callback = lambda cert, depth: answer
    play(*deferred(context)[:2])


@situations(*[case for case in ANSWERS if case[0] not in ("1", "5", "255", "True")])
def answer_of_a_server(answer):
    context = server("server", 2, "ca")
    context.verify_callback = lambda cert, depth: answer
    play(*deferred(client(cert="client"), context)[:2])


class Mine(Exception):
    pass


@situations(("ValueError", ValueError("x")), ("OSError", OSError(5)), ("OSError of EAGAIN", OSError(11)), ("own", Mine(1, 2)), ("KeyError", KeyError("k")))
def exception(error):
    def callback(cert, depth):
        raise error

    context = client(2, "ca")
    context.verify_callback = callback
    c, s, left, right = deferred(context)
    side = Side("client", c.write, b"!")
    for _ in range(4):
        side.go()
        Side("server", s.recv, 1).go()
    print("  client: %s" % side.result)
    line("again", c.write, b"!")
    line("and again", c.read, 1)
    line("close", c.close)
    line("closed", c.read, 1)


@situation
def exception_and_close():
    def callback(cert, depth):
        raise Mine

    context = client(2, "ca")
    context.verify_callback = callback
    c, s, left, right = deferred(context)
    c.write(b"!")
    s.recv(1)
    line("first", c.write, b"!")
    line("close", c.close)
    line("closed", c.read, 1)


@situations(("no callable", 5), ("a function of none", lambda: 0), ("a function of one", lambda cert: 0), ("of three", lambda a, b, c: 0), ("a str", "x"))
def no_callback(value):
    context = client(1)
    context.verify_callback = value
    play(*deferred(context)[:2])


@situation
def the_certificate_can_only_be_read():
    def callback(cert, depth):
        try:
            cert[0] = 1
        except Exception as error:
            print("  store: %s" % type(error).__name__)
        print("  hex: %s" % (cert.hex()[:8] if hasattr(cert, "hex") else None))
        return 0

    context = client(1)
    context.verify_callback = callback
    play(*deferred(context)[:2])


@situation
def cleared_before_the_handshake():
    context = watched(client(1))
    c, s, _, _ = deferred(context)
    context.verify_callback = None
    play(c, s)


@situation
def set_after_the_wrap():
    context = client(1)
    c, s, _, _ = deferred(context)
    watched(context)
    play(c, s)


@situation
def uses_tls_itself():
    # A whole connection inside the callback of another.
    def answer():
        c, s, _, _ = connected()
        c.write(b"inside")
        print("  inside: %r" % s.read(6))
        return 0

    c, s, _, _ = connected(watched(client(1, "ca"), answer))
    line("write", c.write, b"outside")
    line("read", s.read, 7)
    line("write", s.write, b"back")
    line("read", c.read, 4)


@situation
def uses_other_connections():
    other_c, other_s, _, _ = connected()

    def answer():
        other_c.write(b"ping")
        print("  inside: %r" % other_s.read(4))
        return 0

    c, s, _, _ = deferred(watched(client(1, "ca"), answer))
    side = Side("server", s.read, 7)
    for _ in range(6):
        written = c.write(b"outside")
        side.go()
        if written:
            break
    show("written", written)
    side.go()
    print("  server: %s" % side.result)


@situation
def changes_its_context():
    context = client(2, "ca")

    def callback(cert, depth):
        context.verify_callback = None
        context.verify_mode = 0
        context.load_verify_locations(data("unknown_ca.der"))
        return 0

    context.verify_callback = callback
    play(*deferred(context, server("server"))[:2])


@situation
def makes_contexts():
    def answer():
        context = server("rsa2048")
        print("  made: %r" % context)
        return 0

    play(*deferred(watched(client(1), answer))[:2])
