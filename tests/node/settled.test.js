/** The end of a program's network: what was written leaves, as long as its peers take it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryPool, TX_HEAD, TX_START, TX_TAIL, socketViews } from "../../web/net/layout.js";
import { newControlMemory } from "../../web/net/control.js";
import { Ring } from "../../web/net/ring.js";
import { NetworkServer } from "../../web/net/server.js";
import { inputSource, transportBackend } from "../../web/transports/backend.js";
import { loopback } from "../../web/transports/index.js";

/** @import { Backend } from "../../web/net/server.js" */

const LIMIT = 100; // ms
const AF_INET = 2;

/** Peers that never take anything, and such whose connection breaks. */
const [NEVER, BREAKS] = [Infinity, -1];

/**
 * A network of connections that were closed with something to send, which their peers take after so
 * many milliseconds.
 *
 * @param {number[]} delays
 * @returns {Promise<NetworkServer>}
 */
function closed(delays) {
  const memories = new MemoryPool(SharedArrayBuffer);
  /** @type {Backend} */
  const backend = {
    ...transportBackend(loopback()),
    input: inputSource().input,
    connect({ port: delay }, events) {
      queueMicrotask(events.open);
      /** @param {Uint8Array} _ @param {() => void} done */
      const write = (_, done) => {
        if (delay === BREAKS) events.error(new Error("broken"));
        else if (delay !== NEVER) setTimeout(done, delay);
      };
      return { write, end: (done) => done(), destroy() {}, pause() {}, resume() {}, setOption() {} };
    },
  };
  const server = new NetworkServer(backend, newControlMemory(SharedArrayBuffer));
  delays.forEach((delay, id) => {
    const memory = memories.take();
    server.execute({ op: "connect", id, family: AF_INET, host: "127.0.0.1", port: delay, memory });
    const { words, tx } = socketViews(memory);
    new Ring(words, TX_HEAD, TX_TAIL, TX_START, tx).write(Buffer.from("the rest"), 0, 8);
    queueMicrotask(() => server.execute({ op: "close", id }));
  });
  return new Promise((resolve) => setImmediate(() => resolve(server)));
}

test("peers may take longer than the limit in all, if one of them always takes something", async () => {
  const server = await closed([0.6, 1.2, 1.8, 2.4].map((limits) => limits * LIMIT));
  assert.equal(await server.settled(LIMIT), true);
});

test("a peer that takes nothing is given up after the limit", async () => {
  const server = await closed([NEVER, LIMIT / 2]);
  assert.equal(await server.settled(LIMIT), false);
});

test("nobody waits for a connection that broke", async () => {
  const server = await closed([BREAKS]);
  assert.equal(await server.settled(LIMIT), true);
});
