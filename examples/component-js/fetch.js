/**
 * Fetches a page over HTTPS with the engine's component, transpiled to JavaScript by jco; TCP is
 * Node's. See docs/component.md.
 *
 *     node examples/component-js/fetch.js HOST PORT < AUTHORITY
 */

import { randomFillSync } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { instantiate } from "../../dist/component-js/micropython-ssl.component.js";

/** @import { Need } from "../../dist/component-js/interfaces/micropython-ssl-tls.js" */

const FOLDER = new URL("../../dist/component-js/", import.meta.url);

const [host, port] = process.argv.slice(2);
const { Context } = await loadTls();
const context = new Context("client"); // verifies its peer
context.loadVerifyLocations(readFileSync(0));
const tls = context.connect(Buffer.from(host), false);
const socket = connect({ host, port: Number(port) });
const arriving = socket[Symbol.asyncIterator]();
try {
  await once(socket, "connect");
  await complete(() => tls.handshake());
  await complete(() => tls.write(Buffer.from(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`)));
  for (let part; (part = await complete(() => tls.read(16384))).length; ) process.stdout.write(part);
  if (tls.close()) await send(); // close_notify
} catch (error) {
  console.error(explained(error));
  process.exitCode = 1;
} finally {
  socket.end();
}

/** The interface micropython:ssl/tls; all that the component asks for is entropy and the time. */
async function loadTls() {
  const imports = {
    "wasi:random/random": { getRandomBytes: (/** @type {bigint} */ length) => randomFillSync(new Uint8Array(Number(length))) },
    "wasi:clocks/wall-clock": { now: () => ({ seconds: BigInt(Math.floor(Date.now() / 1000)), nanoseconds: 0 }) },
  };
  /** @param {string} name */
  const compile = async (name) => WebAssembly.compile(await readFile(new URL(name, FOLDER)));
  // jco's types want versions in the names of the imports, and its code wants none.
  const { tls } = await instantiate(compile, /** @type {any} */ (imports));
  return tls;
}

/**
 * Does what an operation needs until it is complete.
 *
 * @template T
 * @param {() => {tag: "done" | "data", val: T} | {tag: "again", val: Need}} operation
 * @returns {Promise<T>}
 */
async function complete(operation) {
  for (;;) {
    let progress;
    try {
      progress = operation();
    } catch (error) {
      await send(); // an alert
      throw error;
    }
    if (progress.tag !== "again") return progress.val;
    if (progress.val === "send") await send();
    else tls.received((await arriving.next()).value ?? new Uint8Array()); // none is the end
  }
}

async function send() {
  const ciphertext = tls.toSend();
  if (!ciphertext.length) return;
  await new Promise((resolve, reject) => socket.write(ciphertext, (error) => (error ? reject(error) : resolve(undefined))));
  tls.sent(ciphertext.length);
}

/** jco throws an Error whose payload is the WIT's record `error`. @param {any} error */
function explained(error) {
  const { kind, code, text } = error.payload ?? { kind: error.name, code: error.code, text: error.message };
  return `${kind}: ${code === undefined ? text : `(${code}, '${text}')`}`;
}
