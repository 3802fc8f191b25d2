import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";

import { folder, listen, run, runCode } from "../support/runner.js";

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
