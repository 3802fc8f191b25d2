/**
 * The relay's session by itself: no sockets, no clock. What it is told stands on the left of each
 * test, what it wants on the right.
 */

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { LIMITS, Memory } from "../../relay/limits.js";
import { Session } from "../../relay/session.js";
import { Targets } from "../../relay/targets.js";
import {
  CLOSE, CONTINUE, DATA, REASON, TAKES_CREDIT, TCP, UDP, closePacket, connectPacket, continuePacket, dataPacket, parsePacket,
} from "../../web/transports/wisp_packets.js";
import { bytesOf } from "../support/transports.js";

/** @import { Action, SessionOptions } from "../../relay/actions.js" */

const HOST = "192.0.2.1";
const KIB = 1024;

/** A session and its world: what it sends and wants is sorted into lists. */
class World {
  now = 1_000_000;
  /**
   * @param {Partial<Omit<SessionOptions, "targets" | "limits">> & {allow?: string[], limits?:
   *   Partial<typeof LIMITS>}} [options]
   */
  constructor({ allow = [`${HOST}:*`, "*.example.com:*"], limits = {}, memory, ...options } = {}) {
    this.limits = { ...LIMITS, ...limits };
    this.memory = memory ?? new Memory(this.limits.memory);
    this.session = new Session({ targets: new Targets(allow), limits: this.limits, memory: this.memory, ...options }, this.now);
    this.all();
  }

  /** Everything that it wants since the last time. */
  all() {
    return this.session.take();
  }

  /** What it wants after a packet. @param {...(Uint8Array | string)} packets */
  on(...packets) {
    for (const packet of packets) this.session.receive(packet, this.now);
    return this.all();
  }

  connect(id = 1, { host = HOST, port = 443, type = TCP } = {}) {
    return this.on(connectPacket(id, type, host, port));
  }

  /** A stream that stands; returns the key of its socket. */
  open(id = 1) {
    const [{ link }] = only(this.connect(id), "connect");
    this.session.connected(link, this.now);
    this.all();
    return link;
  }

  /** @param {number} seconds */
  after(seconds) {
    this.now += seconds * 1000;
    this.session.tick(this.now);
    return this.all();
  }
}

/**
 * The actions of a kind.
 *
 * @template {Action["do"]} K
 * @param {Action[]} actions
 * @param {K} kind
 * @returns {Extract<Action, {do: K}>[]}
 */
function only(actions, kind) {
  return /** @type {Extract<Action, {do: K}>[]} */ (actions.filter((action) => action.do === kind));
}

/**
 * The packets that go to the client.
 *
 * @param {Action[]} actions
 * @returns {{type: number, stream: number, reason?: number, why?: string, data?: Uint8Array,
 *   credit?: number}[]}
 */
function sent(actions) {
  return only(actions, "send").map(({ packet }) => {
    const parsed = parsePacket(packet);
    assert.ok(parsed);
    return parsed;
  });
}

/** @param {Action[]} actions */
const wants = (actions) => actions.filter(({ do: what }) => what !== "send" && what !== "log").map(({ do: what }) => what);
/** @param {Action[]} actions */
const told = (actions) => only(actions, "log").map(({ entry }) => entry);
/** @param {Action[]} actions */
const reasons = (actions) => sent(actions).filter(({ type }) => type === CLOSE).map(({ reason }) => reason);

/** @type {World} */
let world;
beforeEach(() => (world = new World()));

describe("packets", () => {
  test("that are none close the WebSocket with 1002", () => {
    const wrong = ["text", new Uint8Array(0), ...[1, 2, 3, 4].map((n) => new Uint8Array(n)), Uint8Array.of(1, 1, 0, 0, 0), Uint8Array.of(1, 1, 0, 0, 0, 1, 80),
      Uint8Array.of(3, 0, 0, 0, 0, 1, 2, 3), Uint8Array.of(4, 1, 0, 0, 0)];
    for (const message of wrong) {
      const actions = new World().on(message);
      assert.deepEqual([actions.length, only(actions, "close")[0]?.code], [1, 1002], String(message));
    }
  });

  test("of every type, cut at every length, throw nothing and leave nothing", () => {
    const packets = [connectPacket(1, TCP, HOST, 443), dataPacket(1, bytesOf("hello")), continuePacket(1, 5), continuePacket(0, 5), closePacket(1, 2), closePacket(9, 2)];
    for (const packet of packets) {
      for (let length = 0; length <= packet.length; length++) {
        const world = new World();
        world.open();
        world.on(packet.subarray(0, length));
        world.session.end(world.now);
        for (const link of [1, 2]) world.session.closed(link, world.now);
        assert.ok(world.session.done && world.memory.used === 0, `${packet} at ${length}`);
      }
    }
  });

  test("of random bytes throw nothing, take no memory and end nobody but the client", () => {
    let seed = 7;
    /** @param {number} n */
    const random = (n) => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % n;
    const memory = new Memory(64 * KIB * KIB);
    for (let round = 0; round < 300; round++) {
      const world = new World({ memory, udp: round % 2 === 0 });
      const open = new Set();
      let bytes = new Uint8Array();
      /** @type {((link: number) => void)[]} */
      const calls = [
        (link) => world.session.connected(link, world.now),
        (link) => world.session.received(link, bytes, world.now),
        (link) => world.session.failed(link, "EIO", world.now),
        (link) => world.session.closed(link, world.now),
        (link) => world.session.targetEnded(link, world.now),
      ];
      for (let i = 0; i < 100; i++) {
        const message = Uint8Array.from({ length: 5 + random(30) }, () => random(256));
        message.set([1 + random(4), random(3), 0, 0, 0]);
        if (message[0] === 1 && random(2)) message.set(connectPacket(message[1], 1 + random(2), random(2) ? HOST : "a.example.com", 443).subarray(0, message.length));
        for (const action of world.on(message)) {
          if (action.do === "connect") open.add(action.link);
          const call = calls[random(5)];
          bytes = new Uint8Array(random(5000));
          for (const link of open) if (random(4) === 0) call(link);
          if (action.do === "lookup") world.session.lookedUp(action.link, ["198.51.100.9", "9.9.9.9"], world.now);
        }
        world.after(random(3));
      }
      world.session.end(world.now);
      world.all();
      for (let key = 0; key < 400; key++) {
        world.session.failed(key, "EIO", world.now);
        world.session.closed(key, world.now);
      }
      assert.equal(world.session.done, true);
    }
    assert.equal(memory.used, 0);
  });

  test("of unknown types and for unknown streams are passed over", () => {
    assert.deepEqual(world.on(Uint8Array.of(99, 1, 0, 0, 0), dataPacket(5, bytesOf("x")), continuePacket(5, 1), closePacket(5, 1)), []);
  });
});

describe("CONNECT", () => {
  test("to an address opens it; to a name looks up what was matched, in lower case", () => {
    assert.deepEqual(world.connect(1), [{ do: "connect", link: 1, kind: "tcp", addresses: [HOST], port: 443 }]);
    assert.deepEqual(world.connect(2, { host: "WWW.Example.com." }), [{ do: "lookup", link: 2, name: "www.example.com" }]);
  });

  test("to what is no address of a host is INVALID and nothing is looked up", () => {
    const hosts = ["", ".", "a..example.com", "1.2.3.4\0.example.com", "x\0.example.com", "fe80::1%lo", "::1%0", "ü.example.com", "a b.example.com", "a/../b.example.com",
      "127.1", "0x7f.0.0.1", "2130706433", "a\u200b.example.com", "\u001b[2J.example.com", `${"a".repeat(64)}.example.com`, `${"a.".repeat(125)}example.com`, "[192.0.2.1"];
    for (const [i, host] of hosts.entries()) assert.deepEqual([reasons(world.connect(i + 1, { host })), world.session.sockets], [[REASON.INVALID], 0], JSON.stringify(host));
    assert.deepEqual(reasons(world.connect(90, { port: 0 })), [REASON.INVALID]);
    assert.deepEqual(reasons(world.connect(91, { type: 7 })), [REASON.INVALID]);
    assert.deepEqual(reasons(world.connect(0)), [REASON.INVALID]);
  });

  test("to what is not allowed is BLOCKED; clients that give credit are told in words", () => {
    assert.deepEqual(sent(world.connect(1, { host: "9.9.9.9" })), [{ type: CLOSE, stream: 1, reason: REASON.BLOCKED, why: "" }]);
    world.on(continuePacket(0, 1000));
    assert.match(sent(world.connect(1, { host: "9.9.9.9" }))[0].why ?? "", /does not allow 9\.9\.9\.9:443/);
    const nothing = new World({ allow: [] });
    nothing.on(continuePacket(0, 1000));
    assert.match(sent(nothing.connect())[0].why ?? "", /allows no targets.*--allow/);
  });

  test("to a name connects to the public addresses that it leads to, and to no others", () => {
    /** @param {string[]} addresses */
    const lookedUp = (addresses) => {
      const world = new World();
      world.connect(1, { host: "a.example.com" });
      world.session.lookedUp(1, addresses, world.now);
      return world.all();
    };
    assert.deepEqual(only(lookedUp(["10.0.0.1", "9.9.9.9", "::ffff:127.0.0.1", "2606::1", "fe80::1%eth0"]), "connect")[0].addresses, ["9.9.9.9", "2606::1"]);
    assert.deepEqual(reasons(lookedUp(["127.0.0.1", "::1"])), [REASON.BLOCKED]);
    assert.deepEqual(reasons(lookedUp([])), [REASON.UNREACHABLE]);
  });

  test("to localhost asks nobody where that is, and whose look-up fails is UNREACHABLE", () => {
    const world = new World({ allow: ["localhost:443", "*:443"] });
    assert.deepEqual(only(world.connect(1, { host: "localhost" }), "connect")[0].addresses, ["127.0.0.1", "::1"]);
    assert.deepEqual(reasons(new World({ allow: ["*:443"] }).connect(1, { host: "localhost" })), [REASON.BLOCKED]);
    world.connect(2, { host: "a.example.com" });
    world.session.failed(2, "ECONNREFUSED", world.now);
    assert.deepEqual([reasons(world.all()), world.session.sockets], [[REASON.UNREACHABLE], 1]);
  });

  test("of UDP is BLOCKED unless the relay carries it", () => {
    assert.deepEqual(reasons(world.connect(1, { type: UDP })), [REASON.BLOCKED]);
    assert.equal(only(new World({ udp: true }).connect(1, { type: UDP }), "connect")[0].kind, "udp");
  });

  test("beyond the rates, the connections and the memory is THROTTLED", () => {
    let left = 1;
    const slow = new World({ mayConnect: () => left-- > 0 });
    slow.open(1);
    assert.deepEqual(reasons(slow.connect(2)), [REASON.THROTTLED]);
    const few = new World({ limits: { connections: 2 } });
    few.open(1);
    few.open(2);
    assert.deepEqual(reasons(few.connect(3)), [REASON.THROTTLED]);
    assert.deepEqual(reasons(new World({ memory: new Memory(0) }).connect(1)), [REASON.THROTTLED]);
  });

  test("with the number of a stream that is open ends that stream", () => {
    const link = world.open(1);
    const actions = world.connect(1);
    assert.deepEqual([reasons(actions), wants(actions)], [[REASON.INVALID], ["destroy"]]);
    world.session.closed(link, world.now);
    assert.equal(world.session.sockets, 0);
  });

  test("that nobody answers in time is TIMED_OUT", () => {
    world.connect(1);
    const actions = world.after(world.limits.connectSeconds);
    assert.deepEqual([reasons(actions), wants(actions)], [[REASON.TIMED_OUT], ["destroy"]]);
  });

  test("that fails says how", () => {
    const expected = { ECONNREFUSED: REASON.REFUSED, ETIMEDOUT: REASON.TIMED_OUT, EHOSTUNREACH: REASON.UNREACHABLE, EMFILE: REASON.NETWORK_ERROR };
    for (const [i, [code, reason]] of Object.entries(expected).entries()) {
      world.connect(i + 1);
      world.session.failed(i + 1, code, world.now);
      assert.deepEqual(reasons(world.all()), [reason], code);
    }
  });
});

describe("a stream", () => {
  test("carries bytes both ways; what came before there was a socket too", () => {
    world.connect(1, { host: "a.example.com" });
    assert.deepEqual(world.on(dataPacket(1, bytesOf("early"))), []);
    world.session.lookedUp(1, ["9.9.9.9"], world.now);
    const actions = world.all();
    assert.deepEqual([wants(actions), String(Buffer.from(only(actions, "write")[0].bytes))], [["connect", "write"], "early"]);
    world.session.received(1, bytesOf("answer"), world.now);
    assert.deepEqual(sent(world.all()).map(({ data }) => String(Buffer.from(data ?? []))), ["answer"]);
  });

  test("forwards nothing after CLOSE, and its number is free for another target", () => {
    const old = world.open(5);
    world.on(dataPacket(5, bytesOf("last words")));
    assert.deepEqual(wants(world.on(closePacket(5, REASON.VOLUNTARY))), ["end"]);
    const fresh = world.open(5);
    world.session.received(old, bytesOf("of the old one"), world.now);
    world.session.targetEnded(old, world.now);
    world.session.closed(old, world.now);
    assert.deepEqual(sent(world.all()), []);
    world.session.received(fresh, bytesOf("of the new one"), world.now);
    assert.deepEqual(sent(world.all()).map(({ stream, data }) => [stream, String(Buffer.from(data ?? []))]), [[5, "of the new one"]]);
  });

  test("that was closed counts until its socket is closed, and then the next one starts", () => {
    const world = new World({ limits: { connections: 1 } });
    const link = world.open(1);
    world.on(dataPacket(1, bytesOf("x")), closePacket(1, 2));
    assert.deepEqual(wants(world.connect(2)), []);
    assert.equal(world.session.sockets, 1);
    assert.deepEqual(wants(world.after(world.limits.closeSeconds)), ["destroy"], "and also then");
    assert.equal(world.session.sockets, 1);
    world.session.closed(link, world.now);
    assert.deepEqual(wants(world.all()), ["connect"]);
  });

  test("that was closed lets its target a few seconds to take what was sent, not more", () => {
    world.open(1);
    world.on(dataPacket(1, bytesOf("x")));
    assert.deepEqual(wants(world.on(closePacket(1, 2))), ["end"]);
    assert.deepEqual(wants(world.after(world.limits.closeSeconds - 1)), []);
    assert.deepEqual(wants(world.after(1)), ["destroy"]);
  });

  test("on which nothing moves is closed", () => {
    world.open(1);
    assert.deepEqual(reasons(world.after(world.limits.idleSeconds)), [REASON.TRANSFER_TIMED_OUT]);
  });

  test("ends after all that its target sent, also where the client has no room yet and the socket is gone", () => {
    world.on(continuePacket(0, 4));
    const link = world.open(1);
    world.session.received(link, bytesOf("abcdefgh"), world.now);
    world.session.targetEnded(link, world.now);
    world.session.closed(link, world.now);
    assert.deepEqual(sent(world.all()).map(({ type, data }) => [type, String(Buffer.from(data ?? []))]), [[DATA, "abcd"]]);
    assert.deepEqual(sent(world.on(continuePacket(1, 4))).map(({ type }) => type), [DATA, CLOSE]);
    assert.equal(world.session.sockets, 0);
  });

  test("sends no more than the client has room for, and reads its target no further", () => {
    world.on(continuePacket(0, 10));
    const link = world.open(1);
    world.session.received(link, new Uint8Array(25), world.now);
    const actions = world.all();
    assert.deepEqual([sent(actions)[0].data?.length, actions.at(-1)], [10, { do: "read", link, on: false }]);
    assert.deepEqual(sent(world.on(continuePacket(1, 10)))[0].data?.length, 10);
    assert.deepEqual(wants(world.on(continuePacket(1, 10))), ["read"]);
  });

  test("gives its client credit as the target takes packets", () => {
    const link = world.open(1);
    const packets = Array.from({ length: 20 }, () => dataPacket(1, bytesOf("x")));
    const written = only(world.on(...packets), "write");
    assert.equal(written.length, 20);
    for (const { bytes } of written) world.session.wrote(link, bytes, world.now);
    assert.deepEqual(sent(world.all()).map(({ type, credit }) => [type, credit]), [[CONTINUE, TAKES_CREDIT - 4]]);
  });

  test("takes what was on its way when the target stopped, though it is more than the credit", () => {
    world.open(1);
    const actions = world.on(...Array.from({ length: 5 * TAKES_CREDIT }, () => dataPacket(1, bytesOf("x"))));
    assert.deepEqual([reasons(actions), wants(actions).length], [[], 5 * TAKES_CREDIT]);
  });
});

describe("memory", () => {
  const chunk = new Uint8Array(32 * KIB);

  test("a client with much waiting for its targets is read no further, until they took some", () => {
    const world = new World({ limits: { sessionMemory: 64 * KIB } });
    const link = world.open(1);
    const actions = world.on(dataPacket(1, chunk), dataPacket(1, chunk));
    assert.deepEqual(actions.at(-1), { do: "readClient", on: false });
    world.session.wrote(link, chunk, world.now);
    assert.deepEqual(world.all(), [{ do: "readClient", on: true }]);
  });

  test("a target that takes nothing while the client's others wait loses its connection", () => {
    const world = new World({ limits: { sessionMemory: 64 * KIB } });
    world.open(1);
    world.on(dataPacket(1, chunk), dataPacket(1, chunk));
    const actions = world.after(world.limits.stallSeconds);
    assert.deepEqual([reasons(actions), wants(actions)[0]], [[REASON.THROTTLED], "destroy"]);
    world.session.closed(1, world.now);
    assert.deepEqual(world.all(), [{ do: "readClient", on: true }]);
  });

  test("an adapter that cannot wait ends the stream instead", () => {
    const world = new World({ limits: { sessionMemory: 64 * KIB }, canWait: false });
    world.open(1);
    const actions = world.on(...Array.from({ length: 5 }, () => dataPacket(1, chunk)));
    assert.deepEqual([reasons(actions), wants(actions).at(-1)], [[REASON.THROTTLED], "destroy"]);
  });

  test("a process with much waiting lets every client have one packet on its way", () => {
    const memory = new Memory(80 * KIB);
    const [greedy, modest] = [new World({ memory }), new World({ memory })];
    greedy.open(1);
    modest.open(1);
    assert.equal(greedy.on(dataPacket(1, chunk), dataPacket(1, chunk), dataPacket(1, chunk)).at(-1)?.do, "readClient");
    assert.deepEqual(wants(modest.on(dataPacket(1, chunk))), ["write", "readClient"]);
  });

  test("a client that does not read keeps its targets waiting", () => {
    const link = world.open(1);
    for (let i = 0; i < 40; i++) world.session.received(link, chunk, world.now);
    const actions = world.all();
    assert.equal(only(actions, "read").length, 1);
    for (const { packet } of only(actions, "send")) world.session.sent(packet);
    assert.deepEqual(wants(world.all()), ["read"]);
  });

  test("a client that does not read its refusals is cut off", () => {
    /** @type {Extract<Action, {do: "close"}> | undefined} */
    let cut;
    for (let i = 1; i < 10_000 && !cut; i++) [cut] = only(world.connect(i, { host: "9.9.9.9" }), "close");
    assert.deepEqual([cut?.code, cut?.atOnce], [1008, true]);
  });

  test("tiny packets are counted with what they cost", () => {
    world.open(1);
    world.on(dataPacket(1, bytesOf("x")));
    assert.ok(world.memory.used > 200);
  });

  test("is all given back when the client has left and its sockets are closed", () => {
    const world = new World();
    world.on(continuePacket(0, 10));
    const links = [1, 2, 3].map((id) => world.open(id));
    for (const link of links) world.session.received(link, chunk, world.now);
    world.on(dataPacket(1, chunk), dataPacket(2, chunk), closePacket(2, 2));
    world.session.end(world.now);
    assert.deepEqual(wants(world.all()).filter((what) => what === "destroy").length, 3);
    assert.equal(world.session.done, false);
    for (const link of links) world.session.closed(link, world.now);
    assert.deepEqual([world.session.done, world.memory.used], [true, 0]);
  });
});

describe("a client", () => {
  test("that does not answer a ping is cut off; one that waits is not asked", () => {
    assert.deepEqual(wants(world.after(world.limits.pingSeconds)), ["ping"]);
    world.session.ponged();
    assert.deepEqual(wants(world.after(world.limits.pingSeconds)), ["ping"]);
    assert.deepEqual(wants(world.after(world.limits.pingSeconds)), ["close"]);
  });

  test("that is not read, because its targets take nothing, is written to now and then, to see whether it left", () => {
    const world = new World({ limits: { sessionMemory: 200 } });
    world.open(1);
    assert.deepEqual(wants(world.on(dataPacket(1, bytesOf("x")))), ["write", "readClient"]);
    assert.deepEqual([wants(world.after(1)), wants(world.after(1))], [["ping"], ["ping"]]);
  });

  test("gets no new streams while the relay drains, keeps those it has, and is told to leave after the last", () => {
    const link = world.open(1);
    world.session.drain();
    assert.deepEqual(world.all(), []);
    assert.deepEqual(reasons(world.connect(2)), [REASON.THROTTLED]);
    world.session.received(link, bytesOf("still"), world.now);
    assert.deepEqual(sent(world.all()).length, 1);
    world.session.targetEnded(link, world.now);
    world.session.closed(link, world.now);
    const [close] = only(world.all().slice(-1), "close");
    assert.deepEqual([close.code, close.reason], [1001, "the relay is shutting down"]);
    assert.equal(world.session.done, true);
  });

  test("that floods with refusals fills no log", () => {
    const entries = [];
    for (let i = 1; i < 500; i++) entries.push(...told(world.connect(i, { host: "9.9.9.9" })));
    assert.deepEqual([entries.length, entries.filter(({ quietly }) => !quietly).length], [499, 60]);
  });
});
