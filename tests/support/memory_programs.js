/** What a program meets where memory ends: exceptions, and no end of the program. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { sequence, value } from "./der.js";
import { authority } from "./pki.js";
import { folder } from "./runner.js";

/** How much memory a program and the engine each have, in bytes. */
export const MEMORY = 16 * 1024 * 1024;

const NAMES = Array.from({ length: 1500 }, (_, number) => `host${number}.test`);
const ROOTS = 200;
/**
 * An empty registeredID takes two bytes in a certificate, and a line in what getpeercert() says.
 */
const EMPTY_NAMES = 25_000;

/**
 * Both ends of a connection in one program, over transports in memory; and what fills the engine's
 * memory.
 */
const PRELUDE = `
import gc, io, socket, ssl, tls

class Pipe(io.IOBase):
    def __init__(self):
        self.other = None
        self.waiting = []
        self.eof = False
    def readinto(self, buffer):
        if not self.waiting:
            return None
        data = self.waiting.pop(0)
        count = min(len(data), len(buffer))
        buffer[:count] = data[:count]
        if count < len(data):
            self.waiting.insert(0, data[count:])
        return count
    def write(self, data):
        self.other.waiting.append(bytes(data))
        return len(data)
    def ioctl(self, request, argument):
        return 0

def read(name):
    with open(name, "rb") as file:
        return file.read()

CLIENT, SERVER = ssl.PROTOCOL_TLS_CLIENT, ssl.PROTOCOL_TLS_SERVER
DTLS_CLIENT = tls.PROTOCOL_DTLS_CLIENT
nobody = {CLIENT: socket.socket(), DTLS_CLIENT: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)}

def context(protocol=CLIENT):
    result = tls.SSLContext(protocol)
    result.verify_mode = ssl.CERT_NONE
    return result

def begun(context, protocol=CLIENT):
    # A connection that nobody answers.
    return context.wrap_socket(nobody[protocol], do_handshake_on_connect=False)

def shaken(ends):
    # Goes on with both ends until neither has something to do.
    for turn in range(20):
        for end in ends:
            try:
                end.write(b"x")
            except OSError as error:
                if error.errno != 11:
                    raise

def connected(name="server"):
    server = context(SERVER)
    server.load_cert_chain(read(name + ".pem"), read(name + ".key"))
    client = tls.SSLContext(CLIENT)
    client.load_verify_locations(read("ca.pem"))
    ours, theirs = Pipe(), Pipe()
    ours.other, theirs.other = theirs, ours
    ends = [client.wrap_socket(ours, server_hostname="host7.test", do_handshake_on_connect=False),
            server.wrap_socket(theirs, server_side=True, do_handshake_on_connect=False)]
    shaken(ends)
    return ends

def fill(make):
    # As much as there is memory for.
    kept = []
    try:
        while len(kept) < 100000:
            kept.append(make())
    except MemoryError as error:
        print("MemoryError:", error)
    return kept

def starved(objects, call):
    # What comes of it in a heap that has room for so many small objects.
    kept, count, size = [None] * 40000, 0, 65536
    while size >= 16:
        try:
            while True:
                kept[count] = bytearray(size)
                count += 1
        except MemoryError:
            size //= 2
    for index in range(count - objects, count):
        kept[index] = None
    try:
        call()
        return None
    except Exception as error:
        return error

def error_of(call, *arguments):
    try:
        call(*arguments)
    except Exception as error:
        return type(error).__name__
    return "fine"
`;

/**
 * Registers the tests.
 *
 * @param {(args: string[], options: {cwd: string}) => Promise<{code: number | null, stdout: string,
 *   stderr: string}>} start Runs MicroPython with MEMORY.
 */
export function memoryTests(start) {
  const ca = authority();
  const server = ca.issue({ names: NAMES });
  const names = sequence(value(0x82, Buffer.from("host7.test")), Buffer.alloc(2 * EMPTY_NAMES, Uint8Array.of(0x88, 0)));
  const wide = ca.issue({ subject: "wide", extensions: [{ oid: "2.5.29.17", value: names }] });
  const files = {
    "ca.pem": ca.pem,
    "server.pem": server.chainPem,
    "server.key": server.keyPem,
    "wide.pem": wide.chainPem,
    "wide.key": wide.keyPem,
    "roots.pem": Array.from({ length: ROOTS }, (_, number) => authority({ subject: `Root ${number}` }).pem).join(""),
  };

  /**
   * What a program prints with a heap of so many bytes.
   *
   * @param {import("node:test").TestContext} t
   * @param {string} program
   */
  async function printed(t, program, heap = "2m") {
    const { code, stdout, stderr } = await start(["-X", `heapsize=${heap}`, "-c", PRELUDE + program], { cwd: folder(t, files) });
    assert.equal(stderr, "");
    assert.equal(code, 0);
    return stdout;
  }

  for (const protocol of ["CLIENT", "DTLS_CLIENT"]) {
    test(`connections of ${protocol} until memory ends are a MemoryError, and without them TLS works again`, async (t) => {
      const output = await printed(t, `
shared = context(${protocol})
kept = fill(lambda: begun(shared, ${protocol}))
print(len(kept) > 100, error_of(begun, shared, ${protocol}), error_of(context))
kept.clear()
gc.collect()
for turn in range(3):
    print(connected()[0].read(1))
`);
      assert.equal(output, `MemoryError: no memory is left for TLS\nTrue MemoryError MemoryError\n${"b'x'\n".repeat(3)}`);
    });
  }

  test("contexts until memory ends, too", async (t) => {
    const output = await printed(t, `
kept = fill(context)
kept.clear()
gc.collect()
print(connected()[0].read(1))
`, "5m");
    assert.equal(output, "MemoryError: no memory is left for TLS\nb'x'\n");
  });

  test("a connection loses nothing by it", async (t) => {
    const output = await printed(t, `
client, server = connected()
server.write(b"data")
shared = context()
kept = fill(lambda: begun(shared))
print(error_of(client.read, 1), error_of(server.write, b"more"), error_of(client.read, 1))
kept.clear()
gc.collect()
server.write(b"more")
print(client.read(1000).replace(b"x", b""))
`);
    assert.equal(output, "MemoryError: no memory is left for TLS\nMemoryError MemoryError MemoryError\nb'datamore'\n");
  });

  test("connections that a program forgets are collected when memory ends", async (t) => {
    const output = await printed(t, `
shared = context()
for number in range(4000):
    begun(shared)
print(connected()[0].read(1))
`, "5m");
    assert.equal(output, "b'x'\n");
  });

  test(`${ROOTS} roots and a certificate with ${NAMES.length} names are loaded where there is memory for them`, async (t) => {
    const output = await printed(t, `
roots, certificate, key = read("roots.pem"), read("server.pem"), read("server.key")
shared, other = context(), context(SERVER)
kept = fill(lambda: begun(shared))
print(error_of(shared.load_verify_locations, roots), error_of(other.load_cert_chain, certificate, key))
kept.clear()
gc.collect()
print(error_of(shared.load_verify_locations, roots), error_of(other.load_cert_chain, certificate, key))
`);
    assert.equal(output, "MemoryError: no memory is left for TLS\nMemoryError MemoryError\nfine fine\n");
  });

  test("arguments of any length are an exception or are taken", async (t) => {
    const output = await printed(t, `
huge = bytearray(2000000)
text = "x" * 800000
names = ["x"] * 20000
one = context()
print(error_of(one.load_verify_locations, text), error_of(one.load_cert_chain, text, text))
print(error_of(one.set_ciphers, names), error_of(one.set_ciphers, [text]), error_of(one.set_alpn_protocols, names), error_of(one.set_alpn_protocols, [text]))
print(error_of(lambda: one.wrap_socket(nobody[CLIENT], server_hostname=text)), error_of(lambda: one.wrap_socket(nobody[CLIENT], client_id=huge)))
def psk(identity, key):
    one = context()
    one.psk_identity = identity
    one.psk_key = key
print(error_of(psk, text, b"key"), error_of(psk, "name", huge))
print(error_of(lambda: context(DTLS_CLIENT).wrap_socket(nobody[DTLS_CLIENT], do_handshake_on_connect=False).write(huge)))
client, server = connected()
print(client.readinto(huge), error_of(client.read, 100000000), error_of(client.recv, 100000000))
print(server.write(huge) == len(huge), client.recv_into(huge) > 0)
print(error_of(psk, "name", b"key"), connected()[0].read(1))
`, "5m");
    const lines = output.split("\n");
    assert.match(lines[0], /^(ValueError|MemoryError) (ValueError|MemoryError)$/);
    assert.match(lines[1], /^(OSError|MemoryError) (OSError|MemoryError) (OSError|MemoryError|fine) (OSError|MemoryError)$/);
    assert.match(lines[2], /^(OSError|ValueError|MemoryError) (OSError|MemoryError|fine)$/);
    assert.match(lines[3], /^(OSError|MemoryError) (OSError|MemoryError)$/);
    assert.match(lines[4], /^(OSError|MemoryError|fine)$/);
    assert.match(lines[5], /^\d+ MemoryError MemoryError$/);
    assert.equal(lines[6], "True True");
    assert.equal(lines[7], "fine b'x'");
  });

  test("a certificate of which much is to be told is a MemoryError, however often it is asked for", async (t) => {
    const output = await printed(t, `
client = connected("wide")[0]
shared = context()
kept = fill(lambda: begun(shared))
print(error_of(client.getpeercert))
kept.clear()
gc.collect()
print([error_of(client.getpeercert) for turn in range(40)] == ["MemoryError"] * 40, len(client.getpeercert(True)) > ${2 * EMPTY_NAMES})
print(connected()[0].read(1))
`);
    assert.equal(output, "MemoryError: no memory is left for TLS\nMemoryError\nTrue True\nb'x'\n");
  });

  test("an allocation that fails anywhere in an operation is a MemoryError, and other connections go on", async (t) => {
    const output = await printed(t, `
shared = context()
other, its = connected()
its.read(100)
for name, call in (("write", lambda ends: ends[0].write(b"y" * 100)), ("read", lambda ends: ends[0].read(1)),
                   ("describe", lambda ends: ends[0].getpeercert()), ("wrap", lambda ends: begun(shared)),
                   ("context", lambda ends: context()), ("handshake", lambda ends: connected()), ("close", lambda ends: ends[0].close())):
    errors = set()
    ends = connected()
    for objects in range(40):
        error = starved(objects, lambda: call(ends))
        gc.collect()
        errors.add(type(error).__name__)
        if error is not None and not isinstance(error, (MemoryError, OSError)):
            raise error
        other.write(b"o")
        assert its.read(100) == b"o"
    print(name, "MemoryError" in errors)
print(connected()[0].read(1))
`, "1m");
    const failing = ["write", "read", "describe", "wrap", "context", "handshake"];
    assert.equal(output, `${failing.map((name) => `${name} True\n`).join("")}close False\nb'x'\n`);
  });
}
