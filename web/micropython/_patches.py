# Patches for the npm build's own modules: what they lack, and what they do wrong on a thread that
# may block.

import builtins, os, sys, time
from uhashlib import sha256
from uselect import poll as look_once
import _mpsystem as _host
from _blocking import would_block
from _mpnet import sleep_begin as _sleep_begin, sleep_on as _sleep_on, waits as _waits
from uctypes import addressof


# The longest time in milliseconds for which a page may block unnoticed.
_UNNOTICED = 50

_compute_ms = time.sleep_ms
_compute_us = time.sleep_us


# The build's own sleep computes until the time is over. This one waits in short steps. Between them
# functions given to micropython.schedule() run, and an interrupt is raised.
def sleep_ms(milliseconds):
    if milliseconds <= 0:
        return
    if not _waits():
        return _stand_still(milliseconds, _compute_ms, milliseconds)
    _sleep_begin(milliseconds)
    while _sleep_on():
        pass


# Where no call may wait, only short sleeps are possible, for example those between two bits of a
# device's protocol.
def _stand_still(milliseconds, compute, time):
    if milliseconds > _UNNOTICED:
        raise would_block("asyncio.sleep()")
    compute(time)


def sleep(seconds):
    sleep_ms(int(seconds * 1000))


def sleep_us(microseconds):
    if not _waits():
        _stand_still(microseconds // 1000, _compute_us, microseconds)
    elif microseconds >= 1000:
        sleep_ms(microseconds // 1000)


time.sleep = sleep
time.sleep_ms = sleep_ms
time.sleep_us = sleep_us


def urandom(n):
    buf = bytearray(n)
    if n:
        _host.urandom(addressof(buf), n)
    return bytes(buf)


def getenv(name, default=None):
    value = _host.getenv(name)
    return default if value is None else value


os.urandom = urandom
os.getenv = getenv
os.putenv = _host.putenv
os.unsetenv = _host.unsetenv


# The build's own input() waits for characters that only the build's own prompt receives.
def input(prompt=""):
    sys.stdout.write(str(prompt))
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line[:-1] if line[-1] == "\n" else line


builtins.input = input


# Without this the old names would import the build's own modules instead of ours.
class _Renamed:
    def __init__(self, name):
        self._name = name

    def __getattr__(self, attribute):
        return getattr(__import__(self._name), attribute)


sys.modules["utime"] = time
sys.modules["uos"] = os
sys.modules["uselect"] = _Renamed("select")
sys.modules["uhashlib"] = _Renamed("hashlib")
