/** What a release consists of, from a checkout in which everything is built. */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { devNull } from "node:os";
import { basename, join } from "node:path";
import { Problem } from "./progress.js";

/** Built files that are published by themselves. */
const FILES = ["dist/micropython.wasm", "dist/micropython-ssl.component.wasm"];

/** The crates, in the order in which they have to be published. */
const CRATES = ["local", "ciphers", "crypto", "x509"].map((name) => `micropython-ssl-${name}`).concat("micropython-ssl");

/**
 * The version of everything.
 *
 * @param {string} root The checkout.
 * @returns {string}
 * @throws {Problem} Names the files that say something else.
 */
export function releaseVersion(root) {
  /** @param {string} path */
  const read = (path) => readFileSync(join(root, path), "utf8");
  const { version } = JSON.parse(read("package.json"));
  const cargo = read("Cargo.toml");
  /** @type {Record<string, string | undefined>} */
  const others = {
    "package-lock.json": JSON.parse(read("package-lock.json")).version,
    "Cargo.toml, workspace.package": /\[workspace\.package\]\nversion = "(.*?)"/.exec(cargo)?.[1],
    "wit/micropython-ssl.wit": /^package micropython:ssl@(.*);$/m.exec(read("wit/micropython-ssl.wit"))?.[1],
    "CHANGELOG.md, first section": /^## (\S+)/m.exec(read("CHANGELOG.md"))?.[1],
  };
  for (const [, name, value] of cargo.matchAll(/package = "(micropython-ssl-\w+)", version = "(.*?)"/g)) others[`Cargo.toml, ${name}`] = value;
  const wrong = Object.entries(others).filter(([, other]) => other !== version);
  if (wrong.length) throw new Problem(`package.json has version ${version}; ${wrong.map(([where, other]) => `${where} has ${other ?? "none"}`).join(", ")}`);
  return version;
}

/**
 * What CHANGELOG.md says of a version.
 *
 * @param {string} changelog
 * @param {string} version
 * @throws {Problem} if it says nothing.
 */
export function releaseNotes(changelog, version) {
  const section = changelog.split(/^## /m).find((text) => text.split(/\s/)[0] === version);
  const notes = section?.slice(section.indexOf("\n")).trim();
  if (!notes) throw new Problem(`CHANGELOG.md says nothing of ${version}`);
  return `${notes}\n`;
}

/**
 * Puts everything that would be published into a folder, with its checksums.
 *
 * @param {string} root The checkout; everything in it is built.
 * @param {string} folder What is in it goes.
 * @returns {{version: string, files: {name: string, size: number, sha256: string}[], tarball:
 *   string[], crates: Record<string, string[]>}} The files, and what is in the tarball and the
 *   crates.
 */
export function collectRelease(root, folder) {
  const version = releaseVersion(root);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  /** @param {string} program @param {...string} args */
  const ask = (program, ...args) => execFileSync(program, args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], maxBuffer: 64 << 20 });
  const [packed] = JSON.parse(ask("npm", "pack", "--json", "--ignore-scripts", "--pack-destination", folder));
  for (const path of FILES) copyFileSync(join(root, path), join(folder, basename(path)));
  ask("tar", "-czf", join(folder, `micropython-ssl-${version}-wit.tar.gz`), "wit");
  /** @type {Record<string, string[]>} */
  const crates = {};
  for (const crate of CRATES) crates[crate] = ask("cargo", "package", "--list", "--allow-dirty", "-p", crate).trim().split("\n");
  const names = [packed.filename, ...FILES.map((path) => basename(path)), `micropython-ssl-${version}-wit.tar.gz`];
  const files = names.map((name) => ({ name, size: statSync(join(folder, name)).size, sha256: digest(join(folder, name)) }));
  writeFileSync(join(folder, "SHA256SUMS"), files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join(""));
  writeFileSync(join(folder, "NOTES.md"), releaseNotes(readFileSync(join(root, "CHANGELOG.md"), "utf8"), version));
  return { version, files, tarball: packed.files.map((/** @type {{path: string}} */ { path }) => path), crates };
}

/**
 * Looks whether the components are valid, whether the engine's is of the world that wit/ describes,
 * and whether wit/ is a package, which `wkg wit build` makes of it.
 *
 * @param {string} root The checkout; everything in it is built.
 * @param {string} wasmTools The program wasm-tools.
 * @throws {Error} With what wasm-tools says.
 */
export function checkComponents(root, wasmTools) {
  /** @param {...string} args */
  const look = (...args) => execFileSync(wasmTools, args, { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
  for (const path of FILES) look("validate", path);
  look("component", "targets", "wit", "--world", "engine", "dist/micropython-ssl.component.wasm");
  look("component", "wit", "wit", "--wasm", "--output", devNull);
}

/** @param {string} path */
function digest(path) {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
