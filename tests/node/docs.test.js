/** The documents: every link leads somewhere, and every block of code that is marked `run` runs. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { tmpdir } from "node:os";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { marked } from "marked";
import { headingId } from "../../scripts/lib/documents.js";
import { ROOT } from "../../scripts/lib/paths.js";
import { DOCUMENTS, buildSite } from "../../scripts/lib/site.js";
import { cast } from "../support/pki.js";
import { CLI } from "../support/runner.js";
import { httpsServer } from "../support/servers.js";

const { ca, server: certificate } = cast();
/** All documents of the repository that people read. */
const PATHS = [...new Set(["README.md", "examples/README.md", ...Object.values(DOCUMENTS).map(({ path }) => path), ...decisions()])];

for (const path of PATHS) {
  test(`every link of ${path} leads to a file, and to a heading in it`, () => {
    const dead = links(path).filter((href) => !resolves(path, href));
    assert.deepEqual(dead, []);
  });
}

describe("the site", () => {
  const folder = mkdtempSync(join(tmpdir(), "micropython-ssl-site-"));
  before(() => buildSite({ folder, playground: false }));
  after(() => rmSync(folder, { recursive: true }));

  test("every link and picture of its pages leads somewhere", () => {
    const pages = readdirSync(folder).filter((name) => name.endsWith(".html"));
    assert.equal(pages.length, Object.keys(DOCUMENTS).length);
    const ids = Object.fromEntries(pages.map((name) => [name, [...read(folder, name).matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)]));
    const dead = [];
    for (const page of pages) {
      for (const [, href] of read(folder, page).matchAll(/ (?:href|src)="([^"]*)"/g)) {
        const [target, fragment] = href.split("#");
        if (/^https?:/.test(target) || target === "playground/") continue;
        const file = target || page;
        if (!existsSync(join(folder, file)) || (fragment && !ids[file]?.includes(fragment))) dead.push(`${page}: ${href}`);
      }
    }
    assert.deepEqual(dead, []);
  });
});

describe("blocks marked run", () => {
  let server;
  const folder = mkdtempSync(join(tmpdir(), "micropython-ssl-blocks-"));
  before(async () => {
    server = await httpsServer(certificate, { handler: (request, response) => response.end("a page") });
    writeFileSync(join(folder, "ca.pem"), ca.pem);
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  const blocks = PATHS.flatMap((path) => code(path).map((block, at) => ({ path, at, ...block }))).filter(({ marks }) => marks.includes("run"));
  assert.ok(blocks.length > 0, "no block is marked");
  for (const { path, at, language, text } of blocks) {
    test(`${path}, block ${at + 1} (${language})`, async () => {
      const local = text.replaceAll("example.com", "localhost").replace(/\b443\b/g, String(server.port));
      const { stdout } = await RUN[language](local, folder);
      assert.match(stdout, /200 OK/);
    });
  }
});

const run = promisify(execFile);
const RUN = {
  python(text, folder) {
    writeFileSync(join(folder, "script.py"), text);
    return run(process.execPath, [CLI, "script.py"], { cwd: folder, env: { ...process.env, SSL_CERT_FILE: join(folder, "ca.pem") } });
  },
  // Node's list of authorities cannot be changed, so that the program is told of ours.
  js(text, folder) {
    const script = join(folder, "script.mjs");
    const local = text
      .replace('"micropython-ssl"', JSON.stringify(pathToFileURL(join(ROOT, "web", "index.node.js")).href))
      .replace('{ secureTransport: "on" }', `{ secureTransport: "on", ca: ${JSON.stringify(ca.pem)} }`);
    writeFileSync(script, local);
    return run(process.execPath, [script], { cwd: folder });
  },
};

function decisions() {
  return readdirSync(join(ROOT, "docs", "decisions")).map((name) => `docs/decisions/${name}`);
}

function read(...path) {
  return readFileSync(join(...path), "utf8");
}

function tokens(path) {
  const all = [];
  marked.walkTokens(marked.lexer(read(ROOT, path)), (token) => all.push(token));
  return all;
}

function links(path) {
  return tokens(path).filter(({ type }) => type === "link" || type === "image").map(({ href }) => href).filter((href) => !/^(https?|mailto):/.test(href));
}

function resolves(path, href) {
  const [target, fragment] = href.split("#");
  const file = target ? relative(ROOT, resolve(ROOT, dirname(path), target)) : path;
  if (!existsSync(join(ROOT, file))) return false;
  return !fragment || !file.endsWith(".md") || headings(file).includes(fragment);
}

function headings(path) {
  return tokens(path).filter(({ type }) => type === "heading").map(({ tokens }) => headingId(tokens.map(({ text }) => text).join("")));
}

/** The blocks of code of a document, with what is behind the language. */
function code(path) {
  return tokens(path).filter(({ type }) => type === "code").map(({ lang = "", text }) => {
    const [language, ...marks] = lang.split(" ");
    return { language, marks, text };
  });
}
