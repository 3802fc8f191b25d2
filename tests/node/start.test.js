import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { folder } from "../support/runner.js";

const START = fileURLToPath(new URL("../../scripts/start.js", import.meta.url));
/** @param {string[]} args @param {NodeJS.ProcessEnv} [env] */
const npmStart = (args, env) => promisify(execFile)(process.execPath, [START, ...args], { env: { ...process.env, ...env }, timeout: 120_000 });

test("npm start shows a page fetched over verified TLS 1.3", async () => {
  const { stdout } = await npmStart([]);
  assert.match(stdout, /^\$ micropython-ssl examples\/https_get\.py https:\/\/localhost:\d+\/ \S+ca\.pem$/m);
  assert.match(stdout, /^protocol +TLSv1\.3$/m);
  assert.match(stdout, /^cipher suite +TLS1-3-/m);
  assert.match(stdout, /^peer +localhost verified$/m);
  assert.match(stdout, /^Hello! You came over TLSv1\.3/m);
});

test("npm start -- my_script.py runs a script of the folder that it is started in, with its arguments and exit code", async (t) => {
  const here = folder(t, { "my_script.py": "import sys, ssl\nprint(sys.argv)\nsys.exit(7)\n" });
  const failure = await npmStart(["my_script.py", "a", "-b"], { INIT_CWD: here }).catch((error) => error);
  assert.equal(failure.code, 7);
  assert.match(failure.stdout, /^\['my_script\.py', 'a', '-b'\]$/m);
});

test("npm start -- with a script that is not there says so", async (t) => {
  const failure = await npmStart(["nothing.py"], { INIT_CWD: folder(t, {}) }).catch((error) => error);
  assert.equal(failure.code, 2);
  assert.match(failure.stderr, /can't open file 'nothing\.py'/);
});
