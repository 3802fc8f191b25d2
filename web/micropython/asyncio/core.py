# The event loop: it runs tasks in the order of their times and sleeps in select while none is due. Where JavaScript's event loop drives it,
# it runs in turns besides: that is how tasks go on after a program's text was run, and all there is where nothing may wait.
#
# Tasks and their queues are the C types of _asyncio, which fix these rules:
#   task.state  True: runs, nobody waits for it · a TaskQueue: of those who wait · a function: called with the task and its outcome
#               None: finished, nobody has asked yet · False: finished and asked
#   task.data   while it waits: what it waits on (has remove(task)), or a Task · to be thrown into it when it runs next
#               finished: its outcome, a StopIteration or another exception
# They find cur_task, _task_queue and CancelledError among this module's globals; and the interpreter, to await JavaScript's promises and
# whatever a program awaits outside of tasks, _top_level_task, TopLevelCoro and ThenableEvent.

import sys
from utime import ticks_ms as ticks, ticks_diff, ticks_add
from _asyncio import Task, TaskQueue
from _mpnet import waits as _waits, driven as _driven, on_turn as _on_turn, turn_in as _turn_in
from .ioqueue import IOQueue


class CancelledError(BaseException):
    pass


class TimeoutError(Exception):
    pass


# Milliseconds: between looks while nothing is due; the longest turn; and between looks at streams that tell nobody when they are ready.
_IDLE = 100
_TURN = 5
_INTERVAL = 10

# Whether run() waits for its end, and whether JavaScript's event loop calls _turn().
_WAITS = bool(_waits())
_DRIVEN = bool(_driven())

cur_task = None
_running = False
_task_queue = None
_io_queue = None
_stopping = None
_ahead = 0


# Whether a task may go on where it would give way, because nobody else wants a turn. One time in 16 it gives way nevertheless: to JavaScript.
def alone():
    global _ahead
    _ahead = _ahead + 1 & 15
    return _ahead and _task_queue.peek() is None and not _io_queue.waiting


# Gives way once. One object serves every sleep, so that sleeping needs no memory.
class _Sleep:
    def __init__(self):
        self._until = None
        self._over = StopIteration()

    def __iter__(self):
        return self

    def __next__(self):
        until = self._until
        if until is None:
            self._over.__traceback__ = None
            raise self._over
        self._until = None
        _task_queue.push(cur_task, until)


_sleep = _Sleep()


def sleep_ms(t):
    _sleep._until = ticks_add(ticks(), t if t > 0 else 0)
    return _sleep


def sleep(t):
    return sleep_ms(int(t * 1000))


def create_task(coro):
    if not hasattr(coro, "send"):
        raise TypeError("coroutine expected")
    task = Task(coro, globals())
    _task_queue.push(task)
    return task


def current_task():
    if cur_task is _top_level_task:
        raise RuntimeError("no running event loop")
    return cur_task


def run(coro):
    return run_until_complete(create_task(coro))


# Where nothing may wait, the result is to be awaited.
def run_until_complete(main=None):
    global cur_task, _running
    main = as_task(main)
    if not _WAITS:
        if _running:
            raise RuntimeError("asyncio.run() cannot be called in a task: await what it should run")
        return main or create_task(_until_stopped())
    _running = True
    try:
        while True:
            task = _next(main)
            if task is None:
                return None
            cur_task = task
            outcome = _step(task)
            if outcome is not None:
                _finish(task, outcome, task is main)
                if task is main:
                    if isinstance(outcome, StopIteration):
                        return outcome.value
                    raise outcome
    finally:
        cur_task = _top_level_task
        _running = False


# Lets a task run to its next wait; what ended it, if something did.
def _step(task):
    thrown = task.data
    try:
        if thrown is None:
            task.coro.send(None)
        elif task.done():
            # It ended with an exception and was scheduled once more, to see whether somebody asks for it.
            if task.state is None:
                Loop.call_exception_handler(
                    {"message": "Task exception wasn't retrieved", "exception": thrown, "future": task}
                )
        else:
            task.data = None
            task.coro.throw(thrown)
    except (CancelledError, Exception) as outcome:
        return outcome


# A task for anything that can be awaited; None stays None.
def as_task(awaitable):
    return awaitable if awaitable is None or isinstance(awaitable, Task) else create_task(awaitable)


# The next task that is due, after waiting for it; None when nothing can happen any more and nobody waits for `main`.
def _next(main):
    while True:
        head = _task_queue.peek()
        wait = -1
        if head is not None:
            wait = ticks_diff(head.ph_key, ticks())
            if wait < 0:
                wait = 0
        elif not _io_queue.waiting:
            if main is None or main.done():
                return None
            # Only a function given to micropython.schedule() can end this.
            wait = _IDLE
        _io_queue.wait_io_event(wait)
        if wait == 0:
            return _task_queue.pop()


def _finish(task, outcome, asked):
    state = task.state
    if isinstance(state, TaskQueue):
        while state.peek() is not None:
            _task_queue.push(state.pop())
            asked = True
    elif state is not True:
        state(task, outcome)
        asked = True
    task.state = False if asked or state is not True else None
    if not asked and not isinstance(outcome, (StopIteration, CancelledError)):
        _task_queue.push(task)
    # push() cleared it.
    task.data = outcome


# Runs what is due, for a little while.
def _turn():
    global cur_task, _running
    if _running:
        return
    _running = True
    began = ticks()
    try:
        while True:
            _io_queue.wait_io_event(0)
            head = _task_queue.peek()
            wait = -1 if head is None else max(0, ticks_diff(head.ph_key, ticks()))
            if wait or ticks_diff(ticks(), began) > _TURN:
                break
            cur_task = task = _task_queue.pop()
            outcome = _step(task)
            if outcome is not None:
                _finish(task, outcome, False)
    except BaseException as error:
        # SystemExit and the like end what the program awaits.
        _turn_in(0)
        if not _waiting:
            raise
        _waiting[-1].throw(error)
        return
    finally:
        cur_task = _top_level_task
        _running = False
    if _io_queue.waiting and _io_queue.poller.others():
        wait = _INTERVAL if wait < 0 else min(wait, _INTERVAL)
    _turn_in(wait)


# A task became ready.
def _pushed(_):
    if not _running:
        _turn_in(0)


# A stream may be ready that no event of the network will tell of.
def look_soon():
    if _DRIVEN and not _running:
        _turn_in(0)


# What awaits outside of tasks, as if it were the coroutine of a task: MicroPython gives it the two ends of a promise.
class _TopLevel:
    def set(self, resolve, reject):
        self._ends = resolve, reject
        _waiting.append(self)
        _new_top_level()  # others may await at the same time

    def send(self, value):
        _waiting.remove(self)
        self._ends[0]()

    def throw(self, error):
        _waiting.remove(self)
        self._ends[1](error)


_waiting = []
_top_level_task = None
TopLevelCoro = None


def _new_top_level():
    global cur_task, _top_level_task, TopLevelCoro
    TopLevelCoro = _TopLevel()
    task = Task(TopLevelCoro, globals())
    if cur_task is _top_level_task:
        cur_task = task
    _top_level_task = task


# Ends an interrupted program: what it awaited last raises.
def interrupt():
    if _waiting:
        _waiting[-1].throw(KeyboardInterrupt())


# A task's wait for a promise.
class ThenableEvent:
    def __init__(self, promise):
        self._task = None
        self._settled = False
        self._value = None
        self._error = None
        promise.then(self._fulfilled, self._rejected)

    # async
    def wait(self):
        if not self._settled:
            self._task = cur_task
            cur_task.data = self
            yield
        if self._error is not None:
            raise self._error
        return self._value

    def remove(self, task):
        self._task = None

    def _fulfilled(self, value=None):
        self._value = value
        self._go_on()

    def _rejected(self, reason=None):
        from jsffi import JsException

        self._error = JsException(reason, getattr(reason, "name", "Error"), getattr(reason, "message", str(reason)))
        self._go_on()

    def _go_on(self):
        self._settled = True
        if self._task is not None:
            _task_queue.push(self._task)
            self._task = None


class Loop:
    _handler = None

    def create_task(coro):
        return create_task(coro)

    def run_forever():
        global _stopping
        _stopping = Task(_until_stopped(), globals())
        return run_until_complete(_stopping)

    def run_until_complete(awaitable):
        return run_until_complete(awaitable)

    def stop():
        global _stopping
        if _stopping is not None:
            _task_queue.push(_stopping)
            _stopping = None

    def close():
        pass

    def set_exception_handler(handler):
        Loop._handler = handler

    def get_exception_handler():
        return Loop._handler

    def default_exception_handler(loop, context):
        print(context["message"], file=sys.stderr)
        print("future:", context["future"], "coro=", context["future"].coro, file=sys.stderr)
        sys.print_exception(context["exception"], sys.stderr)

    def call_exception_handler(context):
        (Loop._handler or Loop.default_exception_handler)(Loop, context)


# What run_forever() waits for: stop() lets it go on to its end.
async def _until_stopped():
    pass


def get_event_loop():
    return Loop


# There is one event loop; this empties it.
def new_event_loop():
    global _task_queue, _io_queue, _stopping, cur_task
    _task_queue = TaskQueue(_pushed) if _DRIVEN else TaskQueue()
    _io_queue = IOQueue()
    _stopping = None
    cur_task = _top_level_task
    return Loop


if _DRIVEN:
    _new_top_level()
new_event_loop()
_on_turn(_turn)
