/** The options of startMicroPython(). */

/**
 * @import { EngineSource } from "../engine.js"
 * @import { TransportDescription } from "../transports/index.js"
 * @import { Mode } from "./modes.js"
 * @import { PageNetwork } from "./network.js"
 * @import { Observation } from "./observations.js"
 *
 * @typedef {object} StartOptions
 * @property {"auto" | Mode} [mode] How blocking calls block. The default is the best way that the
 *   page has. "async" runs programs on the page's own thread, where they reach the document.
 * @property {string | URL} [serviceWorker] Address of a copy of service_worker.js, at or above the
 *   page's; without it there is no mode "service-worker".
 * @property {TransportDescription | null} [transport] How programs reach the network.
 * @property {Pick<PageNetwork, "close">} [network] A network that several interpreters share. Each
 *   has its own by default.
 * @property {(text: string) => void} [stdout] Gets what programs print.
 * @property {(text: string) => void} [stderr] Gets what programs print to standard error, for
 *   example tracebacks. The default is `stdout`.
 * @property {(stage: "micropython" | "engine" | "network") => void} [onStage] Called when
 *   that part is loaded.
 * @property {(connection: Observation) => void} [onConnection] Called with each connection, and
 *   again after each of its changes.
 * @property {Record<string, string | Uint8Array>} [files] Files to put in place, by absolute path.
 * @property {string | URL | ArrayBuffer | Uint8Array} [component] MicroPython's component for
 *   workers, where it is not beside the package's files.
 * @property {string} [micropython] For mode "async": the address of npm's micropython.mjs, 1.27 or
 *   newer.
 * @property {string} [micropythonWasm] The address of MicroPython's wasm, where it is not beside
 *   micropython.mjs.
 * @property {EngineSource} [engine] For mode "async": the engine's wasm, where it is not beside the
 *   package's files.
 * @property {string | URL | Uint8Array} [roots] Mozilla's root certificates: the address of a PEM
 *   file, or its content; for `ssl.create_default_context()`.
 * @property {"required"} [verify] Clients of `ssl` verify their peers unless the program sets
 *   verify_mode.
 * @property {number} [heap] Bytes of the heap to start with.
 */

/** The names of the properties of StartOptions. */
export const START_OPTIONS = [
  "mode", "serviceWorker", "transport", "network", "stdout", "stderr", "onStage", "onConnection", "files", "component",
  "micropython", "micropythonWasm", "engine", "roots", "verify", "heap",
];
