# MicroPython's asyncio, with the streams and the wait_for that npm's MicroPython has too.

from .core import *

__version__ = (3, 0, 0)

_attrs = {
    "gather": "funcs",
    "Event": "event",
    "ThreadSafeFlag": "event",
    "Lock": "lock",
    "wait_for": "waiting",
    "wait_for_ms": "waiting",
    "open_connection": "stream",
    "start_server": "stream",
    "StreamReader": "stream",
    "StreamWriter": "stream",
}


# Imports what a program asks for when it does.
def __getattr__(name):
    module = _attrs.get(name)
    if module is None:
        raise AttributeError(name)
    value = getattr(__import__(module, None, None, True, 1), name)
    globals()[name] = value
    return value
