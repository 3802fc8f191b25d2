/**
 * The relay as a service: what the Dockerfile and the systemd unit of examples/relay start, and how
 * they ask for its health. Neither needs Docker or a running systemd for that.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort, missing, start } from "../support/programs.js";
import { greeting } from "../support/raw_wisp.js";

/** @import { TestContext } from "node:test" */

const CLI = fileURLToPath(new URL("../../web/node/cli.js", import.meta.url));
/** @param {string} name */
const path = (name) => fileURLToPath(new URL(`../../examples/relay/${name}`, import.meta.url));
const { name: PACKAGE, engines } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
const UNIT = "micropython-ssl-relay.service";

/**
 * Starts the relay as the words of a command do, which begin with the package's name.
 *
 * @param {TestContext} t
 * @param {string[]} command
 * @param {number} port
 */
async function relay(t, [program, ...args], port) {
  assert.equal(program, PACKAGE);
  const place = args.indexOf("--port") + 1;
  const running = await start(process.execPath, [CLI, ...args.with(place, String(port))], { ready: /"event":"started"/ });
  t.after(running.stop);
  return running;
}

test("the systemd unit starts a relay for those whom it names, and leaves it time to drain", async (t) => {
  const unit = readFileSync(path(UNIT), "utf8").replaceAll("\\\n", "");
  /** @param {string} name */
  const setting = (name) => new RegExp(`^${name}=(.*)$`, "m").exec(unit)?.[1] ?? "";
  const [env, ...command] = setting("ExecStart").split(/\s+/);
  assert.equal(env, "/usr/bin/env");
  const port = await freePort();
  const running = await relay(t, command, port);
  /** @param {string} path */
  const at = (path) => `ws://127.0.0.1:${port}/${path}`;
  assert.equal(await greeting(at("relay/"), { headers: { Origin: "https://play.example" } }), "welcome");
  assert.match(await greeting(at("relay/"), { headers: { Origin: "https://elsewhere.example" } }), /^4403 /);
  assert.ok(Number(setting("TimeoutStopSec")) > Number(command[command.indexOf("--drain") + 1]));
  running.child.kill("SIGTERM");
  assert.deepEqual(await running.ended(), { code: 0, signal: null });
});

test("systemd has nothing against the unit", { skip: missing("systemd-analyze") }, async () => {
  const program = await start("systemd-analyze", ["verify", path(UNIT)]);
  assert.equal((await program.ended()).code, 0, program.output());
  assert.equal(program.output(), "");
});

test("the Dockerfile starts a relay, and finds out whether it is in health", async (t) => {
  const lines = readFileSync(path("Dockerfile"), "utf8");
  /** @param {string} name */
  const instruction = (name) => new RegExp(`^${name} (.*)$`, "m").exec(lines)?.[1] ?? "";
  assert.ok(instruction("RUN").startsWith(`npm install --global ${PACKAGE} `));
  assert.ok(Number(/^node:(\d+)-/.exec(instruction("FROM"))?.[1]) >= Number(/\d+/.exec(engines.node)?.[0]));
  const entry = JSON.parse(instruction("ENTRYPOINT"));
  assert.equal(entry[entry.indexOf("--port") + 1], instruction("EXPOSE"));
  const port = await freePort();
  const check = / CMD (.*)$/.exec(instruction("HEALTHCHECK"))?.[1] ?? "";
  const [node, ...words] = JSON.parse(check.replaceAll(instruction("EXPOSE"), String(port)));
  assert.equal(node, "node");
  const health = async () => (await (await start(process.execPath, words)).ended()).code;
  assert.equal(await health(), 1);
  const running = await relay(t, [...entry, "--allow", "127.0.0.1:*"], port);
  assert.equal(await health(), 0);
  running.child.kill("SIGTERM");
  assert.deepEqual(await running.ended(), { code: 0, signal: null });
  assert.equal(await health(), 1);
});
