# Cipher suites: their names, who may choose, and what happens where nothing is in common.

import ssl
import tls
from harness import *

ECDSA128 = "TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256"
ECDSA256 = "TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384"
RSA128 = "TLS-ECDHE-RSA-WITH-AES-128-GCM-SHA256"
RSA256 = "TLS-ECDHE-RSA-WITH-AES-256-GCM-SHA384"


@situations(
    ("the four", [ECDSA128, ECDSA256, RSA128, RSA256]),
    ("one twice", [ECDSA128, ECDSA128]),
    ("none", []),
    ("an empty tuple", ()),
    ("an empty name", [""]),
    ("lower case", [ECDSA128.lower()]),
    ("OpenSSL's name", ["ECDHE-ECDSA-AES128-GCM-SHA256"]),
    ("with a space", [ECDSA128 + " "]),
    ("two in one", [ECDSA128 + " " + RSA128]),
    ("with a NUL behind", [ECDSA128 + "\0"]),
    ("underscores", [ECDSA128.replace("-", "_")]),
    ("a good and a bad one", [ECDSA128, "nonsense"]),
    ("a bad and a good one", ["nonsense", ECDSA128]),
    ("a good one and None", [ECDSA128, None]),
    ("a bad one and None", ["nonsense", None]),
    ("not ASCII", ["TLS-\xfc"]),
    ("NULL cipher", ["TLS-RSA-WITH-NULL-SHA"]),
    ("RC4", ["TLS-RSA-WITH-RC4-128-SHA"]),
    ("3DES", ["TLS-RSA-WITH-3DES-EDE-CBC-SHA"]),
    ("the signalling value", ["TLS-EMPTY-RENEGOTIATION-INFO-SCSV"]),
)
def names_of(ciphers):
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    line("set", context.set_ciphers, ciphers)
    line("as tuple", context.set_ciphers, tuple(ciphers))
    show("unchanged list", context.get_ciphers() == tls.SSLContext(tls.PROTOCOL_TLS_SERVER).get_ciphers())


@situation
def ciphers_of_contexts():
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    listed = context.get_ciphers()
    for name in (ECDSA128, ECDSA256, RSA128, RSA256):
        show(name, name in listed)
    show("own list each time", listed is not context.get_ciphers())
    show("all are str", all(isinstance(name, str) for name in listed))
    line("all can be set", context.set_ciphers, listed)


def with_ciphers(context, ciphers):
    if ciphers:
        context.set_ciphers(ciphers)
    return context


@situations(
    ("client ECDSA 128", [ECDSA128], None, "server"),
    ("client ECDSA 256", [ECDSA256], None, "server"),
    ("server ECDSA 128", None, [ECDSA128], "server"),
    ("server ECDSA 256", None, [ECDSA256], "server"),
    ("the same", [ECDSA128], [ECDSA128], "server"),
    ("the server's order", [ECDSA128, ECDSA256], [ECDSA256, ECDSA128], "server"),
    ("the server's order, reversed", [ECDSA256, ECDSA128], [ECDSA128, ECDSA256], "server"),
    ("nothing in common", [ECDSA128], [ECDSA256], "server"),
    ("RSA suites for an ECDSA key", [RSA128, RSA256], None, "server"),
    ("RSA suites of a server with an ECDSA key", None, [RSA128], "server"),
    ("ECDSA suites for an RSA key", [ECDSA128], None, "rsa2048"),
    ("client RSA 128", [RSA128], None, "rsa2048"),
    ("client RSA 256", [RSA256], None, "rsa2048"),
    ("server RSA 256", None, [RSA256], "rsa2048"),
)
def negotiation(client_ciphers, server_ciphers, cert):
    c, s, _, _ = deferred(with_ciphers(client(), client_ciphers), with_ciphers(server(cert), server_ciphers))
    if play(c, s):
        line("cipher", c.cipher)
        line("server's", s.cipher)


@situation
def ciphers_set_after_the_wrap():
    context = server()
    c, s, _, _ = deferred(client(), context)
    context.set_ciphers([ECDSA256])
    play(c, s)


@situation
def a_failed_set_leaves_the_suites():
    context = server()
    context.set_ciphers([ECDSA128])
    line("bad", context.set_ciphers, ["nonsense"])
    c, s, _, _ = deferred(client(), context)
    play(c, s)
    line("cipher", c.cipher)
