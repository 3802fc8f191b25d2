/** The documents that the playground links to, as pages in its folder. */

import { readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { ROOT } from "./paths.js";

/** By the name of the page: the document, and what the links to it say. */
const DOCUMENTS = {
  ssl: { path: "docs/ssl.md", title: "The ssl module" },
  errors: { path: "docs/errors.md", title: "Errors" },
  page: { path: "web/README.md", title: "A page of your own" },
  relay: { path: "docs/relay.md", title: "A relay for the public" },
};

/** @param {string} folder Where the pages go. */
export async function writeDocs(folder) {
  const { Marked } = await import("marked");
  mkdirSync(folder, { recursive: true });
  for (const [name, { path, title }] of Object.entries(DOCUMENTS)) {
    const marked = new Marked({ renderer: rendererFor(path) });
    writeFileSync(join(folder, `${name}.html`), page(title, marked.parse(readFileSync(join(ROOT, path), "utf8"))));
  }
}

/** Links between the documents stay; what leads elsewhere in this project is not in the folder, and stays as text. Pictures are left out. */
function rendererFor(path) {
  return {
    link({ href, tokens }) {
      const text = this.parser.parseInline(tokens);
      const [target, fragment] = href.split("#");
      if (/^https?:/.test(href)) return `<a href="${href}">${text}</a>`;
      const whole = relative(ROOT, resolve(ROOT, dirname(path), target));
      const [name] = Object.entries(DOCUMENTS).find(([, document]) => document.path === whole) ?? [];
      return name ? `<a href="${name}.html${fragment ? `#${fragment}` : ""}">${text}</a>` : text;
    },
    image: () => "",
    html: () => "",
    heading({ tokens, depth, text }) {
      const id = text.toLowerCase().replace(/[^\w\s-]/g, "").trim().replace(/\s+/g, "-");
      return `<h${depth} id="${id}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
    },
  };
}

function page(title, body) {
  const links = Object.entries(DOCUMENTS).map(([name, document]) => `<a href="${name}.html">${document.title}</a>`);
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'self'; img-src 'self'" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${title} – MicroPython TLS playground</title>
    <link rel="icon" href="../icon.svg" />
    <link rel="stylesheet" href="../docs.css" />
  </head>
  <body>
    <nav><a href="../">Playground</a> ${links.join(" ")} <a href="https://docs.micropython.org/en/latest/library/">MicroPython’s library</a></nav>
    <main>
${body}
    </main>
  </body>
</html>
`;
}
