/** Starts this package's workers. */

/**
 * Starts a worker. Browsers refuse a worker whose script is of another origin than the page, for
 * example on a CDN. The worker then gets a script of the page's origin, which imports the other
 * one.
 *
 * @param {() => Worker} start Makes the worker by the expression
 *   `new Worker(new URL(…, import.meta.url))`, which bundlers look for.
 * @param {URL} script The worker's script, for the case that no bundler has moved it.
 * @param {WorkerOptions} options
 * @returns {Worker}
 */
export function startWorker(start, script, options) {
  try {
    return start();
  } catch (error) {
    if (/** @type {Error} */ (error).name !== "SecurityError") throw error;
    const importing = new Blob([`import ${JSON.stringify(script.href)};`], { type: "text/javascript" });
    return new Worker(URL.createObjectURL(importing), options);
  }
}
