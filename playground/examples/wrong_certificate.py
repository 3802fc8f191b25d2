# A client refuses servers with wrong certificates. The servers are in this page too: one is good,
# one has expired, and one is for another name and of an authority that the client does not trust.

import asyncio
import ssl

SERVERS = (
    (8443, "/certs/server.pem", "/certs/server.key", "a good one"),
    (8444, "/certs/expired.pem", "/certs/expired.key", "one that has expired"),
    (8445, "/certs/other.pem", "/certs/other.key", "one for another name, of an unknown authority"),
)


async def serve(reader, writer):
    try:
        await reader.readline()
        writer.write(b"welcome\n")
        await writer.drain()
    except OSError as error:
        print("  server:", error)
    await writer.wait_closed()


async def visit(port):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cafile="/certs/ca.pem")
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
    try:
        writer.write(b"hello\n")
        await writer.drain()
        return await reader.readline()
    finally:
        await writer.wait_closed()


async def main():
    for port, cert, key, what in SERVERS:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        await asyncio.start_server(serve, "127.0.0.1", port, ssl=context)
        print("\x1b[1m%s\x1b[0m" % what)
        try:
            print("  \x1b[32mconnected:\x1b[0m", await visit(port))
        except (ValueError, OSError) as error:
            print("  \x1b[31m%s:\x1b[0m %s" % (type(error).__name__, str(error).strip()))


asyncio.run(main())
