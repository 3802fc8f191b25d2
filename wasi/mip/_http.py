# What mip needs of HTTP: the whole content of an address.

import socket
from errno import ETIMEDOUT

_MOST_REDIRECTIONS = 5
# How long a server may send nothing, in seconds.
_PATIENCE = 30
# Of a file, and of a line of the headers, in bytes.
_LARGEST = 8 << 20
_LONGEST_LINE = 4096
_MOST_HEADERS = 100


# Raises OSError where there is none, with the server's answer.
def get(address):
    for _ in range(_MOST_REDIRECTIONS):
        try:
            status, headers, content = _ask(address)
        except OSError as error:
            if error.errno != ETIMEDOUT:
                raise
            raise OSError("%s: the server sent nothing for %d seconds" % (address, _PATIENCE))
        if status not in (301, 302, 303, 307, 308):
            break
        address = _redirected(headers.get("location"), address)
    if status != 200:
        raise OSError("%s: the server answered %d" % (address, status))
    if "content-length" in headers and len(content) != int(headers["content-length"]):
        raise OSError("%s: the connection ended early" % address)
    return content


# HTTP/1.0, so that the content comes in one piece and ends with the connection.
def _ask(address):
    secure, host, port, path = _parts(address)
    sock = _connect(host, port)
    try:
        stream = _secured(sock, host) if secure else sock
        stream.write(("GET %s HTTP/1.0\r\nHost: %s\r\n\r\n" % (path, host)).encode())
        status = stream.readline(_LONGEST_LINE).split(None, 2)
        if len(status) < 2 or not status[0].startswith(b"HTTP/"):
            raise OSError("%s: the server speaks no HTTP" % address)
        return int(status[1]), _headers(stream), _content(stream, address)
    finally:
        sock.close()


# To the first of the host's addresses that answers.
def _connect(host, port):
    failure = None
    for family, kind, _, _, target in socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM):
        sock = socket.socket(family, kind)
        sock.settimeout(_PATIENCE)
        try:
            sock.connect(target)
            return sock
        except OSError as error:
            sock.close()
            failure = error
    raise failure


def _secured(sock, host):
    import ssl

    return ssl.create_default_context().wrap_socket(sock, server_hostname=host)


def _headers(stream):
    headers = {}
    for _ in range(_MOST_HEADERS):
        line = stream.readline(_LONGEST_LINE)
        if not line:
            raise OSError("the connection ended before the headers did")
        line = line.strip()
        if not line:
            return headers
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    raise OSError("the server sends more than %d headers" % _MOST_HEADERS)


def _content(stream, address):
    pieces = []
    room = _LARGEST
    while True:
        piece = stream.read(4096)
        if not piece:
            return b"".join(pieces)
        room -= len(piece)
        if room < 0:
            raise OSError("%s: more than %d MiB, which mip does not install" % (address, _LARGEST >> 20))
        pieces.append(piece)


def _parts(address):
    scheme, _, rest = address.partition("://")
    if scheme not in ("http", "https") or not rest:
        raise ValueError("not an address of the web: %s" % address)
    host, _, path = rest.partition("/")
    secure = scheme == "https"
    name, colon, port = host.partition(":")
    return secure, name, int(port) if colon else 443 if secure else 80, "/" + path


# Where a server sends its client on to.
def _redirected(location, address):
    if not location:
        raise OSError("%s: the server redirects and does not say where to" % address)
    scheme, _, rest = address.partition("://")
    if "://" not in location:
        return "%s://%s/%s" % (scheme, rest.split("/", 1)[0], location.lstrip("/"))
    check_secure(address, "the server redirects to", location)
    return location


# Raises OSError where a secure address leads to one that is not: anybody on the way could have put
# something else in its place.
def check_secure(address, leads, other):
    if address.startswith("https:") and not other.startswith("https:"):
        raise OSError("%s: %s %s, which is not secure" % (address, leads, other))
