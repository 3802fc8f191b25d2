/** The pages of tests and a browser, for the tests of a file or of a `describe`. */

import { after, before } from "node:test";
import { openPage, serveTestPages, startBrowser } from "./browser.js";

export class Site {
  /** @type {Awaited<ReturnType<typeof serveTestPages>> | undefined} */
  #server;
  /** @type {Awaited<ReturnType<typeof startBrowser>> | undefined} */
  #browser;

  /**
   * Serves and starts it before the tests, and ends it after them.
   *
   * @param {Parameters<typeof serveTestPages>[0]} [options]
   */
  constructor(options) {
    before(async () => {
      this.#server = await serveTestPages(options);
      this.#browser = await startBrowser();
    });
    after(async () => {
      await this.#browser?.stop();
      await this.#server?.close();
    });
  }

  get url() {
    return begun(this.#server).url;
  }

  /** The address of its relay. */
  get relay() {
    return relayOf(this);
  }

  get browser() {
    return begun(this.#browser);
  }

  /**
   * Opens a page of it.
   *
   * @param {string} [path]
   * @param {import("playwright-core").BrowserContext} [browser] Another one.
   */
  open(path, browser = this.browser) {
    return openPage(browser, this, path);
  }
}

/**
 * The address of a server's relay.
 *
 * @param {{url: string}} server
 */
export function relayOf({ url }) {
  return `${url.replace("http", "ws")}relay/`;
}

/** @template T @param {T | undefined} value @returns {T} */
function begun(value) {
  if (value === undefined) throw new Error("the tests have not begun");
  return value;
}
