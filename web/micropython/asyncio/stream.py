# Streams over TCP and TLS, for every MicroPython here. npm's MicroPython has none. The time of
# upstream's read() grows with the square of the length.

import socket
from errno import EINPROGRESS as _EINPROGRESS
from . import core

_PIECE = 16384  # bytes: what a record of TLS has at most


class Stream:
    def __init__(self, s, e={}):
        self.s = s
        self.e = e
        self.out_buf = b""

    def get_extra_info(self, name):
        return self.e[name]

    def close(self):
        pass

    async def wait_closed(self):
        self.s.close()

    # async
    def read(self, n=-1):
        pieces = []
        while True:
            yield core._io_queue.queue_read(self.s)
            data = self.s.read(_PIECE if n == -1 else n)
            if data is None:
                continue
            if n != -1:
                return data
            if not data:
                return b"".join(pieces)
            pieces.append(data)

    # async
    def readinto(self, buf):
        yield core._io_queue.queue_read(self.s)
        return self.s.readinto(buf)

    # async
    def readexactly(self, n):
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

    # async
    def readline(self):
        line = b""
        while True:
            yield core._io_queue.queue_read(self.s)
            more = self.s.readline()
            if more is None:
                continue
            line += more
            if not more or line[-1] == 10:
                return line

    def write(self, buf):
        if not self.out_buf:
            sent = self.s.write(buf)
            if sent == len(buf):
                return
            if sent is not None:
                buf = buf[sent:]
        self.out_buf += buf

    # async
    def drain(self):
        if not self.out_buf:
            # Without a pause, a task that only writes would let no other one run.
            return (yield from core.sleep_ms(0))
        buf = memoryview(self.out_buf)
        done = 0
        while done < len(buf):
            yield core._io_queue.queue_write(self.s)
            sent = self.s.write(buf[done:])
            if sent is not None:
                done += sent
        self.out_buf = b""

    # The names of older versions, which programs still use.
    async def aclose(self):
        await self.wait_closed()

    async def awrite(self, buf, off=0, sz=-1):
        if off or sz >= 0:
            buf = memoryview(buf)[off : len(buf) if sz < 0 else off + sz]
        self.write(buf)
        await self.drain()

    async def awritestr(self, text):
        await self.awrite(text)


StreamReader = Stream
StreamWriter = Stream


# async
def open_connection(host, port, ssl=None, server_hostname=None):
    entry = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
    s = socket.socket(entry[0], entry[1], entry[2])
    s.setblocking(False)
    try:
        s.connect(entry[-1])
    except OSError as e:
        if e.errno != _EINPROGRESS:
            s.close()
            raise
    if ssl:
        if ssl is True:
            import ssl as _ssl

            ssl = _ssl.SSLContext(_ssl.PROTOCOL_TLS_CLIENT)
        s = ssl.wrap_socket(s, server_hostname=server_hostname or host, do_handshake_on_connect=False)
        s.setblocking(False)
    stream = Stream(s)
    yield core._io_queue.queue_write(s)
    return stream, stream


class Server:
    def close(self):
        self._closing = True
        self.task.cancel()

    async def wait_closed(self):
        await self.task

    async def __aenter__(self):
        return self

    async def __aexit__(self, exc_type, exc, tb):
        self.close()
        await self.wait_closed()

    async def _serve(self, listener, callback, ssl):
        self._closing = False
        try:
            while True:
                await _readable(listener)
                try:
                    s, peer = listener.accept()
                except OSError:
                    continue
                s = _secured(s, ssl)
                if s is not None:
                    stream = Stream(s, {"peername": peer})
                    core.create_task(callback(stream, stream))
        except core.CancelledError:
            if not self._closing:
                raise
        finally:
            listener.close()


def _readable(s):
    yield core._io_queue.queue_read(s)


# The accepted socket, with TLS if `ssl` is given. None if the handshake failed.
def _secured(s, ssl):
    if ssl:
        raw = s
        try:
            s = ssl.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
        except OSError as e:
            core.sys.print_exception(e)
            raw.close()
            return None
    s.setblocking(False)
    return s


async def start_server(cb, host, port, backlog=5, ssl=None):
    entry = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
    listener = socket.socket(entry[0], entry[1], entry[2])
    listener.setblocking(False)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(entry[-1])
        listener.listen(backlog)
        # Where JavaScript's event loop opens the socket, a task has to wait until it is open.
        opening = getattr(listener, "_opening", None)
        if opening:
            await opening()
    except OSError:
        listener.close()
        raise
    server = Server()
    server.task = core.create_task(server._serve(listener, cb, ssl))
    try:
        await core.sleep_ms(0)  # the task has to begin before it can be cancelled
    except core.CancelledError:
        server.task.cancel()
        listener.close()
        raise
    return server


