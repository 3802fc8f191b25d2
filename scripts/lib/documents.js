/** Documents in Markdown as pages, with the links between them. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { ROOT } from "./paths.js";

/**
 * Writes a page NAME.html for each document.
 *
 * @param {string} folder Where the pages go.
 * @param {Record<string, {path: string, title: string}>} documents By the name of the page; paths
 *   are the checkout's.
 * @param {object} site
 * @param {(document: {name: string, title: string, body: string}) => string} site.page A whole
 *   page.
 * @param {(path: string) => string | null} site.file Where another file of the checkout is; null
 *   leaves the link's text.
 * @param {(path: string) => string | null} site.picture Where a picture is; null leaves it out.
 */
export async function writeDocuments(folder, documents, { page, file, picture }) {
  const { Marked } = await import("marked");
  mkdirSync(folder, { recursive: true });
  for (const [name, { path, title }] of Object.entries(documents)) {
    const marked = new Marked({ renderer: rendererFor(path, { documents, file, picture }) });
    const body = await marked.parse(readFileSync(join(ROOT, path), "utf8"));
    writeFileSync(join(folder, `${name}.html`), page({ name, title, body }));
  }
}

/**
 * A page's frame.
 *
 * @param {object} document
 * @param {string} document.title
 * @param {string} document.body As HTML.
 * @param {string} document.menu What the menu holds, as HTML.
 * @param {string} [document.base] The address of the folder with the icon and the style sheets.
 * @param {string[]} document.styles Their names.
 * @returns {string} The whole page.
 */
export function framed({ title, body, menu, base = "", styles }) {
  const sheets = styles.map((name) => `    <link rel="stylesheet" href="${base}${name}" />\n`);
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'self'; img-src 'self'" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${title}</title>
    <link rel="icon" href="${base}icon.svg" />
${sheets.join("")}  </head>
  <body>
    <nav id="pages" aria-label="Pages">${menu}</nav>
    <main>
${body}
    </main>
  </body>
</html>
`;
}

/**
 * The id of a heading, as GitHub makes it: a second heading with the same text gets a number.
 *
 * @param {string} text
 * @param {Map<string, number>} [counts] How often each id came up in this document; counted here.
 */
export function headingId(text, counts = new Map()) {
  const id = text.toLowerCase().replace(/<[^>]*>/g, "").replace(/[^\p{L}\p{N}_\s-]/gu, "").trim().replace(/\s/g, "-");
  const count = counts.get(id) ?? 0;
  counts.set(id, count + 1);
  return count === 0 ? id : `${id}-${count}`;
}

/**
 * @param {string} path
 * @param {{documents: Record<string, {path: string}>, file: (path: string) => string | null,
 *   picture: (path: string) => string | null}} site
 * @returns {import("marked").RendererObject}
 */
function rendererFor(path, { documents, file, picture }) {
  const ids = new Map();
  /** @param {string} href */
  const whole = (href) => relative(ROOT, resolve(ROOT, dirname(path), href));
  return {
    link({ href, tokens }) {
      const text = this.parser.parseInline(tokens);
      if (/^(https?:|#)/.test(href)) return `<a href="${href}">${text}</a>`;
      const [target, fragment] = href.split("#");
      const [name] = Object.entries(documents).find(([, document]) => document.path === whole(target)) ?? [];
      const address = name ? `${name}.html` : file(whole(target));
      return address === null ? text : `<a href="${address}${fragment ? `#${fragment}` : ""}">${text}</a>`;
    },
    image({ href, text }) {
      const address = /^https?:/.test(href) ? href : picture(whole(href));
      return address === null ? "" : `<img src="${address}" alt="${text.replaceAll('"', "&quot;")}" />`;
    },
    html: () => "",
    heading({ tokens, depth }) {
      const html = this.parser.parseInline(tokens);
      return `<h${depth} id="${headingId(html, ids)}">${html}</h${depth}>\n`;
    },
  };
}
