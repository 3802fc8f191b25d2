// The command line, files and exit of micropython-ssl, as a user meets them.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import { text } from "node:stream/consumers";
import { test } from "node:test";

import { CLI, folder, listen, noProcfs, printed, processorTime, run, runCode, runnerOnly, start } from "../support/runner.js";

test("a script fetches a page over TCP", async (t) => {
  const port = await listen(t, http.createServer((request, response) => response.end("hello from the server")));
  const root = folder(t, {
    "get.py": `
import socket, sys
s = socket.socket()
s.connect(socket.getaddrinfo("127.0.0.1", int(sys.argv[1]))[0][-1])
s.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
print(s.readline())
print(s.read().split(b"\\r\\n\\r\\n")[1])
s.close()
`,
  });
  const { code, stdout, stderr } = await run([`${root}/get.py`, String(port)]);
  assert.equal(stderr, "");
  assert.equal(stdout, "b'HTTP/1.1 200 OK\\r\\n'\nb'hello from the server'\n");
  assert.equal(code, 0);
});

test("an uncaught exception prints its traceback on stderr and exits with 1", async () => {
  const { code, stdout, stderr } = await runCode("def f():\n  return 1 // 0\nprint('before')\nf()\n");
  assert.equal(stdout, "before\n");
  assert.equal(
    stderr,
    'Traceback (most recent call last):\n  File "<stdin>", line 4, in <module>\n  File "<stdin>", line 2, in f\nZeroDivisionError: divide by zero\n',
  );
  assert.equal(code, 1);
});

for (const [statement, expected] of [
  ["sys.exit()", 0],
  ["sys.exit(3)", 3],
  ["sys.exit(True)", 1],
  ["sys.exit(-1)", 255],
  ["sys.exit('a text')", 1],
  ["raise SystemExit(300)", 44],
  ["raise KeyboardInterrupt", 1],
]) {
  test(`${statement} exits with ${expected}`, async () => {
    const { code } = await runCode(`import sys\n${statement}`);
    assert.equal(code, expected);
  });
}

test("a script has its name, arguments, folder and __file__", async (t) => {
  const root = folder(t, {
    "sub/script.py": "import sys, helper\nprint(sys.argv, sys.path[0], __name__, __file__, helper.value)",
    "sub/helper.py": "value = 42",
  });
  const { stdout } = await run(["sub/script.py", "a", "-c", "--x=1"], { cwd: root });
  assert.equal(stdout, `['sub/script.py', 'a', '-c', '--x=1'] ${root}/sub __main__ sub/script.py 42\n`);
});

test("an argument may be longer than 255 bytes", async () => {
  const long = "é".repeat(20_000);
  const { stdout } = await run(["-c", "import sys; print(*sys.argv[1:])", long, "short"]);
  assert.equal(stdout, `${long} short\n`);
});

test("arguments and variables may be as long as the system lets them be", async () => {
  const env = { LONG: "b".repeat(100_000) };
  const args = ["a".repeat(120_000), ...Array(1000).fill("word")];
  const { stdout, stderr } = await run(["-c", "import os, sys; print(len(sys.argv[1]), len(sys.argv), len(os.getenv('LONG')))", ...args], { env });
  assert.equal(stderr, "");
  assert.equal(stdout, "120000 1002 100000\n");
});

test("-c has '-c' as its name and searches the current folder", async (t) => {
  const root = folder(t, { "helper.py": "value = 43" });
  const { stdout } = await run(["-c", "import sys, helper; print(sys.argv, repr(sys.path[0]), helper.value)", "a"], { cwd: root });
  assert.equal(stdout, "['-c', 'a'] '' 43\n");
});

test("-m runs a module or package as the main program", async (t) => {
  const root = folder(t, {
    "single.py": "import sys\nprint(__name__, sys.argv)",
    "package/__init__.py": "",
    "package/__main__.py": "print('main of', __name__)",
  });
  assert.equal((await run(["-m", "single", "x"], { cwd: root })).stdout, "__main__ ['single', 'x']\n");
  assert.equal((await run(["-m", "package"], { cwd: root })).stdout, "main of __main__\n");
  const missing = await run(["-m", "not_there"], { cwd: root });
  assert.match(missing.stderr, /ImportError: no module named 'not_there'/);
  assert.equal(missing.code, 1);
});

test("a program comes from standard input when none is named", async () => {
  const { code, stdout } = await run([], { input: "for i in range(3):\n  print(i)\n" });
  assert.equal(stdout, "0\n1\n2\n");
  assert.equal(code, 0);
});

test("a script that does not exist is named", async () => {
  const { code, stdout, stderr } = await run(["/no/such/script.py"]);
  assert.equal(stdout, "");
  assert.equal(stderr, "micropython-ssl: can't open file '/no/such/script.py': [Errno 2] No such file or directory\n");
  assert.equal(code, 2);
});

test("a syntax error names file and line", async (t) => {
  const root = folder(t, { "wrong.py": "x = 1\nif x\n" });
  const { code, stderr } = await run(["wrong.py"], { cwd: root });
  assert.equal(stderr, 'Traceback (most recent call last):\n  File "wrong.py", line 2\nSyntaxError: invalid syntax\n');
  assert.equal(code, 1);
});

test("-X options of the unix port are understood, others refused", async () => {
  assert.equal((await run(["-X", "emit=bytecode", "-X", "heapsize=8M", "-O2", "-c", "print(1)"])).stdout, "1\n");
  assert.equal((await run(["-X", "compile-only", "-c", "print(1)"])).stdout, "");
  /** @type {[option: string, message: RegExp][]} */
  const options = [
    ["emit=native", /emit=native: this build of MicroPython has no such emitter/],
    ["heapsize=lots", /heapsize=lots: not a size/],
    ["heapsize=9999M", /at most 1024M/],
    ["nonsense", /unknown option -X nonsense/],
  ];
  for (const [option, message] of options) {
    const { code, stderr } = await run(["-X", option, "-c", "print(1)"]);
    assert.match(stderr, message);
    assert.equal(code, 1);
  }
});

test("-X heapsize sets the heap that a program starts with", async () => {
  const { stdout } = await run(["-X", "heapsize=4M", "-c", "import micropython; micropython.mem_info()"]);
  const total = Number(/GC: total: (\d+)/.exec(stdout)?.[1]);
  assert.ok(total > 3.5 * 2 ** 20 && total <= 4 * 2 ** 20, stdout);
});

test("-h and --version", async () => {
  assert.match((await run(["-h"])).stdout, /^usage: micropython-ssl/);
  assert.match((await run(["--version"])).stdout, /^micropython-ssl \d+\.\d+\.\d+ on MicroPython \d+/);
  const unknown = await run(["--unknown"]);
  assert.match(unknown.stderr, /unknown option --unknown/);
  assert.equal(unknown.code, 1);
});

test("MICROPYPATH is the module search path", async (t) => {
  const root = folder(t, { "lib/helper.py": "value = 'lib'", "other/helper.py": "value = 'other'" });
  const source = "import sys, helper; print(helper.value, [p for p in sys.path if p.startswith('.f') or p == ''])";
  const first = await run(["-c", source], { cwd: root, env: { MICROPYPATH: `.frozen:${root}/other:${root}/lib` } });
  assert.equal(first.stdout, "other ['', '.frozen']\n");
  const without = await run(["-c", source], { cwd: root, env: { MICROPYPATH: `${root}/lib` } });
  assert.equal(without.stdout, "lib ['']\n");
  const none = await run(["-c", source], { cwd: root });
  assert.match(none.stderr, /ImportError/);
});

test("socket and tls can be imported whatever MICROPYPATH is", async () => {
  const { stdout, stderr } = await run(["-c", "import sys; sys.path.remove(''); import socket, select, tls; print(tls.SSLContext)"], {
    env: { MICROPYPATH: "" },
  });
  assert.equal(stdout, "<class 'SSLContext'>\n", stderr);
});

test("files of the host are read, written, listed and removed", async (t) => {
  const root = folder(t, { "in.txt": "first\nsecond\n", "data.bin": "" });
  fs.writeFileSync(`${root}/data.bin`, Buffer.from([0, 1, 254, 255]));
  const { stdout, stderr } = await runCode(
    `
import os
print(open("in.txt").readlines(), open("${root}/data.bin", "rb").read())
with open("out.txt", "w") as f:
    f.write("one\\n")
with open("out.txt", "a") as f:
    f.write("two\\n")
with open("out.txt", "r+b") as f:
    f.seek(4)
    f.write(b"TWO")
    f.seek(0)
    print(f.read(), f.tell())
os.mkdir("new")
os.rename("out.txt", "new/moved.txt")
print(sorted(os.listdir()), os.listdir("new"), os.stat("new/moved.txt")[6], os.getcwd() == "${root}")
os.chdir("new")
print(open("moved.txt").read())
os.remove("moved.txt")
os.chdir("..")
os.rmdir("new")
print(sorted(os.listdir("${root}")))
`,
    { cwd: root },
  );
  assert.equal(stderr, "");
  assert.equal(
    stdout,
    `['first\\n', 'second\\n'] b'\\x00\\x01\\xfe\\xff'
b'one\\nTWO\\n' 8
['data.bin', 'in.txt', 'new'] ['moved.txt'] 8 True
one
TWO

['data.bin', 'in.txt']
`,
  );
});

test("file errors have MicroPython's numbers", async (t) => {
  const root = folder(t, { "file.txt": "x", "full/x": "" });
  const { stdout } = await runCode(
    `
import os
for f in (lambda: open("missing"), lambda: open("no/such/folder", "w"), lambda: open("file.txt/x"), lambda: open("full", "w"),
          lambda: os.mkdir("full"), lambda: os.rmdir("full"), lambda: os.stat("missing"), lambda: os.listdir("missing"),
          lambda: os.remove("missing")):
    try:
        print(f())
    except OSError as e:
        print(e.errno, end=" ")
`,
    { cwd: root },
  );
  assert.equal(stdout, "2 2 20 21 17 39 2 2 2 ");
});

test("a file that another program removed and made again is seen as it is", async (t) => {
  const root = folder(t, { "shared.txt": "old" });
  const program = start(
    ["-c", "import sys\nprint(open('shared.txt').read())\nsys.stdin.readline()\nopen('shared.txt', 'w').write('new')\nprint(open('shared.txt').read())"],
    { cwd: root },
  );
  await printed(program, /old/);
  fs.rmSync(`${root}/shared.txt`);
  program.stdin.end("\n");
  assert.equal((await program.finished).stdout, "old\nnew\n");
  assert.equal(fs.readFileSync(`${root}/shared.txt`, "utf8"), "new");
});

test("standard input is read line by line while it stays open, and output is not held back", async () => {
  const child = start(["-c", "import sys\nwhile True:\n  line = sys.stdin.readline()\n  if not line: break\n  print('got', repr(line))"]);
  child.stdin.write("one\n");
  await printed(child, /got 'one\\n'/);
  child.stdin.write("tw");
  child.stdin.write("o\n");
  await printed(child, /got 'two\\n'/);
  child.stdin.end("rest");
  assert.equal((await child.finished).stdout, "got 'one\\n'\ngot 'two\\n'\ngot 'rest'\n");
});

test("binary input and output pass unchanged", async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  const child = spawn(process.execPath, [CLI, "-c", "import sys\nsys.stdout.buffer.write(sys.stdin.buffer.read())"]);
  child.stdin.end(bytes);
  const chunks = [];
  for await (const chunk of child.stdout) chunks.push(chunk);
  assert.deepEqual(Buffer.concat(chunks), bytes);
});

test("a program whose output nobody reads ends", async () => {
  const child = spawn(process.execPath, [CLI, "-c", "while True: print('x' * 1000)"]);
  child.stdout.once("data", () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.on("close", resolve));
  assert.equal(code, 141);
});

test("a program whose output cannot be written ends, and says so", { skip: runnerOnly("wasmtime has its own words") || !fs.existsSync("/dev/full") }, async (t) => {
  const full = fs.openSync("/dev/full", "w");
  t.after(() => fs.closeSync(full));
  const child = spawn(process.execPath, [CLI, "-c", "print('x')"], { stdio: ["ignore", full, "pipe"] });
  assert.ok(child.stderr);
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
  assert.equal(stderr, "micropython-ssl: standard output cannot be written: ENOSPC\n");
  assert.equal(code, 1);
});

test("a folder that was removed is no place to start in", async (t) => {
  const cwd = folder(t, {});
  const { stderr, code } = await run(["-c", 'rmdir "$PWD"; exec "$0" "$@"', process.execPath, CLI, "-c", "print(1)"], { cwd, command: ["sh"] });
  assert.match(stderr, /^micropython-ssl: the current folder is gone\n/);
  assert.equal(code, 1);
});

test("running out of memory or stack is a Python exception", async () => {
  const memory = await runCode("x = []\nwhile True: x.append(bytearray(200_000_000))");
  assert.match(memory.stderr, /MemoryError: memory allocation failed, allocating \d+ bytes\n$/);
  assert.equal(memory.code, 1);
  const stack = await runCode("def f(): f()\nf()");
  assert.match(stack.stderr, /RuntimeError: maximum recursion depth exceeded\n$/);
  assert.equal(stack.code, 1);
});

test("what the build lacks is there: urandom, getenv, md5 and sha1, the time", async () => {
  const { stdout, stderr } = await runCode(
    `
import os, hashlib, time, random
print(len(os.urandom(16)), os.urandom(16) != os.urandom(16), os.urandom(0), os.getenv("RUNNER_TEST"), os.getenv("NOT_SET"))
for length in (-1, -2, -300):
    try:
        os.urandom(length)
    except ValueError:
        print("ValueError", end=" ")
print()
print(hashlib.md5(b"abc").digest().hex(), hashlib.sha1(b"a" * 1000).digest().hex(), hashlib.sha256(b"abc").digest().hex()[:8])
h = hashlib.sha1(); h.update(b"a"); h.update(bytearray(b"bc")); print(h.digest().hex())
print(abs(time.time() - ${Date.now() / 1000}) < 30, time.gmtime(0)[:3])
`,
    { env: { RUNNER_TEST: "set" } },
  );
  assert.equal(stderr, "");
  assert.equal(
    stdout,
    `16 True b'' set None
ValueError ValueError ValueError${" "}
900150983cd24fb0d6963f7d28e17f72 291e9a6c66994949b57ba5e650361e98fc36b1ba ba7816bf
a9993e364706816aba3e25717850c26c9cd0d89d
True (1970, 1, 1)
`,
  );
});

test("modules have their old names too", async () => {
  const { stdout, stderr } = await runCode(`
import usocket, ussl, uselect, utime, uos, uhashlib, uasyncio, uio, ujson, ustruct, uerrno, urandom, ubinascii, ure
import socket, ssl, select, time, os
from uselect import poll
print(usocket.socket is socket.socket, ussl.SSLContext is ssl.SSLContext, poll is select.poll, utime.sleep is time.sleep, len(uos.urandom(4)))
print(uhashlib.sha1(b"").digest()[:2], uhashlib.sha256(b"").digest()[:2], uselect.POLLIN, uasyncio.run)
`);
  assert.equal(stderr, "");
  assert.match(stdout, /^True True True True 4\nb'\\xda9' b'\\xe3\\xb0' 1 <function run at \w+>\n$/);
});

test("a sleeping program uses no processor time", { skip: noProcfs }, async () => {
  const child = start(["-c", "import time\nprint('begin')\nt = time.ticks_ms()\ntime.sleep(1)\ntime.sleep_ms(500)\nprint('slept', time.ticks_diff(time.ticks_ms(), t))\ninput()"]);
  await printed(child, /begin/);
  const before = processorTime(child);
  const [, slept] = await printed(child, /slept (\d+)/);
  const used = processorTime(child) - before;
  assert.ok(Number(slept) >= 1499 && Number(slept) < 3000, `slept ${slept} ms`);
  assert.ok(used < 200, `${used} ms of processor time`);
  child.stdin.end("\n");
  await child.finished;
});
