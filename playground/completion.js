/**
 * Completes names of modules, names in modules, and members of variables that were assigned from
 * modules.
 */

/**
 * @import { CompletionContext } from "@codemirror/autocomplete"
 *
 * @typedef {Record<string, Record<string, string>>} Names
 * @typedef {{from: number, module?: string, modules?: boolean, expression?: string}} Place
 */

/** The classes of the objects that functions and methods return. @type {Record<string, string>} */
const RETURNS = { create_default_context: "ssl.SSLContext", wrap_socket: "tls.SSLSocket", poll: "select.poll", get_event_loop: "asyncio.Loop" };

/**
 * @param {() => Promise<Names>} load Gives the kind of each name,
 *   by module ("ssl") or class ("ssl.SSLContext").
 * @returns {import("@codemirror/autocomplete").CompletionSource}
 */
export function moduleCompletion(load) {
  /** @type {Promise<Names> | undefined} */
  let loading;
  return async (context) => {
    const found = questionAt(context);
    if (!found) return null;
    loading ??= load();
    const names = await loading;
    const text = context.state.doc.toString();
    const members = found.modules ? modulesOf(names) : names[found.module ?? resolve(found.expression ?? "", text, names) ?? ""];
    if (!members) return null;
    const options = Object.entries(members).map(([label, type]) => ({ label, type }));
    return { from: found.from, options, validFor: /^\w*$/ };
  };
}

/**
 * The kind of name to complete: a module, a name in a module, or a member of an expression. @param
 * {CompletionContext} context @returns {Place | null}
 */
function questionAt(context) {
  const line = context.state.sliceDoc(context.state.doc.lineAt(context.pos).from, context.pos);
  if (/#/.test(line)) return null;
  const from = context.pos - (/\w*$/.exec(line)?.[0].length ?? 0);
  const [, module] = /^\s*from\s+(\w+)\s+import\s+(?:\w+\s*,\s*)*\w*$/.exec(line) ?? [];
  if (module) return { from, module };
  if (/^\s*(?:from|import)\s+(?:\w+\s*,\s*)*\w*$/.test(line)) return { from, modules: true };
  const [, expression] = /([A-Za-z_][\w.]*)\.\w*$/.exec(line) ?? [];
  return expression ? { from, expression } : null;
}

/** @param {Names} names */
function modulesOf(names) {
  return Object.fromEntries(Object.keys(names).filter((name) => !name.includes(".")).map((name) => [name, "namespace"]));
}

/**
 * The module that an expression names, or the class of its value. Found by the program's imports
 * and assignments; undefined if it is unknown.
 *
 * @param {string} expression
 * @param {string} text
 * @param {Names} names
 * @param {number} [depth]
 * @returns {string | undefined}
 */
function resolve(expression, text, names, depth = 0) {
  if (depth > 5) return undefined;
  const [first, ...rest] = expression.split(".");
  let whole = imported(first, text) ?? assigned(first, text, names, depth);
  for (const name of rest) whole = whole && `${whole}.${name}`;
  return whole && whole in names ? whole : undefined;
}

/** @param {string} name @param {string} text */
function imported(name, text) {
  for (const [, list] of text.matchAll(/^\s*import\s+([^\n#]+)/gm)) {
    for (const part of list.split(",")) {
      const [module, alias = module] = part.trim().split(/\s+as\s+/);
      if (alias === name) return module;
    }
  }
  for (const [, module, list] of text.matchAll(/^\s*from\s+(\w+)\s+import\s+([^\n#]+)/gm)) {
    for (const part of list.split(",")) {
      const [member, alias = member] = part.trim().split(/\s+as\s+/);
      if (alias === name) return `${module}.${member}`;
    }
  }
  return undefined;
}

/**
 * The class of the object that a call last assigned to a variable.
 *
 * @param {string} name
 * @param {string} text
 * @param {Names} names
 * @param {number} depth
 * @returns {string | undefined}
 */
function assigned(name, text, names, depth) {
  const [, callee] = [...text.matchAll(new RegExp(`(?:^|[;\\s])${name}\\s*=\\s*(?:await\\s+)?([\\w.]+)\\(`, "g"))].at(-1) ?? [];
  if (!callee) return undefined;
  const last = callee.split(".").at(-1) ?? "";
  return RETURNS[last] ?? resolve(callee, text, names, depth + 1);
}
