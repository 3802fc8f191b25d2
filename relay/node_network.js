/** Sockets of Node for a relay's clients. */

import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import net from "node:net";

/** @import { SocketEvents } from "./client.js" */

const PATIENCE = { timeout: 2000, tries: 2 };

/**
 * Asks DNS itself: `dns.lookup` has four threads for the whole process, which a few names that
 * nobody answers for would hold.
 *
 * @param {string} name
 * @param {string[]} [servers] Addresses of resolvers, with ports; Default: the system's.
 */
export async function lookup(name, servers) {
  const resolver = new Resolver(PATIENCE);
  if (servers) resolver.setServers(servers);
  const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  const addresses = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
  const failures = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason] : []));
  const failure = failures.find(({ code }) => code !== "ENOTFOUND" && code !== "ENODATA");
  if (addresses.length === 0 && failure) throw failure;
  return addresses;
}

/** @type {import("./client.js").Network["connect"]} */
export function connect({ kind, addresses, port }, events) {
  return kind === "tcp" ? connectTcp(addresses, port, events) : connectUdp(addresses[0], port, events);
}

/** @param {string[]} addresses @param {number} port @param {SocketEvents} events */
function connectTcp(addresses, port, events) {
  // The addresses that were checked, and no others: Node tries them in turn.
  /** @param {string} name */
  /** @type {import("node:net").LookupFunction} */
  const lookup = (name, options, callback) => {
    const all = addresses.map((address) => ({ address, family: net.isIP(address) }));
    if (options.all) callback(null, all);
    else callback(null, all[0].address, all[0].family);
  };
  const host = addresses.length === 1 ? addresses[0] : "target";
  const socket = net.connect({ host, port, lookup, noDelay: true, autoSelectFamily: true });
  socket.on("connect", () => events.connected(socket.remoteAddress));
  socket.on("data", events.data);
  socket.on("error", (error) => events.failed(error instanceof AggregateError ? error.errors[0] : error));
  socket.on("end", events.end);
  socket.on("close", events.closed);
  return {
    /** @param {Uint8Array} bytes */
    write: (bytes) => void socket.write(bytes, () => events.wrote(bytes)),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
    /** @param {boolean} on */
    read: (on) => void (on ? socket.resume() : socket.pause()),
  };
}

/** @param {string} address @param {number} port @param {SocketEvents} events */
function connectUdp(address, port, events) {
  const socket = createSocket(net.isIP(address) === 6 ? "udp6" : "udp4");
  let state = "opening";
  /** @type {Uint8Array[]} */
  const early = [];
  /** @param {Uint8Array} bytes */
  const send = (bytes) => socket.send(bytes, () => events.wrote(bytes)); // a datagram that cannot be sent is lost, as others are
  const destroy = () => {
    if (state === "closed") return;
    state = "closed";
    socket.close();
  };
  /** @param {NodeJS.ErrnoException} error */
  const fail = (error) => {
    if (state !== "closed") events.failed(error);
  };
  socket.on("close", events.closed);
  socket.on("message", (bytes) => events.data(bytes));
  // An answer that nothing listens there is no end of a UDP socket.
  socket.on("error", (/** @type {NodeJS.ErrnoException} */ error) => error.code !== "ECONNREFUSED" && fail(error));
  socket.connect(port, address, (/** @type {[error?: Error]} */ ...[error]) => {
    if (error) return fail(error);
    if (state === "closed") return;
    state = "open";
    events.connected(address);
    early.splice(0).forEach(send);
  });
  return {
    /** @param {Uint8Array} bytes */
    write: (bytes) => void (state === "open" ? send(bytes) : state === "opening" && early.push(bytes)),
    end: destroy,
    destroy,
    read: () => {},
  };
}
