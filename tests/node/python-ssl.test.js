/** CPython's ssl as the other end, in both roles and both versions. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { cast } from "../support/pki.js";
import { freePort, missing, start as startProgram } from "../support/programs.js";
import { folder, printed, run, start } from "../support/runner.js";

const people = cast();
const files = {
  "ca.pem": people.ca.pem,
  "server.pem": people.chained.chainPem,
  "server.key": people.chained.keyPem,
  "client.pem": people.client.chainPem,
  "client.key": people.client.keyPem,
};

// The same program for both: CPython's names are ours.
const PRELUDE = `
import socket, ssl, sys
version, port = sys.argv[1], int(sys.argv[2])
def context(protocol, name):
    c = ssl.SSLContext(protocol)
    c.load_verify_locations("ca.pem")
    c.load_cert_chain(name + ".pem", name + ".key")
    c.verify_mode = ssl.CERT_REQUIRED
    c.minimum_version = c.maximum_version = getattr(ssl.TLSVersion, version)
    return c
`;

/** @param {string} readAll */
const client = (readAll) => `
s = socket.socket()
s.connect(socket.getaddrinfo("127.0.0.1", port)[0][-1])
s = context(ssl.PROTOCOL_TLS_CLIENT, "client").wrap_socket(s, server_hostname="localhost")
print(s.version())
s.sendall(b"x" * 100000 + b"\\n")
print(len(${readAll}))
s.close()
`;
/** @param {string} readLine */
const server = (readLine) => `
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(socket.getaddrinfo("127.0.0.1", port)[0][-1])
listener.listen(1)
print("listening")
sys.stdout.flush() if hasattr(sys.stdout, "flush") else None
s, _ = listener.accept()
s = context(ssl.PROTOCOL_TLS_SERVER, "server").wrap_socket(s, server_side=True)
line = ${readLine}
print(s.version(), len(line))
s.sendall(line * 2)
`;

for (const [version, shown] of [["TLSv1_2", "TLSv1.2"], ["TLSv1_3", "TLSv1.3"]]) {
  test(`a client of ours and CPython's ssl talk ${shown}`, { skip: missing("python3") }, async (t) => {
    const cwd = folder(t, { ...files, "server.py": `${PRELUDE}${server('s.makefile("rb").readline()')}s.unwrap()\n`, "client.py": PRELUDE + client("s.read()") });
    const port = String(await freePort());
    const cpython = await startProgram("python3", ["-u", "server.py", version, port], { cwd, ready: /listening/ });
    t.after(() => cpython.stop());
    const { code, stdout, stderr } = await run(["client.py", version, port], { cwd });
    assert.equal(stderr, "");
    assert.equal(stdout, `${shown}\n200002\n`);
    assert.equal(code, 0);
    await cpython.printed(new RegExp(`${shown} 100001`));
  });

  test(`a server of ours and CPython's ssl talk ${shown}`, { skip: missing("python3") }, async (t) => {
    const cwd = folder(t, { ...files, "server.py": `${PRELUDE}${server("s.readline()")}s.close()\n`, "client.py": PRELUDE + client('s.makefile("rb").read()') });
    const port = String(await freePort());
    const ours = start(["server.py", version, port], { cwd });
    await printed(ours, /listening/);
    const cpython = await startProgram("python3", ["-u", "client.py", version, port], { cwd });
    t.after(() => cpython.stop());
    assert.deepEqual(await cpython.ended(), { code: 0, signal: null }, cpython.output());
    assert.equal(cpython.output(), `${shown}\n200002\n`);
    assert.equal((await ours.finished).stdout, `listening\n${shown} 100001\n`);
  });
}
