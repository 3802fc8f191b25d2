/** Completes names of modules, of what is in them, and of what variables made by them have. */

/** Classes of what functions and methods return. */
const RETURNS = { create_default_context: "ssl.SSLContext", wrap_socket: "tls.SSLSocket", poll: "select.poll", get_event_loop: "asyncio.Loop" };

/**
 * @param {() => Promise<Record<string, Record<string, string>>>} load Gives the kind of each name,
 *   by module ("ssl") or class ("ssl.SSLContext").
 * @returns {import("@codemirror/autocomplete").CompletionSource}
 */
export function moduleCompletion(load) {
  let loading;
  return async (context) => {
    const found = questionAt(context);
    if (!found) return null;
    loading ??= load();
    const names = await loading;
    const text = context.state.doc.toString();
    const members = found.modules ? modulesOf(names) : names[found.module ?? resolve(found.expression, text, names)];
    if (!members) return null;
    const options = Object.entries(members).map(([label, type]) => ({ label, type }));
    return { from: found.from, options, validFor: /^\w*$/ };
  };
}

/** What is to be completed: names of modules, names in a module, or members of an expression. */
function questionAt(context) {
  const line = context.state.sliceDoc(context.state.doc.lineAt(context.pos).from, context.pos);
  if (/#/.test(line)) return null;
  const from = context.pos - /\w*$/.exec(line)[0].length;
  const [, module] = /^\s*from\s+(\w+)\s+import\s+(?:\w+\s*,\s*)*\w*$/.exec(line) ?? [];
  if (module) return { from, module };
  if (/^\s*(?:from|import)\s+(?:\w+\s*,\s*)*\w*$/.test(line)) return { from, modules: true };
  const [, expression] = /([A-Za-z_][\w.]*)\.\w*$/.exec(line) ?? [];
  return expression ? { from, expression } : null;
}

function modulesOf(names) {
  return Object.fromEntries(Object.keys(names).filter((name) => !name.includes(".")).map((name) => [name, "namespace"]));
}

/**
 * The module or class that an expression is or has, by the imports and assignments of the program;
 * undefined where they do not tell.
 */
function resolve(expression, text, names, depth = 0) {
  if (depth > 5) return undefined;
  const [first, ...rest] = expression.split(".");
  let whole = imported(first, text) ?? assigned(first, text, names, depth);
  for (const name of rest) whole = whole && `${whole}.${name}`;
  return whole in names ? whole : undefined;
}

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

/** The class of what was last assigned to a variable by a call. */
function assigned(name, text, names, depth) {
  const [, callee] = [...text.matchAll(new RegExp(`(?:^|[;\\s])${name}\\s*=\\s*(?:await\\s+)?([\\w.]+)\\(`, "g"))].at(-1) ?? [];
  if (!callee) return undefined;
  const last = callee.split(".").at(-1);
  return RETURNS[last] ?? resolve(callee, text, names, depth + 1);
}
