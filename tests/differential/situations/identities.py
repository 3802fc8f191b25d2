# Keys and certificates in all forms, good and bad.

import os
import ssl
import tls
from harness import *

KEYS = (
    "p256.pkcs8.der", "p256.sec1.der", "p256.pkcs8.pem", "p256.sec1.pem",
    "p384.pkcs8.der", "p384.sec1.der", "p384.pkcs8.pem", "p384.sec1.pem",
    "p521.pkcs8.der", "p521.sec1.der", "p521.pkcs8.pem",
    "rsa512.pkcs8.der", "rsa512.pkcs1.der", "rsa512.pkcs8.pem", "rsa512.pkcs1.pem",
    "rsa1024.pkcs8.der", "rsa1024.pkcs1.der",
    "rsa2048.pkcs8.der", "rsa2048.pkcs1.der", "rsa2048.pkcs8.pem", "rsa2048.pkcs1.pem",
    "ed25519.pkcs8.der", "ed25519.pkcs8.pem",
    "encrypted.pkcs8.der", "encrypted.pkcs8.pem", "encrypted.pkcs1.pem",
)


@situations(*[(name, name) for name in KEYS])
def key(name):
    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    line("load", context.load_cert_chain, data("server.der"), data("key." + name))
    line("path", ssl.SSLContext(1).load_cert_chain, "server.der", "key." + name)
    text = data("key." + name).decode() if name.endswith("pem") else "x"
    line("as str", tls.SSLContext(tls.PROTOCOL_TLS_SERVER).load_cert_chain, data("server.der"), text)
    line("again", context.load_cert_chain, data("server.der"), data("key." + name))


PKCS8 = data("key.p256.pkcs8.der")
PEM = data("key.p256.pkcs8.pem")


@situations(
    ("nothing", b""),
    ("a NUL", b"\0"),
    ("an empty SEQUENCE", b"\x30\0"),
    ("cut", PKCS8[:-1]),
    ("half", PKCS8[: len(PKCS8) // 2]),
    ("with more behind", PKCS8 + b"\0"),
    ("SEC 1 with more behind", data("key.p256.sec1.der") + b"more"),
    ("a certificate", data("server.der")),
    ("PEM of a certificate", data("server.pem")),
    ("PEM cut", PEM[:-40]),
    ("PEM without its end", PEM[: PEM.find(b"-----END")]),
    ("PEM without its begin", PEM[PEM.find(b"\n") :]),
    ("PEM with text around", b"hello\n" + PEM + b"bye\n"),
    ("PEM with CRLF", PEM.replace(b"\n", b"\r\n")),
    ("PEM on one line", PEM.replace(b"\n", b" ")),
    ("PEM with a bad digit", PEM.replace(b"M", b"*")),
    ("PEM with a NUL behind", PEM + b"\0"),
    ("PEM behind a NUL", b"\0" + PEM),
    ("PEM of another label", PEM.replace(b"PRIVATE", b"PUBLIC")),
    ("lower case", PEM.lower()),
    ("two keys", PEM + data("key.rsa2048.pkcs8.pem")),
    ("certificate and key", data("server.pem") + PEM),
    ("key and certificate", PEM + data("server.pem")),
)
def bad_key(content):
    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    line("load", context.load_cert_chain, data("server.der"), content)


DER = data("server.der")
CERTIFICATE = data("server.pem")
CONTENTS = (
    ("nothing", b""),
    ("a NUL", b"\0"),
    ("an empty SEQUENCE", b"\x30\0"),
    ("DER", DER),
    ("cut", DER[:-1]),
    ("half", DER[: len(DER) // 2]),
    ("with more behind", DER + b"more"),
    ("two", DER + data("ca.der")),
    ("one behind rubbish", b"x" + DER),
    ("a key", PKCS8),
    ("PEM of a key", PEM),
    ("PEM", CERTIFICATE),
    ("PEM bundle", CERTIFICATE + data("ca.pem")),
    ("PEM bundle of one twice", CERTIFICATE + CERTIFICATE),
    ("PEM bundle with a bad one", CERTIFICATE + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    ("PEM bundle, a bad one first", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + CERTIFICATE),
    ("PEM bundle with a cut one", CERTIFICATE + CERTIFICATE[:200]),
    ("PEM bundle with text between", b"first\n" + CERTIFICATE + b"second\n" + data("ca.pem") + b"end\n"),
    ("PEM with CRLF", CERTIFICATE.replace(b"\n", b"\r\n")),
    ("PEM with a key behind", CERTIFICATE + PEM),
    ("PEM with a key before", PEM + CERTIFICATE),
    ("PEM with a NUL behind", CERTIFICATE + b"\0"),
    ("PEM behind a NUL", b"\0" + CERTIFICATE),
    ("PEM without its end", CERTIFICATE[: CERTIFICATE.find(b"-----END")]),
    ("PEM of a trusted certificate", CERTIFICATE.replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE")),
    ("RSA 512", data("rsa512.der")),
    ("RSA 1024", data("rsa1024.der")),
    ("RSA 2048", data("rsa2048.der")),
    ("P-384", data("p384.der")),
    ("P-521", data("p521.der")),
    ("SHA-1", data("sha1.der")),
    ("version 1", data("version1.der")),
    ("without a subject", data("nameless.der")),
    ("with an unknown critical extension", data("critical.der")),
    ("expired", data("expired.der")),
)


# A file of this program's own: others run in the same folder at the same time.
GIVEN = "given%d.tmp" % int.from_bytes(os.urandom(4), "big")


@situations(*CONTENTS)
def certificate(content):
    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    line("own", context.load_cert_chain, content, PKCS8)
    line("authority", context.load_verify_locations, content)
    with open(GIVEN, "wb") as file:
        file.write(content)
    line("own by path", ssl.SSLContext(1).load_cert_chain, GIVEN, "key.p256.pkcs8.der")
    line("authority by path", ssl.SSLContext(0).load_verify_locations, GIVEN)


@situations(*[(name, name) for name in ("rsa2048", "rsa1024", "p384", "p521", "server")])
def identity(name):
    play(*deferred(client(), server(name))[:2])


@situation
def a_key_that_is_not_the_certificates():
    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    line("load", context.load_cert_chain, data("server.der"), data("key.p256.pkcs8.der"))
    play(*deferred(client(), context)[:2])


@situation
def a_key_of_another_kind():
    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    line("load", context.load_cert_chain, data("server.der"), data("key.rsa2048.pkcs8.der"))
    play(*deferred(client(), context)[:2])


@situation
def an_intermediate_is_loaded_after_the_leaf():
    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(data("chained.der"), data("chained.key.der"))
    line("again", context.load_cert_chain, data("intermediate.der"), data("chained.key.der"))
    play(*deferred(client(tls.CERT_REQUIRED, "ca"), context)[:2])


@situation
def the_same_identity_twice():
    context = server()
    line("again", context.load_cert_chain, data("server.der"), data("server.key.der"))
    play(*deferred(client(tls.CERT_REQUIRED, "ca"), context)[:2])


@situation
def another_identity_after_the_first():
    context = server("expired")
    line("again", context.load_cert_chain, data("server.der"), data("server.key.der"))
    play(*deferred(client(), context)[:2])


@situation
def a_chain_from_pem():
    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(data("chained.chain.pem"), data("chained.key.pem"))
    play(*deferred(client(tls.CERT_REQUIRED, "ca"), context)[:2])


@situation
def a_bad_key_leaves_the_identity():
    context = server()
    line("bad", context.load_cert_chain, data("server.der"), b"x")
    play(*deferred(client(), context)[:2])


@situation
def an_identity_loaded_after_the_wrap():
    context = server(None)
    c, s, _, _ = deferred(client(), context)
    context.load_cert_chain(data("server.der"), data("server.key.der"))
    play(c, s)


@situation
def an_authority_loaded_after_the_wrap():
    context = client(tls.CERT_REQUIRED)
    c, s, _, _ = deferred(context)
    context.load_verify_locations(data("ca.der"))
    play(c, s)
