# wait_for: MicroPython's loses a result that arrives just as the time is over.

from . import core
from .funcs import wait_for as _wait_for


async def wait_for(aw, timeout, sleep=core.sleep):
    aw = core._promote_to_task(aw)
    done = False

    async def sleep_and_look(timeout):
        nonlocal done
        await sleep(timeout)
        done = aw.done()

    try:
        return await _wait_for(aw, timeout, sleep_and_look)
    except core.TimeoutError:
        if not done:
            raise
    return await aw


def wait_for_ms(aw, timeout):
    return wait_for(aw, timeout, core.sleep_ms)
