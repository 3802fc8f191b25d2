/**
 * WASI in JavaScript for other components than MicroPython: the program of docs/wasi-host.md, as
 * users copy it.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { componentNew } from "@bytecodealliance/jco";

import { CACHE, ROOT } from "../../scripts/lib/paths.js";
import { findWheel } from "../../scripts/lib/wheel.js";
import { LocalNetwork } from "../../web/net/local_network.js";
import { inputSource, transportBackend } from "../../web/transports/backend.js";
import { loopback } from "../../web/transports/index.js";
import { Waiting } from "../../web/wasi/poll.js";
import { socketInterfaces } from "../../web/wasi/sockets.js";
import { folder, run } from "../support/runner.js";

/**
 * @import { TestContext } from "node:test"
 * @import { Backend } from "../../web/net/server.js"
 */

const ADAPTER = join(ROOT, "node_modules/@bytecodealliance/jco/lib/wasi_snapshot_preview1.command.wasm");

/** A program in C, as a component. */
const PROGRAM = `
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
int main(int argc, char **argv) {
  char line[80], text[80] = "";
  FILE *file = fopen("note.txt", "r");
  if (file) { fgets(text, sizeof(text), file); fclose(file); }
  FILE *made = fopen("made.txt", "w");
  if (made) { fputs("made by a component", made); fclose(made); }
  struct timespec before, after;
  clock_gettime(CLOCK_MONOTONIC, &before);
  usleep(50000);
  clock_gettime(CLOCK_MONOTONIC, &after);
  long slept = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
  unsigned char random[16];
  int entropy = getentropy(random, sizeof(random));
  fgets(line, sizeof(line), stdin);
  printf("%d %s|%s|%s|%d %d\\n", argc, argv[1], text, line, slept >= 49 && slept < 5000, entropy);
  fprintf(stderr, "to stderr\\n");
  return argc == 3;
}
`;

/** @param {string} cwd */
async function component(cwd) {
  const source = join(cwd, "program.c");
  const core = join(cwd, "core.wasm");
  writeFileSync(source, PROGRAM);
  const env = { ...process.env, ZIG_GLOBAL_CACHE_DIR: join(CACHE, "zig"), ZIG_LOCAL_CACHE_DIR: join(CACHE, "zig") };
  const zig = findWheel("zig");
  assert.ok(zig);
  execFileSync(zig, ["cc", "--target=wasm32-wasi", "-Os", source, "-o", core], { env });
  writeFileSync(join(cwd, "program.wasm"), await componentNew(readFileSync(core), [["wasi_snapshot_preview1", readFileSync(ADAPTER)]]));
}

/**
 * The folder of a user who has the package, the component, and the program of the documentation.
 *
 * @param {TestContext} t
 */
async function userFolder(t) {
  const doc = readFileSync(join(ROOT, "docs/wasi-host.md"), "utf8");
  const cwd = folder(t, { "run.mjs": /```js .*\n([^]*?)```/.exec(doc)?.[1] ?? "", "note.txt": "a note" });
  mkdirSync(join(cwd, "node_modules"));
  symlinkSync(ROOT, join(cwd, "node_modules", "micropython-ssl"));
  await component(cwd);
  return cwd;
}

test("a component has arguments, files, clocks, randomness and standard streams", async (t) => {
  const cwd = await userFolder(t);
  /** @param {...string} args */
  const start = (...args) => run(["run.mjs", "program.wasm", ...args], { cwd, input: "a line\n", command: [process.execPath] });
  const good = await start("first");
  assert.deepEqual(good, { code: 0, signal: null, stdout: "2 first|a note|a line\n|1 0\n", stderr: "to stderr\n" });
  assert.equal(readFileSync(join(cwd, "made.txt"), "utf8"), "made by a component");
  assert.equal((await start("first", "second")).code, 1, "its failure is an exit code");
});

test("a write that the peer answers with bytes and a reset has succeeded", async () => {
  /** @type {Backend["connect"]} */
  const connect = (_, { open, data, error }) => {
    queueMicrotask(open);
    /** @param {Uint8Array} _ @param {() => void} done */
    const write = (_, done) => {
      done();
      data(Uint8Array.of(1, 2, 3));
      error(Object.assign(new Error("the peer resets"), { code: "ECONNRESET" }));
    };
    return { write, pause() {}, resume() {}, end: (done) => done(), destroy() {}, setOption() {} };
  };
  const network = new LocalNetwork({ ...transportBackend(loopback()), input: inputSource().input, connect }, () => {});
  const socket = socketInterfaces(network, new Waiting(network))["wasi:sockets/tcp-create-socket"].createTcpSocket("ipv4");
  socket.startConnect({}, { tag: "ipv4", val: { port: 80, address: [127, 0, 0, 1] } });
  await Promise.resolve();
  const [input, output] = socket.finishConnect();
  output.write(Uint8Array.of(0));
  assert.throws(() => output.checkWrite(), ({ tag, val }) => tag === "last-operation-failed" && val.code === "connection-reset");
  assert.deepEqual([...input.read(100n)], [1, 2, 3]);
  assert.throws(() => input.read(100n), { tag: "closed" });
});

test("what is no component, and what a component imports and is not given, is named", async () => {
  const { Component } = await import("../../web/wasi/index.js");
  await assert.rejects(Component.compile(new Uint8Array(20)), { name: "SyntaxError", message: "this is no WebAssembly" });
  const core = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  await assert.rejects(Component.compile(core), { name: "SyntaxError", message: "this is no WebAssembly component" });
  const engine = readFileSync(join(ROOT, "dist/micropython-ssl.component.wasm"));
  const compiled = await Component.compile(engine);
  assert.throws(() => compiled.instantiate({}), { name: "TypeError", message: /^nothing is given for the import wasi:/ });
  await assert.rejects(Component.compile(engine.subarray(0, 5000)), { name: "SyntaxError", message: "this WebAssembly ends too early" });
});
