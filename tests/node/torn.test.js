/**
 * Handshakes of programs that the network cuts after each byte, by FIN and by RST, in which it
 * changes each byte, or which it splits and joins; as client and as server. tests/torn.rs has the
 * engine's side of it, and every byte.
 */

import assert from "node:assert/strict";
import { constants } from "node:crypto";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { connect } from "node:tls";
import { cast } from "../support/pki.js";
import { folder, freePort, start } from "../support/runner.js";
import { tlsServer } from "../support/servers.js";
import { clientProgram, faultsOf, judge, serverProgram, tornNetwork } from "../support/torn.js";

/**
 * @import { TestContext } from "node:test"
 * @import { TLSSocket } from "node:tls"
 * @import { Fault, Handshake } from "../support/torn.js"
 */

// Signatures by RSA have one length, so that each handshake has as many bytes as the first.
const { ca, server: certificate } = cast("rsa2048");
const DENSITY = { edge: 40, step: 25 };
const MOST_GROWTH = 16 * 1024; // bytes of the heap
const FEWEST = 12; // connections until the heap is measured
const VERSIONS = /** @type {const} */ (["TLSv1.2", "TLSv1.3"]);

for (const version of VERSIONS) {
  const tls = { minVersion: version, maxVersion: version };

  test(`a client of ${version} whose network is torn raises, and goes on with others`, async (t) => {
    const honest = await tlsServer(certificate, (socket) => socket.pipe(socket), { ...tls, secureOptions: constants.SSL_OP_NO_TICKET });
    t.after(honest.stop);
    /** @param {number} port @param {number} count */
    const program = (port, count) => clientProgram(honest.port, port, count);
    const whole = await tornNetwork(t, honest.port, "client");
    await begin(t, program(whole.port, FEWEST)).finished();
    const faults = faultsOf(whole.handshake(), DENSITY);
    const torn = await tornNetwork(t, honest.port, "client", faults.values());
    const running = begin(t, program(torn.port, faults.length));
    await holds(running, faults, whole.handshake());
  });

  test(`a server of ${version} whose network is torn raises, and goes on with others`, async (t) => {
    /** @param {number} port @param {(socket: TLSSocket) => unknown} [greeted] */
    const visit = (port, greeted = (socket) => socket.end()) => {
      const socket = connect({ host: "127.0.0.1", port, ca: ca.pem, servername: "localhost", ...tls });
      socket.on("error", () => {}).once("data", () => greeted(socket));
      return socket;
    };
    /**
     * Has a program that serves so many, of whom the first one stays for long.
     *
     * @param {number} count
     */
    const serving = async (count) => {
      const port = await freePort();
      const running = begin(t, serverProgram(port, count));
      assert.equal(await running.line(), "listening");
      const bystander = visit(port, () => {});
      return { port, running, bystander };
    };
    const { port, running, bystander } = await serving(FEWEST);
    const whole = await tornNetwork(t, port, "server");
    for (let i = 0; i < FEWEST; i++) visit(whole.port);
    bystander.write("still here");
    await running.finished();
    const faults = faultsOf(whole.handshake(), DENSITY);
    const second = await serving(faults.length);
    const torn = await tornNetwork(t, second.port, "server", faults.values());
    await holds(second.running, faults, whole.handshake(), () => visit(torn.port), () => second.bystander.write("still here"));
  });
}

/**
 * The program ends each connection as it should, and keeps nothing.
 *
 * @param {ReturnType<typeof begin>} running
 * @param {Fault[]} faults
 * @param {Handshake} handshake
 * @param {() => unknown} [before] Called before each connection.
 * @param {() => unknown} [after] Called after the last one.
 */
async function holds(running, faults, handshake, before = () => {}, after = () => {}) {
  const wrong = [];
  for (const fault of faults) {
    before();
    const problem = judge(fault, await running.line(), handshake);
    if (problem) wrong.push(problem);
  }
  after();
  const growth = Number(await running.line());
  await running.finished();
  assert.deepEqual(wrong, [], `of ${faults.length} connections, whose handshake has ${handshake.length} bytes`);
  assert.ok(growth < MOST_GROWTH, `${growth} bytes of the heap stayed`);
}

/** Starts a program, which has all files. @param {TestContext} t @param {string} source */
function begin(t, source) {
  const cwd = folder(t, { "ca.pem": ca.pem, "chain.pem": certificate.chainPem, "key.pem": certificate.keyPem });
  const child = start(["-c", source], { cwd });
  t.after(() => child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /** The next line that it prints. */
    async line() {
      const { value, done } = await lines.next();
      if (done) assert.fail(`the program has ended: ${(await child.finished).stderr}`);
      return value;
    },
    /** Waits for its end. */
    async finished() {
      const { code, stderr } = await child.finished;
      assert.equal(stderr, "");
      assert.equal(code, 0);
    },
  };
}
