/** A page's transport with `allow`. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createTransport } from "../../web/index.node.js";
import { mistyped } from "../support/mistyped.js";

/** A relay that reaches everything, as a module that a description names. */
const RELAY = `data:text/javascript,export default () => ({
  connect: async ({ host, port }) => ({ reached: host + ":" + port, close() {} }),
  datagram: async () => ({ sent: [], async send(bytes, to) { this.sent.push(to.host) }, receive: async () => null, close() {} }),
  close() {},
})`.replaceAll("\n", " ");

/** @param {...string} allow */
const transport = (...allow) => createTransport({ module: RELAY, allow });

describe("a transport with allow", () => {
  /** @type {[pattern: string, reached: [string, number], refused: [string, number]][]} */
  const patterns = [
    ["example.com:443", ["example.com", 443], ["example.com", 80]],
    ["EXAMPLE.com:443", ["Example.Com.", 443], ["www.example.com", 443]],
    ["*.example.com:1-1000", ["www.example.com", 443], ["example.com", 443]],
    ["*:443", ["anything", 443], ["anything", 444]],
    ["192.0.2.1:*", ["192.0.2.1", 5], ["192.0.2.2", 5]],
    ["[2001:db8::1]:443", ["2001:DB8:0::1", 443], ["2001:db8::2", 443]],
  ];
  for (const [pattern, reached, refused] of patterns) {
    test(`${pattern} reaches ${reached.join(" port ")} and not ${refused.join(" port ")}`, async () => {
      const network = await transport(pattern);
      assert.ok("reached" in (await network.connect({ host: reached[0], port: reached[1] })));
      await assert.rejects(network.connect({ host: refused[0], port: refused[1] }), { code: "EACCES", message: new RegExp(`${refused.join(":")} is not allowed`) });
    });
  }

  test("sends datagrams only to what is named", async () => {
    const socket = await (await transport("example.com:53")).datagram();
    await socket.send(new Uint8Array(1), { host: "example.com", port: 53 });
    await assert.rejects(socket.send(new Uint8Array(1), { host: "example.com", port: 54 }), { code: "EACCES" });
  });

  test("an empty list reaches nothing, and without one everything is reached", async () => {
    await assert.rejects((await transport()).connect({ host: "example.com", port: 443 }), { code: "EACCES" });
    assert.ok("reached" in (await (await createTransport({ module: RELAY })).connect({ host: "example.com", port: 443 })));
  });

  test("what is no pattern is refused, and named", async () => {
    await assert.rejects(transport("example.com"), { name: "RangeError", message: /not a target: example\.com/ });
    await assert.rejects(transport("10.0.0.0/8:443"), { name: "RangeError", message: /no ranges of addresses/ });
    await assert.rejects(createTransport({ module: RELAY, allow: mistyped("example.com:443") }), { name: "TypeError", message: /allow is a list/ });
  });
});
