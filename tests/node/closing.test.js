/** What becomes of written bytes when a program closes its socket, or ends. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { lateTickets } from "../support/late_tickets.js";
import { cast } from "../support/pki.js";
import { printed, start } from "../support/runner.js";

const { server: certificate } = cast();

/**
 * More than reaches a server that does not read, and less than the client's kernel keeps for it.
 */
const LENGTH = 512 * 1024;

test("what a TLS client has written before close() arrives, also if tickets come after it", async (t) => {
  const server = await lateTickets(t, certificate);
  const child = start(["-c", `
import socket, ssl
sock = socket.socket()
sock.connect(("127.0.0.1", ${server.port}))
tls = ssl.wrap_socket(sock)
tls.write(bytes(${LENGTH}))
tls.close()
print("closed")
`]);
  t.after(() => child.kill("SIGKILL"));
  await printed(child, /closed/);
  server.release();
  assert.equal(await server.received, LENGTH);
  assert.deepEqual(await child.finished, { code: 0, signal: null, stdout: "closed\n", stderr: "" });
});
