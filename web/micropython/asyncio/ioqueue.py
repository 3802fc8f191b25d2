# Tasks that wait for streams: at most one reader and one writer for each.

import select
from . import core

_IN = select.POLLIN
_OUT = select.POLLOUT


class IOQueue:
    def __init__(self):
        self.poller = select.poll()
        self.map = {}  # id(stream): [reading task, writing task, stream]
        self.waiting = 0

    def queue_read(self, stream):
        self._queue(stream, 0)

    def queue_write(self, stream):
        self._queue(stream, 1)

    # Takes a task that is cancelled out of every wait.
    def remove(self, task):
        for entry in self.map.values():
            for i in (0, 1):
                if entry[i] is task:
                    entry[i] = None
                    self.waiting -= 1
                    self._watch(entry)

    # Makes tasks ready whose streams are; waits so many milliseconds for one, -1: without limit.
    def wait_io_event(self, milliseconds):
        if not self.waiting and milliseconds == 0:
            return
        poller = self.poller
        poller.ipoll(milliseconds)
        while True:
            ready = poller.next()
            if ready is None:
                return
            stream, events = ready
            entry = self.map[id(stream)]
            woken = False
            if events & ~_OUT and entry[0] is not None:
                core._task_queue.push(entry[0])
                entry[0] = None
                woken = True
                self.waiting -= 1
            if events & ~_IN and entry[1] is not None:
                core._task_queue.push(entry[1])
                entry[1] = None
                woken = True
                self.waiting -= 1
            if woken:
                self._watch(entry)
            else:
                # It reports a failure that nobody waits for.
                self.forget(stream)

    # Ends looking at a stream; it stays known until then, so that waiting again costs no memory.
    def forget(self, stream):
        entry = self.map.pop(id(stream), None)
        if entry is not None:
            self.poller.unregister(stream)
            self.waiting -= (entry[0] is not None) + (entry[1] is not None)

    def _queue(self, stream, which):
        entry = self.map.get(id(stream))
        if entry is None:
            entry = [None, None, stream]
            self.poller.register(stream, 0)
            self.map[id(stream)] = entry
        if entry[which] is not None:
            raise RuntimeError("another task waits for this stream")
        entry[which] = core.cur_task
        core.cur_task.data = self
        self.waiting += 1
        self._watch(entry)
        core.look_soon()

    def _watch(self, entry):
        self.poller.modify(entry[2], (_IN if entry[0] is not None else 0) | (_OUT if entry[1] is not None else 0))
