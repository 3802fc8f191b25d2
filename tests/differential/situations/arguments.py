# Every function with arguments that it does not take: how many, which types, which keywords.

import io
import ssl
import tls
from harness import *

VALUES = (
    ("None", None),
    ("a bool", True),
    ("0", 0),
    ("-1", -1),
    ("99", 99),
    ("a float", 1.5),
    ("a str", "x"),
    ("an empty str", ""),
    ("bytes", b"x"),
    ("a bytearray", bytearray(b"x")),
    ("a memoryview", memoryview(b"x")),
    ("a list", ["x"]),
    ("a tuple", ("x",)),
    ("a dict", {"x": 1}),
    ("a function", len),
)


@situations(*VALUES)
def context_of(value):
    line("tls", lambda: tls.SSLContext(value).verify_mode)
    line("ssl", lambda: ssl.SSLContext(value).verify_mode)


@situation
def context_arguments():
    line("none", tls.SSLContext)
    line("two", tls.SSLContext, 0, 1)
    line("keyword", lambda: tls.SSLContext(protocol=0))
    line("both", lambda: tls.SSLContext(0, protocol=0))
    line("repr", lambda: repr(tls.SSLContext(0)))


@situations(("TLS client", 0), ("TLS server", 1), ("DTLS client", 2), ("DTLS server", 3), ("4", 4), ("5", 5))
def default_modes(protocol):
    line("tls", lambda: tls.SSLContext(protocol).verify_mode)
    line("ssl", lambda: ssl.SSLContext(protocol).verify_mode)


@situations(*VALUES)
def verify_mode_of(value):
    for module in (tls, ssl):
        context = module.SSLContext(tls.PROTOCOL_TLS_CLIENT)

        def store():
            context.verify_mode = value

        line("store", store)
        show("is", context.verify_mode)


@situations(*VALUES)
def verify_callback_of(value):
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)

    def store():
        context.verify_callback = value

    line("store", store)
    show("is", context.verify_callback is value or context.verify_callback == value)


@situation
def unknown_attributes():
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    line("load", lambda: getattr(context, "nonsense"))
    line("store", lambda: setattr(context, "nonsense", 1))
    line("delete", lambda: delattr(context, "nonsense"))
    line("delete a method", lambda: delattr(context, "wrap_socket"))
    line("delete verify_mode", lambda: delattr(context, "verify_mode"))
    line("store to a method", lambda: setattr(context, "get_ciphers", 1))


@situations(*VALUES)
def load_cert_chain_of(value):
    good_cert, good_key = data("server.der"), data("server.key.der")
    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    line("cert", context.load_cert_chain, value, good_key)
    line("key", context.load_cert_chain, good_cert, value)
    line("both", context.load_cert_chain, value, value)


@situation
def load_cert_chain_arguments():
    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    cert, key = data("server.der"), data("server.key.der")
    line("none", context.load_cert_chain)
    line("one", context.load_cert_chain, cert)
    line("three", context.load_cert_chain, cert, key, None)
    line("keywords", lambda: context.load_cert_chain(cert=cert, key=key))
    line("one keyword", lambda: context.load_cert_chain(cert, key=key))
    line("swapped", context.load_cert_chain, key, cert)
    line("returns", context.load_cert_chain, cert, key)


@situations(*VALUES)
def load_verify_locations_of(value):
    line("tls", tls.SSLContext(0).load_verify_locations, value)
    line("ssl cadata", lambda: ssl.SSLContext(0).load_verify_locations(cadata=value))


@situation
def load_verify_locations_arguments():
    context = tls.SSLContext(0)
    ca = data("ca.der")
    line("none", context.load_verify_locations)
    line("two", context.load_verify_locations, ca, ca)
    line("keyword", lambda: context.load_verify_locations(cadata=ca))
    line("returns", context.load_verify_locations, ca)
    line("again", context.load_verify_locations, ca)
    context = ssl.SSLContext(0)
    line("ssl none", context.load_verify_locations)
    line("ssl cafile", context.load_verify_locations, "ca.der")
    line("ssl cafile and cadata", context.load_verify_locations, "ca.der", b"x")
    line("ssl empty cafile", context.load_verify_locations, "", ca)
    line("ssl cafile as bytes", context.load_verify_locations, b"ca.der")
    line("ssl cafile as a bytearray", context.load_verify_locations, bytearray(b"ca.der"))
    line("ssl keywords", lambda: context.load_verify_locations(cafile="ca.der", cadata=None))
    line("ssl capath", lambda: context.load_verify_locations(capath="."))
    line("ssl missing", lambda: type(missing(context)).__name__)


def missing(context):
    try:
        context.load_verify_locations(cafile="missing.der")
    except OSError as error:
        return error


@situations(*VALUES)
def set_ciphers_of(value):
    line("value", tls.SSLContext(0).set_ciphers, value)
    line("in a list", tls.SSLContext(0).set_ciphers, [value])


@situation
def ciphers_arguments():
    context = tls.SSLContext(0)
    name = "TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256"
    line("set none", context.set_ciphers)
    line("set two", context.set_ciphers, [name], 1)
    line("set keyword", lambda: context.set_ciphers(ciphers=[name]))
    line("set list", context.set_ciphers, [name])
    line("set tuple", context.set_ciphers, (name,))
    line("set bytes", context.set_ciphers, [name.encode()])
    line("set a set", context.set_ciphers, {name})
    line("set a generator", context.set_ciphers, (n for n in [name]))
    line("get one", context.get_ciphers, 1)
    line("get", lambda: type(context.get_ciphers()).__name__)


@situations(*VALUES)
def wrap_of(value):
    line("tls", lambda: type(client().wrap_socket(value)).__name__)
    line("ssl", lambda: type(ssl.wrap_socket(value)).__name__)


class OnlyIoctl(io.IOBase):
    def ioctl(self, request, arg):
        return 0


class Plain:
    def read(self, n):
        return b""

    def write(self, buf):
        return len(buf)


@situations(
    ("an IOBase with nothing but ioctl", OnlyIoctl),
    ("no stream", Plain),
    ("BytesIO", io.BytesIO),
    ("StringIO", io.StringIO),
    ("a class", lambda: io.BytesIO),
    ("a context", client),
)
def wrap_streams(make):
    line("client", lambda: repr(client().wrap_socket(make())))
    line("server", lambda: repr(server().wrap_socket(make(), server_side=True)))
    line("deferred", lambda: repr(client().wrap_socket(make(), do_handshake_on_connect=False)))


@situation
def wrap_arguments():
    context = client()
    line("none", context.wrap_socket)
    line("two", context.wrap_socket, wire()[0], True)
    line("unknown keyword", lambda: context.wrap_socket(wire()[0], nonsense=1))
    line("sock keyword", lambda: context.wrap_socket(sock=wire()[0]))
    line("suppress_ragged_eofs", lambda: context.wrap_socket(wire()[0], suppress_ragged_eofs=True))
    line("repr", lambda: repr(context.wrap_socket(wire()[0], do_handshake_on_connect=False)))


@situations(*VALUES)
def server_hostname_of(value):
    context = client()
    line("name", lambda: repr(context.wrap_socket(wire()[0], server_hostname=value, do_handshake_on_connect=False)))
    line("of a server", lambda: repr(server().wrap_socket(wire()[0], server_hostname=value, do_handshake_on_connect=False)))
    context.verify_mode = tls.CERT_REQUIRED
    line("required", lambda: repr(context.wrap_socket(wire()[0], server_hostname=value, do_handshake_on_connect=False)))


@situations(("255", "x" * 255), ("256", "x" * 256), ("256 bytes", b"x" * 256), ("with a NUL", "a\0b"), ("not ASCII", "b\xfccher"), ("bytes not ASCII", b"b\xfc"))
def server_hostname_length(value):
    line("name", lambda: repr(client().wrap_socket(wire()[0], server_hostname=value, do_handshake_on_connect=False)))


@situations(*VALUES)
def flags_of(value):
    context = client(tls.CERT_REQUIRED)
    line("server_side", lambda: repr(context.wrap_socket(wire()[0], server_side=value, do_handshake_on_connect=False)))
    c, _ = wire()
    c.ended = True
    line("do_handshake_on_connect", lambda: repr(client().wrap_socket(c, do_handshake_on_connect=value)))


@situations(*VALUES)
def client_id_of(value):
    line("TLS", lambda: repr(client().wrap_socket(wire()[0], client_id=value, do_handshake_on_connect=False)))
    context = tls.SSLContext(tls.PROTOCOL_DTLS_SERVER)
    line("DTLS server", lambda: repr(context.wrap_socket(wire()[0], client_id=value, do_handshake_on_connect=False)))
    context = tls.SSLContext(tls.PROTOCOL_DTLS_CLIENT)
    context.verify_mode = 0
    line("DTLS client", lambda: repr(context.wrap_socket(wire()[0], client_id=value, do_handshake_on_connect=False)))


@situation
def ssl_context_arguments():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    line("no sock", context.wrap_socket)
    line("positional", lambda: repr(context.wrap_socket(wire()[0], False, False, "localhost")))
    line("keywords", lambda: repr(context.wrap_socket(sock=wire()[0], server_side=False, do_handshake_on_connect=False, server_hostname="a")))
    line("no cert", context.load_cert_chain)
    line("no key", context.load_cert_chain, "server.der")
    line("keywords", lambda: context.load_cert_chain(certfile="server.der", keyfile="server.key.der"))
    line("cert is missing", lambda: context.load_cert_chain("missing.der", "server.key.der") and 0)
    line("an unknown attribute can be set", lambda: setattr(context, "verify_mod", 0))
    line("and is there", lambda: context.verify_mod)
    line("reading another", lambda: context.options)


@situation
def ssl_wrap_socket_arguments():
    line("none", ssl.wrap_socket)
    line("unknown", lambda: ssl.wrap_socket(wire()[0], nonsense=1))
    line("all", lambda: repr(ssl.wrap_socket(wire()[0], False, None, None, ssl.CERT_NONE, None, "localhost", False)))
    line("too many", lambda: repr(ssl.wrap_socket(wire()[0], False, None, None, ssl.CERT_NONE, None, "localhost", False, None, None)))
    line("key alone", lambda: repr(ssl.wrap_socket(wire()[0], key=data("server.key.der"), do_handshake=False)))
    line("cert alone", lambda: repr(ssl.wrap_socket(wire()[0], cert=data("server.der"), do_handshake=False)))
    line("paths", lambda: repr(ssl.wrap_socket(wire()[0], key="server.key.der", cert="server.der", do_handshake=False)))
    line("bytes", lambda: repr(ssl.wrap_socket(wire()[0], key=data("server.key.der"), cert=data("server.der"), do_handshake=False)))
    line("bad key", lambda: repr(ssl.wrap_socket(wire()[0], key=b"x", cert=data("server.der"), do_handshake=False)))
    line("bad cert", lambda: repr(ssl.wrap_socket(wire()[0], key=data("server.key.der"), cert=b"x", do_handshake=False)))
    line("bad cadata", lambda: repr(ssl.wrap_socket(wire()[0], cadata=b"x", do_handshake=False)))
    line("required without a name", lambda: repr(ssl.wrap_socket(wire()[0], cert_reqs=ssl.CERT_REQUIRED, do_handshake=False)))
    line("required server", lambda: repr(ssl.wrap_socket(wire()[0], True, cert_reqs=ssl.CERT_REQUIRED, do_handshake=False)))
    line("cert_reqs is a str", lambda: repr(ssl.wrap_socket(wire()[0], cert_reqs="x", do_handshake=False)))
    line("cert_reqs is None", lambda: repr(ssl.wrap_socket(wire()[0], cert_reqs=None, do_handshake=False)))


@situations(*VALUES)
def streams_of(value):
    c, s, _, _ = connected()
    s.write(b"abcdefghijklmnopqrstuvwxyz" * 2)
    line("read", c.read, value)
    if isinstance(value, int) or value is None:  # the reference does not look at the type
        line("readline", c.readline, value)
    line("readinto", c.readinto, value)
    line("recv", c.recv, value)
    line("recv_into", c.recv_into, value)
    line("write", c.write, value)
    line("send", c.send, value)
    line("sendall", c.sendall, value)
    line("setblocking", c.setblocking, value)
    line("getpeercert", lambda: type(c.getpeercert(value)).__name__)


@situations(
    ("read", "read", (1, 2)),
    ("readline", "readline", (1, 2)),
    ("readinto without", "readinto", ()),
    ("readinto", "readinto", (bytearray(2), 1, 2, 3)),
    ("recv without", "recv", ()),
    ("recv", "recv", (1, 2)),
    ("recv_into", "recv_into", ()),
    ("write without", "write", ()),
    ("write", "write", (b"x", 1, 1, 1)),
    ("send without", "send", ()),
    ("sendall without", "sendall", ()),
    ("close", "close", (1,)),
    ("cipher", "cipher", (1,)),
    ("setblocking without", "setblocking", ()),
    ("setblocking", "setblocking", (1, 2)),
    ("getpeercert without", "getpeercert", ()),
    ("getpeercert", "getpeercert", (True, True)),
)
def number_of_arguments(name, arguments):
    c = connected()[0]
    line("call", lambda: getattr(c, name)(*arguments))


@situations(*[(name, name) for name in (
    "__enter__", "__exit__", "fileno", "settimeout", "makefile", "do_handshake", "unwrap", "getpeername", "readlines",
    "flush", "recvfrom", "__iter__", "__next__", "shutdown", "pending", "server_hostname",
)])
def socket_has_no(name):
    show("has", hasattr(connected()[0], name))


@situation
def socket_is():
    c, s, _, _ = connected()
    show("repr", repr(c))
    show("type", type(c).__name__)
    line("iteration", lambda: list(c))
    line("with", lambda: c.__enter__())
    line("cipher", c.cipher)
    line("server cipher", s.cipher)
    line("certificate", lambda: c.getpeercert(True) == data("server.der"))
    line("server's certificate", s.getpeercert, True)
    line("a decoded certificate", c.getpeercert, False)


@situation
def modules_have():
    for module in (tls, ssl):
        for name in (
            "CERT_NONE", "CERT_OPTIONAL", "CERT_REQUIRED", "PROTOCOL_TLS_CLIENT", "PROTOCOL_TLS_SERVER",
            "PROTOCOL_DTLS_CLIENT", "PROTOCOL_DTLS_SERVER", "MBEDTLS_VERSION",
        ):
            show(name, getattr(module, name))
        for name in ("SSLError", "SSLSocket", "OPENSSL_VERSION", "CertificateError", "PROTOCOL_TLS", "SSLZeroReturnError"):
            show(name, hasattr(module, name))
