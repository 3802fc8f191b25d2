// Ctrl-C ends a program wherever it is.

import assert from "node:assert/strict";
import { test } from "node:test";

import { printed, start } from "../support/runner.js";

/**
 * Starts a program, sends SIGINT once it printed "ready", and returns how it ended.
 *
 * @param {string} source
 */
async function interrupted(source) {
  const child = start(["-c", source]);
  await printed(child, /ready/);
  await new Promise((resolve) => setTimeout(resolve, 100));
  child.kill("SIGINT");
  return child.finished;
}

const waits = {
  "a sleep": "import time\nprint('ready')\ntime.sleep(60)",
  "accept": "import socket\ns = socket.socket()\ns.bind(('127.0.0.1', 0))\ns.listen(1)\nprint('ready')\ns.accept()",
  "recvfrom": "import socket\ns = socket.socket(2, 2)\ns.bind(('127.0.0.1', 0))\nprint('ready')\ns.recvfrom(10)",
  "poll": "import select\nprint('ready')\nselect.poll().poll(60000)",
  "reading standard input": "import sys\nprint('ready')\nsys.stdin.readline()",
  "asyncio.sleep": "import asyncio\nprint('ready')\nasync def main(): await asyncio.sleep(60)\nasyncio.run(main())",
  "a loop that computes": "print('ready')\nwhile True: pass",
  "printing": "print('ready')\nwhile True: print('.', end='')",
};
for (const [name, source] of Object.entries(waits)) {
  test(`an interrupt in ${name} raises KeyboardInterrupt`, async () => {
    const { code, stderr } = await interrupted(source);
    assert.match(stderr, /^Traceback \(most recent call last\):\n(.*\n)*KeyboardInterrupt: \n$/);
    assert.equal(code, 1);
  });
}

test("an interrupt can be caught, and finally is run", async () => {
  const { code, stdout, stderr } = await interrupted(`
import time, sys
try:
    try:
        print("ready")
        time.sleep(60)
    finally:
        print("finally")
except KeyboardInterrupt:
    print("caught")
    time.sleep(0.01)
    sys.exit(5)
`);
  assert.equal(stderr, "");
  assert.equal(stdout, "ready\nfinally\ncaught\n");
  assert.equal(code, 5);
});

