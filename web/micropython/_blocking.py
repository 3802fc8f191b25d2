# What a call fails with that would have to wait where nothing may: on a thread of JavaScript's event loop, a page's own for one.

EDEADLK = 35


def would_block(instead):
    return OSError(EDEADLK, "this would block JavaScript's event loop: use " + instead)
