# MicroPython's `ssl`: `tls` with an SSLContext that also reads files and does not verify unless
# asked to.

import tls
from tls import *

__version__ = tls.__version__

_PART = 65536  # bytes
_UNSET = object()


# A property that is the same one of the context of tls.
def _setting(name):
    return property(
        lambda self: getattr(self._context, name),
        lambda self, value: setattr(self._context, name, value),
    )


class SSLContext:
    def __init__(self, *args):
        object.__setattr__(self, "_context", tls.SSLContext(*args))
        # Whether the context trusts Mozilla's roots when the program loads no authorities.
        object.__setattr__(self, "_by_default", not args[0] & PROTOCOL_TLS_SERVER and tls._verify_required())
        if not self._by_default:
            self._context.verify_mode = CERT_NONE

    def __setattr__(self, name, value):
        # An unknown setting cannot be honoured, so it raises. Properties do not get here.
        raise AttributeError("'SSLContext' object has no attribute '%s'" % name)

    verify_mode = _setting("verify_mode")
    verify_callback = _setting("verify_callback")
    psk_identity = _setting("psk_identity")
    psk_key = _setting("psk_key")
    server_psk_keys = _setting("server_psk_keys")

    def load_cert_chain(self, certfile, keyfile):
        self._context.load_cert_chain(_contents(certfile), _contents(keyfile))

    def load_verify_locations(self, cafile=None, cadata=None):
        object.__setattr__(self, "_by_default", False)
        self._context.load_verify_locations(_read(cafile) if cafile else cadata)

    def get_ciphers(self):
        return self._context.get_ciphers()

    def set_ciphers(self, ciphers):
        self._context.set_ciphers(ciphers)

    def wrap_socket(
        self, sock, server_side=False, do_handshake_on_connect=True, server_hostname=None, client_id=None
    ):
        if self._by_default and self.verify_mode != CERT_NONE:
            self.load_default_certs()
        return self._context.wrap_socket(
            sock,
            server_side=server_side,
            do_handshake_on_connect=do_handshake_on_connect,
            server_hostname=server_hostname,
            client_id=client_id,
        )

    # Beyond MicroPython; named as in CPython.

    check_hostname = _setting("check_hostname")
    minimum_version = _setting("minimum_version")
    maximum_version = _setting("maximum_version")
    keylog_filename = _setting("keylog_filename")
    dtls_mtu = _setting("dtls_mtu")

    def set_alpn_protocols(self, protocols):
        self._context.set_alpn_protocols(protocols)

    def set_session_resumption(self, enabled):
        self._context.set_session_resumption(enabled)

    def load_default_certs(self):
        object.__setattr__(self, "_by_default", False)
        self._context.load_default_certs()


def create_default_context(cafile=None, cadata=None):
    # Beyond MicroPython: a client that verifies its peers, by Mozilla's roots unless others are
    # given.
    context = SSLContext(PROTOCOL_TLS_CLIENT)
    context.verify_mode = CERT_REQUIRED
    if cafile or cadata:
        context.load_verify_locations(cafile=cafile, cadata=cadata)
    else:
        context.load_default_certs()
    return context


def wrap_socket(
    sock,
    server_side=False,
    key=None,
    cert=None,
    cert_reqs=_UNSET,
    cadata=None,
    server_hostname=None,
    do_handshake=True,
    keyfile=None,
):
    context = SSLContext(PROTOCOL_TLS_SERVER if server_side else PROTOCOL_TLS_CLIENT)
    key = key or keyfile
    if cert or key:
        context.load_cert_chain(cert, key)
    if cadata:
        context.load_verify_locations(cadata=cadata)
    if cert_reqs is not _UNSET:
        context.verify_mode = cert_reqs
    return context.wrap_socket(
        sock,
        server_side=server_side,
        server_hostname=server_hostname,
        do_handshake_on_connect=do_handshake,
    )


def _contents(source):
    # A str is the path of a file, anything else the data itself.
    return _read(source) if isinstance(source, str) else source


def _read(path):
    parts = []
    with open(path, "rb") as file:
        # Reads in parts, because read() to the end grows its buffer by 256 bytes at a time.
        while not parts or parts[-1]:
            parts.append(file.read(_PART))
    return b"".join(parts)
