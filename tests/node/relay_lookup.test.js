/** How the relay in Node looks names up. */

import assert from "node:assert/strict";
import dgram from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { lookup } from "../../relay/node_network.js";

/** @import { TestContext } from "node:test" */

const A = 1;
const AAAA = 28;
const NO_SUCH_NAME = 3;
const SERVER_FAILURE = 2;

/**
 * A resolver that knows a few names, and answers nothing for those that begin with "silent".
 *
 * @param {TestContext} t
 * @param {Record<string, {code: number, addresses?: Record<number, number[][]>}>} names
 */
async function resolver(t, names) {
  const socket = dgram.createSocket("udp4");
  socket.on("message", (query, from) => {
    const labels = [];
    let at = 12;
    for (; query[at] !== 0; at += query[at] + 1) labels.push(String(query.subarray(at + 1, at + 1 + query[at])));
    const type = query.readUInt16BE(at + 1);
    const { code = NO_SUCH_NAME, addresses = {} } = names[labels.join(".")] ?? {};
    const records = (addresses[type] ?? []).map((bytes) => Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, bytes.length, ...bytes]));
    const answer = Buffer.concat([query.subarray(0, at + 5), ...records]);
    answer.writeUInt16BE(0x8180 | code, 2);
    answer.writeUInt16BE(records.length, 6);
    answer.writeUInt32BE(0, 8);
    if (labels[0] !== "silent") socket.send(answer, from.port, from.address);
  });
  await once(socket.bind(0, "127.0.0.1"), "listening");
  t.after(() => socket.close());
  return [`127.0.0.1:${socket.address().port}`];
}

const V6 = [0x26, 6, ...Array(13).fill(0), 1];

test("by DNS, for both kinds of addresses; a name without any leads nowhere, a resolver that fails is a failure", async (t) => {
  const servers = await resolver(t, {
    "both.example.com": { code: 0, addresses: { [A]: [[9, 9, 9, 9], [10, 0, 0, 1]], [AAAA]: [V6] } },
    "four.example.com": { code: 0, addresses: { [A]: [[9, 9, 9, 9]] } },
    "broken.example.com": { code: SERVER_FAILURE },
  });
  assert.deepEqual(await lookup("both.example.com", servers), ["9.9.9.9", "10.0.0.1", "2606::1"]);
  assert.deepEqual(await lookup("four.example.com", servers), ["9.9.9.9"]);
  assert.deepEqual(await lookup("absent.example.com", servers), []);
  await assert.rejects(lookup("broken.example.com", servers), { code: "ESERVFAIL" });
});

test("names that nobody answers for hold up no others", async (t) => {
  const servers = await resolver(t, { "four.example.com": { code: 0, addresses: { [A]: [[9, 9, 9, 9]] } } });
  const silent = Array.from({ length: 50 }, (_, i) => lookup(`silent.${i}.example.com`, servers).catch(({ code }) => code));
  const begun = performance.now();
  assert.deepEqual(await lookup("four.example.com", servers), ["9.9.9.9"]);
  assert.ok(performance.now() - begun < 2000);
  assert.deepEqual(new Set(await Promise.all(silent)), new Set(["ETIMEOUT"]));
});
