/** What programs of tests begin with that talk over TLS with asyncio at both ends. */

/**
 * `answer()` serves a connection, `connect(port)` opens one, `ask(stream, count)` sends requests
 * over it. The folder has chain.pem and key.pem.
 */
export const TLS_STREAMS = `
import asyncio, ssl, sys, time
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain("chain.pem", "key.pem")
client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
async def answer(reader, writer):
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()
    await writer.wait_closed()
async def connect(port):
    for attempt in range(100):
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client)
            writer.write(b"hello\\n")
            await writer.drain()
            assert await reader.readline() == b"hello\\n"
            return reader, writer
        except OSError:
            await asyncio.sleep_ms(50)
async def ask(stream, count):
    reader, writer = stream
    for number in range(count):
        line = b"request %d\\n" % number
        writer.write(line)
        await writer.drain()
        assert await reader.readline() == line
`;
