/**
 * A component uses its sockets, and their peers and the network behave, as the input says: whatever
 * fails is an error of WASI, bytes arrive once and in their order, and nothing is left in the end.
 */

import assert from "node:assert/strict";
import { DROP } from "../../web/dispose.js";
import { LARGEST_DATAGRAM } from "../../web/net/datagram_ring.js";
import { EINTR } from "../../web/net/errno.js";
import { LocalNetwork } from "../../web/net/local_network.js";
import { Waiting } from "../../web/wasi/poll.js";
import { socketInterfaces } from "../../web/wasi/sockets.js";
import { IoError } from "../../web/wasi/streams.js";

/** @import { Backend, ConnectionEvents, DatagramEvents, IncomingConnection } from "../../web/net/server.js" */

const MOST_SOCKETS = 6;
const CODES = ["ECONNREFUSED", "ECONNRESET", "EACCES", "EADDRINUSE", "EPIPE", "odd"];
const from = { host: "192.0.2.1", port: 9 };

/** @param {Uint8Array} input */
export async function run(input) {
  let at = 0;
  const next = () => input[at++] ?? 0;
  const length = () => next() << (next() % 12);
  /** @template T @param {T[]} list @returns {T} */
  const pick = (list) => list[next() % list.length];
  const failure = () => Object.assign(new Error("fuzzed"), { code: pick(CODES) });
  /** Failures that the input asks for. */
  const mayFail = () => {
    if (next() % 4 === 3) throw failure();
  };

  /** @type {Peer[]} */
  const peers = [];
  /** @type {{connection: (socket: IncomingConnection) => void}[]} */
  const listeners = [];
  /** @type {DatagramEvents[]} */
  const datagrams = [];
  /** What the network has not done yet. @type {((error?: Error) => void)[]} */
  const undone = [];
  let incoming = 0;

  /** A peer of a connection. Bytes count up in both directions. */
  class Peer {
    over = false;
    ended = false;
    opened = false;
    paused = false;
    sent = 0;
    got = 0;

    /** @param {ConnectionEvents} events */
    constructor(events) {
      this.events = events;
      peers.push(this);
    }
    /** @param {Uint8Array} bytes @param {() => void} done */
    write(bytes, done) {
      for (const byte of bytes) assert.equal(byte, this.got++ & 0xff, "what is sent");
      undone.push(() => this.over || done());
    }
    pause() {
      this.paused = true;
    }
    resume() {
      this.paused = false;
    }
    /** @param {() => void} done */
    end(done) {
      this.over = true;
      done();
    }
    destroy() {
      this.over = true;
    }
    setOption() {
      mayFail();
    }
    act() {
      if (this.over) return;
      const act = next() % 8;
      if (!this.opened) {
        this.opened = true;
        return act < 6 ? this.events.open() : this.fail();
      }
      if (act === 7) return this.fail();
      if (this.ended || this.paused) return;
      if (act === 6) {
        this.ended = true;
        return this.events.end();
      }
      const space = act & 1 ? this.events.space() : new Uint8Array(1 + length());
      const count = Math.min(1 + length(), space.length);
      for (let i = 0; i < count; i++) space[i] = this.sent++ & 0xff;
      if (act & 1) this.events.filled(count);
      else this.events.data(space.slice(0, count));
    }
    fail() {
      this.over = true;
      this.events.error(failure());
    }
  }

  /** @type {Backend} */
  const backend = {
    lookup: async () => [],
    input: (events) => new Peer(events),
    connect(_, events) {
      mayFail();
      return new Peer(events);
    },
    async listen(_, events) {
      mayFail();
      listeners.push(events);
      return { port: 1 + next(), close: async () => void listeners.splice(listeners.indexOf(events), 1) };
    },
    async datagram(_, events) {
      mayFail();
      datagrams.push(events);
      return {
        port: 1 + next(),
        send(bytes, host, port, done) {
          assert.ok(bytes.length <= LARGEST_DATAGRAM);
          undone.push(done);
        },
        associate: async () => mayFail(),
        close: () => void datagrams.splice(datagrams.indexOf(events), 1),
        setOption: mayFail,
      };
    },
    checkOption: mayFail,
  };
  const events = [
    () => pick(peers)?.act(),
    () => pick(peers)?.act(),
    () => undone.shift()?.(next() % 4 === 3 ? failure() : undefined),
    () => {
      const connection = { peer: from, accept: (/** @type {ConnectionEvents} */ it) => (incoming--, new Peer(it)), destroy: () => void incoming-- };
      if (listeners.length && ++incoming) pick(listeners).connection(connection);
    },
    () => pick(datagrams)?.message(new Uint8Array(length() % (LARGEST_DATAGRAM + 1)), from),
    () => pick(datagrams)?.error(failure()),
  ];
  const happen = () => pick(events)();

  /** A network that goes on while the component waits, until the input has ended. */
  class Fuzzed extends LocalNetwork {
    wait() {
      if (at >= input.length) return -EINTR;
      happen();
      return 0;
    }
  }
  const network = new Fuzzed(backend, () => {});
  const waiting = new Waiting(network);
  const wasi = /** @type {any} */ (socketInterfaces(network, waiting));
  const world = wasi["wasi:sockets/instance-network"].instanceNetwork();

  /** @type {any[]} */
  const [tcp, udp, outputs, incomings, outgoings] = [[], [], [], [], []];
  /** @type {{stream: any, got: number}[]} */
  const inputs = [];
  /** @type {any[]} */
  const pollables = [];
  const address = () => (next() & 1 ? { tag: "ipv4", val: { port: next() % 4, address: [127, 0, 0, next() % 3] } } : { tag: "ipv6", val: { port: 1, flowInfo: 0, address: [0, 0, 0, 0, 0, 0, 0, 1], scopeId: 0 } });
  /** @param {any} input @param {any} output */
  const connected = (input, output) => {
    if (!input) return;
    inputs.push({ stream: input, got: 0 });
    outputs.push({ stream: output, sent: 0 });
  };
  /** @param {"read" | "blockingRead"} how */
  const read = (how) => {
    const input = pick(inputs);
    for (const byte of input?.stream[how](BigInt(length())) ?? []) assert.equal(byte, input.got++ & 0xff, "what is received");
  };
  /** @param {"write" | "blockingWriteAndFlush"} how @param {number} most */
  const write = (how, most) => {
    const output = pick(outputs);
    if (!output) return;
    const bytes = Uint8Array.from({ length: Math.min(length(), most, how === "write" ? Number(output.stream.checkWrite()) : 4096) }, (_, i) => output.sent + i);
    output.sent += bytes.length;
    output.stream[how](bytes);
  };
  const calls = [
    () => tcp.length < MOST_SOCKETS && tcp.push(wasi["wasi:sockets/tcp-create-socket"].createTcpSocket(pick(["ipv4", "ipv6"]))),
    () => udp.length < MOST_SOCKETS && udp.push(wasi["wasi:sockets/udp-create-socket"].createUdpSocket(pick(["ipv4", "ipv6"]))),
    () => pick(tcp)?.startConnect(world, address()),
    () => connected(.../** @type {[any, any]} */ (pick(tcp)?.finishConnect() ?? [])),
    () => pick(tcp)?.startBind(world, address()),
    () => pick(tcp)?.finishBind(),
    () => pick(tcp)?.startListen(),
    () => pick(tcp)?.finishListen(),
    () => {
      const [socket, input, output] = (tcp.length < MOST_SOCKETS && pick(tcp)?.accept()) || [];
      if (socket) tcp.push(socket);
      connected(input, output);
    },
    () => [pick(tcp), pick(udp)].map((socket) => [socket?.addressFamily(), socket?.localAddress()]),
    () => [pick(tcp), pick(udp)].map((socket) => socket?.remoteAddress()),
    () => pick([...tcp, ...udp])?.setSendBufferSize(BigInt(length())),
    () => pick([...tcp, ...udp])?.setReceiveBufferSize(BigInt(length())),
    () => pick(tcp)?.setKeepAliveEnabled(next() % 2 === 1),
    () => pick(tcp)?.setListenBacklogSize(BigInt(next())),
    () => pick(udp)?.setUnicastHopLimit(next()),
    () => read("read"),
    () => read("blockingRead"),
    () => write("write", Infinity),
    () => write("blockingWriteAndFlush", 4096),
    () => pick(outputs)?.stream.blockingFlush(),
    () => pick(udp)?.startBind(world, address()),
    () => pick(udp)?.finishBind(),
    () => {
      const [input, output] = pick(udp)?.stream(next() & 1 ? address() : undefined) ?? [];
      if (!input) return;
      incomings.push(input);
      outgoings.push(output);
    },
    () => pick(incomings)?.receive(BigInt(next())).forEach((/** @type {any} */ { data, remoteAddress }) => assert.ok(data.length <= LARGEST_DATAGRAM && remoteAddress)),
    () => pick(outgoings)?.send([{ data: new Uint8Array(length()), remoteAddress: next() & 1 ? address() : undefined }]),
    () => pick(outgoings)?.checkSend(),
    () => {
      const one = pick([...tcp, ...udp, ...incomings, ...outgoings, ...[...inputs, ...outputs].map(({ stream }) => stream)]);
      if (one) pollables.push(one.subscribe());
    },
    () => pick(pollables)?.ready(),
    () => pollables.length && waiting.poll([pick(pollables), pick(pollables)]),
    () => pick(tcp)?.[DROP](),
    () => pick(udp)?.[DROP](),
  ];
  while (at < input.length) {
    try {
      (next() & 1 ? happen : pick(calls))();
    } catch (error) {
      if (!isOfWasi(error)) throw error;
    }
    await turns();
  }
  for (const socket of [...tcp, ...udp]) socket[DROP]();
  do await turns();
  while (undone.splice(0).map((done) => done()).length);
  assert.equal(peers.filter(({ over }) => !over).length + listeners.length + datagrams.length + incoming, 0, "something is left");
}

/** @param {any} error */
function isOfWasi(error) {
  if (typeof error === "string") return /^[a-z-]+$/.test(error);
  return error.tag === "closed" || (error.tag === "last-operation-failed" && error.val instanceof IoError);
}

/** Lets what promises resolve to happen. */
async function turns() {
  for (let i = 0; i < 6; i++) await null;
}
