# Time and the system, with odd arguments.

import os
import time
from harness import *

VALUES = (float("nan"), float("inf"), -float("inf"), -1, -0.5, 1e19, -1e-7, 0, 1e-7, 0.0009999999, True, "1", None, b"1")


@situations(*[(repr(value), value) for value in VALUES])
def sleep(value):
    line("sleep", time.sleep, value)
    if not isinstance(value, float) or value < 1:
        line("sleep_ms", time.sleep_ms, value)
        line("sleep_us", time.sleep_us, value)


@situations(*[(repr(value), value) for value in (0, 1, 300, True, None, "1", 1.5)])
def urandom(value):
    line("length", lambda: len(os.urandom(value)))


@situations(*[(repr(value), value) for value in (0, -1, 0.9, 1e9, 2**31, 2**33, "1", None)])
def gmtime(value):
    line("gmtime", time.gmtime, value)


DATES = (
    (2020, 1, 1, 0, 0, 0, 0, 0), (2020, 1, 1, 0, 0, 0, 0, 0, 0), (2020, 1, 1, 0, 0, 0), (), (1970, 1, 1, 0, 0, 0, 0, 0),
    (2020, 13, 40, 25, 61, 61, 0, 0, 0), ("a", 1, 1, 0, 0, 0, 0, 0, 0), (2020.5, 1, 1, 0, 0, 0, 0, 0, 0), None,
)


@situations(*[(repr(value), value) for value in DATES])
def mktime(value):
    line("mktime", time.mktime, value)


@situation
def environment():
    line("unknown", os.getenv, "NO_SUCH_NAME")
    line("a default", os.getenv, "NO_SUCH_NAME", 5)
    line("None", os.getenv, None)
    line("putenv", os.putenv, "XX", "yy")
    line("getenv", os.getenv, "XX")
    line("unsetenv", os.unsetenv, "XX")
    line("getenv then", os.getenv, "XX")
    line("putenv without a name", os.putenv, "", "yy")
    line("unsetenv without a name", os.unsetenv, "")
