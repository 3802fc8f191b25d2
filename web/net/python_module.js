/**
 * `_mpnet`: the network channel as MicroPython's Python files call it. Arguments and results are
 * small integers and strings; buffers come as an address in MicroPython's memory and a length.
 * Errors are negative errno values: no function throws, because a JavaScript exception would end
 * the interpreter. An exception that is thrown all the same is a fault of this package: the call
 * returns FAULT, and Python raises an InternalError with the text of `fault()`.
 */

import { EBADF, EINTR, EINVAL, ENOPROTOOPT, stackOf } from "./errno.js";
import { isMembership, optionName } from "./option_names.js";
import { within } from "./sync_transport.js";

/** @import { LookupAddress } from "./network.js" */

const MSG_PEEK = 0x02;
const MSG_DONTWAIT = 0x40;

/** Milliseconds after which a program that sleeps runs scheduled functions. */
const LONGEST_SLEEP = 100;

/** The result of a call that threw. No errno and no other result has this value. */
const FAULT = -0x10000;

/** getaddrinfo's error numbers. */
const EAI_NONAME = -2;
const EAI_AGAIN = -3;

/**
 * Makes the module for one interpreter.
 *
 * @param {import("./network.js").Network} network
 * @param {() => Uint8Array} memory Returns a new view of MicroPython's memory. A view is valid
 *   until the memory grows.
 * @param {import("./turns.js").Turns | null} [turns] For an interpreter whose event loop is run by
 *   JavaScript's.
 */
export function networkModule(network, memory, turns = null) {
  /** @param {number} handle */
  const get = (handle) => network.get(handle);
  /** @type {LookupAddress[]} */
  let found = [];
  let wakeAt = 0;
  /** @type {unknown} */
  let fault = null;

  const functions = {
    /** @param {number} family @param {number} type */
    socket: (family, type) => network.open(family, type),
    /** @param {number} handle @param {string} host @param {number} port */
    bind: (handle, host, port) => get(handle)?.bind(host, port) ?? -EBADF,
    /** @param {number} handle @param {number} backlog */
    listen: (handle, backlog) => get(handle)?.listen(backlog) ?? -EBADF,
    /** @param {number} handle */
    accept: (handle) => get(handle)?.accept() ?? -EBADF,
    /** @param {number} handle @param {string} host @param {number} port */
    connect: (handle, host, port) => get(handle)?.connect(host, port) ?? -EBADF,
    /** @param {number} handle */
    close: (handle) => get(handle)?.close() ?? 0,
    /** @param {number} handle @param {number} mask */
    poll: (handle, mask) => get(handle)?.poll(mask) ?? 0x20,

    /**
     * @param {number} handle
     * @param {number} address
     * @param {number} length
     * @param {number} flags
     */
    recv(handle, address, length, flags) {
      const socket = get(handle);
      if (!socket) return -EBADF;
      if (flags & ~(MSG_PEEK | MSG_DONTWAIT)) return -EINVAL;
      if (!(flags & MSG_DONTWAIT)) return socket.recvInto(memory(), address, length, (flags & MSG_PEEK) !== 0);
      return within(socket, 0, () => socket.recvInto(memory(), address, length, (flags & MSG_PEEK) !== 0));
    },
    /** @param {number} handle @param {number} address @param {number} length */
    send: (handle, address, length) => get(handle)?.send(memory(), address, length) ?? -EBADF,
    /**
     * @param {number} handle
     * @param {number} address
     * @param {number} length
     * @param {string} host
     * @param {number} port
     */
    sendto(handle, address, length, host, port) {
      const socket = get(handle);
      if (!socket) return -EBADF;
      return "sendTo" in socket ? socket.sendTo(memory(), address, length, host, port) : socket.send(memory(), address, length);
    },

    /**
     * The peer of the last accepted connection or received datagram.
     *
     * @param {number} handle
     */
    peer_host: (handle) => get(handle)?.peer?.host ?? "",
    /** @param {number} handle */
    peer_port: (handle) => get(handle)?.peer?.port ?? 0,

    /**
     * Milliseconds that operations of a socket may wait; -1: without limit.
     *
     * @param {number} handle
     * @param {number} milliseconds
     */
    settimeout(handle, milliseconds) {
      const socket = get(handle);
      if (!socket) return -EBADF;
      socket.timeout = milliseconds < 0 ? Infinity : milliseconds;
      return 0;
    },

    /**
     * @param {number} handle
     * @param {number} level
     * @param {number} option
     * @param {number} value
     * @param {string | null} group
     * @param {string | null} local
     */
    setsockopt(handle, level, option, value, group, local) {
      const socket = get(handle);
      if (!socket) return -EBADF;
      const name = optionName(level, option);
      if (name === undefined) return -ENOPROTOOPT;
      const membership = isMembership(name);
      if (membership !== (group !== null)) return -EINVAL;
      return socket.setOption(name, membership ? { group, local } : value);
    },

    /**
     * Looks a name up; the number of addresses, or an error number of getaddrinfo.
     *
     * @param {string} host
     * @param {number} family
     */
    lookup(host, family) {
      const { value, error, code } = network.lookup(host, family);
      found = value ?? [];
      if (error === undefined) return found.length;
      if (error === EINTR) return -EINTR;
      return code === "EAI_AGAIN" ? EAI_AGAIN : EAI_NONAME;
    },
    /** @param {number} index */
    found_host: (index) => found[index]?.address ?? "",
    /** @param {number} index */
    found_family: (index) => (found[index]?.family === 6 ? 10 : 2),

    /** Whether a call may wait for the network: 1 or 0. */
    waits: () => (network.waits ? 1 : 0),
    /**
     * A promise of 0 or -errno while a socket is being opened; null when it is open.
     *
     * @param {number} handle
     */
    opening: (handle) => get(handle)?.opening ?? null,

    /**
     * Whether JavaScript's event loop runs Python's: 1 or 0. If so, it calls `turn` at the times
     * that turn_in() sets.
     */
    driven: () => (turns ? 1 : 0),
    /** @param {() => void} turn */
    on_turn: (turn) => turns?.start(turn),
    /**
     * Sets the next turn in so many milliseconds; -1: none. There is also a turn after every event.
     *
     * @param {number} milliseconds
     */
    turn_in: (milliseconds) => turns?.schedule(milliseconds),

    seen: () => network.seen() & 0x3fffffff,
    /**
     * Waits for an event after `seen`, at most so many milliseconds (-1: without limit); 0,
     * -ETIMEDOUT or -EINTR.
     *
     * @param {number} seen
     * @param {number} milliseconds
     */
    wait(seen, milliseconds) {
      const now = network.seen();
      if ((now & 0x3fffffff) !== seen) return network.check() ? -EINTR : 0;
      return network.wait(now, milliseconds < 0 ? Infinity : performance.now() + milliseconds);
    },

    /**
     * Begins to sleep. Each call of sleep_on() sleeps for a while and returns whether there is time
     * left.
     *
     * @param {number} milliseconds
     */
    sleep_begin(milliseconds) {
      wakeAt = performance.now() + milliseconds;
      return 0;
    },
    sleep_on() {
      const rest = wakeAt - performance.now();
      if (rest <= 0) return 0;
      network.sleep(Math.min(rest, LONGEST_SLEEP));
      return 1;
    },
  };

  const guard = (/** @type {[string, (...args: any[]) => any]} */ [name, call]) => [name, guarded(call, (caught) => (fault = caught))];
  const safe = /** @type {typeof functions} */ (Object.fromEntries(Object.entries(functions).map(guard)));
  return { ...safe, FAULT, fault: () => stackOf(fault) };
}

/**
 * A function that returns FAULT where `call` throws.
 *
 * @param {(...args: any[]) => any} call
 * @param {(fault: unknown) => void} failed
 */
function guarded(call, failed) {
  return (/** @type {any[]} */ ...args) => {
    try {
      return call(...args);
    } catch (fault) {
      failed(fault);
      return FAULT;
    }
  };
}
