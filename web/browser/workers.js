/** Starts this package's workers. */

/**
 * Starts a worker. Browsers refuse one whose script is of another origin than the page, as on a
 * CDN; then it is a script of the page's own that imports it.
 *
 * @param {() => Worker} start Written out as `new Worker(new URL(…, import.meta.url))`, which
 *   bundlers look for.
 * @param {URL} script Its script, where no bundler has moved it.
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
