/** The pages that documents show, served by the command that they give, in Chromium. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ROOT } from "../../scripts/lib/paths.js";
import { missingBrowser, startBrowser } from "../support/browser.js";
import { codeBlocks } from "../support/documents.js";
import { cast } from "../support/pki.js";
import { freePort, start } from "../support/programs.js";
import { CLI } from "../support/runner.js";
import { httpsServer } from "../support/servers.js";

/**
 * @import { TestContext } from "node:test"
 * @import { Browser } from "../support/browser.js"
 */

const { ca, server: certificate } = cast();
const FETCHING = String.raw`writer.write(b"GET / HTTP/1.0\r\n\r\n"); await writer.drain(); line = await reader.readline(); print("over", writer.s.version(), line)`;

describe("a page of the documents", { skip: missingBrowser }, () => {
  /** @type {Browser} */
  let browser;
  /** @type {Awaited<ReturnType<typeof httpsServer>>} */
  let https;
  before(async () => {
    https = await httpsServer(certificate);
    browser = await startBrowser();
  });
  after(async () => {
    await browser.stop();
    await https.stop();
  });

  /**
   * A document's block of code.
   *
   * @param {string} path
   * @param {string} language
   */
  function block(path, language, mark = "tests/browser/docs.test.js") {
    const found = codeBlocks(path).find((block) => block.language === language && block.mark === mark);
    assert.ok(found, `${path} has a block of ${language} with the mark ${mark}`);
    return found.text;
  }

  /** @param {string} text */
  const local = (text) => text.replace(/\bexample\.com:443\b/g, `localhost:${https.port}`).replace(/\bexample\.com\b/g, "localhost").replace(/\b(443|8883)\b/g, String(https.port));

  /**
   * Serves a folder by a command that a document gives.
   *
   * @param {TestContext} t
   * @param {string} command
   * @param {(address: string) => Record<string, string>} files Their texts by name.
   * @returns {Promise<string>} The address.
   */
  async function serve(t, command, files) {
    const folder = mkdtempSync(join(tmpdir(), "micropython-ssl-docs-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    mkdirSync(join(folder, "site"));
    const port = await freePort();
    const address = `http://127.0.0.1:${port}/`;
    for (const [name, text] of Object.entries(files(address))) writeFileSync(join(folder, "site", name), text);
    symlinkSync(join(ROOT, "node_modules", "@pyscript", "core", "dist"), join(folder, "site", "pyscript"));
    const [, ...args] = command.replaceAll("'", "").split(" ").slice(1);
    const server = await start(process.execPath, [CLI, ...args, "--port", String(port)], { cwd: folder, ready: /Relay at/ });
    t.after(() => server.stop());
    return address;
  }

  /** @param {TestContext} t @param {string} address @param {string} expected */
  async function shown(t, address, expected) {
    const page = await browser.newPage();
    t.after(() => page.close());
    await page.goto(address);
    await page.waitForFunction((expected) => document.body.textContent?.includes(expected), expected, { timeout: 30_000 });
  }

  /** The roots that the package has do not know the tests' authority. @param {string} program */
  const trusting = (program) => program.replace("create_default_context()", `create_default_context(cadata=${JSON.stringify(ca.pem)}.encode())`);

  for (const path of ["README.md", "docs/install.md"]) {
    test(`${path}: its page runs its program`, async (t) => {
      const files = () => ({ "index.html": block(path, "html"), "script.py": local(trusting(block(path, "python", "run"))) });
      await shown(t, await serve(t, local(block("docs/install.md", "sh")), files), "200 OK");
    });
  }

  test("web/README.md: a script of PyScript opens a connection over TLS", async (t) => {
    const script = local(trusting(block("web/README.md", "html"))).replace("</script>", `  ${FETCHING}\n</script>`);
    const core = '<!doctype html><script type="module" src="/pyscript/core.js"></script>';
    /** @param {string} address */
    const files = (address) => ({ "index.html": core + script.replace("https://localhost/", address) });
    const address = await serve(t, local(block("web/README.md", "sh")), files);
    const page = await browser.newPage();
    t.after(() => page.close());
    const printed = page.waitForEvent("console", { predicate: (message) => message.text().startsWith("over"), timeout: 30_000 });
    await page.goto(address);
    assert.match((await printed).text(), /^over TLSv1.3 b'HTTP\/1.. 200 OK/);
  });
});
