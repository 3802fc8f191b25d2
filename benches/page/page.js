/**
 * What is measured in the page: a plain WebSocket, by JavaScript in a worker of its own, and a
 * program in MicroPython.
 */

import { startMicroPython } from "/micropython-ssl/web/browser/micropython.js";

/** Makes the page busy 50 of every 51 ms, or not. */
window.busy = (on) => {
  clearInterval(window.busyTimer);
  if (on) window.busyTimer = setInterval(() => { for (const until = performance.now() + 50; performance.now() < until; ); }, 51);
};

/** Measures by a plain WebSocket, in a worker. */
window.plain = ({ url, kind, amount }) => {
  const thread = new Worker("plain.js", { type: "module" });
  return new Promise((resolve, reject) => {
    thread.onmessage = ({ data }) => (thread.terminate(), resolve(data));
    thread.onerror = ({ message }) => reject(new Error(message));
    thread.postMessage({ url, kind, amount });
  });
};

window.startBench = async ({ mode, transport, ca }) => {
  window.out = "";
  /** @param {string} text */
  const stdout = (text) => void (window.out += text);
  window.mp = await startMicroPython({ mode, transport, stdout, files: { "/ca.pem": ca } });
  window.program = await (await fetch(mode === "async" ? "program_async.py" : "program.py")).text();
};

/** Measures by the program. */
window.measure = async (...args) => {
  window.out = "";
  const exit = await window.mp.run(window.program, { args: args.map(String) });
  if (exit !== 0) throw new Error(window.out);
  return JSON.parse(window.out);
};
