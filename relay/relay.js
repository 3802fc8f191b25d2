/**
 * What the clients of a relay share: its rules, its budgets, and who is there. Like Session it
 * opens nothing; node.js and workers.js do.
 */

import ipaddr from "ipaddr.js";

import { REFUSAL } from "../web/transports/wisp_packets.js";
import { LIMITS, Memory, Rate } from "./limits.js";
import { Metrics } from "./metrics.js";
import { Session } from "./session.js";
import { Targets, parseAddress } from "./targets.js";
import { Tokens } from "./tokens.js";

/**
 * @import { Entry } from "./log.js"
 * @import { SessionEntry } from "./actions.js"
 */

/**
 * @typedef {object} RelayOptions
 * @property {string[]} [allow] Targets; see Targets. Default: none.
 * @property {string[]} [origins] Origins of pages that may use the relay besides those of its own
 *   host; "*" for all.
 * @property {Record<string, string>} [tokens] Secrets by their holders' names; with any, clients
 *   need a token. See Tokens.
 * @property {boolean} [udp] Whether UDP is carried. Default: false.
 * @property {Partial<import("./limits.js").Limits>} [limits]
 * @property {(entry: import("./log.js").Entry) => void} [log]
 *
 * @typedef {object} Visitor Who wants to be a client.
 * @property {string} client Its address.
 * @property {string} [origin] Of the page, if it is one.
 * @property {string} [host] The Host that it asked for.
 * @property {string} [token]
 *
 * @typedef {object} Admission
 * @property {Session} session
 * @property {() => void} left To be called when nothing of the client is left.
 * @property {(entry: SessionEntry) => void} log
 */

/** Bytes of a WebSocket's close for its reason, which may have a client's own words in it. */
const LONGEST_REASON = 123;
/** Clients of one address that were turned away and are logged in a minute. */
const REFUSALS_LOGGED = 60;

/** Why a client is turned away: the code and the reason of the WebSocket's close. */
export class Refusal {
  /** @param {number} code @param {string} reason It is cut where it is too long for a close. */
  constructor(code, reason) {
    this.code = code;
    // stream: a character that was cut in the middle is left out.
    this.reason = new TextDecoder().decode(new TextEncoder().encode(reason).subarray(0, LONGEST_REASON), { stream: true });
  }
}

export class Relay {
  #tokens;
  #origins;
  #opens;
  #connects;
  #refusals = new Rate(REFUSALS_LOGGED);
  /** How many clients an address has. @type {Map<string, number>} */
  #clients = new Map();
  /** @type {Set<Session>} */
  #sessions = new Set();
  #log;
  #pruned = 0;

  /** @param {RelayOptions} options @throws {RangeError} Says which option is wrong. */
  constructor({ allow = [], origins = [], tokens = {}, udp = false, limits = {}, log = () => {} }) {
    this.targets = new Targets(allow);
    this.limits = { ...LIMITS, ...limits };
    this.memory = new Memory(this.limits.memory);
    this.metrics = new Metrics();
    this.udp = udp;
    this.draining = false;
    this.#origins = new Set(origins.map(parseOrigin));
    this.#tokens = Object.keys(tokens).length > 0 ? new Tokens(tokens) : null;
    this.#opens = new Rate(this.limits.clientsPerMinute);
    this.#connects = new Rate(this.limits.connectsPerMinute);
    this.#log = log;
  }

  /** Names of hosts whose pages may use the relay. */
  get originHosts() {
    return [...this.#origins].filter((origin) => origin !== "*").map((origin) => new URL(origin).hostname);
  }

  /**
   * Whether a client is let in.
   *
   * @param {Visitor} visitor
   * @param {number} now Milliseconds since 1970.
   * @param {{canWait?: boolean, needsCredit?: boolean}} [adapter] See Session.
   * @returns {Promise<Admission | Refusal>}
   */
  async admit(visitor, now, adapter = {}) {
    const refusal = this.#unwelcome(visitor) ?? (await this.#checkToken(visitor, now));
    if (refusal instanceof Refusal) return this.turnAway(visitor, refusal, now);
    const { holder, key: token } = refusal ?? {};
    const key = addressKey(visitor.client);
    const full = this.#noRoom(key, now);
    if (full) return this.turnAway(visitor, full, now);
    const keys = token === undefined ? [key] : [key, `token ${token}`];
    const session = new Session({
      targets: this.targets,
      limits: this.limits,
      memory: this.memory,
      udp: this.udp,
      ...adapter,
      mayConnect: (time) => keys.every((each) => this.#connects.take(each, time)),
    }, now);
    this.#clients.set(key, (this.#clients.get(key) ?? 0) + 1);
    this.#sessions.add(session);
    this.metrics.add("clients_total");
    const who = { client: visitor.client, ...(holder !== undefined && { token: holder }) };
    return { session, left: () => this.#left(session, key), log: (entry) => this.#record({ ...entry, ...who }) };
  }

  /**
   * Counts and logs a client that is not let in.
   *
   * @param {Visitor} visitor
   * @param {Refusal} refusal
   * @param {number} now
   */
  turnAway(visitor, refusal, now) {
    this.metrics.add("clients_refused_total", { code: refusal.code });
    const logged = this.#refusals.take(addressKey(visitor.client), now);
    if (logged) this.#log({ event: "turned away", client: visitor.client, reason: String(refusal.code), why: refusal.reason });
    return refusal;
  }

  /** Something went wrong that no client is to blame for. @param {unknown} error */
  failed(error, who = {}) {
    this.metrics.add("errors_total");
    this.#log({ event: "error", ...who, why: String(error instanceof Error ? error.stack : error) });
  }

  /** To be called a few times a second. @param {number} now */
  tick(now) {
    if (now - this.#pruned < 60_000) return;
    this.#pruned = now;
    this.#opens.prune(now);
    this.#connects.prune(now);
    this.#refusals.prune(now);
  }

  /** Whether it takes clients, for whoever balances load. */
  get health() {
    return this.draining ? "draining" : "ok";
  }

  get metricsText() {
    let sockets = 0;
    for (const session of this.#sessions) sockets += session.sockets;
    return this.metrics.text({
      clients: ["Clients that are connected.", this.#sessions.size],
      connections: ["Sockets to targets that are open or being opened.", sockets],
      waiting_bytes: ["Bytes that wait in the relay.", this.memory.used],
      waiting_bytes_limit: ["Bytes that may wait in the relay.", this.memory.limit],
      draining: ["1 when no new clients are taken.", Number(this.draining)],
    });
  }

  /** @param {Visitor} visitor */
  #unwelcome({ origin, host }) {
    if (this.draining) return new Refusal(REFUSAL.UNAVAILABLE, "the relay is shutting down");
    if (origin === undefined || this.#origins.has("*") || this.#origins.has(origin) || hostOf(origin) === host) return null;
    return new Refusal(REFUSAL.ORIGIN, `pages of ${origin} may not use this relay`);
  }

  /** @param {Visitor} visitor @param {number} now */
  async #checkToken({ token }, now) {
    if (!this.#tokens) return token === undefined ? null : new Refusal(REFUSAL.TOKEN, "the relay knows no tokens");
    if (token === undefined) return new Refusal(REFUSAL.TOKEN, "the relay wants a token in its address");
    return (await this.#tokens.check(token, now)) ?? new Refusal(REFUSAL.TOKEN, "the token is wrong or has expired");
  }

  /** @param {string} key @param {number} now */
  #noRoom(key, now) {
    const { clients, clientsPerAddress, clientsPerMinute } = this.limits;
    /** @param {string} many */
    const too = (many) => new Refusal(REFUSAL.TOO_MANY, many);
    if (!this.#opens.take(key, now)) return too(`the relay lets an address in ${clientsPerMinute} times a minute`);
    if ((this.#clients.get(key) ?? 0) >= clientsPerAddress) return too(`the relay allows ${clientsPerAddress} clients of one address`);
    if (this.#sessions.size >= clients) return new Refusal(REFUSAL.UNAVAILABLE, `${clients} clients are connected to the relay already`);
    if (this.memory.full) return new Refusal(REFUSAL.UNAVAILABLE, "the relay has too much to do");
    return null;
  }

  /** @param {Session} session @param {string} key */
  #left(session, key) {
    if (!this.#sessions.delete(session)) return;
    const rest = (this.#clients.get(key) ?? 1) - 1;
    if (rest > 0) this.#clients.set(key, rest);
    else this.#clients.delete(key);
  }

  #record({ quietly = false, ...rest }) {
    const entry = /** @type {Entry} */ (rest);
    const { event, kind, reason = "client", up, down } = entry;
    if (event === "connected") this.metrics.add("connections_total", { kind: kind ?? "tcp" });
    if (event === "refused") this.metrics.add("connections_refused_total", { reason });
    if (event === "closed") {
      this.metrics.add("connections_closed_total", { reason });
      this.metrics.add("bytes_total", { direction: "up" }, up);
      this.metrics.add("bytes_total", { direction: "down" }, down);
    }
    if (!quietly) this.#log(entry);
  }
}

/** Path of a relay; a token follows it as "token/". */
export const RELAY_PATH = "/relay/";

/**
 * The token in a relay's path, "" where there is none; null for other paths.
 *
 * @param {string} path
 */
export function tokenOf(path) {
  const match = /^\/relay\/(?:([^/]+)\/)?$/.exec(path);
  return match ? (match[1] ?? "") : null;
}

/**
 * What counts as one address for limits: of IPv6, the /64 that a subscriber has.
 *
 * @param {string} text
 */
function addressKey(text) {
  const address = parseAddress(text);
  if (!(address instanceof ipaddr.IPv6)) return address ? String(address) : text;
  return `${address.parts.slice(0, 4).map((part) => part.toString(16)).join(":")}::/64`;
}

/** An origin as browsers send it. @throws {RangeError} @param {string} text */
function parseOrigin(text) {
  if (text === "*") return text;
  const { origin, pathname, search, hash } = URL.canParse(text) ? new URL(text) : {};
  if (!origin || origin === "null" || pathname !== "/" || search || hash) {
    throw new RangeError(`not an origin: ${text} (expected https://host or https://host:port)`);
  }
  return origin;
}

/** @param {string} origin */
function hostOf(origin) {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
