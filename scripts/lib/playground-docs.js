/** The documents that the playground links to, as pages in its folder. */

import { framed, writeDocuments } from "./documents.js";

/** By the name of the page: the document, and what the links to it say. */
const DOCUMENTS = {
  ssl: { path: "docs/ssl.md", title: "The ssl module" },
  errors: { path: "docs/errors.md", title: "Errors" },
  page: { path: "web/README.md", title: "A page of your own" },
  relay: { path: "docs/relay.md", title: "A relay for the public" },
};

/**
 * Links to other files of this project stay as text, because the folder does not have these files.
 * Pictures are left out.
 *
 * @param {string} folder Where the pages go.
 */
export function writeDocs(folder) {
  return writeDocuments(folder, DOCUMENTS, { page, file: () => null, picture: () => null });
}

/** @param {{title: string, body: string}} document */
function page({ title, body }) {
  const links = Object.entries(DOCUMENTS).map(([name, document]) => `<a href="${name}.html">${document.title}</a>`);
  return framed({
    title: `${title} – MicroPython TLS playground`,
    body,
    menu: `<a href="../">Playground</a> ${links.join(" ")} <a href="https://docs.micropython.org/en/latest/library/">MicroPython’s library</a>`,
    base: "../",
    styles: ["docs.css"],
  });
}
