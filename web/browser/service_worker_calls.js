/** The page's part of mode "service-worker"; see service_worker.js. */

import { messageOf } from "../net/errno.js";
import { ModeError } from "./modes.js";

const INTERPRETER = new URL("./interpreter_worker.js", import.meta.url).href;

/**
 * Starts the service worker, and waits until it runs.
 *
 * @param {string} address Of a copy of service_worker.js.
 * @returns {Promise<string>} Its scope.
 */
export async function startServiceWorker(address) {
  let registration;
  try {
    registration = await navigator.serviceWorker.register(address);
  } catch (error) {
    throw new ModeError(`mode "service-worker" cannot be had: ${messageOf(error)}`, { cause: error });
  }
  const { scope } = registration;
  for (const [what, url] of Object.entries({ "this page": location.href, "micropython-ssl": INTERPRETER })) {
    if (!url.startsWith(scope)) throw new ModeError(`mode "service-worker" cannot be had: ${what} is not below ${scope}, where ${address} works`);
  }
  await active(registration);
  return scope;
}

/**
 * Lets an interpreter call its network through the service worker.
 *
 * @param {string} scope
 * @param {(port: MessagePort) => void} connect Takes a port on which the interpreter's calls
 *   arrive. Called each time that the service worker asks for a port.
 * @returns {{address: string, stop: () => void}} `address` is where the interpreter sends its
 *   calls.
 */
export function answerCalls(scope, connect) {
  const name = crypto.randomUUID();
  const receive = (/** @type {MessageEvent} */ { data, ports }) => {
    if (data?.op === "micropython-ssl network" && data.name === name) connect(ports[0]);
  };
  navigator.serviceWorker.addEventListener("message", receive);
  navigator.serviceWorker.startMessages();
  return { address: new URL(`micropython-ssl-call/${name}`, scope).href, stop: () => navigator.serviceWorker.removeEventListener("message", receive) };
}

/** Waits until the service worker runs. @param {ServiceWorkerRegistration} registration */
async function active(registration) {
  const worker = registration.waiting ?? registration.installing;
  if (registration.active || !worker) return;
  await new Promise((resolve, reject) => {
    const look = () => {
      if (worker.state === "activated") resolve(undefined);
      if (worker.state === "redundant") reject(new ModeError('mode "service-worker" cannot be had: the service worker was replaced or failed'));
    };
    worker.addEventListener("statechange", look);
    look();
  });
}
