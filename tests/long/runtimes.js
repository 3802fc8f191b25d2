/**
 * Where the loads run: each starts a program, hands on the lines that it prints, and tells what
 * memory and how many descriptors it takes.
 */

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startChromium } from "../../benches/lib/chromium.js";
import { DIST } from "../../scripts/lib/paths.js";
import { precompiled, wasmtimeCommand } from "../../scripts/lib/wasmtime.js";
import { MODES, missingBrowser, serveTestPages } from "../support/browser.js";
import { CLI, folder, noProcfs, start } from "../support/runner.js";
import { sleep } from "../support/transports.js";
import { COLLECTING, collectingWorkers } from "./collecting_page.js";

const MIB = 1024 * 1024;
const LOOK = 200; // ms
const COLLECTING_RUNNER = fileURLToPath(new URL("collecting.cjs", import.meta.url));

/**
 * @typedef {object} Runtime
 * @property {string | false} missing Why it cannot be had.
 * @property {string} [grows] Why its memory grows by what is not ours, where that is so.
 * @property {boolean} alone Whether nobody outside can connect to a program.
 * @property {(t: import("node:test").TestContext, program: Program) => Promise<Running>} start
 *
 * @typedef {{source: string, files: Record<string, string>, heap?: number}} Program `heap` in MiB.
 *
 * @typedef {object} Running
 * @property {() => number} memory Bytes that its processes have in use.
 * @property {() => number | undefined} descriptors How many it has open; undefined where others
 *   share them.
 * @property {(told: (line: string) => void) => Promise<{code: number | string | null, errors:
 *   string}>} end Hands on its lines until it ends.
 */

/** @type {Record<string, Runtime>} */
export const RUNTIMES = {
  Node: process_([process.execPath, "--max-semi-space-size=1", "--require", COLLECTING_RUNNER, CLI]),
  wasmtime: process_(async () => wasmtimeCommand(await precompiled(join(DIST, "micropython.wasm")))),
  ...Object.fromEntries(MODES.map((mode) => [`page, ${mode.mode}`, page(mode)])),
};

/**
 * An interpreter that is a process of its own.
 *
 * @param {string[] | (() => Promise<string[]>)} command
 * @returns {Runtime}
 */
function process_(command) {
  return {
    missing: noProcfs,
    alone: false,
    async start(t, { source, files, heap }) {
      const cwd = folder(t, { ...files, "load.py": source });
      const options = heap ? ["-X", `heapsize=${heap}M`] : [];
      const child = start([...options, "load.py"], { cwd, command: typeof command === "function" ? await command() : command });
      t.after(() => child.kill("SIGKILL"));
      return {
        memory: () => residentMemory(child.pid),
        descriptors: () => readdirSync(`/proc/${child.pid}/fd`).length,
        async end(told) {
          let rest = "";
          child.stdout.on("data", (text) => {
            const lines = (rest + text).split("\n");
            rest = lines.pop() ?? "";
            lines.forEach(told);
          });
          const { code, signal, stderr } = await child.finished;
          return { code: code ?? signal, errors: stderr };
        },
      };
    },
  };
}

/**
 * A worker of a page, in Chromium as users have it, except for garbage.
 *
 * @param {typeof MODES[0]} mode
 * @returns {Runtime}
 */
function page({ mode, isolate, path }) {
  return {
    missing: missingBrowser || noProcfs,
    grows: mode === "service-worker" ? "Chromium keeps some KB of each synchronous request until the program ends" : undefined,
    alone: true,
    async start(t, { source, files, heap }) {
      const server = await serveTestPages({ isolate, limits: { connectsPerMinute: Infinity, connections: Infinity }, ...collectingWorkers(t) });
      t.after(server.close);
      const browser = await startChromium(COLLECTING);
      t.after(browser.stop);
      const tab = await browser.open(new URL(path, server.url).href);
      await tab.activate();
      const placed = Object.fromEntries(Object.entries(files).map(([name, content]) => [`/${name}`, content]));
      const transport = { wisp: `${server.url.replace("http", "ws")}relay/` };
      await tab.call("begin", { mode, transport, files: placed, heap: heap && heap * MIB }, source);
      const renderers = await browser.renderers();
      return {
        memory: () => renderers.reduce((sum, pid) => sum + residentMemory(pid), 0),
        descriptors: () => undefined,
        async end(told) {
          for (let rest = ""; ; await sleep(LOOK)) {
            await tab.call("gc");
            const { out, exit } = await tab.call("taken");
            const lines = (rest + out).split("\n");
            rest = lines.pop() ?? "";
            lines.forEach(told);
            if (exit !== null) return { code: exit, errors: exit ? lines.slice(-20).join("\n") : "" };
          }
        },
      };
    },
  };
}

/** @param {number | undefined} pid */
function residentMemory(pid) {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
}
