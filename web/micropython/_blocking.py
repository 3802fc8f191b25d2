# What a call fails with that would have to wait where nothing may: on a thread of JavaScript's
# event loop, a page's own for one, and in what JavaScript calls in a program that is suspended
# while it waits.

from _mpnet import waits as _waits

EDEADLK = 35


def would_block(instead):
    if _waits():
        return OSError(EDEADLK, "this would have to wait, which a function that JavaScript calls cannot")
    return OSError(EDEADLK, "this would block JavaScript's event loop: use " + instead)
