/**
 * What programs in a page reach, beside a plain WebSocket of the same page over the same relay, in
 * wall-clock time.
 */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { endWithUs } from "../../scripts/lib/run.js";
import { MODES, missingBrowser } from "../../tests/support/browser.js";
import { startChromium } from "../lib/chromium.js";

/**
 * @import { Page } from "../lib/chromium.js"
 *
 * @typedef {object} Server As page/server.js prints it.
 * @property {{plain: number, tls: number}} ports
 * @property {string} ca
 * @property {string} relay
 * @property {{isolated: string, open: string}} pages
 * @property {() => void} stop
 *
 * @typedef {object} Done
 * @property {"download" | "trips"} kind
 * @property {number} amount
 * @property {boolean} [tcp] Without TLS.
 * @property {boolean} [busy] Whether the page is busy meanwhile.
 * @property {(outcome: number[]) => number} figure
 */

const MIB = 1024 * 1024;
const PLAIN = "WebSocket";
/** @type {import("../lib/groups.js").Row} */
const MICROSECONDS = { unit: "µs", better: "lower" };

/**
 * What a service worker does is limited by its requests, which take milliseconds.
 *
 * @type {{mode: string, isolate: boolean}[]}
 */
const MEASURED = [...MODES.filter(({ mode }) => mode !== "service-worker"), { mode: "async", isolate: false }];

/**
 * Each row: what is done, how much of it, and which figure of the outcome counts.
 *
 * @type {Record<string, Done>}
 */
const DONE = {
  "download, ChaCha20": { kind: "download", amount: 32 * MIB, figure: (outcome) => Number(outcome) },
  "round trip, TCP": { kind: "trips", tcp: true, amount: 300, figure: (outcome) => outcome[0] },
  "round trip, TLS": { kind: "trips", amount: 300, figure: (outcome) => outcome[0] },
  "round trip, TLS, busy page, p95": { kind: "trips", amount: 100, busy: true, figure: (outcome) => outcome[1] },
};

/** @type {import("../lib/groups.js").Group} */
export default {
  title: "In a page",
  rows: {
    "download, ChaCha20": { unit: "MB/s", better: "higher" },
    "round trip, TCP": MICROSECONDS,
    "round trip, TLS": MICROSECONDS,
    "round trip, TLS, busy page, p95": MICROSECONDS,
  },
  reference: PLAIN,
  async measure(bench, rows) {
    if (missingBrowser) {
      bench.skip("pages", missingBrowser);
      return {};
    }
    const server = await startServer();
    const browser = await startChromium();
    try {
      /** @type {Record<string, Page>} */
      const pages = {};
      for (const { mode, isolate } of MEASURED) pages[mode] = await open(browser, server, mode, isolate);
      return await bench.takeTurns(rows, subjects(server, pages));
    } finally {
      await browser.stop();
      server.stop();
    }
  },
};

/**
 * Every subject measures in a page of its own; the others are idle meanwhile.
 *
 * @param {Server} server
 * @param {Record<string, Page>} pages
 */
function subjects({ relay, ports }, pages) {
  const [first] = Object.values(pages);
  /**
   * @template T
   * @param {Page} page
   * @param {Done} done
   * @param {() => Promise<T>} work
   */
  const during = async (page, { busy = false }, work) => {
    await page.activate();
    await page.call("busy", busy);
    try {
      return await work();
    } finally {
      await page.call("busy", false);
    }
  };
  /** @param {string} row */
  const plain = async (row) => {
    const { kind, amount, figure } = DONE[row];
    const options = { url: `${relay}127.0.0.1:${ports.plain}`, kind, amount };
    return figure(await during(first, DONE[row], () => first.call("plain", options)));
  };
  /** @param {Page} page @returns {(row: string) => Promise<number>} */
  const program = (page) => async (row) => {
    const { kind, tcp, amount, figure } = DONE[row];
    const args = [kind, tcp ? "tcp" : "tls", tcp ? ports.plain : ports.tls, amount];
    return figure(await during(page, DONE[row], () => page.call("measure", ...args)));
  };
  return { [PLAIN]: plain, ...Object.fromEntries(Object.entries(pages).map(([mode, page]) => [mode, program(page)])) };
}

/**
 * @param {Awaited<ReturnType<typeof startChromium>>} browser
 * @param {Server} server
 * @param {string} mode
 * @param {boolean} isolate
 */
async function open(browser, { pages, relay, ca }, mode, isolate) {
  const page = await browser.open(new URL("/bench/index.html", isolate ? pages.isolated : pages.open).href);
  await page.call("startBench", { mode, transport: { wsproxy: relay }, ca });
  return page;
}

/** @returns {Promise<Server>} */
async function startServer() {
  const program = fileURLToPath(new URL("../page/server.js", import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"], detached: true });
  endWithUs(child.pid);
  for await (const line of createInterface({ input: child.stdout })) return { ...JSON.parse(line), stop: () => child.kill() };
  throw new Error("the server for pages did not start");
}
