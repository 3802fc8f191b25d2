/**
 * The modes: how programs reach the network from a page, best first, and which modes this page can
 * have. Calls may block in every mode except the last, "async".
 */

/**
 * @import { StartOptions } from "./start_options.js"
 *
 * @typedef {"isolated" | "jspi" | "service-worker" | "async"} Mode
 */

/** The mode that the caller named is not possible here. */
export class ModeError extends Error {
  /** @param {string} message @param {ErrorOptions} [options] */
  constructor(message, options) {
    super(message, options);
    this.name = "ModeError";
  }
}

/**
 * Whether threads can share memory here. WebKitGTK reports pages as isolated but has no
 * SharedArrayBuffer.
 */
export function sharesMemory() {
  return globalThis.crossOriginIsolated === true && typeof SharedArrayBuffer === "function";
}

const NO_JSPI = "this browser has no JavaScript Promise Integration for WebAssembly";

/**
 * Why a mode is not possible here; null where it is.
 *
 * @type {Record<Mode, (options: StartOptions) => string | null>}
 */
const OBSTACLES = {
  isolated() {
    if (sharesMemory()) return null;
    return globalThis.crossOriginIsolated
      ? "this browser has no SharedArrayBuffer"
      : "this page is not cross-origin isolated: it needs the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
  },
  jspi: () => ("Suspending" in WebAssembly && "promising" in WebAssembly ? null : NO_JSPI),
  "service-worker": ({ serviceWorker }) => {
    if (!serviceWorker) return "no serviceWorker was given: the address of a copy of service_worker.js";
    return globalThis.navigator?.serviceWorker ? null : "this page can have no service worker: it needs https, or localhost";
  },
  async: () => null,
};

/**
 * @param {StartOptions} options
 * @returns {Mode} The mode of the options, or the best that is possible.
 */
export function chooseMode(options) {
  const { mode: wanted = "auto" } = options;
  const modes = /** @type {Mode[]} */ (Object.keys(OBSTACLES));
  if (wanted === "auto") return modes.find((mode) => OBSTACLES[mode](options) === null) ?? "async";
  if (!modes.includes(wanted)) throw new ModeError(`no such mode: ${wanted}; there are auto, ${modes.join(", ")}`);
  const obstacle = OBSTACLES[wanted](options);
  if (obstacle) throw new ModeError(`mode "${wanted}" cannot be had: ${obstacle}`);
  return wanted;
}
