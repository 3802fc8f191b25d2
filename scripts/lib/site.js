/** The site: the documents with a menu, the pictures in them, and the playground. */

import { cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { framed, writeDocuments } from "./documents.js";
import { DIST, ROOT } from "./paths.js";
import { REFERENCES, writeReferences } from "./reference.js";
import { PLAYGROUND, buildPlayground } from "./playground-build.js";

export const SITE = join(DIST, "site");

/**
 * By part of the menu and name of the page. A path is a document's; what has none is on the site
 * already.
 *
 * @type {Record<string, Record<string, {path?: string, title: string}>>}
 */
const MENU = {
  Start: {
    index: { path: "docs/index.md", title: "micropython-ssl" },
    install: { path: "docs/install.md", title: "Install, first program" },
    "playground/": { title: "Playground" },
  },
  "How to": {
    howto: { path: "docs/howto.md", title: "How to" },
    packages: { path: "docs/packages.md", title: "Packages" },
    page: { path: "web/README.md", title: "In a page" },
    browsers: { path: "docs/browsers.md", title: "Browsers and bundlers" },
    relay: { path: "docs/relay.md", title: "Run a relay" },
    component: { path: "docs/component.md", title: "In a component" },
    javascript: { path: "docs/javascript.md", title: "From JavaScript" },
  },
  Reference: {
    ssl: { path: "docs/ssl.md", title: "ssl and tls" },
    socket: { path: "docs/socket.md", title: "socket, select, asyncio" },
    "command-line": { path: "docs/command-line.md", title: "Command line" },
    errors: { path: "docs/errors.md", title: "Errors" },
    differences: { path: "docs/differences.md", title: "What differs from a board" },
    limits: { path: "docs/limits.md", title: "Limits" },
    "wasi-host": { path: "docs/wasi-host.md", title: "Host of WASI" },
  },
  Interfaces: REFERENCES,
  "Behind it": {
    architecture: { path: "docs/architecture.md", title: "How it works" },
    wasi: { path: "wasi/README.md", title: "MicroPython for WASI" },
    performance: { path: "docs/performance.md", title: "Performance" },
    figures: { path: "benches/report/README.md", title: "All figures" },
    decisions: { path: "docs/decisions/README.md", title: "Decisions" },
    dependencies: { path: "docs/dependencies.md", title: "Dependencies" },
    security: { path: "SECURITY.md", title: "Security" },
    contributing: { path: "CONTRIBUTING.md", title: "Contributing" },
    changelog: { path: "CHANGELOG.md", title: "Changes" },
  },
};

/** The documents that have a page. Those of REFERENCES are there once the site is built. */
export const DOCUMENTS = Object.fromEntries(Object.values(MENU).flatMap((part) => Object.entries(part)).flatMap(([name, { path, title }]) => (path ? [[name, { path, title }]] : [])));

/**
 * @param {object} [options]
 * @param {string} [options.folder] dist/site unless told; what is in it goes.
 * @param {boolean} [options.playground] Whether to have the playground in it, which has to be built
 *   from what is built.
 */
export async function buildSite({ folder = SITE, playground = true } = {}) {
  const { homepage } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const source = `${homepage.replace(/#.*/, "")}/blob/main/`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await writeReferences();
  await writeDocuments(folder, DOCUMENTS, {
    page: (document) => page(document, source),
    file: (path) => source + path,
    picture(path) {
      mkdirSync(join(folder, "pictures", dirname(path)), { recursive: true });
      cpSync(join(ROOT, path), join(folder, "pictures", path));
      return `pictures/${path}`;
    },
  });
  for (const name of ["site.css", "docs.css", "icon.svg"]) cpSync(join(ROOT, "playground", name), join(folder, name));
  if (!playground) return;
  await buildPlayground();
  cpSync(PLAYGROUND, join(folder, "playground"), { recursive: true });
}

/** @param {{name: string, title: string, body: string}} document @param {string} source */
function page({ name, title, body }, source) {
  const parts = Object.entries(MENU).map(([part, pages]) => {
    const links = Object.entries(pages).map(([page, { path, title }]) => {
      const here = page === name ? ' aria-current="page"' : "";
      return `<li><a href="${path ? `${page}.html` : page}"${here}>${title}</a></li>`;
    });
    return `<section><h2>${part}</h2><ul>${links.join("")}</ul></section>`;
  });
  return framed({
    title: `${name === "index" ? "" : `${title} – `}micropython-ssl`,
    body: `<p class="to-menu"><a href="#pages">All pages</a></p>\n${body}`,
    menu: `${parts.join("\n")}<p><a href="${source.replace("/blob/main/", "")}">Source</a></p>`,
    styles: ["docs.css", "site.css"],
  });
}
