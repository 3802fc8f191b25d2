# What the engine's operations answer when they fail, raised as MicroPython's exceptions.

import _mptls
from _internal import InternalError as _InternalError
from _blocking import EDEADLK as _EDEADLK, would_block as _would_block

# An operation would block; other negative results are failures.
BLOCKED = _mptls.BLOCKED

# What does not wait where a handshake or a read would have to.
INSTEAD = "asyncio.open_connection(host, port, ssl=context), or do_handshake_on_connect=False"

# What Python raised inside a callback from JavaScript, until it can be raised on.
raised = []


def fail():
    if raised:
        raise raised.pop()
    kind = _mptls.error_type()
    text = _mptls.error_text()
    if kind == "ValueError":
        raise ValueError(text)
    if kind == "MemoryError":
        raise MemoryError(text)
    if kind == "InternalError":
        raise _InternalError(text)
    number = _mptls.error_number()
    if number == _EDEADLK:
        raise _would_block(INSTEAD)
    if not number:
        raise OSError(text)
    if not text:
        raise OSError(number)
    raise OSError(number, text)


def done(result):
    if result < 0:
        fail()


def blocked(result):
    # None for the program, if it is no failure.
    if result != BLOCKED:
        fail()
