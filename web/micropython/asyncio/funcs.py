# wait_for and gather.

from . import core


# How far a task has come that another one waits for.
class _Outcome:
    def __init__(self, waiter):
        self.waiter = waiter
        self.value = None
        self.error = None
        self.done = False


async def _follow(awaitable, outcome):
    try:
        outcome.value = await awaitable
    except BaseException as e:
        outcome.error = e
    outcome.done = True
    waiter = outcome.waiter
    if waiter is not None and core.ticks_diff(waiter.ph_key, core.ticks()) > 0:
        # It sleeps until its time is over: let it go on now.
        core._task_queue.remove(waiter)
        core._task_queue.push(waiter)


def wait_for_ms(awaitable, timeout):
    return wait_for(awaitable, timeout, core.sleep_ms)


async def wait_for(awaitable, timeout, sleep=core.sleep):
    awaitable = core.as_task(awaitable)
    if timeout is None:
        return await awaitable
    outcome = _Outcome(core.cur_task)
    follower = core.create_task(_follow(awaitable, outcome))
    try:
        await sleep(timeout)
    except core.CancelledError:
        outcome.waiter = None
        follower.cancel()
        raise
    outcome.waiter = None
    if not outcome.done:
        ended = awaitable.done()  # and then its result is not thrown away
        follower.cancel()
        await follower
        if ended:
            return await awaitable
        raise core.TimeoutError
    if outcome.error is not None:
        raise outcome.error
    return outcome.value


# What a task waits on while it gathers others.
class _Gathering:
    def __init__(self, waiter, strict):
        self.waiter = waiter
        self.strict = strict
        self.tasks = []
        self.left = 0
        self.failure = None

    def add(self, task):
        if task.done():
            self._note(task.data)
        elif task.state is True:
            self.left += 1
            task.state = self.finished
        else:
            raise RuntimeError("can't gather")  # somebody waits for it already, and goes on doing so
        self.tasks.append(task)

    def over(self):
        return self.left == 0 or self.failure is not None

    def finished(self, task, outcome):
        self.left -= 1
        self._note(outcome)
        if self.waiter is not None and self.over():
            core._task_queue.push(self.waiter)
            self.waiter = None

    # The waiter is cancelled; it cancels the others when it runs.
    def remove(self, waiter):
        self.waiter = None

    def cancel(self):
        for task in self.tasks:
            if task is not core.cur_task:
                task.cancel()

    # Tasks that still run can be waited for by others again.
    def release(self):
        self.waiter = None
        for task in self.tasks:
            if not task.done():
                task.state = True

    def results(self):
        if self.failure is not None:
            raise self.failure
        return [t.data.value if isinstance(t.data, StopIteration) else t.data for t in self.tasks]

    def _note(self, outcome):
        if self.strict and self.failure is None and not isinstance(outcome, StopIteration):
            self.failure = outcome


# async
def gather(*awaitables, return_exceptions=False):
    gathering = _Gathering(core.cur_task, not return_exceptions)
    try:
        for awaitable in awaitables:
            gathering.add(core.as_task(awaitable))
        if not gathering.over():
            core.cur_task.data = gathering
            yield
    except core.CancelledError:
        gathering.cancel()
        raise
    finally:
        gathering.release()
    return gathering.results()
