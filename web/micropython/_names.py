# Names and addresses, for socket: getaddrinfo(), inet_pton(), inet_ntop(), sockaddr().

from micropython import const
from _arguments import as_bytes, as_int
from _internal import checked
from _mpnet import lookup as _lookup, found_host as _found_host, found_family as _found_family

_AF_INET = const(2)
_AF_INET6 = const(10)
_EINTR = const(4)
_EINVAL = const(22)
_EAFNOSUPPORT = const(97)
_GROUPS = const(8)  # of an IPv6 address

# Types of sockets with their protocols, in the order in which getaddrinfo() returns them.
_STREAM = (1, 6)
_DATAGRAM = (2, 17)
_RAW = (3, 0)

_AI_CANONNAME = const(2)
_AI_NUMERICHOST = const(4)
_AI_NUMERICSERV = const(0x400)
_AI_KNOWN = const(0x7FF)

_ERRORS = {
    -1: "unknown flags",
    -2: "name or service not known",
    -3: "temporary failure in name resolution",
    -6: "unknown address family",
    -7: "unknown socket type",
    -8: "service not known for this socket type",
    -9: "the host has no address of this family",
}


def getaddrinfo(host, port, af=0, type=0, proto=0, flags=0):
    host = as_bytes(host).decode()
    service = "" if _is_int(port) else as_bytes(port).decode()
    by_name = any(c not in "0123456789" for c in service)
    if as_int(flags) & ~_AI_KNOWN:
        _fail(-1)
    if by_name and flags & _AI_NUMERICSERV:
        _fail(-2)
    if as_int(af) not in (0, _AF_INET, _AF_INET6):
        _fail(-6)
    kinds = _kinds(as_int(type), as_int(proto), by_name)
    if by_name:
        from _services import PORTS

        port = PORTS.get(service) or _fail(-8)
    elif service or not _is_int(port):
        port = int(service or "0")
    family = family_of(host)
    if not host or (flags & _AI_NUMERICHOST and not family):
        _fail(-2)
    if family and af and family != af:
        _fail(-9)
    found = [
        (family, type, proto, None, (address, port & 0xFFFF))
        for family, address in resolve(host, af)
        for type, proto in kinds
    ]
    if flags & _AI_CANONNAME:
        found[0] = found[0][:3] + (host, found[0][4])
    return found


# Family and address of each address of the host. IPv4 comes first: programs use the first address
# with a socket of the default family.
def resolve(host, af):
    while True:
        n = _lookup(host, af)
        if n != -_EINTR:
            break
    if n < 0:
        _fail(-2 if checked(n) == -2 else -3)
    return sorted([(_found_family(i), _found_host(i)) for i in range(n)])


# The family of a numeric address, 0 of anything else.
def family_of(host):
    return _AF_INET if _ipv4(host) else _AF_INET6 if _ipv6(host) else 0


def inet_pton(family, text):
    parse = _ipv4 if _family(family) == _AF_INET else _ipv6
    address = parse(as_bytes(text).decode())
    if address is None:
        raise OSError(_EINVAL)
    return address


def inet_ntop(family, address):
    family = as_int(family)
    address = bytes(memoryview(address))
    size = 4 if _family(family) == _AF_INET else 16
    if len(address) < size:
        raise ValueError("too few bytes for an address")
    return ".".join(str(byte) for byte in address[:4]) if size == 4 else _ipv6_text(address)


# Host and port, or what boards raise.
def pair(address):
    if not isinstance(address, (tuple, list)):
        raise TypeError("object '%s' isn't a tuple or list" % type(address).__name__)
    if len(address) != 2:
        raise ValueError("requested length 2 but object has length %d" % len(address))
    return address


def sockaddr(address):
    host, port = pair(address)
    family = family_of(host)
    if not family:
        family, host = resolve(host, 0)[0]
    parts = (family, inet_pton(family, host), port)
    return parts if family == _AF_INET else parts + (0, 0)


def _is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _fail(number):
    raise OSError(number, _ERRORS[number])


def _kinds(type, proto, by_name):
    if type == 0 and proto == 0:
        return (_STREAM, _DATAGRAM) if by_name else (_STREAM, _DATAGRAM, _RAW)
    for kind in (_STREAM, _DATAGRAM):
        if type in (0, kind[0]) and proto in (0, kind[1]):
            return (kind,)
    _fail(-8 if type in (0, _RAW[0]) else -7)


def _family(family):
    if as_int(family) not in (_AF_INET, _AF_INET6):
        raise OSError(_EAFNOSUPPORT)
    return family


# The bytes of an IPv4 address, None if the text is not one.
def _ipv4(text):
    numbers = text.split(".")
    if len(numbers) != 4 or not all(_is_octet(number) for number in numbers):
        return None
    return bytes([int(number) for number in numbers])


# A leading zero is refused: some readers would take the number as octal.
def _is_octet(text):
    digits = text and all(c in "0123456789" for c in text)
    return digits and len(text) <= 3 and (text[0] != "0" or text == "0") and int(text) <= 255


# The bytes of an IPv6 address (RFC 4291, section 2.2), None if the text is not one.
def _ipv6(text):
    before, gap, after = text.partition("::")
    head, tail = _groups(before), _groups(after)
    if head is None or tail is None or (gap and "." in before):
        return None
    missing = 2 * _GROUPS - len(head) - len(tail)
    if missing != 0 if not gap else missing < 2:
        return None
    return head + bytes(missing) + tail


def _groups(text):
    data = b""
    groups = text.split(":") if text else []
    for index, group in enumerate(groups):
        if index == len(groups) - 1 and _ipv4(group):
            return data + _ipv4(group)
        if not 1 <= len(group) <= 4 or any(c not in "0123456789abcdefABCDEF" for c in group):
            return None
        data += int(group, 16).to_bytes(2, "big")
    return data


# The longest run of zeros, if it has two or more, is left out (RFC 5952, section 4.2).
def _ipv6_text(address):
    groups = [address[2 * i] << 8 | address[2 * i + 1] for i in range(_GROUPS)]
    gap, length = _GROUPS, 1
    for start in range(_GROUPS):
        end = start
        while end < _GROUPS and groups[end] == 0:
            end += 1
        if end - start > length:
            gap, length = start, end - start
    if gap == _GROUPS:
        return ":".join("%x" % group for group in groups)
    tail = ["%x" % group for group in groups[gap + length :]]
    if gap == 0 and (length == 6 or (length == 5 and groups[5] == 0xFFFF)):
        tail[-2:] = [".".join(str(byte) for byte in address[12:16])]
    return ":".join("%x" % group for group in groups[:gap]) + "::" + ":".join(tail)
