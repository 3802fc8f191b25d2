# MicroPython's asyncio, with what overrides.py does better.

from .core import *

__version__ = (3, 0, 0)

_MODULES = {
    "gather": "funcs",
    "Event": "event",
    "ThreadSafeFlag": "event",
    "Lock": "lock",
    "wait_for": "overrides",
    "wait_for_ms": "overrides",
    "open_connection": "overrides",
    "start_server": "overrides",
    "StreamReader": "overrides",
    "StreamWriter": "overrides",
}


# Imports what a program asks for when it does.
def __getattr__(name):
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(name)
    value = getattr(__import__(module, None, None, True, 1), name)
    globals()[name] = value
    return value
