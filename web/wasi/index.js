/**
 * WASI 0.2 for components in JavaScript: the interfaces of wasi:cli, clocks, filesystem, io, random
 * and sockets. They have the form that Component and components of jco import. A network channel
 * has the sockets and does the waiting: see web/net.
 *
 * @module
 */

import { Exit, NoInput, cliInterfaces } from "./cli.js";
import { clockInterfaces } from "./clocks.js";
import { Pollable, Waiting, suspends } from "./poll.js";
import { randomInterfaces } from "./random.js";
import { errorNumber, errorText } from "./socket_errors.js";
import { setSocketOption } from "./socket_options.js";
import { socketInterfaces } from "./sockets.js";
import { InputStream, IoError, OutputStream } from "./streams.js";
import { SocketInput } from "./tcp.js";

/**
 * @import { StreamSocket } from "../net/stream.js"
 * @import { SocketNetwork } from "./sockets.js"
 */

export { Component } from "../component/instantiate.js";
export { Exit, errorNumber, errorText, setSocketOption, suspends };

/**
 * @param {object} host
 * @param {SocketNetwork} host.network
 * @param {{types: object, preopens: object}} host.filesystem From filesystem().
 * @param {string[]} host.args The program's name, and its arguments.
 * @param {Record<string, string>} [host.env]
 * @param {string} [host.cwd]
 * @param {(bytes: Uint8Array) => void} host.stdout Writes all bytes. They are overwritten after the
 *   call.
 * @param {(bytes: Uint8Array) => void} host.stderr
 * @param {boolean} [host.stdin] Whether the network has standard input for the program. If not, the
 *   program reads the end of file.
 * @param {boolean[]} [host.terminals] Whether standard input, output and error are terminals.
 * @returns {Record<string, object>} The interfaces, by name.
 */
export function wasi({ network, filesystem, args, env = {}, cwd, stdout, stderr, stdin = false, terminals }) {
  const waiting = new Waiting(network);
  /** @type {InputStream | null} */
  let input = null;
  const openInput = () => (input ??= stdin ? new ProcessInput(network, waiting) : new NoInput(waiting));
  return {
    ...cliInterfaces({ args, env, cwd, stdin: openInput, stdout, stderr, terminals }, waiting),
    ...clockInterfaces(waiting),
    ...randomInterfaces(),
    ...socketInterfaces(network, waiting),
    "wasi:io/error": { Error: IoError },
    "wasi:io/poll": { Pollable, poll: waiting.poll },
    "wasi:io/streams": { InputStream, OutputStream },
    "wasi:filesystem/types": filesystem.types,
    "wasi:filesystem/preopens": filesystem.preopens,
  };
}

/** Standard input. It is opened at the program's first read. */
class ProcessInput extends InputStream {
  #open;

  /** @param {SocketNetwork} network @param {Waiting} waiting */
  constructor(network, waiting) {
    super();
    /** @type {SocketInput | null} */
    let opened = null;
    this.#open = () => {
      if (!opened) {
        const socket = /** @type {StreamSocket | null} */ (network.openInput());
        if (!socket) throw new RangeError("no memory for standard input");
        opened = new SocketInput(socket, waiting);
      }
      return opened;
    };
  }

  /** @param {bigint} length */
  read(length) {
    return this.#open().read(length);
  }

  subscribe() {
    return this.#open().subscribe();
  }
}
