// Where memory ends in Node: in the runner, in npm's MicroPython, and in JavaScript.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MEMORY, memoryTests } from "../support/memory_programs.js";
import { CLI, run } from "../support/runner.js";

const PAGE = 65_536; // bytes
const ROOT = new URL("../..", import.meta.url);
const LIMIT = 60_000; // ms

/** Node with so much memory for each module of wasm. @param {number} bytes */
const node = (bytes) => [process.execPath, `--wasm-max-mem-pages=${bytes / PAGE}`];

memoryTests((args, options) => run(args, { command: [...node(MEMORY), CLI], limit: LIMIT, ...options }));

/**
 * What a program in JavaScript prints, with twice as much: npm's MicroPython begins with 16 MiB.
 *
 * @param {string} program
 */
async function printed(program) {
  const { stdout, stderr } = await run(["--input-type=module", "-e", program], { command: node(2 * MEMORY), cwd: ROOT, limit: LIMIT });
  assert.equal(stderr, "");
  return stdout;
}

test("npm's MicroPython raises MemoryError, and TLS works again when there is memory", async () => {
  const output = await printed(`
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript";
import { installMicroPython } from "./web/index.node.js";
const mp = await loadMicroPython({ heapsize: 4 * 1024 * 1024 });
const installation = await installMicroPython(mp);
await mp.runPythonAsync(\`
import socket, tls
def error_of(call, *arguments):
    try:
        call(*arguments)
    except Exception as error:
        return type(error).__name__, str(error)
    return "fine"
shared = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
shared.verify_mode = tls.CERT_NONE
kept = []
def fill():
    while len(kept) < 50000:
        kept.append(shared.wrap_socket(socket.socket(), do_handshake_on_connect=False))
print(error_of(fill), len(kept) > 100)
print(error_of(tls.SSLContext, tls.PROTOCOL_TLS_CLIENT))
print(error_of(shared.load_verify_locations, "x" * 500000))
for one in kept:
    one.close()
print(error_of(shared.load_verify_locations, "x" * 500000), error_of(tls.SSLContext, tls.PROTOCOL_TLS_CLIENT))
\`);
await installation.close();
process.exit();
`);
  const memory = "('MemoryError', 'no memory is left for TLS')";
  assert.equal(output, `${memory} True\n${memory}\n${memory}\n('ValueError', 'invalid cert') fine\n`);
});

test("connect() with certificates that there is no memory for is an error", async () => {
  const output = await printed(`
import { once } from "node:events";
import { createServer } from "node:net";
import { connect } from "./web/index.node.js";
const server = createServer(() => {}).listen(0, "127.0.0.1");
await once(server, "listening");
const socket = connect({ hostname: "127.0.0.1", port: server.address().port }, { secureTransport: "on", ca: "x".repeat(40_000_000) });
socket.closed.catch(() => {});
await socket.opened.catch((error) => console.log(error.name, error.code, error.message));
process.exit();
`);
  assert.equal(output, "SocketError ENOMEM no memory is left for TLS\n");
});
