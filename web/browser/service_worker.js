/**
 * A service worker that lets a worker of the page block without any headers. It answers the
 * worker's synchronous requests when the network has an answer, and leaves all other requests
 * alone. Serve it from the page's folder or from one above.
 *
 * It is no module and imports nothing, so that it can be copied.
 */

const PATH = "/micropython-ssl-call/";
/** Milliseconds that the pages have to answer which one has an interpreter. */
const PATIENCE = 10_000;

/**
 * Ports to the networks of interpreters, by name. A browser may end a service worker at any time; a
 * new one asks the pages for the ports again.
 *
 * @type {Map<string, MessagePort>}
 */
const ports = new Map();

const worker = /** @type {ServiceWorkerScope} */ (/** @type {unknown} */ (self));

worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener("fetch", (event) => {
  const { pathname } = new URL(event.request.url);
  const at = pathname.indexOf(PATH);
  if (at >= 0) event.respondWith(answer(pathname.slice(at + PATH.length), event.request));
});

/** @param {string} name @param {Request} request */
async function answer(name, request) {
  const message = await request.arrayBuffer();
  const port = ports.get(name) ?? (await find(name));
  if (!port) return new Response(null, { status: 410, statusText: "no page has this interpreter" });
  /** @type {ArrayBuffer} */
  const bytes = await new Promise((resolve) => {
    port.onmessage = ({ data }) => resolve(data);
    port.postMessage(message, [message]);
  });
  return new Response(bytes, { headers: { "Cache-Control": "no-store" } });
}

/**
 * Asks all pages for an interpreter. The page that has it answers on the port that came with the
 * question.
 *
 * @param {string} name
 */
async function find(name) {
  const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const answers = pages.map((page) => {
    const { port1, port2 } = new MessageChannel();
    page.postMessage({ op: "micropython-ssl network", name }, [port2]);
    return new Promise((/** @type {(port: MessagePort | null) => void} */ resolve) => (port1.onmessage = () => resolve(port1)));
  });
  answers.push(new Promise((resolve) => setTimeout(resolve, PATIENCE, null)));
  const port = await Promise.race(answers);
  if (port) ports.set(name, port);
  return port;
}
