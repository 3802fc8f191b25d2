from _asyncio import TaskQueue
from . import core


class Lock:
    def __init__(self):
        self._locked = False
        self._waiting = TaskQueue()
        self._next = None  # the task that gets the lock when it runs

    def locked(self):
        return self._locked and self._next is None

    def release(self):
        if not self._locked or self._next is not None:
            raise RuntimeError("Lock not acquired")
        self._hand_over()

    # async
    def acquire(self):
        if self._locked:
            task = core.cur_task
            self._waiting.push(task)
            task.data = self._waiting
            try:
                yield
            except core.CancelledError:
                if self._next is task:
                    self._hand_over()
                raise
            self._next = None
        self._locked = True
        return True

    async def __aenter__(self):
        return await self.acquire()

    async def __aexit__(self, exc_type, exc, tb):
        return self.release()

    # The lock stays locked on its way to the next task, so that no other can come between.
    def _hand_over(self):
        self._next = self._waiting.pop() if self._waiting.peek() is not None else None
        self._locked = self._next is not None
        if self._locked:
            core._task_queue.push(self._next)
