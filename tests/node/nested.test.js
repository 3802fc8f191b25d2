/**
 * Connections that are used while another one works: as its transport, or by its verify callback.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { BLOCKED, FAILED, RAISED, TlsSocket, loadEngine } from "../../web/index.js";
import { connectedPair, contexts, wire } from "../support/pair.js";
import { mistyped } from "../support/mistyped.js";
import { cast } from "../support/pki.js";

/** @import { SocketOptions, SyncTransport } from "../../types/index.js" */

const EAGAIN = 11;

const engine = await loadEngine();
const people = cast();
const { clientContext, serverContext } = contexts(engine, people);

/** A connection as the transport of another. @param {TlsSocket} socket @returns {SyncTransport} */
function over(socket) {
  /** @param {number} count */
  const answer = (count) => (count === BLOCKED ? -EAGAIN : count);
  return {
    exact: true,
    send: (bytes, offset, length) => {
      const copy = bytes.slice(offset, offset + length);
      return answer(socket.write(() => copy, 0, length));
    },
    recvInto: (bytes, offset, length) => {
      const copy = new Uint8Array(length);
      const count = answer(socket.read(() => copy, 0, length));
      if (count > 0) bytes.set(copy.subarray(0, count), offset);
      return count;
    },
  };
}

/** @param {TlsSocket} from @param {TlsSocket} to @param {string} text */
function told(from, to, text) {
  const bytes = Buffer.from(text);
  assert.equal(from.write(() => bytes, 0, bytes.length), bytes.length);
  const heard = Buffer.alloc(bytes.length);
  assert.equal(to.read(() => heard, 0, heard.length), heard.length);
  return heard.toString();
}

test("TLS over TLS says what it was told", () => {
  const outer = connectedPair(engine, clientContext, serverContext);
  const client = new TlsSocket(engine, clientContext.connect(Buffer.from("localhost"), false), over(outer.client));
  const server = new TlsSocket(engine, serverContext.connect(undefined, true), over(outer.server));
  const greeting = Buffer.from("written before the handshake was complete");
  for (let turn = 0; turn < 4 && client.write(() => greeting, 0, greeting.length) < 0; turn++) server.handshake();
  const heard = Buffer.alloc(100);
  const count = server.read(() => heard, 0, 100);
  assert.equal(heard.toString("latin1", 0, count), greeting.toString());
  assert.equal(told(server, client, "back"), "back");
});

for (const version of [0x0303, 0x0304]) {
  for (const verifying of /** @type {const} */ (["client", "server"])) {
    test(`a ${verifying}'s verify callback may use other connections, in version ${version.toString(16)}`, () => {
      const other = connectedPair(engine, clientContext, serverContext);
      /** @type {string[]} */
      const asked = [];
      const own = contexts(engine, people);
      own.clientContext.setVersions(version, version);
      own.clientContext.loadCertChain(people.client.der, people.client.keyDer);
      own.serverContext.verifyMode = 2;
      own.serverContext.loadVerifyLocations(people.ca.der);
      own[`${verifying}Context`].setVerifyCallback(true);
      /** @type {NonNullable<SocketOptions["verify"]>} */
      const verify = (_, depth) => {
        asked.push(told(other.client, other.server, `depth ${depth}`));
        connectedPair(engine, clientContext, serverContext);
        return 0;
      };
      const [left, right] = wire();
      const client = new TlsSocket(engine, own.clientContext.connect(Buffer.from("localhost"), false), left, { verify });
      const server = new TlsSocket(engine, own.serverContext.connect(undefined, true), right, { verify });
      const greeting = Buffer.from("hello");
      for (let turn = 0; turn < 4; turn++) {
        client.handshake();
        if (server.write(() => greeting, 0, 5) > 0) break;
      }
      const heard = Buffer.alloc(5);
      assert.equal(client.read(() => heard, 0, 5), 5);
      assert.equal(heard.toString(), "hello");
      assert.deepEqual(asked, ["depth 1", "depth 0"]);
    });
  }
}

test("a verify callback accepts with 0, and with nothing else", () => {
  const own = contexts(engine, people);
  own.clientContext.setVerifyCallback(true);
  /** @param {SocketOptions} options */
  const outcome = (options) => {
    const [left, right] = wire();
    const client = new TlsSocket(engine, own.clientContext.connect(Buffer.from("localhost"), false), left, options);
    const server = new TlsSocket(engine, own.serverContext.connect(undefined, true), right);
    for (let turn = 0; turn < 4 && client.handshake() === BLOCKED; turn++) server.handshake();
    return [client.handshake(), client.failure?.errno];
  };
  const thrown = () => {
    throw new RangeError("own");
  };
  assert.deepEqual(outcome({ verify: () => 0 }), [0, undefined]);
  assert.deepEqual(outcome({ verify: () => 7 }), [FAILED, 7]);
  for (const verify of [() => NaN, () => 0.5, () => -0.9, () => 2 ** 32, () => "0", () => false, () => undefined, () => null, thrown, undefined]) {
    assert.equal(outcome({ verify: mistyped(verify) })[0], FAILED, String(verify));
  }
});

test("what a transport raises is not remembered", () => {
  const { client, server, left } = connectedPair(engine, clientContext, serverContext);
  const { recvInto } = left;
  left.recvInto = () => {
    left.raised = true;
    return -5;
  };
  assert.equal(client.read(() => new Uint8Array(1), 0, 1), RAISED);
  left.recvInto = recvInto;
  assert.equal(told(server, client, "on"), "on");
});

test("neither an alert nor close() waits for a transport that is full", () => {
  for (const end of ["alert", "close"]) {
    const { client, left } = connectedPair(engine, clientContext, serverContext);
    left.timeout = Infinity;
    left.send = () => {
      assert.equal(left.timeout, 0, "asked to wait");
      return -EAGAIN;
    };
    if (end === "alert") {
      left.recvInto = (bytes, offset, length) => bytes.fill(0, offset, offset + Math.min(9, length)) && Math.min(9, length);
      client.read(() => new Uint8Array(1), 0, 1);
      assert.equal(client.failure?.errno, -29184);
    }
    client.close();
    assert.equal(left.timeout, Infinity);
  }
});

test("an error is remembered over close()", () => {
  const { client, left } = connectedPair(engine, clientContext, serverContext);
  left.recvInto = () => -104;
  client.read(() => new Uint8Array(1), 0, 1);
  client.close();
  client.read(() => new Uint8Array(1), 0, 1);
  assert.equal(client.failure?.errno, 104);
});
