# Tasks that wait for streams: at most one reader and one writer for each.

import select
from . import core

_IN = select.POLLIN
_OUT = select.POLLOUT
_IOCTL_POLL = 3


class IOQueue:
    def __init__(self, look_soon):
        self.poller = select.poll()
        self.map = {}  # id(stream): [reading task, writing task, stream]
        self.waiting = 0
        self._look_soon = look_soon

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

    # Schedules the tasks whose streams are ready. Waits up to so many milliseconds for one, with -1
    # without limit.
    def wait_io_event(self, milliseconds):
        if not self.waiting and milliseconds == 0:
            return
        self.poller.ipoll(milliseconds)
        while True:
            ready = self.poller.next()
            if ready is None:
                return
            stream, events = ready
            entry = self.map[id(stream)]
            woken = self._wake(entry, 0, events & ~_OUT) + self._wake(entry, 1, events & ~_IN)
            if woken:
                self.waiting -= woken
                self._watch(entry)
            else:
                # The stream is closed, or reports a failure that no task waits for.
                del self.map[id(stream)]
                self.poller.unregister(stream)

    def _wake(self, entry, which, events):
        task = entry[which]
        if not events or task is None:
            return 0
        core._task_queue.push(task)
        entry[which] = None
        return 1

    # A stream stays in the map when no task waits for it, so that the next wait needs no memory.
    def _queue(self, stream, which):
        # If the stream is ready already, the task goes on in this turn.
        if getattr(stream, "_evented", False) and stream.ioctl(_IOCTL_POLL, _OUT if which else _IN):
            core._task_queue.push(core.cur_task)
            return
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
        self._look_soon()

    def _watch(self, entry):
        self.poller.modify(entry[2], (_IN if entry[0] is not None else 0) | (_OUT if entry[1] is not None else 0))
