/**
 * `micropython-ssl serve`: a static server whose pages may share memory between threads, and a Wisp
 * relay beside it.
 */

import { createServer } from "node:http";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { answerUpgrade } from "../../relay/answer_upgrade.js";
import { NodeRelay } from "../../relay/node.js";
import { tokenOf } from "../../relay/relay.js";
import { StaticFiles, pathOf, respond } from "./static_files.js";

/**
 * @import { IncomingMessage } from "node:http"
 * @import { AddressInfo } from "node:net"
 * @import { RelayOptions } from "../../relay/relay.js"
 *
 * @typedef {object} ServerOptions The relay's options come with them: see NodeRelay.
 * @property {[string, string][]} mounts Path prefixes ending in "/" and their folders. The first
 *   folder that has the file is used.
 * @property {Record<string, string | Uint8Array>} [files] Contents of further files, by path.
 * @property {string} [host] Address to listen on; loopback by default.
 * @property {number} [port] 0 takes a free one.
 * @property {boolean} [isolate] Whether to send the headers that make pages cross-origin isolated;
 *   true by default.
 * @property {string} [policy] Content-Security-Policy of every file; none by default.
 * @property {boolean} [metrics] Whether to answer at /metrics.
 * @property {number} [patience] Milliseconds after which a browser that takes nothing of a file is
 *   cut off; a minute by default.
 */

/** A browser has SharedArrayBuffer only with these headers, and blocking calls need it. */
const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

/** The most open HTTP connections besides those of the relay's clients. */
const VISITORS = 1024;
const PATIENCE = 60_000; // ms

/**
 * Starts the server.
 *
 * @param {ServerOptions & RelayOptions & {trustedProxies?: string[]}} options
 * @returns {Promise<{url: string, port: number, drain: (seconds: number) => Promise<void>, close:
 *   () => Promise<void>}>}
 */
export async function serve({ mounts, files = {}, host = "127.0.0.1", port = 0, isolate = true, policy = "", metrics = false, patience = PATIENCE, ...options }) {
  const relay = new NodeRelay(options);
  const site = new StaticFiles({ mounts, files, headers: { ...(isolate && ISOLATION), ...(policy && { "Content-Security-Policy": policy }) } });
  const names = new Set(["localhost", hostname().toLowerCase(), ...relay.originHosts]);
  const server = createServer((request, response) => {
    const path = pathOf(request);
    if (path === "/health") return respond(response, relay.health === "ok" ? 200 : 503, `${relay.health}\n`);
    if (!isForThisServer(request, names)) return respond(response, 403, "this name does not belong to this server\n");
    if (path === "/metrics" && metrics) return respond(response, 200, relay.metrics);
    if (path !== null && tokenOf(path) !== null) return respond(response, 426, "this is a Wisp relay, for WebSockets\n", { Upgrade: "websocket" });
    site.answer(request, response, path).catch(() => (response.headersSent ? response.destroy() : respond(response, 500, "reading the file failed\n")));
  });
  server.setTimeout(patience);
  server.maxConnections = VISITORS + (options.limits?.clients ?? 0);
  server.on("upgrade", (request, socket, head) => {
    const token = tokenOf(pathOf(request) ?? "");
    if (token === null) return answerUpgrade(socket, "404 Not Found");
    const refusal = isForThisServer(request, names) ? undefined : "this name does not belong to the relay";
    relay.upgrade(request, socket, head, { token: token || undefined, refusal });
  });
  await new Promise((/** @type {(value?: undefined) => void} */ resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve());
  });
  const actual = /** @type {AddressInfo} */ (server.address()).port;
  const name = isWildcard(host) ? "localhost" : host.includes(":") ? `[${host}]` : host;
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    url: `http://${name}:${actual}/`,
    port: actual,
    /** Ends when the relay's last stream has ended, or after so many seconds. */
    async drain(seconds) {
      await relay.drain(seconds);
      await stop();
    },
    async close() {
      await relay.close();
      await stop();
    },
  };
}

/**
 * Whether a request's Host is an address, a name of this machine, or a name of --origin. A page
 * whose own name was made to resolve to this machine (DNS rebinding) has another Host.
 *
 * @param {IncomingMessage} request
 * @param {Set<string>} names
 */
function isForThisServer(request, names) {
  const name = hostName(request.headers.host);
  return name !== null && (isIP(name) !== 0 || names.has(name));
}

/** @param {string | undefined} header */
function hostName(header) {
  try {
    return new URL(`http://${header}`).hostname.replace(/^\[|\]$/g, "");
  } catch {
    return null;
  }
}

/** @param {string} host */
function isWildcard(host) {
  return host === "0.0.0.0" || host === "::";
}
