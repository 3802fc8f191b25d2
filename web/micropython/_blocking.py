# The error of a call that would have to wait where it may not. It may not wait on a thread with
# JavaScript's event loop, for example a page's. It may not wait either when JavaScript calls a
# function of a program that is suspended.

from _mpnet import waits as _waits

EDEADLK = 35


def would_block(instead):
    if _waits():
        return OSError(EDEADLK, "this would have to wait, which a function that JavaScript calls cannot")
    return OSError(EDEADLK, "this would block JavaScript's event loop: use " + instead)
