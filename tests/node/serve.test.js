/** What `micropython-ssl serve` gives to browsers, and what it does not. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";
import { serve } from "../../web/node/serve.js";
import { parseServeArguments } from "../../web/node/serve_command.js";
import { freePort, start } from "../support/programs.js";
import { greeting } from "../support/raw_wisp.js";
import { eventually, sleep } from "../support/transports.js";

/** @import { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http" */

const CLI = fileURLToPath(new URL("../../web/node/cli.js", import.meta.url));

/** @type {string} */
let folder;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "micropython-ssl-"));
  mkdirSync(join(folder, "site", "sub"), { recursive: true });
  for (const name of ["secret.txt", "site/index.html", "site/a.mjs", "site/a.wasm", "site/.hidden", "site/sub/index.html"]) {
    writeFileSync(join(folder, name), `<${name}>`);
  }
  writeFileSync(join(folder, "site/large.bin"), Buffer.alloc(20 * 1024 * 1024));
  writeFileSync(join(folder, "site/long.txt"), "0123456789".repeat(4000));
});
after(() => rmSync(folder, { recursive: true }));

/**
 * Asks as no well-behaved client would: the path goes out as it is.
 *
 * @param {{port: number | string}} server
 * @param {string} path
 * @param {OutgoingHttpHeaders} [headers]
 * @param {string} [method]
 * @returns {Promise<{status: number | undefined, headers: IncomingHttpHeaders, bytes: Buffer, body:
 *   string}>}
 */
function get(server, path, headers = {}, method = "GET") {
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port: server.port, path, headers, method }, (response) => {
      /** @type {Buffer[]} */
      const pieces = [];
      response.on("data", (piece) => pieces.push(piece));
      response.on("end", () => {
        const bytes = Buffer.concat(pieces);
        resolve({ status: response.statusCode, headers: response.headers, bytes, body: String(bytes) });
      });
    }).on("error", reject).end();
  });
}

/** @param {Partial<Parameters<typeof serve>[0]>} [options] */
async function site(options = {}) {
  return serve({ mounts: [["/", join(folder, "site")]], ...options });
}

describe("files", () => {
  /** @type {Awaited<ReturnType<typeof serve>>} */
  let server;
  before(async () => (server = await site()));
  after(() => server.close());

  test("come with the headers of an isolated page", async () => {
    const { status, headers, body } = await get(server, "/");
    assert.equal(status, 200);
    assert.equal(body, "<site/index.html>");
    assert.equal(headers["cross-origin-opener-policy"], "same-origin");
    assert.equal(headers["cross-origin-embedder-policy"], "require-corp");
    assert.equal(headers["content-type"], "text/html; charset=utf-8");
  });

  test("have the types that browsers insist on", async () => {
    assert.equal((await get(server, "/a.wasm")).headers["content-type"], "application/wasm");
    assert.match((await get(server, "/a.mjs")).headers["content-type"] ?? "", /^text\/javascript/);
  });

  test("are found in folders, which end in a slash", async () => {
    assert.equal((await get(server, "/sub/")).body, "<site/sub/index.html>");
    const { status, headers } = await get(server, "/sub?x");
    assert.deepEqual([status, headers.location], [301, "/sub/"]);
  });

  test("lead to no other server", async () => {
    for (const path of ["/%2Fevil.example/..%2F.", "//evil.example/%2e%2e", "/%2F%2Fevil.example/..%2F..%2Fsub", "/%5Cevil.example/..%2F."]) {
      const { location = "/" } = (await get(server, path)).headers;
      assert.match(location, /^\/(?![/\\])/, path);
    }
  });

  test("are closed when the browser goes away in the middle", { skip: process.platform !== "linux" && "descriptors are counted in /proc" }, async () => {
    const descriptors = () => readdirSync("/proc/self/fd").length;
    const before = descriptors();
    for (let i = 0; i < 30; i++) {
      await new Promise((resolve) => {
        const asked = request({ host: "127.0.0.1", port: server.port, path: "/large.bin" }, (response) => response.once("data", () => asked.destroy())).on("close", resolve).on("error", () => {});
        asked.end();
      });
    }
    await eventually(() => descriptors() <= before + 5, "the descriptors are closed");
  });

  test("have as many bytes as was said, also where they grow meanwhile", async () => {
    const path = join(folder, "site/growing.bin");
    writeFileSync(path, Buffer.alloc(20 * 1024 * 1024, "a"));
    const length = await new Promise((resolve) => {
      const socket = connect(server.port, "127.0.0.1", () => socket.write("GET /growing.bin HTTP/1.1\r\nHost: localhost\r\n\r\n"));
      let length = 0;
      socket.once("data", () => {
        socket.pause();
        appendFileSync(path, Buffer.alloc(1024 * 1024, "b"));
        setTimeout(() => socket.write("GET /a.mjs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", () => socket.resume()), 200);
      });
      socket.on("data", (bytes) => (length += bytes.filter((byte) => byte === 0x62).length));
      socket.on("end", () => resolve(length));
    });
    assert.ok(length < 100, `${length} bytes of what came later`);
  });

  test("wait for no browser that takes nothing of them", async (t) => {
    const impatient = await site({ patience: 300 });
    t.after(impatient.close);
    const socket = connect(impatient.port, "127.0.0.1", () => socket.write("GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    let length = 0;
    socket.on("error", () => {}).once("data", () => socket.pause()).on("data", (bytes) => (length += bytes.length));
    await sleep(1500);
    socket.resume();
    await new Promise((resolve) => socket.on("close", resolve));
    assert.ok(length < 20 * 1024 * 1024, "it was cut off");
  });

  test("come at once whatever If-None-Match says", async () => {
    const before = process.cpuUsage();
    await get(server, "/", { "If-None-Match": `a${" ".repeat(15_000)}b` });
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 200_000, `${(user + system) / 1000} ms of CPU`);
  });

  test("come compressed to browsers that know brotli, and not again where nothing changed", async () => {
    const plain = await get(server, "/long.txt");
    assert.deepEqual([plain.headers["content-encoding"], plain.body.length], [undefined, 40_000]);
    const compressed = await get(server, "/long.txt", { "Accept-Encoding": "gzip, br" });
    assert.deepEqual([compressed.headers["content-encoding"], compressed.headers.vary], ["br", "Accept-Encoding"]);
    assert.ok(Number(compressed.headers["content-length"]) < 200);
    assert.equal(brotliDecompressSync(compressed.bytes).length, 40_000);
    const again = await get(server, "/long.txt", { "Accept-Encoding": "br", "If-None-Match": compressed.headers.etag });
    assert.deepEqual([again.status, again.body], [304, ""]);
    writeFileSync(join(folder, "site/long.txt"), "changed");
    assert.equal(brotliDecompressSync((await get(server, "/long.txt", { "Accept-Encoding": "br" })).bytes).toString(), "changed");
  });

  test("outside of the folder, hidden, or absent are not found", async () => {
    for (const path of [
      "/../secret.txt", "/sub/../../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/..\\secret.txt", "//../secret.txt",
      "/.hidden", "/%00", "/%", "/absent", "/a.wasm/x",
    ]) {
      assert.equal((await get(server, path)).status, 404, path);
    }
  });

  test("are not written", async () => {
    assert.equal((await get(server, "/", {}, "PUT")).status, 405);
    assert.equal((await get(server, "/", {}, "HEAD")).body, "");
  });

  test("are not for names that somebody else pointed at this server", async () => {
    assert.equal((await get(server, "/", { Host: "rebound.example" })).status, 403);
    assert.equal((await get(server, "/", { Host: `localhost:${server.port}` })).status, 200);
  });

  test("come with a policy when told, which holds in workers too", async () => {
    const policy = "default-src 'none'; script-src 'self'";
    const strict = await site({ policy });
    for (const path of ["/", "/a.mjs", "/sub/"]) assert.equal((await get(strict, path)).headers["content-security-policy"], policy, path);
    await strict.close();
    assert.equal((await get(server, "/a.mjs")).headers["content-security-policy"], undefined);
  });

  test("come without isolation when told", async () => {
    const plain = await site({ isolate: false });
    assert.equal((await get(plain, "/")).headers["cross-origin-opener-policy"], undefined);
    await plain.close();
  });
});

describe("the relay", () => {
  test("is for this server's pages, for programs, and for origins that were named; others are told that they are not", async () => {
    const server = await site({ origins: ["https://friend.example"] });
    const own = `http://127.0.0.1:${server.port}`;
    /** @type {Record<string, string>[]} */
    const welcome = [{}, { Origin: own }, { Origin: "https://friend.example" }, { Host: "friend.example", Origin: "https://friend.example" }];
    for (const headers of welcome) {
      assert.equal(await greeting(`${server.url}relay/`, { headers }), "welcome", JSON.stringify(headers));
    }
    /** @type {[path: string, headers: Record<string, string>, reason: string][]} */
    const refused = [
      ["relay/", { Origin: "https://evil.example" }, "4403 pages of https://evil.example may not use this relay"],
      ["relay/", { Origin: "null" }, "4403 pages of null may not use this relay"],
      ["relay/", { Host: "rebound.example", Origin: "http://rebound.example" }, "4403 this name does not belong to the relay"],
      ["elsewhere/", {}, "1006 "],
    ];
    for (const [path, headers, reason] of refused) {
      assert.equal(await greeting(server.url + path, { headers }), reason);
    }
    await server.close();
  });

  test("answers to no name that somebody else pointed at it, also where it listens on every address", async () => {
    const server = await site({ host: "0.0.0.0" });
    const url = `http://127.0.0.1:${server.port}/relay/`;
    assert.equal(await greeting(url, { headers: { Host: "rebound.example", Origin: "http://rebound.example" } }), "4403 this name does not belong to the relay");
    assert.equal((await get(server, "/", { Host: "rebound.example" })).status, 403);
    assert.equal(await greeting(url, { headers: { Host: "10.1.2.3:8000", Origin: "http://10.1.2.3:8000" } }), "welcome");
    await server.close();
  });
});

describe("the command line", () => {
  test("is read", () => {
    const options = parseServeArguments([folder, "--allow", "a:1,b:2", "--allow=c:3", "--port=0", "--host", "::1", "--connections", "5"]);
    assert.deepEqual(options.allow, ["a:1", "b:2", "c:3"]);
    assert.deepEqual([options.folder, options.port, options.host, options.limits], [folder, 0, "::1", { connections: 5 }]);
    assert.equal(options.udp, false);
  });

  test("that is wrong is refused with what is wrong", () => {
    const tokens = join(folder, "tokens");
    writeFileSync(tokens, "ada 0123456789abcdef\n");
    /** @type {[args: string[], message: RegExp][]} */
    const wrong = [
      [["--port", "x"], /--port x/], [["--port"], /^--port needs a value$/], [["--port", "-1"], /^--port needs a value$/], [["--host", ""], /--host is empty/], [["--bogus"], /unknown option '--bogus'/], [["/nonexistent"], /nonexistent" is not a folder/], [[""], /^"" is not a folder$/],
      [[folder, folder], /one folder only/], [["--connections", "0"], /1 to/], [["--log", "xml"], /--log xml/], [["--tokens", "/nonexistent"], /cannot read \/nonexistent/], [["--new-token", "x:1"], /--new-token needs --tokens/], [["--tokens", "/dev/null"], /\/dev\/null names no holder/], [["--tokens", tokens, "--new-token", "x:1"], /does not name x/], [["--tokens", tokens, "--new-token", "ada:0"], /expected name:hours/],
      [["--relay-only", folder], /shows no files/],
    ];
    for (const [args, message] of wrong) {
      assert.throws(() => parseServeArguments(args), ({ message: text }) => message.test(text));
    }
  });

  test("starts a server that goes on when nobody reads its log any more", async (t) => {
    const port = await freePort();
    const child = spawn(process.execPath, [CLI, "serve", folder, "--port", String(port)]);
    t.after(() => child.kill());
    let said = "";
    child.stderr.on("data", (text) => (said += text));
    child.stdout.destroy();
    await eventually(() => said !== "", "what it says of its log");
    assert.equal((await get({ port }, "/secret.txt")).body, "<secret.txt>");
    assert.equal(said, "micropython-ssl: the log cannot be written: EPIPE\n");
  });

  test("starts a server that says where it is and ends when told", async () => {
    const program = await start(process.execPath, [CLI, "serve", folder, "--port", "0", "--allow", "*:443"], { ready: /Relay at .*\n/ });
    const [, url] = await program.printed(/at (http:\S+)/);
    assert.equal((await get({ port: new URL(url).port }, "/secret.txt")).body, "<secret.txt>");
    assert.match(program.output(), /Relay at ws:\/\/127\.0\.0\.1:\d+\/relay\/ to \*:443/);
    program.child.kill("SIGTERM");
    assert.deepEqual(await program.ended(), { code: 0, signal: null });
  });

  test("with a target that makes no sense fails and says which", async () => {
    const program = await start(process.execPath, [CLI, "serve", folder, "--allow", "example.com"]);
    assert.equal((await program.ended()).code, 1);
    assert.match(program.output(), /not a target: example\.com \(expected host:port/);
  });
});
