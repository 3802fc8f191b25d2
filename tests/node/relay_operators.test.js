/**
 * What operators of a relay get: health, metrics, logs, tokens, rates, draining; and what a page
 * hears when it may not.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import WebSocket from "ws";
import { Proxies } from "../../relay/forwarded.js";
import { jsonLine, parseTokens, signToken } from "../../relay/node.js";
import { Tokens } from "../../relay/tokens.js";
import { serve } from "../../web/node/serve.js";
import { wisp } from "../../web/transports/index.js";
import { start } from "../support/programs.js";
import { greeting, rawWisp } from "../support/raw_wisp.js";
import { echoServer } from "../support/tcp_servers.js";
import { bytesOf, eventually, readExactly } from "../support/transports.js";
import { WebSocketStream } from "../support/websocket_stream.js";

/**
 * @import { TestContext } from "node:test"
 * @import { WebSocketOptions } from "../../types/index.js"
 * @import { LogEntry } from "../../types/relay.js"
 */

const CLI = fileURLToPath(new URL("../../web/node/cli.js", import.meta.url));
const SECRET = "a-secret-of-sixteen-or-more";

/** @param {TestContext} t @param {Partial<Parameters<typeof serve>[0]>} [options] */
async function relay(t, options = {}) {
  /** @type {LogEntry[]} */
  const entries = [];
  const server = await serve({ mounts: [], allow: ["127.0.0.1:*"], log: (entry) => entries.push(entry), ...options });
  t.after(server.close);
  return { ...server, entries, address: `${server.url}relay/`.replace("http", "ws") };
}

/** @param {TestContext} t */
async function echo(t) {
  const server = await echoServer();
  t.after(server.close);
  return { host: "127.0.0.1", port: server.port };
}

/**
 * What the transport of a page says when it may not connect, over both kinds of WebSocket.
 *
 * @param {string} url
 * @param {{host: string, port: number}} [target]
 * @param {Record<string, string>} [headers]
 */
async function refusals(url, target = { host: "127.0.0.1", port: 9 }, headers = {}) {
  const texts = [];
  class Page extends WebSocket {
    /** @param {string} address @param {string | string[]} [protocols] */
    constructor(address, protocols) {
      super(address, protocols, { headers });
    }
  }
  class PageStream extends WebSocketStream {
    /** @param {string} address @param {{protocols: string[]}} options */
    constructor(address, options) {
      super(address, { ...options, headers });
    }
  }
  /** @type {WebSocketOptions[]} */
  const both = [{ WebSocket: Page, WebSocketStream: null }, { WebSocketStream: PageStream }];
  for (const sockets of both) {
    const transport = wisp({ url, ...sockets });
    const error = await transport.connect(target).then(() => null, (failure) => failure);
    transport.close();
    texts.push(`${error?.code} ${error?.message}`);
  }
  assert.equal(texts[0], texts[1]);
  return texts[0];
}

test("a page hears why it may not connect", async (t) => {
  const { address, ...server } = await relay(t, { allow: ["127.0.0.1:9"], origins: ["https://friend.example"] });
  const evil = { Origin: "https://evil.example" };
  assert.equal(await refusals(address, undefined, evil), "EACCES the relay refuses this page: pages of https://evil.example may not use this relay");
  assert.equal(await refusals(`${address}some-token/`), "EACCES the relay refuses this page: the relay knows no tokens");
  assert.equal(await refusals(address, { host: "127.0.0.1", port: 10 }), "EACCES the relay does not allow 127.0.0.1:10");
  assert.match(await refusals(address, { host: "a b", port: 9 }), /^EADDRNOTAVAIL .*not the address of a host/);
  const full = await relay(t, { limits: { clients: 1 } });
  await rawWisp(full.address);
  assert.equal(await refusals(full.address), "ENETDOWN the relay refuses this page: 1 clients are connected to the relay already");
  const nothing = await relay(t, { allow: [] });
  assert.match(await refusals(nothing.address), /^EACCES the relay allows no targets: its operator names them with --allow host:port/);
  assert.equal(server.entries.some(({ event, why }) => event === "turned away" && /evil\.example/.test(why ?? "")), true);
});

test("health says whether it takes clients", async (t) => {
  const { url } = await relay(t);
  const response = await fetch(`${url}health`);
  assert.deepEqual([response.status, await response.text()], [200, "ok\n"]);
});

test("metrics are there when asked for, in Prometheus' text format", async (t) => {
  const target = await echo(t);
  assert.equal((await fetch(`${(await relay(t)).url}metrics`)).status, 404);
  const { url, address } = await relay(t, { metrics: true });
  const client = await rawWisp(address);
  await client.connect(1, target.port);
  await client.connect(2, 443, { host: "9.9.9.9" });
  await greeting(address, { headers: { Origin: "https://evil.example" } });
  const text = await (await fetch(`${url}metrics`)).text();
  for (const line of ["clients 1", "connections 1", "clients_total 1", 'clients_refused_total{code="4403"} 1', 'connections_total{kind="tcp"} 1',
    'connections_refused_total{reason="blocked"} 1']) {
    assert.ok(text.split("\n").includes(`micropython_ssl_relay_${line}`), `${line} in\n${text}`);
  }
  for (const line of text.trim().split("\n")) assert.match(line, /^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"\\]*"\})? \d+)$/);
});

test("logs are lines of JSON with the time, the client's own address and what became of the connection", async (t) => {
  const target = await echo(t);
  const { address, entries } = await relay(t, { trustedProxies: ["127.0.0.0/8"] });
  const client = await rawWisp(address, { headers: { "X-Forwarded-For": "203.0.113.9" } });
  await client.connect(1, target.port);
  client.socket.close();
  await eventually(() => entries.some(({ event }) => event === "closed"), "the end is logged");
  const [connected, closed] = entries.map((entry) => JSON.parse(jsonLine(entry, new Date(0))));
  assert.deepEqual(connected, { time: "1970-01-01T00:00:00.000Z", event: "connected", kind: "tcp", target: `127.0.0.1:${target.port}`, address: "127.0.0.1", client: "203.0.113.9" });
  assert.deepEqual([closed.client, closed.why, closed.up, closed.down], ["203.0.113.9", "client left", 0, 0]);
});

test("X-Forwarded-For is believed of trusted proxies only, and only what they added", async (t) => {
  const proxies = new Proxies(["127.0.0.1", "10.0.0.0/8", "fd00::/8"]);
  /** @type {[peer: string, forwarded: string | undefined, client: string][]} */
  const cases = [
    ["127.0.0.1", undefined, "127.0.0.1"],
    ["127.0.0.1", "198.51.100.1", "198.51.100.1"],
    ["::ffff:127.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"],
    ["127.0.0.1", "6.6.6.6, 198.51.100.1, 10.1.2.3,fd00::1", "198.51.100.1"],
    ["198.51.100.2", "6.6.6.6", "198.51.100.2"],
    ["127.0.0.1", "nonsense", "127.0.0.1"],
    ["127.0.0.1", "10.0.0.1, \u001b", "127.0.0.1"],
    ["127.0.0.1", "10.0.0.1", "10.0.0.1"],
  ];
  for (const [peer, forwarded, client] of cases) {
    assert.equal(proxies.clientOf(peer, forwarded), client, `${peer} ${forwarded}`);
  }
  const { address, entries } = await relay(t);
  for (let i = 0; i < 2; i++) await greeting(address, { headers: { "X-Forwarded-For": "198.51.100.1" } });
  assert.deepEqual(entries.map(({ event, client }) => [event, client]), [["warning", "127.0.0.1"]], "an operator hears, once, that a proxy is not trusted");
});

test("tokens: a secret, or a signed one that expires, in the address", async (t) => {
  const target = await echo(t);
  const { address, entries } = await relay(t, { tokens: { alice: SECRET, bob: "another-secret-of-bob" } });
  const signed = await signToken({ holder: "bob", secret: "another-secret-of-bob", expires: Date.now() + 60_000 });
  const old = await signToken({ holder: "bob", secret: "another-secret-of-bob", expires: Date.now() - 1000 });
  const others = await signToken({ holder: "bob", secret: SECRET, expires: Date.now() + 60_000 });
  const [holder, expires, signature] = signed.split(".");
  assert.match(await greeting(address), /^4401 the relay wants a token/);
  for (const token of ["x", "a-secret-of-sixteen-or-mor", old, others, `bob.${Number(expires) + 999}.${signature}`, `alice.${expires}.${signature}`, `${holder}.${expires}.`, "%20"]) {
    assert.match(await greeting(`${address}${token}/`), /^4401 the token is wrong or has expired/, token);
  }
  for (const token of [SECRET, signed]) {
    const transport = wisp({ url: `${address}${token}`, WebSocket });
    const connection = await transport.connect(target);
    await connection.write(bytesOf("hello"));
    assert.equal(String(await readExactly(connection, 5)), "hello");
    transport.close();
  }
  const holders = () => entries.filter(({ event }) => event === "closed").map(({ token }) => token);
  await eventually(() => holders().length === 2, "both are logged");
  assert.deepEqual(holders(), ["alice", "bob"]);
  assert.ok(!JSON.stringify(entries).includes(SECRET) && !JSON.stringify(entries).includes(signature), "no token is logged");
});

test("files of tokens that make no sense are refused with what is wrong", () => {
  assert.deepEqual(parseTokens(`# holders\n\nalice ${SECRET}\n  bob\t${SECRET}2 \n`), { alice: SECRET, bob: `${SECRET}2` });
  assert.throws(() => parseTokens("alice"), /line 1 .* "name secret"/);
  assert.throws(() => parseTokens(`a ${SECRET}\na ${SECRET}`), /name a twice/);
  assert.throws(() => new Tokens({ alice: "short" }), /secret of alice needs 16/);
  assert.throws(() => new Tokens({ "a b": SECRET }), /not the name/);
});

test("rates: an address, and a token, may do so much in a minute", async (t) => {
  const target = await echo(t);
  const limits = { connectsPerMinute: 3, clientsPerMinute: 6 };
  const { address } = await relay(t, { limits, trustedProxies: ["127.0.0.1"], tokens: { alice: SECRET } });
  /** @param {string} client */
  const from = (client) => ({ headers: { "X-Forwarded-For": client } });
  const first = await rawWisp(`${address}${SECRET}/`, from("198.51.100.1"));
  const second = await rawWisp(`${address}${SECRET}/`, from("198.51.100.2"));
  const reasons = [];
  for (let id = 1; id <= 3; id++) for (const client of [first, second]) reasons.push((await client.connect(id, target.port)).reason);
  assert.deepEqual(reasons, [undefined, undefined, undefined, 0x49, 0x49, 0x49], "the token's three, by both together");
  const open = [];
  for (let i = 0; i < 7; i++) open.push(await greeting(`${address}${SECRET}/`, from("198.51.100.3")));
  assert.deepEqual([open.slice(0, 6).every((answer) => answer === "welcome"), open[6]], [true, "4429 the relay lets an address in 6 times a minute"]);
});

test("a signed token is one token however its signature is spelled", async (t) => {
  const target = await echo(t);
  const { address } = await relay(t, { limits: { connectsPerMinute: 3 }, trustedProxies: ["127.0.0.1"], tokens: { alice: SECRET } });
  const signed = await signToken({ holder: "alice", secret: SECRET, expires: Date.now() + 60_000 });
  // The last character of 43 has two bits that mean nothing.
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const other = signed.slice(0, -1) + alphabet[alphabet.indexOf(signed.slice(-1)) + 1];
  const clients = await Promise.all([signed, other].map((token, i) => rawWisp(`${address}${token}/`, { headers: { "X-Forwarded-For": `198.51.100.${i}` } })));
  const reasons = [];
  for (let id = 1; id <= 2; id++) for (const client of clients) reasons.push((await client.connect(id, target.port)).reason);
  assert.deepEqual(reasons, [undefined, undefined, undefined, 0x49]);
});

test("SIGTERM: no new clients and streams, live ones finish, then the server ends; a bound cuts those that do not", async (t) => {
  const target = await echo(t);
  for (const [seconds, finishes] of [[20, true], [1, false]]) {
    const program = await start(process.execPath, [CLI, "serve", "--relay-only", "--port", "0", "--allow", "127.0.0.1:*", "--drain", String(seconds), "--log", "json"], { ready: /started/ });
    const url = `${JSON.parse(program.output().split("\n")[0]).url}relay/`;
    const client = await rawWisp(url);
    await client.connect(1, target.port);
    program.child.kill("SIGTERM");
    await eventually(async () => /^4503 the relay is shutting down/.test(await greeting(url)), "new clients are turned away");
    assert.equal((await fetch(url.replace("relay/", "health"))).status, 503);
    assert.equal((await client.connect(2, target.port)).reason, 0x49, "no new streams");
    client.send(Uint8Array.of(2, 1, 0, 0, 0, 104, 105));
    await eventually(() => client.text(1) === "hi", "the live one goes on");
    if (finishes) client.send(Uint8Array.of(4, 1, 0, 0, 0, 2));
    assert.deepEqual(await client.closed, { code: 1001, reason: "the relay is shutting down" });
    assert.deepEqual(await program.ended(), { code: 0, signal: null });
  }
});

test("the command line makes tokens that its relay takes", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "micropython-ssl-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "tokens"), `alice ${SECRET}\n`);
  const made = await start(process.execPath, [CLI, "serve", "--tokens", join(folder, "tokens"), "--new-token", "alice:1"]);
  assert.equal((await made.ended()).code, 0);
  const { address } = await relay(t, { tokens: { alice: SECRET } });
  assert.equal(await greeting(`${address}${made.output().trim()}/`), "welcome");
  // No relay would take a token of a short secret.
  writeFileSync(join(folder, "tokens"), "alice short\n");
  const refused = await start(process.execPath, [CLI, "serve", "--tokens", join(folder, "tokens"), "--new-token", "alice:1"]);
  assert.equal((await refused.ended()).code, 1);
  assert.match(refused.output(), /tokens: the secret of alice needs 16 or more/);
  await assert.rejects(signToken({ holder: "a.b", secret: SECRET, expires: Date.now() }), RangeError);
});

test("a relay that allows nothing says so at its start; origins that are none are refused", async () => {
  const program = await start(process.execPath, [CLI, "serve", "--relay-only", "--port", "0"], { ready: /Relay at .*\n/ });
  assert.match(program.output(), /Relay at ws:\S+ to nothing: name its targets with --allow host:port/);
  await program.stop();
  for (const origin of ["friend.example", "https://friend.example/path", "null", "https://a b"]) {
    const wrong = await start(process.execPath, [CLI, "serve", "--relay-only", "--origin", origin]);
    assert.equal((await wrong.ended()).code, 1);
    assert.match(wrong.output(), /not an origin: /);
  }
});
