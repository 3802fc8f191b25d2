/** DTLS for JavaScript in one line: connectDatagram(), with OpenSSL as the other end. */

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";

import { DtlsSocket, FAILED, connectDatagram, loadEngine } from "../../web/index.node.js";
import { cast } from "../support/pki.js";
import { missing } from "../support/programs.js";
import { folder } from "../support/runner.js";
import { opensslServer } from "../support/servers.js";

/**
 * @import { AddressInfo } from "node:net"
 * @import { TestContext } from "node:test"
 * @import { SyncTransport } from "../../types/index.js"
 * @import { Certificate } from "../support/pki.js"
 */

const { ca, server: certificate, client, unknownAuthority } = cast();
const EAGAIN = 11;
const skip = missing("openssl");
const options = { ca: ca.pem, sni: "localhost" };
/** @param {Uint8Array} [bytes] */
const text = (bytes) => new TextDecoder().decode(bytes);

/** @param {TestContext} t @param {{identity?: Certificate, args?: string[]}} [options] */
async function dtlsServer(t, { identity = certificate, args = [] } = {}) {
  const server = await opensslServer(identity, ["-dtls1_2", ...args]);
  t.after(server.stop);
  return { server, address: { hostname: "127.0.0.1", port: server.port } };
}

test("datagrams go to OpenSSL and come from it, over a connection that is verified", { skip }, async (t) => {
  const { server, address } = await dtlsServer(t);
  const socket = connectDatagram(address, options);
  const { version, cipher, remoteAddress } = await socket.opened;
  assert.equal(version, "DTLSv1.2");
  assert.match(String(cipher), /^TLS-ECDHE-ECDSA-/);
  assert.equal(remoteAddress, `127.0.0.1:${address.port}`);
  const writer = socket.writable.getWriter();
  await writer.write(new TextEncoder().encode("to OpenSSL\n"));
  await server.printed(/to OpenSSL/);
  server.child.stdin.write("from OpenSSL\n");
  const reader = socket.readable.getReader();
  assert.equal(text((await reader.read()).value), "from OpenSSL\n");
  await socket.close();
  await assert.rejects(writer.write(new Uint8Array(1)));
});

test("what the server ends, ends readable and the socket", async (t) => {
  const socket = connectDatagram({ hostname: "127.0.0.1", port: await closingServer(t) }, options);
  await socket.opened;
  assert.deepEqual(await socket.readable.getReader().read(), { done: true, value: undefined });
  await socket.closed;
});

test("a server that an unknown authority vouches for is refused", { skip }, async (t) => {
  const { address } = await dtlsServer(t, { identity: unknownAuthority });
  const socket = connectDatagram(address, options);
  await assert.rejects(socket.opened, { name: "SocketError", code: "ERR_TLS_CERTIFICATE" });
  await assert.rejects(socket.closed, { code: "ERR_TLS_CERTIFICATE" });
});

test("a client shows its certificate", { skip }, async (t) => {
  const authority = join(folder(t, { "ca.pem": ca.pem }), "ca.pem");
  const { server, address } = await dtlsServer(t, { args: ["-Verify", "1", "-verify_return_error", "-CAfile", authority] });
  const socket = connectDatagram(address, { ...options, cert: client.chainPem, key: client.keyPem });
  await socket.opened;
  const writer = socket.writable.getWriter();
  await writer.write(new TextEncoder().encode("as a client\n"));
  await server.printed(/as a client/);
  await socket.close();
});

test("a lost datagram of the handshake is repeated", { skip }, async (t) => {
  const { address } = await dtlsServer(t);
  const relay = await losingRelay(t, address.port);
  const socket = connectDatagram({ hostname: "127.0.0.1", port: relay.address().port }, options);
  assert.equal((await socket.opened).version, "DTLSv1.2");
  await socket.close();
});

test("a signal breaks a handshake off that nobody answers", async (t) => {
  const silent = createSocket("udp4").bind(0, "127.0.0.1");
  await once(silent, "listening");
  t.after(() => silent.close());
  const controller = new AbortController();
  const socket = connectDatagram({ hostname: "127.0.0.1", port: silent.address().port }, { ...options, signal: controller.signal });
  await once(silent, "message");
  controller.abort(new Error("enough"));
  await assert.rejects(socket.closed, { code: "ERR_ABORTED" });
  await assert.rejects(socket.readable.getReader().read(), { code: "ERR_ABORTED" });
});

test("a datagram that is too long is an error that says how long one may be", { skip }, async (t) => {
  const { address } = await dtlsServer(t);
  const socket = connectDatagram(address, options);
  await socket.opened;
  await assert.rejects(socket.writable.getWriter().write(new Uint8Array(20_000)), { code: "EMSGSIZE", message: /16384 bytes at most, not 20000/ });
});

test("options that DTLS has no use for are refused", () => {
  assert.throws(() => connectDatagram("localhost:5684", { alpn: ["h2"] }), { name: "TypeError", message: /^alpn is for connect/ });
  assert.throws(() => connectDatagram("localhost"), { name: "TypeError", message: /no address/ });
});

/**
 * A server that says close_notify after the handshake; OpenSSL's says nothing.
 *
 * @param {TestContext} t
 */
async function closingServer(t) {
  const engine = await loadEngine();
  const context = new engine.Context(3);
  context.setTime(Date.now() / 1000);
  context.loadCertChain(Buffer.from(certificate.chainPem), Buffer.from(certificate.keyPem));
  const udp = createSocket("udp4").bind(0, "127.0.0.1");
  await once(udp, "listening");
  t.after(() => udp.close());
  /** @type {Uint8Array[]} */
  const arrived = [];
  /** @type {DtlsSocket | null} */
  let connection = null;
  udp.on("message", (bytes, { port, address }) => {
    arrived.push(bytes);
    /** @type {SyncTransport} */
    const transport = {
      send: (bytes, offset, length) => (udp.send(bytes.slice(offset, offset + length), port, address), length),
      recvInto(target) {
        const datagram = arrived.shift();
        target.set(datagram ?? []);
        return datagram?.length ?? -EAGAIN;
      },
    };
    connection ??= new DtlsSocket(engine, context.connectDatagram(undefined, true, Buffer.from("client")), transport);
    const step = connection.handshake();
    if (step === 0) connection.close();
    if (step === FAILED) connection = null; // the client comes back with its cookie
  });
  return udp.address().port;
}

/**
 * Forwards datagrams to a port, but the first of each direction.
 *
 * @param {TestContext} t
 * @param {number} port
 */
async function losingRelay(t, port) {
  const outside = createSocket("udp4").bind(0, "127.0.0.1");
  const inside = createSocket("udp4").bind(0, "127.0.0.1");
  await Promise.all([once(outside, "listening"), once(inside, "listening")]);
  t.after(() => [outside, inside].forEach((socket) => socket.close()));
  /** @type {AddressInfo} */
  let client;
  const lost = { there: false, back: false };
  outside.on("message", (bytes, from) => {
    client = from;
    if (lost.there) inside.send(bytes, port, "127.0.0.1");
    lost.there = true;
  });
  inside.on("message", (bytes) => {
    if (lost.back) outside.send(bytes, client.port, client.address);
    lost.back = true;
  });
  return outside;
}
