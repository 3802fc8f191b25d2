/** wasi:sockets/tcp over the stream sockets of a network channel. */

import { POLL_RD, POLL_WR } from "../net/base.js";
import { EAGAIN, EALREADY, EINPROGRESS, EISCONN } from "../net/errno.js";
import { SOCK_STREAM } from "../net/network.js";
import { familyOf, toSocketAddress } from "./addresses.js";
import { Opening } from "./opening.js";
import { after } from "./poll.js";
import { HostSocket } from "./socket.js";
import { SocketError, checked } from "./socket_errors.js";
import { InputStream, OutputStream, streamFailure } from "./streams.js";

/**
 * @import { StreamSocket } from "../net/stream.js"
 * @import { Waiting } from "./poll.js"
 * @import { SocketAddress } from "./socket.js"
 * @import { Sockets } from "./sockets.js"
 */

/** The most bytes that one read returns. */
const LARGEST_READ = 256 * 1024;
const BACKLOG = 128;

/** The bytes that read() returns lie here until the next read(). */
const scratch = new Uint8Array(LARGEST_READ);

/**
 * @param {Sockets} sockets
 */
export function tcpInterfaces(sockets) {
  return {
    "wasi:sockets/tcp": { TcpSocket },
    "wasi:sockets/tcp-create-socket": {
      createTcpSocket(/** @type {"ipv4" | "ipv6"} */ familyName) {
        const family = familyOf(familyName);
        return new TcpSocket(sockets, /** @type {StreamSocket} */ (sockets.open(family, SOCK_STREAM)), family);
      },
    },
  };
}

/** @extends {HostSocket<StreamSocket>} */
class TcpSocket extends HostSocket {
  /** @type {"new" | "binding" | "bound" | "starting" | "listening" | "connecting" | "connected"} */
  #state = "new";
  /** The host to which the socket is bound. @type {string | null} */
  #local = null;
  /** @type {{host: string, port: number} | null} */
  #remote = null;
  #backlog = BACKLOG;
  /** @type {Opening | null} */
  #opening = null;
  #keepAlive = false;

  /**
   * @param {Sockets} sockets
   * @param {StreamSocket} socket Of the channel.
   * @param {number} family
   * @param {{host: string, port: number} | null} [peer] The peer of an accepted connection.
   */
  constructor(sockets, socket, family, peer = null) {
    super(sockets, socket, family);
    if (peer) {
      this.#remote = peer;
      this.#state = "connected";
    }
  }

  /** @param {object} network @param {SocketAddress} address */
  startBind(network, address) {
    this.#expect("new");
    const { host, port } = this.named(address);
    checked(this.socket.bind(host, port), this.socket);
    this.#local = host;
    this.#state = "binding";
  }

  finishBind() {
    this.#expect("binding", "not-in-progress");
    this.#state = "bound";
  }

  startListen() {
    this.#expect("bound");
    checked(this.socket.listen(this.#backlog), this.socket);
    this.#opening = new Opening(this.socket);
    this.#state = "starting";
  }

  finishListen() {
    this.#expect("starting", "not-in-progress");
    this.#opening?.finish();
    this.#state = "listening";
  }

  accept() {
    this.#expect("listening");
    const handle = this.socket.accept();
    if (handle === -EAGAIN) throw "would-block";
    const socket = /** @type {StreamSocket} */ (this.sockets.get(checked(handle)));
    return [new TcpSocket(this.sockets, socket, this.family, socket.peer), ...this.#streams(socket)];
  }

  /** @param {object} network @param {SocketAddress} address */
  startConnect(network, address) {
    if (this.#state !== "new" && this.#state !== "bound") throw "invalid-state";
    const { host, port } = this.named(address);
    const result = this.socket.connect(host, port);
    if (result !== -EINPROGRESS) checked(result, this.socket);
    this.#remote = { host, port };
    this.#state = "connecting";
    this.sockets.onConnecting();
  }

  finishConnect() {
    this.#expect("connecting", "not-in-progress");
    const remote = /** @type {{host: string, port: number}} */ (this.#remote);
    const result = this.socket.connect(remote.host, remote.port);
    if (result === -EALREADY) throw "would-block";
    if (result !== -EISCONN) {
      this.#state = "new";
      checked(result, this.socket);
    }
    this.#state = "connected";
    return this.#streams(this.socket);
  }

  localAddress() {
    if (this.#local === null) throw "invalid-state";
    return toSocketAddress(this.#local, this.socket.localPort, this.family);
  }

  remoteAddress() {
    this.#expect("connected");
    const remote = /** @type {{host: string, port: number}} */ (this.#remote);
    return toSocketAddress(remote.host, remote.port, this.family);
  }

  isListening() {
    return this.#state === "listening";
  }

  /** @param {bigint} size */
  setListenBacklogSize(size) {
    if (size === 0n) throw "invalid-argument";
    this.#backlog = Math.min(Number(size), 65535);
  }

  keepAliveEnabled() {
    return this.#keepAlive;
  }

  /** @param {boolean} enabled */
  setKeepAliveEnabled(enabled) {
    checked(this.socket.setOption("keepalive", enabled ? 1 : 0));
    this.#keepAlive = enabled;
  }

  subscribe() {
    const socket = this.socket;
    return this.sockets.waiting.pollable(() => this.#isIdle() || socket.poll(POLL_RD | POLL_WR) !== 0);
  }

  shutdown() {
    this.#expect("connected");
    throw "not-supported";
  }

  /** Whether no operation of the socket can be waited for. */
  #isIdle() {
    if (this.#state === "starting") return this.#opening?.isOver ?? true;
    return this.#state !== "listening" && this.#state !== "connecting";
  }

  /** @param {StreamSocket} socket @returns {[SocketInput, SocketOutput]} */
  #streams(socket) {
    const { waiting } = this.sockets;
    return [new SocketInput(socket, waiting), new SocketOutput(socket, waiting)];
  }

  /** @param {string} state @param {string} [otherwise] */
  #expect(state, otherwise = "invalid-state") {
    if (this.#state !== state) throw otherwise;
  }
}

for (const name of ["keepAliveIdleTime", "keepAliveInterval", "keepAliveCount", "hopLimit"]) {
  Reflect.set(TcpSocket.prototype, name, notSupported);
}
for (const name of ["setKeepAliveIdleTime", "setKeepAliveInterval", "setKeepAliveCount", "setHopLimit"]) Reflect.set(TcpSocket.prototype, name, notSupported);

function notSupported() {
  throw "not-supported";
}

/** The received bytes of a connection. */
export class SocketInput extends InputStream {
  #socket;
  #waiting;

  /**
   * @param {StreamSocket} socket
   * @param {Waiting} waiting
   */
  constructor(socket, waiting) {
    super();
    this.#socket = socket;
    this.#waiting = waiting;
    socket.timeout = 0;
  }

  /** @param {bigint} length */
  read(length) {
    const wanted = length > LARGEST_READ ? LARGEST_READ : Number(length);
    const count = this.#socket.recvInto(scratch, 0, wanted);
    if (count > 0) return scratch.subarray(0, count);
    if (count === 0 && wanted > 0) throw streamFailure();
    if (count === 0 || count === -EAGAIN) return scratch.subarray(0, 0);
    throw streamFailure(new SocketError(-count));
  }

  subscribe() {
    return this.#waiting.socketPollable(this.#socket, POLL_RD);
  }
}

/** The sent bytes of a connection. */
class SocketOutput extends OutputStream {
  #socket;
  #waiting;

  /** @param {StreamSocket} socket @param {Waiting} waiting */
  constructor(socket, waiting) {
    super();
    this.#socket = socket;
    this.#waiting = waiting;
  }

  checkWrite() {
    return BigInt(this.#checked(this.#socket.room()));
  }

  /** @param {Uint8Array} bytes */
  write(bytes) {
    const { ended } = this.#socket; // before this write, which the peer may answer with a reset
    const count = this.#checked(this.#socket.send(bytes, 0, bytes.length));
    if (count < bytes.length) throw new RangeError("a write of more than the stream has room for");
    // A peer that has ended its side may be gone. That shows when these bytes are sent, so that the
    // next write can fail.
    if (ended) return after(this.#waiting.until(() => this.#socket.isSent()), () => void this.checkWrite());
  }

  flush() {}

  blockingFlush() {
    return after(this.#waiting.until(() => this.#socket.isSent()), () => {});
  }

  subscribe() {
    return this.#waiting.socketPollable(this.#socket, POLL_WR);
  }

  /** @param {number} result */
  #checked(result) {
    if (result === -EAGAIN) return 0;
    if (result < 0) throw streamFailure(new SocketError(-result));
    return result;
  }
}
