/** `micropython-ssl serve`: a static server whose pages may share memory between threads, and a Wisp relay beside it. */

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { isIP } from "node:net";
import { extname, join, normalize, sep } from "node:path";
import { Relay } from "./relay.js";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".webmanifest": "application/manifest+json",
  ".wasm": "application/wasm",
  ".py": "text/x-python; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".md": "text/markdown; charset=utf-8",
  ".toml": "text/plain; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".pem": "application/x-pem-file",
  ".der": "application/x-x509-ca-cert",
  ".zip": "application/zip",
};

/** Without them a browser has no SharedArrayBuffer, and blocking calls need it. */
const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

/** Path of the relay. */
export const RELAY_PATH = "/relay/";

/**
 * Starts the server.
 *
 * @param {object} options
 * @param {[string, string][]} options.mounts Path prefixes ending in "/" and the folders that they show; the first that fits is taken.
 * @param {Record<string, string | Uint8Array>} [options.files] Contents of further files, by path.
 * @param {string} [options.host] Address to listen on: loopback unless told.
 * @param {number} [options.port] 0 takes a free one.
 * @param {string[]} [options.allow] Targets of the relay; none unless told. See Targets.
 * @param {string[]} [options.origins] Origins of other pages that may use the relay; this server's own pages always may.
 * @param {boolean} [options.isolate] Whether to send the headers that make pages cross-origin isolated; true unless told.
 * @param {Partial<import("./relay.js").Limits>} [options.limits]
 * @param {(line: string) => void} [options.log]
 * @returns {Promise<{url: string, port: number, close: () => Promise<void>}>}
 */
export async function serve({ mounts, files = {}, host = "127.0.0.1", port = 0, allow = [], origins = [], isolate = true, limits, log }) {
  const relay = new Relay({ allow, limits, log });
  const headers = isolate ? ISOLATION : {};
  const server = createServer((request, response) => {
    if (!isForThisServer(request, host)) return answer(response, 403, "this name does not belong to this server\n");
    serveFile(request, response, { mounts, files, headers }).catch(() => answer(response, 500, "reading the file failed\n"));
  });
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => {});
    const problem = whyNoRelay(request, host, origins);
    if (!problem) return relay.upgrade(request, socket, head);
    log?.(`${request.socket.remoteAddress} turned away: ${problem}`);
    socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n");
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const actual = server.address().port;
  const name = isWildcard(host) ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return {
    url: `http://${name}:${actual}/`,
    port: actual,
    async close() {
      relay.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function serveFile(request, response, { mounts, files, headers }) {
  if (request.method !== "GET" && request.method !== "HEAD") return answer(response, 405, "only GET and HEAD\n", { Allow: "GET, HEAD" });
  const path = pathOf(request);
  const file = path && (given(files, path) ?? (await findFile(path, mounts)));
  if (!file) return answer(response, 404, "not found\n", headers);
  if (file.redirect) return answer(response, 301, "", { ...headers, Location: file.redirect });
  const type = TYPES[extname(file.path).toLowerCase()] ?? "application/octet-stream";
  response.writeHead(200, {
    ...headers,
    "Content-Type": type,
    "Content-Length": file.size,
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
  });
  if (request.method === "HEAD") return response.end();
  if (file.content) return response.end(file.content);
  createReadStream(file.path)
    .on("error", () => response.destroy())
    .pipe(response);
}

function given(files, path) {
  if (!Object.hasOwn(files, path)) return undefined;
  const content = Buffer.from(files[path]);
  return { path, content, size: content.length };
}

/** Path of a request, decoded and without what could lead out of a folder; null where it is none. */
function pathOf(request) {
  try {
    const path = decodeURIComponent(new URL(request.url, "http://server").pathname);
    return path.includes("\0") || path.includes("\\") ? null : path;
  } catch {
    return null;
  }
}

async function findFile(path, mounts) {
  for (const [prefix, folder] of mounts) {
    if (!path.startsWith(prefix)) continue;
    const full = normalize(join(folder, path.slice(prefix.length)));
    if (full !== normalize(folder) && !full.startsWith(normalize(folder + sep))) return null;
    if (full.split(sep).some((part) => part.startsWith(".") && !folder.split(sep).includes(part))) return null;
    try {
      const found = await stat(full);
      if (!found.isDirectory()) return found.isFile() ? { path: full, size: found.size } : null;
      if (!path.endsWith("/")) return { redirect: encodeURI(`${path}/`) };
      const index = join(full, "index.html");
      return { path: index, size: (await stat(index)).size };
    } catch {
      // Perhaps another mount has it.
    }
  }
  return null;
}

/** Why a page may not use the relay, or null. Any page of the web could try: WebSockets are not held back by the same-origin policy. */
function whyNoRelay(request, host, origins) {
  if (!isForThisServer(request, host)) return `the name ${request.headers.host} does not belong to this server`;
  if (pathOf(request) !== RELAY_PATH) return `there is no relay at ${request.url}`;
  const { origin } = request.headers;
  if (origin === undefined || origins.includes(origin) || origins.includes("*")) return null;
  return sameHost(origin, request.headers.host) ? null : `pages of ${origin} may not use this relay`;
}

/** A server on loopback answers to no other name, so that no name of the web can be pointed at it (DNS rebinding). */
function isForThisServer(request, host) {
  if (!isLoopbackName(host)) return true;
  const name = hostName(request.headers.host);
  return name !== null && isLoopbackName(name);
}

function isLoopbackName(name) {
  return name === "localhost" || name === "::1" || (isIP(name) === 4 && name.startsWith("127."));
}

function hostName(header) {
  try {
    return new URL(`http://${header}`).hostname.replace(/^\[|\]$/g, "");
  } catch {
    return null;
  }
}

function sameHost(origin, header) {
  try {
    return new URL(origin).host === header;
  } catch {
    return false;
  }
}

function isWildcard(host) {
  return host === "0.0.0.0" || host === "::";
}

function answer(response, status, text, headers = {}) {
  response.writeHead(status, { ...headers, "Content-Type": "text/plain; charset=utf-8" });
  response.end(text);
}
