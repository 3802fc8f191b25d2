# A chat room over TLS: what one says, all hear. Whoever has the key may enter, so that nobody needs
# a certificate. Take a key that cannot be guessed.
#
#   server.py PORT KEY

import asyncio
import sys
import tls

people = set()


async def visit(reader, writer):
    people.add(writer)
    try:
        while line := await reader.readline():
            for other in list(people):
                await tell(other, line)
    except OSError as error:
        print("somebody was lost:", error)
    finally:
        people.discard(writer)
        writer.close()


async def tell(writer, line):
    try:
        writer.write(line)
        await writer.drain()
    except OSError:
        people.discard(writer)  # who is gone; visit() ends by itself


async def main(port, key):
    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    context.server_psk_keys = {b"room": key.encode()}
    server = await asyncio.start_server(visit, "127.0.0.1", port, ssl=context)
    print("The room is at localhost:%d" % port)
    await server.wait_closed()


asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
