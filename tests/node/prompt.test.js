// The prompt and input() on a terminal, and what Ctrl-C does to programs.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { noTerminal, terminal } from "../support/pty.js";
import { INTERPRETER, folder, runCode, runnerOnly } from "../support/runner.js";

/** @import { TestContext } from "node:test" */

const { stdout: platform } = await runCode("import sys; print(sys.platform)");
const npm = platform !== "wasi\n" && "npm's MicroPython has no line editor, and cannot be interrupted in a loop";
const skip = runnerOnly("wasmtime has neither keys nor interrupts") || noTerminal || npm;

const [LEFT, UP, CTRL_A, CTRL_C, CTRL_D, CTRL_E, DELETE_BACK, ENTER] = ["\x1b[D", "\x1b[A", "\x01", "\x03", "\x04", "\x05", "\x7f", "\r"];

/** @param {TestContext} t @param {string[]} [args] */
async function prompt(t, args = []) {
  const home = folder(t, {});
  const session = terminal(t, [...INTERPRETER, ...args], { env: { HOME: home }, cwd: home });
  await session.shows(">>> ");
  return {
    ...session,
    home,
    /**
     * Types a line; resolves to what the terminal shows between it, which the editor ends so, and
     * the next prompt.
     *
     * @param {string} line
     */
    async enter(line) {
      session.type(line + ENTER);
      const shown = await session.shows("\r\n>>> ");
      const end = shown.indexOf("\r\r\n");
      return end < 0 ? "" : shown.slice(end + 3);
    },
  };
}

test("the prompt shows values and tracebacks, and its exit code is the program's", { skip }, async (t) => {
  const { enter, type, ended } = await prompt(t);
  assert.equal(await enter("6 * 7"), "42");
  assert.match(await enter("1 // 0"), /^Traceback .*\r\n {2}File "<stdin>", line 1, in <module>\r\nZeroDivisionError: divide by zero$/);
  type(`import sys; sys.exit(3)${ENTER}`);
  assert.equal(await ended(), 3);
});

test("Ctrl-D ends the prompt", { skip }, async (t) => {
  const { enter, type, ended } = await prompt(t, ["-i", "-c", "x = 5"]);
  assert.equal(await enter("x"), "5");
  type(CTRL_D);
  assert.equal(await ended(), 0);
});

test("a line is edited: the cursor moves, characters are removed, Ctrl-C gives it up", { skip }, async (t) => {
  const { enter, type, shows } = await prompt(t);
  assert.equal(await enter(`12${LEFT}${DELETE_BACK}3${CTRL_A}4`), "432");
  type(`nonsense(${CTRL_C}`);
  await shows("\r\n>>> ");
  assert.equal(await enter("'alive'"), "'alive'");
});

test("characters of UTF-8 are typed, moved over and removed as a whole", { skip }, async (t) => {
  const { enter } = await prompt(t);
  assert.equal(await enter("[ord(c) for c in 'aé中😀']"), "[97, 233, 20013, 128512]");
  assert.equal(await enter(`[ord(c) for c in 'é中😀${LEFT}${LEFT}${DELETE_BACK}ü${CTRL_E}']`), "[252, 20013, 128512]");
});

test("lines are remembered, also by the next session", { skip }, async (t) => {
  const first = await prompt(t);
  await first.enter("x = 'remembered'");
  assert.equal(await first.enter("x"), "'remembered'");
  assert.equal(await first.enter(`${UP}${UP}.upper()`), "");
  first.type(CTRL_D);
  await first.ended();
  const history = readFileSync(join(first.home, ".micropython.history"), "utf8");
  assert.equal(history, "x = 'remembered'\nx\nx = 'remembered'.upper()\n");
  const second = terminal(t, INTERPRETER, { env: { HOME: first.home } });
  await second.shows(">>> ");
  second.type(`${UP}${ENTER}x${ENTER}`);
  await second.shows("'REMEMBERED'");
});

test("blocks are indented, and paste mode takes them as they are", { skip }, async (t) => {
  const { enter, type, shows } = await prompt(t);
  type(`def f(x):${ENTER}return x + 1${ENTER.repeat(4)}`); // two lines are indented, a third is not and ends the block
  await shows("\r\n>>> ");
  assert.equal(await enter("f(1)"), "2");
  type(CTRL_E);
  await shows("=== ");
  type(`def g(x):\r    if x:\r        return 'päste'\r\rprint(g(1))\r${CTRL_D}`);
  assert.match(await shows(">>> "), /\r\npäste\r\n$/);
});

test("input() is edited as the prompt is; Ctrl-C and Ctrl-D there raise KeyboardInterrupt and EOFError", { skip }, async (t) => {
  const { enter, type, shows } = await prompt(t);
  type(`name = input('name? ')${ENTER}`);
  await shows("\r\nname? ");
  await enter(`Jürx${DELETE_BACK}gen`);
  assert.equal(await enter("name == 'Jürgen'"), "True");
  for (const [key, error] of [[CTRL_C, "KeyboardInterrupt"], [CTRL_D, "EOFError"]]) {
    type(`input('? ')${ENTER}`);
    await shows("\r\n? ");
    type(key);
    await shows(`${error}: \r\n>>> `);
  }
});

for (const [name, code] of Object.entries({
  "a loop": "exec('while True: pass')",
  "a loop of slow calls": "exec('while True: hash(bytes(200000))')",
  "a sleep": "time.sleep(100)",
  "a sleep of asyncio": "asyncio.run(asyncio.Event().wait())",
  "a read of standard input": "sys.stdin.readline()",
  "a poll": "p = select.poll(); p.register(sys.stdin, select.POLLIN); p.poll()",
  "an accept": "s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); s.accept()",
})) {
  test(`Ctrl-C in ${name} raises KeyboardInterrupt at once, and the interpreter lives on`, { skip }, async (t) => {
    const { enter, type, shows } = await prompt(t);
    await enter("import asyncio, select, socket, sys, time; kept = 'kept'");
    type(`print('begins'); ${code}${ENTER}`);
    await shows("\r\nbegins\r\n");
    await new Promise((resolve) => setTimeout(resolve, 200));
    const before = performance.now();
    type(CTRL_C);
    await shows("KeyboardInterrupt");
    const took = performance.now() - before;
    await shows(">>> ");
    assert.equal(await enter("kept"), "'kept'");
    assert.ok(took < 500, `${took} ms`); // a few on a machine that has nothing else to do
  });
}

test("a script that Ctrl-C interrupts ends with a traceback and 1, or does what it does about it", { skip }, async (t) => {
  for (const [source, expected] of [
    ["while True: pass", 1],
    ["import sys\ntry:\n    while True: pass\nexcept KeyboardInterrupt:\n    sys.exit(7)", 7],
  ]) {
    const { type, shows, ended } = terminal(t, [...INTERPRETER, "-c", `print('begins')\n${source}`]);
    await shows("begins");
    type(CTRL_C);
    if (expected === 1) await shows("KeyboardInterrupt");
    assert.equal(await ended(), expected);
  }
});
