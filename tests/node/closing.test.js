/** What becomes of written bytes when a program closes its socket, or ends. */

import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { lateTickets } from "../support/late_tickets.js";
import { cast } from "../support/pki.js";
import { listen, printed, start } from "../support/runner.js";

/** @import { TestContext } from "node:test" */

const { server: certificate } = cast();

/**
 * More than reaches a server that does not read, and less than the client's kernel keeps for it.
 */
const LENGTH = 512 * 1024;

/** How a program may end, and its exit code. */
const ENDINGS = /** @type {const} */ ([
  { what: "close()", source: "stream.close()", code: 0 },
  { what: "the end of the program", source: "", code: 0 },
  { what: "sys.exit()", source: "sys.exit(3)", code: 3 },
  { what: "an uncaught exception", source: "1 / 0", code: 1 },
]);

/**
 * Runs a program that writes `written` bytes to `stream` and ends.
 *
 * @param {TestContext} t
 * @param {number} port Of a server, which the program is connected to.
 * @param {string} source What makes `stream` of the socket, writes, and sets `written`.
 * @param {typeof ENDINGS[number]} ending
 * @returns {Promise<{written: number, ended: () => Promise<void>}>} `ended` waits for its end.
 */
async function writeAndEnd(t, port, source, ending) {
  const child = start(["-c", `
import socket, ssl, sys
sock = socket.socket()
sock.connect(("127.0.0.1", ${port}))
${source}
print("written", written)
${ending.source}
`]);
  t.after(() => child.kill("SIGKILL"));
  const [, written] = await printed(child, /written (\d+)\n/);
  const ended = async () => {
    const { code, stderr } = await child.finished;
    assert.equal(code, ending.code, stderr);
  };
  return { written: Number(written), ended };
}

for (const ending of ENDINGS) {
  test(`what a TLS client has written before ${ending.what} arrives, also if tickets come after it`, async (t) => {
    const server = await lateTickets(t, certificate);
    const { written, ended } = await writeAndEnd(t, server.port, `
stream = ssl.wrap_socket(sock)
written = stream.write(bytes(${LENGTH}))`, ending);
    server.release();
    assert.equal(await server.received, written);
    await ended();
  });

  test(`what a client has written before ${ending.what} arrives, also if its peer has no room for it yet`, async (t) => {
    let received = 0;
    /** @type {(socket: net.Socket) => void} */
    let came = () => {};
    /** @type {Promise<net.Socket>} */
    const accepted = new Promise((resolve) => (came = resolve));
    const port = await listen(t, net.createServer({ pauseOnConnect: true }, came));
    const { written, ended } = await writeAndEnd(t, port, `
stream = sock
stream.setblocking(False)
written = 0
while count := stream.write(bytes(65536)):
    written += count`, ending);
    const peer = await accepted;
    peer.on("data", (data) => (received += data.length)).resume();
    await once(peer, "close");
    assert.equal(received, written);
    await ended();
  });
}
