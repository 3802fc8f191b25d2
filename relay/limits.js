/** What a relay takes from its clients, and no more. */

const MIB = 1024 * 1024;
/** Bytes of a client's message. */
export const LARGEST_MESSAGE = 256 * 1024;

/**
 * @typedef {object} Limits
 * @property {number} clients WebSockets at a time.
 * @property {number} clientsPerAddress WebSockets of one address at a time; of IPv6, of one /64.
 * @property {number} connections Sockets of one WebSocket at a time, counted until they are closed.
 * @property {number} memory Bytes that may wait in the whole process, on their way in either
 *   direction.
 * @property {number} sessionMemory Bytes of one WebSocket's client that may wait for its targets.
 * @property {number} clientBacklog Bytes that may wait for a client before its targets are read no
 *   more.
 * @property {number} clientsPerMinute WebSockets that one address may open.
 * @property {number} connectsPerMinute Connections that one address, and one token, may ask for.
 * @property {number} connectSeconds For a connection to be made.
 * @property {number} idleSeconds After which a connection on which nothing moves is closed.
 * @property {number} closeSeconds For a target to take what was sent to it before its connection
 *   was closed.
 * @property {number} stallSeconds After which a target that takes nothing loses its connection, if
 *   the client's others wait for it.
 * @property {number} pingSeconds Between questions whether a client is there.
 */

/** @type {Limits} */
export const LIMITS = {
  clients: 64,
  clientsPerAddress: 16,
  connections: 64,
  memory: 256 * MIB,
  sessionMemory: 16 * MIB,
  clientBacklog: MIB,
  clientsPerMinute: 120,
  connectsPerMinute: 600,
  connectSeconds: 10,
  idleSeconds: 15 * 60,
  closeSeconds: 5,
  stallSeconds: 30,
  pingSeconds: 30,
};

/** Bytes that wait anywhere in a relay. */
export class Memory {
  used = 0;

  /** @param {number} limit */
  constructor(limit) {
    this.limit = limit;
  }

  get full() {
    return this.used >= this.limit;
  }
}

/**
 * How often something may happen for each of many keys: so many at once, and as many again in a
 * minute.
 */
export class Rate {
  #perMinute;
  /** @type {Map<string, {left: number, at: number}>} Keys that have not got all of it back. */
  #buckets = new Map();

  /** @param {number} perMinute */
  constructor(perMinute) {
    this.#perMinute = perMinute;
  }

  /**
   * Whether it may happen once more, which is then counted.
   *
   * @param {number} now Milliseconds.
   * @param {string} key
   */
  take(key, now) {
    const left = this.#left(key, now);
    if (left < 1) return false;
    this.#buckets.set(key, { left: left - 1, at: now });
    return true;
  }

  /** Forgets those that have got all of it back. @param {number} now */
  prune(now) {
    for (const key of this.#buckets.keys()) if (this.#left(key, now) >= this.#perMinute) this.#buckets.delete(key);
  }

  /** @param {string} key @param {number} now */
  #left(key, now) {
    const bucket = this.#buckets.get(key);
    if (!bucket) return this.#perMinute;
    return Math.min(this.#perMinute, bucket.left + ((now - bucket.at) / 60_000) * this.#perMinute);
  }
}
