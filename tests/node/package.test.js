/** What the npm package promises to those who import it. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { npmSource } from "../../scripts/lib/npm-source.js";
import { buildPacked, pack } from "../../scripts/lib/packed.js";
import { checkComponents, collectRelease } from "../../scripts/lib/release.js";
import { obtain } from "../../scripts/lib/wheel.js";
import { start } from "../support/programs.js";
import * as everything from "../../web/index.js";
import * as everythingInNode from "../../web/index.node.js";

/**
 * @import { ExecFileSyncOptionsWithStringEncoding } from "node:child_process"
 * @import { TestContext } from "node:test"
 */

const root = fileURLToPath(new URL("../..", import.meta.url));

const publintFolder = await npmSource("publint");
const attwFolder = await npmSource("attw");
const wasmTools = await obtain("wasm-tools", () => {});
/** @param {unknown} folder */
const unless = (folder) => (folder ? false : "npm cannot be reached");

/** Scripts that pages and PyScript load by their address; nobody imports them. */
const SCRIPTS = ["./inline.js", "./pyscript.mjs", "./service_worker.js", "./isolate.js"];
/**
 * How Node before 20.19 and TypeScript for it see a package of ES modules; docs/install.md says so.
 */
const ESM_ONLY = new Set(["node10", "node16-cjs"]);

/** Documents that lead into the source, which the package does not have. */
const OF_THE_SOURCE = /^(docs\/(architecture|decisions\/.*|dependencies|differences|performance)|web\/README)\.md$/;

// All tests that pack the package are in this file: what one builds, another must not be packing.
await buildPacked();

test("every export has a type, and every type of a value is exported", () => {
  const types = readFileSync(new URL("../../types/index.d.ts", import.meta.url), "utf8");
  const declared = [...types.matchAll(/^export (?:function|class|const) (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual([...new Set(declared)].sort(), Object.keys(everything).sort());
  assert.deepEqual(Object.keys(everythingInNode).sort(), Object.keys(everything).sort());
});

test("the package has what its entry points name, the page's and Node's scripts, and nothing else that was built", () => {
  /** @type {[{files: {path: string}[]}]} */
  const [{ files }] = JSON.parse(execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--dry-run"], { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  const paths = files.map(({ path }) => path);
  const { bin, exports } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const named = [...Object.values(bin), ...Object.values(exports).flatMap((entry) => (typeof entry === "string" ? [entry] : Object.values(entry)))];
  for (const path of named.map((path) => path.replace("./", ""))) assert.ok(paths.includes(path), `${path} is not in the package`);
  assert.deepEqual(paths.filter((path) => /^dist\/(?!playground\/)/.test(path)).sort(), [
    "dist/engine/micropython_ssl.d.ts",
    "dist/engine/micropython_ssl.js",
    "dist/engine/micropython_ssl_bg.wasm",
    "dist/engine/micropython_ssl_bg.wasm.d.ts",
    "dist/inline.js",
    "dist/inline.mjs",
    "dist/micropython-ssl.component.wasm",
    "dist/micropython.host.wasm",
    "dist/micropython.wasm",
    "dist/python.js",
    "dist/roots.pem",
  ]);
  assert.ok(paths.includes("dist/playground/index.html") && paths.includes("dist/playground/engine.wasm"));
  assert.deepEqual(paths.filter((path) => path.endsWith(".map")), []);
  assert.deepEqual(
    paths.filter((path) => !/^(dist|docs|examples|relay|types|web|wit)\//.test(path)).sort(),
    [
      "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "SECURITY.md",
      "benches/report/README.md", "benches/report/speed.svg", "package.json", "wasi/README.md",
    ],
  );
  for (const document of paths.filter((path) => path.endsWith(".md") && !OF_THE_SOURCE.test(path))) {
    const links = [...readFileSync(join(root, document), "utf8").matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link]) => posix.join(posix.dirname(document), link));
    const dead = links.filter((link) => !paths.some((path) => path === link || path.startsWith(posix.join(link, "/"))));
    assert.deepEqual(dead, [], document);
  }
});

test("the package as npm packs it is imported, and runs, without anything else of the checkout", async (t) => {
  const folder = temporary(t);
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, "@micropython"), { recursive: true });
  for (const name of Object.keys(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).dependencies)) {
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  /** @type {ExecFileSyncOptionsWithStringEncoding} */
  const quiet = { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] };
  execFileSync("tar", ["-xzf", await pack(folder)], quiet);
  renameSync(join(folder, "package"), join(modules, "micropython-ssl"));
  const { exports } = JSON.parse(readFileSync(join(modules, "micropython-ssl", "package.json"), "utf8"));
  for (const [name, entry] of Object.entries(exports)) {
    if (typeof entry === "object") assert.equal(Object.keys(entry)[0], "types", `${name} has its types first`);
  }
  const program = `
import { existsSync } from "node:fs";
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript";
import { installMicroPython } from "micropython-ssl";
const mp = await loadMicroPython({ linebuffer: false });
await installMicroPython(mp, { stdout: (text) => process.stdout.write(text) });
mp.runPython("import ssl; print(ssl.MBEDTLS_VERSION)");
console.log(typeof (await import("micropython-ssl/inline")).startMicroPython, ["engine", "component", "micropython"].map((name) => existsSync(new URL(import.meta.resolve("micropython-ssl/" + name + ".wasm")))));
process.exit();
`;
  assert.equal(execFileSync(process.execPath, ["--input-type=module", "-e", program], quiet), "Mbed TLS 3.6.6\nfunction [ true, true, true ]\n");
  const cli = join(modules, "micropython-ssl", "web", "node", "cli.js");
  assert.equal(execFileSync(process.execPath, [cli, "-c", "import tls; print(tls.MBEDTLS_VERSION)"], quiet), "Mbed TLS 3.6.6\n");
  const server = await start(process.execPath, [cli, "serve", "--port", "0"], { ready: /Relay at/ });
  t.after(server.stop);
  const [, site] = await server.printed(/at (http:\S+)/);
  const page = await (await fetch(site)).text();
  assert.match(page, /<title>MicroPython TLS playground/);
  for (const path of ["", "main.js", "service_worker.js"]) {
    const policy = (await fetch(site + path)).headers.get("content-security-policy");
    assert.ok(policy?.includes("default-src 'none'") && page.includes(`content="${policy}"`), path);
  }
  assert.deepEqual((await (await fetch(`${site}config.json`)).json()).allows, []);
});

test("publint finds nothing to say", { skip: unless(publintFolder) }, async (t) => {
  const { publint } = await imported(publintFolder, "src/index-node.js");
  const { buffer, byteOffset, byteLength } = readFileSync(await pack(temporary(t)));
  const { messages } = await publint({ pack: { tarball: buffer.slice(byteOffset, byteOffset + byteLength) }, strict: true });
  assert.deepEqual(messages, []);
});

test("every entry that is imported resolves with types, as Are The Types Wrong sees it", { skip: unless(attwFolder) }, async (t) => {
  const { checkPackage, createPackageFromTarballData } = await imported(attwFolder, "dist/index.js");
  const tarball = new Uint8Array(readFileSync(await pack(temporary(t))));
  const analysis = await checkPackage(createPackageFromTarballData(tarball), { excludeEntrypoints: SCRIPTS });
  assert.ok(analysis.types, "the package has types");
  /** @type {{resolutionKind: string, resolutionOption: string}[]} */
  const all = analysis.problems;
  const problems = all.filter(({ resolutionKind, resolutionOption }) => !ESM_ONLY.has(resolutionKind) && resolutionOption !== "node10");
  assert.deepEqual(problems, []);
});

test("the components that a release has are valid, and the engine's is of the world in wit/", { skip: wasmTools.reason ?? false }, () => {
  assert.ok(wasmTools.program);
  checkComponents(root, wasmTools.program);
});

test("a release has its files with their checksums, and crates with nothing but their own", (t) => {
  const folder = temporary(t);
  const { version, files, crates } = collectRelease(root, folder);
  assert.deepEqual(files.map(({ name }) => name), [
    `micropython-ssl-${version}.tgz`,
    "micropython.wasm",
    "micropython-ssl.component.wasm",
    `micropython-ssl-${version}-wit.tar.gz`,
  ]);
  const checked = execFileSync("sha256sum", ["--check", "SHA256SUMS"], { cwd: folder, encoding: "utf8" });
  assert.equal(checked.match(/: OK$/gm)?.length, files.length);
  for (const [crate, paths] of Object.entries(crates)) {
    assert.deepEqual(paths.filter((path) => !/^(src|wit|benches|tests)\/|^[^/]+$/.test(path)), [], crate);
    for (const path of ["README.md", "LICENSE-APACHE", "LICENSE-MIT"]) assert.ok(paths.includes(path), `${crate} has no ${path}`);
  }
});

/** @param {string | undefined} folder @param {string} entry */
function imported(folder, entry) {
  return import(pathToFileURL(join(folder ?? "", entry)).href);
}

/** @param {TestContext} t */
function temporary(t) {
  const folder = mkdtempSync(join(tmpdir(), "micropython-ssl-package-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
