/**
 * The user's program and files: opens them in the editor, replaces them when another program is
 * opened, and keeps them for the next visit.
 */

import { element } from "./element.js";
import { load, onReplaced, save } from "./store.js";
import { tabs } from "./tabs.js";

const MAIN = "/main.py";
const PAUSE = 400; // ms after the last key before the text is kept

export class Workspace {
  /** The example that was chosen last; empty where it was none. */
  example = "";
  #editor;
  #files;
  #tabs;
  /**
   * States of the editor for the open files, by path; null for a file that was not shown yet.
   *
   * @type {Map<string, import("./editor.js").Editor["state"] | null>}
   */
  #states = new Map();
  #shown = MAIN;
  /** The content of the shown file when it was last read from or written to the files. */
  #taken = "";
  /** Original texts of files from an example or a link, by path. @type {Record<string, string>} */
  #original = {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** Whether there are changes to keep. */
  #changed = false;

  /**
   * @param {import("./editor.js").Editor} editor
   * @param {import("./files.js").Files} files
   */
  constructor(editor, files) {
    this.#editor = editor;
    this.#files = files;
    this.#tabs = tabs(element("open-files"), (tab) => this.edit(tab.dataset.path ?? MAIN));
    addEventListener("pagehide", () => this.#changed && this.#save());
    onReplaced(() => this.#warn("The playground is open in another tab too. What was changed last, there or here, is kept; Share makes a link to this program."));
  }

  /** The program, as it is in the editor. */
  get program() {
    this.#take();
    return this.#files.text(MAIN) ?? "";
  }

  /** The texts of the open files by name. */
  get texts() {
    this.#take();
    return Object.fromEntries([...this.#states.keys()].map((path) => [path.slice(1), this.#files.text(path) ?? ""]));
  }

  /**
   * Opens the files that were kept at the last visit. @returns {boolean} Whether there was
   * anything.
   */
  restore() {
    const kept = load();
    if (!kept?.files.has(MAIN)) return false;
    this.#files.replace(kept.files);
    this.#original = kept.original;
    this.example = kept.example;
    for (const path of [MAIN, ...kept.files.keys()]) {
      if (path === MAIN || path in this.#original) this.#states.set(path, null);
    }
    this.#show(MAIN);
    return true;
  }

  /**
   * Whether `open` would replace text that the user wrote. @param {Record<string, string>} texts
   * By name.
   */
  wouldReplace(texts) {
    this.#take();
    return Object.entries(texts).some(([name, text]) => this.#isEdited(`/${name}`) && this.#files.text(`/${name}`) !== text);
  }

  /**
   * Opens a program with its modules. The user's other files stay. Undo in each file brings back
   * the previous text.
   *
   * @param {Record<string, string>} texts By name.
   * @param {string} [example]
   */
  open(texts, example = "") {
    this.#take();
    for (const path of Object.keys(this.#original)) {
      if (path.slice(1) in texts || this.#isEdited(path)) continue;
      this.#files.contents.delete(path);
      this.#states.delete(path);
    }
    for (const [name, text] of Object.entries(texts)) {
      const path = `/${name}`;
      const before = this.#states.get(path) ?? this.#files.text(path);
      this.#states.set(path, before === null ? null : this.#editor.replaced(before, text));
      this.#files.write(path, text);
    }
    this.#original = Object.fromEntries(Object.entries(texts).map(([name, text]) => [`/${name}`, text]));
    this.example = example;
    this.#files.draw();
    this.#show(MAIN);
    this.keepSoon();
  }

  /**
   * Shows a file in the editor. @param {string} path @returns {boolean} False where it is no text.
   */
  edit(path) {
    this.#take();
    if (this.#files.text(path) === null) return false;
    if (!this.#states.has(path)) this.#states.set(path, null);
    this.#show(path);
    return true;
  }

  /**
   * Updates the editor after files were changed or removed outside of it. Undo brings back the
   * editor's text.
   */
  refresh() {
    const current = this.#files.text(this.#shown);
    if (current === this.#taken) this.#take();
    else this.#states.set(this.#shown, this.#editor.state);
    for (const [path, state] of [...this.#states]) {
      const text = this.#files.text(path);
      if (text === null) this.#states.delete(path);
      else if (state && state.doc.toString() !== text) this.#states.set(path, this.#editor.replaced(state, text));
    }
    const shown = this.#states.has(this.#shown) ? this.#shown : MAIN;
    if (this.#states.get(shown) === this.#editor.state) this.#draw();
    else this.#show(shown);
    this.#files.draw();
    this.keepSoon();
  }

  /** Keeps everything, once typing pauses. */
  keepSoon() {
    this.#changed = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#save(), PAUSE);
  }

  #save() {
    this.#take();
    this.#changed = false;
    this.#warn(save({ files: this.#files.contents, original: this.#original, example: this.example }));
  }

  /** Shows which files are not kept; hides the message if all are. @param {string} problem */
  #warn(problem) {
    element("unsaved").textContent = problem;
    element("unsaved").hidden = problem === "";
  }

  /** @param {string} path */
  #isEdited(path) {
    const text = this.#files.text(path);
    return text !== null && text.trim() !== "" && text !== this.#original[path];
  }

  /** Writes the typed text to the files. */
  #take() {
    if (!this.#states.has(this.#shown)) return;
    this.#states.set(this.#shown, this.#editor.state);
    this.#taken = this.#editor.text;
    this.#files.write(this.#shown, this.#taken);
  }

  /** @param {string} path */
  #show(path) {
    this.#shown = path;
    this.#editor.show(this.#states.get(path) ?? this.#files.text(path) ?? "");
    this.#states.set(path, this.#editor.state);
    this.#taken = this.#editor.text;
    this.#draw();
  }

  #draw() {
    const buttons = [...this.#states.keys()].map((path) => {
      const button = document.createElement("button");
      button.role = "tab";
      button.dataset.path = path;
      button.textContent = path.slice(1);
      return button;
    });
    element("open-files").replaceChildren(...buttons);
    element("open-files").hidden = buttons.length < 2;
    const shown = buttons.find(({ dataset }) => dataset.path === this.#shown);
    if (shown) this.#tabs.select(shown);
  }
}
