# A server that answers COUNT requests, each on a connection of its own. Where nobody else can, it
# asks itself.

import asyncio

answered = 0
done = asyncio.Event()


async def answer(reader, writer):
    global answered
    while await reader.readline() not in (b"\r\n", b""):
        pass
    writer.write("HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello\n")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    answered += 1
    at(answered)
    if answered == COUNT:
        done.set()


async def ask():
    for number in range(COUNT):
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT, ssl=client, server_hostname="localhost")
        writer.write("GET / HTTP/1.0\r\n\r\n")
        await writer.drain()
        assert (await reader.read()).endswith(b"hello\n")
        writer.close()
        await writer.wait_closed()


async def main():
    await asyncio.start_server(answer, "127.0.0.1", PORT, backlog=128, ssl=server)
    print("listening")
    if ALONE:
        asyncio.create_task(ask())
    await done.wait()


asyncio.run(main())
