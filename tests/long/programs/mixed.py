# COUNT seconds of all sorts of traffic at once, as client and as server, by TLS 1.2 and 1.3,
# resumed and not, and by DTLS: connections that are closed, forgotten, refused, cancelled and given
# up, messages, downloads that are read in pieces of all sizes.

import asyncio
import io
import random
import socket
import time
import tls

NOBODY = 1  # a port at which nobody listens
ECONNREFUSED = 111
HELLO_VERIFY_REQUIRED = -0x6A80
LOST = 500  # milliseconds after which a datagram is sent again

begin = time.ticks_ms()
working = True


def trusting(kind):
    context = kind(tls.PROTOCOL_DTLS_CLIENT) if kind is tls.SSLContext else kind(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    with open("ca.pem", "rb") as file:
        context.load_verify_locations(file.read())
    return context


def clients():
    """Contexts: both versions, with and without resumption."""
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        for resumes in (True, False):
            context = trusting(ssl.SSLContext)
            context.maximum_version = version
            context.set_session_resumption(resumes)
            yield context


contexts = list(clients())
dtls_client = trusting(tls.SSLContext)
dtls_server = tls.SSLContext(tls.PROTOCOL_DTLS_SERVER)
with open("chain.pem", "rb") as chain, open("key.pem", "rb") as key:
    dtls_server.load_cert_chain(chain.read(), key.read())


async def connect(port=PORT, name="localhost"):
    return await asyncio.open_connection("127.0.0.1", port, ssl=random.choice(contexts), server_hostname=name)


async def close(writer):
    writer.close()
    await writer.wait_closed()


async def ask(reader, writer, count):
    writer.write(b"%d\n" % count)
    await writer.drain()
    assert len(await reader.readexactly(count)) == count


async def closing():
    reader, writer = await connect()
    await ask(reader, writer, random.randrange(1, 5000))
    await close(writer)


async def forgetting():
    await ask(*await connect(), 100)


async def fails(error, **address):
    """A connection fails so. Nobody shakes hands before something is to be written."""
    writer = None
    try:
        reader, writer = await connect(**address)
        writer.write(b"1\n")
        await writer.drain()
        await reader.read(1)
    except error as failure:
        if writer:
            await close(writer)
        return failure
    assert False, address


async def refusing():
    await fails(ValueError, name="elsewhere")


async def refused():
    failure = await fails(OSError, port=NOBODY)
    assert failure.errno == ECONNREFUSED, failure


async def cancelling():
    task = asyncio.create_task(connect())
    await asyncio.sleep_ms(random.randrange(30))
    task.cancel()
    try:
        await close((await task)[1])
    except asyncio.CancelledError:
        pass


async def giving_up():
    reader, writer = await connect()
    try:
        await ask(reader, writer, 5)
        await asyncio.wait_for_ms(reader.read(1), 20)
        assert False, "an answer to nothing"
    except asyncio.TimeoutError:
        pass
    await close(writer)


async def talking():
    reader, writer = await connect()
    for message in range(random.randrange(1, 200)):
        await ask(reader, writer, 32)
    await close(writer)


async def downloading():
    reader, writer = await connect()
    piece = random.choice((1, 10, 1000, 4096, 20_000, 100_000))
    left = random.randrange(1, min(piece * 1000, 4_000_000))
    writer.write(b"%d\n" % left)
    await writer.drain()
    while left:
        left -= len(await reader.read(min(left, piece)))
    await close(writer)


class Link(io.IOBase):
    """A client's part of a server's socket for datagrams."""

    def __init__(self, sock):
        self.sock = sock
        self.address = None
        self.datagram = None

    def receive(self):
        try:
            self.datagram, self.address = self.sock.recvfrom(4096)
            return True
        except OSError:
            return False

    def readinto(self, buffer):
        if self.datagram is None:
            return None
        count = len(self.datagram)
        buffer[:count] = self.datagram
        self.datagram = None
        return count

    def write(self, buffer):
        return self.sock.sendto(buffer, self.address)

    def ioctl(self, request, argument):
        return 0


def datagram_socket():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    return sock


class Answers:
    """The server of a conversation over DTLS."""

    def __init__(self):
        self.link = Link(datagram_socket())
        self.link.sock.bind(("127.0.0.1", OWN))
        self.stream = None

    def work(self):
        while self.link.receive():
            if self.stream is None:
                self.stream = dtls_server.wrap_socket(
                    self.link, server_side=True, do_handshake_on_connect=False, client_id=repr(self.link.address)
                )
            try:
                message = self.stream.recv(4096)
            except OSError as error:
                assert error.errno == HELLO_VERIFY_REQUIRED, error
                self.stream = None
                continue
            if message:
                self.stream.send(message)

    def close(self):
        if self.stream:
            self.stream.close()
        self.link.sock.close()


async def exchanging_datagrams():
    answers = Answers()
    sock = datagram_socket()
    sock.connect(("127.0.0.1", OWN))
    stream = dtls_client.wrap_socket(sock, server_hostname="localhost", do_handshake_on_connect=False)
    for number in range(random.randrange(1, 50)):
        message = b"%d" % number * random.randrange(1, 1000)
        sent = None
        while stream.recv(4096) != message:
            if sent is None or time.ticks_diff(time.ticks_ms(), sent) > LOST:
                sent = time.ticks_ms() if stream.send(message) else None
            answers.work()
            await asyncio.sleep_ms(1)
    stream.close()
    answers.close()


async def visiting():
    reader, writer = await connect(OWN, "127.0.0.1")
    writer.write("hello\n")
    await writer.drain()
    assert await reader.readline() == b"hello\n"
    await close(writer)


async def answer(reader, writer):
    try:
        writer.write(await reader.readline())
        await writer.drain()
    finally:
        await close(writer)


async def again(work):
    while working:
        await work()
        await asyncio.sleep_ms(random.randrange(20))


async def main():
    global working
    await asyncio.start_server(answer, "127.0.0.1", OWN, backlog=16, ssl=server)
    works = [
        closing, forgetting, refusing, refused, cancelling, giving_up, talking, downloading, visiting, exchanging_datagrams,
    ]
    tasks = [asyncio.create_task(again(work)) for work in works]
    while told < 100:
        await asyncio.sleep_ms(200)
        for task in tasks:
            assert not task.done(), task.data
        at(min(COUNT, time.ticks_diff(time.ticks_ms(), begin) // 1000))
    working = False
    await asyncio.gather(*tasks)


asyncio.run(main())
