// MicroPython for WASI on wasmtime's command line, as a user meets it: scripts, options, exit
// codes, files.

import assert from "node:assert/strict";
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { DIST } from "../../scripts/lib/paths.js";
import { tools } from "../../scripts/lib/tools.js";
import { pathsOfThisMachine } from "../support/paths.js";
import { folder } from "../support/runner.js";
import { micropython, runCode } from "../support/wasi.js";

test("a script has its name, arguments, folder and __file__", async (t) => {
  const cwd = folder(t, {
    "sub/script.py": "import sys, helper\nprint(sys.argv, sys.path[0], __name__, __file__, helper.value)",
    "sub/helper.py": "value = 42",
  });
  const { code, stdout, stderr } = await micropython(["sub/script.py", "a", "-c", "--x=1"], { cwd });
  assert.equal(stderr, "");
  assert.equal(stdout, "['sub/script.py', 'a', '-c', '--x=1'] /sub __main__ sub/script.py 42\n");
  assert.equal(code, 0);
});

test("an argument may be longer than 255 bytes", async (t) => {
  const cwd = folder(t, { "script.py": "import sys\nprint(*sys.argv[1:])" });
  const long = "é".repeat(20_000);
  const { stdout, stderr } = await micropython(["script.py", long, "short"], { cwd });
  assert.equal(stderr, "");
  assert.equal(stdout, `${long} short\n`);
});

test("arguments and variables may be as long as the system lets them be", async () => {
  const env = { LONG: "b".repeat(100_000) };
  const args = ["a".repeat(120_000), ...Array(1000).fill("word")];
  const program = "import os, sys; print(len(sys.argv[1]), len(sys.argv), len(os.getenv('LONG')))";
  const { stdout, stderr } = await micropython(["-c", program, ...args], { env });
  assert.equal(stderr, "");
  assert.equal(stdout, "120000 1002 100000\n");
});

test("a heap that is larger than the memory is an error", async () => {
  const { code, stderr } = await micropython(["-X", "heapsize=100m", "-c", "pass"], { more: ["-W", "max-memory-size=60000000"] });
  assert.equal(stderr, "micropython: there is no memory for 104857600 bytes\n");
  assert.equal(code, 1);
});

test("-m runs a module or package as the main program", async (t) => {
  const cwd = folder(t, {
    "single.py": "import sys\nprint(__name__, sys.argv)",
    "package/__init__.py": "",
    "package/__main__.py": "print('main of', __name__)",
  });
  assert.equal((await micropython(["-m", "single", "x"], { cwd })).stdout, "__main__ ['single', 'x']\n");
  assert.equal((await micropython(["-m", "package"], { cwd })).stdout, "main of __main__\n");
});

for (const [statement, expected] of [
  ["sys.exit()", 0],
  ["sys.exit(3)", 3],
  ["sys.exit('a text')", 1],
  ["raise SystemExit(256)", 0],
  ["1 // 0", 1],
]) {
  test(`${statement} exits with ${expected}`, async () => {
    assert.equal((await runCode(`import sys\n${statement}`)).code, expected);
  });
}

test("an uncaught exception prints its traceback on stderr", async () => {
  const { stdout, stderr } = await runCode("def f():\n  return 1 // 0\nprint('before')\nf()\n");
  assert.equal(stdout, "before\n");
  assert.match(stderr, /^Traceback .*\n  File "<stdin>", line 4, in <module>\n  File "<stdin>", line 2, in f\nZeroDivisionError: divide by zero\n$/);
});

for (const size of ["700", "4k", "16k", "200k"]) {
  test(`an uncaught MemoryError is named and exits with 1, with a heap of ${size}`, async () => {
    const { code, stderr } = await micropython(["-X", `heapsize=${size}`, "-c", "l = []\nwhile True: l.append([l])"]);
    assert.match(stderr, /^(Traceback [^]*\n)?MemoryError: memory allocation failed, allocating \d+ by/);
    assert.equal(code, 1);
  });
}

test("--version names the interpreter", async () => {
  const { version } = tools.sources.micropython;
  const { stdout } = await micropython(["--version"]);
  assert.ok(stdout.startsWith(`MicroPython v${version} on `), stdout);
});

test("a script that is not there is reported", async (t) => {
  const { code, stderr } = await micropython(["missing.py"], { cwd: folder(t, {}) });
  assert.equal(stderr, "micropython: can't open file 'missing.py': [Errno 2] No such file or directory\n");
  assert.equal(code, 2);
});

test("a script outside of the granted folders cannot be opened", async () => {
  const { code, stderr } = await micropython(["script.py"], { folders: [] });
  assert.match(stderr, /^micropython: can't open file 'script.py': \[Errno \d+\] .+\n$/);
  assert.equal(code, 2);
});

test("a folder as the script, and the read of one, is EISDIR", async (t) => {
  const cwd = folder(t, { "sub/file": "" });
  const { code, stderr } = await micropython(["sub"], { cwd });
  assert.equal(stderr, "OSError: [Errno 21] EISDIR\n");
  assert.equal(code, 1);
  const { stdout } = await runCode("try:\n    open('sub').read()\nexcept OSError as error:\n    print(error.errno)", { cwd });
  assert.equal(stdout, "21\n");
});

test("a script in a folder that is not granted, in none that is there, or that may not be read, is reported", async (t) => {
  const cwd = folder(t, { "sub/script.py": "print('run')" });
  for (const script of ["/elsewhere/script.py", "../script.py", "sub/deeper/script.py", "sub/script.py/x"]) {
    const { code, stdout, stderr } = await micropython([script], { cwd });
    assert.match(stderr, new RegExp(`^micropython: can't open file '${script}': \\[Errno (1|2|13|20)\\] .+\n$`));
    assert.equal(stdout, "");
    assert.equal(code, 2);
  }
});

test("it tells nothing of the machine that it was built on", () => {
  assert.deepEqual(pathsOfThisMachine(readFileSync(join(DIST, "micropython.wasm"))), []);
});

test("options that are not there are an error", async () => {
  const { code, stderr } = await micropython(["--not-there"]);
  assert.equal(stderr, "Invalid command line arguments. Use -h option for help.\n");
  assert.equal(code, 1);
});

test("a program on standard input is run, and one in the prompt shows its values", async () => {
  assert.equal((await micropython([], { input: "print(6 * 7)\n" })).stdout, "42\n");
  const { code, stdout } = await micropython(["-i"], { input: "6 * 7\nfor i in range(2):\n    print(i)\n\nimport sys; sys.exit(5)\n" });
  assert.match(stdout, /Use Ctrl-D to exit.*\n>>> 42\n>>> \.\.\. \.\.\. 0\n1\n>>> $/);
  assert.equal(code, 5);
});

test("input() and sys.stdin read lines of any length", async () => {
  const { stdout } = await runCode("import sys\na = input('? ')\nprint(len(a), sys.stdin.readline(), sys.stdin.read())", {
    input: `${"x".repeat(1000)}\nsecond\nrest`,
  });
  assert.equal(stdout, "? 1000 second\n rest\n");
});

test("standard streams can be flushed, whatever they are", async () => {
  assert.deepEqual(await runCode("import sys\nsys.stdout.write('a')\nsys.stdout.flush()\nsys.stderr.flush()"), { code: 0, signal: null, stdout: "a", stderr: "" });
});

test("the environment is the host's as far as wasmtime hands it on", async () => {
  const { stdout } = await runCode("import os\nprint(os.getenv('GREETING'))\nos.putenv('A', 'b')\nprint(os.getenv('A'), os.getenv('NONE'))", {
    env: { GREETING: "hello" },
  });
  assert.equal(stdout, "hello\nb None\n");
});

test("files are read, written, listed, renamed and removed, with MicroPython's errors", async (t) => {
  const cwd = folder(t, { "a.txt": "first\n" });
  const { stdout, stderr } = await runCode(
    `
import os
with open("a.txt", "a") as file:
    file.write("second\\n")
print(open("a.txt").read().split())
os.mkdir("sub"); os.rename("a.txt", "sub/b.txt"); os.chdir("sub")
print(os.listdir(), os.stat("b.txt")[6], os.getcwd())
os.remove("b.txt"); os.chdir(".."); os.rmdir("sub")
print(os.listdir())
for call in (lambda: open("none"), lambda: os.mkdir("/none/sub"), lambda: os.listdir("none"), lambda: open("x/../../../etc/passwd")):
    try:
        call()
    except OSError as error:
        print(type(error).__name__, error.errno)
`,
    { cwd },
  );
  assert.equal(stderr, "");
  assert.equal(stdout, "['first', 'second']\n['b.txt'] 13 /sub\n[]\nOSError 2\nOSError 2\nOSError 2\nOSError 2\n");
});

test("no file has an empty name or one that is not UTF-8, and a file that is opened for nothing is read", async (t) => {
  const cwd = folder(t, { "text.txt": "text" });
  const { stdout, stderr } = await micropython(
    ["-c", `
import os
uses = (open, os.stat, os.remove, os.mkdir, os.rmdir, os.chdir, lambda path: os.rename(path, "new"), lambda path: os.rename("text.txt", path))
def attempt(use, path):
    try:
        print("done", use(path))
    except OSError as error:
        print(error.errno, end=" ")
for use in uses:
    attempt(use, "")
    attempt(use, b"\\xff")
attempt(os.listdir, b"\\xff")
print(os.listdir(""), open("text.txt", "b").read())
`],
    { cwd },
  );
  assert.equal(stderr, "");
  assert.equal(stdout, `${"2 84 ".repeat(8)}84 ['text.txt'] b'text'\n`);
});

test("a folder or file that may not be read is an OSError", { skip: process.getuid?.() === 0 ? "root may read everything" : false }, async (t) => {
  const cwd = folder(t, { "secret/file": "" });
  chmodSync(join(cwd, "secret"), 0);
  t.after(() => chmodSync(join(cwd, "secret"), 0o700));
  const { code, stderr } = await runCode("import os\nos.listdir('secret')", { cwd });
  assert.match(stderr, /OSError: \[Errno 13\] EACCES/);
  assert.equal(code, 1);
});

test("clocks tell the host's time and go on while a program sleeps", async () => {
  const before = Date.now() / 1000;
  const { stdout } = await runCode(
    "import time\na = time.ticks_ms()\ntime.sleep_ms(60)\ntime.sleep(0.06)\nprint(time.ticks_diff(time.ticks_ms(), a) >= 119, time.time(), time.gmtime()[0])",
  );
  const [late, now, year] = stdout.split(" ");
  assert.equal(late, "True");
  assert.ok(Number(now) >= Math.floor(before) && Number(now) <= Date.now() / 1000, now);
  assert.equal(Number(year), new Date().getUTCFullYear());
});

test("random numbers differ from run to run", async () => {
  const code = "import random, os\nprint(random.getrandbits(32), os.urandom(300))";
  assert.notEqual((await runCode(code)).stdout, (await runCode(code)).stdout);
});

test("hashlib has MD5, SHA-1 and SHA-256, for inputs of every length", async () => {
  const code = `
import hashlib
for name in ("md5", "sha1", "sha256"):
    for length in range(200):
        hash = getattr(hashlib, name)(bytes(length // 2))
        hash.update(b"a" * (length - length // 2))
        print(hash.digest().hex())
`;
  const { createHash } = await import("node:crypto");
  const expected = ["md5", "sha1", "sha256"].flatMap((name) =>
    Array.from({ length: 200 }, (_, length) => {
      const half = Math.floor(length / 2);
      return createHash(name).update(Buffer.alloc(half)).update("a".repeat(length - half)).digest("hex");
    }),
  );
  assert.equal((await runCode(code)).stdout, `${expected.join("\n")}\n`);
});

