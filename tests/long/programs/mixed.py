# COUNT seconds of all sorts of traffic at once: connections that are closed, forgotten, refused and
# given up, messages, downloads, a server.

import asyncio
import random
import time

begin = time.ticks_ms()
working = True


async def connect(port=PORT, name="localhost"):
    return await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname=name)


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


async def refusing():
    reader, writer = await connect(name="elsewhere")
    try:
        await reader.read(1)
        assert False, "the certificate does not have this name"
    except ValueError:
        await close(writer)


async def giving_up():
    reader, writer = await connect()
    try:
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
    left = random.randrange(1, 4_000_000)
    writer.write(b"%d\n" % left)
    await writer.drain()
    while left:
        left -= len(await reader.read(min(left, 20_000)))
    await close(writer)


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
    works = [closing, forgetting, refusing, giving_up, talking, downloading, visiting]
    tasks = [asyncio.create_task(again(work)) for work in works]
    while told < 100:
        await asyncio.sleep_ms(200)
        for task in tasks:
            assert not task.done(), task.data
        at(min(COUNT, time.ticks_diff(time.ticks_ms(), begin) // 1000))
    working = False
    await asyncio.gather(*tasks)


asyncio.run(main())
