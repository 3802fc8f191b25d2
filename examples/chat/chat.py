# Enters the chat room of server.py: says what is typed, and prints what is said.
#
#   chat.py HOST PORT KEY NAME

import asyncio
import sys
import tls


async def main(host, port, key, name):
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_NONE  # the key proves that it is the room
    context.psk_identity = "room"
    context.psk_key = key.encode()
    reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
    await say(writer, name, "is here\n")
    asyncio.create_task(listen_to_person(writer, name))
    while line := await reader.readline():
        print(line.decode(), end="")


async def listen_to_person(writer, name):
    typed = asyncio.StreamReader(sys.stdin)
    while line := await typed.readline():
        await say(writer, name, line.decode())


async def say(writer, name, text):
    writer.write(("%s: %s" % (name, text)).encode())
    await writer.drain()


asyncio.run(main(*sys.argv[1:]))
