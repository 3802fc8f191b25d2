/** WebSocketStream for Node, over ws: what Chromium has, with its back-pressure. */

import WebSocket from "ws";

export class WebSocketStream {
  /**
   * @param {string} url
   * @param {{protocols?: string[], headers?: Record<string, string>}} [options]
   */
  constructor(url, { protocols = [], headers = {} } = {}) {
    const socket = new WebSocket(url, protocols, { headers });
    this.socket = socket;
    /** @type {Promise<{closeCode: number, reason: string}>} */
    this.closed = new Promise((resolve, reject) => {
      socket.on("close", (closeCode, reason) => {
        if (closeCode === 1006) reject(Object.assign(new Error("closed"), { closeCode, reason: "" }));
        else resolve({ closeCode, reason: String(reason) });
      });
    });
    /**
     * @type {Promise<{readable: ReadableStream<Uint8Array<ArrayBuffer> | string>, writable:
     *   WritableStream<Uint8Array>}>}
     */
    this.opened = new Promise((resolve, reject) => {
      socket.on("error", reject);
      socket.on("open", () => {
        const readable = new ReadableStream({
          start: (controller) => {
            socket.on("message", (data, binary) => {
              controller.enqueue(binary ? new Uint8Array(/** @type {Buffer} */ (data)) : String(data));
              if ((controller.desiredSize ?? 0) <= 0) socket.pause();
            });
            socket.on("close", (code) => {
              if (code === 1006) controller.error(Object.assign(new Error("closed"), { closeCode: code, reason: "" }));
              else controller.close();
            });
          },
          pull: () => socket.resume(),
        });
        const writable = new WritableStream({
          write: (bytes) => new Promise((done, fail) => socket.send(bytes, (error) => (error ? fail(error) : done()))),
          close: () => socket.close(),
        });
        resolve({ readable, writable });
      });
    });
  }

  /** @param {{closeCode?: number, reason?: string}} [info] */
  close({ closeCode, reason } = {}) {
    this.socket.close(closeCode, reason);
  }
}
