/** Other projects' TLS for pages, from npm: their programs, and what a page downloads of them. */

import { join } from "node:path";
import { npmSource } from "../../scripts/lib/npm-source.js";
import { ROOT } from "../../scripts/lib/paths.js";
import { measure } from "../../scripts/lib/size.js";
import { tools } from "../../scripts/lib/tools.js";
import { missingWispJs, wispJs } from "../../tests/support/relays.js";

/**
 * @typedef {object} Peer
 * @property {string} client A file of benches/clients.
 * @property {boolean} [relay] Whether it knows no network but Wisp's.
 * @property {(name: string) => boolean} [can] As of `Client`.
 * @property {Record<string, string[]>} downloads The files that a page needs, by build.
 */

/** TLS 1.3 with AES-128-GCM and nothing else. @param {string} name */
const ONLY_AES_128_GCM = (name) => name.includes("tls13") || name === "bulk.aes128gcm";

/**
 * Each with its client in benches/clients, and with the files that a page needs. Those that know no
 * network but Wisp's have a relay of wisp-js between themselves and the server, in a process of its
 * own.
 *
 * @type {Record<string, Peer>}
 */
const PEERS = {
  "epoxy-tls": {
    client: "epoxy.js",
    relay: true,
    downloads: { full: ["full/epoxy.js", "full/epoxy.wasm"], minimal: ["minimal/epoxy.js", "minimal/epoxy.wasm"] },
  },
  "libcurl.js": { client: "libcurl.js", relay: true, downloads: { "": ["libcurl.mjs", "libcurl.wasm"] } },
  subtls: { client: "subtls.js", can: ONLY_AES_128_GCM, downloads: { "": ["index.js"] } },
};

/** @param {string} name */
const title = (name) => `${name} ${tools.npm[name].version}`;

/**
 * The clients of those that can be had.
 *
 * @param {import("./bench.js").Bench} bench
 * @returns {Promise<Record<string, import("./clients.js").Client>>} By subject.
 */
export async function peerClients(bench) {
  /** @type {Record<string, import("./clients.js").Client>} */
  const clients = {};
  for (const [name, { client, relay, can }] of Object.entries(PEERS)) {
    await bench.optional(title(name), async () => {
      const own = [await folderOf(name), ...(relay ? [(await bench.service(startRelay)).url] : [])];
      clients[title(name)] = { command: [process.execPath, join(ROOT, "benches/clients", client), ...own], can, optional: true };
    });
  }
  return clients;
}

/**
 * @param {import("./bench.js").Bench} bench
 * @returns {Promise<Record<string, import("../../scripts/lib/size.js").Size>>} By subject; with
 *   several builds, by each.
 */
export async function peerSizes(bench) {
  /** @type {Record<string, import("../../scripts/lib/size.js").Size>} */
  const sizes = {};
  for (const [name, { downloads }] of Object.entries(PEERS)) {
    await bench.optional(title(name), async () => {
      const folder = await folderOf(name);
      for (const [build, files] of Object.entries(downloads)) {
        sizes[`${title(name)}${build && `, ${build}`}`] = measure(...files.map((file) => join(folder, file)));
      }
    });
  }
  return sizes;
}

/** @param {string} name */
async function folderOf(name) {
  const folder = await npmSource(name);
  if (!folder) throw new Error(`${name} cannot be fetched from npm`);
  return folder;
}

async function startRelay() {
  const missing = await missingWispJs();
  if (missing) throw new Error(missing);
  const { port, stop } = await wispJs();
  return { url: `ws://127.0.0.1:${port}/`, stop };
}
