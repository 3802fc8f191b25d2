/** What `micropython-ssl serve` gives to browsers, and what it does not. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import WebSocket from "ws";
import { serve } from "../../web/node/serve.js";
import { parseServeArguments } from "../../web/node/serve_command.js";
import { Targets } from "../../web/node/targets.js";
import { start } from "../support/programs.js";

const CLI = fileURLToPath(new URL("../../web/node/cli.js", import.meta.url));

let folder;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "micropython-ssl-"));
  mkdirSync(join(folder, "site", "sub"), { recursive: true });
  for (const name of ["secret.txt", "site/index.html", "site/a.mjs", "site/a.wasm", "site/.hidden", "site/sub/index.html"]) {
    writeFileSync(join(folder, name), `<${name}>`);
  }
});
after(() => rmSync(folder, { recursive: true }));

/** Asks as no well-behaved client would: the path goes out as it is. */
function get(server, path, headers = {}, method = "GET") {
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port: server.port, path, headers, method }, (response) => {
      let body = "";
      response.on("data", (text) => (body += text));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body }));
    }).on("error", reject).end();
  });
}

async function site(options = {}) {
  return serve({ mounts: [["/", join(folder, "site")]], ...options });
}

describe("files", () => {
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
    assert.match((await get(server, "/a.mjs")).headers["content-type"], /^text\/javascript/);
  });

  test("are found in folders, which end in a slash", async () => {
    assert.equal((await get(server, "/sub/")).body, "<site/sub/index.html>");
    const { status, headers } = await get(server, "/sub?x");
    assert.deepEqual([status, headers.location], [301, "/sub/"]);
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

  test("come without isolation when told", async () => {
    const plain = await site({ isolate: false });
    assert.equal((await get(plain, "/")).headers["cross-origin-opener-policy"], undefined);
    await plain.close();
  });
});

describe("the relay", () => {
  const opens = (server, path, headers) =>
    new Promise((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, { headers });
      socket.on("open", () => resolve(true));
      socket.on("error", () => resolve(false));
    });

  test("is for this server's pages, for programs, and for origins that were named", async () => {
    const server = await site({ origins: ["https://friend.example"] });
    assert.equal(await opens(server, "/relay/", {}), true);
    assert.equal(await opens(server, "/relay/", { Origin: `http://127.0.0.1:${server.port}` }), true);
    assert.equal(await opens(server, "/relay/", { Origin: "https://friend.example" }), true);
    assert.equal(await opens(server, "/relay/", { Origin: "https://evil.example" }), false);
    assert.equal(await opens(server, "/relay/", { Origin: "null" }), false);
    assert.equal(await opens(server, "/relay/", { Host: "rebound.example", Origin: "http://rebound.example" }), false);
    assert.equal(await opens(server, "/elsewhere/", {}), false);
    await server.close();
  });

  test("takes no more clients than its limit", async () => {
    const server = await site({ limits: { clients: 1 } });
    assert.equal(await opens(server, "/relay/", {}), true);
    assert.equal(await opens(server, "/relay/", {}), false);
    await server.close();
  });
});

describe("targets", () => {
  const allows = (pattern, host, port, address = host) => {
    const targets = new Targets([pattern]);
    return targets.allows(host, port) && targets.reaches(host, port, address);
  };

  test("are names, wildcards, addresses, ranges and ports", () => {
    assert.ok(allows("example.com:443", "example.com", 443, "93.184.215.14"));
    assert.ok(allows("Example.com:443", "EXAMPLE.com.", 443, "93.184.215.14"));
    assert.ok(!allows("example.com:443", "example.com", 80, "93.184.215.14"));
    assert.ok(!allows("example.com:443", "www.example.com", 443, "93.184.215.14"));
    assert.ok(allows("*.example.com:*", "www.example.com", 1, "93.184.215.14"));
    assert.ok(!allows("*.example.com:*", "example.com", 1, "93.184.215.14"));
    assert.ok(!allows("*.example.com:*", "evilexample.com", 1, "93.184.215.14"));
    assert.ok(allows("*:8000-8999", "a.b", 8500, "8.8.8.8"));
    assert.ok(!allows("*:8000-8999", "a.b", 9000, "8.8.8.8"));
    assert.ok(allows("10.0.0.0/8:*", "10.1.2.3", 5));
    assert.ok(!allows("10.0.0.0/8:*", "11.1.2.3", 5));
    assert.ok(allows("[::1]:443", "::1", 443));
    assert.ok(allows("[fd00::/8]:*", "fd12::3", 443));
  });

  test("are never private addresses behind a name, except localhost", () => {
    for (const address of ["127.0.0.1", "10.0.0.1", "192.168.1.1", "172.20.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
      "::1", "::", "::ffff:10.0.0.1", "::ffff:a00:1", "fe80::1", "fd00::1", "ff02::1", "64:ff9b::a00:1", "2002:a00:1::", "::7f00:1"]) {
      assert.ok(!allows("*:*", address, 443), address);
      assert.ok(!allows("example.com:*", "example.com", 443, address), address);
      assert.ok(allows("localhost:*", "localhost", 443, address), address);
    }
    assert.ok(allows("*:*", "2606:4700:4700::1111", 443));
  });

  test("that make no sense are refused with their text", () => {
    for (const pattern of ["", "example.com", ":443", "example.com:0", "example.com:70000", "example.com:9-1", "a*.example.com:1",
      "10.0.0.0/99:*", "a b:1"]) {
      assert.throws(() => new Targets([pattern]), (error) => error instanceof RangeError && error.message.includes(pattern), pattern);
    }
  });
});

describe("the command line", () => {
  test("is read", () => {
    const options = parseServeArguments([folder, "--allow", "a:1,b:2", "--allow=c:3", "--port=0", "--host", "::1", "--connections", "5"]);
    assert.deepEqual(options.allow, ["a:1", "b:2", "c:3"]);
    assert.deepEqual([options.folder, options.port, options.host, options.limits], [folder, 0, "::1", { connections: 5 }]);
  });

  test("that is wrong is refused with what is wrong", () => {
    for (const [args, message] of [
      [["--port", "x"], /--port x/], [["--port"], /--port needs/], [["--bogus"], /--bogus/], [["/nonexistent"], /nonexistent is not a folder/],
      [[folder, folder], /one folder only/], [["--connections", "0"], /1 to/],
    ]) {
      assert.throws(() => parseServeArguments(args), message);
    }
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
