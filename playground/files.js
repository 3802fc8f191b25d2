/** The user's files and the panel that lists them. */

import { ask } from "./question.js";

export class Files {
  /** Contents by absolute path. @type {Map<string, Uint8Array>} */
  contents = new Map();
  #list;
  #open;
  #changed;

  /**
   * @param {HTMLElement} list
   * @param {object} on
   * @param {(path: string) => void} on.open The user wants to edit a file.
   * @param {() => void} on.change Files were added or removed here.
   */
  constructor(list, { open, change }) {
    this.#list = list;
    this.#open = open;
    this.#changed = change;
  }

  /** Replaces all files. @param {Map<string, Uint8Array>} contents By path. */
  replace(contents) {
    this.contents.clear();
    for (const [path, content] of contents) this.contents.set(path, content);
    this.draw();
  }

  /** @param {string} name @param {string | Uint8Array} content */
  write(name, content) {
    this.contents.set(absolute(name), typeof content === "string" ? new TextEncoder().encode(content) : content);
  }

  /** A file as text, or null if it is not text. @param {string} path */
  text(path) {
    if (!this.contents.has(absolute(path))) return null;
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(this.contents.get(absolute(path)));
    } catch {
      return null;
    }
  }

  /** @param {Iterable<File>} files */
  async upload(files) {
    for (const file of files) this.write(file.name.replace(/[^\w.-]/g, "_"), new Uint8Array(await file.arrayBuffer()));
    this.draw();
    this.#changed();
  }

  draw() {
    const items = [...this.contents.keys()].sort().map((path) => {
      const item = document.createElement("li");
      const name = button(path.slice(1), `Edit ${path}`, () => this.#open(path));
      name.className = "name";
      const size = document.createElement("span");
      size.className = "size";
      size.textContent = `${(this.contents.get(path)?.length ?? 0).toLocaleString("en")} bytes`;
      const download = button("Download", `Download ${path}`, () => this.#download(path));
      const remove = button("Delete", `Delete ${path}`, () => this.#remove(path));
      remove.disabled = path === "/main.py";
      item.append(name, size, download, remove);
      return item;
    });
    this.#list.replaceChildren(...items);
  }

  /** @param {string} path */
  #download(path) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([new Uint8Array(this.contents.get(path) ?? [])]));
    link.download = path.slice(path.lastIndexOf("/") + 1);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  /** @param {string} path */
  async #remove(path) {
    if (!(await ask(`Delete ${path.slice(1)}? It cannot be brought back.`, "Delete", "Keep"))) return;
    this.contents.delete(path);
    this.draw();
    this.#changed();
  }
}

/** @param {string} name */
function absolute(name) {
  return name.startsWith("/") ? name : `/${name}`;
}

/** @param {string} text @param {string} label @param {() => void} onClick */
function button(text, label, onClick) {
  const element = document.createElement("button");
  element.textContent = text;
  element.setAttribute("aria-label", label);
  element.addEventListener("click", onClick);
  return element;
}
