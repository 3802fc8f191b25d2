/** PostgreSQL with TLS, as Debian has it, in a folder of its own. */

import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, start } from "./programs.js";

const VERSIONS = "/usr/lib/postgresql";
const PROGRAMS = join(VERSIONS, newest(VERSIONS), "bin");

/** Why tests cannot have the server, for node:test's `skip`. */
export const missingPostgres = existsSync(join(PROGRAMS, "initdb")) ? false : "postgresql not installed";

/** Who may log in to the database `postgres`, with its password by SCRAM-SHA-256. */
export const USER = "tester";
export const PASSWORD = "a password, with a comma";

/**
 * Starts a server that takes connections over TLS only.
 *
 * @param {import("./pki.js").Certificate} certificate
 * @returns {Promise<import("./programs.js").Program & {port: number}>}
 */
export async function postgres(certificate) {
  const folder = mkdtempSync(join(tmpdir(), "micropython-ssl-postgres-"));
  const owner = ownerOf(folder);
  const data = join(folder, "data");
  const password = join(folder, "password");
  writeFileSync(password, PASSWORD);
  writeFileSync(join(folder, "chain.pem"), certificate.chainPem);
  writeFileSync(join(folder, "key.pem"), certificate.keyPem);
  for (const name of ["password", "chain.pem", "key.pem"]) owner.take(join(folder, name));
  const port = await freePort();
  const [program, ...args] = owner.command(join(PROGRAMS, "initdb"), "-D", data, "-U", USER, `--pwfile=${password}`, "-A", "scram-sha-256", "--no-sync", "-E", "UTF8", "--locale=C");
  execFileSync(program, args, { stdio: "pipe", cwd: folder });
  rmSync(password);
  writeFileSync(join(data, "pg_hba.conf"), "hostssl all all 127.0.0.1/32 scram-sha-256\n");
  const settings = {
    listen_addresses: "127.0.0.1", port, unix_socket_directories: folder, fsync: "off",
    ssl: "on", ssl_cert_file: join(folder, "chain.pem"), ssl_key_file: join(folder, "key.pem"),
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const [server, ...more] = owner.command(join(PROGRAMS, "postgres"), "-D", data, ...options);
  const running = await start(server, more, { cwd: folder, ready: /ready to accept connections/ });
  const stop = async () => {
    await running.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { ...running, port, stop };
}

/**
 * PostgreSQL refuses to run as root: then the user whom Debian made for it runs it.
 *
 * @param {string} folder
 * @returns {{take: (path: string) => void, command: (...words: string[]) => string[]}}
 */
function ownerOf(folder) {
  if (process.getuid?.() !== 0) {
    return { take: (path) => chmodSync(path, 0o600), command: (...words) => words };
  }
  /** @param {string} option */
  const id = (option) => Number(execFileSync("id", [option, "postgres"], { encoding: "utf8" }));
  /** @param {string} path */
  const take = (path) => {
    chownSync(path, id("-u"), id("-g"));
    chmodSync(path, 0o600);
  };
  chownSync(folder, id("-u"), id("-g"));
  return { take, command: (...words) => ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", ...words] };
}

/** The folder of the newest version; "" where there is none. @param {string} folder */
function newest(folder) {
  const versions = existsSync(folder) ? readdirSync(folder) : [];
  return versions.sort((a, b) => Number(a) - Number(b)).at(-1) ?? "";
}
