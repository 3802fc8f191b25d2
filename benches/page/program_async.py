# As program.py, with asyncio.

import asyncio
import json
import ssl
import sys

from js import performance

now = performance.now  # time's ticks are milliseconds here


async def connect(security, port):
    if security == "tcp":
        return await asyncio.open_connection("127.0.0.1", port)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cafile="/ca.pem")
    return await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")


async def download(reader, writer, amount):
    writer.write("%d\n" % amount)
    await writer.drain()
    view = memoryview(bytearray(16 * 1024))
    while amount:
        # None: what came completed no record.
        amount -= await reader.readinto(view[: min(amount, len(view))]) or 0


async def round_trips(reader, writer, count):
    times = []
    for _ in range(count):
        begin = now()
        writer.write(b"64\n")
        await writer.drain()
        await reader.readexactly(64)
        times.append((now() - begin) * 1000)
    times.sort()
    return [times[count // 2], times[count * 95 // 100]]


async def main(kind, security, port, amount):
    streams = await connect(security, int(port))
    amount = int(amount)
    if kind == "trips":
        await round_trips(*streams, 20)
        return await round_trips(*streams, amount)
    await download(*streams, amount // 4)
    begin = now()
    await download(*streams, amount)
    return amount / (now() - begin) / 1000


print(json.dumps(asyncio.run(main(*sys.argv[1:5]))))
