/**
 * Programs whose own stream, or verify callback, uses the SSLSocket that is using it; and what they
 * print, whatever runs them.
 */

import assert from "node:assert/strict";
import { cast } from "./pki.js";

const people = cast();

/** Files that the programs find in their folder. */
export const FILES = {
  "ca.der": people.ca.der,
  "server.der": people.server.der,
  "server.key": people.server.keyDer,
};

// A client and a server over two streams in memory; `hook(name)` runs inside the client's stream.
const PAIR = `
import gc, io, tls
def data(name):
    with open(name, "rb") as file:
        return file.read()
class End(io.IOBase):
    def __init__(self):
        self.inbox = b""
        self.hook = None
    def call(self, name):
        hook, self.hook = self.hook, None
        if hook and not hook(name):
            self.hook = hook
    def readinto(self, buf):
        self.call("readinto")
        count = min(len(buf), len(self.inbox))
        if count == 0:
            return None
        buf[:count] = self.inbox[:count]
        self.inbox = self.inbox[count:]
        return count
    def write(self, buf):
        self.call("write")
        self.peer.inbox += bytes(buf)
        return len(buf)
    def ioctl(self, request, arg):
        if request == 3:
            self.call("ioctl")
            return arg
        return 0
server_context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
server_context.load_cert_chain(data("server.der"), data("server.key"))
client_context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
client_context.load_verify_locations(data("ca.der"))
def pair():
    near, far = End(), End()
    near.peer, far.peer = far, near
    client = client_context.wrap_socket(near, server_hostname="localhost", do_handshake_on_connect=False)
    server = server_context.wrap_socket(far, server_side=True, do_handshake_on_connect=False)
    return client, server, near
def shake(client, server):
    while client.write(b"hello") is None:
        server.read(5)
    while server.read(5) is None:
        pass
def works(client, server):
    client.write(b"ping")
    assert server.read(4) == b"ping"
    server.write(b"pong")
    assert client.read(4) == b"pong"
def attempt(f, *args):
    try:
        return f(*args)
    except OSError as e:
        return e.errno
def grow():
    # More memory of the engine than there is.
    kept = []
    for _ in range(40):
        client, server, near = pair()
        client.write(b"x")
        server.read(1)
        kept.append((client, server))
    return kept
`;

/**
 * @typedef {{title: string, source: string, check: (lines: string[]) => void}} Program
 * @typedef {typeof PLACES[number]} Place A method of the stream.
 */

const PLACES = /** @type {const} */ (["readinto", "write", "ioctl"]);

/** @type {Program[]} */
export const PROGRAMS = [
  ...PLACES.flatMap((place) => [closing(place), using(place), overDatagrams(place)]),
  {
    title: "a verify callback may close its socket, use it, and use others",
    source: `${PAIR}
for what in ("close", "use"):
    other = pair()
    shake(other[0], other[1])
    client, server, near = pair()
    def callback(certificate, depth):
        works(other[0], other[1])
        grow()
        if what == "close":
            client.close()
        else:
            print("inside", attempt(client.read, 1), attempt(client.write, b"x"), client.ioctl(3, 5), depth)
        return 0
    client_context.verify_callback = callback
    print(what, attempt(client.write, b"hello"))
    server.read(5)
    print(what, attempt(client.write, b"hello"))
    client_context.verify_callback = None
    works(other[0], other[1])
`,
    check: (lines) =>
      assert.deepEqual(lines, ["close None", "close -28928", "use None", "inside 114 114 5 1", "inside 114 114 5 0", "use 5"]),
  },
  {
    title: "what knows pre-shared keys may close its socket, use it, delete its context, and use others",
    source: `${PAIR}
class Keys:
    def get(self, identity):
        works(other[0], other[1])
        grow()
        if what == "close":
            self.server.close()
        elif what == "delete":
            self.context.__del__()
        elif what == "replace":
            self.context.server_psk_keys = None
        else:
            print("inside", identity, attempt(self.server.read, 1), attempt(self.server.write, b"x"), self.server.ioctl(3, 5))
        gc.collect()
        return memoryview(bytearray(b"the key"))[4:]
for what in ("close", "delete", "replace", "use"):
    other = pair()
    shake(other[0], other[1])
    keys = Keys()
    near, far = End(), End()
    near.peer, far.peer = far, near
    client_psk, keys.context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT), tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    client_psk.psk_identity, client_psk.psk_key = b"me", b"key"
    keys.context.server_psk_keys = keys
    client = client_psk.wrap_socket(near, server_hostname="localhost", do_handshake_on_connect=False)
    keys.server = keys.context.wrap_socket(far, server_side=True, do_handshake_on_connect=False)
    attempt(client.write, b"x")
    attempt(keys.server.read, 1)
    attempt(client.write, b"x")
    print(what, attempt(keys.server.read, 1), attempt(client.write, b"x"), attempt(keys.server.read, 1))
    works(other[0], other[1])
`,
    check: (lines) =>
      assert.deepEqual(lines, ["close -28928 None -28928", "delete None 1 b'x'", "replace None 1 b'x'", "inside b'me' 114 114 5", "use None 1 b'x'"]),
  },
];

/** @param {Place} place @returns {Program} */
function closing(place) {
  const use = {
    readinto: "client.read(4)",
    write: 'client.write(b"more")',
    ioctl: "client.ioctl(3, 5)",
  }[place];
  return {
    title: `close() inside ${place} ends the operation, and nothing else`,
    source: `${PAIR}
for connected in (False, True):
    other = pair()
    shake(other[0], other[1])
    client, server, near = pair()
    if connected:
        shake(client, server)
        server.write(b"some data")
    def close(name):
        if name == "${place}":
            client.close()
            return True
    near.hook = close
    result = attempt(lambda: ${use})
    print(result if isinstance(result, int) and result < 0 else "ended", attempt(client.read, 1), attempt(client.write, b"x"), client.ioctl(3, 5))
    grow()
    works(other[0], other[1])
`,
    check(lines) {
      for (const line of lines) assert.match(line, /^(-28928|ended) -28928 -28928 32$/);
      if (place !== "ioctl") assert.deepEqual(lines, ["-28928 -28928 -28928 32", "-28928 -28928 -28928 32"]);
    },
  };
}

/** @param {Place} place @returns {Program} */
function using(place) {
  return {
    title: `reading and writing inside ${place} is told that the socket is in use; polling, wrapping and collecting do no harm`,
    source: `${PAIR}
client, server, near = pair()
seen = []
kept = []
def use(name):
    if name != "${place}":
        return False
    client.ioctl(3, 0)
    seen.append((attempt(client.read, 1), attempt(client.write, b"x")) if name != "ioctl" else (114, 114))
    kept.append(grow())
    gc.collect()
    return True
for turn in range(2):
    near.hook = use
    if "${place}" == "ioctl":
        client.ioctl(3, 5)
    shake(client, server) if turn == 0 else None
    server.write(b"data")
    print(client.read(4))
    client.write(b"more")
    got = b""
    while len(got) < 4:
        got += server.read(100) or b""
    print(got.replace(b"x", b""), near.hook is None)
print(seen)
near.hook = None
client.write(b"end")
print(server.read(3))
client.close()
`,
    check: (lines) =>
      assert.deepEqual(lines, ["b'data'", "b'more' True", "b'data'", "b'more' True", "[(114, 114), (114, 114)]", "b'end'"]),
  };
}

/** @param {Place} place @returns {Program} */
function overDatagrams(place) {
  return {
    title: `the same over DTLS, inside ${place}`,
    source: `${PAIR}
class Datagrams(End):
    def __init__(self):
        super().__init__()
        self.inbox = []
    def readinto(self, buf):
        self.call("readinto")
        if not self.inbox:
            return None
        datagram = self.inbox.pop(0)
        buf[:len(datagram)] = datagram
        return len(datagram)
    def write(self, buf):
        self.call("write")
        self.peer.inbox.append(bytes(buf))
        return len(buf)
dtls_server = tls.SSLContext(tls.PROTOCOL_DTLS_SERVER)
dtls_server.load_cert_chain(data("server.der"), data("server.key"))
dtls_client = tls.SSLContext(tls.PROTOCOL_DTLS_CLIENT)
dtls_client.load_verify_locations(data("ca.der"))
def serve(far):
    return dtls_server.wrap_socket(far, server_side=True, do_handshake_on_connect=False, client_id="client")
def pair():
    near, far = Datagrams(), Datagrams()
    near.peer, far.peer = far, near
    client = dtls_client.wrap_socket(near, server_hostname="localhost", do_handshake_on_connect=False)
    client.write(b"x")
    assert attempt(serve(far).read, 1) == -27264 # it has its cookie now
    return client, serve(far), near
def shake(client, server):
    while client.write(b"hello") is None:
        server.read(5)
    assert server.read(5) == b"hello"
ACTIONS = {
    "close": lambda client: client.close(),
    "use": lambda client: print("inside", attempt(client.read, 1), attempt(client.write, b"x")),
    "collect": lambda client: (pair(), gc.collect()),
}
other = pair()
shake(other[0], other[1])
for action in ("close", "use", "collect"):
    for connected in (False, True):
        client, server, near = pair()
        if connected:
            shake(client, server)
            server.write(b"data")
        def hook(name):
            if name != "${place}":
                return False
            ACTIONS[action](client)
            return True
        near.hook = hook
        print(action, attempt(client.read, 4), attempt(client.write, b"more"), attempt(client.ioctl, 3, 5), attempt(client.read, 4))
        works(other[0], other[1])
`,
    check(lines) {
      const closed = "-28928 -28928 32 -28928";
      const goesOn = ["None None 5 None", "b'data' 4 5 None"];
      assert.deepEqual(lines.filter((line) => line.startsWith("close")), {
        readinto: [`close ${closed}`, `close ${closed}`],
        write: [`close ${closed}`, "close b'data' -28928 32 -28928"],
        ioctl: ["close None None 32 -28928", "close b'data' 4 32 -28928"],
      }[place]);
      assert.deepEqual(lines.filter((line) => /^(use|collect)/.test(line)), ["use", "collect"].flatMap((action) => goesOn.map((line) => `${action} ${line}`)));
      assert.deepEqual(lines.filter((line) => line.startsWith("inside")), place === "ioctl" ? ["inside None None", "inside None 1"] : Array(2).fill("inside 114 114"));
    },
  };
}
