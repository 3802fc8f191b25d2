# What is wrong with certificates, alone and together, for clients and for servers, in each mode.

import tls
from harness import *

MODES = (tls.CERT_NONE, tls.CERT_OPTIONAL, tls.CERT_REQUIRED)
SERVERS = (
    "server", "chained", "expired", "future", "wronghost", "cnonly", "unknown", "selfsigned", "rsa1024", "rsa2048", "p384", "p521",
    "sha1", "expired_wronghost", "future_wronghost", "unknown_expired", "unknown_expired_wronghost", "rsa1024_sha1", "clientauth",
    "anyusage", "keyagreement", "encipherment", "nameless", "ipname", "wildcard", "version1", "critical", "self_ca", "cn_other_san",
    "issued_by_leaf", "issued_by_expired", "pathlength", "nulname",
)


@situations(*[(name, name) for name in SERVERS])
def of_a_server(name):
    for mode in MODES:
        print("  mode %d" % mode)
        play(*deferred(client(mode, "ca"), server(name))[:2])


@situations(*[(name, name) for name in ("server", "selfsigned", "expired", "unknown")])
def without_an_authority(name):
    for mode in MODES:
        print("  mode %d" % mode)
        play(*deferred(client(mode), server(name))[:2])


@situations(*[(name, name) for name in ("selfsigned", "self_ca", "server", "cnonly", "expired")])
def the_leaf_itself_is_trusted(name):
    play(*deferred(client(tls.CERT_REQUIRED, name), server(name))[:2])


HOSTS = (
    "localhost", "LOCALHOST", "localhost.", "www.localhost", "local", "127.0.0.1", "127.0.0.2", "::1", "0:0:0:0:0:0:0:1", "", " localhost",
    "a.example.org", "b.a.example.org", "example.org", "*.example.org", "A.EXAMPLE.ORG", ".example.org", "xn--a.example.org",
    "-a.example.org", "a-.example.org", "a..example.org", "a" * 64 + ".example.org", "a_b.example.org",
)


@situations(*[(name or "empty", name) for name in HOSTS])
def host_name(host):
    for cert in ("server", "wildcard", "ipname", "cnonly", "wildcard_cn", "cn_ip"):
        c, s, _, _ = deferred(client(tls.CERT_REQUIRED, "ca"), server(cert), hostname=host)
        print("  " + cert)
        play(c, s)


CLIENTS = ("client", "chained", "expired", "unknown", "selfsigned", "rsa1024", "rsa2048", "p384", "serverauth", "encipherment", "sha1", "unknown_expired")


@situations(*[(name, name) for name in CLIENTS])
def of_a_client(name):
    for mode in MODES:
        print("  mode %d" % mode)
        play(*deferred(client(cert=name), server("server", mode, "ca"))[:2])


@situation
def of_no_client():
    for mode in MODES:
        for ca in (None, "ca"):
            print("  mode %d, %s" % (mode, ca))
            play(*deferred(client(), server("server", mode, ca))[:2])


@situation
def of_a_client_without_an_authority():
    for mode in MODES:
        print("  mode %d" % mode)
        play(*deferred(client(cert="client"), server("server", mode))[:2])


@situation
def both_refuse():
    play(*deferred(client(tls.CERT_REQUIRED, "ca", "unknown"), server("unknown", tls.CERT_REQUIRED, "ca"))[:2])


@situation
def both_verify():
    c, s, _, _ = connected(client(tls.CERT_REQUIRED, "ca", "client"), server("server", tls.CERT_REQUIRED, "ca"))
    line("client's certificate", lambda: s.getpeercert(True) == data("client.der"))
    line("server's certificate", lambda: c.getpeercert(True) == data("server.der"))


@situations(*[(str(mode), mode) for mode in (3, 4, 7, -1, 255, 256, 258)])
def other_modes(mode):
    play(*deferred(client(mode, "ca"), server("unknown"))[:2])
    play(*deferred(client(), server("server", mode, "ca"))[:2])


@situation
def the_mode_is_raised_after_the_wrap():
    context = client(tls.CERT_NONE, "ca")
    c, s, _, _ = deferred(context, server("unknown"))
    context.verify_mode = tls.CERT_REQUIRED
    play(c, s)


@situation
def the_mode_is_raised_after_the_wrap_without_a_name():
    context = client(tls.CERT_NONE, "ca")
    c, s, _, _ = deferred(context, server("server"), hostname=None)
    context.verify_mode = tls.CERT_REQUIRED
    play(c, s)


@situation
def the_mode_is_lowered_after_the_wrap():
    context = client(tls.CERT_REQUIRED, "ca")
    c, s, _, _ = deferred(context, server("unknown"))
    context.verify_mode = tls.CERT_NONE
    play(c, s)


@situation
def several_authorities():
    context = client(tls.CERT_REQUIRED, "unknown_ca")
    context.load_verify_locations(data("ca.der"))
    play(*deferred(context, server("server"))[:2])
    play(*deferred(context, server("unknown"))[:2])


@situation
def a_bundle_of_authorities():
    context = client(tls.CERT_REQUIRED)
    context.load_verify_locations(data("unknown_ca.pem") + data("ca.pem"))
    play(*deferred(context, server("server"))[:2])


@situation
def an_intermediate_is_trusted():
    play(*deferred(client(tls.CERT_REQUIRED, "intermediate"), server("chained"))[:2])


@situation
def an_intermediate_was_not_sent():
    play(*deferred(client(tls.CERT_REQUIRED, "ca"), server("chained"))[:2])


@situation
def blocking_wrap_refuses():
    for name in ("unknown", "expired", "wronghost", "unknown_expired_wronghost"):
        left, right = wire()
        s = server(name).wrap_socket(right, do_handshake_on_connect=False)
        left.before_read = lambda: s.recv(1)
        line(name, lambda: client(tls.CERT_REQUIRED, "ca").wrap_socket(left, server_hostname="localhost"))
        line("peer", s.recv, 1)
        show("requests", left.requests)
