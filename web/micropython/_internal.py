# A fault of this package itself, with the stack of the JavaScript that failed. MicroPython has no
# such exception, so no program takes it for a failure of the network or of TLS.

from _mpnet import FAULT, fault as _fault


class InternalError(Exception):
    pass


# What a call of the network answered; raises where that is a fault.
def checked(n):
    if n == FAULT:
        raise InternalError(_fault())
    return n
