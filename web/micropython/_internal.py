# A fault of this package itself, with the stack of the JavaScript that failed. MicroPython has no
# such exception, so programs do not mistake it for a failure of the network or of TLS.

from _mpnet import FAULT, fault as _fault


class InternalError(Exception):
    pass


# Returns the result of a call of the network, and raises InternalError where it is FAULT.
def checked(n):
    if n == FAULT:
        raise InternalError(_fault())
    return n
