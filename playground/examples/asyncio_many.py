# Twenty HTTPS requests side by side with asyncio: one WebSocket to the relay carries all of them.

import asyncio
import ssl
import time

HOST, PORT = "example.com", 443


async def head(context, number):
    started = time.ticks_ms()
    reader, writer = await asyncio.open_connection(HOST, PORT, ssl=context, server_hostname=HOST)
    writer.write(b"HEAD /?%d HTTP/1.0\r\nHost: %s\r\n\r\n" % (number, HOST.encode()))
    await writer.drain()
    status = (await reader.readline()).decode().strip()
    await writer.wait_closed()
    print("%2d: %s after %d ms" % (number, status, time.ticks_diff(time.ticks_ms(), started)))


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cafile="/certs/roots.pem")
    started = time.ticks_ms()
    await asyncio.gather(*(head(context, number) for number in range(20)))
    print("all of them after %d ms" % time.ticks_diff(time.ticks_ms(), started))


asyncio.run(main())
