/**
 * A page over HTTP/1.1, by connect(): what fetch() cannot do, over any transport and with any
 * authority. For Node and pages.
 */

import { connect } from "micropython-ssl";

/**
 * @param {string} url Of https:.
 * @param {import("micropython-ssl").ConnectOptions} [options] `ca`, `cert`, `key`, `transport`,
 *   `signal`.
 * @returns {Promise<Response>} Its body is a stream that is read as it comes.
 */
export async function get(url, options = {}) {
  const { hostname, port, pathname, search, host } = new URL(url);
  const socket = connect({ hostname: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 443) }, { secureTransport: "on", ...options });
  const writer = socket.writable.getWriter();
  await writer.write(new TextEncoder().encode(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`));
  const input = new Input(socket.readable.getReader());
  const [, status, statusText] = /^HTTP\/1\.\d (\d+) ?(.*)$/.exec(await input.line()) ?? [];
  if (!status) throw new Error(`${url}: not an answer of HTTP/1.1`);
  const headers = new Headers();
  for (let line; (line = await input.line()) !== ""; ) headers.append(line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim());
  const body = headers.get("transfer-encoding") === "chunked" ? input.chunks() : input.rest(Number(headers.get("content-length") ?? Infinity));
  return new Response(streamOf(body, () => socket.close()), { status: Number(status), statusText, headers });
}

/** What comes, in lines and in pieces. */
class Input {
  #reader;
  #bytes = new Uint8Array(0);

  /** @param {ReadableStreamDefaultReader<Uint8Array>} reader */
  constructor(reader) {
    this.#reader = reader;
  }

  async line() {
    for (;;) {
      const end = this.#bytes.indexOf(10);
      if (end >= 0) return new TextDecoder().decode(this.#take(end + 1)).trimEnd();
      if (!(await this.#more())) throw new Error("the answer ends in its head");
    }
  }

  /** @param {number} length */
  async *rest(length) {
    for (let left = length; left > 0; ) {
      if (this.#bytes.length === 0 && !(await this.#more())) {
        if (length === Infinity) return;
        throw new Error(`the answer ends ${left} bytes early`);
      }
      const piece = this.#take(Math.min(left, this.#bytes.length));
      left -= piece.length;
      yield piece;
    }
  }

  async *chunks() {
    for (let length; (length = parseInt(await this.line(), 16)) !== 0; await this.line()) {
      if (Number.isNaN(length)) throw new Error("a chunk without its length");
      yield* this.rest(length);
    }
  }

  /** @param {number} count */
  #take(count) {
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  async #more() {
    const { done, value } = await this.#reader.read();
    if (done) return false;
    const bytes = new Uint8Array(this.#bytes.length + value.length);
    bytes.set(this.#bytes);
    bytes.set(value, this.#bytes.length);
    this.#bytes = bytes;
    return true;
  }
}

/** @param {AsyncGenerator<Uint8Array, void>} pieces @param {() => void} end */
function streamOf(pieces, end) {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (!done) return controller.enqueue(value);
      controller.close();
      end();
    },
    cancel: end,
  });
}
