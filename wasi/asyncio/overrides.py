# What MicroPython 1.26's asyncio does worse than it could.

import socket
from . import core
from .funcs import wait_for as _wait_for
from .stream import Server, Stream, StreamReader, StreamWriter, open_connection

_PIECE = 16384  # bytes: what a record of TLS has at most


# A result that is there when the time is over is not thrown away.
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


# Takes time in proportion to what is read, however many pieces it comes in.
#
# async
def _read(self, n=-1):
    pieces = []
    while True:
        yield core._io_queue.queue_read(self.s)
        data = self.s.read(n if n >= 0 else _PIECE)
        if data is None:
            continue
        if n >= 0:
            return data
        if not data:
            return b"".join(pieces)
        pieces.append(data)


# async
def _readexactly(self, n):
    data = bytearray(n)
    rest = memoryview(data)
    while rest:
        yield core._io_queue.queue_read(self.s)
        count = self.s.readinto(rest)
        if count is None:
            continue
        if not count:
            raise EOFError
        rest = rest[count:]
    return bytes(data)


Stream.read = _read
Stream.readexactly = _readexactly


# Listens on addresses of IPv6, too.
async def start_server(cb, host, port, backlog=5, ssl=None):
    family, kind, _, _, address = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind)
    try:
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(backlog)
    except OSError:
        listener.close()
        raise
    server = Server()
    server.task = core.create_task(server._serve(listener, cb, ssl))
    try:
        await core.sleep_ms(0)  # for the task to begin: only then it can be cancelled
    except core.CancelledError:
        server.task.cancel()
        raise
    return server
