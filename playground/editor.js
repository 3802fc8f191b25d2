/** The editor: CodeMirror with Python, line numbers, search and the page's colours. */

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab, isolateHistory } from "@codemirror/commands";
import { python, pythonLanguage } from "@codemirror/lang-python";
import { HighlightStyle, bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, countColumn } from "@codemirror/state";
import {
  Decoration, EditorView, ViewPlugin, drawSelection, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

// Columns.
const INDENT = 4;
const FURTHER = 2; // columns of indentation after the first row of a wrapped line

const COLOURS = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.moduleKeyword, tags.controlKeyword], color: "var(--ansi-magenta)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--ansi-green)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--ansi-yellow)" },
  { tag: [tags.comment], color: "var(--faint)", fontStyle: "italic" },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.className], color: "var(--ansi-blue)" },
  { tag: [tags.definition(tags.variableName), tags.propertyName], color: "var(--text)" },
  { tag: [tags.operator, tags.punctuation], color: "var(--faint)" },
  { tag: [tags.meta], color: "var(--ansi-cyan)" },
]);

const THEME = EditorView.theme({
  "&": { backgroundColor: "transparent", color: "var(--text)" },
  ".cm-content": { caretColor: "var(--accent)", padding: "8px 0" },
  ".cm-line": { paddingLeft: "calc(6px + var(--hang))", textIndent: "calc(-1 * var(--hang))" },
  ".cm-cursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--faint)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--accent) 7%, transparent)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "color-mix(in srgb, var(--accent) 28%, transparent) !important" },
  ".cm-panels": { backgroundColor: "var(--page)", color: "var(--text)" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-tooltip": { backgroundColor: "var(--panel)", borderColor: "var(--line)" },
});

/** Indents the further rows of a wrapped line. */
const HANGING = ViewPlugin.define(
  (view) => ({
    decorations: hanging(view),
    update({ docChanged, viewportChanged }) {
      if (docChanged || viewportChanged) this.decorations = hanging(view);
    },
  }),
  { decorations: (plugin) => plugin.decorations },
);

export class Editor {
  #view;
  #extensions;

  /**
   * @param {HTMLElement} parent
   * @param {object} options
   * @param {() => void} options.onChange
   * @param {import("@codemirror/view").KeyBinding[]} options.keys Key bindings of the page.
   * @param {import("@codemirror/autocomplete").CompletionSource} options.complete
   */
  constructor(parent, { onChange, keys, complete }) {
    this.#extensions = [
      lineNumbers(), highlightActiveLineGutter(), highlightSpecialChars(), history(), drawSelection(), indentOnInput(),
      bracketMatching(), closeBrackets(), autocompletion(), highlightActiveLine(), highlightSelectionMatches(), EditorView.lineWrapping, HANGING,
      EditorState.tabSize.of(INDENT), indentUnit.of(" ".repeat(INDENT)), python(), pythonLanguage.data.of({ autocomplete: complete }), syntaxHighlighting(COLOURS), THEME,
      keymap.of([...keys, ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap, indentWithTab]),
      EditorView.updateListener.of((update) => update.docChanged && onChange()),
      EditorView.cspNonce.of("editor"),
      EditorView.contentAttributes.of({ "aria-label": "Program; Escape and then Tab leads out of it", autocapitalize: "off", autocorrect: "off", spellcheck: "false" }),
    ];
    this.#view = new EditorView({ parent, extensions: this.#extensions });
  }

  get text() {
    return this.#view.state.doc.toString();
  }

  /** The text with its history and selection. show() takes it back. */
  get state() {
    return this.#view.state;
  }

  /**
   * Shows another text, or a state from `state`. @param {string | EditorState} textOrState
   */
  show(textOrState) {
    this.#view.setState(this.#stateOf(textOrState));
  }

  /**
   * A state with another text in place of this one. Undo brings this one back.
   *
   * @param {string | EditorState} textOrState
   * @param {string} text
   */
  replaced(textOrState, text) {
    const state = this.#stateOf(textOrState);
    const changes = { from: 0, to: state.doc.length, insert: text };
    return state.update({ changes, annotations: isolateHistory.of("full") }).state;
  }

  /** @param {string | EditorState} textOrState */
  #stateOf(textOrState) {
    return typeof textOrState === "string" ? EditorState.create({ doc: textOrState, extensions: this.#extensions }) : textOrState;
  }

  focus() {
    this.#view.focus();
  }
}

/** @param {EditorView} view */
function hanging(view) {
  const lines = [];
  for (const { from, to } of view.visibleRanges) {
    for (let at = from; at <= to; ) {
      const { text, from: start, to: end } = view.state.doc.lineAt(at);
      const column = countColumn(text, INDENT, text.length - text.trimStart().length) + FURTHER;
      lines.push(Decoration.line({ attributes: { style: `--hang: ${column}ch` } }).range(start));
      at = end + 1;
    }
  }
  return Decoration.set(lines);
}
