/**
 * The relay for workerd, the runtime of Cloudflare's Workers. Its default export is a Worker whose
 * settings are variables: ALLOW and ORIGINS with commas between, TOKENS as lines "name secret",
 * METRICS, RESOLVER. One isolate's clients share its limits.
 *
 * A Worker cannot be told to read a WebSocket or write to one more slowly. So clients have to give
 * credit, as this project's do, and a client that sends more than its targets take loses the
 * stream. There is no UDP.
 */

import { Client } from "./client.js";
import { jsonLine } from "./log.js";
import { Refusal, Relay, tokenOf } from "./relay.js";
import { parseTokens } from "./tokens.js";
import { connect, lookupBy } from "./workers_network.js";

/**
 * @import { Network } from "./client.js"
 * @import { Entry } from "./log.js"
 * @import { Admission, Visitor } from "./relay.js"
 */

export { jsonLine } from "./log.js";
export { parseTokens, signToken } from "./tokens.js";

const MIB = 1024 * 1024;
/** An isolate has 128 MB, and an invocation six connections. */
export const WORKERS_LIMITS = { connections: 6, memory: 48 * MIB, sessionMemory: 8 * MIB };
const RESOLVER = "https://cloudflare-dns.com/dns-query";
const TICK = 250; // ms

/**
 * A Worker.
 *
 * @param {import("./relay.js").RelayOptions & {metrics?: boolean, resolver?: string}}
 *   options @throws {RangeError}
 * @returns {{fetch: (request: Request) => Promise<Response>}}
 */
export function relayWorker({ metrics = false, resolver = RESOLVER, limits = {}, ...options }) {
  const relay = new Relay({ ...options, udp: false, limits: { ...WORKERS_LIMITS, ...limits } });
  const network = { connect, lookup: lookupBy(resolver) };
  return {
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/health") return new Response(`${relay.health}\n`);
      if (pathname === "/metrics" && metrics) return new Response(relay.metricsText);
      const token = tokenOf(pathname);
      if (token === null) return new Response("not found\n", { status: 404 });
      if (request.headers.get("Upgrade") !== "websocket") {
        return new Response("this is a Wisp relay, for WebSockets\n", { status: 426, headers: { Upgrade: "websocket" } });
      }
      return open(relay, network, request, token);
    },
  };
}

/** @type {ReturnType<typeof relayWorker> | undefined} */
let worker;

export default {
  /** @param {Request} request @param {Record<string, string>} env */
  fetch(request, env) {
    worker ??= relayWorker(optionsOf(env));
    return worker.fetch(request);
  },
};

/** @param {Record<string, string>} env */
function optionsOf({ ALLOW = "", ORIGINS = "", TOKENS = "", METRICS, RESOLVER: resolver }) {
  /** @param {string} text */
  const list = (text) => text.split(",").map((part) => part.trim()).filter(Boolean);
  return {
    allow: list(ALLOW),
    origins: list(ORIGINS),
    tokens: parseTokens(TOKENS),
    metrics: Boolean(METRICS),
    resolver,
    /** @param {Entry} entry */
    log: (entry) => console.log(jsonLine(entry)),
  };
}

/** @param {Relay} relay @param {Network} network @param {Request} request @param {string} token */
async function open(relay, network, request, token) {
  /** @param {string} name */
  const header = (name) => request.headers.get(name) ?? undefined;
  const visitor = { client: header("CF-Connecting-IP") ?? "?", origin: header("Origin"), host: header("Host"), token: token || undefined };
  const answer = await relay.admit(visitor, Date.now(), { canWait: false, needsCredit: true });
  const { 0: theirs, 1: ours } = new WebSocketPair();
  ours.binaryType = "arraybuffer";
  ours.accept();
  if (answer instanceof Refusal) ours.close(answer.code, answer.reason);
  else serve(relay, network, ours, answer, visitor);
  return new Response(null, { status: 101, webSocket: theirs });
}

/**
 * @param {Relay} relay
 * @param {Network} network
 * @param {WorkerWebSocket} socket
 * @param {Admission} admission
 * @param {Visitor} visitor
 */
function serve(relay, network, socket, { session, left, log }, { client: address }) {
  const client = new Client({
    session,
    network,
    socket: {
      send(packet, sent) {
        if (socket.readyState === WebSocket.OPEN) socket.send(packet);
        sent();
      },
      read() {},
      ping() {},
      close: (code, reason) => socket.close(code, reason),
    },
    now: Date.now,
    log,
    failed: (error) => relay.failed(error, { client: address }),
    left() {
      clearInterval(timer);
      left();
    },
  });
  const timer = setInterval(() => {
    relay.tick(Date.now());
    client.tick();
  }, TICK);
  socket.addEventListener("message", ({ data }) => client.receive(typeof data === "string" ? data : new Uint8Array(data)));
  // workerd stops all that a client's request has begun when the client is gone: look-ups and
  // sockets do not end any more.
  const gone = () => {
    client.end();
    client.abandon();
  };
  socket.addEventListener("close", ({ code }) => {
    gone();
    if (socket.readyState !== WebSocket.CLOSED) socket.close(code === 1005 || code === 1006 ? 1000 : code);
  });
  socket.addEventListener("error", gone);
}
