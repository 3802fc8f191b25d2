/**
 * Debian's source packages, without touching the machine's apt: lists, state and the deb-src line
 * live in a folder of our own. The archive is the one that the machine's own apt sources name, so
 * that a mirror is honoured.
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { check, ask, which } from "./run.js";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const LIMIT = 240; // seconds for each of apt's calls

/**
 * Downloads the upstream archive of a source package.
 *
 * @param {string} name The source package.
 * @param {{suite: string, sha256: string}} pin In which suite of Debian it is, and the archive's
 *   checksum.
 * @param {string} folder Where to work; the archive ends up in it.
 * @param {string} log
 * @param {(text: string) => void} note
 * @returns {Promise<string>} The archive.
 */
export async function debianSource(name, { suite, sha256 }, folder, log, note) {
  const site = debianArchive();
  const apt = isolated(join(folder, "apt"), `deb-src ${options()}${site} ${suite} main`);
  note(`index of ${suite}`);
  await check("apt-get", [...apt, "update"], { log, timeout: LIMIT });
  const packages = await check("apt-cache", [...apt, "showsrc", name], { log });
  const { version, file } = findArchive(packages, sha256);
  note(`${name} ${version}`);
  // apt compares every file with the signed index
  await check("apt-get", [...apt, "source", "--download-only", `${name}=${version}`], { cwd: folder, log, timeout: LIMIT });
  return join(folder, file);
}

/** The address of the Debian archive that this machine uses. */
function debianArchive() {
  if (!which("apt-get")) throw new Error("there is no apt here");
  const codename = /^VERSION_CODENAME=(.*)$/m.exec(read("/etc/os-release"))?.[1];
  if (!/^ID=debian$/m.test(read("/etc/os-release"))) throw new Error("this is not Debian");
  const targets = ask("apt-get", ["indextargets", "--format", "$(RELEASE) $(SITE)", "Created-By: Packages"]) ?? "";
  const lines = targets.split("\n").map((line) => line.split(" "));
  const site = (lines.find(([release]) => release === codename) ?? lines.find(([, address]) => address?.endsWith("/debian")))?.[1];
  if (!site) throw new Error("apt has no source for Debian itself");
  return site;
}

function options() {
  return existsSync(KEYRING) ? `[signed-by=${KEYRING}] ` : "";
}

/** @param {string} folder @param {string} line */
function isolated(folder, line) {
  for (const path of ["state/lists/partial", "cache/archives/partial"]) mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(join(folder, "sources.list"), `${line}\n`);
  const settings = {
    "Dir::Etc::sourcelist": join(folder, "sources.list"),
    "Dir::Etc::sourceparts": "-",
    "Dir::State": join(folder, "state"),
    "Dir::State::status": "/var/lib/dpkg/status",
    "Dir::Cache": join(folder, "cache"),
    "APT::Sandbox::User": "root", // the folder is this user's
  };
  return Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
}

/**
 * The package version whose upstream archive has the checksum.
 *
 * @param {string} packages
 * @param {string} sha256
 */
function findArchive(packages, sha256) {
  for (const stanza of packages.split(/\n\n+/)) {
    const file = new RegExp(`^ ${sha256} \\d+ (\\S+)$`, "m").exec(stanza)?.[1];
    const version = /^Version: (.*)$/m.exec(stanza)?.[1];
    if (file && version) return { version, file };
  }
  throw new Error("the archive does not offer the pinned version");
}

/** @param {string} path */
function read(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
