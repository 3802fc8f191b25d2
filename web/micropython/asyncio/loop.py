# npm's MicroPython has upstream's asyncio, whose tasks run on JavaScript's event loop. This file
# adds streams, asyncio.run(), turns that end, and exceptions in coroutines that a program awaits
# outside of tasks.

import asyncio, select
from asyncio import core, event
from asyncio.core import Task, TaskQueue, ticks, ticks_add, ticks_diff
from _mpnet import waits as _waits, driven as _driven, on_turn as _on_turn, turn_in as _turn_in
from .ioqueue import IOQueue

# Times in milliseconds: between checks while no task is due; the longest turn; and between checks
# of streams that send no event when they become ready.
_IDLE = 100
_TURN = 5
_INTERVAL = 10

# Whether run() waits for its end, and whether JavaScript's event loop calls _turn().
_WAITS = bool(_waits())
_DRIVEN = bool(_driven())

_TASKS = core.__dict__

_running = False
_stopping = None


# Leaves upstream's loop, which goes on for as long as a task is due.
class _Leave(BaseException):
    pass


# A task that marks the end of a turn.
class _End:
    queued = False

    def send(self, value):
        self.queued = False
        raise _Leave


_end = _End()
_end_task = Task(_end, _TASKS)


# Runs the tasks that are due, at most for one turn.
def _run_due():
    if not _end.queued:
        _end.queued = True
        core._task_queue.push(_end_task, ticks_add(ticks(), _TURN))
    try:
        core._run_iter()
    except _Leave:
        pass
    finally:
        if _end.queued:
            _end.queued = False
            core._task_queue.remove(_end_task)
        core.cur_task = core._top_level_task


# Milliseconds until a task is due; -1 if none is.
def _until_due():
    head = core._task_queue.peek()
    return -1 if head is None else max(0, ticks_diff(head.ph_key, ticks()))


def run(coro):
    return run_until_complete(core.create_task(coro))


# Where no call may wait, the caller has to await the result. Without an awaitable the loop runs
# until no task is left.
def run_until_complete(aw=None):
    if not _WAITS:
        if _running:
            raise RuntimeError("asyncio.run() cannot be called in a task: await what it should run")
        return core.create_task(_nothing()) if aw is None else core._promote_to_task(aw)
    ended = []

    def end(task, outcome):
        task.state = False
        task.data = outcome
        ended.append(outcome)
        raise _Leave

    main = None
    if aw is not None:
        # If it is a task, other tasks may await it already.
        main = core._promote_to_task(aw)
        if main.state is not True:
            main = core.create_task(_outcome(main))
        main.state = end
    _wait_for_end(main, ended)
    if not ended:
        return None
    if isinstance(ended[0], StopIteration):
        return ended[0].value
    raise ended[0]


def _wait_for_end(main, ended):
    global _running
    outer, task = _running, core.cur_task
    _running = True
    try:
        while not ended:
            wait = _until_due()
            if wait < 0 and not core._io_queue.waiting:
                if main is None:
                    return
                # No task is due and no stream is awaited: only a function given to
                # micropython.schedule() can change that.
                wait = _IDLE
            core._io_queue.wait_io_event(wait)
            _run_due()
    finally:
        _running = outer
        core.cur_task = task


async def _outcome(task):
    return await task


async def _nothing():
    pass


# JavaScript's event loop calls this: after events, and when a task is due.
def _turn():
    global _running
    if _running:
        return
    _running = True
    began = ticks()
    try:
        while True:
            core._io_queue.wait_io_event(0)
            wait = _until_due()
            if wait or ticks_diff(ticks(), began) >= _TURN:
                break
            _run_due()
    except BaseException as error:
        # SystemExit and other BaseExceptions end the coroutine that the program awaits.
        _turn_in(0)
        if not _awaiting:
            raise
        _awaiting[-1].throw(error)
        return
    finally:
        _running = False
    if core._io_queue.waiting and core._io_queue.poller.others():
        wait = _INTERVAL if wait < 0 else min(wait, _INTERVAL)
    _turn_in(wait)


# Asks for a turn: a task became ready, or a stream that sends no events may be ready.
def _turn_soon(_=0):
    if _DRIVEN and not _running:
        _turn_in(0)


# Code that awaits outside of tasks, treated as a task's coroutine. MicroPython gives it the two
# functions of a promise.
class _TopLevel:
    def set(self, resolve, reject):
        self._ends = resolve, reject
        _awaiting.append(self)
        _new_top_level()  # other code may await at the same time

    def send(self, value):
        _awaiting.remove(self)
        self._ends[0]()

    def throw(self, error):
        _awaiting.remove(self)
        self._ends[1](error)


_awaiting = []


def _new_top_level():
    before = core._top_level_task
    core.TopLevelCoro = _TopLevel()
    core._top_level_task = Task(core.TopLevelCoro, _TASKS)
    if core.cur_task is before:
        core.cur_task = core._top_level_task


# Ends an interrupted program: the coroutine that it awaited last raises KeyboardInterrupt.
def interrupt():
    if _awaiting:
        _awaiting[-1].throw(KeyboardInterrupt())


def run_forever():
    global _stopping
    _stopping = Task(_nothing(), _TASKS)
    return run_until_complete(_stopping)


def stop():
    global _stopping
    if _stopping is not None:
        core._task_queue.push(_stopping)
        _stopping = None


def current_task():
    if core.cur_task is core._top_level_task:
        raise RuntimeError("no running event loop")
    return core.cur_task


# Programs take this build for CPython, because it has inspect and functools; Microdot then asks for
# what follows, as CPython names it.
def get_running_loop():
    current_task()
    return core.Loop


# There are no threads, so the function runs at once. inspect takes a closure of a coroutine for a
# function; what it gives is awaited.
async def run_in_executor(executor, function, *args):
    result = function(*args)
    return await result if hasattr(result, "send") else result


# There is only one event loop. This removes all of its tasks.
def new_event_loop():
    global _stopping
    core._task_queue = TaskQueue(_turn_soon)
    core._io_queue = IOQueue(_turn_soon)
    core.cur_task = core._top_level_task
    _stopping = None
    return core.Loop


# Installs all of this in upstream's modules.
def install():
    for module in (core, asyncio):
        for function in (run, run_until_complete, current_task, get_running_loop, new_event_loop):
            setattr(module, function.__name__, function)
    for function in (run_forever, run_in_executor, run_until_complete, stop):
        setattr(core.Loop, function.__name__, function)
    core._schedule_run_iter = _turn_soon

    set_flag = event.ThreadSafeFlag.set

    def set(flag):
        set_flag(flag)
        _turn_soon()

    event.ThreadSafeFlag.set = set
    event.ThreadSafeFlag._evented = True  # for select

    from . import stream, waiting

    for module, names in (
        (event, ("ThreadSafeFlag",)),
        (waiting, ("wait_for", "wait_for_ms")),
        (stream, ("open_connection", "start_server", "Server", "Stream", "StreamReader", "StreamWriter")),
    ):
        for name in names:
            setattr(asyncio, name, getattr(module, name))
    if _DRIVEN:
        _new_top_level()
    new_event_loop()
    _on_turn(_turn)
