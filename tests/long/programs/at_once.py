# CONNECTIONS clients and their server in one program, all connected at once; COUNT requests over
# them, on all of them at a time.

import asyncio

AT_A_TIME = 10
asked = 0


async def answer(reader, writer):
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def connect(streams):
    for number in range(CONNECTIONS // AT_A_TIME):
        streams.append(await asyncio.open_connection("127.0.0.1", PORT, ssl=client, server_hostname="localhost"))


async def ask(reader, writer, line):
    global asked
    writer.write(line)
    await writer.drain()
    assert await reader.readline() == line
    asked += 1
    at(asked)


async def main():
    await asyncio.start_server(answer, "127.0.0.1", PORT, backlog=128, ssl=server)
    streams = []
    await asyncio.gather(*[connect(streams) for number in range(AT_A_TIME)])
    for number in range(COUNT // CONNECTIONS):
        line = b"request %d\n" % number
        await asyncio.gather(*[ask(reader, writer, line) for reader, writer in streams])
    for reader, writer in streams:
        writer.close()
        await writer.wait_closed()


asyncio.run(main())
