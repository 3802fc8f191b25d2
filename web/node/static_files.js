/**
 * The static files of a server: their folders, their headers and their compression.
 */

import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join, normalize, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";
import { lookup, mimes } from "mrmime";

/**
 * @import { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http"
 *
 * @typedef {object} Found A file.
 * @property {string} path
 * @property {number} size
 * @property {string} tag The ETag: it differs where the content differs.
 * @property {Buffer} [content] The content of a file that is not on the disk.
 */

Object.assign(mimes, { pem: "application/x-pem-file", der: "application/x-x509-ca-cert", py: "text/x-python", toml: "text/plain" });

const TEXT = /^(text\/|application\/(json|wasm|manifest\+json|javascript|x-pem-file)|image\/svg)/;
const LARGEST_COMPRESSED = 16 * 1024 * 1024;
/** The most bytes of compressed files that are kept for later requests. */
const KEPT = 64 * 1024 * 1024;
const QUALITY = 9;
const compress = promisify(brotliCompress);

export class StaticFiles {
  #mounts;
  #files;
  #headers;
  /**
   * @type {Map<string, {tag: string, bytes: Promise<Buffer>, size: number}>} In order of their use,
   *   the most recently used last.
   */
  #compressed = new Map();

  /**
   * @param {object} options
   * @param {[string, string][]} options.mounts Path prefixes ending in "/" and their folders. The
   *   first folder that has the file is used.
   * @param {Record<string, string | Uint8Array>} options.files Contents of further files, by path.
   * @param {Record<string, string>} options.headers Headers of every answer.
   */
  constructor({ mounts, files, headers }) {
    this.#mounts = mounts;
    this.#files = files;
    this.#headers = headers;
  }

  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   * @param {string | null} path As `pathOf` returns it.
   */
  async answer(request, response, path) {
    if (request.method !== "GET" && request.method !== "HEAD") return respond(response, 405, "only GET and HEAD\n", { Allow: "GET, HEAD" });
    const file = path === null ? null : (this.#given(path) ?? (await this.#find(path)));
    if (!file) return respond(response, 404, "not found\n", this.#headers);
    if ("redirect" in file) return respond(response, 301, "", { ...this.#headers, Location: file.redirect });
    const type = lookup(file.path) ?? "application/octet-stream";
    const small = TEXT.test(type) && file.size <= LARGEST_COMPRESSED;
    const brotli = small && /\bbr\b/.test(request.headers["accept-encoding"] ?? "");
    const tag = `W/"${file.tag}"`;
    const headers = {
      ...this.#headers,
      "Cache-Control": "no-cache",
      ETag: tag,
      "X-Content-Type-Options": "nosniff",
      ...(small && { Vary: "Accept-Encoding" }),
    };
    if (request.headers["if-none-match"]?.split(",").some((each) => each.trim() === tag)) return void response.writeHead(304, headers).end();
    const bytes = brotli ? await this.#brotli(file) : file.content;
    response.writeHead(200, {
      ...headers,
      "Content-Type": type.startsWith("text/") ? `${type}; charset=utf-8` : type,
      "Content-Length": bytes?.length ?? file.size,
      ...(brotli && { "Content-Encoding": "br" }),
    });
    if (request.method === "HEAD") return void response.end();
    if (bytes || file.size === 0) return void response.end(bytes);
    // As many bytes as were announced, also of a file that grows meanwhile. Unlike pipe(),
    // pipeline() closes the file also when the browser breaks off.
    const stream = createReadStream(file.path, { end: file.size - 1 });
    await pipeline(stream, response, { end: false }).catch(() => {});
    if (stream.bytesRead === file.size) response.end();
    else response.destroy();
  }

  /** @param {string} path @returns {Found | null} */
  #given(path) {
    if (!Object.hasOwn(this.#files, path)) return null;
    const file = this.#files[path];
    const content = typeof file === "string" ? Buffer.from(file) : Buffer.from(file);
    return { path, content, size: content.length, tag: `given-${content.length}-${checksum(content)}` };
  }

  /** @param {string} path */
  async #find(path) {
    for (const [prefix, folder] of this.#mounts) {
      if (!path.startsWith(prefix)) continue;
      const within = normalize(folder);
      const full = normalize(join(folder, path.slice(prefix.length)));
      if (full !== within && !full.startsWith(within.endsWith(sep) ? within : within + sep)) return null;
      if (full.slice(within.length).split(sep).some((part) => part.startsWith("."))) return null;
      const found = await fileAt(full, path);
      if (found) return found;
    }
    return null;
  }

  /** A compressed file. Requests at the same time share one compression. @param {Found} file */
  async #brotli({ path, content, tag }) {
    let kept = this.#compressed.get(path);
    if (!kept || kept.tag !== tag) {
      const bytes = (async () => {
        const plain = content ?? (await readFile(path));
        return compress(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length } });
      })();
      const begun = { tag, bytes, size: 0 };
      bytes.then((done) => (begun.size = done.length), () => this.#compressed.delete(path));
      kept = begun;
    }
    this.#compressed.delete(path);
    this.#compressed.set(path, kept);
    const done = await kept.bytes;
    let total = [...this.#compressed.values()].reduce((sum, { size }) => sum + size, 0);
    for (const [oldest, { size }] of this.#compressed) {
      if (total <= KEPT) break;
      this.#compressed.delete(oldest);
      total -= size;
    }
    return done;
  }
}

/**
 * The path of a request, decoded; null for a path that is malformed or could lead out of a folder.
 *
 * @param {IncomingMessage} request
 */
export function pathOf(request) {
  try {
    const path = decodeURIComponent(new URL(request.url ?? "", "http://server").pathname);
    return path.includes("\0") || path.includes("\\") ? null : path;
  } catch {
    return null;
  }
}

/**
 * Answers with a short text.
 *
 * @param {ServerResponse} response
 * @param {number} status
 * @param {string} text
 * @param {OutgoingHttpHeaders} [headers]
 */
export function respond(response, status, text, headers = {}) {
  response.writeHead(status, { ...headers, "Content-Type": "text/plain; charset=utf-8" });
  response.end(text);
}

/**
 * @param {string} full @param {string} path @returns {Promise<Found | {redirect: string} | null>}
 */
async function fileAt(full, path) {
  try {
    const found = await stat(full);
    if (!found.isDirectory()) return found.isFile() ? describe(full, found) : null;
    // One slash at the beginning: "//name/" would be the address of another server.
    if (!path.endsWith("/")) return { redirect: encodeURI(`${path.replace(/^\/+/, "/")}/`) };
    const index = join(full, "index.html");
    const page = await stat(index);
    return page.isFile() ? describe(index, page) : null;
  } catch {
    return null; // another folder may have it
  }
}

/** @param {string} path @param {{size: number, mtimeMs: number}} found @returns {Found} */
function describe(path, { size, mtimeMs }) {
  return { path, size, tag: `${size.toString(36)}-${Math.floor(mtimeMs).toString(36)}` };
}

/** @param {Uint8Array} bytes */
function checksum(bytes) {
  let sum = 0;
  for (const byte of bytes) sum = (Math.imul(sum, 31) + byte) >>> 0;
  return sum.toString(36);
}
