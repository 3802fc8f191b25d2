/**
 * A client of the relay and its targets do as the input says: nothing throws, memory and sockets
 * stay within their limits, nothing is left in the end, and the relay connects to nothing but what
 * it allows.
 */

import assert from "node:assert/strict";
import { LIMITS, Memory } from "../../relay/limits.js";
import { Session } from "../../relay/session.js";
import { Targets } from "../../relay/targets.js";
import { connectPacket, parsePacket } from "../../web/transports/wisp_packets.js";

const ALLOWED = "192.0.2.1";
const HOSTS = [ALLOWED, "a.example.com", "example.com", "localhost", "10.0.0.1", "192.0.2.1\0.example.com", "[::1]", "A.EXAMPLE.COM.", ""];
/** What names lead to: one of them is not for everybody. */
const ANSWERS = [["198.51.100.9", "10.0.0.1"], ["127.0.0.1"], [], ["::ffff:10.0.0.1", "2001:db8::1"], ["no address"]];
const PRIVATE = /^(10\.|127\.|::)/;
const PORTS = [443, 0, 80, 65535];
const LONGEST = 3000; // bytes of one message

/** @param {Uint8Array} input */
export function run(input) {
  let at = 0;
  const next = () => input[at++] ?? 0;
  const settings = next();
  const limits = { ...LIMITS, connections: 3, pingSeconds: 5, memory: 100_000 };
  const memory = new Memory(200_000);
  const targets = new Targets([`${ALLOWED}:443`, "*.example.com:443"]);
  let now = 1000;
  const options = { udp: Boolean(settings & 1), canWait: Boolean(settings & 2), needsCredit: Boolean(settings & 4), mayConnect: () => !(settings & 8) };
  const session = new Session({ targets, limits, memory, ...options }, now);
  /** Links that the session has asked for, and what was not done for it yet. */
  /** @type {Map<number, "connect" | "lookup">} */
  const links = new Map();
  /** @type {Uint8Array[]} */
  const packets = [];
  /** @type {{link: number, bytes: Uint8Array}[]} */
  const writes = [];

  const take = () => {
    for (const action of session.take()) {
      if (action.do === "send") {
        assert.ok(parsePacket(action.packet), "the relay sends Wisp");
        packets.push(action.packet);
      } else if (action.do === "connect") {
        assert.equal(action.port, 443);
        assert.ok(action.addresses.length > 0 && action.addresses.every((address) => address === ALLOWED || !PRIVATE.test(address)), String(action.addresses));
        links.set(action.link, "connect");
      } else if (action.do === "lookup") {
        assert.match(action.name, /^[a-z0-9_.-]+\.example\.com$/);
        links.set(action.link, "lookup");
      } else if (action.do === "write") {
        writes.push(action);
      }
    }
    assert.ok(session.sockets <= limits.connections && memory.used <= 200_000 && memory.used >= 0);
  };
  /** @param {number} key @param {string[]} addresses */
  const lookedUp = (key, addresses) => {
    if (links.get(key) !== "lookup") return;
    links.set(key, "connect");
    session.lookedUp(key, addresses, now);
  };
  const link = () => [...links.keys()][next() % Math.max(1, links.size)] ?? next();

  take();
  while (at < input.length) {
    const what = next();
    const calls = [
      () => session.receive(Uint8Array.from({ length: next() % 32 }, next), now),
      () => session.receive(connectPacket(next() % 4, 1 + (next() % 3), HOSTS[next() % HOSTS.length], PORTS[next() % PORTS.length]), now),
      () => session.receive(Uint8Array.of(2 + (next() % 3), next() % 4, 0, 0, 0, ...new Uint8Array((next() * LONGEST) >> 8)), now),
      () => lookedUp(link(), ANSWERS[next() % ANSWERS.length]),
      () => session.connected(link(), now, ALLOWED),
      () => session.received(link(), new Uint8Array((next() * LONGEST) >> 8), now),
      () => session.failed(link(), ["EIO", "ECONNREFUSED", "ENOTFOUND"][next() % 3], now),
      () => session.targetEnded(link(), now),
      () => session.closed(link(), now),
      () => packets.splice(0, next()).forEach((packet) => session.sent(packet)),
      () => writes.splice(0, next()).forEach(({ link, bytes }) => session.wrote(link, bytes, now)),
      () => session.tick((now += 1 << next() % 16)),
      () => session.ponged(),
      () => session.drain(),
    ];
    calls[what % calls.length]();
    take();
  }
  session.end(now);
  take();
  for (const key of links.keys()) {
    session.failed(key, "EIO", now);
    session.closed(key, now);
  }
  take();
  assert.ok(session.done && memory.used === 0 && session.sockets === 0, "something is left");
}
