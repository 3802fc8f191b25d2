# A TLS server and its client, both in this page. No relay is needed: 127.0.0.1 is a network inside
# of it. Look at "Connections" while it runs, or afterwards.

import asyncio
import ssl

PORT = 8443


async def serve(reader, writer):
    request = await reader.readline()
    print("server: got", request)
    writer.write(b"Hello from the other side of the page.\n")
    await writer.drain()
    await writer.wait_closed()


async def fetch():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cafile="/certs/ca.pem")
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT, ssl=context, server_hostname="localhost")
    writer.write(b"Hello?\n")
    await writer.drain()
    print("client: got", await reader.readline())
    print("secured by \x1b[32m%s\x1b[0m with %s" % (writer.s.cipher()[1], writer.s.cipher()[0]))
    await writer.wait_closed()


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("/certs/server.pem", "/certs/server.key")
    server = await asyncio.start_server(serve, "127.0.0.1", PORT, ssl=context)
    await fetch()
    server.close()
    await server.wait_closed()


asyncio.run(main())
