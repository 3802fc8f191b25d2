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
import { OTHER_BROWSERS, until } from "../support/other_browsers.js";
import { CLI, folder, noProcfs, start } from "../support/runner.js";
import { sleep } from "../support/transports.js";
import { COLLECTING, COLLECTING_WEBKIT, collectingWorkers } from "./collecting_page.js";

const MIB = 1024 * 1024;
const LOOK = 200; // ms
const COLLECTING_RUNNER = fileURLToPath(new URL("collecting.cjs", import.meta.url));
const [webKit] = OTHER_BROWSERS.filter(({ name }) => name === "WebKitGTK");

/**
 * @typedef {object} Runtime
 * @property {string | false} missing Why it cannot be had.
 * @property {string} [grows] Why its memory grows by what is not ours, where that is so.
 * @property {string[]} [loads] The names of those that run there, where not all do.
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

/**
 * @typedef {object} Tab A page that is open in a browser.
 * @property {(name: string, ...args: any[]) => Promise<any>} call Calls a global function of it.
 * @property {() => Promise<void>} collect Collects its garbage.
 * @property {() => number} memory
 *
 * @typedef {(t: import("node:test").TestContext, url: string) => Promise<Tab>} Open
 */

/** @type {Record<string, Runtime>} */
export const RUNTIMES = {
  Node: process_([process.execPath, "--max-semi-space-size=1", "--require", COLLECTING_RUNNER, CLI]),
  wasmtime: process_(async () => wasmtimeCommand(await precompiled(join(DIST, "micropython.wasm")))),
  ...Object.fromEntries(MODES.map((mode) => [`page, ${mode.mode}`, { ...page(mode, inChromium), missing: missingBrowser || noProcfs, grows: grows(mode) }])),
  // The one browser that has no other mode which blocks.
  "page, service-worker, WebKitGTK": {
    ...page({ mode: "service-worker", isolate: false, path: "/?mode=service-worker" }, inWebKit),
    missing: webKit.missing || noProcfs,
    loads: ["answers", "unclosed", "messages"],
  },
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

/** @param {{mode: string}} mode */
function grows({ mode }) {
  return mode === "service-worker" ? "Chromium keeps some KB of each synchronous request until the program ends" : undefined;
}

/**
 * A worker of a page, in a browser as users have it, except for garbage.
 *
 * @param {typeof MODES[0]} mode
 * @param {Open} open
 * @returns {Pick<Runtime, "alone" | "start">}
 */
function page({ mode, isolate, path }, open) {
  return {
    alone: true,
    async start(t, { source, files, heap }) {
      const collecting = open === inChromium ? collectingWorkers(t) : {};
      const server = await serveTestPages({ isolate, limits: { connectsPerMinute: Infinity, connections: Infinity }, ...collecting });
      t.after(server.close);
      const tab = await open(t, new URL(path, server.url).href);
      const placed = Object.fromEntries(Object.entries(files).map(([name, content]) => [`/${name}`, content]));
      const transport = { wisp: `${server.url.replace("http", "ws")}relay/` };
      await tab.call("begin", { mode, transport, files: placed, heap: heap && heap * MIB }, source);
      return {
        memory: tab.memory,
        descriptors: () => undefined,
        async end(told) {
          for (let rest = ""; ; await sleep(LOOK)) {
            await tab.collect();
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

/** @type {Open} */
async function inChromium(t, url) {
  const browser = await startChromium(COLLECTING);
  t.after(browser.stop);
  const tab = await browser.open(url);
  await tab.activate();
  /** @type {number[]} */
  let renderers = [];
  const collect = async () => {
    await tab.call("gc");
    renderers = await browser.renderers();
  };
  return { call: tab.call, collect, memory: () => sum(renderers) };
}

/** @type {Open} */
async function inWebKit(t, url) {
  const tab = await webKit.open(COLLECTING_WEBKIT);
  t.after(tab.close);
  await tab.goto(url);
  await until(tab, "typeof begin === 'function'");
  return {
    call: (name, ...args) => tab.evaluate(`${name}(...${JSON.stringify(args)})`),
    collect: async () => {},
    memory: () => sum(tab.processes()),
  };
}

/** @param {number[]} processes */
function sum(processes) {
  return processes.reduce((sum, pid) => sum + residentMemory(pid), 0);
}

/** @param {number | undefined} pid */
function residentMemory(pid) {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
}
