# TLS with MicroPython's API, over the engine (see web/bridge.js for `_mptls`).
#
# Python only translates: what a read, write, poll or failure means is decided in the engine. Reads
# and writes are in _plaintext.py. Garbage is not collected while a synchronous program runs, so
# buffers are kept instead of allocated again.

import io
import json
import time
import uctypes
import _mptls
from _arguments import as_buffer as _buffer, as_bytes as _data, as_int as _int, check_stream as _check_stream, takes as _takes
from _blocking import would_block as _would_block
from _failure import BLOCKED as _BLOCKED, INSTEAD as _INSTEAD, done as _done, fail as _fail, raised as _raised
from _mpnet import waits as _waits
from _plaintext import MAX_DATAGRAM as _MAX_DATAGRAM, Plaintext as _Plaintext

__version__ = "0.1.0"

PROTOCOL_TLS_CLIENT = 0
PROTOCOL_TLS_SERVER = 1
PROTOCOL_DTLS_CLIENT = 2
PROTOCOL_DTLS_SERVER = 3

CERT_NONE = 0
CERT_OPTIONAL = 1
CERT_REQUIRED = 2


class TLSVersion:
    # Beyond MicroPython: values of minimum_version and maximum_version, as CPython numbers them.
    TLSv1_2 = 0x0303
    TLSv1_3 = 0x0304


# Programs test for this name to learn that PKCS#8 keys, CERT_OPTIONAL and non-blocking sockets
# work.
MBEDTLS_VERSION = "Mbed TLS 3.6.6"

_POLL = 3
_CLOSE = 4
_POLL_RD = 1
_EAGAIN = 11
_EINVAL = 22

_TRANSPORT_BUFFER = 4096

# The program may make a TLS client from now on, so a handshake is prepared.
_mptls.imported()

# Buffers of transports that are closed, for the next ones.
_spare = []

_stream_close = io.BytesIO.__dict__["close"]
_js_poll = _mptls.poll
_js_polled = _mptls.polled
_address = uctypes.addressof


class SSLContext:
    def __init__(self, *args, **kwargs):
        if kwargs:
            raise TypeError("function doesn't take keyword arguments")
        if len(args) != 1:
            raise TypeError("function takes 1 positional arguments but %d were given" % len(args))
        protocol = _int(args[0])
        store = object.__setattr__
        store(self, "_datagram", bool(protocol & 2))
        context = _mptls.new_context(protocol & 3)
        if context is None:
            _fail()
        store(self, "_js", context)
        store(self, "_callback", None)
        store(self, "_versions", None)
        store(self, "_keylog", None)
        store(self, "_psk", (None, None))
        store(self, "_psk_keys", None)

    def __repr__(self):
        return "<SSLContext>"

    def __setattr__(self, name, value):
        # Properties do not get here.
        raise AttributeError(_no_attribute(name))

    def __delattr__(self, name):
        raise AttributeError(_no_attribute(name))

    def __del__(self):
        pass

    @property
    def verify_mode(self):
        return _mptls.get_verify_mode(self._js)

    @verify_mode.setter
    def verify_mode(self, mode):
        _done(_mptls.set_verify_mode(self._js, _int(mode)))

    @property
    def check_hostname(self):
        return _mptls.get_check_hostname(self._js)

    @check_hostname.setter
    def check_hostname(self, check):
        _mptls.set_check_hostname(self._js, bool(check))

    @property
    def verify_callback(self):
        return self._callback

    @verify_callback.setter
    def verify_callback(self, callback):
        object.__setattr__(self, "_callback", callback)
        _mptls.set_verify_callback(self._js, None if callback is None else _caller(self._js, callback))

    @property
    def psk_identity(self):
        return self._psk[0]

    @psk_identity.setter
    def psk_identity(self, identity):
        self._set_psk(identity, self._psk[1])

    @property
    def psk_key(self):
        return self._psk[1]

    @psk_key.setter
    def psk_key(self, key):
        self._set_psk(self._psk[0], key)

    def _set_psk(self, identity, key):
        # Both together are the key; one alone waits for the other.
        if identity is not None and key is not None:
            name = _data(identity)
            secret = _key(key)
            _done(_mptls.set_psk(self._js, _address(name), len(name), _address(secret), len(secret)))
        object.__setattr__(self, "_psk", (identity, key))

    @property
    def server_psk_keys(self):
        return self._psk_keys

    @server_psk_keys.setter
    def server_psk_keys(self, keys):
        object.__setattr__(self, "_psk_keys", keys)
        _mptls.set_psk_lookup(self._js, _key_finder(self))

    @_takes(3)
    def load_cert_chain(self, cert, key):
        key = _data(key)
        if not isinstance(cert, (str, bytes)):
            # MicroPython raises the error of the key before it looks at the certificate's type.
            _done(_mptls.check_private_key(self._js, _address(key), len(key)))
        cert = _data(cert)
        _done(_mptls.load_cert_chain(self._js, _address(cert), len(cert), _address(key), len(key)))

    @_takes(2)
    def load_verify_locations(self, cadata):
        cadata = _data(cadata)
        _done(_mptls.load_verify_locations(self._js, _address(cadata), len(cadata)))

    @_takes(1)
    def get_ciphers(self):
        return _mptls.cipher_suites().split("\n")

    @_takes(2)
    def set_ciphers(self, ciphers):
        if not isinstance(ciphers, (list, tuple)):
            raise TypeError("object '%s' isn't a tuple or list" % type(ciphers).__name__)
        names = "\n".join([_data(name).decode() for name in ciphers])
        _done(_mptls.set_ciphers(self._js, names))

    # Beyond MicroPython; named as in CPython.

    @property
    def minimum_version(self):
        return self._versions[0] if self._versions else TLSVersion.TLSv1_2

    @minimum_version.setter
    def minimum_version(self, version):
        self._set_versions(version, self.maximum_version)

    @property
    def maximum_version(self):
        return self._versions[1] if self._versions else TLSVersion.TLSv1_3

    @maximum_version.setter
    def maximum_version(self, version):
        self._set_versions(self.minimum_version, version)

    def _set_versions(self, lowest, highest):
        _done(_mptls.set_versions(self._js, _int(lowest), _int(highest)))
        object.__setattr__(self, "_versions", (lowest, highest))

    def set_alpn_protocols(self, protocols):
        if not isinstance(protocols, (list, tuple)):
            raise TypeError("object '%s' isn't a tuple or list" % type(protocols).__name__)
        # JavaScript would end a string at a NUL, so the names are passed in JSON.
        names = json.dumps([_data(name).decode() for name in protocols])
        _done(_mptls.set_alpn_protocols(self._js, names))

    @property
    def dtls_mtu(self):
        # The longest datagram of a DTLS handshake, in bytes.
        return _mptls.get_dtls_mtu(self._js)

    @dtls_mtu.setter
    def dtls_mtu(self, size):
        _done(_mptls.set_dtls_mtu(self._js, _int(size)))

    def load_default_certs(self):
        _done(_mptls.load_default_certs(self._js))

    def set_session_resumption(self, enabled):
        _mptls.set_session_resumption(self._js, bool(enabled))

    @property
    def keylog_filename(self):
        return self._keylog

    @keylog_filename.setter
    def keylog_filename(self, path):
        if path is not None:
            _mptls.create_private(path)
            open(path, "a").close()
        object.__setattr__(self, "_keylog", path)
        _mptls.set_key_log(self._js, None if path is None else _line_writer(path))

    def wrap_socket(
        self,
        *args,
        server_side=False,
        do_handshake_on_connect=True,
        server_hostname=None,
        client_id=None,
        **extra
    ):
        if not args:
            raise TypeError("function missing 1 required positional arguments")
        if len(args) > 1:
            raise TypeError("extra positional arguments given")
        if extra:
            raise TypeError("extra keyword arguments given")
        return _SSLSocket(self, args[0], server_side, do_handshake_on_connect, server_hostname, client_id)


class SSLSocket(_Plaintext):
    def __init__(self, context, sock, server_side, handshake, hostname, client_id):
        _check_stream(sock)
        name = b"" if hostname is None else _data(hostname)
        client = _buffer(client_id)
        # Our own sockets are read and written by the engine directly, every other stream through
        # its methods.
        handle = getattr(sock, "_h", -1)
        size = max(_MAX_DATAGRAM, context.dtls_mtu) if context._datagram else _TRANSPORT_BUFFER
        self._buffer = None if handle >= 0 else _take_buffer(size)
        python = None if handle >= 0 else _transport(getattr(sock, "_raw", sock), self._buffer)
        tls = _mptls.wrap(
            context._js,
            handle,
            python,
            _address(name),
            -1 if hostname is None else len(name),
            bool(server_side),
            _address(client or b""),
            -1 if client is None else len(client),
        )
        if tls is None:
            _give_buffer(self)
            _fail()
        self._context = context
        self._sock = sock
        self._hostname = hostname
        self._evented = getattr(sock, "_evented", False)
        super().__init__(tls, context._datagram)
        if handshake:
            self._handshake()

    def __repr__(self):
        return "<SSLSocket>"

    def _handshake(self):
        while True:
            result = _mptls.handshake(self._tls)
            if result == 0:
                return
            if result != _BLOCKED:
                break
            # A non-blocking socket: MicroPython waits here nevertheless.
            if not _waits():
                _mptls.close(self._tls)
                _give_buffer(self)
                raise _would_block(_INSTEAD)
            time.sleep_ms(1)
        # The connection is abandoned. The caller keeps the socket.
        try:
            _fail()
        finally:
            _mptls.close(self._tls)
            _give_buffer(self)

    @_takes(2)
    def setblocking(self, flag):
        return self._sock.setblocking(flag)

    # Beyond MicroPython; named as in CPython.

    @property
    def server_hostname(self):
        return self._hostname

    @_takes(2)
    def settimeout(self, seconds):
        return self._sock.settimeout(seconds)

    @_takes(1)
    def do_handshake(self):
        result = _mptls.handshake(self._tls)
        if result == _BLOCKED:
            raise OSError(_EAGAIN)
        _done(result)

    @_takes(1)
    def cipher(self):
        return (_mptls.cipher_suite(self._tls), _mptls.version(self._tls))

    def version(self):
        # Beyond MicroPython: None before the handshake.
        return _mptls.version(self._tls)

    def selected_alpn_protocol(self):
        # Beyond MicroPython: None if none was negotiated.
        return _mptls.alpn_protocol(self._tls)

    def getpeercert(self, binary_form=False):
        if not binary_form:
            description = _mptls.peer_description(self._tls)
            return description and {name: _tuples(value) for name, value in json.loads(description).items()}
        length = _mptls.peer_certificate(self._tls)
        if length < 0:
            return None
        certificate = bytes(length)
        _mptls.copy_certificate(self._tls, _address(certificate))
        return certificate

    def ioctl(self, request, arg):
        if request == _POLL:
            ready = _js_poll(self._tls, arg, self._raw.position())
            ask = ready >> 16
            if ask:
                answer = self._sock.ioctl(_POLL, ask)
                ready = ready & 0xFFFF | _js_polled(self._tls, arg, answer)
            return ready
        if request == _CLOSE:
            self._raw.end()
            if _mptls.close(self._tls) == 1:
                _give_buffer(self)
                _stream_close(self._sock)
            return 0
        raise OSError(_EINVAL)

    @_takes(1)
    def close(self):
        self.ioctl(_CLOSE, 0)

    def __del__(self):
        self.close()


def _verify_required():
    # For ssl.
    return _mptls.verify_required()


# MicroPython does not export the type.
_SSLSocket = SSLSocket
del SSLSocket


def _take_buffer(size):
    for index, buffer in enumerate(_spare):
        if len(buffer) == size:
            return _spare.pop(index)
    return bytearray(size)


def _give_buffer(socket):
    if socket._buffer is not None:
        _spare.append(socket._buffer)
        socket._buffer = None


def _transport(sock, buffer):
    # A Python stream as a transport; see PythonTransport in web/bridge.js.
    address = _address(buffer)

    def call(operation, length):
        try:
            if operation == 2:
                return address
            if operation == 3:
                return len(buffer)
            view = uctypes.bytearray_at(address, length)
            count = sock.write(view) if operation else sock.readinto(view)
            return -_EAGAIN if count is None else _int(count)
        except BaseException as error:
            _raised.append(error)

    return call


def _caller(context, callback):
    # A function that JavaScript calls for a verify_callback; see set_verify_callback in
    # web/bridge.js.
    def call(length, depth):
        try:
            certificate = bytes(length)
            _mptls.copy_certificate(context, _address(certificate))
            return _int(callback(memoryview(certificate), depth))
        except BaseException as error:
            _raised.append(error)

    return call


def _key_finder(context):
    # A function that JavaScript calls for server_psk_keys; see set_psk_lookup in web/bridge.js. As
    # on a board, every exception in it refuses the client.
    key = b""

    def call(length):
        nonlocal key
        if length < 0:
            return _address(key)
        try:
            identity = bytes(length)
            _mptls.copy_certificate(context._js, _address(identity))
            key = _key(context._psk_keys.get(identity))
            return len(key)
        except BaseException:
            return -1

    return call


def _key(obj):
    data = _buffer(obj)
    if data is None:
        raise TypeError("object with buffer protocol required")
    return bytes(data)


def _line_writer(path):
    def write(lines):
        try:
            with open(path, "a") as file:
                file.write(lines)
        except OSError:
            pass  # A key log that cannot be written does not end the connection.

    return write


def _tuples(value):
    # Values of JSON with tuples in the place of lists.
    return tuple([_tuples(item) for item in value]) if isinstance(value, list) else value


def _no_attribute(name):
    return "'SSLContext' object has no attribute '%s'" % name
