/** One UDP socket on the network's side: backend datagrams <-> rings. */

import { EIO, errnoOf, wordsOf } from "./errno.js";
import { ERROR, KICKED, RX_HEAD, RX_START, RX_TAIL, SEND_ERROR, TX_HEAD, TX_START, TX_TAIL, release, socketViews, storeError } from "./layout.js";
import { DatagramRing } from "./datagram_ring.js";
import { Ring } from "./ring.js";

/**
 * @import { Block } from "./layout.js"
 * @import { Datagram } from "./datagram_ring.js"
 * @import { Address, Datagrams, OptionValue } from "./server.js"
 */

export class ServedDatagrams {
  #words;
  #rx;
  #tx;
  #announce;
  /** @type {import("./server.js").Datagrams | null} */
  #datagrams = null;
  /** The peer to associate with when the socket is open. @type {[string, number] | null} */
  #peer = null;
  #sending = false;
  /** @type {(() => void) | null} */
  #closed = null;

  /** @param {Block} memory @param {() => void} announce */
  constructor(memory, announce) {
    const { words, rx, tx } = socketViews(memory);
    this.#words = words;
    this.#rx = new DatagramRing(new Ring(words, RX_HEAD, RX_TAIL, RX_START, rx));
    this.#tx = new DatagramRing(new Ring(words, TX_HEAD, TX_TAIL, TX_START, tx));
    this.#announce = announce;
  }

  /**
   * The events that the backend calls. A datagram that does not fit is dropped, as a kernel does.
   */
  events = {
    /** @param {Uint8Array} bytes */
    message: (/** @type {Uint8Array} */ bytes, /** @type {Address} */ from) => {
      if (this.#closed) return;
      if (this.#rx.append(from.host, from.port, bytes, 0, bytes.length)) this.#announce();
    },
    /** @param {number} error */
    error: (/** @type {Error} */ error) => this.#fail(error),
  };

  /** Sends and receives from now on. Returns the port. @param {Datagrams} datagrams */
  attach(datagrams) {
    this.#datagrams = datagrams;
    const associated = this.#peer && datagrams.associate(...this.#peer);
    Promise.resolve(associated).then(() => this.#drain(), (error) => this.#fail(error));
    return datagrams.port;
  }

  /** @param {string} host @param {number} port */
  associate(host, port) {
    if (this.#datagrams) return this.#datagrams.associate(host, port);
    this.#peer = [host, port];
  }

  /** @param {string} name @param {OptionValue} value */
  setOption(name, value) {
    this.#datagrams?.setOption(name, value);
  }

  notified() {
    this.#drain();
  }

  close() {
    return new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
      this.#closed = resolve;
      this.#drain();
    });
  }

  destroy() {
    this.#datagrams?.close();
    this.#datagrams = null;
    if (this.#closed) {
      release(this.#words);
      this.#closed();
    }
  }

  /** @param {unknown} error */
  #fail(error) {
    if (this.#closed) return;
    this.#note(ERROR, error);
    this.#announce();
  }

  /** @param {number} word @param {unknown} error */
  #note(word, error) {
    storeError(this.#words, word, errnoOf(error, EIO), wordsOf(error));
  }

  #drain() {
    if (this.#sending || !this.#datagrams) return;
    for (;;) {
      const record = this.#tx.first();
      if (record) return this.#send(record);
      Atomics.store(this.#words, KICKED, 0);
      if (this.#tx.empty) break;
      Atomics.store(this.#words, KICKED, 1);
    }
    if (this.#closed) this.destroy();
  }

  /** @param {Datagram} record */
  #send(record) {
    const bytes = new Uint8Array(record.length);
    this.#tx.copy(record, bytes, 0, record.length);
    this.#sending = true;
    /** @param {unknown} error */
    const done = (error) => {
      this.#sending = false;
      if (!this.#datagrams) return;
      if (error) this.#note(SEND_ERROR, error);
      this.#tx.drop(record);
      this.#announce();
      this.#drain();
    };
    try {
      this.#datagrams?.send(bytes, record.host, record.port, done);
    } catch (error) {
      done(error);
    }
  }
}
