# Fetches several pages of one HTTPS server at the same time.
#
#   asyncio_client.py HOST PORT CA_FILE PATH...

import asyncio
import ssl
import sys


async def get(host, port, context, path):
    reader, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
    try:
        writer.write("GET %s HTTP/1.0\r\nHost: %s\r\n\r\n" % (path, host))
        await writer.drain()
        status = await reader.readline()
        while await reader.readline() not in (b"\r\n", b""):
            pass  # headers
        return status.decode().strip(), await reader.read(-1)
    finally:
        writer.close()
        await writer.wait_closed()


async def main(host, port, cafile, *paths):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cafile=cafile)
    pages = await asyncio.gather(*(get(host, int(port), context, path) for path in paths))
    for path, (status, body) in zip(paths, pages):
        print("%s: %s, %d bytes" % (path, status, len(body)))


if len(sys.argv) < 5:
    print("usage: asyncio_client.py HOST PORT CA_FILE PATH...")
    sys.exit(2)
asyncio.run(main(*sys.argv[1:]))
