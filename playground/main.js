/** The playground: puts its parts together. */

import { chooseMode } from "../web/browser/modes.js";
import { startNetwork } from "../web/browser/network.js";
import { messageOf } from "../web/net/errno.js";
import { moduleCompletion } from "./completion.js";
import { NO_CONFIG, loadConfig } from "./config.js";
import { Connections } from "./connections.js";
import { Editor } from "./editor.js";
import { element } from "./element.js";
import { EXAMPLES, loadCertificates, loadExample } from "./examples.js";
import { Files } from "./files.js";
import { Line } from "./line.js";
import { Machine } from "./machine.js";
import { Prompt } from "./prompt.js";
import { ask } from "./question.js";
import { Relay } from "./relay.js";
import { fromFragment, toFragment } from "./share.js";
import { tabs } from "./tabs.js";
import { Terminal } from "./terminal.js";
import { changeTheme, restoreTheme } from "./theme.js";
import { Workspace } from "./workspace.js";

/**
 * @import { StartOptions } from "../web/browser/start_options.js"
 * @import { Mode } from "../web/browser/modes.js"
 * @import { PageNetwork } from "../web/browser/network.js"
 * @import { Example } from "./examples.js"
 * @import { Description } from "./relay.js"
 *
 * @typedef {object} Parts What runs programs, and connects them.
 * @property {Machine} machine
 * @property {Prompt} prompt
 * @property {Relay} relay
 */

const ERRORS_KEPT = 1000; // characters
/** ENETDOWN and EACCES. */
const [NO_RELAY, NOT_ALLOWED] = [100, 13];
const STAGES = ["micropython", "engine", "network"];
/** As style.css has it. */
const NARROW = "(max-width: 860px)";
/**
 * How programs wait, in words for their author. All of it in a worker: a program never gets hold of
 * the page, which others may have written it for.
 *
 * @type {Map<Mode, {name: string, meaning: string}>}
 */
const MODES = new Map([
  ["isolated", { name: "blocking", meaning: "This page is cross-origin isolated: programs wait in a worker, and shared memory leads to the network." }],
  ["jspi", { name: "blocking by JSPI", meaning: "This page is not cross-origin isolated: programs are suspended while they wait. Experimental." }],
  ["service-worker", { name: "blocking by a service worker", meaning: "This page is not cross-origin isolated: every wait is a request that a service worker answers, which takes milliseconds. Experimental." }],
]);
const SERVICE_WORKER = "service_worker.js";

const runButton = element("run", HTMLButtonElement);
const stopButton = element("stop", HTMLButtonElement);
const examples = element("examples", HTMLSelectElement);
const upload = element("upload", HTMLInputElement);
const progressBar = element("progress", HTMLProgressElement);
const terminal = new Terminal(element("terminal"));
const connections = new Connections(element("connection-list"), element("connection-count"));
const files = new Files(element("file-list"), { open: (path) => edit(path, true), change: () => workspace.refresh() });
const editor = new Editor(element("editor"), {
  complete: moduleCompletion(() => fetch("names.json").then((response) => response.json())),
  onChange() {
    forgetAddress();
    workspace.keepSoon();
  },
  keys: [
    { key: "Mod-Enter", run: () => (run(), true) },
    { key: "Mod-.", run: () => (stop(), true) },
    { key: "Mod-s", run: () => (share(), true) },
  ],
});
const views = tabs(element("views"), (tab) => show(viewOf(tab)));
const workspace = new Workspace(editor, files);
let config = NO_CONFIG;
/** The end of what the program wrote to standard error. */
let errors = "";
/** Whether the user stopped the running program. */
let stopped = false;
/** Whether programs cannot run yet. */
let loading = true;
/** Whether the user has asked for a run meanwhile. */
let awaited = false;
/** There once the certificates are loaded. @type {Parts | undefined} */
let parts;
/** @type {PageNetwork | undefined} */
let network;

start().catch((error) => failToLoad(`The playground cannot start: ${messageOf(error)}`));

async function start() {
  restoreTheme();
  fillMenu();
  listen();
  show("code");
  config = await loadConfig();
  editor.focus();
  const [{ relay }] = await Promise.all([startMachine(), openFirstProgram()]);
  // One question after the other.
  relay.ask();
}

/** @returns {Promise<Parts>} */
async function startMachine() {
  const certificates = await loadCertificates();
  const stages = new Set();
  /** @type {StartOptions} */
  const options = {
    onStage: (stage) => progress(stages.add(stage).size),
    files: certificates,
    roots: new TextEncoder().encode(certificates["/certs/roots.pem"]),
    component: "micropython.wasm",
    micropython: "micropython/micropython.mjs",
    engine: "engine.wasm",
    mode: blockingMode(),
    serviceWorker: SERVICE_WORKER,
  };
  /** @type {StartOptions} */
  const output = {
    stdout: (text) => terminal.write(text),
    stderr(text) {
      terminal.write(text);
      errors = (errors + text).slice(-ERRORS_KEPT);
    },
    onConnection: (connection) => connections.show(connection),
  };
  /** @type {StartOptions["onConnection"]} */
  const onConnection = (connection) => connections.show({ ...connection, id: `prompt ${connection.id}` });
  /** @type {Parts} */
  const made = {
    machine: new Machine({ ...options, ...output }, files.contents),
    prompt: new Prompt({ ...options, onConnection }, files.contents, () => workspace.refresh()),
    relay: new Relay({ site: config.relay, allows: config.allows, onChange: (transport) => connect(made, transport) }),
  };
  parts = made;
  await connect(made, made.relay.transport);
  return made;
}

/** The mode of the page's address, or the best one that this browser has. */
function blockingMode() {
  const asked = new URLSearchParams(location.search).get("mode");
  const mode = [...MODES.keys()].find((mode) => mode === asked) ?? chooseMode({ serviceWorker: SERVICE_WORKER });
  if (mode === "async") throw new Error("programs cannot wait in this browser here; over https, or on localhost, it can run them");
  return mode;
}

/**
 * Starts the network anew, with another way to the outside, and looks whether that works.
 *
 * @param {Parts} parts
 * @param {Description | null} transport
 */
async function connect({ machine, prompt, relay }, transport) {
  runButton.disabled = true;
  loading = true;
  relay.show(transport ? "checking" : "none");
  sayLoading();
  try {
    const before = network;
    network = await startNetwork({ transport });
    await machine.connect(network);
    await prompt.use(network);
    before?.close();
  } catch (error) {
    relay.show(transport ? "away" : "none", messageOf(error));
    return failToLoad(`MicroPython cannot start: ${messageOf(error)}`);
  }
  const { mode } = await machine.prepare();
  element("mode").textContent = MODES.get(mode)?.name ?? mode;
  element("mode").title = MODES.get(mode)?.meaning ?? "";
  progressBar.hidden = true;
  runButton.disabled = false;
  state("Ready");
  if (document.body.dataset.view === "prompt") prompt.show();
  if (transport) lookForRelay(relay);
  loading = false;
  if (awaited) run();
}

/**
 * @param {Relay} relay
 * @returns {Promise<string>} Why the relay cannot be used; empty where it can.
 */
async function lookForRelay(relay) {
  try {
    await network?.open();
  } catch (error) {
    const problem = messageOf(error);
    relay.show("away", `${problem}. Programs can reach 127.0.0.1 inside this page only.`);
    return problem;
  }
  relay.show("ready");
  return "";
}

async function run() {
  awaited = loading;
  if (loading) return sayLoading();
  if (!parts || parts.machine.running || runButton.disabled) return;
  const { machine, relay } = parts;
  const { program } = workspace;
  terminal.clear();
  connections.clear();
  if (document.body.dataset.view === "code" || document.body.dataset.view === "files") show("output");
  setRunning(true);
  stopped = false;
  errors = "";
  const started = performance.now();
  const { exit, problem } = await machine.run(program);
  const seconds = ((performance.now() - started) / 1000).toFixed(2);
  setRunning(false);
  connections.draw();
  // A relay that went away is why programs fail.
  const looked = exit !== 0 && relay.transport ? lookForRelay(relay) : Promise.resolve("");
  if (exit === null) terminal.printLine(`It ended: ${problem}`, "error");
  else if (exit !== 0) sayReason(parts, looked);
  if (exit) terminal.printLine(`Exit code ${exit}, after ${seconds} s`, "error");
  terminal.draw();
  state(`${exit === 0 ? "Done" : stopped ? "Stopped" : "Failed"} after ${seconds} s`);
  workspace.refresh();
}

/**
 * Says what MicroPython's number of an error does not.
 *
 * @param {Parts} parts
 * @param {Promise<string>} looked Why the relay cannot be used; empty where it can.
 */
async function sayReason({ machine, relay }, looked) {
  const found = connections.explain(errors);
  if (!found) return;
  const { errno, name, target, reason } = found;
  const say = (/** @type {string} */ reason) => terminal.printLine(`${target}: [Errno ${errno}] ${name}: ${reason}.`, "note");
  if (errno === NOT_ALLOWED) return say(`${reason} (the relay is ${relay.address})`);
  if (errno !== NO_RELAY) return say(reason);
  const problem = await looked;
  if (!machine.running) say(problem || reason);
}

async function stop() {
  if (awaited) {
    awaited = false;
    return sayLoading();
  }
  if (!parts?.machine.running) return;
  stopped = true;
  state("Stopping …");
  // Where it cannot be stopped, its run ends with the reason.
  await parts.machine.stop().catch(() => {});
}

async function share() {
  const url = new URL(location.pathname, location.href);
  url.hash = await toFragment(workspace.texts);
  history.replaceState(null, "", url.pathname + location.search + url.hash);
  try {
    await navigator.clipboard.writeText(url.href);
    state("The link to this program is copied");
  } catch {
    state("The link to this program is in the address bar");
  }
}

/** What the page's address names, what was kept at the last visit, or an example. */
async function openFirstProgram() {
  const kept = workspace.restore();
  showExample();
  const shared = await fromFragment(location.hash);
  const wanted = EXAMPLES.find(({ id }) => id === new URLSearchParams(location.search).get("example"));
  if (shared) await open({ "main.py": "", ...shared }, "", "This link brings a program. Put it in the place of yours?");
  else if (wanted) await openExample(wanted);
  else if (!kept) await openExample(EXAMPLES[0]);
}

/** @param {Example} example */
async function openExample(example) {
  await open(await loadExample(example, config.services), example.id, `Put the example “${example.title}” in the place of your program?`);
}

/**
 * Opens a program, unless that replaces what the person wrote and wants to keep.
 *
 * @param {Record<string, string>} texts By name.
 * @param {string} example Its id; empty where it is none.
 * @param {string} question
 */
async function open(texts, example, question) {
  const replace = !workspace.wouldReplace(texts) || (await ask(`${question} Undo (Ctrl+Z) brings yours back.`, "Replace mine", "Keep mine"));
  if (replace) workspace.open(texts, example);
  else forgetAddress();
  showExample();
}

function showExample() {
  examples.value = workspace.example;
}

/** The address no longer says what is in the editor. */
function forgetAddress() {
  const url = new URL(location.href);
  url.hash = "";
  url.searchParams.delete("example");
  if (url.href !== location.href) history.replaceState(null, "", url.href.replace(/#$/, ""));
}

/** @param {string} path @param {boolean} [moveThere] */
function edit(path, moveThere = false) {
  if (!workspace.edit(path)) return state(`${path} is no text`);
  if (moveThere) show("code");
}

/** @param {string} view */
function show(view) {
  document.body.dataset.view = view;
  if (view === "prompt") parts?.prompt.show();
  views.select(element(`tab-${view}`));
}

/** The view that a tab is for, or that the page shows. @param {HTMLElement} holder */
function viewOf(holder) {
  return holder.dataset.view ?? "code";
}

/** @param {boolean} running */
function setRunning(running) {
  runButton.disabled = running;
  stopButton.disabled = !running;
  element("input").hidden = !running;
  if (running) state("Running …");
}

function fillMenu() {
  /** @type {Map<string, HTMLOptGroupElement>} */
  const groups = new Map();
  for (const { id, title, group } of EXAMPLES) {
    if (!groups.has(group)) groups.set(group, Object.assign(document.createElement("optgroup"), { label: group }));
    groups.get(group)?.append(new Option(title, id));
  }
  examples.append(Object.assign(new Option("Examples", ""), { hidden: true }), ...groups.values());
}

function listen() {
  runButton.addEventListener("click", run);
  stopButton.addEventListener("click", stop);
  element("share").addEventListener("click", share);
  element("theme").addEventListener("click", changeTheme);
  examples.addEventListener("change", () => {
    const chosen = EXAMPLES.find(({ id }) => id === examples.value);
    if (chosen) openExample(chosen).catch((error) => fail(messageOf(error)));
    show("code");
  });
  new Line(element("input", HTMLFormElement), (text) => {
    terminal.write(text);
    parts?.machine.input(text);
  });
  upload.addEventListener("change", () => files.upload(upload.files ?? []));
  element("new-file").addEventListener("click", () => {
    const name = globalThis.prompt("Name of the file", "module.py")?.trim().replace(/[^\w./-]/g, "_");
    if (!name) return;
    if (!files.contents.has(`/${name}`)) files.write(name, "");
    workspace.refresh();
    edit(`/${name}`, true);
  });
  // Not every width has all tabs.
  matchMedia(NARROW).addEventListener("change", () => show(viewOf(document.body)));
  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
    if (event.key === "Enter") run();
    if (event.key === ".") stop();
  });
}

/** @param {number} count Of the stages, those that are over. */
function progress(count) {
  progressBar.value = Math.min(count, STAGES.length);
}

/** @param {string} text */
function state(text) {
  element("state").textContent = text;
}

function sayLoading() {
  state(`Loading MicroPython and the TLS engine …${awaited ? " Your program runs as soon as they are there." : ""}`);
}

/** @param {string} message */
function failToLoad(message) {
  loading = awaited = false;
  fail(message);
}

/** @param {string} message */
function fail(message) {
  progressBar.hidden = true;
  state("Failed");
  terminal.printLine(message, "error");
  show("output");
}
