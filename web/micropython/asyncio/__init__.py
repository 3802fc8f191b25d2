# asyncio for a thread that may block: an event loop that runs inside asyncio.run(), over the select and socket modules here.

from .core import *
from .core import Loop, CancelledError, TimeoutError, Task, TaskQueue

__version__ = (3, 0, 0)

_MODULES = {
    "wait_for": "funcs",
    "wait_for_ms": "funcs",
    "gather": "funcs",
    "Event": "event",
    "ThreadSafeFlag": "event",
    "Lock": "lock",
    "open_connection": "stream",
    "start_server": "stream",
    "Stream": "stream",
    "StreamReader": "stream",
    "StreamWriter": "stream",
    "Server": "stream",
}


# Imports what a program asks for when it does.
def __getattr__(name):
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(name)
    value = getattr(__import__(module, None, None, True, 1), name)
    globals()[name] = value
    return value
