/**
 * Where no call may wait, asyncio.run() returns an awaitable. A program that calls it at its top
 * level expects it to have ended. So `(await …)` is put around such a call in the program's text. A
 * call inside a function cannot be awaited this way.
 */

const TOKEN = /#[^\n]*|[rbfuRBFU]{0,2}("""(?:\\[^]|[^\\])*?"""|'''(?:\\[^]|[^\\])*?'''|"(?:\\[^]|[^"\\\n])*"|'(?:\\[^]|[^'\\\n])*')|[A-Za-z_]\w*(?:[ \t]*\.[ \t]*[A-Za-z_]\w*(?:\(\)(?=[ \t]*\.))?)*|\\\r?\n|\s+|[^]/y;

const CALL = /[ \t]*\(/y;

/**
 * The text of a program with every call of asyncio.run(), run_until_complete() and run_forever() at
 * its top level awaited.
 *
 * @param {string} code
 * @returns {string}
 */
export function awaitRuns(code) {
  if (!/\brun(_until_complete|_forever)?\b/.test(code)) return code;
  const names = namesOfRun(code);
  /** Indentations of the functions and classes around the line. @type {number[]} */
  const scopes = [];
  /** The depth of brackets of each call whose closing bracket has not come yet. @type {number[]} */
  const awaiting = [];
  let out = "";
  let depth = 0;
  let indent = 0;
  let first = true; // of its line
  let excluded = false; // the rest of the line
  let previous = "";
  for (const [token, called] of tokens(code)) {
    const space = /^\s/.test(token);
    if (space && depth === 0 && token.includes("\n")) {
      first = true;
      indent = token.length - token.lastIndexOf("\n") - 1;
      excluded = false;
    } else if (space && first && out === "") {
      indent = token.length;
    } else if (!space && !token.startsWith("#")) {
      if (first) {
        first = false;
        while (indent <= (scopes.at(-1) ?? -1)) scopes.pop();
      }
      if (token === "def" || token === "class") {
        scopes.push(indent);
        excluded = true;
      }
      if (token === "lambda") excluded = true;
      if ("([{".includes(token)) depth++;
      if (")]}".includes(token)) {
        depth--;
        if (depth === awaiting.at(-1)) {
          awaiting.pop();
          previous = token;
          out += "))";
          continue;
        }
      }
      const runs = called && (names.has(token) || /\.[ \t]*run_(until_complete|forever)$/.test(token));
      if (runs && scopes.length === 0 && !excluded && previous !== "await") {
        out += "(await ";
        awaiting.push(depth);
      }
      previous = token;
    }
    out += token;
  }
  return out;
}

/**
 * The tokens, each with whether it is called.
 *
 * @param {string} code
 * @returns {Generator<[token: string, called: boolean]>}
 */
function* tokens(code) {
  for (let at = 0; at < code.length; ) {
    TOKEN.lastIndex = at;
    const [token] = TOKEN.exec(code) ?? [code[at]];
    at += token.length;
    CALL.lastIndex = at;
    yield [token, CALL.test(code)];
  }
}

/** The names that this program has for asyncio.run. @param {string} code */
function namesOfRun(code) {
  const names = new Set(["asyncio.run", "uasyncio.run"]);
  for (const [, alias] of code.matchAll(/\bimport[ \t]+u?asyncio[ \t]+as[ \t]+(\w+)/g)) names.add(`${alias}.run`);
  for (const [, imported] of code.matchAll(/\bfrom[ \t]+u?asyncio[ \t]+import[ \t]+([^\n#]*)/g)) {
    for (const [, alias] of imported.matchAll(/\brun\b(?:[ \t]+as[ \t]+(\w+))?/g)) names.add(alias ?? "run");
  }
  return names;
}
