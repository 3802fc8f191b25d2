/**
 * MicroPython in a worker of a page, as a program: page_program.js hands its arguments over, and
 * gets what the page's MicroPython prints. A page's programs have files in memory, so the folders
 * that a program sees are copied there.
 */

import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { messageOf } from "../../web/net/errno.js";
import { MODES, openPage, serveTestPages, startBrowser } from "../support/browser.js";

/**
 * @typedef {{args: string[], cwd: string, env: Record<string, string>}} Request
 *
 * @typedef {object} Run A program that runs.
 * @property {(text: string | null) => void} input
 * @property {() => void} end
 *
 * @typedef {(message: {text?: string, error?: string, exit?: number}) => void} Send Told what a
 *   program prints, also to standard error, and its exit code.
 *
 * @typedef {object} Interpreter
 * @property {number} number
 * @property {string} cwd
 * @property {Map<string, string>} known The state of each file that it has, by path.
 */

const PROGRAM = fileURLToPath(new URL("page_program.js", import.meta.url));
/** Interpreters that are kept for the next program of the same folder. */
const SPARE = 4;

/** What the relay lets programs reach; the names do not exist. */
const ALLOWED = ["127.0.0.1:*", "localhost:*", "[::1]:*", "*.invalid:*"];

/**
 * Starts a browser with a page for programs.
 *
 * @param {string[]} folders Programs that start in one of these, or lie there, have its files.
 * @param {typeof MODES[0]} [how] How they wait.
 * @returns {Promise<{socket: string, stop: () => Promise<void>}>} Where page_program.js finds it.
 */
export async function startPage(folders, { mode, isolate, path } = MODES[0]) {
  const pages = await serveTestPages({ isolate, allow: ALLOWED });
  const browser = await startBrowser();
  const page = await openPage(browser, pages, path);
  const interpreters = new Interpreters(page, mode, folders);
  await interpreters.begin(`${pages.url.replace("http", "ws")}relay/`);
  const place = mkdtempSync(join(tmpdir(), "micropython-ssl-page-"));
  const server = createServer((connection) => serve(connection, interpreters));
  const socket = join(place, "socket");
  await new Promise((resolve) => server.listen(socket, () => resolve(undefined)));
  const stop = async () => {
    server.close();
    await browser.stop();
    await pages.close();
    rmSync(place, { recursive: true, force: true });
  };
  return { socket, stop };
}

/** The command that runs a program there. @param {string} socket Of startPage(). */
export function pageCommand(socket) {
  return [process.execPath, PROGRAM, socket];
}

/**
 * Runs the program of one connection: a line of JSON for each message.
 *
 * @param {import("node:net").Socket} connection
 * @param {Interpreters} interpreters
 */
function serve(connection, interpreters) {
  /** @type {Send} */
  const send = (message) => void (connection.writable && connection.write(`${JSON.stringify(message)}\n`));
  /** @type {Run | undefined} */
  let run;
  connection.on("error", () => {});
  connection.on("close", () => run?.end());
  createInterface({ input: connection }).on("line", (line) => {
    const message = JSON.parse(line);
    if (message.input !== undefined) run?.input(message.input);
    else run = interpreters.start(message, send);
  }).on("error", () => {}); // the program was killed
}

class Interpreters {
  #page;
  #mode;
  #folders;
  /** @type {Map<number, Send>} */
  #sinks = new Map();
  /** @type {Interpreter[]} */
  #spare = [];
  #last = 0;

  /**
   * @param {import("playwright-core").Page} page
   * @param {typeof MODES[0]["mode"]} mode
   * @param {string[]} folders
   */
  constructor(page, mode, folders) {
    this.#page = page;
    this.#mode = mode;
    this.#folders = folders;
  }

  /** @param {string} wisp The relay's address. */
  async begin(wisp) {
    /** @type {typeof window.printed} */
    const printed = async (number, message) => this.#sinks.get(number)?.(message);
    await this.#page.exposeFunction("printed", printed);
    await this.#page.evaluate(async ({ wisp, mode }) => {
      const network = await window.startNetwork({ transport: { wisp } });
      window.interpreters = new Map();
      window.addInterpreter = async (number) => {
        /** @type {Promise<void>[]} */
        const printed = [];
        /** @param {string} text */
        const stdout = (text) => void printed.push(window.printed(number, { text }));
        /** @param {string} error */
        const stderr = (error) => void printed.push(window.printed(number, { error }));
        const mp = await window.startMicroPython({ mode, network, stdout, stderr });
        window.interpreters.set(number, { mp, printed });
      };
      window.execute = async (number, { files, code, name, args }) => {
        const interpreter = window.interpreters.get(number);
        if (!interpreter) throw new Error(`there is no interpreter ${number}`);
        const { mp, printed } = interpreter;
        for (const [path, base64] of files) await mp.writeFile(path, Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));
        const exit = await mp.run(code, { name, args });
        await Promise.all(printed.splice(0));
        return exit;
      };
    }, { wisp, mode: this.#mode });
  }

  /**
   * As run(); what cannot be run here is told to whoever asks.
   *
   * @param {Request} request
   * @param {Send} send
   * @returns {Run}
   */
  start(request, send) {
    try {
      return this.run(request, send);
    } catch (error) {
      send({ error: `${messageOf(error)}\n`, exit: 2 });
      return { input() {}, end() {} };
    }
  }

  /**
   * Runs a program.
   *
   * @param {Request} request
   * @param {Send} send
   * @returns {Run}
   */
  run(request, send) {
    const program = programOf(request);
    const taken = this.#take(program.cwd);
    let over = false;
    let typed = false;
    /** @param {string | null} text */
    const give = async (text) => {
      const { number } = await taken;
      await this.#page.evaluate(({ number, text }) => window.interpreters.get(number)?.mp.input(text), { number, text });
    };
    const stop = async () => {
      const { number } = await taken;
      await this.#page.evaluate((number) => window.interpreters.get(number)?.mp.stop(), number);
    };
    (async () => {
      const interpreter = await taken;
      const { number } = interpreter;
      this.#sinks.set(number, send);
      const whole = { ...program, files: this.#missing(interpreter, program) };
      const exit = await this.#page.evaluate(({ number, whole }) => window.execute(number, whole), { number, whole });
      over = true;
      send({ exit });
      if (!typed) this.#spare.push(interpreter);
      const surplus = typed ? [interpreter] : this.#spare.splice(0, this.#spare.length - SPARE);
      for (const old of surplus) await this.#forget(old);
    })().catch((error) => send({ text: `${error.message}\n`, exit: 1 }));
    return {
      input(text) {
        typed = true;
        give(text).catch(() => {}); // the page is gone
      },
      end: () => void (over || stop().catch(() => {})),
    };
  }

  /** @param {string} cwd @returns {Promise<Interpreter>} */
  async #take(cwd) {
    const index = this.#spare.findIndex((interpreter) => interpreter.cwd === cwd);
    if (index >= 0) return this.#spare.splice(index, 1)[0];
    const number = ++this.#last;
    await this.#page.evaluate((number) => window.addInterpreter(number), number);
    return { number, cwd, known: new Map() };
  }

  /** @param {Interpreter} interpreter */
  #forget({ number }) {
    this.#sinks.delete(number);
    return this.#page.evaluate((number) => {
      window.interpreters.get(number)?.mp.terminate();
      window.interpreters.delete(number);
    }, number);
  }

  /**
   * Files that the interpreter lacks, or has in another state: those of the current folder for its
   * root, those of MICROPYPATH for /lib.
   *
   * @param {Interpreter} interpreter
   * @param {ReturnType<typeof programOf>} program
   */
  #missing({ known }, { cwd, folder, libraries }) {
    /** @type {[string, string][]} */
    const missing = [];
    /** @type {[string, string][]} */
    const modules = libraries.map((library) => [library, "/lib"]);
    for (const [from, to] of new Map([[folder, folder], ...modules, [cwd, "/"]])) {
      if (!this.#folders.some((shown) => !relative(shown, from).startsWith(".."))) continue;
      for (const name of readdirSync(from, { recursive: true, encoding: "utf8" })) {
        const path = join(from, name);
        const stat = statSync(path);
        const state = `${stat.size} ${stat.mtimeMs}`;
        if (!stat.isFile() || known.get(path) === state) continue;
        known.set(path, state);
        missing.push([join(to, name), readFileSync(path).toString("base64")]);
      }
    }
    return missing;
  }
}

/** What the command line asks for, as a page runs it. @param {Request} request */
function programOf({ args, cwd, env }) {
  const [first, ...rest] = args;
  const { MICROPYPATH = "", ...others } = env;
  const libraries = MICROPYPATH.split(":").filter(isAbsolute);
  const settings = Object.entries(others).map(([name, value]) => `__import__("os").putenv(${JSON.stringify(name)}, ${JSON.stringify(value)})\n`).join("");
  const program = { cwd, libraries };
  if (first === "-c") {
    // Programs of one page find each other on 127.0.0.1 only.
    const code = rest[0].replace(/^HOST_IP = .*$/m, 'HOST_IP = "127.0.0.1"');
    return { ...program, folder: cwd, name: "main.py", code: settings + code, args: rest.slice(1) };
  }
  const file = resolve(cwd, first);
  const folder = dirname(file);
  const name = folder === cwd ? relative(cwd, file) : file.slice(1);
  return { ...program, folder, name, code: settings + readFileSync(file, "utf8"), args: rest };
}
