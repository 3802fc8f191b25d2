/**
 * What hostile clients and targets can do to the relay of `micropython-ssl serve`, over real
 * sockets.
 */

import assert from "node:assert/strict";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import WebSocket from "ws";
import { textLine } from "../../relay/node.js";
import { serve } from "../../web/node/serve.js";
import { CLOSE, REASON, UDP, closePacket, connectPacket, continuePacket, dataPacket } from "../../web/transports/wisp_packets.js";
import { greeting, rawWisp } from "../support/raw_wisp.js";
import { echoServer, floodServer, tcpServer } from "../support/tcp_servers.js";
import { bytesOf, eventually, sleep } from "../support/transports.js";

/**
 * @import { TestContext } from "node:test"
 * @import { LogEntry } from "../../types/relay.js"
 */

const MIB = 1024 * 1024;

/** @param {TestContext} t @param {Partial<Parameters<typeof serve>[0]>} [options] */
async function relay(t, options = {}) {
  /** @type {LogEntry[]} */
  const entries = [];
  const server = await serve({ mounts: [], allow: ["127.0.0.1:*"], metrics: true, log: (entry) => entries.push(entry), ...options });
  t.after(server.close);
  const address = `${server.url}relay/`;
  /** @param {string} name */
  const gauge = async (name) => Number(new RegExp(`^micropython_ssl_relay_${name} (\\d+)`, "m").exec(await (await fetch(`${server.url}metrics`)).text())?.[1]);
  return { ...server, entries, address, gauge };
}

test("a NUL in a host's name passes no pattern", async (t) => {
  const { port } = await echoServer().then((echo) => (t.after(echo.close), echo));
  const { address } = await relay(t, { allow: ["*.example.com:*", "localhost:*"] });
  const client = await rawWisp(address);
  for (const [i, host] of ["127.0.0.1\0.example.com", "localhost\0.example.com", "localhost\0", "127.0.0.1%0.example.com"].entries()) {
    const answer = await client.connect(i + 1, port, { host });
    assert.deepEqual([answer.type, answer.reason], [CLOSE, REASON.INVALID], JSON.stringify(host));
  }
});

describe("a UDP stream that fails", () => {
  // What connects to a broadcast address, and to an IPv6 address where there is no IPv6, calls back
  // with an error.
  const withoutV6 = !Object.values(networkInterfaces()).flat().some((address) => address?.family === "IPv6" && !address.internal);
  const hosts = ["255.255.255.255", "127.255.255.255", ...(withoutV6 ? ["2606:4700:4700::1111"] : []), "0.0.0.0", "224.0.0.1"];
  const allow = ["127.0.0.0/8:*", "255.255.255.255:*", "0.0.0.0:*", "224.0.0.0/4:*", "*:*"];

  test("ends neither the relay nor anybody's connection", async (t) => {
    const echo = await echoServer();
    t.after(echo.close);
    const { address, entries } = await relay(t, { allow, udp: true });
    const neighbour = await rawWisp(address);
    await neighbour.connect(1, echo.port);
    const client = await rawWisp(address);
    for (const [i, host] of hosts.entries()) {
      for (const port of [9, 443]) {
        client.send(connectPacket(10 * i + (port % 7) + 1, UDP, host, port), dataPacket(10 * i + (port % 7) + 1, bytesOf("x")), dataPacket(10 * i + (port % 7) + 1, new Uint8Array(100_000)));
      }
    }
    await sleep(100);
    neighbour.send(dataPacket(1, bytesOf("still here")));
    await eventually(() => neighbour.text(1) === "still here", "the neighbour's bytes come", 20_000);
    assert.equal((await client.connect(999, echo.port)).type !== CLOSE, true);
    assert.deepEqual(entries.filter(({ event }) => event === "error"), []);
  });

  test("is none where UDP was not asked for", async (t) => {
    const { address } = await relay(t, { allow });
    const client = await rawWisp(address);
    assert.equal((await client.connect(1, 443, { type: UDP })).reason, REASON.BLOCKED);
  });
});

test("CONNECT, DATA, CLOSE, again, to a target that does not read: sockets and memory stay within the limits", async (t) => {
  const sink = await tcpServer((socket) => socket.pause());
  t.after(sink.close);
  const { address, gauge } = await relay(t, { limits: { connections: 4, sessionMemory: 4 * MIB, closeSeconds: 60, connectsPerMinute: 40 } });
  const client = await rawWisp(address);
  const chunk = new Uint8Array(128 * 1024);
  for (let id = 1; id <= 40; id++) {
    client.send(connectPacket(id, 1, "127.0.0.1", sink.port), ...Array.from({ length: 40 }, () => dataPacket(id, chunk)), closePacket(id, REASON.VOLUNTARY));
    await turn();
  }
  await sleep(300);
  assert.ok(sink.sockets.size <= 4, `${sink.sockets.size} sockets`);
  assert.ok((await gauge("connections")) <= 4);
  assert.ok((await gauge("waiting_bytes")) <= 9 * MIB, `${await gauge("waiting_bytes")} bytes wait`);
  client.socket.terminate();
  await eventually(async () => (await gauge("connections")) === 0, "all sockets are closed when the client has left", 20_000);
  assert.equal(await gauge("waiting_bytes"), 0);
});

test("a stream's number that is used again gets bytes of its new target only", async (t) => {
  const old = await tcpServer((socket) => setTimeout(() => socket.write("bytes of A"), 100));
  const fresh = await echoServer();
  t.after(() => Promise.all([old.close(), fresh.close()]));
  const { address } = await relay(t);
  const client = await rawWisp(address);
  await client.connect(5, old.port);
  client.send(dataPacket(5, bytesOf("x")), closePacket(5, REASON.VOLUNTARY));
  await client.connect(5, fresh.port);
  client.send(dataPacket(5, bytesOf("hello")));
  await sleep(300);
  client.send(dataPacket(5, bytesOf(" again")));
  await eventually(() => client.text(5) === "hello again", "only the new target's bytes");
});

test("a client that does not read its refusals is cut off, and takes no memory", async (t) => {
  const { address, entries, gauge } = await relay(t, { allow: [], limits: { connectsPerMinute: 1e9 } });
  const client = await rawWisp(address);
  client.send(continuePacket(0, 1)); // who gives credit is told why in words, which fills buffers sooner
  client.socket.pause();
  const before = process.memoryUsage().rss;
  for (let id = 1; id < 200_000 && (id % 5000 !== 0 || (await gauge("clients")) === 1); id++) {
    client.socket.send(connectPacket(id, 1, "9.9.9.9", 443));
    if (id % 500 === 0) await turn();
  }
  assert.equal(await gauge("clients"), 0, "the client is cut off");
  assert.ok(process.memoryUsage().rss - before < 150 * MIB, `${(process.memoryUsage().rss - before) / MIB} MiB more`);
  assert.ok(entries.length < 100, `${entries.length} entries in the log`);
});

test("clients that do not read what they asked for make their targets wait", async (t) => {
  const flood = await floodServer(1024 * MIB);
  t.after(flood.close);
  const { address, gauge } = await relay(t, { limits: { memory: 16 * MIB } });
  const clients = await Promise.all(Array.from({ length: 8 }, () => rawWisp(address)));
  for (const client of clients) {
    for (let id = 1; id <= 8; id++) await client.connect(id, flood.port);
    client.socket.pause();
  }
  await sleep(500);
  const waiting = await gauge("waiting_bytes");
  assert.ok(waiting < 24 * MIB, `${waiting} bytes wait`);
  for (const client of clients) client.socket.terminate();
  await eventually(async () => (await gauge("waiting_bytes")) === 0, "all is given back", 20_000);
});

test("pongs that nobody asked for do not keep a client that does not answer", async (t) => {
  const { address } = await relay(t, { limits: { pingSeconds: 0.3 } });
  const client = await rawWisp(address);
  client.socket.pong = ((original) => (data, ...rest) => original.call(client.socket, "another", ...rest))(client.socket.pong);
  const timer = setInterval(() => client.socket.readyState === 1 && client.socket.pong("x"), 50);
  t.after(() => clearInterval(timer));
  assert.equal((await client.closed).code, 1006);
});

test("one address may not take all places", async (t) => {
  const { address } = await relay(t, { trustedProxies: ["127.0.0.1"], limits: { clients: 8, clientsPerAddress: 3 } });
  /** @param {string} client */
  const from = (client) => ({ headers: { "X-Forwarded-For": client } });
  const greedy = [];
  for (let i = 0; i < 3; i++) greedy.push(await rawWisp(address, from("198.51.100.7")));
  assert.match(await greeting(address, from("198.51.100.7")), /^4429 .*3 clients of one address/);
  assert.match(await greeting(address, from("::ffff:198.51.100.7")), /^4429/, "the same address in another spelling");
  assert.match(await greeting(address, from("6.6.6.6, 198.51.100.7")), /^4429/, "what the client itself wrote before it does not count");
  assert.equal(await greeting(address, from("198.51.100.8")), "welcome");
  for (let i = 0; i < 3; i++) await rawWisp(address, from(`2001:db8:1:2::${i + 1}`));
  assert.match(await greeting(address, from("2001:db8:1:2:ffff::9")), /^4429/, "of IPv6, a /64 is one address");
});

test("what clients write is escaped in the log", async (t) => {
  const { address, entries } = await relay(t);
  const client = await rawWisp(address);
  await client.connect(1, 443, { host: "a\u001b[2J\nfake line.example" });
  const lines = entries.map((entry) => textLine(entry));
  assert.match(String(lines.at(-1)), /a\\u001b\[2J\\u000afake line\.example:443/);
  assert.ok(lines.every((line) => /^[\x20-\x7e]*$/.test(line)));
});

test("packets that are none end one session and no other", async (t) => {
  const echo = await echoServer();
  t.after(echo.close);
  const { address } = await relay(t);
  const neighbour = await rawWisp(address);
  await neighbour.connect(1, echo.port);
  for (const message of ["text", new Uint8Array(3), Uint8Array.of(1, 0, 0, 0, 0)]) {
    const client = await rawWisp(address);
    client.socket.send(message);
    assert.deepEqual(await client.closed, { code: 1002, reason: "not a Wisp packet" });
  }
  const client = await rawWisp(address);
  client.socket.send(new Uint8Array(300 * 1024));
  assert.equal((await client.closed).code, 1009);
  neighbour.send(dataPacket(1, bytesOf("here")));
  await eventually(() => neighbour.text(1) === "here", "the neighbour is served");
});

test("random packets of many clients leave no socket and no byte behind, and end nothing else", async (t) => {
  const echo = await echoServer();
  t.after(echo.close);
  const { address, entries, gauge } = await relay(t, { allow: ["127.0.0.1:*", "localhost:*", "255.255.255.255:*", "*:*"], udp: true, limits: { connectsPerMinute: 1e6, closeSeconds: 1 } });
  /** @param {number} n */
  const random = (n) => Math.floor(Math.random() * n);
  const hosts = ["127.0.0.1", "localhost", "::1", "255.255.255.255", "2606::1", "127.0.0.1\0x", "0.0.0.0", "fe80::1%lo"];
  const packet = () => {
    const id = random(4);
    const kind = random(10);
    if (kind < 3) return connectPacket(id, 1 + random(2), hosts[random(hosts.length)], [echo.port, 9, 0, 65535][random(4)]);
    if (kind < 7) return dataPacket(id, new Uint8Array(random(3000)));
    if (kind < 8) return continuePacket(id, random(5000));
    return kind < 9 ? closePacket(id, 2) : Uint8Array.from({ length: 5 + random(15) }, () => random(256));
  };
  const clients = await Promise.all(Array.from({ length: 8 }, () => rawWisp(address)));
  for (let i = 0; i < 300; i++) {
    for (const { socket, send } of clients) if (socket.readyState === 1) send(packet());
    if (i % 20 === 0) await turn();
  }
  for (const [i, { socket }] of clients.entries()) if (i % 2) socket.terminate();
  else socket.close();
  await eventually(async () => (await gauge("clients")) === 0, "nobody is left", 15_000);
  assert.deepEqual([await gauge("connections"), await gauge("waiting_bytes"), entries.filter(({ event }) => event === "error")], [0, 0, []]);
  assert.equal(await greeting(address), "welcome");
});

test("a reason with a page's own words fits into the close, whatever the page's origin is", async (t) => {
  const { address, entries } = await relay(t);
  for (const origin of [`https://${"e".repeat(300)}.example`, `https://${"\xe9".repeat(300)}.example`]) {
    assert.match(await greeting(address, { headers: { Origin: origin } }), /^4403 pages of https:/);
  }
  assert.ok(entries.every(({ event, why = "" }) => event === "turned away" && why.length <= 123));
});

test("clients that are turned away are all counted, and as many are logged as somebody can read", async (t) => {
  const { url, address, entries } = await relay(t);
  const began = Date.now();
  for (let i = 0; i < 100; i++) await greeting(address, { headers: { Origin: "https://evil.example" } });
  const most = 61 + (Date.now() - began) / 1000; // one more each second
  assert.ok(entries.length >= 60 && entries.length <= most, `${entries.length} entries`);
  assert.match(await (await fetch(`${url}metrics`)).text(), /^micropython_ssl_relay_clients_refused_total\{code="4403"\} 100$/m);
});

test("a message of many fragments, or a long one, ends its client", async (t) => {
  const { address } = await relay(t);
  const client = await rawWisp(address);
  for (let i = 0; i < 300; i++) client.socket.send(new Uint8Array(1), { fin: false });
  assert.equal((await client.closed).code, 1008);
  const other = await rawWisp(address);
  other.send(dataPacket(1, new Uint8Array(256 * 1024)));
  assert.equal((await other.closed).code, 1009);
});

test("upgrades that are refused leave no socket, also where the client does not close its side", async (t) => {
  const { port } = await relay(t);
  /** @param {string} path */
  const upgrade = (path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`;
  const sockets = Array.from({ length: 100 }, (_, i) => {
    const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
    socket.on("error", () => {}).resume().write(upgrade(i < 10 ? "/elsewhere/" : "/relay/"));
    return socket;
  });
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  await sleep(2000);
  // A socket that the server has closed answers bytes with a reset.
  /** @param {import("node:net").Socket} socket */
  const isClosed = (socket) => socket.destroyed || (socket.write("x"), false);
  await eventually(() => sockets.filter((socket) => !isClosed(socket)).length === 0, "all of them are closed", 30_000);
});

test("sockets that never finish the WebSocket's opening, or its close, take no places", async (t) => {
  const { address, gauge } = await relay(t, { limits: { clients: 2 } });
  for (let i = 0; i < 20; i++) {
    const socket = new WebSocket(address.replace("http", "ws"), { headers: { Origin: "https://evil.example" } });
    socket.on("error", () => {});
    socket.on("open", () => socket.pause());
  }
  await sleep(100);
  assert.equal(await gauge("clients"), 0);
  assert.equal(await greeting(address), "welcome");
});
