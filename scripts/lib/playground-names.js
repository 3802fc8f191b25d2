/**
 * The names that the playground's editor completes: what MicroPython itself, as workers run it,
 * says is in its modules.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LocalNetwork } from "../../web/net/local_network.js";
import { loopback } from "../../web/transports/index.js";
import { inputSource, transportBackend } from "../../web/transports/backend.js";
import { filesystem } from "../../web/wasi/filesystem.js";
import { MemoryFiles } from "../../web/wasi/filesystem_memory.js";
import { Component, Exit, errorNumber, errorText, wasi } from "../../web/wasi/index.js";
import { DIST } from "./paths.js";

const PROGRAM = String.raw`
import io, json, sys

MODULES = """array asyncio binascii cmath collections deflate errno gc hashlib heapq io json math micropython os platform random re select
socket ssl struct sys time tls uctypes""".split()
# What is visible in asyncio and meant for its own modules.
INTERNAL = "IOQueue TaskQueue cur_task run_until_complete ticks ticks_add ticks_diff".split()
found = {}

def kind(value):
    return "class" if isinstance(value, type) else "function" if callable(value) else "constant"

def public(value):
    return [name for name in dir(value) if name[0] != "_" and name not in INTERNAL]

def class_members(name, value):
    found[name] = {n: "method" if callable(getattr(value, n)) else "property" for n in public(value)}

for module in MODULES:
    value = __import__(module)
    names = set(public(value)) | set(getattr(value, "_attrs", ()))
    members = {name: getattr(value, name) for name in names}
    found[module] = {name: kind(member) for name, member in members.items() if not isinstance(member, type(sys))}
    for name, member in members.items():
        if isinstance(member, type):
            class_members(module + "." + name, member)

import tls
tls_socket = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT).wrap_socket(io.BytesIO(), server_hostname="x", do_handshake_on_connect=False)
class_members("tls.SSLSocket", type(tls_socket))
print(json.dumps(found))
`;

/**
 * @returns {Promise<Record<string, Record<string, string>>>} The kind of each name, by module
 *   ("ssl") or class ("ssl.SSLContext").
 */
export async function moduleNames() {
  const component = await Component.compile(readFileSync(join(DIST, "micropython.host.wasm")));
  const files = new MemoryFiles();
  files.write("/names.py", PROGRAM);
  let out = "";
  /** @param {Uint8Array} bytes */
  const print = (bytes) => void (out += new TextDecoder().decode(bytes));
  const network = new LocalNetwork({ ...transportBackend(loopback()), input: inputSource().input }, () => {});
  const imports = {
    ...wasi({ network, filesystem: filesystem(files, [["/", "/"]]), args: ["micropython", "names.py"], cwd: "/", stdout: print, stderr: print }),
    "micropython:ssl/host": { interrupted: () => false, rawTerminal: () => false, errorNumber, errorText },
  };
  try {
    component.instantiate(imports)["wasi:cli/run"].run();
  } catch (error) {
    if (!(error instanceof Exit) || error.code !== 0) throw new Error(out, { cause: error });
  }
  return JSON.parse(out);
}
