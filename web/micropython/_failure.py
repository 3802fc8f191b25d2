# Raises failures of the engine's operations as MicroPython's exceptions.

import _mptls
from _internal import InternalError as _InternalError
from _blocking import EDEADLK as _EDEADLK, would_block as _would_block

# An operation would block; other negative results are failures.
BLOCKED = _mptls.BLOCKED

# What a program can use where a handshake or a read may not wait.
INSTEAD = "asyncio.open_connection(host, port, ssl=context), or do_handshake_on_connect=False"

# The exception that a callback from JavaScript raised. It is raised again when JavaScript has
# returned.
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
    # Returns None, the program's result, if there was no failure.
    if result != BLOCKED:
        fail()
