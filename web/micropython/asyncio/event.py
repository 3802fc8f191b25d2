# Event, and ThreadSafeFlag for code outside the event loop.

import uio as io
from _asyncio import TaskQueue
from . import core


class Event:
    def __init__(self):
        self._set = False
        self._waiting = TaskQueue()

    def is_set(self):
        return self._set

    def set(self):
        self._set = True
        waiting = self._waiting
        while waiting.peek() is not None:
            core._task_queue.push(waiting.pop())

    def clear(self):
        self._set = False

    # async
    def wait(self):
        if not self._set:
            self._waiting.push(core.cur_task)
            core.cur_task.data = self._waiting
            yield
        return True


# A stream that is readable while the flag is set.
class ThreadSafeFlag(io.IOBase):
    _evented = True

    def __init__(self):
        self._set = False

    def ioctl(self, request, flags):
        return flags & 1 if request == 3 and self._set else 0

    def set(self):
        self._set = True
        core.look_soon()

    def clear(self):
        self._set = False

    # async
    def wait(self):
        if not self._set:
            yield core._io_queue.queue_read(self)
        self._set = False
