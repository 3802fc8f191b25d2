/**
 * The tarball as publint and Are The Types Wrong judge it: does it resolve, with types, in every
 * tool that imports packages?
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { buildComponent } from "../../scripts/component.js";
import { npmSource } from "../../scripts/lib/npm-source.js";
import { ROOT } from "../../scripts/lib/paths.js";
import { buildPlayground } from "../../scripts/lib/playground-build.js";
import { buildMicroPython } from "../../scripts/micropython-wasi.js";

const publintFolder = await npmSource("publint");
const attwFolder = await npmSource("attw");
const unless = (folder) => (folder ? false : "npm cannot be reached");

/** Scripts that pages and PyScript load by their address; nobody imports them. */
const SCRIPTS = ["./inline.js", "./pyscript.mjs", "./service_worker.js", "./isolate.js"];
/**
 * How Node before 20.19 and TypeScript for it see a package of ES modules; docs/install.md says so.
 */
const ESM_ONLY = new Set(["node10", "node16-cjs"]);

describe("the tarball", () => {
  const folder = mkdtempSync(join(tmpdir(), "micropython-ssl-tarball-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const tarball = pack(folder);

  test("publint finds nothing to say", { skip: unless(publintFolder) }, async () => {
    const { publint } = await imported(publintFolder, "src/index-node.js");
    const { messages } = await publint({ pack: { tarball: arrayBuffer(await tarball) }, strict: true });
    assert.deepEqual(messages, []);
  });

  test("every entry that is imported resolves with types", { skip: unless(attwFolder) }, async () => {
    const { checkPackage, createPackageFromTarballData } = await imported(attwFolder, "dist/index.js");
    const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(await tarball)), { excludeEntrypoints: SCRIPTS });
    assert.ok(analysis.types, "the package has types");
    const problems = analysis.problems.filter(({ resolutionKind, resolutionOption }) => !ESM_ONLY.has(resolutionKind) && resolutionOption !== "node10");
    assert.deepEqual(problems, []);
  });
});

async function pack(folder) {
  await buildComponent();
  await buildMicroPython();
  await buildPlayground();
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const [{ filename }] = JSON.parse(execFileSync("npm", args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  return readFileSync(join(folder, filename));
}

function imported(folder, entry) {
  return import(pathToFileURL(join(folder, entry)).href);
}

function arrayBuffer({ buffer, byteOffset, byteLength }) {
  return buffer.slice(byteOffset, byteOffset + byteLength);
}
