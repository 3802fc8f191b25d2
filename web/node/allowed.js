/**
 * A backend of the network channel that reaches only the targets of `--allow`. An allowed name
 * allows the addresses that it resolves to.
 */

import { parseAddress, parseTarget } from "../../relay/targets.js";
import { TransportError } from "../transports/errors.js";

/** @import { Address, OptionValue } from "../net/server.js" */

/** Hosts that mean all addresses of the machine. */
const ANY = new Set(["", "0.0.0.0", "::"]);

/**
 * @param {import("../net/server.js").Backend} backend
 * @param {import("../../relay/targets.js").Targets} targets
 * @returns {import("../net/server.js").Backend}
 */
export function allowedNetwork(backend, targets) {
  const found = new FoundNames();

  /**
   * Whether an address is allowed, by itself or by a name that resolved to it.
   *
   * @param {string} host
   * @param {number} port
   */
  function reaches(host, port) {
    const target = parseTarget(host, port);
    if (target === null) return false;
    const { address } = target;
    const byName = (/** @type {string} */ name) => {
      const named = parseTarget(name, port);
      return named !== null && address !== null && targets.reaches(named, address);
    };
    return targets.allows(target) || found.of(address).some(byName);
  }

  /** @param {string} host @param {number} port */
  function requireReachable(host, port) {
    if (reaches(host, port)) return;
    const [name] = found.of(parseAddress(host));
    throw refused(name ? `${name}:${port} (${host})` : (parseTarget(host, port)?.text ?? `${host}:${port}`));
  }

  /**
   * Listening needs permission too: `--allow` has to name the address. Port 0 needs permission for
   * every port.
   *
   * @param {number} family
   * @param {string} host
   * @param {number} port
   */
  function requireListening(family, host, port) {
    const address = host || (family === 6 ? "::" : "0.0.0.0");
    const ports = port === 0 ? [1, 65535] : [port];
    if (!ports.every((each) => reaches(address, each))) throw refused(`listening on ${address}:${port}`);
  }

  return {
    ...backend,

    async lookup(host, family) {
      if (!targets.knows(host)) throw refused(host);
      const addresses = await backend.lookup(host, family);
      for (const { address } of addresses) found.add(address, host);
      return addresses;
    },

    connect(options, events) {
      requireReachable(options.host, options.port);
      return backend.connect(options, events);
    },

    async listen(options, events) {
      requireListening(options.family, options.host, options.port);
      return backend.listen(options, events);
    },

    async datagram(options, events) {
      const { family, host, port } = options;
      // Who joins a group tells the network of it.
      /** @param {string} name @param {OptionValue | undefined} value */
      const requireGroup = (name, value) => {
        if (name === "add_membership" && typeof value === "object") requireListening(family, value.group ?? "", port);
      };
      requireGroup("add_membership", options.options.get("add_membership"));
      // A socket on any port of any address needs no permission, because peers cannot know its
      // port. It receives only datagrams from allowed addresses.
      if (port !== 0 || !ANY.has(host)) requireListening(family, host, port);
      /** @param {Uint8Array} bytes @param {Address} from */
      const message = (bytes, from) => reaches(from.host, from.port) && events.message(bytes, from);
      const datagrams = await backend.datagram(options, { ...events, message });
      const { send, associate, setOption } = datagrams;
      return Object.assign(datagrams, {
        /**
         * @param {Uint8Array} bytes
         * @param {string} to
         * @param {number} port
         * @param {(error?: Error | null) => void} done
         */
        send(bytes, to, port, done) {
          if (to !== "") requireReachable(to, port);
          send.call(datagrams, bytes, to, port, done);
        },
        /** @param {string} name @param {OptionValue} value */
        setOption(name, value) {
          requireGroup(name, value);
          setOption.call(datagrams, name, value);
        },
        /** @param {string} to @param {number} port */
        async associate(to, port) {
          requireReachable(to, port);
          return associate.call(datagrams, to, port);
        },
      });
    },
  };
}

/** The names that a program has resolved, by their addresses. */
class FoundNames {
  /** @type {Map<string, Set<string>>} */
  #names = new Map();

  /** @param {string} address @param {string} name */
  add(address, name) {
    const key = String(parseAddress(address));
    const names = this.#names.get(key) ?? new Set();
    this.#names.set(key, names.add(name));
  }

  /** @param {object | null} address */
  of(address) {
    return [...(this.#names.get(String(address)) ?? [])];
  }
}

/** @param {string} what */
function refused(what) {
  return new TransportError("EACCES", `${what} is not allowed to this program (--allow)`);
}
