/**
 * A network between a TLS client and a server that cuts one of them off, changes a byte of what it
 * receives, or brings it in other pieces; and the program that this is done to.
 */

import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { tcpServer } from "./tcp_servers.js";

/**
 * @import { Socket } from "node:net"
 *
 * @typedef {object} Fault What becomes of what the program receives; at least one byte comes.
 * @property {"FIN" | "RST" | "changed" | "split" | "joined" | "crumbs"} how Ended or reset after
 *   `at` bytes; this byte changed; in two pieces, of which the first ends here; all in one piece;
 *   each byte by itself.
 * @property {number} at
 */

/** A pause between two pieces, so that they are not read as one. */
const PAUSE = 2; // ms
/** When nobody has sent for so long after a byte was changed, each waits for the other. */
const QUIET = 200; // ms

const ENDED = /** @type {const} */ (["FIN", "RST", "changed"]);

/** What programs print of a connection that failed. */
const [CONN_EOF, EPIPE, ECONNRESET] = ["-29312", "32", "104"];

/**
 * Faults at bytes of a handshake: all of both ends, and each of so many between them, which are
 * keys, certificates and signatures.
 *
 * @param {Handshake} handshake
 * @param {{edge: number, step: number}} density
 * @returns {Fault[]}
 */
export function faultsOf({ length }, { edge, step }) {
  const places = Array.from({ length }, (_, at) => at).filter((at) => at < edge || length - at <= edge || at % step === 0);
  /** @type {Fault[]} */
  const ended = ENDED.flatMap((how) => places.map((at) => ({ how, at })));
  /** @type {Fault[]} */
  const split = places.filter((at, i) => at > 0 && i % 4 === 0).map((at) => ({ how: "split", at }));
  return [...ended, ...split, { how: "joined", at: 0 }, { how: "crumbs", at: 0 }];
}

/**
 * What is wrong with how a program ended; undefined if that is right.
 *
 * @param {Fault} fault
 * @param {string} printed What it printed of that connection.
 * @param {Handshake} handshake
 */
export function judge({ how, at }, printed, { versions }) {
  // A reset that comes together with bytes is an end of file to libuv.
  const right = {
    FIN: printed === CONN_EOF,
    RST: [ECONNRESET, EPIPE, CONN_EOF].includes(printed),
    // What a record in the clear says about its version means nothing (RFC 8446, section 5.1).
    changed: printed !== "complete" || versions.has(at),
    split: printed === "complete",
    joined: printed === "complete",
    crumbs: printed === "complete",
  }[how];
  return right ? undefined : `${how} at ${at}: ${printed}`;
}

/**
 * @typedef {object} Handshake One side's part of it.
 * @property {number} length Its bytes.
 * @property {Set<number>} versions Those of them that say a record's version.
 *
 * @typedef {object} Torn
 * @property {number} port
 * @property {() => Handshake} handshake What went before somebody answered, of the first
 *   connection.
 */

/**
 * Listens in front of a server. Each connection gets the next fault, and none when all have been
 * used.
 *
 * @param {import("node:test").TestContext} t
 * @param {number} port
 * @param {"client" | "server"} victim Who receives what is torn.
 * @param {Iterator<Fault>} [faults]
 * @returns {Promise<Torn>}
 */
export async function tornNetwork(t, port, victim, faults = [].values()) {
  /** @type {Sent | undefined} */
  let first;
  const { port: own, close } = await tcpServer((client) => {
    const server = connect({ port, host: "127.0.0.1", noDelay: true });
    client.setNoDelay();
    server.on("error", () => {});
    const [from, to] = victim === "client" ? [server, client] : [client, server];
    for (const [end, other] of [[from, to], [to, from]]) end.on("close", () => other.end());
    const sent = new Sent();
    first ??= sent;
    const direction = new Direction(to, faults.next().value, () => [from, to].forEach((end) => end.destroy()));
    from.on("data", (bytes) => {
      sent.take(bytes);
      direction.take(bytes);
    });
    to.on("data", (bytes) => {
      sent.answered();
      direction.moved();
      from.write(bytes);
    });
    to.on("close", () => direction.stop());
  });
  t.after(close);
  return { port: own, handshake: () => (first ?? new Sent()).handshake };
}

/** What one side sends until the other one answers it for the last time. */
class Sent {
  #bytes = Buffer.alloc(0);
  #answered = 0;

  /** @param {Uint8Array} bytes */
  take(bytes) {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
  }

  answered() {
    this.#answered = this.#bytes.length;
  }

  /** @returns {Handshake} */
  get handshake() {
    const versions = new Set();
    for (let at = 0; at < this.#answered; at += 5 + this.#bytes.readUInt16BE(at + 3)) versions.add(at + 1).add(at + 2);
    return { length: this.#answered, versions };
  }
}

/** One direction of a connection. */
class Direction {
  #to;
  #fault;
  #destroy;
  #sent = 0;
  #waiting = Promise.resolve();
  /** @type {Uint8Array[]} */
  #held = [];
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /** @param {Socket} to @param {Fault | undefined} fault @param {() => void} destroy */
  constructor(to, fault, destroy) {
    this.#to = to;
    this.#fault = fault;
    this.#destroy = destroy;
  }

  /** @param {Buffer} bytes */
  take(bytes) {
    const at = (this.#fault?.at ?? 0) - this.#sent;
    const before = this.#sent;
    this.#sent += bytes.length;
    const here = at >= 0 && at < bytes.length;
    switch (this.#fault?.how) {
      case "FIN":
      case "RST":
        if (before > this.#fault.at) return;
        this.#to.write(bytes.subarray(0, Math.max(at, 0)), () => here && this.#cut());
        return;
      case "changed":
        if (here) bytes[at] ^= 1;
        this.#to.write(bytes);
        this.moved();
        return;
      case "split":
        if (here) return this.#pieces([bytes.subarray(0, at), bytes.subarray(at)]);
        return this.#pieces([bytes]);
      case "crumbs":
        return this.#pieces([...bytes].map((byte) => Uint8Array.of(byte)), 0);
      case "joined":
        this.#held.push(bytes);
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#to.write(Buffer.concat(this.#held.splice(0))), 5 * PAUSE);
        return;
      default:
        this.#to.write(bytes);
    }
  }

  /** Somebody sent. */
  moved() {
    if (this.#fault?.how !== "changed") return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#to.end(), QUIET);
  }

  stop() {
    clearTimeout(this.#timer);
  }

  #cut() {
    if (this.#fault?.how === "RST") this.#to.resetAndDestroy();
    else this.#to.end();
    this.#to.once("close", this.#destroy);
  }

  /** @param {Uint8Array[]} pieces */
  #pieces(pieces, pause = PAUSE) {
    for (const piece of pieces) {
      this.#waiting = this.#waiting.then(() => {
        if (this.#to.writable) this.#to.write(piece);
        return sleep(pause);
      });
    }
  }
}

/**
 * A client behind a torn network. It prints how each connection ended, and by how much its heap has
 * grown. Another connection has to work to the end.
 *
 * @param {number} honest Port of the server itself.
 * @param {number} torn That of the torn network.
 * @param {number} count
 */
export const clientProgram = (honest, torn, count) => `${BEGIN}
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.verify_mode = ssl.CERT_REQUIRED
context.load_verify_locations(cafile="ca.pem")
context.set_session_resumption(False)
def connect(port):
    sock = socket.socket()
    sock.settimeout(60)
    sock.connect(("127.0.0.1", port))
    try:
        stream = context.wrap_socket(sock, server_hostname="localhost")
    except:
        sock.close()
        raise
    stream.write(b"x")
    return stream
bystander = connect(${honest})
assert bystander.read(1) == b"x"
for number in range(${count}):
    attempt(number, lambda: connect(${torn}).close())
bystander.write(b"still here")
assert bystander.read(10) == b"still here"
${FINISH}`;

/**
 * A server behind a torn network, which prints the same.
 *
 * @param {number} port
 * @param {number} count
 */
export const serverProgram = (port, count) => `${BEGIN}
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("chain.pem", "key.pem")
context.set_session_resumption(False)
listener = socket.socket()
listener.bind(("127.0.0.1", ${port}))
listener.listen(5)
print("listening")
def accept():
    sock = listener.accept()[0]
    sock.settimeout(60)
    try:
        stream = context.wrap_socket(sock, server_side=True)
    except:
        sock.close()
        raise
    stream.write(b"x")
    return stream
bystander = accept()
for number in range(${count}):
    attempt(number, lambda: accept().close())
assert bystander.read(10) == b"still here"
bystander.write(b"still here")
${FINISH}`;

/**
 * A server and its clients in one program, whose bytes to the server end or are changed after the
 * first, after some `step` more, and so on. It prints how many bytes a handshake has, which of them
 * say a record's version, and then what a server prints.
 *
 * @param {string} version
 * @param {number} step
 */
export const bothEndsProgram = (version, step) => `${BEGIN}
import io, json, time
class Line(io.IOBase):
    def __init__(self):
        self.sent = self.received = b""
    def readinto(self, buffer):
        count = min(len(buffer), len(self.received))
        buffer[:count] = self.received[:count]
        self.received = self.received[count:]
        return count or None
    def write(self, data):
        self.sent += bytes(data)
        return len(data)
    def ioctl(self, request, argument):
        return 0
contexts = [ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)]
for context in contexts:
    context.minimum_version = context.maximum_version = ssl.TLSVersion.${version}
    context.set_session_resumption(False)
contexts[0].load_cert_chain("/chain.pem", "/key.pem")
contexts[1].load_verify_locations(cafile="/ca.pem")
contexts[1].verify_mode = ssl.CERT_REQUIRED
listener = socket.socket()
address = ("127.0.0.1", 4433)
listener.bind(address)
listener.listen(5)
def goes_on(stream):
    try:
        stream.do_handshake()
        return True
    except OSError as error:
        if error.errno != 11:
            raise
        return False
def hear(raw):
    try:
        return raw.recv(65536)
    except OSError:
        return b""
def serve(how, at):
    raw = socket.socket()
    raw.connect(address)
    sock = listener.accept()[0]
    raw.setblocking(False)
    sock.setblocking(False)
    line = Line()
    client = contexts[1].wrap_socket(line, server_hostname="localhost", do_handshake_on_connect=False)
    server = contexts[0].wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
    sent, idle = b"", 0
    try:
        while not goes_on(server):
            try:
                goes_on(client)
            except OSError:
                pass # it has been told what is wrong
            part = bytearray(line.sent)
            line.sent = b""
            if how == "FIN":
                part = part[: at - len(sent)]
            elif how == "changed" and len(sent) <= at < len(sent) + len(part):
                part[at - len(sent)] ^= 1
            assert not part or raw.send(part) == len(part)
            sent += part
            heard = hear(raw)
            line.received += heard
            idle = 0 if part or heard else idle + 1
            if idle > 20:
                raw.close()
            time.sleep_ms(1)
        if how is None:
            server.write(b"x")
            client.write(b"x")
            line.received += hear(raw)
            return server, client, line, raw, sent
        server.close()
    finally:
        if how is not None:
            raw.close()
            sock.close()
bystander = serve(None, 0)
sent = bystander[-1]
starts = [0]
while starts[-1] < len(sent):
    starts.append(starts[-1] + 5 + int.from_bytes(sent[starts[-1] + 3 : starts[-1] + 5], "big"))
print(json.dumps([len(sent), [start + each for start in starts[:-1] for each in (1, 2)]]))
number = 0
for how in "FIN", "changed":
    for at in range(1, len(sent), ${step}):
        print(how, at, end=" ")
        attempt(number, lambda: serve(how, at))
        number += 1
listener.close()
print(bystander[0].write(b"still here"))
${FINISH}`;

const BEGIN = `
import gc, socket, ssl
def attempt(number, connection):
    global before
    try:
        connection()
        print("complete")
    except OSError as error:
        print(error.errno)
    except ValueError as error:
        print("ValueError")
    if number == 10:
        gc.collect()
        before = gc.mem_alloc()
`;
const FINISH = `
gc.collect()
print(gc.mem_alloc() - before)
`;
