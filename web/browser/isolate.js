/**
 * Cross-origin isolation where the host cannot send headers: a service worker adds them. Load this
 * file first in the page,
 *
 *     <script src="isolate.js"></script>
 *
 * from the page's own folder or above. The first visit loads the page again once or twice.
 * `data-policy="require-corp"` sets the stricter policy. The default is "credentialless" where the
 * browser has it: cross-origin images and the like are fetched without credentials.
 *
 * This one file is the script of both the page and the service worker. It is no module, so that it
 * can be copied.
 */

(() => {
  const ATTEMPTS = "micropython-ssl isolate";
  const MOST_ATTEMPTS = 2;

  if (typeof document === "undefined") serve();
  else page();

  function page() {
    const { src, dataset } = /** @type {HTMLScriptElement} */ (document.currentScript);
    if (globalThis.crossOriginIsolated) return sessionStorage.removeItem(ATTEMPTS);
    if (!navigator.serviceWorker) return console.warn("isolate.js: this page can have no service worker: it needs https, or localhost");
    const attempts = Number(sessionStorage.getItem(ATTEMPTS));
    if (attempts >= MOST_ATTEMPTS) return console.warn("isolate.js: this page is not isolated in spite of the service worker");
    const policy = dataset.policy ?? ("credentialless" in HTMLIFrameElement.prototype ? "credentialless" : "require-corp");
    const reload = () => {
      sessionStorage.setItem(ATTEMPTS, String(attempts + 1));
      location.reload();
    };
    if (navigator.serviceWorker.controller) return reload();
    navigator.serviceWorker.addEventListener("controllerchange", reload, { once: true });
    const script = new URL(src);
    script.searchParams.set("policy", policy);
    navigator.serviceWorker.register(script.href).catch((error) => console.warn(`isolate.js: ${error.message}`));
  }

  function serve() {
    const policy = new URL(location.href).searchParams.get("policy") ?? "require-corp";
    const worker = /** @type {ServiceWorkerScope} */ (/** @type {unknown} */ (self));
    worker.addEventListener("install", () => worker.skipWaiting());
    worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
    worker.addEventListener("fetch", (event) => {
      const { request } = event;
      // fetch() refuses such a request: one that only reads the cache must have mode "same-origin".
      if (request.cache === "only-if-cached" && request.mode !== "same-origin") return;
      event.respondWith(fetched(request, policy));
    });
  }

  /** @param {Request} request @param {string} policy */
  async function fetched(request, policy) {
    const anonymous = policy === "credentialless" && request.mode === "no-cors";
    const response = await fetch(anonymous ? new Request(request, { credentials: "omit" }) : request);
    if (response.type === "opaque" || response.type === "opaqueredirect" || response.status === 0) return response;
    const headers = new Headers(response.headers);
    headers.set("Cross-Origin-Embedder-Policy", policy);
    headers.set("Cross-Origin-Opener-Policy", "same-origin");
    const { status, statusText } = response;
    return new Response(response.body, { status, statusText, headers });
  }
})();
